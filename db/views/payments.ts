/** Applications and batches as their pages show them: names in full for the office, numbers masked. */
import { NotFoundError } from '../../workflows/domain/errors.ts';
import { maySee } from '../../workflows/domain/scope.ts';
import type { Db } from '../client.ts';
import type { BatchRow } from '../payments.ts';
import type { ApplicationRow } from '../subsidies.ts';
import type { Actor } from '../users.ts';

export type ApplicationView = ApplicationRow & { class_number: string; title: string; institution: string; institution_id: string; path: string; pack_id: string };
export type LineView = {
  id: string;
  enrolment_id: string;
  seat: number;
  name: string;
  id_masked: string;
  account_masked: string;
  bank_name: string;
  standard_fen: number;
  percent: string;
  amount_fen: number;
  trace: { formula: string; lines: { code: string; value: number; unit: string; source: string; sourced: boolean; article?: string }[] };
  status: string;
  status_reason: string | null;
  held_by: string | null;
};

/** Throws NotFoundError outside the reader's scope. */
export async function getApplicationView(db: Db, actor: Actor, number: string): Promise<ApplicationView> {
  const row: ApplicationView | undefined = await db('subsidy_applications as s')
    .join('classes as c', 'c.id', 's.class_id')
    .join('institutions as i', 'i.id', 'c.institution_id')
    .join('regions as r', 'r.code', 's.region')
    .where('s.number', number)
    .first('s.*', 'c.number as class_number', 'c.title', 'c.pack_id', 'i.name as institution', 'c.institution_id', 'r.path');
  if (!row || !maySee(actor, { regionPath: row.path, institutionIds: [row.institution_id] })) throw new NotFoundError('application.unknown');
  return row;
}

export async function listLines(db: Db, applicationId: string): Promise<LineView[]> {
  return db('payment_lines as l')
    .join('enrolments as e', 'e.id', 'l.enrolment_id')
    .join('people as p', 'p.id', 'e.person_id')
    .where('l.application_id', applicationId)
    .orderBy('e.seat')
    .select('l.id', 'l.enrolment_id', 'e.seat', 'p.name', 'p.id_masked', 'e.account_masked', 'e.bank_name', 'l.standard_fen', 'l.percent', 'l.amount_fen', 'l.trace', 'l.status', 'l.status_reason', 'e.held_by');
}

export type BatchView = BatchRow & { path: string; made_name: string; checked_name: string | null; released_name: string | null; title: string; institution: string };

const batchColumns = (db: Db) =>
  db('payment_batches as b')
    .join('procedures as p', 'p.id', 'b.procedure_id')
    .join('regions as r', 'r.code', 'b.region')
    .join('users as m', 'm.id', 'b.made_by')
    .leftJoin('users as k', 'k.id', 'b.checked_by')
    .leftJoin('users as x', 'x.id', 'b.released_by')
    .select('b.*', 'r.path', 'm.name as made_name', 'k.name as checked_name', 'x.name as released_name', 'p.subject_title as title', 'p.institution_name as institution');

export async function listBatches(db: Db, actor: Actor, limit: number): Promise<BatchView[]> {
  const paths = actor.grants.map((grant) => grant.path);
  return batchColumns(db)
    .whereRaw(`exists (select from unnest(cast(? as text[])) path where r.path = path or r.path like path || '/%')`, [paths])
    .orderBy('b.made_at', 'desc')
    .limit(limit);
}

export async function getBatchView(db: Db, actor: Actor, number: string): Promise<BatchView> {
  const row: BatchView | undefined = await batchColumns(db).where('b.number', number).first();
  if (!row || !maySee(actor, { regionPath: row.path })) throw new NotFoundError('batch.unknown');
  return row;
}

export type AttemptView = { serial: number; reference: string; name: string; id_masked: string; account_masked: string; amount_fen: number; status: string; reason: string | null; number: number; line_id: string };

export async function listAttempts(db: Db, batchId: string): Promise<AttemptView[]> {
  return db('payment_attempts as a')
    .join('payment_lines as l', 'l.id', 'a.line_id')
    .join('enrolments as e', 'e.id', 'l.enrolment_id')
    .join('people as p', 'p.id', 'e.person_id')
    .where('a.batch_id', batchId)
    .orderBy('a.serial')
    .select('a.serial', 'a.reference', 'p.name', 'p.id_masked', 'a.account_masked', 'l.amount_fen', 'a.status', 'a.reason', 'a.number', 'a.line_id');
}

/** The open task of a procedure of one of these kinds, for the links and forms of a page. */
export async function findOpenTask(db: Db, procedureId: string, kinds: readonly string[]): Promise<{ id: string; kind: string; version: number } | undefined> {
  return db('tasks').where({ procedure_id: procedureId, status: 'open' }).whereIn('kind', [...kinds]).first('id', 'kind', 'version');
}
