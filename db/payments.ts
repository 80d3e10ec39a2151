/** Payment batches: made, checked and released by three people, sent to the bank, answered line by line. Nobody is paid twice, by constraint. */
import type { BankAnswer } from '../workflows/domain/bank-file.ts';
import { ConflictError, NotAllowedError, NotFoundError } from '../workflows/domain/errors.ts';
import type { Db, Trx } from './client.ts';
import type { DecisionContext } from './decision-rules.ts';
import { requestDigest } from './idempotency.ts';
import { dispatchFunds, payFunds, returnFunds } from './ledger.ts';
import { auditOutside, type LockedProcedure, lockProcedure, openProcedure, writeFact } from './procedures.ts';
import { nextNumber } from './serial-numbers.ts';
import { type ApplicationRow, getApplicationOf } from './subsidies.ts';

export type BatchRow = {
  id: string;
  number: string;
  procedure_id: string;
  region: string;
  fund: string;
  year: number;
  line_count: number;
  total_fen: number;
  status: 'made' | 'checked' | 'released' | 'answered' | 'cancelled';
  made_by: string;
  made_at: Date;
  checked_by: string | null;
  checked_at: Date | null;
  released_by: string | null;
  released_at: Date | null;
  bank_file: Buffer | null;
  answered_at: Date | null;
  answer_digest: string | null;
};

export async function findBatch(db: Db, number: string): Promise<BatchRow | undefined> {
  return db<BatchRow>('payment_batches').where({ number }).first();
}

export async function getBatchOf(db: Db, procedureId: string): Promise<BatchRow> {
  const row = await db<BatchRow>('payment_batches').where({ procedure_id: procedureId }).first();
  if (!row) throw new NotFoundError('batch.unknown');
  return row;
}

type PayableLine = { id: string; amount_fen: number; account_masked: string; attempts: number };

/** Decision rule: a batch of every approved line of the application that is not held and has no living attempt. */
export async function makeBatch({ trx, actor, procedure }: DecisionContext): Promise<Record<string, unknown>> {
  const application = await getApplicationOf(trx, procedure.id);
  const lines: PayableLine[] = await trx('payment_lines as l')
    .join('enrolments as e', 'e.id', 'l.enrolment_id')
    .where({ 'l.application_id': application.id, 'l.status': 'approved' })
    .whereNull('e.held_by')
    .orderBy('e.seat')
    .select('l.id', 'l.amount_fen', 'e.account_masked', trx.raw('(select count(*) from payment_attempts a where a.line_id = l.id) as attempts'));
  if (lines.length === 0) throw new ConflictError('batch.nothingPayable');
  const totalFen = lines.reduce((sum, line) => sum + line.amount_fen, 0);
  const number = await nextNumber(trx, 'batch', application.region, procedure.today.slice(0, 4));
  const procedureId = `batch-${number}`;
  await openProcedure(trx, {
    id: procedureId,
    type: 'subsidyPayment',
    subjectId: number,
    classId: application.class_id,
    region: application.region,
    institutionId: procedure.institution_id ?? undefined,
    number,
    title: procedure.subject_title,
    institutionName: procedure.institution_name,
    headcount: lines.length,
    amountFen: totalFen,
    terms: procedure.terms,
    flags: { applications: procedure.id },
  });
  const [batch] = await trx('payment_batches')
    .insert({ number, procedure_id: procedureId, region: application.region, fund: application.fund, year: application.year, line_count: lines.length, total_fen: totalFen, made_by: actor.userId, made_at: procedure.now })
    .returning('id');
  await trx('payment_attempts').insert(
    lines.map((line, at) => ({ line_id: line.id, number: Number(line.attempts) + 1, batch_id: batch.id, reference: `${number}-${String(at + 1).padStart(4, '0')}`, serial: at + 1, account_masked: line.account_masked })),
  );
  await trx('payment_lines')
    .whereIn(
      'id',
      lines.map((line) => line.id),
    )
    .update({ status: 'in_batch' });
  await trx('signatures').insert({ scope: procedureId, user_id: actor.userId, step: 'payment.make', signed_at: procedure.now });
  await writeFact(trx, await lockProcedure(trx, procedureId), { kind: 'submitted', actor: actor.userId }, { act: 'batch.make', subject: procedureId, detail: { lines: lines.length, totalFen } });
  return { batch: number };
}

/** Decision rule of checking and releasing: other people than before, in the rule and in the table's own constraint. */
export async function signBatch({ trx, actor, task, procedure, decision }: DecisionContext): Promise<void> {
  const batch = await getBatchOf(trx, procedure.id);
  if (decision.outcome === 'send_back') return;
  const column = task.kind === 'batch_check' ? 'checked' : 'released';
  if ([batch.made_by, batch.checked_by].includes(actor.userId)) throw new NotAllowedError('task.fourEyes');
  await trx('payment_batches')
    .where({ id: batch.id })
    .update({ status: column, [`${column}_by`]: actor.userId, [`${column}_at`]: procedure.now });
  if (column === 'released') await dispatch(trx, batch, actor.userId);
}

/** Released: the money is on its way, line by line. */
async function dispatch(trx: Trx, batch: BatchRow, actor: string): Promise<void> {
  await trx('payment_attempts').where({ batch_id: batch.id, status: 'planned' }).update({ status: 'sent' });
  await trx('payment_lines').whereIn('id', trx('payment_attempts').where({ batch_id: batch.id, status: 'sent' }).select('line_id')).update({ status: 'sent' });
  await dispatchFunds(trx, { fund: batch.fund, year: batch.year, region: batch.region, reference: batch.number, amountFen: batch.total_fen, actor });
}

export type BankLine = { serial: number; reference: string; enrolmentId: string; name: string; bankName: string; accountSealed: string; amountFen: number };

/** The lines of a batch with what the bank file needs. The account is still sealed. */
export async function listBankLines(db: Db, batchId: string): Promise<BankLine[]> {
  return db('payment_attempts as a')
    .join('payment_lines as l', 'l.id', 'a.line_id')
    .join('enrolments as e', 'e.id', 'l.enrolment_id')
    .join('people as p', 'p.id', 'e.person_id')
    .where('a.batch_id', batchId)
    .orderBy('a.serial')
    .select({ serial: 'a.serial', reference: 'a.reference', enrolmentId: 'e.id', name: 'p.name', bankName: 'e.bank_name', accountSealed: 'e.account_sealed', amountFen: 'l.amount_fen' });
}

export async function keepBankFile(trx: Trx, batchId: string, content: Buffer): Promise<void> {
  await trx('payment_batches').where({ id: batchId }).whereNull('bank_file').update({ bank_file: content, bank_file_digest: requestDigest(content.toString('base64')) });
}

type AttemptRow = { line_id: string; reference: string; amount_fen: number };

/** Decision rule of the bank's answer: every line answered, for this batch, once; pays and returns are posted line by line. */
export async function takeBankAnswer({ trx, actor, procedure, decision }: DecisionContext): Promise<Record<string, unknown>> {
  const answer = decision.payload?.answer as BankAnswer | undefined;
  if (!answer) throw new ConflictError('bank.answerMissing');
  const batch = await getBatchOf(trx, procedure.id);
  if (answer.batchNumber !== batch.number) throw new ConflictError('bank.otherBatch', { given: answer.batchNumber, expected: batch.number });
  if (batch.status === 'answered') throw new ConflictError('bank.alreadyAnswered');
  const attempts: AttemptRow[] = await trx('payment_attempts as a').join('payment_lines as l', 'l.id', 'a.line_id').where({ 'a.batch_id': batch.id, 'a.status': 'sent' }).select('a.line_id', 'a.reference', 'l.amount_fen');
  const byReference = new Map(attempts.map((attempt) => [attempt.reference, attempt]));
  for (const line of answer.lines) if (!byReference.has(line.reference)) throw new ConflictError('bank.unknownReference', { reference: line.reference });
  if (answer.lines.length !== attempts.length) throw new ConflictError('bank.incomplete', { given: answer.lines.length, expected: attempts.length });
  for (const line of answer.lines) {
    const attempt = byReference.get(line.reference) as AttemptRow;
    if (line.amountFen !== attempt.amount_fen) throw new ConflictError('bank.amountDiffers', { reference: line.reference });
    const event = { fund: batch.fund, year: batch.year, region: batch.region, reference: line.reference, amountFen: attempt.amount_fen, actor: actor.userId };
    const paid = line.status === 'success';
    await trx('payment_attempts')
      .where({ reference: line.reference })
      .update({ status: paid ? 'paid' : 'failed', reason_code: line.reasonCode ?? null, reason: line.reason ?? null, bank_serial: line.bankSerial ?? null, answered_at: procedure.now });
    await trx('payment_lines')
      .where({ id: attempt.line_id, status: 'sent' })
      .update(paid ? { status: 'paid', paid_at: procedure.now, status_reason: null } : { status: 'failed', status_reason: line.reason ?? line.reasonCode ?? '' });
    if (paid) await payFunds(trx, event);
    else await returnFunds(trx, event);
  }
  await trx('payment_batches').where({ id: batch.id }).update({ status: 'answered', answered_at: procedure.now, answer_digest: requestDigest(answer) });
  const failed = answer.lines.filter((line) => line.status !== 'success').length;
  return { answer: undefined, paid: answer.lines.length - failed, failed };
}

/** The end of a batch: a batch sent back gives its lines free; the applications in it are rung. */
export async function closeBatch(trx: Trx, procedure: LockedProcedure, outcome: string): Promise<void> {
  const batch = await getBatchOf(trx, procedure.id);
  if (outcome === 'cancelled') {
    const lines = trx('payment_attempts').where({ batch_id: batch.id, status: 'planned' }).select('line_id');
    await trx('payment_lines').whereIn('id', lines).where({ status: 'in_batch' }).update({ status: 'approved' });
    await trx('payment_attempts').where({ batch_id: batch.id, status: 'planned' }).update({ status: 'cancelled' });
    await trx('payment_batches').where({ id: batch.id }).update({ status: 'cancelled' });
  }
  const applications: ApplicationRow[] = await trx('subsidy_applications as s')
    .whereIn('s.id', trx('payment_lines as l').join('payment_attempts as a', 'a.line_id', 'l.id').where('a.batch_id', batch.id).select('l.application_id'))
    .orderBy('s.procedure_id')
    .select('s.*');
  for (const application of applications) {
    const other = await lockProcedure(trx, application.procedure_id);
    if (other.status === 'open') await writeFact(trx, other, { kind: 'batch_answered', outcome }, { act: `batch.${outcome}`, subject: procedure.id });
  }
}

/** Decision rule: every returned line has another account by now. */
export async function requireNewAccounts({ trx, procedure }: DecisionContext): Promise<void> {
  const application = await getApplicationOf(trx, procedure.id);
  const { rows } = await trx.raw<{ rows: { waiting: number }[] }>(
    `select count(*) as waiting from payment_lines l join enrolments e on e.id = l.enrolment_id
      where l.application_id = ? and l.status = 'failed'
        and e.account_masked = (select a.account_masked from payment_attempts a where a.line_id = l.id order by a.number desc limit 1)
        and not exists (select from audit_log x where x.subject = 'enrolment-' || e.id and x.act = 'account.correct'
                         and x.at > (select max(a.answered_at) from payment_attempts a where a.line_id = l.id))`,
    [application.id],
  );
  if (Number(rows[0]?.waiting) > 0) throw new ConflictError('account.unchanged', { count: Number(rows[0]?.waiting) });
}

/** Returned lines become payable again. */
export async function retryFailedLines(trx: Trx, procedureId: string): Promise<void> {
  const application = await getApplicationOf(trx, procedureId);
  await trx('payment_lines').where({ application_id: application.id, status: 'failed' }).update({ status: 'approved', status_reason: null });
}

/** A new account for a trainee whose line the bank returned; sealed, on record who corrected it. */
export async function correctAccount(trx: Trx, actorId: string, enrolmentId: string, columns: { account_sealed: string; account_index: Buffer; account_masked: string }): Promise<void> {
  const changed = await trx('enrolments')
    .where({ id: enrolmentId })
    .whereIn('id', trx('payment_lines').where({ enrolment_id: enrolmentId, status: 'failed' }).select('enrolment_id'))
    .update(columns);
  if (changed === 0) throw new ConflictError('account.notReturned');
  await auditOutside(trx, actorId, { act: 'account.correct', subject: `enrolment-${enrolmentId}` });
}

/** The task that takes the bank's answer of a batch, open or decided. */
export async function findAnsweredTask(db: Db, procedureId: string): Promise<{ id: string; status: string } | undefined> {
  return db('tasks').where({ procedure_id: procedureId, kind: 'bank_answer' }).orderBy('round', 'desc').first('id', 'status');
}
