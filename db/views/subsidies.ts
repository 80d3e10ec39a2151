/** Subsidy applications as their pages and the officers' evidence show them: names in full for the office, numbers masked. */
import { NotFoundError } from '../../workflows/domain/errors.ts';
import type { Calculation } from '../../workflows/domain/money/calculator.ts';
import { maySee } from '../../workflows/domain/scope.ts';
import type { Db } from '../client.ts';
import type { PaperKind } from '../papers.ts';
import type { BatchStatus } from '../money/payments.ts';
import type { ApplicationRow } from '../money/subsidies.ts';
import type { Actor } from '../accounts/users.ts';

export type ApplicationView = ApplicationRow & {
  class_number: string;
  title: string;
  institution: string;
  institution_id: string;
  path: string;
  region_zh: string;
  region_en: string;
  pack_id: string;
  stage: string;
  procedure_status: string;
  procedure_outcome: string | null;
  behind: boolean;
};

const applications = (db: Db) =>
  db('subsidy_applications as s')
    .join('classes as c', 'c.id', 's.class_id')
    .join('institutions as i', 'i.id', 'c.institution_id')
    .join('regions as r', 'r.code', 's.region')
    .join('procedures as p', 'p.id', 's.procedure_id')
    .select('s.*', 'c.number as class_number', 'c.title', 'c.pack_id', 'i.name as institution', 'c.institution_id', 'r.path')
    .select('r.name_zh as region_zh', 'r.name_en as region_en')
    .select('p.stage', 'p.status as procedure_status', 'p.outcome as procedure_outcome', db.raw('p.applied_no < p.fact_no as behind'));

/** Throws NotFoundError outside the reader's scope. */
export async function getApplicationView(db: Db, actor: Actor, number: string): Promise<ApplicationView> {
  const row: ApplicationView | undefined = await applications(db).where('s.number', number).first();
  if (!row || !maySee(actor, { regionPath: row.path, institutionIds: [row.institution_id] }))
    throw new NotFoundError('application.unknown');
  return row;
}

export async function findApplicationOf(db: Db, procedureId: string): Promise<ApplicationView | undefined> {
  return applications(db).where('s.procedure_id', procedureId).first();
}

export type LineView = {
  id: string;
  enrolment_id: string;
  seat: number;
  name: string;
  id_masked: string;
  account_masked: string;
  bank_name: string;
  group_code: string;
  standard_fen: number;
  percent: string;
  amount_fen: number;
  trace: Calculation;
  status: 'claimed' | 'approved' | 'excluded' | 'in_batch' | 'sent' | 'paid' | 'failed';
  status_reason: string | null;
  paid_at: Date | null;
  held_by: string | null;
};

export async function listLines(db: Db, applicationId: string): Promise<LineView[]> {
  return db('payment_lines as l')
    .join('enrolments as e', 'e.id', 'l.enrolment_id')
    .join('people as p', 'p.id', 'e.person_id')
    .where('l.application_id', applicationId)
    .orderBy('e.seat')
    .select('l.id', 'l.enrolment_id', 'e.seat', 'p.name', 'p.id_masked', 'e.account_masked', 'e.bank_name', 'e.group_code', 'e.held_by')
    .select('l.standard_fen', 'l.percent', 'l.amount_fen', 'l.trace', 'l.status', 'l.status_reason', 'l.paid_at');
}

export type ClaimPerson = {
  id: string;
  seat: number;
  name: string;
  id_masked: string;
  account_masked: string;
  bank_name: string;
  group_code: string;
  held_by: string | null;
};

/** The trainees of a class that a claim can name, by enrolment. */
export async function listFiledPeople(db: Db, classId: string): Promise<Map<string, ClaimPerson>> {
  const rows: ClaimPerson[] = await db('filed_enrolments as f')
    .join('enrolments as e', 'e.id', 'f.enrolment_id')
    .join('people as p', 'p.id', 'e.person_id')
    .where('f.class_id', classId)
    .select('e.id', 'e.seat', 'p.name', 'p.id_masked', 'e.account_masked', 'e.bank_name', 'e.group_code', 'e.held_by');
  return new Map(rows.map((row) => [row.id, row]));
}

export type ApplicationBatch = { number: string; status: BatchStatus; line_count: number; total_fen: number; made_at: Date };

export async function listBatchesOf(db: Db, applicationId: string): Promise<ApplicationBatch[]> {
  return db('payment_batches as b')
    .whereIn(
      'b.id',
      db('payment_attempts as a')
        .join('payment_lines as l', 'l.id', 'a.line_id')
        .where('l.application_id', applicationId)
        .select('a.batch_id'),
    )
    .orderBy('b.made_at')
    .select('b.number', 'b.status', 'b.line_count', 'b.total_fen', 'b.made_at');
}

export async function listPapersOf(
  db: Db,
  procedureId: string,
): Promise<{ id: string; kind: PaperKind; number: string; issued_at: Date }[]> {
  return db('papers').where({ procedure_id: procedureId }).orderBy('issued_at').select('id', 'kind', 'number', 'issued_at');
}

/** What is left of a budget, fen; 0 where there is none. */
export async function findAvailable(db: Db, scope: { fund: string; year: number; region: string }): Promise<number> {
  const row = await db('ledger_accounts')
    .where({ fund: scope.fund, year: scope.year, region: scope.region, kind: 'available' })
    .first('balance_fen');
  return row?.balance_fen ?? 0;
}
