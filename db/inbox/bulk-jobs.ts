/**
 * Acts on many tasks at once. A job is previewed, confirmed once and then worked off: each item is one transaction in which the act itself
 * (`decideTask`, `claimTask`, `releaseTask`, `reassignTask`, `urgeTask`) and the item's end commit together. So whoever goes on after a crash, and however many do at once,
 * nothing is done twice.
 */
import type { Knex } from 'knex';
import { ConflictError, InputError, inputError, NotFoundError, OfficeError, UnavailableError } from '../../workflows/domain/errors.ts';
import { mayDecide, maySee } from '../../workflows/domain/scope.ts';
import { type BulkAct, bulkLimit, bulkRefusal } from '../../workflows/domain/tasks.ts';
import { type Db, inTransaction, type Trx } from '../client.ts';
import { claimTask, releaseTask } from '../protocol/holding/claims.ts';
import { decideTask, endedMeanwhile } from '../protocol/decisions.ts';
import { getTask, type TaskRow } from '../protocol/tasks.ts';
import { type IdempotentRequest, onceOnly, requestDigest } from '../protocol/idempotency.ts';
import { reassignTask, urgeTask } from '../protocol/supervision/supervision.ts';
import { auditOutside } from '../protocol/procedures.ts';
import { getActor } from '../accounts/account-in-force.ts';
import type { Actor } from '../accounts/users.ts';

export type BulkJob = {
  id: string;
  user_id: string;
  act: BulkAct;
  /** Query of the inbox that it came from. */
  list: string;
  /** `checking` and `preview` before it is confirmed. */
  status: 'checking' | 'preview' | 'running' | 'finished';
  /** Tasks of the list beyond the limit. */
  left_out: number;
  created_at: Date;
  confirmed_at: Date | null;
  finished_at: Date | null;
  /** Of a reassignment: to whom and why. */
  handed_to: string | null;
  reason: string | null;
};
export type BulkItem = {
  no: number;
  task_id: string;
  version: number;
  status: 'unchecked' | 'waiting' | 'done' | 'refused';
  code: string | null;
  params: Record<string, string | number>;
  /** Null where the task is none that this person may see, or not yet looked at. */
  task:
    | (Pick<TaskRow, 'step' | 'round' | 'kind' | 'role'> & {
        number: string;
        title: string;
        institution: string;
        due_at: Date | null;
        /** Other signatures that its step still waits for; an approval alone does not decide it. */
        others: number;
      })
    | null;
};

export type NewBulkJob = {
  act: BulkAct;
  taskIds: readonly string[];
  list: string;
  leftOut: number;
  /** Of a reassignment: to whom and why. */
  handOver?: { to: string; reason: string } | undefined;
  request?: IdempotentRequest | undefined;
};

type ItemToDo = Pick<BulkItem, 'no' | 'task_id' | 'version'>;

const LANES = 4;
const MOST_ATTEMPTS = 5;

/** Puts a job on record, nothing done yet, each task with the version that it has now. Throws InputError for none or too many. */
export async function createBulkJob(db: Knex, actor: Actor, job: NewBulkJob): Promise<{ id: string }> {
  const taskIds = [...new Set(job.taskIds)];
  if (taskIds.length === 0) throw inputError('selected', 'bulk.none');
  if (taskIds.length > bulkLimit) throw inputError('selected', 'bulk.tooMany', { maximum: bulkLimit });
  return onceOnly(db, job.request, async (trx) => {
    const [row] = await trx('bulk_jobs')
      .insert({
        user_id: actor.userId,
        act: job.act,
        list: job.list,
        left_out: job.leftOut,
        handed_to: job.handOver?.to ?? null,
        reason: job.handOver?.reason.trim() ?? null,
      })
      .returning<{ id: string }[]>('id');
    if (!row) throw new NotFoundError('bulk.unknown');
    await trx.raw(
      `insert into bulk_items (job_id, no, task_id, version)
       select ?, given.no, given.id, coalesce(t.version, 1) from unnest(cast(? as text[])) with ordinality given (id, no) left join tasks t on t.id = given.id`,
      [row.id, taskIds],
    );
    return { id: row.id };
  });
}

/** The own job. Throws NotFoundError. */
export async function getBulkJob(db: Db, actor: Actor, jobId: string): Promise<BulkJob> {
  const row = await db<BulkJob>('bulk_jobs').where({ id: jobId, user_id: actor.userId }).first();
  if (!row) throw new NotFoundError('bulk.unknown');
  return row;
}

/** Its items in the order in which they were chosen. Nothing is told of a task before the check found that this person may see it. */
export async function listBulkItems(db: Db, jobId: string): Promise<BulkItem[]> {
  const rows = await db('bulk_items as i')
    .joinRaw(`left join tasks t on t.id = i.task_id and i.status <> 'unchecked' and i.code is distinct from 'task.unknown'`)
    .where('i.job_id', jobId)
    .orderBy('i.no')
    .select('i.no', 'i.task_id', 'i.version', 'i.status', 'i.code', 'i.params', 't.step', 't.round', 't.kind', 't.role', 't.due_at')
    .select(
      db.raw(
        `(select cast(count(*) as int) from tasks o where o.joint_group = t.joint_group and o.status = 'open' and o.id <> t.id and not (t.joint = 'any' and o.joint = 'any')) as others`,
      ),
    )
    .select({ number: 't.subject_number', title: 't.subject_title', institution: 't.institution_name' });
  return rows.map(({ no, task_id, version, status, code, params, ...task }) => ({
    no,
    task_id,
    version,
    status,
    code,
    params,
    task: task.kind ? task : null,
  }));
}

/** Looks at every item that was not looked at yet: the act is done by the code that will do it, and rolled back. */
export async function checkBulkJob(db: Knex, actor: Actor, job: BulkJob): Promise<void> {
  const open: ItemToDo[] = await db('bulk_items')
    .where({ job_id: job.id, status: 'unchecked' })
    .orderBy('no')
    .select('no', 'task_id', 'version');
  const lanes = Array.from({ length: LANES }, async () => {
    for (let item = open.shift(); item; item = open.shift()) {
      const refusal = await tryItem(db, actor, job, item);
      await db('bulk_items')
        .where({ job_id: job.id, no: item.no, status: 'unchecked' })
        .update(refusal ? { status: 'refused', code: refusal.code, params: JSON.stringify(refusal.params) } : { status: 'waiting' });
    }
  });
  await Promise.all(lanes);
  await db('bulk_jobs')
    .where({ id: job.id, status: 'checking' })
    .update({ status: 'preview', moved_at: db.raw('clock_timestamp()') });
}

/** Thrown to roll back what was only tried. */
class Tried extends Error {}

async function tryItem(db: Knex, actor: Actor, job: BulkJob, item: ItemToDo): Promise<Refusal | undefined> {
  try {
    await inTransaction(db, async (trx) => {
      await act(trx, actor, job, item);
      throw new Tried();
    });
  } catch (error) {
    if (error instanceof Tried) return undefined;
    const refusal = refusalOf(error);
    if (!refusal) throw error;
    return refusal;
  }
  return undefined;
}

/** Orders what the preview found possible. Ordered again, nothing changes. Throws ConflictError while it is being looked at. */
export async function confirmBulkJob(db: Knex, actor: Actor, jobId: string, request?: IdempotentRequest): Promise<void> {
  await onceOnly(db, request, async (trx) => {
    const job = await getBulkJob(trx, actor, jobId);
    if (job.status === 'checking') throw new ConflictError('bulk.checking');
    const confirmed = await trx('bulk_jobs')
      .where({ id: jobId, user_id: actor.userId, status: 'preview' })
      .update({ status: 'running', confirmed_at: trx.raw('clock_timestamp()'), moved_at: trx.raw('clock_timestamp()') });
    if (confirmed === 0) return { jobId };
    const counted = await trx('bulk_items').where({ job_id: jobId, status: 'waiting' }).count<{ count: number }[]>('* as count');
    await auditOutside(trx, actor.userId, {
      act: 'bulk.confirm',
      subject: `bulk-${jobId}`,
      detail: { act: job.act, items: counted[0]?.count ?? 0, ...(job.handed_to ? { to: job.handed_to, reason: job.reason } : {}) },
    });
    return { jobId };
  });
}

/** Works off what is left of a confirmed job. Any number may do so at once. Throws when the database is away: whoever comes next goes on. */
export async function workOffBulkJob(db: Knex, jobId: string): Promise<void> {
  const job = await db<BulkJob>('bulk_jobs').where({ id: jobId, status: 'running' }).first();
  if (!job) return;
  while (await takeNextItem(db, job));
  await db.raw(
    `update bulk_jobs set status = 'finished', finished_at = clock_timestamp(), moved_at = clock_timestamp()
      where id = ? and status = 'running' and not exists (select from bulk_items where job_id = bulk_jobs.id and status = 'waiting')`,
    [jobId],
  );
}

/** One item, in its own transaction. False when none is left that nobody else holds. */
async function takeNextItem(db: Knex, job: BulkJob): Promise<boolean> {
  let item: ItemToDo | undefined;
  try {
    await inTransaction(db, async (trx) => {
      const { rows } = await trx.raw<{ rows: ItemToDo[] }>(
        `select no, task_id, version from bulk_items where job_id = ? and status = 'waiting' order by no limit 1 for update skip locked`,
        [job.id],
      );
      item = rows[0];
      if (!item) return;
      // Rights are those of this moment, not those of the moment at which the job was confirmed.
      await act(trx, await getActor(trx, job.user_id), job, item);
      await trx('bulk_items')
        .where({ job_id: job.id, no: item.no })
        .update({ status: 'done', settled_at: trx.raw('clock_timestamp()') });
    });
  } catch (error) {
    if (!item) throw error;
    const refusal = refusalOf(error) ?? (await afterFailure(db, job, item, error));
    if (!refusal) throw error;
    await db('bulk_items')
      .where({ job_id: job.id, no: item.no, status: 'waiting' })
      .update({ status: 'refused', code: refusal.code, params: JSON.stringify(refusal.params), settled_at: db.raw('clock_timestamp()') });
  }
  if (item)
    await db('bulk_jobs')
      .where({ id: job.id })
      .update({ moved_at: db.raw('clock_timestamp()') });
  return item !== undefined;
}

/** A fault is tried again by whoever comes next; one that stays is given up with words, so that a single item holds nothing up for ever. */
async function afterFailure(db: Knex, job: BulkJob, item: ItemToDo, error: unknown): Promise<Refusal | undefined> {
  const [row] = await db('bulk_items')
    .where({ job_id: job.id, no: item.no, status: 'waiting' })
    .update({ attempts: db.raw('attempts + 1') })
    .returning<{ attempts: number }[]>('attempts');
  return (row?.attempts ?? 0) >= MOST_ATTEMPTS ? { code: error instanceof OfficeError ? error.code : 'internal', params: {} } : undefined;
}

type Refusal = { code: string; params: Record<string, string | number> };

/** Words for what the office refuses; undefined for a fault of the surroundings, which says nothing about the task. */
function refusalOf(thrown: unknown): Refusal | undefined {
  const error = endedMeanwhile(thrown) ?? thrown;
  if (!(error instanceof OfficeError) || error instanceof UnavailableError) return undefined;
  if (error instanceof InputError) return { code: error.issues[0]?.code ?? 'invalid', params: error.issues[0]?.params ?? {} };
  return { code: error.code, params: error.params };
}

/** The act on one task, through the same door as a single one. */
async function act(trx: Trx, actor: Actor, job: BulkJob, item: ItemToDo): Promise<void> {
  const task = await getTask(trx, item.task_id);
  if (!mayDecide(actor, { role: task.role, office: task.office, institutionId: task.institution_id })) {
    const procedure = await trx('procedures').where({ id: task.procedure_id }).first('region_path');
    if (!maySee(actor, { regionPath: procedure?.region_path ?? '' })) throw new NotFoundError('task.unknown');
  }
  const never = bulkRefusal(job.act, task.kind);
  if (never) throw new ConflictError(never);
  if (job.act === 'reassign') {
    if (task.status === 'open' && task.claimed_by === job.handed_to && task.claimed_for === null)
      throw new ConflictError('bulk.holdsAlready');
    await reassignTask(trx, actor, task.id, job.handed_to ?? '', job.reason ?? '');
    return;
  }
  if (job.act === 'urge') {
    await urgeTask(trx, actor, task.id, undefined, { together: true });
    return;
  }
  if (job.act === 'claim') return claimTask(trx, actor, task.id);
  if (job.act === 'release') {
    if (task.status === 'open' && task.claimed_by === null) throw new ConflictError('bulk.notHeld');
    return releaseTask(trx, actor, task.id);
  }
  const request = { userId: actor.userId, key: `bulk/${job.id}/${item.no}`, digest: requestDigest('bulk', job.id, item.no, task.id) };
  await decideTask(trx, actor, { taskId: task.id, outcome: 'approve', version: item.version, payload: { bulk: job.id }, request });
}

/** Confirmed jobs that have not moved for `graceMs`: whoever worked on them is gone. */
export async function listStalledBulkJobs(db: Db, graceMs: number): Promise<string[]> {
  const rows = await db('bulk_jobs')
    .where({ status: 'running' })
    .whereRaw(`moved_at < clock_timestamp() - ? * interval '1 millisecond'`, [graceMs])
    .orderBy('moved_at')
    .limit(20)
    .select('id');
  return rows.map((row) => row.id);
}

/** Goes on with what stands still. Returns how many jobs. */
export async function resumeBulkJobs(db: Knex, graceMs = 20_000): Promise<number> {
  const ids = await listStalledBulkJobs(db, graceMs);
  for (const id of ids) await workOffBulkJob(db, id);
  return ids.length;
}

/** Forgets previews that nobody confirmed within a day, and jobs that ended a month ago: their acts are in the record of each procedure. */
export async function forgetOldBulkJobs(db: Db): Promise<void> {
  await db.raw(
    `delete from bulk_jobs where id in (select id from bulk_jobs
       where (status in ('checking', 'preview') and created_at < clock_timestamp() - interval '1 day')
          or (status = 'finished' and created_at < clock_timestamp() - interval '30 days') order by created_at limit 50)`,
  );
}
