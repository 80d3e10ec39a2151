/** What is on record of a class beside its plan: what the registers answered, money, papers, and everything that happened. */
import type { Db } from '../../client.ts';
import type { TimelineLine } from '../case.ts';
import { actTold, hiddenOutside, reasonTold } from '../inside.ts';
import { factOfLine } from '../line-facts.ts';

export type CheckRow = {
  enrolment_id: string;
  seat: number;
  name: string;
  id_masked: string;
  status: string;
  register: string;
  result: 'yes' | 'no' | 'contradictory' | 'none';
  asked_at: Date;
  answered_at: Date | null;
  settled_at: Date | null;
  settled_by: string | null;
  settled_reason: string | null;
};

/** The answers of the registers, by seat; kept as evidence. */
export async function listChecks(db: Db, classId: string): Promise<CheckRow[]> {
  return db('verifications as v')
    .join('enrolments as e', 'e.id', 'v.enrolment_id')
    .join('people as p', 'p.id', 'e.person_id')
    .leftJoin('users as u', 'u.id', 'v.settled_by')
    .where('e.class_id', classId)
    .orderBy(['e.seat', 'v.register'])
    .select(
      'v.enrolment_id',
      'e.seat',
      'p.name',
      'p.id_masked',
      'e.status',
      'v.register',
      'v.result',
      'v.asked_at',
      'v.answered_at',
      'v.settled_at',
      'v.settled_reason',
      'u.name as settled_by',
    );
}

export type LedgerLine = { id: number; kind: string; reference: string; at: Date; amount_fen: number };

/** Postings of the ledger that belong to a class, oldest first. */
export async function listClassEntries(db: Db, classId: string): Promise<LedgerLine[]> {
  const { rows } = await db.raw<{ rows: LedgerLine[] }>(
    `select n.id, n.kind, n.reference, n.at, (select sum(amount_fen) from ledger_postings where entry_id = n.id and side = 'debit')::bigint as amount_fen
       from ledger_entries n where n.class_id = ? order by n.id`,
    [classId],
  );
  return rows;
}

export type PaymentLine = {
  seat: number;
  name: string;
  id_masked: string;
  standard_fen: number;
  percent: string;
  amount_fen: number;
  status: string;
  status_reason: string | null;
  paid_at: Date | null;
  trace: unknown;
};

export async function listClassLines(db: Db, classId: string): Promise<PaymentLine[]> {
  return db('payment_lines as l')
    .join('enrolments as e', 'e.id', 'l.enrolment_id')
    .join('people as p', 'p.id', 'l.person_id')
    .where('l.class_id', classId)
    .orderBy('e.seat')
    .select(
      'e.seat',
      'p.name',
      'p.id_masked',
      'l.standard_fen',
      'l.percent',
      'l.amount_fen',
      'l.status',
      'l.status_reason',
      'l.paid_at',
      'l.trace',
    );
}

export type PaperLine = { id: string; kind: string; number: string; issued_at: Date; signatory: string | null };
export type PublicLine = { number: string; list: string; published_at: Date; due_date: string; status: string; blocks: boolean };

/** Orders between offices (督办单) are not for the institution: `outside` leaves them out. */
export async function listClassPapers(
  db: Db,
  classId: string,
  outside: boolean,
): Promise<{ papers: PaperLine[]; disclosures: PublicLine[] }> {
  const [papers, disclosures] = await Promise.all([
    db('papers as p')
      .leftJoin('users as u', 'u.id', 'p.signatory')
      .where('p.class_id', classId)
      .whereRaw(`(p.kind <> 'supervision_order' or not cast(? as boolean))`, [outside])
      .orderBy('p.issued_at')
      .select('p.id', 'p.kind', 'p.number', 'p.issued_at', 'u.name as signatory'),
    db('disclosures')
      .where({ class_id: classId })
      .orderBy('published_at')
      .select('number', 'list', 'published_at', 'due_date', 'status', 'blocks'),
  ]);
  return { papers, disclosures };
}

/** Each opening of a material, each roster taken along is on record; among what happened to a class it is told only where all is asked for. */
const readings = ['material.view', 'roster.download'];

export type TimelineFilter = {
  classId: string;
  number: string;
  before?: number | undefined;
  limit: number;
  outside: boolean;
  /** The conversation is not for the assessment body. */
  withMessages: boolean;
  withReadings?: boolean;
};

/**
 * Everything that happened to a class, newest first: its own procedure, its application, its public lists and objections, and what the institution
 * wrote before. `outside` leaves out how the office arranges its work, and the reasons of proposals: only the decision goes out.
 */
export async function listClassTimeline(
  db: Db,
  { classId, number, before, limit, outside, withMessages, withReadings = false }: TimelineFilter,
): Promise<TimelineLine[]> {
  const { rows } = await db.raw<{ rows: TimelineLine[] }>(
    `select a.id, a.at, ${actTold('cast(:outside as boolean)')} as act, a.subject, u.name, i.name as institution, a.detail,
            ${reasonTold('cast(:outside as boolean)', `coalesce(f.payload ->> 'reason', g.body, a.detail ->> 'reason')`)} as reason
       from (select l.* from audit_log l where l.procedure_id = any(array(select id from procedures where class_id = :classId))
             union all select l.* from audit_log l where l.procedure_id is null and l.subject = 'class-' || :number offset 0) a
       left join users u on u.id = a.actor
       left join institutions i on i.id = u.institution_id
       left join facts f on ${factOfLine}
       left join class_messages g on g.id = case when a.act = 'message.send' then cast(a.detail ->> 'message' as uuid) end
      where (a.act <> 'procedure.step' or a.detail \\? 'tasks') and (cast(:before as bigint) is null or a.id < :before)
        and not (cast(:outside as boolean) and ${hiddenOutside})
        and (cast(:withMessages as boolean) or a.act <> 'message.send')
        and (cast(:withReadings as boolean) or a.act <> all(:readings))
      order by a.id desc limit :limit`,
    { classId, number, before: before ?? null, limit, outside, withMessages, withReadings, readings },
  );
  return rows;
}

/** Why the office sent a class away or its institution took it back: the reason of the last fact that ended it. */
export async function findEndReason(db: Db, procedureId: string): Promise<{ reason: string; at: Date } | undefined> {
  const { rows } = await db.raw<{ rows: { reason: string; at: Date }[] }>(
    `select payload ->> 'reason' as reason, at from facts where procedure_id = ? and payload \\? 'reason' and (kind = 'withdrawn' or outcome = 'refuse') order by no desc limit 1`,
    [procedureId],
  );
  return rows[0];
}
