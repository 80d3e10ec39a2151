/** Dates as the office writes them: 3月2日（周一） and Mon 2 Mar, with the year only where it is not this one. */
import { shanghaiDate } from '../../workflows/domain/calendar/calendar.ts';
import type { Locale } from './i18n.ts';

export type DateWords = {
  /** 3月2日（周一） · Mon 2 Mar. Takes an instant or a civil date; anything else gives ''. */
  date: (value: unknown) => string;
  /** 3月2日 09:02 · 2 Mar 09:02. */
  dateTime: (value: unknown) => string;
  /** 03-02 · 2 Mar, for heads of columns. */
  shortDate: (value: unknown) => string;
  /** 2026年3月2日 · 2 March 2026, on papers. */
  fullDate: (value: unknown) => string;
};

const timeZone = 'Asia/Shanghai';
const words = new Map<Locale, DateWords>();

export function datesIn(locale: Locale): DateWords {
  const known = words.get(locale) ?? (locale === 'en' ? english() : chinese());
  words.set(locale, known);
  return known;
}

function english(): DateWords {
  const day = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short', timeZone });
  const short = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone });
  const full = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone });
  const year = (date: Date): string => (yearIsKnown(date) ? '' : ` ${shanghaiDate(date).slice(0, 4)}`);
  return {
    date: dated((date) => `${day.format(date)}${year(date)}`),
    dateTime: dated((date) => `${short.format(date)}${year(date)} ${clock.format(date)}`),
    shortDate: dated((date) => short.format(date)),
    fullDate: dated((date) => full.format(date)),
  };
}

function chinese(): DateWords {
  const day = new Intl.DateTimeFormat('zh-CN', { month: 'long', day: 'numeric', timeZone });
  const full = new Intl.DateTimeFormat('zh-CN', { year: 'numeric', month: 'long', day: 'numeric', timeZone });
  const weekday = new Intl.DateTimeFormat('zh-CN', { weekday: 'short', timeZone });
  const year = (date: Date): string => (yearIsKnown(date) ? '' : `${shanghaiDate(date).slice(0, 4)}年`);
  return {
    date: dated((date) => `${year(date)}${day.format(date)}（${weekday.format(date)}）`),
    dateTime: dated((date) => `${year(date)}${day.format(date)} ${clock.format(date)}`),
    shortDate: dated((date) => shanghaiDate(date).slice(5)),
    fullDate: dated((date) => full.format(date)),
  };
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone });

function yearIsKnown(date: Date): boolean {
  return shanghaiDate(date).slice(0, 4) === shanghaiDate(new Date()).slice(0, 4);
}

function dated(format: (date: Date) => string): (value: unknown) => string {
  return (value) => {
    if (value === null || value === undefined || value === '') return '';
    const civil = typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value);
    const date = value instanceof Date ? value : new Date(civil ? `${value}T12:00:00+08:00` : (value as string));
    return Number.isNaN(date.getTime()) ? '' : format(date);
  };
}
