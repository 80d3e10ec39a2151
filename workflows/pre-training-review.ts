/** Before the training (培训前审核): plan, trainees and conditions are reviewed, the plan is made public, and the class waits for its first day. */
import { answerChange, datesMoved } from './class-changes.ts';
import type { Desk } from './desk/desk.ts';
import { askOutside } from './desk/profiles.ts';
import { review } from './desk/review.ts';
import type { Ask } from './domain/procedures.ts';
import type { Next } from './domain/stages.ts';
import { disclose } from './public-disclosure.ts';

export async function preTrainingReview(desk: Desk): Promise<Next<'trainingClass'>> {
  return review(desk, {
    stage: 'pre_training',
    table: desk.place.terms.reviews.preTraining,
    entryActs: [{ act: 'setClassStatus', code: 'in_review' }],
    returnActs: [{ act: 'setClassStatus', code: 'correction' }],
    resubmitActs: [{ act: 'setClassStatus', code: 'in_review' }],
    checks: () => askOutside((office) => office.verifyRoster(desk.procedureId)),
    approved: 'plan',
  });
}

export async function planDisclosure(desk: Desk): Promise<Next<'trainingClass'>> {
  return disclose(desk, { stage: 'plan', list: 'plan', entryActs: [{ act: 'approveClass' }], next: 'ready' });
}

/** The plan is public; the class waits for its first day. */
export async function readiness(desk: Desk): Promise<Next<'trainingClass'>> {
  const beginning = (): Ask => ({
    step: 'ready.beginning',
    kind: 'wait',
    role: 'clock',
    level: 'own',
    outcomes: [],
    dueDate: String(desk.place.flags.startDate),
  });
  if (!desk.isAt('ready'))
    await desk.proceed({ stage: 'ready', step: 'ready', acts: [{ act: 'setClassStatus', code: 'ready' }], asks: [beginning()] });
  for (;;) {
    if (datesMoved(desk)) await desk.proceed({ cancels: ['ready.beginning'], asks: [beginning()], flags: { datesMoved: false } });
    const fact = await desk.next();
    if (fact.kind === 'withdrawn') return 'withdrawn';
    // A day that was moved meanwhile is waited for anew.
    if (fact.kind === 'expired' && !desk.place.openSteps.includes('ready.beginning')) return 'training';
    await answerChange(desk, fact);
  }
}
