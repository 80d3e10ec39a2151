/** Scores and certificates as the assessment body entered them. */
import { readsAsExaminer } from '../../workflows/domain/classes/reading.ts';
import { findEvidenceResults } from '../../db/views/training/training-evidence.ts';
import type { Evidence, EvidenceContext } from '../tasks/evidence.ts';
import { resultView } from './routes.ts';

export const resultsEvidence: Evidence = { kind: 'results', evidence: 'results/evidence', load: loadResults };

export async function loadResults({ db, task, actor }: Pick<EvidenceContext, 'db' | 'task' | 'actor'>): Promise<Record<string, unknown>> {
  const { number, results } = await findEvidenceResults(db, task);
  // Why somebody left is no matter of the assessment body.
  const told = readsAsExaminer(actor, task) ? results.map((row) => ({ ...row, status_reason: null })) : results;
  const rows = told.map(resultView);
  const count = (state: string): number => rows.filter((row) => row.state === state).length;
  return { number, results: rows, passed: count('passed'), failed: count('failed'), short: count('short'), missing: count('missing') };
}
