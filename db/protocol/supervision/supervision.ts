/** What a supervisor does about a task: hands it to somebody else, urges, escalates. Each act is on the audit line of its procedure. */
import type { Knex } from 'knex';
import { shanghaiDate, workingDaysBetween } from '../../../workflows/domain/calendar/calendar.ts';
import { ConflictError, inputError } from '../../../workflows/domain/errors.ts';
import { requireReason } from '../../../workflows/domain/reasons.ts';
import { outsideRoles } from '../../../workflows/domain/tasks.ts';
import { readCalendar } from '../../calendar/calendar.ts';
import type { Db, Trx } from '../../client.ts';
import { getTask, type TaskRow } from '../tasks.ts';
import { endDelegation } from '../holding/delegations.ts';
import { hasSignedElsewhere, refusal, takeInHand } from '../task-acts.ts';
import { type IdempotentRequest, onceOnly } from '../idempotency.ts';
import { auditProcedure, type LockedProcedure } from '../procedures.ts';
import { requestOrder } from './orders.ts';
import { tell } from '../../correspondence/tell.ts';
import { type Actor, listHolders } from '../../accounts/users.ts';

type SupervisedTask = TaskRow & { urged_at: Date | null; due_date: string | null };
type Supervised = { task: SupervisedTask; procedure: LockedProcedure };

async function superviseTask(
  trx: Trx,
  actor: Actor,
  taskId: string,
  act: 'reassign' | 'urge' | 'prioritise' | 'escalate',
): Promise<Supervised> {
  const { task, procedure } = await takeInHand(trx, actor, taskId, act);
  return { task: task as SupervisedTask, procedure };
}

/**
 * Gives a task of an office to one of those who may decide it there. Throws NotAllowedError outside the supervisor's region, InputError when the
 * person does not hold the role in that office or the reason is missing, ConflictError `task.fourEyes` when the person signed another step.
 */
export async function reassignTask(
  db: Knex,
  actor: Actor,
  taskId: string,
  toUserId: string,
  reason: string,
  request?: IdempotentRequest,
): Promise<{ holder: string }> {
  return onceOnly(db, request, async (trx) => {
    const { task, procedure } = await superviseTask(trx, actor, taskId, 'reassign');
    requireReason(reason);
    if (!(await listHolders(trx, task.role, task.office)).includes(toUserId)) throw inputError('to', 'supervision.notHolder');
    if (await hasSignedElsewhere(trx, task, toUserId)) throw new ConflictError('task.fourEyes');
    const person = await trx('users').where({ id: toUserId }).first('name');
    // Whoever has it for a principal gets it in the own right.
    if (task.claimed_by !== toUserId || task.claimed_for !== null) {
      await endDelegation(trx, procedure, task);
      await trx('tasks')
        .where({ id: taskId })
        .update({ claimed_by: toUserId, claimed_for: null, claimed_at: procedure.now, version: trx.raw('version + 1') });
      const detail = { from: task.claimed_by, to: toUserId, reason: reason.trim() };
      await auditProcedure(trx, procedure, actor.userId, { act: 'task.reassign', subject: taskId, detail });
      const told = { task, procedure, actor: actor.userId, key: `${taskId}/${procedure.audit_no}` };
      await tell(trx, 'task.assigned', { ...told, people: [toUserId], digest: procedure.today });
      if (task.claimed_by && task.claimed_by !== toUserId) await tell(trx, 'task.taken_over', { ...told, people: [task.claimed_by] });
      if (task.delegated_to && task.delegated_to !== toUserId)
        await tell(trx, 'task.opinion_recalled', { ...told, people: [task.delegated_to] });
    }
    return { holder: person?.name ?? '' };
  });
}

/** Those who could take a task over or give an opinion on it: who holds its role there, but not who signed another step of it. */
export async function listColleagues(
  db: Db,
  task: Pick<TaskRow, 'role' | 'office' | 'four_eyes' | 'step' | 'claimed_by' | 'claimed_for'>,
): Promise<{ id: string; name: string; open: number }[]> {
  const { rows } = await db.raw<{ rows: { id: string; name: string; open: number }[] }>(
    `select u.id, u.name, (select cast(count(*) as int) from tasks t where t.claimed_by = u.id and t.status = 'open') as open
       from users u
      where u.active and u.id is distinct from :holder
        and exists (select 1 from grants_in_force g where g.user_id = u.id and g.role = :role and g.region = :office)
        and not exists (select 1 from signatures s where s.user_id = u.id and s.scope = any(cast(:scopes as text[])) and s.step <> :step)
      order by open, u.name`,
    {
      role: task.role,
      office: task.office,
      holder: task.claimed_for === null ? task.claimed_by : null,
      scopes: task.four_eyes,
      step: task.step,
    },
  );
  return rows;
}

/** Tells those who have the task. At most once per working day: throws ConflictError `supervision.urgedToday`. `together`: with others, in one mail to each. */
export async function urgeTask(
  db: Knex,
  actor: Actor,
  taskId: string,
  request?: IdempotentRequest,
  { together = false }: { together?: boolean } = {},
): Promise<{ mailed: number }> {
  return onceOnly(db, request, async (trx) => {
    const { task, procedure } = await superviseTask(trx, actor, taskId, 'urge');
    const calendar = await readCalendar(trx, task.office, procedure.calendar_key);
    if (task.urged_at && workingDaysBetween(calendar, shanghaiDate(task.urged_at), procedure.today) < 1) {
      throw new ConflictError('supervision.urgedToday', { at: task.urged_at.toISOString() });
    }
    const told = { task, procedure, actor: actor.userId, key: `${taskId}/${procedure.today}` };
    const people = await tell(trx, 'task.urged', { ...told, ...(together ? { digest: procedure.today } : {}) });
    await trx('tasks').where({ id: taskId }).update({ urged_at: procedure.now });
    await auditProcedure(trx, procedure, actor.userId, { act: 'task.urge', subject: taskId, detail: { people: people.length } });
    return { mailed: people.length };
  });
}

/**
 * Marks a matter as pressing (加急) at one of its tasks and tells who holds those of the office that are open, or takes the mark off (`priority` false). It stands
 * on all of them and goes on to the next ones, with its reason and who set it, until it is taken off or the matter ends. What is so already stays as it is, with its first reason.
 * Neither deadlines nor the version change: a form that somebody has open is still good.
 */
export async function prioritiseTask(
  db: Knex,
  actor: Actor,
  taskId: string,
  mark: { priority: boolean; reason: string },
  request?: IdempotentRequest,
): Promise<{ priority: boolean }> {
  return onceOnly(db, request, async (trx) => {
    const { task, procedure } = await superviseTask(trx, actor, taskId, 'prioritise');
    const { priority } = mark;
    const reason = priority ? requireReason(mark.reason) : mark.reason.trim();
    if (task.priority === priority) return { priority };
    const signed = {
      priority_reason: priority ? reason : null,
      prioritised_at: priority ? procedure.now : null,
      prioritised_by: priority ? actor.userId : null,
    };
    // The mark is the matter's: what opens next is marked with the procedure, as `takeStep` does.
    const changed = await trx('tasks')
      .where({ procedure_id: procedure.id, status: 'open', priority: !priority })
      .whereNotIn('role', ['clock', ...outsideRoles])
      .update({ priority, ...signed })
      .returning<Pick<TaskRow, 'id' | 'claimed_by'>[]>(['id', 'claimed_by']);
    await trx('procedures').where({ id: procedure.id }).update(signed);
    const act = priority ? 'task.prioritise' : 'task.unprioritise';
    await auditProcedure(trx, procedure, actor.userId, { act, subject: taskId, detail: reason ? { reason } : {} });
    for (const { id, claimed_by: holder } of priority ? changed : []) {
      if (!holder) continue;
      const told = { task: id === taskId ? task : await getTask(trx, id), procedure, actor: actor.userId, remark: reason };
      await tell(trx, 'task.prioritised', { ...told, key: `${id}/${procedure.audit_no}`, people: [holder] });
    }
    return { priority };
  });
}

/** Asks the superior authority for an order (督办单) about a task now. Throws ConflictError `supervision.escalated` when that was done. */
export async function escalateTask(
  db: Knex,
  actor: Actor,
  taskId: string,
  reason: string,
  request?: IdempotentRequest,
): Promise<{ order: string }> {
  return onceOnly(db, request, async (trx) => {
    const supervised = await superviseTask(trx, actor, taskId, 'escalate');
    const { task, procedure } = supervised;
    const words = requireReason(reason);
    if (procedure.type === 'supervisionOrder') throw new ConflictError('supervision.orderItself');
    const requested = await requestOrder(trx, supervised, { actor: actor.userId, reason: words });
    if (!requested) throw await refusal(trx, actor, 'task.decided', await getTask(trx, taskId));
    const { order, known } = requested;
    if (known) throw new ConflictError('supervision.escalated', { number: order });
    const above = task.office_path.split('/').at(-2);
    await auditProcedure(trx, procedure, actor.userId, {
      act: 'task.escalate',
      subject: taskId,
      detail: { order, to: above ?? task.office, reason: words },
    });
    await tell(trx, 'task.escalated', { ...supervised, actor: actor.userId, key: taskId });
    await tell(trx, 'task.reported', { ...supervised, actor: actor.userId, key: taskId });
    return { order };
  });
}
