/** Answers of the registers (联网核查): asked per trainee, kept as evidence. No answer never counts as yes (N18). */
import type { Knex } from 'knex';
import { ConflictError, inputError, NotFoundError } from '../../workflows/domain/errors.ts';
import { requireReason } from '../../workflows/domain/reasons.ts';
import { judgeTaskAct } from '../../workflows/domain/task-acts.ts';
import { stageOf } from '../../workflows/domain/tasks.ts';
import { type Db, inTransaction, type Trx } from '../client.ts';
import type { ReadingContext } from '../protocol/decision-rules.ts';
import type { TaskRow } from '../protocol/tasks.ts';
import { type IdempotentRequest, onceOnly } from '../protocol/idempotency.ts';
import { auditProcedure, type LockedProcedure, lockProcedure, requireOpen, writeFact } from '../protocol/procedures.ts';
import { isMovingBack } from '../protocol/taking-back.ts';
import { refusal, whoSignedElsewhere } from '../protocol/task-acts.ts';
import { run, statement } from '../queries/statements.ts';
import type { Actor } from '../accounts/users.ts';

export const registers = ['identity', 'insurance', 'duplicate', 'certificate'] as const;
export type Register = (typeof registers)[number];
export type VerificationResult = 'yes' | 'no' | 'contradictory' | 'none';

/** Which registers must have confirmed every trainee before a stage is approved. */
export const stageRegisters: Readonly<Record<string, readonly Register[]>> = {
  pre_training: ['identity', 'insurance', 'duplicate'],
  filing: ['certificate'],
};

/** One thing to ask. `token` is the blind index of the person in hex: the number itself stays here. */
export type Question = {
  verificationId: string;
  register: Register;
  token: string;
  group: string;
  certificateNumber?: string | undefined;
  certificateDate?: string | undefined;
};

export type Answer = { verificationId: string; result: VerificationResult; evidence: Record<string, unknown> };

// Who has to be confirmed: everybody enrolled; for certificates those who passed.
const concerned = `from enrolments e cross join unnest(cast(:registers as text[])) as wanted (register)
  left join results r on r.enrolment_id = e.id
 where e.class_id = :classId and e.status = 'enrolled' and (wanted.register <> 'certificate' or r.passed)`;

/** Enters what is to be asked and returns what has no answer yet: asked again, an activity asks only that. */
export async function openQuestions(db: Knex, procedureId: string, wanted: readonly Register[]): Promise<Question[]> {
  return inTransaction(db, async (trx) => {
    const procedure = await lockProcedure(trx, procedureId);
    const bindings = { classId: procedure.class_id, registers: [...wanted] };
    await trx.raw(
      `insert into verifications (enrolment_id, register, result, asked_at)
       select e.id, wanted.register, 'none', business_now() ${concerned} on conflict (enrolment_id, register) do nothing`,
      bindings,
    );
    const { rows } = await trx.raw<{
      rows: { id: string; register: Register; token: string; group_code: string; number: string | null; date: string | null }[];
    }>(
      `update verifications v set asked_at = business_now()
         from enrolments e join people p on p.id = e.person_id left join results r on r.enrolment_id = e.id
        where v.enrolment_id = e.id and e.class_id = :classId and e.status = 'enrolled' and v.register = any(:registers)
          and (v.register <> 'certificate' or r.passed) and v.result = 'none' and v.settled_at is null
       returning v.id, v.register, encode(p.id_index, 'hex') as token, e.group_code, r.certificate_number as number, r.certificate_date as date`,
      bindings,
    );
    return rows.map((row) => ({
      verificationId: row.id,
      register: row.register,
      token: row.token,
      group: row.group_code,
      ...(row.register === 'certificate' ? { certificateNumber: row.number ?? '', certificateDate: row.date ?? '' } : {}),
    }));
  });
}

/** Writes answers where none was on record. Evidence of a question without answer says what went wrong. Returns how many were written. */
export async function recordAnswers(db: Knex, procedureId: string, answers: readonly Answer[]): Promise<number> {
  if (answers.length === 0) return 0;
  return inTransaction(db, async (trx) => {
    const procedure = await lockProcedure(trx, procedureId);
    const { rows } = await trx.raw<{ rows: { register: Register; result: VerificationResult }[] }>(
      `update verifications v
          set result = a.result, evidence = v.evidence || a.evidence, answered_at = case when a.result = 'none' then null else business_now() end
         from jsonb_to_recordset(cast(:answers as jsonb)) as a ("verificationId" uuid, result text, evidence jsonb)
        where v.id = a."verificationId" and v.result = 'none' and v.settled_at is null
       returning v.register, v.result`,
      { answers: JSON.stringify(answers) },
    );
    const counts: Record<string, number> = {};
    for (const row of rows.filter((answer) => answer.result !== 'none'))
      counts[`${row.register}.${row.result}`] = (counts[`${row.register}.${row.result}`] ?? 0) + 1;
    if (Object.keys(counts).length === 0) return 0;
    await touchReviews(trx, procedure.id);
    await auditProcedure(trx, procedure, undefined, { act: 'verification.answered', subject: procedure.id, detail: counts });
    return rows.length;
  });
}

/** The evidence of open reviews has changed: whoever has an old form is told so. */
export async function touchReviews(trx: Trx, procedureId: string): Promise<void> {
  await trx('tasks').where({ procedure_id: procedureId, status: 'open', kind: 'review' }).increment('version', 1);
}

const outstanding = statement(`select cast(count(*) as int) as count from (
    select e.id as enrolment_id, wanted.register ${concerned}) as asked
    left join verifications v on v.enrolment_id = asked.enrolment_id and v.register = asked.register
   where v.result is distinct from 'yes' and v.settled_at is null`);

/** How many checks of a stage are neither confirmed nor settled by hand; what was never asked counts too. */
export async function countOutstanding(db: Db, classId: string, stage: string): Promise<number> {
  const [row] = await run<{ count: number }>(db, outstanding, { classId, registers: stageRegisters[stage] ?? [] });
  return row?.count ?? 0;
}

/** Decision rule: a review approves only what the registers confirmed or an officer settled with a reason. */
export async function requireChecks({ trx, task, procedure, decision }: ReadingContext): Promise<void> {
  if (decision.outcome !== 'approve') return;
  const count = await countOutstanding(trx, procedure.class_id ?? '', stageOf(task.step));
  if (count > 0) throw new ConflictError('checks.outstanding', { count });
}

/** The open review task of a procedure that this officer may decide at this moment: what is settled here takes part in the decision. Throws ConflictError, NotAllowedError. */
export async function reviewFor(trx: Trx, actor: Actor, procedure: LockedProcedure): Promise<TaskRow> {
  requireOpen(procedure);
  const task = await trx<TaskRow>('tasks').where({ procedure_id: procedure.id, status: 'open', kind: 'review' }).first();
  if (!task) throw new ConflictError('checks.notInReview');
  if (await isMovingBack(trx, procedure)) throw new ConflictError('takeBack.moving');
  const verdict = judgeTaskAct('decide', actor, task, await whoSignedElsewhere(trx, actor, task));
  if (verdict === 'task.claimed') throw new ConflictError('checks.claimedByOther');
  if (verdict !== 'yes' && verdict !== 'already') throw await refusal(trx, actor, verdict, task);
  return task;
}

export type Settlement = {
  procedureId: string;
  verificationIds: readonly string[];
  reason: string;
  request?: IdempotentRequest | undefined;
};

/**
 * Settles checks by hand with a reason: by the officer whose review is open. The register's answer stays as it was.
 * Throws InputError (reason), NotFoundError (no such check in this class), ConflictError (`checks.settled`: confirmed or settled already).
 */
export async function settleVerification(
  db: Knex,
  actor: Actor,
  { procedureId, verificationIds, reason, request }: Settlement,
): Promise<{ settled: number }> {
  requireReason(reason);
  if (verificationIds.length === 0) throw inputError('verificationIds', 'checks.chooseOne');
  return onceOnly(db, request, async (trx) => {
    const procedure = await lockProcedure(trx, procedureId);
    const task = await reviewFor(trx, actor, procedure);
    const ids = [...new Set(verificationIds)];
    const known = await trx('verifications as v')
      .join('enrolments as e', 'e.id', 'v.enrolment_id')
      .where({ 'e.class_id': procedure.class_id, 'e.status': 'enrolled' })
      .whereIn('v.register', [...(stageRegisters[stageOf(task.step)] ?? [])])
      .whereIn('v.id', ids.filter(isUuid))
      .select('v.id', 'v.register', 'e.seat');
    if (known.length !== ids.length) throw new NotFoundError('checks.unknown');
    const settled = await trx('verifications')
      .whereIn('id', ids)
      .whereNot('result', 'yes')
      .whereNull('settled_at')
      .update({ settled_by: actor.userId, settled_at: procedure.now, settled_reason: reason.trim() });
    if (settled !== ids.length) throw new ConflictError('checks.settled');
    await touchReviews(trx, procedure.id);
    const detail = { task: task.id, checks: known.map((check) => `${check.seat}/${check.register}`).sort(), reason: reason.trim() };
    await auditProcedure(trx, procedure, actor.userId, { act: 'verification.settle', subject: procedure.id, detail });
    return { settled };
  });
}

/** Asks the registers again about everything that is not confirmed and not settled. Earlier answers stay in the evidence. */
export async function askAgain(db: Knex, actor: Actor, procedureId: string, request?: IdempotentRequest): Promise<{ asked: number }> {
  return onceOnly(db, request, async (trx) => {
    const procedure = await lockProcedure(trx, procedureId);
    const task = await reviewFor(trx, actor, procedure);
    const wanted = [...(stageRegisters[stageOf(task.step)] ?? [])];
    const asked = await countOutstanding(trx, procedure.class_id ?? '', stageOf(task.step));
    if (wanted.length === 0 || asked === 0) throw new ConflictError('checks.nothingOutstanding');
    await forgetAnswers(trx, procedure.class_id ?? '', wanted);
    await writeFact(
      trx,
      procedure,
      { kind: 'recheck_requested', actor: actor.userId },
      { act: 'verification.again', subject: procedure.id, detail: { task: task.id, asked } },
    );
    return { asked };
  });
}

async function forgetAnswers(trx: Trx, classId: string, wanted: readonly Register[]): Promise<void> {
  await trx.raw(
    `update verifications v set result = 'none', answered_at = null,
            evidence = jsonb_build_object('earlier', coalesce(v.evidence -> 'earlier', '[]') || jsonb_build_array((v.evidence - 'earlier') || jsonb_build_object('result', v.result, 'answeredAt', v.answered_at)))
       from enrolments e
      where e.id = v.enrolment_id and e.class_id = :classId and v.register = any(:registers) and v.result in ('no', 'contradictory') and v.settled_at is null`,
    { classId, registers: [...wanted] },
  );
}

/** Certificates that were entered anew have not been looked up yet. */
export async function dropCertificateChecks(trx: Trx, enrolmentIds: readonly string[]): Promise<void> {
  await trx('verifications').where({ register: 'certificate' }).whereIn('enrolment_id', enrolmentIds).delete();
}

export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}
