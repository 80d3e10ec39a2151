/** Loading the official notice of a year and local closures; deadlines that they touch are computed again. */
import type { Knex } from 'knex';
import { isCivilDate } from '../../workflows/domain/calendar.ts';
import { firstRung, rungCodes, taskClock } from '../../workflows/domain/deadlines.ts';
import { ConflictError, inputError } from '../../workflows/domain/errors.ts';
import type { Ask } from '../../workflows/domain/procedures.ts';
import { readCalendar } from './calendar.ts';
import { inTransaction, type Trx } from '../client.ts';
import { wakeRelay } from '../protocol/outbox.ts';
import { auditOutside, auditProcedure, lockProcedure, ringProcedures } from '../protocol/procedures.ts';
import type { Actor } from '../users.ts';

export type NoticeDay = { date: string; kind: 'off' | 'work' };
export type YearNotice = { year: number; source: string; days: NoticeDay[] };
export type MovedDeadline = { taskId: string; before: string; after: string };

/** Loads the notice of a year (State Council holidays and make-up days) and computes open deadlines again. */
export async function loadYearNotice(db: Knex, actor: Actor, notice: YearNotice): Promise<MovedDeadline[]> {
  if (!Number.isInteger(notice.year) || notice.year < 2019 || notice.year > 2100) throw inputError('year', 'calendar.year');
  for (const [at, day] of notice.days.entries()) {
    if (!isCivilDate(day.date) || Math.abs(Number(day.date.slice(0, 4)) - notice.year) > 1)
      throw inputError(`days.${at}.date`, 'calendar.date');
  }
  const moved = await inTransaction(db, async (trx) => {
    const known = await trx('calendar_years').where({ year: notice.year }).first('year');
    if (known) throw new ConflictError('calendar.loaded', { year: notice.year });
    await trx('calendar_years').insert({ year: notice.year, source: notice.source });
    await saveDays(trx, actor, notice.days, notice.source);
    await auditOutside(trx, actor.userId, {
      act: 'calendar.notice',
      subject: `year-${notice.year}`,
      detail: { source: notice.source, days: notice.days.length },
    });
    return recomputeDeadlines(trx, actor);
  });
  wakeRelay(db);
  return moved;
}

/** Closes the offices of the whole system on a day (or makes it a working day), and computes open deadlines again. */
export async function addClosure(db: Knex, actor: Actor, day: NoticeDay & { note: string }): Promise<MovedDeadline[]> {
  if (!isCivilDate(day.date)) throw inputError('date', 'calendar.date');
  const moved = await inTransaction(db, async (trx) => {
    await saveDays(trx, actor, [day], day.note);
    await auditOutside(trx, actor.userId, { act: 'calendar.closure', subject: `day-${day.date}`, detail: { kind: day.kind } });
    return recomputeDeadlines(trx, actor);
  });
  wakeRelay(db);
  return moved;
}

async function saveDays(trx: Trx, actor: Actor, days: readonly NoticeDay[], source: string): Promise<void> {
  for (const day of days) {
    await trx('calendar_days')
      .insert({ day: day.date, kind: day.kind, note: source, source, entered_by: actor.userId, entered_at: trx.raw('clock_timestamp()') })
      .onConflict('day')
      .merge();
  }
}

type OpenTask = {
  id: string;
  procedure_id: string;
  kind: string;
  peremptory: boolean;
  from_date: string;
  working_days: number;
  days_used: number;
  due_date: string;
  rung: number;
  calendar_version: string;
};

/** Every open deadline in working days, under the lock of its procedure, procedures in the order of their ids. */
async function recomputeDeadlines(trx: Trx, actor: Actor): Promise<MovedDeadline[]> {
  const calendar = await readCalendar(trx);
  const tasks: OpenTask[] = await trx('tasks')
    .where({ status: 'open' })
    .whereNotNull('working_days')
    .whereNot({ calendar_version: calendar.version })
    .orderBy(['procedure_id', 'id']);
  const moved: MovedDeadline[] = [];
  for (const task of tasks) {
    const procedure = await lockProcedure(trx, task.procedure_id);
    const ask: Ask = {
      step: '',
      kind: task.kind as Ask['kind'],
      role: '',
      level: 'own',
      outcomes: [],
      workingDays: task.working_days,
      peremptory: task.peremptory,
    };
    const clock = taskClock(calendar, ask, procedure.terms, task.from_date, task.days_used);
    const rung = Math.max(task.rung, firstRung(clock.rungs, rungCodes(task.kind, task.peremptory), procedure.now));
    const updated = await trx('tasks')
      .where({ id: task.id, status: 'open' })
      .update({
        due_date: clock.dueDate ?? null,
        due_at: clock.dueAt ?? null,
        rungs: clock.rungs,
        rung,
        next_rung_at: clock.rungs[rung] ?? null,
        provisional: clock.provisional,
        calendar_version: calendar.version,
      });
    if (updated === 0) continue;
    await trx.raw(
      `update procedures set next_alarm_at = (select min(next_rung_at) from tasks where procedure_id = :id and status = 'open') where id = :id`,
      { id: procedure.id },
    );
    if (clock.dueDate && clock.dueDate !== task.due_date) {
      moved.push({ taskId: task.id, before: task.due_date, after: clock.dueDate });
      await auditProcedure(trx, procedure, actor.userId, {
        act: 'deadline.recalculated',
        subject: task.id,
        detail: { before: task.due_date, after: clock.dueDate },
      });
    }
  }
  await ringProcedures(trx, [...new Set(tasks.map((task) => task.procedure_id))]);
  return moved;
}
