/** The clock of a procedure: what it finds due becomes a fact under the procedure's lock, so that exactly one of an officer's act and the clock wins. */
import { ladderOfTask, quietUntil, rungCodes } from '../../workflows/domain/calendar/deadlines.ts';
import type { Place } from '../../workflows/domain/procedures.ts';
import type { TaskKind } from '../../workflows/domain/task-kinds.ts';
import { type Db, inTransaction, type Trx } from '../client.ts';
import { readCalendars } from '../calendar/calendar.ts';
import { type LockedProcedure, lockProcedure, writeFact } from './procedures.ts';
import { recordRung } from './supervision/rungs.ts';
import { readPlace } from './steps.ts';

type DueTask = { id: string; step: string; office: string; kind: TaskKind; peremptory: boolean; rung: number; rungs: Date[] };

/**
 * Writes what the clock found: `rung` for reminders and escalations, `expired` where a period ended. Under the lock of the procedure, so
 * exactly one of an officer's act and the clock wins. Returns the place with the new facts.
 */
export async function lookAtClock(db: Db, procedureId: string): Promise<Place> {
  await inTransaction(db, async (trx) => {
    const procedure = await lockProcedure(trx, procedureId);
    const { rows: due } = await trx.raw<{ rows: DueTask[] }>(
      `select id, step, office, kind, peremptory, rung, rungs from tasks where procedure_id = ? and status = 'open' and next_rung_at <= ? order by next_rung_at, id`,
      [procedureId, procedure.now],
    );
    if (procedure.status === 'open' && due.length > 0) {
      const calendars = await readCalendars(trx, procedure.calendar_key);
      for (const task of due) await climb(trx, procedure, task, quietUntil(calendars.of(task.office), procedure.today));
    }
    // Whatever left an alarm behind: a look leaves the one that the open tasks ask for.
    await setAlarm(trx, procedureId);
  });
  return readPlace(db, procedureId);
}

/** The alarm of a procedure: the next rung of its open tasks, none if it is not open any more. */
export async function setAlarm(trx: Trx, procedureId: string): Promise<void> {
  await trx.raw(
    `update procedures p set next_alarm_at = a.at
       from (select min(t.next_rung_at) as at from tasks t join procedures o on o.id = t.procedure_id and o.status = 'open'
              where t.procedure_id = :id and t.status = 'open') a
      where p.id = :id and p.next_alarm_at is distinct from a.at`,
    { id: procedureId },
  );
}

/** `quiet`: the next opening time, on days on which the office of the task is closed and nobody is told anything. A period ends all the same. */
async function climb(trx: Trx, procedure: LockedProcedure, task: DueTask, quiet: Date | undefined): Promise<void> {
  const codes = rungCodes(task.kind, task.peremptory, procedure.terms);
  // After a jump of the clock several rungs may have passed: the highest counts.
  let reached = task.rung;
  while (reached + 1 < task.rungs.length && (task.rungs[reached + 1] ?? procedure.now) <= procedure.now) reached += 1;
  const code = codes[reached] ?? 'overdue';
  const following = task.rungs[reached + 1] ?? null;
  if (code === 'expired') {
    await trx('tasks')
      .where({ id: task.id })
      .update({ status: 'expired', rung: reached + 1, next_rung_at: null, decided_at: procedure.now, version: trx.raw('version + 1') });
    await writeFact(trx, procedure, { kind: 'expired', taskId: task.id }, { act: 'task.expire', subject: task.id });
    return;
  }
  if (quiet) {
    await trx('tasks').where({ id: task.id }).update({ next_rung_at: quiet });
    return;
  }
  await trx('tasks')
    .where({ id: task.id })
    .update({ rung: reached + 1, next_rung_at: following });
  const factNo = await writeFact(
    trx,
    procedure,
    { kind: 'rung', taskId: task.id, outcome: code },
    { act: `task.${code}`, subject: task.id },
  );
  const rung = ladderOfTask(task.kind, task.peremptory, procedure.terms)[reached];
  if (rung)
    await recordRung(trx, procedure, { taskId: task.id, no: reached + 1, rung, plannedAt: task.rungs[reached] ?? procedure.now, factNo });
}
