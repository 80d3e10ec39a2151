/** Payment batches as their pages show them. Full account numbers are in the bank's file only. */
import { withinPaths } from '../regions.ts';
import { NotFoundError } from '../../workflows/domain/errors.ts';
import { readingPaths } from '../../workflows/domain/scope.ts';
import { maySee } from '../../workflows/domain/scope.ts';
import type { Db } from '../client.ts';
import type { BatchRow, BatchStatus } from '../money/payments.ts';
import type { Actor } from '../accounts/users.ts';

export type BatchView = Omit<BatchRow, 'bank_file_sealed'> & {
  path: string;
  made_name: string;
  checked_name: string | null;
  released_name: string | null;
  title: string;
  institution: string;
  has_file: boolean;
  paid_fen: number;
  failed_count: number;
  stage: string;
  procedure_status: string;
  procedure_outcome: string | null;
  behind: boolean;
};

const columns = [
  'id',
  'number',
  'procedure_id',
  'region',
  'fund',
  'year',
  'line_count',
  'total_fen',
  'payer_name',
  'payer_account',
  'bank_template',
  'status',
] as const;
const signatures = [
  'made_by',
  'made_at',
  'checked_by',
  'checked_at',
  'released_by',
  'released_at',
  'bank_file_digest',
  'answered_at',
  'answer_digest',
] as const;

const batches = (db: Db) =>
  db('payment_batches as b')
    .join('procedures as p', 'p.id', 'b.procedure_id')
    .join('regions as r', 'r.code', 'b.region')
    .join('users as m', 'm.id', 'b.made_by')
    .leftJoin('users as k', 'k.id', 'b.checked_by')
    .leftJoin('users as x', 'x.id', 'b.released_by')
    .joinRaw(
      `cross join lateral (select coalesce(sum(l.amount_fen) filter (where a.status = 'paid'), 0) as paid_fen, count(*) filter (where a.status = 'failed') as failed_count
         from payment_attempts a join payment_lines l on l.id = a.line_id where a.batch_id = b.id) t`,
    )
    .select([...columns, ...signatures].map((column) => `b.${column}`))
    .select(
      'r.path',
      'm.name as made_name',
      'k.name as checked_name',
      'x.name as released_name',
      'p.subject_title as title',
      'p.institution_name as institution',
    )
    .select('p.stage', 'p.status as procedure_status', 'p.outcome as procedure_outcome', db.raw('p.applied_no < p.fact_no as behind'))
    .select(db.raw('b.bank_file_sealed is not null as has_file'), db.raw('t.paid_fen::bigint as paid_fen'), 't.failed_count');

export type BatchFilter = { status?: BatchStatus | undefined; limit: number; offset: number };

/** Batches are counted no further than this. */
export const batchesCountedAtMost = 1_000;

/** Batches of the reader's regions, newest first, with how many there are: `batchesCountedAtMost + 1` where there are more. Each region gives no more than is shown, from its own index. */
export async function listBatches(
  db: Db,
  actor: Actor,
  { status, limit, offset }: BatchFilter,
): Promise<{ batches: BatchView[]; total: number; more: boolean }> {
  const within = (most: number): { sql: string; bindings: Record<string, string | number | readonly string[]> } => ({
    sql: `(select r.code from regions r where ${withinPaths('r.path')}) o
      cross join lateral (select b.id, b.made_at from payment_batches b where b.region = o.code ${status ? 'and b.status = :status' : ''} order by b.made_at desc, b.id limit :most) b`,
    bindings: {
      paths: readingPaths(actor),
      most,
      ...(status ? { status } : {}),
    },
  });
  const page = within(offset + limit + 1);
  const shown = await db.raw<{ rows: { id: string }[] }>(
    `select b.id from ${page.sql} order by b.made_at desc, b.id limit :size offset :offset`,
    {
      ...page.bindings,
      size: limit + 1,
      offset,
    },
  );
  const all = within(batchesCountedAtMost + 1);
  const counted = await db.raw<{ rows: { total: number }[] }>(
    `select cast(count(*) as int) as total from (select from ${all.sql} limit ${batchesCountedAtMost + 1}) c`,
    all.bindings,
  );
  const ids = shown.rows.slice(0, limit).map(({ id }) => id);
  // Cut off first: the sums of a batch are those of its lines.
  const rows: BatchView[] = await batches(db).whereIn('b.id', ids).orderBy('b.made_at', 'desc').orderBy('b.id');
  return { batches: rows, total: counted.rows[0]?.total ?? 0, more: shown.rows.length > limit };
}

/** Throws NotFoundError outside the reader's regions. */
export async function getBatchView(db: Db, actor: Actor, number: string): Promise<BatchView> {
  const row: BatchView | undefined = await batches(db).where('b.number', number).first();
  if (!row || !maySee(actor, { regionPath: row.path })) throw new NotFoundError('batch.unknown');
  return row;
}

export async function findBatchViewOf(db: Db, procedureId: string): Promise<BatchView | undefined> {
  return batches(db).where('b.procedure_id', procedureId).first();
}

export type AttemptView = {
  serial: number;
  reference: string;
  number: number;
  line_id: string;
  name: string;
  id_masked: string;
  account_masked: string;
  bank_name: string;
  amount_fen: number;
  status: 'planned' | 'sent' | 'paid' | 'failed' | 'cancelled';
  reason_code: string | null;
  reason: string | null;
  bank_serial: string | null;
  held_by: string | null;
};

export async function listAttempts(db: Db, batchId: string): Promise<AttemptView[]> {
  return db('payment_attempts as a')
    .join('payment_lines as l', 'l.id', 'a.line_id')
    .join('enrolments as e', 'e.id', 'l.enrolment_id')
    .join('people as p', 'p.id', 'e.person_id')
    .where('a.batch_id', batchId)
    .orderBy('a.serial')
    .select('a.serial', 'a.reference', 'a.number', 'a.line_id', 'p.name', 'p.id_masked', 'a.account_masked', 'a.bank_name', 'l.amount_fen')
    .select('a.status', 'a.reason_code', 'a.reason', 'a.bank_serial', 'e.held_by');
}

/** Numbers of the applications whose lines a batch pays. */
export async function listApplicationsIn(db: Db, batchId: string): Promise<string[]> {
  return db('subsidy_applications as s')
    .whereIn(
      's.id',
      db('payment_attempts as a').join('payment_lines as l', 'l.id', 'a.line_id').where('a.batch_id', batchId).select('l.application_id'),
    )
    .orderBy('s.number')
    .pluck('s.number');
}

/** The open task of a procedure of one of these kinds, for the links and forms of a page. */
export async function findOpenTask(
  db: Db,
  procedureId: string,
  kinds: readonly string[],
): Promise<{ id: string; kind: string; version: number } | undefined> {
  return db('tasks')
    .where({ procedure_id: procedureId, status: 'open' })
    .whereIn('kind', [...kinds])
    .first('id', 'kind', 'version');
}
