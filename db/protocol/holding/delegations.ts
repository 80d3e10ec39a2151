/** Asking a colleague for an opinion (委派): the task shows at the colleague, comes back with written words, and its holder decides. */
import type { Knex } from 'knex';
import { inputError, NotAllowedError } from '../../../workflows/domain/errors.ts';
import { requireReason } from '../../../workflows/domain/reasons.ts';
import { type Actor, listHolders } from '../../accounts/users.ts';
import type { Db, Trx } from '../../client.ts';
import { type IdempotentRequest, onceOnly } from '../idempotency.ts';
import { auditProcedure, type LockedProcedure } from '../procedures.ts';
import { hasSignedElsewhere, takeInHand } from '../task-acts.ts';
import { tell } from '../../correspondence/tell.ts';
import type { TaskRow } from '../tasks.ts';

/**
 * The holder asks somebody who holds the same role in the same office. Throws InputError (no question, not a colleague), NotAllowedError
 * `task.fourEyes` when the colleague signed another step, ConflictError.
 */
export async function delegateTask(
  db: Knex,
  actor: Actor,
  taskId: string,
  asked: { to: string; question: string },
  request?: IdempotentRequest,
): Promise<{ delegate: string }> {
  return onceOnly(db, request, async (trx) => {
    const { task, procedure } = await takeInHand(trx, actor, taskId, 'delegate');
    const question = requireReason(asked.question, 'question');
    // Whoever has it for a principal does not ask the principal, in whose name it will be signed.
    if ([actor.userId, task.claimed_for].includes(asked.to) || !(await listHolders(trx, task.role, task.office)).includes(asked.to))
      throw inputError('to', 'task.notColleague');
    // An opinion takes part in the decision, so it signs the step: whoever signed another one is not asked.
    if (await hasSignedElsewhere(trx, task, asked.to)) throw new NotAllowedError('task.fourEyes');
    await trx('tasks').where({ id: taskId }).update({ delegated_to: asked.to });
    await trx('task_delegations').insert({
      task_id: taskId,
      asked_by: actor.userId,
      delegate: asked.to,
      question,
      asked_at: procedure.now,
    });
    await auditProcedure(trx, procedure, actor.userId, { act: 'task.delegate', subject: taskId, detail: { to: asked.to } });
    const key = `${taskId}/${procedure.audit_no}`;
    await tell(trx, 'task.opinion_asked', { task, procedure, people: [asked.to], actor: actor.userId, key });
    const person = await trx('users').where({ id: asked.to }).first('name');
    return { delegate: person?.name ?? '' };
  });
}

/** The delegate answers; the task is the holder's again. Throws InputError without words, NotAllowedError, ConflictError `task.notAsked`. */
export async function giveOpinion(
  db: Knex,
  actor: Actor,
  taskId: string,
  words: string,
  request?: IdempotentRequest,
): Promise<{ given: boolean }> {
  return onceOnly(db, request, async (trx) => {
    const { task, procedure } = await takeInHand(trx, actor, taskId, 'opine');
    const opinion = requireReason(words, 'opinion');
    await trx.raw(
      `insert into signatures (scope, user_id, step, signed_at) select scope, :actor, :step, :now from unnest(cast(:scopes as text[])) scope
       on conflict (scope, user_id) do update set signed_at = excluded.signed_at where signatures.step = excluded.step`,
      { actor: actor.userId, step: task.step, now: procedure.now, scopes: task.four_eyes },
    );
    await trx('task_delegations')
      .where({ task_id: taskId, status: 'asked' })
      .update({ status: 'answered', opinion, settled_at: procedure.now });
    await trx('tasks').where({ id: taskId }).update({ delegated_to: null });
    await auditProcedure(trx, procedure, actor.userId, { act: 'task.opine', subject: taskId });
    const people = task.claimed_by ? [task.claimed_by] : [];
    await tell(trx, 'task.opinion_given', { task, procedure, people, actor: actor.userId, key: `${taskId}/${procedure.audit_no}` });
    return { given: true };
  });
}

/** The holder or a supervisor no longer waits for the opinion. */
export async function recallDelegation(
  db: Knex,
  actor: Actor,
  taskId: string,
  request?: IdempotentRequest,
): Promise<{ recalled: boolean }> {
  return onceOnly(db, request, async (trx) => {
    const { task, procedure } = await takeInHand(trx, actor, taskId, 'recall');
    await endDelegation(trx, procedure, task);
    await auditProcedure(trx, procedure, actor.userId, { act: 'task.recall', subject: taskId, detail: { from: task.delegated_to } });
    const people = task.delegated_to ? [task.delegated_to] : [];
    await tell(trx, 'task.opinion_recalled', { task, procedure, people, actor: actor.userId, key: `${taskId}/${procedure.audit_no}` });
    return { recalled: true };
  });
}

/** Ends what a colleague was asked, where the task goes to somebody else. */
export async function endDelegation(trx: Trx, procedure: LockedProcedure, task: Pick<TaskRow, 'id' | 'delegated_to'>): Promise<void> {
  if (task.delegated_to === null) return;
  await trx('task_delegations').where({ task_id: task.id, status: 'asked' }).update({ status: 'recalled', settled_at: procedure.now });
  await trx('tasks').where({ id: task.id }).update({ delegated_to: null });
}

export type Delegation = {
  id: string;
  delegate: string;
  asked_by_name: string;
  delegate_name: string;
  question: string;
  asked_at: Date;
  status: 'asked' | 'answered' | 'recalled';
  opinion: string | null;
  settled_at: Date | null;
};

/** What was asked about a task and answered, the newest first. */
export async function listDelegations(db: Db, taskId: string): Promise<Delegation[]> {
  return db('task_delegations as d')
    .join('users as a', 'a.id', 'd.asked_by')
    .join('users as u', 'u.id', 'd.delegate')
    .where({ 'd.task_id': taskId })
    .orderBy('d.asked_at', 'desc')
    .select('d.id', 'd.delegate', 'd.question', 'd.asked_at', 'd.status', 'd.opinion', 'd.settled_at')
    .select({ asked_by_name: 'a.name', delegate_name: 'u.name' });
}
