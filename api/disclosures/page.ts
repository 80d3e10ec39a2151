import type { DisclosureRow } from '../../db/disclosures.ts';
import type { DisclosureLine } from '../../db/views/disclosures.ts';
import type { Locale } from '../pages/i18n.ts';

export function lineJson(line: DisclosureLine) {
  return {
    number: line.number,
    list: line.list,
    title: line.title,
    institution: line.institution,
    classNumber: line.class_number,
    region: line.region,
    blocks: line.blocks,
    publishedAt: line.published_at.toISOString(),
    dueDate: line.due_date,
    status: line.status,
    headcount: Number(line.headcount),
  };
}

export function lineView(line: DisclosureLine, locale: Locale) {
  return { ...lineJson(line), regionName: locale === 'en' ? line.region_en : line.region_zh };
}

/** One list as programs get it: a line of the register with its snapshot. */
export function disclosureJson(row: DisclosureRow) {
  const { snapshot } = row;
  return {
    number: row.number,
    list: row.list,
    title: row.title,
    institution: snapshot.institution,
    classNumber: snapshot.classNumber,
    region: row.region,
    blocks: row.blocks,
    publishedAt: row.published_at.toISOString(),
    dueDate: row.due_date,
    status: row.status,
    headcount: snapshot.people.length,
    digest: row.digest,
    provisional: row.provisional,
    snapshot,
  };
}

/** One list with its masked people; `mayObject` while its period runs. */
export function disclosureView(row: DisclosureRow, now: Date) {
  return {
    number: row.number,
    list: row.list,
    title: row.title,
    blocks: row.blocks,
    digest: row.digest,
    provisional: row.provisional,
    publishedAt: row.published_at.toISOString(),
    fromDate: row.from_date,
    dueDate: row.due_date,
    workingDays: row.working_days,
    status: row.status,
    snapshot: row.snapshot,
    withMoney: row.list === 'subsidy' || row.list === 'payment',
    withGroup: row.list === 'plan',
    withResult: row.list === 'result',
    // Columns before the amount: number, name with ID.
    leadColumns: 2,
    mayObject: row.status === 'open' && row.due_at > now,
  };
}
