/**
 * The record of procedures: facts, tasks, outbox and the hash chain of the audit log.
 * A fact is written under the lock of its procedure's row together with its audit line and its outbox line.
 */
import { createHash } from 'node:crypto';
import { ConflictError, NotFoundError } from '../../workflows/domain/errors.ts';
import type { FactKind, FactWords } from '../../workflows/domain/facts.ts';
import type { Flags, ProcedureType, Terms } from '../../workflows/domain/procedures.ts';
import { type Instant, instantColumns } from '../calendar/instant.ts';
import type { Db, Trx } from '../client.ts';
import { run, statement } from '../queries/statements.ts';
import { ringAfterCommit } from './outbox.ts';

export type ProcedureRow = {
  id: string;
  type: ProcedureType;
  /** The procedure that started this one. */
  parent_id: string | null;
  subject_id: string;
  class_id: string | null;
  region: string;
  region_path: string;
  institution_id: string | null;
  subject_number: string;
  subject_title: string;
  institution_name: string;
  headcount: number | null;
  amount_fen: number | null;
  stage: string;
  step: string;
  status: 'open' | 'withdrawn' | 'suspended' | 'closed';
  outcome: string | null;
  fact_no: number;
  applied_no: number;
  step_no: number;
  flags: Record<string, string | number | boolean>;
  terms: Terms;
  next_alarm_at: Date | null;
  audit_no: number;
  audit_hash: Buffer;
  opened_at: Date;
  closed_at: Date | null;
  /** Why a supervisor marked the matter as pressing (加急): its next tasks of the office are marked with it. */
  priority_reason: string | null;
  prioritised_at: Date | null;
  prioritised_by: string | null;
};

/** With the instant of its lock. */
export type LockedProcedure = ProcedureRow & Instant;

/** Who acts: a person, or the office's own clock and workflows (undefined). */
export type ActorId = string | undefined;

export type NewProcedure = {
  id: string;
  type: ProcedureType;
  parentId?: string | undefined;
  subjectId: string;
  classId?: string | undefined;
  region: string;
  institutionId?: string | undefined;
  number: string;
  title: string;
  institutionName: string;
  headcount?: number | undefined;
  amountFen?: number | undefined;
  terms: Terms;
  /** Codes, dates and ids that its run needs from the first step on. */
  flags?: Flags | undefined;
};

/** Opens a procedure: the new row is this transaction's own. Undefined where there is one of this id. */
export async function openProcedure(trx: Trx, procedure: NewProcedure): Promise<LockedProcedure | undefined> {
  const { rows } = await trx.raw<{ rows: LockedProcedure[] }>(
    `insert into procedures as p (id, type, parent_id, subject_id, class_id, region, region_path, institution_id, subject_number, subject_title,
                             institution_name, headcount, amount_fen, terms, flags, opened_at)
     select :id, :type, :parentId, :subjectId, :classId, r.code, r.path, :institutionId, :number, :title,
            :institutionName, :headcount, :amountFen, :terms, :flags, business_now()
       from regions r where r.code = :region
     on conflict (id) do nothing
     returning ${procedureColumns}, ${instantColumns}`,
    {
      ...procedure,
      parentId: procedure.parentId ?? null,
      classId: procedure.classId ?? null,
      institutionId: procedure.institutionId ?? null,
      headcount: procedure.headcount ?? null,
      amountFen: procedure.amountFen ?? null,
      terms: JSON.stringify(procedure.terms),
      flags: JSON.stringify(procedure.flags ?? {}),
    },
  );
  return rows[0];
}

/**
 * The columns of `ProcedureRow`, each by its name: a prepared statement with `p.*` fails on every open connection from the moment at which
 * a migration adds a column.
 */
export const procedureColumns = `p.id, p.type, p.parent_id, p.subject_id, p.class_id, p.region, p.region_path, p.institution_id, p.subject_number,
  p.subject_title, p.institution_name, p.headcount, p.amount_fen, p.stage, p.step, p.status, p.outcome, p.fact_no, p.applied_no, p.step_no,
  p.flags, p.terms, p.next_alarm_at, p.audit_no, p.audit_hash, p.opened_at, p.closed_at,
  p.priority_reason, p.prioritised_at, p.prioritised_by`;

const findById = statement(`select ${procedureColumns}, ${instantColumns} from procedures p where p.id = :id`);
const lockById = statement(`select ${procedureColumns}, ${instantColumns} from procedures p where p.id = :id for update of p`);

/** Locks the row until the transaction ends. Throws NotFoundError. */
export async function lockProcedure(trx: Trx, id: string): Promise<LockedProcedure> {
  const [row] = await run<LockedProcedure>(trx, lockById, { id });
  if (!row) throw new NotFoundError('procedure.unknown');
  return row;
}

export async function findProcedure(db: Db, id: string): Promise<LockedProcedure | undefined> {
  const [row] = await run<LockedProcedure>(db, findById, { id });
  return row;
}

const insertFact =
  statement(`with moved as (update procedures set fact_no = :no, audit_no = :auditNo, audit_hash = :hash, audited_at = :now where id = :id),
          fact as (insert into facts (procedure_id, no, kind, task_id, outcome, actor, at, payload)
                   values (:id, :no, :kind, :taskId, :outcome, :actor, :now, :payload)),
          bell as (insert into outbox (procedure_id, type, no, kind, task_id, outcome) values (:id, :type, :no, :kind, :taskId, :outcome))
     insert into audit_log (at, actor, act, subject, procedure_id, no, detail, previous_hash, hash)
     values (:now, :actor, :act, :subject, :id, :auditNo, :detail, :previous, :hash)`);

export type AuditLine = { act: string; subject: string; detail?: Record<string, unknown> };

export type NewFact = FactWords & { actor?: ActorId; payload?: Record<string, unknown> | undefined };

/** The next link of a procedure's audit chain: SHA-256 over the previous link and the line. */
export function auditHash(
  previous: Buffer,
  line: { at: Date; actor: ActorId; act: string; subject: string; no: number; detail: object },
): Buffer {
  const text = JSON.stringify([line.at.toISOString(), line.actor ?? null, line.act, line.subject, line.no, sortKeys(line.detail)]);
  return createHash('sha256').update(previous).update(text).digest();
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, entry]) => entry !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, entry]) => [key, sortKeys(entry)]),
  );
}

/**
 * Writes the next fact of a locked procedure with its audit line and its bell, in one statement, and moves `procedure` along.
 * Returns the number of the fact.
 */
export async function writeFact(trx: Trx, procedure: LockedProcedure, fact: NewFact, audit: AuditLine): Promise<number> {
  const no = procedure.fact_no + 1;
  const auditNo = procedure.audit_no + 1;
  const detail = audit.detail ?? {};
  const hash = auditHash(procedure.audit_hash, {
    at: procedure.now,
    actor: fact.actor,
    act: audit.act,
    subject: audit.subject,
    no: auditNo,
    detail,
  });
  await run(trx, insertFact, {
    id: procedure.id,
    type: procedure.type,
    no,
    auditNo,
    hash,
    previous: procedure.audit_hash,
    kind: fact.kind,
    taskId: fact.taskId ?? null,
    outcome: fact.outcome ?? null,
    actor: fact.actor ?? null,
    now: procedure.now,
    payload: fact.payload ? JSON.stringify(fact.payload) : null,
    act: audit.act,
    subject: audit.subject,
    detail: JSON.stringify(detail),
  });
  ringAfterCommit(trx);
  procedure.fact_no = no;
  procedure.audit_no = auditNo;
  procedure.audit_hash = hash;
  return no;
}

/** An audit line of a locked procedure that is no fact (claiming, reading, urging): the procedure has nothing to do about it. */
export async function auditProcedure(trx: Trx, procedure: LockedProcedure, actor: ActorId, line: AuditLine): Promise<void> {
  const auditNo = procedure.audit_no + 1;
  const detail = line.detail ?? {};
  const hash = auditHash(procedure.audit_hash, { at: procedure.now, actor, act: line.act, subject: line.subject, no: auditNo, detail });
  await trx.raw(
    `with moved as (update procedures set audit_no = :auditNo, audit_hash = :hash, audited_at = :now where id = :id)
     insert into audit_log (at, actor, act, subject, procedure_id, no, detail, previous_hash, hash)
     values (:now, :actor, :act, :subject, :id, :auditNo, :detail, :previous, :hash)`,
    {
      id: procedure.id,
      auditNo,
      hash,
      previous: procedure.audit_hash,
      now: procedure.now,
      actor: actor ?? null,
      act: line.act,
      subject: line.subject,
      detail: JSON.stringify(detail),
    },
  );
  procedure.audit_no = auditNo;
  procedure.audit_hash = hash;
}

/** An audit line outside any procedure: sign-in, grants, reading of personal data. The database puts it on the chain of the person's lane. */
export async function auditOutside(db: Db, actor: ActorId, line: AuditLine): Promise<void> {
  await db.raw('insert into audit_log (at, actor, act, subject, detail) values (business_now(), ?, ?, ?, ?)', [
    actor ?? null,
    line.act,
    line.subject,
    JSON.stringify(line.detail ?? {}),
  ]);
}

export type FactRow = {
  kind: FactKind;
  actor: string | null;
  at: Date;
  outcome: string | null;
  task_id: string | null;
  payload: Record<string, unknown> | null;
};

/** A fact with its payload, for the acts of the office that need what was entered. */
export async function getFact(db: Db, procedureId: string, no: number): Promise<FactRow> {
  const row = await db('facts').where({ procedure_id: procedureId, no }).first();
  if (!row) throw new NotFoundError('fact.unknown');
  return row;
}

/** Verifies the chain of one procedure. Returns the number of the first line that does not fit, or undefined. */
export async function findBrokenLink(db: Db, procedureId: string): Promise<number | undefined> {
  const lines = await db('audit_log').where({ procedure_id: procedureId }).orderBy('no');
  let previous = Buffer.alloc(0);
  for (const line of lines) {
    const expected = auditHash(previous, {
      at: line.at,
      actor: line.actor ?? undefined,
      act: line.act,
      subject: line.subject,
      no: line.no,
      detail: line.detail,
    });
    if (!expected.equals(line.hash)) return line.no;
    previous = line.hash;
  }
  return undefined;
}

/** Throws ConflictError unless acts are still accepted. */
export function requireOpen(procedure: ProcedureRow): void {
  if (procedure.status !== 'open') throw new ConflictError('procedure.closed', { outcome: procedure.outcome ?? procedure.status });
}

/**
 * Rings procedures whose run may have lost something: a bell without a fact, number 0, makes a run look at its place again.
 * With `restart` the relay ends the run first, and a new one begins at the place on record.
 */
export async function ringProcedures(db: Db, where: 'all-open' | string[], kind: 'look' | 'restart' = 'look'): Promise<number> {
  const result = await db.raw(
    `insert into outbox (procedure_id, type, no, kind)
     select id, type, 0, '${kind}' from procedures where (status <> 'closed' or applied_no < fact_no) ${where === 'all-open' ? '' : 'and id = any(?)'}`,
    where === 'all-open' ? [] : [where],
  );
  ringAfterCommit(db);
  return result.rowCount ?? 0;
}
