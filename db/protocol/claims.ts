/** Claiming a task for oneself, and putting it back. */
import type { Knex } from 'knex';
import { ConflictError, NotAllowedError } from '../../workflows/domain/errors.ts';
import { mayDecide } from '../../workflows/domain/scope.ts';
import { inTransaction } from '../client.ts';
import { alreadyClaimed, alreadyDecided, chooseCapacity, getTask, hasSignedElsewhere } from './decisions.ts';
import { auditProcedure, lockProcedure } from './procedures.ts';
import type { Actor } from '../accounts/users.ts';

/** Takes a task for oneself. One winner; claiming one's own again changes nothing. Throws like decideTask. */
export async function claimTask(db: Knex, actor: Actor, taskId: string): Promise<void> {
  await inTransaction(db, async (trx) => {
    const task = await getTask(trx, taskId);
    if (!mayDecide(actor, { role: task.role, office: task.office, institutionId: task.institution_id }))
      throw new NotAllowedError('task.notYours');
    const procedure = await lockProcedure(trx, task.procedure_id);
    if (await hasSignedElsewhere(trx, task, actor.userId)) throw new NotAllowedError('task.fourEyes');
    // Under the lock the holder is the one that counts.
    const held = await getTask(trx, taskId);
    const capacity = await chooseCapacity(trx, actor, held);
    const claimed =
      capacity === undefined
        ? 0
        : await trx('tasks')
            .where({ id: taskId, status: 'open' })
            .update({ claimed_by: actor.userId, claimed_for: capacity.principal ?? null, claimed_at: procedure.now });
    if (claimed === 1) {
      const detail = capacity?.principal ? { for: capacity.principal } : {};
      if (held.claimed_by !== actor.userId)
        await auditProcedure(trx, procedure, actor.userId, { act: 'task.claim', subject: taskId, detail });
      return;
    }
    const now = await getTask(trx, taskId);
    if (now.status === 'decided') throw await alreadyDecided(trx, now);
    if (now.status !== 'open') throw new ConflictError(`task.${now.status}`);
    throw await alreadyClaimed(trx, now);
  });
}

/** Puts a task back into the queue. Only the holder does it. */
export async function releaseTask(db: Knex, actor: Actor, taskId: string): Promise<void> {
  await inTransaction(db, async (trx) => {
    const task = await getTask(trx, taskId);
    if (!mayDecide(actor, { role: task.role, office: task.office, institutionId: task.institution_id }))
      throw new NotAllowedError('task.notYours');
    const procedure = await lockProcedure(trx, task.procedure_id);
    const released = await trx('tasks')
      .where({ id: taskId, status: 'open', claimed_by: actor.userId })
      .update({ claimed_by: null, claimed_at: null, claimed_for: null });
    if (released === 1) {
      await auditProcedure(trx, procedure, actor.userId, { act: 'task.release', subject: taskId });
      return;
    }
    const now = await getTask(trx, taskId);
    if (now.status === 'decided') throw await alreadyDecided(trx, now);
    if (now.claimed_by && now.claimed_by !== actor.userId) throw await alreadyClaimed(trx, now);
  });
}
