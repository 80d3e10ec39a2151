/** The working-day calendars in force: State Council days, years loaded later, and the closures of each region. */
import {
  builtInYears,
  type Calendar,
  type LocalClosure,
  localCalendar,
  type NoticeDay,
  stateCouncilCalendar,
} from '../../workflows/domain/calendar/calendar.ts';
import type { Db, Trx } from '../client.ts';

/** The calendar of every region, by its code. Regions in which the same closures hold have one calendar. */
export type Calendars = { of(region: string): Calendar };

let cached: { key: string; calendars: Calendars } | undefined;

/** The calendars; `key` (of a locked procedure or of a request) saves the reading while nothing changed. */
export async function readCalendars(db: Db, key?: string): Promise<Calendars> {
  if (key !== undefined && cached?.key === key) return cached.calendars;
  const calendars = await readCalendarsWith(db, {});
  if (key !== undefined) cached = { key, calendars };
  return calendars;
}

/** One change of the calendars at a time, so that none is checked against what another is about to write. */
export async function lockCalendars(trx: Trx): Promise<void> {
  await trx.raw('select 1 from calendar_edition for update');
}

/** The calendar of one region. */
export async function readCalendar(db: Db, region: string, key?: string): Promise<Calendar> {
  return (await readCalendars(db, key)).of(region);
}

/** The notice of a year, as the State Council publishes it: days off and make-up days. */
export type NoticeDays = { year: number; days: readonly NoticeDay[] };

/** The calendars as they would be with one closure more, without one, or with the notice of a year. */
export async function readCalendarsWith(
  db: Db,
  change: { entered?: LocalClosure | undefined; withdrawn?: string | undefined; notice?: NoticeDays | undefined },
): Promise<Calendars> {
  const days = await db('calendar_days').select<{ day: string; kind: 'off' | 'work' }[]>('day', 'kind').orderBy('day');
  const years = await db('calendar_years').select<{ year: number }[]>('year').orderBy('year');
  const closures = await db('calendar_closures')
    .whereNull('withdrawn_at')
    .where((rest) => (change.withdrawn === undefined ? rest : rest.whereNot({ id: change.withdrawn })))
    .orderBy(['region', 'first_day'])
    .select<LocalClosure[]>('region', { firstDay: 'first_day', lastDay: 'last_day' }, 'kind');
  const regions = await db('regions').select<{ code: string; path: string }[]>('code', 'path');
  const announced = new Map(days.map((row) => [row.day, row.kind]));
  for (const day of change.notice?.days ?? []) announced.set(day.date, day.kind);
  const country = stateCouncilCalendar(
    [...announced].map(([date, kind]) => ({ date, kind })),
    [...years.map((row) => row.year), ...(change.notice ? [change.notice.year] : [])],
  );
  const all = change.entered ? [...closures, change.entered] : closures;
  return calendarsOf(country, all, new Map(regions.map(({ code, path }) => [code, path])));
}

function calendarsOf(country: Calendar, closures: readonly LocalClosure[], paths: ReadonlyMap<string, string>): Calendars {
  const closed = new Map<string, LocalClosure[]>();
  for (const closure of closures) closed.set(closure.region, [...(closed.get(closure.region) ?? []), closure]);
  const byChain = new Map<string, Calendar>();
  const byRegion = new Map<string, Calendar>();
  return {
    of(region) {
      const known = byRegion.get(region);
      if (known) return known;
      const chain = (paths.get(region) ?? region).split('/').filter((code) => closed.has(code));
      const name = chain.join('/');
      const calendar =
        byChain.get(name) ??
        localCalendar(
          country,
          chain.flatMap((code) => closed.get(code) ?? []),
        );
      byChain.set(name, calendar);
      // What is no region takes no room.
      if (paths.has(region)) byRegion.set(region, calendar);
      return calendar;
    },
  };
}

/** Years with their notice: those of the program, and those loaded here. */
export async function listYears(db: Db): Promise<{ years: { year: number; source: string }[]; builtIn: number[] }> {
  return { years: await db('calendar_years').orderBy('year').select('year', 'source'), builtIn: [...builtInYears] };
}
