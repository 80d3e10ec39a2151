/** What stands beside the review of a filing: the answers of the registers, scores and certificates. */
import { findEvidenceChecks } from '../../db/views/training/training-evidence.ts';
import { loadResults } from '../results/evidence.ts';
import type { Evidence, EvidenceContext } from '../tasks/evidence.ts';
import { checksView, toneOf } from './routes.ts';

export const filingEvidence: Evidence = {
  kind: 'filing',
  work: 'verifications/evidence',
  evidence: 'results/evidence',
  load: async (context) => ({ ...(await loadChecks(context)), ...(await loadResults(context)) }),
};

async function loadChecks({ db, task }: EvidenceContext): Promise<Record<string, unknown>> {
  const { number, checks } = await findEvidenceChecks(db, task);
  return { number, ...checksView(checks), lines: checks.lines.map((line) => ({ ...line, tone: toneOf(line) })) };
}
