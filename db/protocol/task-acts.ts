/** A task under the lock of its procedure, judged by the one table of acts; and what a refusal says. */
import { ConflictError, NotAllowedError, NotFoundError, type OfficeError } from '../../workflows/domain/errors.ts';
import { capacitiesFor } from '../../workflows/domain/scope.ts';
import { judgeTaskAct, maySeeTask, type SignedElsewhere, type TaskAct, type TaskRefusal } from '../../workflows/domain/task-acts.ts';
import type { Actor } from '../accounts/users.ts';
import type { Db, Trx } from '../client.ts';
import type { TaskInBrief } from './decisions.ts';
import { getTask, type TaskRow } from './tasks.ts';
import { type LockedProcedure, lockProcedure, type ProcedureRow } from './procedures.ts';

export type TaskInHand = { task: TaskRow; procedure: LockedProcedure; already: boolean };

/** Locks the procedure, then looks. `already`: what is asked for is so. Throws NotFoundError, NotAllowedError, ConflictError. */
export async function takeInHand(trx: Trx, actor: Actor, taskId: string, act: TaskAct): Promise<TaskInHand> {
  const { procedure_id: procedureId } = await getTask(trx, taskId);
  const procedure = await lockProcedure(trx, procedureId);
  const task = await getTask(trx, taskId);
  const verdict = judgeTaskAct(act, actor, task, await whoSignedElsewhere(trx, actor, task));
  if (verdict !== 'yes' && verdict !== 'already') throw await refusal(trx, actor, verdict, task);
  return { task, procedure, already: verdict === 'already' };
}

/**
 * The error of a refusal: names who decided, holds, was asked or suspended it, and when. Whoever may not read the task is told of none, as of an invented one.
 */
export async function refusal(db: Db, actor: Actor, code: TaskRefusal, task: TaskRow): Promise<OfficeError> {
  switch (code) {
    case 'task.notYours':
    case 'supervision.notYours':
      return (await isUnknown(db, actor, task)) ? new NotFoundError('task.unknown') : new NotAllowedError(code);
    case 'task.fourEyes':
    case 'task.fourEyesPrincipal':
    case 'substitution.over':
    case 'signer.notAdder':
      return new NotAllowedError(code);
    case 'task.decided':
      return alreadyDecided(db, task);
    case 'task.claimed':
      return alreadyClaimed(db, task);
    case 'task.cancelled':
      return task.ended_by === null ? new ConflictError(code) : endedByAnother(db, task.ended_by);
    case 'task.delegated':
      return new ConflictError(code, { name: await nameOf(db, task.delegated_to) });
    case 'task.suspended':
      return new ConflictError(code, {
        name: await nameOf(db, task.suspended_by),
        at: (task.suspended_at ?? new Date(0)).toISOString(),
      });
    default:
      return new ConflictError(code);
  }
}

async function isUnknown(db: Db, actor: Actor, task: TaskRow): Promise<boolean> {
  const procedure = await db<ProcedureRow>('procedures').where({ id: task.procedure_id }).first();
  return !procedure || !maySeeTask(actor, task, procedure);
}

/** Names who decided, when and how. */
async function alreadyDecided(db: Db, task: TaskRow): Promise<ConflictError> {
  return new ConflictError('task.decided', {
    name: await nameOf(db, task.decided_by),
    at: (task.decided_at ?? new Date(0)).toISOString(),
    outcome: task.outcome ?? '',
  });
}

/** Names the signer whose decision left nothing to sign. */
async function endedByAnother(db: Db, taskId: string): Promise<ConflictError> {
  const { params } = await alreadyDecided(db, await getTask(db, taskId));
  return new ConflictError('signer.ended', params);
}

async function alreadyClaimed(db: Db, task: TaskRow): Promise<ConflictError> {
  return new ConflictError('task.claimed', { name: await nameOf(db, task.claimed_by), at: (task.claimed_at ?? new Date(0)).toISOString() });
}

async function nameOf(db: Db, userId: string | null): Promise<string> {
  if (!userId) return '—';
  const row = await db('users').where({ id: userId }).first('name');
  return row?.name ?? '—';
}

/** True when the person signed another step within the four-eyes scopes of the task: then nobody gets anywhere by giving it to them. */
export async function hasSignedElsewhere(db: Db, task: { four_eyes: string[]; step: string }, userId: string): Promise<boolean> {
  if (task.four_eyes.length === 0) return false;
  const row = await db('signatures')
    .whereIn('scope', task.four_eyes)
    .where({ user_id: userId })
    .whereNot({ step: task.step })
    .first('scope');
  return row !== undefined;
}

/** What the table has to know of four eyes. Asks about principals only where somebody works for one. */
export async function whoSignedElsewhere(db: Db, actor: Actor, task: TaskRow): Promise<SignedElsewhere> {
  return {
    self: await hasSignedElsewhere(db, task, actor.userId),
    principal: capacitiesFor(actor, task).length > 0 && (await findCapacity(db, actor, task)) === undefined,
  };
}

/** As whom somebody takes or decides a task: without principal in the own right. */
export type Capacity = { principal: string | undefined };

/** The first capacity for which four eyes allow it; undefined where there is none. */
export async function findCapacity(db: Db, actor: Actor, task: TaskInBrief): Promise<Capacity | undefined> {
  for (const principal of capacitiesFor(actor, task))
    if (!principal || !(await hasSignedElsewhere(db, task, principal))) return { principal };
  return undefined;
}
