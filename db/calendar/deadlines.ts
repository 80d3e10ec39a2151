/** Counting open deadlines again after a calendar has changed. */
import type { Knex } from 'knex';
import type { Calendar } from '../../workflows/domain/calendar/calendar.ts';
import { type ClockTerms, firstRung, rungCodes, taskClock } from '../../workflows/domain/calendar/deadlines.ts';
import type { TaskKind } from '../../workflows/domain/task-kinds.ts';
import { type Calendars, readCalendars } from './calendar.ts';
import { inTransaction, type Trx } from '../client.ts';
import { recountPeriod } from '../disclosures.ts';
import { type ActorId, auditProcedure, type LockedProcedure, lockProcedure, ringProcedures } from '../protocol/procedures.ts';
import { setAlarm } from '../protocol/alarms.ts';

export type MovedDeadline = { taskId: string; before: string; after: string };

/** What a deadline was counted from, as its task keeps it. */
export type CountedTask = {
  kind: TaskKind;
  office: string;
  peremptory: boolean;
  from_date: string;
  working_days: number | null;
  months: number | null;
  days_used: number;
  due_date: string;
};
type OpenTask = CountedTask & { id: string; calendar_version: string; rung: number };

const AT_ONCE = 200;

/** A transaction that read the calendars before they changed may still write for so long. */
const SETTLED_AFTER = '10 minutes';

/**
 * Counts again every open deadline that was counted by another calendar than that of its office. One transaction per procedure, so that nobody waits
 * for the whole province; what is left when the process dies, or was counted by the old calendar at the same moment, the reconciler finishes.
 */
export async function recomputeDeadlines(db: Knex, actor: ActorId): Promise<MovedDeadline[]> {
  const { rows } = await db.raw<{ rows: { edition: string; began: Date }[] }>(
    `select cast(edition as text) as edition, clock_timestamp() as began from calendar_edition
      where counted_at is null or counted_at < changed_at + interval '${SETTLED_AFTER}'`,
  );
  const [state] = rows;
  if (!state) return [];
  const outdated = await listOutdated(db, await readCalendars(db));
  const moved: MovedDeadline[] = [];
  for (let after: string | undefined = outdated.offices.length > 0 ? '' : undefined; after !== undefined; ) {
    const ids = await listCountedBy(db, outdated, after);
    for (const id of ids) moved.push(...(await inTransaction(db, (trx) => recomputeProcedure(trx, id, actor))));
    after = ids.length < AT_ONCE ? undefined : ids.at(-1);
  }
  await db('calendar_edition').where({ edition: state.edition }).update({ counted_at: state.began });
  return moved;
}

const counted = `status = 'open' and (working_days is not null or months is not null)`;

/** Offices of open deadlines beside the version of a calendar that is not theirs any more: at one place of both lists. */
type Outdated = { offices: string[]; versions: string[] };

async function listOutdated(db: Knex, calendars: Calendars): Promise<Outdated> {
  const { rows } = await db.raw<{ rows: { office: string; version: string }[] }>(
    `select office, calendar_version as version from tasks where ${counted} group by 1, 2
      union select region, calendar_version from disclosures where status = 'open' group by 1, 2`,
  );
  const outdated = rows.filter(({ office, version }) => calendars.of(office).version !== version);
  return { offices: outdated.map(({ office }) => office), versions: outdated.map(({ version }) => version) };
}

async function listCountedBy(db: Knex, outdated: Outdated, after: string): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    `with outdated (office, version) as (select * from unnest(cast(:offices as text[]), cast(:versions as text[])))
     select t.procedure_id as id from tasks t join outdated o on o.office = t.office and o.version = t.calendar_version where ${counted} and t.procedure_id > :after
      union select d.procedure_id from disclosures d join outdated o on o.office = d.region and o.version = d.calendar_version
             where d.status = 'open' and d.procedure_id > :after
      order by 1 limit :limit`,
    { ...outdated, after, limit: AT_ONCE },
  );
  return rows.map(({ id }) => id);
}

async function recomputeProcedure(trx: Trx, procedureId: string, actor: ActorId): Promise<MovedDeadline[]> {
  const procedure = await lockProcedure(trx, procedureId);
  const calendars = await readCalendars(trx, procedure.calendar_key);
  const open: OpenTask[] = await trx('tasks')
    .where({ procedure_id: procedureId, status: 'open' })
    .where((query) => query.whereNotNull('working_days').orWhereNotNull('months'))
    .orderBy('id');
  const tasks = open.filter((task) => calendars.of(task.office).version !== task.calendar_version);
  const moved: MovedDeadline[] = [];
  for (const task of tasks) {
    const after = await recomputeTask(trx, procedure, calendars.of(task.office), task);
    if (after === task.due_date) continue;
    moved.push({ taskId: task.id, before: task.due_date, after });
    const detail = { before: task.due_date, after };
    await auditProcedure(trx, procedure, actor, { act: 'deadline.recalculated', subject: task.id, detail });
  }
  if (procedure.type === 'publicDisclosure') await recountPeriod(trx, calendars.of(procedure.region), procedureId);
  if (tasks.length === 0) return moved;
  await setAlarm(trx, procedureId);
  await ringProcedures(trx, [procedureId]);
  return moved;
}

/** Returns the day on which the task is due now. */
async function recomputeTask(trx: Trx, procedure: LockedProcedure, calendar: Calendar, task: OpenTask): Promise<string> {
  const clock = taskClock(calendar, clockTermsOf(task), procedure.terms, task.from_date, task.days_used);
  const rung = Math.max(task.rung, firstRung(clock.rungs, rungCodes(task.kind, task.peremptory, procedure.terms), procedure.now));
  await trx('tasks')
    .where({ id: task.id })
    .update({
      due_date: clock.dueDate ?? null,
      due_at: clock.dueAt ?? null,
      rungs: clock.rungs,
      rung,
      next_rung_at: clock.rungs[rung] ?? null,
      provisional: clock.provisional,
      calendar_version: calendar.version,
    });
  return clock.dueDate ?? task.due_date;
}

export function clockTermsOf(task: Pick<CountedTask, 'kind' | 'working_days' | 'months' | 'peremptory'>): ClockTerms {
  return {
    kind: task.kind,
    ...(task.working_days === null ? {} : { workingDays: task.working_days }),
    ...(task.months === null ? {} : { months: task.months }),
    peremptory: task.peremptory,
  };
}
