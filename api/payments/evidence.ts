/** What the checker and the releaser of a batch see beside their form. */
import { findBatchViewOf, listApplicationsIn, listAttempts } from '../../db/views/payments.ts';
import type { Evidence, EvidenceContext } from '../tasks/evidence.ts';
import { attemptView, batchView } from './page.ts';

export const batchEvidence: Evidence = {
  kind: 'batch',
  evidence: 'payments/evidence',
  below: 'payments/evidence-lines',
  load: loadBatch,
};

async function loadBatch({ db, procedure, t }: EvidenceContext): Promise<Record<string, unknown>> {
  const batch = await findBatchViewOf(db, procedure.id);
  if (!batch) return {};
  const [attempts, applications] = await Promise.all([listAttempts(db, batch.id), listApplicationsIn(db, batch.id)]);
  return {
    batch: batchView(batch, t),
    payer: { name: batch.payer_name, account: batch.payer_account },
    applications,
    lines: attempts.map((attempt) => attemptView(attempt, t)),
    totalFen: batch.total_fen,
    blocked: attempts.some((attempt) => attempt.held_by !== null),
  };
}
