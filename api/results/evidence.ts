/** Scores and certificates as the assessment body entered them. */
import { findEvidenceResults } from '../../db/views/training/training-evidence.ts';
import type { Evidence, EvidenceContext } from '../tasks/evidence.ts';
import { resultView } from './routes.ts';

export const resultsEvidence: Evidence = { kind: 'results', evidence: 'results/evidence', load: loadResults };

export async function loadResults({ db, task }: Pick<EvidenceContext, 'db' | 'task'>): Promise<Record<string, unknown>> {
  const { number, results } = await findEvidenceResults(db, task);
  const rows = results.map(resultView);
  const count = (state: string): number => rows.filter((row) => row.state === state).length;
  return { number, results: rows, passed: count('passed'), failed: count('failed'), short: count('short'), missing: count('missing') };
}
