/** Changes before and during training (变更, N30): asked for by the institution, reviewed, then applied; claims use the changed facts. */
import type { Knex } from 'knex';
import { addDays } from '../../workflows/domain/calendar/calendar.ts';
import { type ChangeKind, mayClass } from '../../workflows/domain/classes/class.ts';
import { ConflictError, InputError, NotFoundError } from '../../workflows/domain/errors.ts';
import { isReason } from '../../workflows/domain/reasons.ts';
import type { Flags } from '../../workflows/domain/procedures.ts';
import { type ChangeDetail, changeIssues, listPlaces, movedPlaces } from './change-checks.ts';
import { settleChange } from './settled-changes.ts';
import type { ClassRow } from '../classes/classes.ts';
import type { Db, Trx } from '../client.ts';
import type { DecisionContext } from '../protocol/decision-rules.ts';
import { countAgain } from '../roster/headcount.ts';
import { type IdempotentRequest, onceOnly } from '../protocol/idempotency.ts';
import { type LockedProcedure, writeFact } from '../protocol/procedures.ts';
import { lockOwnClass } from '../classes/own-class.ts';
import type { Actor } from '../accounts/users.ts';

export type ChangeRow = {
  id: string;
  class_id: string;
  fact_no: number;
  kind: ChangeKind;
  detail: ChangeDetail;
  reason: string;
  status: 'requested' | 'approved' | 'refused' | 'cancelled';
  requested_by: string;
  requested_at: Date;
};

export type ChangeRequest = { number: string; change: ChangeDetail; reason: string; request?: IdempotentRequest | undefined };

/**
 * Asks for a change while the class is ready or in training. Returns the number of the request within its class.
 * Throws InputError at the fields of the change, ConflictError `change.notNow`, `change.pending`.
 */
export async function requestChange(
  db: Knex,
  actor: Actor,
  { number, change, reason, request }: ChangeRequest,
): Promise<{ changeNo: number }> {
  return onceOnly(db, request, async (trx) => {
    const { row, procedure } = await lockOwnClass(trx, actor, number);
    if (!mayClass(row.status, 'requestChange') || !(await stillGoes(trx, procedure.id))) throw new ConflictError('change.notNow');
    const issues = await changeIssues(trx, row, procedure.today, change);
    if (!isReason(reason)) issues.push({ field: 'reason', code: 'task.reasonMissing' });
    if (issues.length > 0) throw new InputError(issues);
    await refuseSecond(trx, row.id, change);
    const changeNo = await writeFact(
      trx,
      procedure,
      { kind: 'change_requested', outcome: change.kind, actor: actor.userId },
      { act: 'change.request', subject: procedure.id, detail: { kind: change.kind } },
    );
    await trx('class_changes').insert({
      class_id: row.id,
      fact_no: changeNo,
      kind: change.kind,
      detail: JSON.stringify(change),
      reason: reason.trim(),
      requested_by: actor.userId,
      requested_at: procedure.now,
    });
    return { changeNo };
  });
}

/** The last task of the training may be decided already, though its step has not come yet: then nothing would answer the request. */
async function stillGoes(trx: Trx, procedureId: string): Promise<boolean> {
  const task = await trx('tasks')
    .where({ procedure_id: procedureId, status: 'open' })
    .whereRaw(`(step like 'ready.%' or step like 'training.%' or step like 'change-%')`)
    .first('id');
  return task !== undefined;
}

async function refuseSecond(trx: Trx, classId: string, change: ChangeDetail): Promise<void> {
  const pending = await trx<ChangeRow>('class_changes').where({ class_id: classId, kind: change.kind, status: 'requested' });
  const targets = targetsOf(change);
  const same = pending.find((other) =>
    targetsOf(other.detail).some((target) => targets.includes(target) || target === 'all' || targets.includes('all')),
  );
  if (same) throw new ConflictError('change.pending', { no: same.fact_no });
}

function targetsOf(change: ChangeDetail): string[] {
  if (change.kind === 'drop_out') return [change.enrolmentId];
  if ('days' in change) return ['all'];
  return 'sessionId' in change ? [change.sessionId] : change.sessionIds;
}

/** The request of this number. Throws NotFoundError. */
export async function getChange(db: Db, classId: string, changeNo: number): Promise<ChangeRow> {
  const change = await db<ChangeRow>('class_changes').where({ class_id: classId, fact_no: changeNo }).first();
  if (!change) throw new NotFoundError('change.unknown');
  return change;
}

/** Decision rule: only what can still be made is approved; what time has overtaken is refused with its reason. */
export async function requirePossible({ trx, task, procedure, decision }: DecisionContext): Promise<void> {
  const change = await getChange(trx, procedure.class_id ?? '', Number(task.reference));
  if (decision.outcome !== 'approve') return;
  const [issue] = await changeIssues(trx, await classOf(trx, procedure), procedure.today, change.detail);
  if (issue) throw new ConflictError(issue.code, issue.params);
}

async function classOf(trx: Trx, procedure: LockedProcedure): Promise<ClassRow> {
  const row = await trx<ClassRow>('classes')
    .where({ id: procedure.class_id ?? '' })
    .first();
  if (!row) throw new NotFoundError('class.unknown');
  return row;
}

/** Act: makes the approved change and says where the dates of the class stand. A change that became impossible since its approval is cancelled. */
export async function applyChange(trx: Trx, procedure: LockedProcedure, changeNo: number): Promise<Flags> {
  const row = await classOf(trx, procedure);
  const unmoved: Flags = { datesMoved: false, startDate: row.start_date ?? '', endDate: row.end_date ?? '' };
  const change = await getChange(trx, row.id, changeNo);
  if (change.status !== 'requested') return unmoved;
  const issues = await changeIssues(trx, row, procedure.today, change.detail);
  await settleChange(trx, procedure, change, issues.length > 0 ? 'cancelled' : 'approved');
  if (issues.length > 0) return unmoved;
  if (change.detail.kind === 'drop_out') {
    await trx('enrolments').where({ id: change.detail.enrolmentId }).update({ status: 'dropped', status_reason: change.reason });
    await countAgain(trx, procedure);
    return unmoved;
  }
  return moveSessions(trx, procedure, row, change.detail);
}

async function moveSessions(
  trx: Trx,
  procedure: LockedProcedure,
  row: ClassRow,
  change: Exclude<ChangeDetail, { kind: 'drop_out' }>,
): Promise<Flags> {
  const planned = await listPlaces(trx, row.id);
  const moved = movedPlaces(row, planned, procedure.today, change);
  const places = 'places' in moved ? moved.places : [];
  // Out of the way first: on its way to its new day a session may pass the old day of another.
  await trx.raw('update class_sessions set day = day + 36500 where id = any(?)', [places.map((place) => place.id)]);
  await trx.raw(
    `update class_sessions s set day = m.day, half = m.half, teacher_id = m.teacher_id, venue_id = m.venue_id
       from jsonb_to_recordset(cast(? as jsonb)) as m (id uuid, day date, half text, teacher_id uuid, venue_id uuid) where s.id = m.id`,
    [JSON.stringify(places)],
  );
  if (change.kind === 'date') {
    // Marks of a session that is held on another day say nothing any more.
    await trx('attendance')
      .whereIn(
        'session_id',
        places.map((place) => place.id),
      )
      .delete();
  }
  const now = await listPlaces(trx, row.id);
  const venues = new Set(now.map((place) => place.venue_id));
  const dates = datesAfter(row, change, now);
  await trx('classes')
    .where({ id: row.id })
    .update({
      start_date: dates.startDate,
      end_date: dates.endDate,
      version: row.version + 1,
      ...(venues.size === 1 ? { venue_id: [...venues][0] } : {}),
    });
  return { datesMoved: dates.startDate !== row.start_date || dates.endDate !== row.end_date, ...dates };
}

function datesAfter(row: ClassRow, change: ChangeDetail, places: { day: string }[]): { startDate: string; endDate: string } {
  const startDate = row.start_date ?? '';
  const endDate = row.end_date ?? '';
  const days = places.map((place) => place.day).sort();
  const last = days.at(-1) ?? endDate;
  if (!('days' in change)) return { startDate, endDate: last > endDate ? last : endDate };
  // A class that has begun keeps its first day.
  return { startDate: row.status === 'in_training' ? startDate : addDays(startDate, change.days), endDate: addDays(endDate, change.days) };
}

/** Act: the request is refused. */
export async function refuseChange(trx: Trx, procedure: LockedProcedure, changeNo: number): Promise<void> {
  const change = await getChange(trx, procedure.class_id ?? '', changeNo);
  if (change.status === 'requested') await settleChange(trx, procedure, change, 'refused');
}
