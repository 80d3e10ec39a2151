/** Batches and their lines as pages and programs get them. */
import type { AttemptView, BatchView } from '../../db/views/payments.ts';
import type { BatchStatus } from '../../db/money/payments.ts';
import type { Translate } from '../pages/i18n.ts';

export const batchStatuses = ['made', 'checked', 'released', 'answered', 'cancelled'] as const;
const toneOfBatch: Record<BatchStatus, string> = { made: 'blue', checked: 'blue', released: 'amber', answered: 'green', cancelled: '' };
const toneOfAttempt: Record<AttemptView['status'], string> = {
  planned: 'blue',
  sent: 'amber',
  paid: 'green',
  failed: 'red',
  cancelled: '',
};

export function batchJson(batch: BatchView) {
  return {
    number: batch.number,
    status: batch.status,
    title: batch.title,
    institution: batch.institution,
    fund: batch.fund,
    year: batch.year,
    lineCount: batch.line_count,
    totalFen: batch.total_fen,
    paidFen: batch.paid_fen,
    failedCount: batch.failed_count,
    madeBy: batch.made_name,
    madeAt: batch.made_at,
    checkedBy: batch.checked_name,
    checkedAt: batch.checked_at,
    releasedBy: batch.released_name,
    releasedAt: batch.released_at,
    answeredAt: batch.answered_at,
    bankFileDigest: batch.bank_file_digest,
  };
}

export function batchView(batch: BatchView, t: Translate) {
  return { ...batchJson(batch), statusLabel: t(`payments.states.${batch.status}`), tone: toneOfBatch[batch.status] };
}

export function lineJson(line: AttemptView) {
  return {
    serial: line.serial,
    reference: line.reference,
    attempt: line.number,
    name: line.name,
    idMasked: line.id_masked,
    account: line.account_masked,
    bankName: line.bank_name,
    amountFen: line.amount_fen,
    status: line.status,
    reasonCode: line.reason_code,
    reason: line.reason,
    bankSerial: line.bank_serial,
    held: line.held_by !== null,
  };
}

export function attemptView(line: AttemptView, t: Translate) {
  return { ...lineJson(line), statusLabel: t(`payments.attempts.${line.status}`), tone: toneOfAttempt[line.status] };
}
