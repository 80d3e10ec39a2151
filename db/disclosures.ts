/** Public lists: immutable snapshots with a digest, masked when they are made. */
import { createHash } from 'node:crypto';
import { type Calendar, deadline, endOfDay } from '../workflows/domain/calendar/calendar.ts';
import { NotFoundError } from '../workflows/domain/errors.ts';
import { procedureIdOf, type Terms } from '../workflows/domain/procedures.ts';
import { readCalendar } from './calendar/calendar.ts';
import type { Db, Trx } from './client.ts';
import { tell } from './correspondence/tell.ts';
import { inheritFrom, startProcedure } from './protocol/life.ts';
import type { LockedProcedure } from './protocol/procedures.ts';
import { nextNumber } from './serial-numbers.ts';

export type DisclosureList = keyof Terms['disclosures'];
export type DisclosureRow = {
  id: string;
  number: string;
  list: DisclosureList;
  class_id: string;
  procedure_id: string;
  parent_procedure_id: string;
  region: string;
  blocks: boolean;
  title: string;
  snapshot: DisclosureSnapshot;
  digest: string;
  published_at: Date;
  from_date: string;
  due_date: string;
  due_at: Date;
  working_days: number;
  provisional: boolean;
  status: 'open' | 'ended';
  ended_at: Date | null;
};

export type DisclosureSnapshot = {
  classNumber: string;
  classTitle: string;
  institution: string;
  project: string;
  startDate: string | null;
  endDate: string | null;
  department: string;
  facts: { key: string; value: string | number }[];
  /** Public rows: masked name and ID; amount where the list shows money. */
  people: { seat: number; name: string; id: string; group?: string; result?: string; amountFen?: number; status?: string }[];
  totalFen?: number;
};

export function snapshotDigest(snapshot: DisclosureSnapshot): string {
  return createHash('sha256').update(JSON.stringify(snapshot)).digest('hex');
}

/** Publishes a list of the procedure's class and opens the procedure of its period. Called once per publish task. */
export async function publish(
  trx: Trx,
  parent: LockedProcedure,
  list: DisclosureList,
  snapshot: DisclosureSnapshot,
  actor: string,
): Promise<DisclosureRow> {
  const { blocks, workingDays } = parent.terms.disclosures[list];
  const calendar = await readCalendar(trx, parent.region, parent.calendar_key);
  const { due, provisional } = deadline(calendar, { from: parent.today, workingDays });
  const number = await nextNumber(trx, 'disclosure', parent.region, parent.today.slice(0, 4));
  const procedureId = procedureIdOf('publicDisclosure', number);
  const [row] = await trx<DisclosureRow>('disclosures')
    .insert({
      number,
      list,
      class_id: parent.class_id ?? '',
      procedure_id: procedureId,
      parent_procedure_id: parent.id,
      region: parent.region,
      blocks,
      title: snapshot.classTitle,
      snapshot: trx.raw('?', [JSON.stringify(snapshot)]),
      digest: snapshotDigest(snapshot),
      published_at: parent.now,
      from_date: parent.today,
      due_date: due,
      due_at: endOfDay(due),
      working_days: workingDays,
      provisional,
      calendar_version: calendar.version,
    } as never)
    .returning('*');
  if (!row) throw new NotFoundError('disclosure.unknown');
  const opening = {
    id: procedureId,
    type: 'publicDisclosure',
    ...inheritFrom(parent),
    subjectId: row.id,
    number,
    headcount: parent.headcount ?? undefined,
    flags: { workingDays, list },
  } as const;
  await startProcedure(trx, opening, { actor, audit: { act: 'disclosure.publish', detail: { list, digest: row.digest } } });
  await tell(trx, 'class.published', { procedure: parent, actor, key: number, params: { list } });
  return row;
}

/** Counts the period of a list that is on show by another calendar: objections are taken until the day on which its procedure ends. */
export async function recountPeriod(trx: Trx, calendar: Calendar, procedureId: string): Promise<void> {
  const row = await trx<DisclosureRow>('disclosures')
    .where({ procedure_id: procedureId, status: 'open' })
    .first('from_date', 'working_days');
  if (!row) return;
  const { due, provisional } = deadline(calendar, { from: row.from_date, workingDays: row.working_days });
  await trx('disclosures')
    .where({ procedure_id: procedureId })
    .update({ due_date: due, due_at: endOfDay(due), provisional, calendar_version: calendar.version });
}

export async function endDisclosure(trx: Trx, procedureId: string): Promise<DisclosureRow> {
  const row = await trx<DisclosureRow>('disclosures').where({ procedure_id: procedureId }).first();
  if (!row) throw new NotFoundError('disclosure.unknown');
  await trx('disclosures')
    .where({ id: row.id, status: 'open' })
    .update({ status: 'ended', ended_at: trx.raw('business_now()') });
  return row;
}

export async function findDisclosureByNumber(db: Db, number: string): Promise<DisclosureRow | undefined> {
  return db<DisclosureRow>('disclosures').where({ number }).first();
}

export async function getDisclosure(db: Db, number: string): Promise<DisclosureRow> {
  const row = await findDisclosureByNumber(db, number);
  if (!row) throw new NotFoundError('disclosure.unknown');
  return row;
}
