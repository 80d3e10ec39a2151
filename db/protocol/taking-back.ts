/**
 * Taking back a decision that nobody has worked on since (取回). A later fact, not an undoing: it closes the task that follows and the procedure opens
 * the step again in a new round. What a decision told the outside stays told, so only a review that another review of the same table follows, or to which
 * it was sent back inside the office, is taken back; the last one of a table has moved the case on (papers, publication, money).
 */
import type { Knex } from 'knex';
import { ConflictError } from '../../workflows/domain/errors.ts';
import { requireReason } from '../../workflows/domain/reasons.ts';
import { rowStepOf } from '../../workflows/domain/signing.ts';
import type { TaskKind } from '../../workflows/domain/task-kinds.ts';
import { reviewTableOf, rowOfBack, stageOf } from '../../workflows/domain/tasks.ts';
import type { Actor } from '../accounts/users.ts';
import type { Db } from '../client.ts';
import { setAlarm } from './alarms.ts';
import type { TaskRow } from './tasks.ts';
import { type IdempotentRequest, onceOnly } from './idempotency.ts';
import { type ProcedureRow, requireOpen, writeFact } from './procedures.ts';
import { hasOpenSigners } from './signing/groups.ts';
import { takeInHand } from './task-acts.ts';

/** Throws InputError without a reason, NotAllowedError, ConflictError: `takeBack.last`, `takeBack.told`, `takeBack.moved`, `takeBack.read`. */
export async function takeBackDecision(
  db: Knex,
  actor: Actor,
  taskId: string,
  given: string,
  request?: IdempotentRequest,
): Promise<{ factNo: number }> {
  return onceOnly(db, request, async (trx) => {
    const { task, procedure } = await takeInHand(trx, actor, taskId, 'take_back');
    const reason = requireReason(given);
    requireOpen(procedure);
    const obstacle = await obstacleToTakingBack(trx, procedure, task);
    if (obstacle) throw new ConflictError(obstacle);
    const following = followingStep(task, procedure);
    // Closed at once: from here on nobody claims or decides it.
    await trx.raw(
      `update tasks set status = 'cancelled', next_rung_at = null
        where procedure_id = :id and status = 'open' and (step = :following or starts_with(step, :following || '.'))
          and not exists (select from facts f where f.procedure_id = :id and f.task_id = :taskId and f.kind = 'signed')`,
      { id: procedure.id, following: following ?? '', taskId },
    );
    await setAlarm(trx, procedure.id);
    const fact = { kind: 'taken_back', taskId, actor: actor.userId, payload: { reason } } as const;
    return { factNo: await writeFact(trx, procedure, fact, { act: 'task.take_back', subject: taskId, detail: { reason } }) };
  });
}

/** Kinds of which several sign one step. */
const signedByApproval: readonly TaskKind[] = ['review', 'change_review'];

/** The step of the same review table that follows a decision: the next one, or the earlier one to which the file was sent; undefined where there is none. */
function followingStep(task: TaskRow, procedure: Pick<ProcedureRow, 'terms'>): string | undefined {
  const stage = stageOf(task.step);
  const table = task.kind === 'review' ? (reviewTableOf(procedure.terms, stage) ?? []) : [];
  const at = table.findIndex((row) => `${stage}.${row.step}` === rowStepOf(task.step));
  const following = at === -1 ? undefined : table[rowOfBack(task.outcome ?? undefined) ?? at + 1];
  return following && `${stage}.${following.step}`;
}

/**
 * Why a decision stands, as a code of the errors; undefined where nothing has happened since and nobody has looked at what follows. Who gave an
 * opinion on it has: so no signature rests on a task that was never to be decided.
 */
export async function obstacleToTakingBack(
  db: Db,
  procedure: Pick<ProcedureRow, 'id' | 'terms'>,
  task: TaskRow,
): Promise<'takeBack.told' | 'takeBack.last' | 'takeBack.moved' | 'takeBack.read' | undefined> {
  const sentBack = rowOfBack(task.outcome ?? undefined) !== undefined;
  if (!sentBack && !['approve', 'propose_refusal'].includes(task.outcome ?? '')) return 'takeBack.told';
  const following = followingStep(task, procedure);
  // While others have still to sign, nothing has followed.
  const waits =
    !sentBack && signedByApproval.includes(task.kind) && task.joint_group !== null && (await hasOpenSigners(db, task.joint_group));
  if (!following && !waits) return 'takeBack.last';
  const { rows } = await db.raw<{ rows: { later: boolean; touched: boolean }[] }>(
    `select exists (select from facts l where l.procedure_id = d.procedure_id and l.no > d.no and l.kind not in ('rung', 'recheck_requested')) as later,
            exists (select from tasks t where t.procedure_id = d.procedure_id and not cast(:waits as boolean) and t.status = 'open'
                      and (t.step = :following or starts_with(t.step, :following || '.'))
                      and (t.claimed_by is not null or t.suspended_at is not null or t.read_at is not null
                           or exists (select from task_delegations o where o.task_id = t.id and o.status = 'answered'))) as touched
       from facts d where d.procedure_id = :id and d.task_id = :taskId and d.kind in ('decided', 'signed')`,
    { id: procedure.id, taskId: task.id, following: following ?? '', waits },
  );
  if (rows[0]?.later !== false) return 'takeBack.moved';
  return rows[0].touched ? 'takeBack.read' : undefined;
}

/** Whether a decision is being taken back and the procedure has not answered that yet: what it opens meanwhile is closed again at once. */
export async function isMovingBack(db: Db, procedure: Pick<ProcedureRow, 'id' | 'applied_no' | 'fact_no'>): Promise<boolean> {
  if (procedure.applied_no >= procedure.fact_no) return false;
  const row = await db('facts')
    .where({ procedure_id: procedure.id, kind: 'taken_back' })
    .where('no', '>', procedure.applied_no)
    .first('no');
  return row !== undefined;
}

/** Puts on record that somebody who may decide it has opened it: from then on what led to it is not taken back. */
export async function noteRead(db: Db, task: Pick<TaskRow, 'id' | 'read_at'>): Promise<void> {
  if (task.read_at === null)
    await db('tasks')
      .where({ id: task.id, status: 'open' })
      .whereNull('read_at')
      .update({ read_at: db.raw('business_now()') });
}
