/** Which tasks show what of the money, for the case page (api/tasks/evidence.ts). */
import { loadClaimEvidence } from '../subsidies/evidence.ts';
import type { Evidence } from '../tasks/evidence.ts';
import { loadBatchEvidence } from './evidence.ts';

const claimStages = ['subsidy', 'refusal', 'approval'];

export const moneyEvidence: readonly Evidence[] = [
  {
    fits: (task) =>
      (task.kind === 'review' && claimStages.includes(task.step.split('.')[0] ?? '')) ||
      task.kind === 'funds' ||
      task.kind === 'batch_make',
    evidence: 'subsidies/evidence',
    below: 'subsidies/evidence-lines',
    load: loadClaimEvidence,
  },
  {
    fits: (task) => task.kind === 'batch_check' || task.kind === 'batch_release',
    evidence: 'payments/evidence',
    below: 'payments/evidence-lines',
    load: loadBatchEvidence,
  },
];
