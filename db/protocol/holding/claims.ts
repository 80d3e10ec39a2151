/** What a holder does with a task without deciding it: claiming, putting back, suspending, resuming. */
import type { Knex } from 'knex';
import { NotAllowedError } from '../../../workflows/domain/errors.ts';
import { requireReason } from '../../../workflows/domain/reasons.ts';
import { inTransaction, type Trx } from '../../client.ts';
import { tell } from '../../correspondence/tell.ts';
import type { TaskRow } from '../tasks.ts';
import { type IdempotentRequest, onceOnly } from '../idempotency.ts';
import { auditProcedure } from '../procedures.ts';
import { findCapacity, takeInHand } from '../task-acts.ts';
import type { Actor } from '../../accounts/users.ts';

/** Takes a task for oneself, or for a principal. One winner; claiming one's own again changes nothing. Throws like decideTask. */
export async function claimTask(db: Knex, actor: Actor, taskId: string): Promise<void> {
  await inTransaction(db, async (trx) => {
    const { task, procedure, already } = await takeInHand(trx, actor, taskId, 'claim');
    if (already) return;
    const capacity = await findCapacity(trx, actor, task);
    if (!capacity) throw new NotAllowedError('task.fourEyesPrincipal');
    if (capacity.principal && !(await holdSubstitution(trx, actor.userId, capacity.principal, task)))
      throw new NotAllowedError('substitution.over');
    const claimed = { claimed_by: actor.userId, claimed_for: capacity.principal ?? null, claimed_at: procedure.now };
    await trx('tasks').where({ id: taskId }).update(claimed);
    const detail = capacity.principal ? { for: capacity.principal } : {};
    await auditProcedure(trx, procedure, actor.userId, { act: 'task.claim', subject: taskId, detail });
    if (task.claimed_by) {
      const key = `${taskId}/${procedure.audit_no}`;
      await tell(trx, 'task.taken_over', { task, procedure, people: [task.claimed_by], actor: actor.userId, key });
    }
  });
}

/** Whether the substitution is in force; nobody ends it before this transaction has committed. */
async function holdSubstitution(trx: Trx, substitute: string, principal: string, { role, office }: TaskRow): Promise<boolean> {
  const found = await trx('substitutions')
    .where({ substitute, principal, role, region: office, revoked_at: null })
    .whereRaw('valid_from <= business_today() and valid_to > business_today()')
    .forShare()
    .first('id');
  return found !== undefined;
}

/** Puts a task back into the queue. Only the holder does it. */
export async function releaseTask(db: Knex, actor: Actor, taskId: string): Promise<void> {
  await inTransaction(db, async (trx) => {
    const { procedure, already } = await takeInHand(trx, actor, taskId, 'release');
    if (already) return;
    await trx('tasks').where({ id: taskId }).update({ claimed_by: null, claimed_at: null, claimed_for: null });
    await auditProcedure(trx, procedure, actor.userId, { act: 'task.release', subject: taskId });
  });
}

/**
 * Takes a task out of the queue until it is resumed (挂起). An internal act: its period and its rungs go on, only a correction stops the clock.
 * Throws InputError without a reason, NotAllowedError, ConflictError.
 */
export async function suspendTask(
  db: Knex,
  actor: Actor,
  taskId: string,
  given: string,
  request?: IdempotentRequest,
): Promise<{ suspended: boolean }> {
  return onceOnly(db, request, async (trx) => {
    const { task, procedure } = await takeInHand(trx, actor, taskId, 'suspend');
    const reason = requireReason(given);
    await trx('tasks').where({ id: taskId }).update({ suspended_at: procedure.now, suspended_by: actor.userId, suspended_reason: reason });
    await auditProcedure(trx, procedure, actor.userId, { act: 'task.suspend', subject: taskId, detail: { reason } });
    await tell(trx, 'task.suspended', {
      task,
      procedure,
      people: holderOf(task),
      actor: actor.userId,
      key: `${taskId}/${procedure.audit_no}`,
    });
    return { suspended: true };
  });
}

/** Goes on with a suspended task, with the holder that it had. */
export async function resumeTask(db: Knex, actor: Actor, taskId: string, request?: IdempotentRequest): Promise<{ suspended: boolean }> {
  return onceOnly(db, request, async (trx) => {
    const { task, procedure } = await takeInHand(trx, actor, taskId, 'resume');
    await trx('tasks').where({ id: taskId }).update({ suspended_at: null, suspended_by: null, suspended_reason: null });
    await auditProcedure(trx, procedure, actor.userId, { act: 'task.resume', subject: taskId });
    await tell(trx, 'task.resumed', {
      task,
      procedure,
      people: holderOf(task),
      actor: actor.userId,
      key: `${taskId}/${procedure.audit_no}`,
    });
    return { suspended: false };
  });
}

function holderOf({ claimed_by: holder }: TaskRow): string[] {
  return holder ? [holder] : [];
}
