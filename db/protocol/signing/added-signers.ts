/** A holder asks somebody else to sign the same step as well (加签), and no longer does (减签) while it is unsigned. */
import type { Knex } from 'knex';
import { ConflictError, inputError, NotAllowedError } from '../../../workflows/domain/errors.ts';
import type { Ask } from '../../../workflows/domain/procedures.ts';
import { requireReason } from '../../../workflows/domain/reasons.ts';
import { isSignature, mostSigners, outcomesOfAdded, rowStepOf, signerStep, signingRoles } from '../../../workflows/domain/signing.ts';
import type { Actor } from '../../accounts/users.ts';
import type { Db, Trx } from '../../client.ts';
import { tell } from '../../correspondence/tell.ts';
import { setAlarm } from '../alarms.ts';
import { getTask, type TaskRow } from '../tasks.ts';
import { endDelegation } from '../holding/delegations.ts';
import { type IdempotentRequest, onceOnly } from '../idempotency.ts';
import { requireOpen, writeFact } from '../procedures.ts';
import { insertTasks, prepareTasks } from '../steps.ts';
import { isMovingBack } from '../taking-back.ts';
import { takeInHand } from '../task-acts.ts';
import { hasOpenSigners } from './groups.ts';

/** Whether others can sign beside the holder: a review that is decided by approving it. */
export function takesSigners(task: Pick<TaskRow, 'kind' | 'outcomes'>): boolean {
  return task.kind === 'review' && task.outcomes.some(isSignature);
}

/**
 * Opens a task for the signer; the step then needs that signature as well. Throws InputError (no question, not somebody who may be asked),
 * NotAllowedError `task.fourEyes` when the person signed another step, ConflictError.
 */
export async function addSigner(
  db: Knex,
  actor: Actor,
  taskId: string,
  asked: { to: string; question: string },
  request?: IdempotentRequest,
): Promise<{ signer: string; task: string }> {
  return onceOnly(db, request, async (trx) => {
    const { task, procedure } = await takeInHand(trx, actor, taskId, 'add_signer');
    requireOpen(procedure);
    if (!takesSigners(task)) throw new ConflictError('signer.otherKind');
    if (await isMovingBack(trx, procedure)) throw new ConflictError('takeBack.moving');
    const question = requireReason(asked.question, 'question');
    const signed = await findSignedStep(trx, task, asked.to);
    if (signed !== undefined && !isAddedTo(task, signed)) throw new NotAllowedError('task.fourEyes');
    const signer = (await listPossibleSigners(trx, task)).find(({ id }) => id === asked.to);
    if (!signer) throw inputError('to', 'signer.notPossible');
    const steps = await listAddedSteps(trx, task);
    if (steps.filter(({ open }) => open).length >= mostSigners) throw inputError('to', 'signer.tooMany', { max: mostSigners });
    if (signed !== undefined && steps.some((one) => one.step === signed && one.open)) throw inputError('to', 'signer.notPossible');
    // Whoever signed here in an earlier round signs the same step again: another one would be a second step of the same matter.
    const step = signed ?? signerStep(rowStepOf(task.step), 'added', steps.length + 1);
    const added = `${procedure.id}/${step}/${(steps.find((one) => one.step === step)?.round ?? 0) + 1}`;
    // From here on the holder's own decision is one signature of several.
    if (task.joint_group === null)
      await trx('tasks')
        .where({ id: taskId })
        .update({ joint: 'all', joint_group: taskId, version: trx.raw('version + 1') });
    const fact = { kind: 'signer_added', taskId: added, actor: actor.userId } as const;
    const audit = { act: 'task.add_signer', subject: taskId, detail: { to: asked.to, task: added } };
    const factNo = await writeFact(trx, procedure, fact, audit);
    const tasks = await prepareTasks(
      trx,
      procedure,
      [
        {
          ask: askFor(task as AddingTask, step, signer.role),
          office: { code: signer.office, path: signer.path },
          group: task.joint_group ?? taskId,
          addedBy: actor.userId,
          holder: asked.to,
        },
      ],
      factNo,
    );
    await insertTasks(trx, tasks);
    await setAlarm(trx, procedure.id);
    await trx('added_signers').insert({ task_id: added, asked_by: actor.userId, signer: asked.to, question, asked_at: procedure.now });
    await tell(trx, 'task.signature_asked', {
      task: await getTask(trx, added),
      procedure,
      people: [asked.to],
      actor: actor.userId,
      key: added,
    });
    return { signer: signer.name, task: added };
  });
}

type AddingTask = TaskRow & { working_days: number | null };

/** The same question, with the same rule for its period. */
function askFor(task: AddingTask, step: string, role: string): Ask {
  return {
    step,
    kind: 'review',
    role,
    level: 'own',
    outcomes: outcomesOfAdded(task.outcomes, role),
    ...(task.working_days === null ? {} : { workingDays: task.working_days }),
    fourEyes: task.four_eyes,
    joint: 'added',
  } as Ask;
}

/** Whoever asked for a signature no longer does. Throws InputError without a reason, NotAllowedError, ConflictError `signer.lastMissing`. */
export async function recallSigner(
  db: Knex,
  actor: Actor,
  taskId: string,
  given: string,
  request?: IdempotentRequest,
): Promise<{ recalled: boolean }> {
  return onceOnly(db, request, async (trx) => {
    const { task, procedure } = await takeInHand(trx, actor, taskId, 'recall_signer');
    requireOpen(procedure);
    const reason = requireReason(given);
    // Nobody decides a step by taking somebody else's signature away.
    if (!(await hasOpenSigners(trx, task.joint_group ?? '', taskId))) throw new ConflictError('signer.lastMissing');
    await endDelegation(trx, procedure, task);
    await trx('tasks')
      .where({ id: taskId })
      .update({ status: 'cancelled', next_rung_at: null, version: trx.raw('version + 1') });
    await trx('added_signers').where({ task_id: taskId }).update({ recalled_at: procedure.now, recalled_reason: reason });
    await setAlarm(trx, procedure.id);
    const fact = { kind: 'signer_recalled', taskId, actor: actor.userId, payload: { reason } } as const;
    await writeFact(trx, procedure, fact, { act: 'task.recall_signer', subject: taskId, detail: { reason } });
    const people = task.claimed_by ? [task.claimed_by] : [];
    await tell(trx, 'task.signature_recalled', { task, procedure, people, actor: actor.userId, key: taskId });
    return { recalled: true };
  });
}

/** The step that somebody signed in the matter of a task; a person signs one. */
async function findSignedStep(db: Db, task: Pick<TaskRow, 'four_eyes'>, userId: string): Promise<string | undefined> {
  const row = await db('signatures').whereIn('scope', task.four_eyes).where({ user_id: userId }).first('step');
  return row?.step;
}

function isAddedTo(task: Pick<TaskRow, 'step'>, step: string): boolean {
  return step.startsWith(`${rowStepOf(task.step)}.added-`);
}

/** The steps of those who were ever added to the row of a task, each with its last round. */
async function listAddedSteps(trx: Trx, task: TaskRow): Promise<{ step: string; round: number; open: boolean }[]> {
  const { rows } = await trx.raw<{ rows: { step: string; round: number; open: boolean }[] }>(
    `select step, max(round) as round, bool_or(status = 'open') as open from tasks
      where procedure_id = ? and starts_with(step, ?) group by step`,
    [task.procedure_id, `${rowStepOf(task.step)}.added-`],
  );
  return rows;
}

export type PossibleSigner = {
  id: string;
  name: string;
  role: string;
  office: string;
  path: string;
  office_zh: string;
  office_en: string;
};

/**
 * Those whom a holder may ask to sign as well: who reviews in the same office or above it. Not who signed another step of the matter, and not who has a
 * signature of the same group. In the role of the task where somebody has several, and in the nearest office.
 */
export async function listPossibleSigners(
  db: Db,
  task: Pick<TaskRow, 'id' | 'role' | 'office_path' | 'four_eyes' | 'step' | 'joint_group'>,
): Promise<PossibleSigner[]> {
  const { rows } = await db.raw<{ rows: PossibleSigner[] }>(
    `select * from (
       select distinct on (u.id) u.id, u.name, g.role, r.code as office, r.path, r.name_zh as office_zh, r.name_en as office_en
         from grants_in_force g join users u on u.id = g.user_id and u.active join regions r on r.code = g.region
        where g.role = any(cast(:roles as text[])) and g.region = any(cast(:offices as text[]))
          and not exists (select from tasks o where o.id = :task and u.id in (o.claimed_by, o.claimed_for))
          and not exists (select from tasks o where o.joint_group = :group and o.status = 'open' and u.id in (o.claimed_by, o.claimed_for))
          and not exists (select from signatures s where s.user_id = u.id and s.scope = any(cast(:scopes as text[])) and not starts_with(s.step, :added))
        order by u.id, g.role <> :role, length(r.path) desc) p
      order by length(p.path) desc, p.role <> :role, p.name`,
    {
      roles: [...signingRoles],
      offices: task.office_path.split('/'),
      task: task.id,
      group: task.joint_group ?? '',
      scopes: task.four_eyes,
      added: `${rowStepOf(task.step)}.added-`,
      role: task.role,
    },
  );
  return rows;
}
