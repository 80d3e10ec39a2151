/**
 * Several signatures under one step. Each is a task; those of one group name its first task. A decision is judged under the lock of the procedure, so that
 * signers who act at the same moment end in one outcome: the one that leaves no signature open decides the step, the others are signatures of several.
 */
import { type JointPart, isSignature } from '../../../workflows/domain/signing.ts';
import type { Ask } from '../../../workflows/domain/procedures.ts';
import type { Db, Trx } from '../../client.ts';
import { tell } from '../../correspondence/tell.ts';
import type { TaskRow } from '../tasks.ts';
import type { ActorId, LockedProcedure } from '../procedures.ts';
import type { Asked, TaskInsert } from '../steps.ts';

/** What a decision means for its step: whether it decides it, and which tasks of the group it has ended. */
export type Settling = { settles: boolean; ended: string[] };

/** A task outside groups decides its step by itself. */
export const alone: Settling = { settles: true, ended: [] };

/**
 * Ends the signatures that are no longer needed once `task` has this outcome. A return, a refusal and whatever else is no approval decides the step at
 * once; an approval where one of several is enough ends the others of its kind; where all are needed it waits for the rest.
 */
export async function settleGroup(
  trx: Trx,
  { task, procedure, actor }: { task: Pick<TaskRow, 'id' | 'joint' | 'joint_group'>; procedure: LockedProcedure; actor: ActorId },
  outcome: string,
): Promise<Settling> {
  if (task.joint_group === null) return alone;
  const others = await listOpenSigners(trx, task.joint_group, task.id);
  const over = !isSignature(outcome) ? others : task.joint === 'any' ? others.filter(({ joint }) => joint === 'any') : [];
  const ended = over.map(({ id }) => id);
  if (ended.length > 0) {
    const rows: TaskRow[] = await trx('tasks')
      .whereIn('id', ended)
      .update({ status: 'cancelled', next_rung_at: null, ended_by: task.id, version: trx.raw('version + 1') })
      .returning('*');
    for (const row of rows.filter((one) => one.claimed_by !== null))
      await tell(trx, 'task.signature_ended', { task: row, procedure, people: [row.claimed_by ?? ''], actor, key: row.id });
  }
  return { settles: others.length === ended.length, ended };
}

async function listOpenSigners(db: Db, group: string, except: string): Promise<{ id: string; joint: JointPart }[]> {
  return db('tasks').where({ joint_group: group, status: 'open' }).whereNot({ id: except }).orderBy('id').select('id', 'joint');
}

/** Whether a signature of the group is still to come, besides that of `except`. */
export async function hasOpenSigners(db: Db, group: string, except = ''): Promise<boolean> {
  return (await listOpenSigners(db, group, except)).length > 0;
}

type EarlierTask = TaskRow & { working_days: number | null };

/**
 * What is asked again when a decision of a group is taken back: its own signature and those that it had ended. The other signatures stand. Empty
 * where the decision was nobody's but one.
 */
export async function listToSignAgain(trx: Trx, taskId: string): Promise<Asked[]> {
  const rows = await trx<EarlierTask>('tasks')
    .whereNotNull('joint_group')
    .where((either) => either.where({ id: taskId }).orWhere({ ended_by: taskId }))
    .orderBy('opened_at')
    .orderBy('step');
  return rows.map((row) => ({
    ask: {
      step: row.step,
      kind: row.kind,
      role: row.role,
      level: 'own',
      outcomes: row.outcomes,
      ...(row.working_days === null ? {} : { workingDays: row.working_days }),
      ...(row.reference === null ? {} : { reference: row.reference }),
      fourEyes: row.four_eyes,
      joint: row.joint,
      resumes: true,
    } as Ask,
    office: { code: row.office, path: row.office_path },
    group: row.joint_group ?? undefined,
    addedBy: row.added_by ?? undefined,
    // Whoever was asked by name is asked by name again.
    holder: row.joint === 'added' ? (row.claimed_by ?? undefined) : undefined,
  }));
}

/** The questions of signatures that are asked again. */
export async function keepQuestions(trx: Trx, tasks: readonly TaskInsert[]): Promise<void> {
  await trx.raw(
    `insert into added_signers (task_id, asked_by, signer, question, asked_at)
     select distinct on (n.id) n.id, a.asked_by, a.signer, a.question, a.asked_at
       from tasks n join tasks o on o.joint_group = n.joint_group and o.step = n.step and o.round < n.round
       join added_signers a on a.task_id = o.id
      where n.id = any(cast(? as text[])) order by n.id, o.round desc`,
    [tasks.map(({ id }) => id)],
  );
}

export type Signature = {
  id: string;
  step: string;
  joint: JointPart;
  role: string;
  office_zh: string;
  office_en: string;
  status: TaskRow['status'];
  outcome: string | null;
  /** Who signed it, or who has it. */
  name: string | null;
  /** For whom a substitute signed it, or has it. */
  principal: string | null;
  at: Date | null;
  /** What the signer wrote. */
  reason: string | null;
  due_date: string | null;
  ended_by: string | null;
  asked_by: string | null;
  asked_by_id: string | null;
  question: string | null;
  recalled_reason: string | null;
};

/** The signatures of a group, each in its last round, the first one first. */
export async function listSignatures(db: Db, group: string): Promise<Signature[]> {
  const { rows } = await db.raw<{ rows: Signature[] }>(
    `select * from (
       select distinct on (t.step) t.id, t.step, t.joint, t.role, r.name_zh as office_zh, r.name_en as office_en, t.status, t.outcome,
              u.name, v.name as principal, t.decided_at as at, f.payload ->> 'reason' as reason, t.due_date, t.ended_by, t.opened_at,
              q.name as asked_by, t.added_by as asked_by_id, a.question, a.recalled_reason
         from tasks t join regions r on r.code = t.office
         left join users u on u.id = coalesce(t.decided_by, t.claimed_by) left join users v on v.id = coalesce(t.decided_for, t.claimed_for)
         left join facts f on f.procedure_id = t.procedure_id and f.task_id = t.id and f.kind in ('decided', 'signed')
         left join added_signers a on a.task_id = t.id left join users q on q.id = a.asked_by
        where t.joint_group = :group order by t.step, t.round desc) s
      order by s.joint = 'added', s.step`,
    { group },
  );
  return rows;
}

export type SignatureCount = { signed: number; asked: number };

/** How far these groups are: signed, of those that were asked. */
export async function countSignatures(db: Db, groups: readonly string[]): Promise<Map<string, SignatureCount>> {
  if (groups.length === 0) return new Map();
  const { rows } = await db.raw<{ rows: ({ joint_group: string } & SignatureCount)[] }>(
    `select joint_group, cast(count(*) filter (where status = 'decided') as int) as signed, cast(count(*) as int) as asked
       from (select distinct on (joint_group, step) joint_group, status from tasks
              where joint_group = any(cast(? as text[])) order by joint_group, step, round desc) s
      where status in ('open', 'decided') group by 1`,
    [[...groups]],
  );
  return new Map(rows.map(({ joint_group: group, signed, asked }) => [group, { signed, asked }]));
}
