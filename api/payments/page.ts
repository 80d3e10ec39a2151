import type { AttemptView, BatchView } from '../../db/views/payments.ts';

export function batchJson(batch: BatchView) {
  return {
    number: batch.number,
    status: batch.status,
    title: batch.title,
    institution: batch.institution,
    lineCount: batch.line_count,
    totalFen: batch.total_fen,
    madeBy: batch.made_name,
    checkedBy: batch.checked_name,
    releasedBy: batch.released_name,
  };
}

export function lineJson(line: AttemptView) {
  return { serial: line.serial, reference: line.reference, name: line.name, account: line.account_masked, amountFen: line.amount_fen, status: line.status, reason: line.reason, attempt: line.number };
}

export const toneOfStatus: Record<string, string> = { paid: 'green', failed: 'red', sent: 'amber', planned: 'blue', cancelled: '' };
