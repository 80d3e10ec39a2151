/** Before the training (培训前审核): plan, trainees and conditions are reviewed, then the plan is made public. */
import type { Desk } from './desk/desk.ts';
import { askOutside } from './desk/profiles.ts';
import { review } from './desk/review.ts';
import { disclose } from './public-disclosure.ts';

export async function preTrainingReview(desk: Desk): Promise<string> {
  const outcome = await review(desk, {
    stage: 'pre_training',
    table: desk.place.terms.reviews.preTraining,
    entryActs: [{ act: 'setClassStatus', code: 'in_review' }],
    returnActs: [{ act: 'setClassStatus', code: 'correction' }],
    resubmitActs: [{ act: 'setClassStatus', code: 'in_review' }],
    checks: () => askOutside((office) => office.verifyRoster(desk.procedureId)),
  });
  return outcome === 'approved' ? 'plan' : outcome;
}

export async function planDisclosure(desk: Desk): Promise<string> {
  return disclose(desk, { stage: 'plan', list: 'plan', entryActs: [{ act: 'approveClass' }], next: 'ready' });
}
