/** Closures as rows, and what a change would move, in words. */
import type { ClosureLine } from '../../db/calendar/closures.ts';
import type { CalendarPreview } from '../../db/calendar/calendar-preview.ts';
import type { Locale, Translate, Words } from '../pages/i18n.ts';
import { stepLabel } from '../tasks/words.ts';

type Speech = { t: Translate; words: Words; locale: Locale };

export function closureView(line: ClosureLine, region: { code: string }, locale: Locale) {
  return {
    ...line,
    regionName: locale === 'en' ? line.regionEn : line.regionZh,
    several: line.firstDay !== line.lastDay,
    inherited: line.region !== region.code,
  };
}

export function closureJson(line: ClosureLine) {
  const { id, region, firstDay, lastDay, kind, reason, document, enteredBy } = line;
  return {
    id,
    region,
    firstDay,
    lastDay,
    kind,
    reason,
    document,
    enteredBy,
    enteredAt: line.enteredAt.toISOString(),
    withdrawn: line.withdrawnAt
      ? {
          by: line.withdrawnBy,
          at: line.withdrawnAt.toISOString(),
          reason: line.withdrawnReason ?? '',
          document: line.withdrawnDocument ?? '',
        }
      : null,
  };
}

export function previewView(found: CalendarPreview, { t, words, locale }: Speech) {
  const officeName = (of: { officeZh: string; officeEn: string }): string => (locale === 'en' ? of.officeEn : of.officeZh);
  return {
    count: found.count,
    earlier: found.earlier,
    provisional: found.provisional,
    offices: found.offices.map((office) => ({ name: officeName(office), count: office.count })),
    lines: found.first.map((line) => ({ ...line, officeName: officeName(line), stepLabel: stepLabel(words, t, line) })),
    more: found.count > found.first.length,
  };
}
