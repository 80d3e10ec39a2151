/** What lies ahead of a class: the acts that follow one another from its review to the publication of what was paid, as its terms have them. */
import type { Terms } from '../procedures.ts';
import { type JointMode, rowStepOf } from '../signing.ts';

/** An act that somebody is asked for: step, who, and the working days that the policy pack gives; `joint`: who signs besides. */
export type StepAhead = { step: string; role: string; workingDays: number | null; joint?: { mode: JointMode; roles: string[] } };

/** The whole way, in order. Waits of the clock, corrections and other side ways are not on it. */
function wayOf({ reviews, days, disclosures }: Terms): StepAhead[] {
  const table = (stage: string, rows: Terms['reviews']['filing']): StepAhead[] =>
    rows.map(({ step, role, workingDays, joint }) => ({
      step: `${stage}.${step}`,
      role,
      workingDays,
      ...(joint ? { joint: { mode: joint.mode, roles: joint.with.map((signer) => signer.role) } } : {}),
    }));
  const act = (step: string, role: string, workingDays: number | null): StepAhead => ({ step, role, workingDays });
  // A list is made public by the institution; where it is a notice with a period, the case waits for its end.
  const published = (stage: string, list: keyof Terms['disclosures']): StepAhead[] => [
    act(`${stage}.publish`, 'institution', days.publishing),
    ...(disclosures[list].blocks ? [act(`${stage}.notice_period`, 'public', disclosures[list].workingDays)] : []),
  ];
  return [
    ...table('pre_training', reviews.preTraining),
    ...published('plan', 'plan'),
    act('training.inspection', 'inspector', days.inspection),
    act('training.attendance', 'institution', days.attendance),
    ...published('conduct', 'conduct'),
    act('results.entry', 'assessor', days.results),
    ...table('filing', reviews.filing),
    ...published('result', 'result'),
    act('claim.submit', 'institution', null),
    ...table('subsidy', reviews.subsidy),
    ...published('notice', 'subsidy'),
    ...table('approval', reviews.approval),
    act('funds.confirm', 'finance_officer', days.funds),
    act('payment.make', 'payment_officer', days.batch),
    ...published('paid_list', 'payment'),
  ];
}

/**
 * The acts after `step`, nearest first. A correction leads back to the review that sent the file back (`returnedFrom`); a step off the way, such
 * as a wait, leads to what follows its stage.
 */
export function stepsAhead(terms: Terms, step: string, count: number, returnedFrom?: string): StepAhead[] {
  const way = wayOf(terms);
  if (step.endsWith('.correction') && returnedFrom) {
    const back = way.findIndex((entry) => entry.step === rowStepOf(returnedFrom));
    return back === -1 ? [] : way.slice(back, back + count);
  }
  const at = way.findIndex((entry) => entry.step === rowStepOf(step));
  if (at !== -1) return way.slice(at + 1, at + 1 + count);
  const stage = stagesBefore[stageOfStep(step)] ?? stageOfStep(step);
  const last = way.findLastIndex((entry) => stageOfStep(entry.step) === stage);
  return last === -1 ? [] : way.slice(last + 1, last + 1 + count);
}

/** Stages in which nothing is asked of anybody, with the one on the way before them. */
const stagesBefore: Readonly<Record<string, string>> = { ready: 'plan', refusal: 'subsidy' };

function stageOfStep(step: string): string {
  return step.split('.')[0] ?? step;
}
