/** What stands beside the decision in training and at filing: one entry for each kind of task, with the templates that show it. */
import {
  findEvidenceAttendance,
  findEvidenceChange,
  findEvidenceChecks,
  findEvidenceInspection,
  findEvidenceResults,
  type EvidenceTask,
} from '../../db/views/training-evidence.ts';
import type { Db } from '../../db/client.ts';
import { resultView } from '../results/routes.ts';
import { checksView, toneOf } from './routes.ts';

type Context = { db: Db; task: EvidenceTask };
type Entry = {
  fits: (task: { kind: string; step: string }) => boolean;
  work?: string;
  evidence?: string;
  below?: string;
  load: (context: Context) => Promise<Record<string, unknown>>;
};

export const trainingEvidence: readonly Entry[] = [
  {
    fits: (task) => task.kind === 'review' && task.step.startsWith('filing.'),
    work: 'verifications/evidence',
    evidence: 'results/evidence',
    load: async ({ db, task }) => ({ ...(await checksOf(db, task)), ...(await resultsOf(db, task)) }),
  },
  {
    fits: (task) => task.kind === 'change_review',
    work: 'changes/evidence',
    load: async ({ db, task }) => ({ change: await findEvidenceChange(db, task) }),
  },
  {
    fits: (task) => task.kind === 'inspection' || task.kind === 'reinspection',
    work: 'inspections/form-fields',
    evidence: 'inspections/evidence',
    load: async ({ db, task }) => ({ ...(await findEvidenceInspection(db, task)), required: task.kind === 'inspection' }),
  },
  {
    fits: (task) => task.kind === 'rectification',
    evidence: 'inspections/evidence',
    load: ({ db, task }) => findEvidenceInspection(db, task),
  },
  { fits: (task) => task.kind === 'attendance', evidence: 'attendance/evidence', load: ({ db, task }) => findEvidenceAttendance(db, task) },
  { fits: (task) => task.kind === 'results', evidence: 'results/evidence', load: ({ db, task }) => resultsOf(db, task) },
];

async function checksOf(db: Db, task: EvidenceTask) {
  const { number, checks } = await findEvidenceChecks(db, task);
  return { number, ...checksView(checks), lines: checks.lines.map((line) => ({ ...line, tone: toneOf(line) })) };
}

async function resultsOf(db: Db, task: EvidenceTask) {
  const { number, results } = await findEvidenceResults(db, task);
  const rows = results.map(resultView);
  const count = (state: string): number => rows.filter((row) => row.state === state).length;
  return { number, results: rows, passed: count('passed'), failed: count('failed'), short: count('short'), missing: count('missing') };
}
