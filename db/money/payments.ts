/** Payment batches: made, checked and released by three people, sent to the bank, answered line by line. Nobody is paid twice, by constraint. */
import { createHash } from 'node:crypto';
import { ConflictError, NotAllowedError, NotFoundError } from '../../workflows/domain/errors.ts';
import { procedureIdOf } from '../../workflows/domain/procedures.ts';
import type { Outcome } from '../../workflows/domain/stages.ts';
import { mayDecide } from '../../workflows/domain/scope.ts';
import type { Db, Trx } from '../client.ts';
import type { DecisionContext } from '../protocol/decision-rules.ts';
import { dispatchFunds } from './ledger.ts';
import { inheritFrom, startProcedure, tellProcedure } from '../protocol/life.ts';
import { auditOutside, type LockedProcedure } from '../protocol/procedures.ts';
import { nextNumber } from '../serial-numbers.ts';
import { type ApplicationRow, getApplicationOf } from './subsidies.ts';
import type { Actor } from '../accounts/users.ts';
import { placeOf, type Vault } from '../vault.ts';

export type BatchStatus = 'made' | 'checked' | 'released' | 'answered' | 'cancelled';
export type BatchRow = {
  id: string;
  number: string;
  procedure_id: string;
  region: string;
  fund: string;
  year: number;
  line_count: number;
  total_fen: number;
  payer_name: string;
  payer_account: string;
  bank_template: string;
  status: BatchStatus;
  made_by: string;
  made_at: Date;
  checked_by: string | null;
  checked_at: Date | null;
  released_by: string | null;
  released_at: Date | null;
  bank_file_sealed: string | null;
  bank_file_digest: string | null;
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

export type PayingAccount = { region: string; fund: string; name: string; account: string; bankTemplate: string };

/** The account that an office pays a fund from, and the form in which its bank takes files. */
export async function savePayingAccount(db: Db, { bankTemplate, ...row }: PayingAccount): Promise<void> {
  await db('paying_accounts')
    .insert({ ...row, bank_template: bankTemplate })
    .onConflict(['region', 'fund'])
    .merge();
}

/** The account for a fund of the nearest office upwards from a region. Throws ConflictError `batch.noPayingAccount`. */
async function payingAccountFor(
  trx: Trx,
  regionPath: string,
  fund: string,
): Promise<{ name: string; account: string; bank_template: string }> {
  const upwards = regionPath.split('/').reverse();
  const rows = await trx('paying_accounts').where({ fund }).whereIn('region', upwards).select('region', 'name', 'account', 'bank_template');
  const found = rows.sort((a, b) => upwards.indexOf(a.region) - upwards.indexOf(b.region))[0];
  if (!found) throw new ConflictError('batch.noPayingAccount');
  return found;
}

type PayableLine = { id: string; amount_fen: number; account_masked: string; account_index: Buffer; bank_name: string; attempts: number };

/** Decision rule: a batch of every approved line of the application that is not held and has no living attempt. */
export async function makeBatch({ trx, actor, procedure, decision }: DecisionContext): Promise<Record<string, unknown>> {
  const application = await getApplicationOf(trx, procedure.id);
  const lines: PayableLine[] = await trx('payment_lines as l')
    .join('enrolments as e', 'e.id', 'l.enrolment_id')
    .where({ 'l.application_id': application.id, 'l.status': 'approved' })
    .whereNull('e.held_by')
    .orderBy('e.seat')
    .select(
      'l.id',
      'l.amount_fen',
      'e.account_masked',
      'e.account_index',
      'e.bank_name',
      trx.raw('(select count(*) from payment_attempts a where a.line_id = l.id) as attempts'),
    );
  if (lines.length === 0) throw new ConflictError('batch.nothingPayable');
  const payer = await payingAccountFor(trx, procedure.region_path, application.fund);
  const totalFen = lines.reduce((sum, line) => sum + line.amount_fen, 0);
  const number = await nextNumber(trx, 'batch', application.region, procedure.today.slice(0, 4));
  const procedureId = procedureIdOf('subsidyPayment', number);
  const opening = {
    id: procedureId,
    type: 'subsidyPayment',
    ...inheritFrom(procedure),
    subjectId: number,
    number,
    headcount: lines.length,
    amountFen: totalFen,
    flags: { applications: procedure.id },
  } as const;
  await startProcedure(trx, opening, { actor: actor.userId, audit: { act: 'batch.make', detail: { lines: lines.length, totalFen } } });
  const [batch] = await trx('payment_batches')
    .insert({
      number,
      procedure_id: procedureId,
      region: application.region,
      fund: application.fund,
      year: application.year,
      line_count: lines.length,
      total_fen: totalFen,
      payer_name: payer.name,
      payer_account: payer.account,
      bank_template: payer.bank_template,
      made_by: actor.userId,
      made_at: procedure.now,
    })
    .returning('id');
  await trx('payment_attempts').insert(
    lines.map((line, at) => ({
      line_id: line.id,
      number: Number(line.attempts) + 1,
      batch_id: batch.id,
      reference: `${number}-${String(at + 1).padStart(4, '0')}`,
      serial: at + 1,
      account_masked: line.account_masked,
      account_index: line.account_index,
      bank_name: line.bank_name,
    })),
  );
  const ids = lines.map((line) => line.id);
  await trx('payment_lines').whereIn('id', ids).update({ status: 'in_batch' });
  const signers = decision.principal ? [actor.userId, decision.principal] : [actor.userId];
  await trx('signatures').insert(
    signers.map((signer) => ({ scope: procedureId, user_id: signer, step: 'payment.make', signed_at: procedure.now })),
  );
  return { batch: number };
}

/** Decision rule of checking and releasing: other people than before, in the rule and in the table's own constraint. */
export async function signBatch({ trx, actor, task, procedure, decision }: DecisionContext): Promise<void> {
  const batch = await getBatchOf(trx, procedure.id);
  if (decision.outcome === 'send_back') return;
  const column = task.kind === 'batch_check' ? 'checked' : 'released';
  if ([actor.userId, decision.principal].some((one) => one && [batch.made_by, batch.checked_by].includes(one)))
    throw new NotAllowedError('task.fourEyes');
  if (column === 'released') await requireNoneHeld(trx, batch.id, 'in_batch');
  await trx('payment_batches')
    .where({ id: batch.id })
    .update({ status: column, [`${column}_by`]: actor.userId, [`${column}_at`]: procedure.now });
  if (column === 'released') await dispatch(trx, batch, actor.userId);
}

/**
 * An objection that came after the batch was made: the batch goes back, and is made again without the person. The rows stay locked, so that an
 * objection raised at the same moment comes before the release or after it, never between this look and the sending.
 */
async function requireNoneHeld(trx: Trx, batchId: string, expected: 'in_batch' | 'sent'): Promise<void> {
  const lines = await trx('payment_attempts as a')
    .join('payment_lines as l', 'l.id', 'a.line_id')
    .join('enrolments as e', 'e.id', 'l.enrolment_id')
    .where({ 'a.batch_id': batchId })
    .orderBy('a.serial')
    .forUpdate('l', 'e')
    .select('a.serial', 'e.held_by', 'l.status');
  const held = lines.filter((line) => line.held_by !== null || line.status !== expected);
  if (held.length > 0) throw new ConflictError('batch.held', { lines: held.map((line) => line.serial).join(', ') });
}

/** Released: the money is on its way. */
async function dispatch(trx: Trx, batch: BatchRow, actor: string): Promise<void> {
  await trx('payment_attempts').where({ batch_id: batch.id, status: 'planned' }).update({ status: 'sent' });
  const sent = await trx('payment_lines')
    .whereIn('id', trx('payment_attempts').where({ batch_id: batch.id, status: 'sent' }).select('line_id'))
    .where({ status: 'in_batch' })
    .update({ status: 'sent' });
  // Somebody was excluded since the lines were looked at.
  if (sent !== batch.line_count) await requireNoneHeld(trx, batch.id, 'sent');
  await dispatchFunds(trx, {
    fund: batch.fund,
    year: batch.year,
    region: batch.region,
    reference: batch.number,
    amountFen: batch.total_fen,
    actor,
  });
}

export type BankLine = {
  serial: number;
  reference: string;
  enrolmentId: string;
  name: string;
  bankName: string;
  accountSealed: string;
  amountFen: number;
};

/** The lines of a batch with what the bank file needs. The account is still sealed. */
export async function listBankLines(db: Db, batchId: string): Promise<BankLine[]> {
  return db('payment_attempts as a')
    .join('payment_lines as l', 'l.id', 'a.line_id')
    .join('enrolments as e', 'e.id', 'l.enrolment_id')
    .join('people as p', 'p.id', 'e.person_id')
    .where('a.batch_id', batchId)
    .orderBy('a.serial')
    .select({
      serial: 'a.serial',
      reference: 'a.reference',
      enrolmentId: 'e.id',
      name: 'p.name',
      bankName: 'e.bank_name',
      accountSealed: 'e.account_sealed',
      amountFen: 'l.amount_fen',
    });
}

const filePlace = (batchId: string): string => placeOf('payment_batches', 'bank_file_sealed', batchId);

/** Keeps the file for the bank, sealed, since it holds full account numbers. What was formed first stays. */
export async function keepBankFile(trx: Trx, vault: Vault, batchId: string, content: Buffer): Promise<void> {
  await trx('payment_batches')
    .where({ id: batchId })
    .whereNull('bank_file_sealed')
    .update({
      bank_file_sealed: vault.seal(filePlace(batchId), content.toString('base64')),
      bank_file_digest: createHash('sha256').update(content).digest('hex'),
    });
}

/**
 * The file for the bank, for the office that pays; taking it is on record, since it holds full account numbers.
 * Throws NotAllowedError for any other office, ConflictError `batch.notReleased`.
 */
export async function takeBankFile(db: Db, vault: Vault, actor: Actor, number: string): Promise<Buffer> {
  const batch = await findBatch(db, number);
  if (!batch) throw new NotFoundError('batch.unknown');
  if (!batch.bank_file_sealed) throw new ConflictError('batch.notReleased');
  const task = await db('tasks')
    .where({ procedure_id: batch.procedure_id, role: 'payment_officer' })
    .first('role', 'office', 'institution_id');
  if (!task || !mayDecide(actor, { role: task.role, office: task.office, institutionId: task.institution_id }))
    throw new NotAllowedError('task.notYours');
  await auditOutside(db, actor.userId, {
    act: 'batch.file',
    subject: batch.procedure_id,
    detail: { lines: batch.line_count, digest: batch.bank_file_digest },
  });
  return Buffer.from(vault.open(filePlace(batch.id), batch.bank_file_sealed), 'base64');
}

/** The end of a batch: a batch sent back gives its lines free; the applications in it are rung. */
export async function closeBatch(trx: Trx, procedure: LockedProcedure, outcome: Outcome<'subsidyPayment'>): Promise<void> {
  const batch = await getBatchOf(trx, procedure.id);
  if (outcome === 'cancelled') {
    const lines = trx('payment_attempts').where({ batch_id: batch.id, status: 'planned' }).select('line_id');
    await trx('payment_lines').whereIn('id', lines).where({ status: 'in_batch' }).update({ status: 'approved' });
    await trx('payment_attempts').where({ batch_id: batch.id, status: 'planned' }).update({ status: 'cancelled' });
    await trx('payment_batches').where({ id: batch.id }).update({ status: 'cancelled' });
  }
  const applications: ApplicationRow[] = await trx('subsidy_applications as s')
    .whereIn(
      's.id',
      trx('payment_lines as l').join('payment_attempts as a', 'a.line_id', 'l.id').where('a.batch_id', batch.id).select('l.application_id'),
    )
    .orderBy('s.procedure_id')
    .select('s.*');
  for (const application of applications) {
    const audit = { act: `batch.${outcome}`, subject: procedure.id };
    await tellProcedure(trx, application.procedure_id, { kind: 'batch_answered', outcome }, audit);
  }
}
