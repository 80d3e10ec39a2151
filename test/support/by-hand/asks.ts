/** What steps of a class ask, for tests that take the steps by hand. */
import type { Ask } from '../../../workflows/domain/procedures.ts';

export const review = {
  step: 'pre_training.first_review',
  kind: 'review',
  role: 'first_reviewer',
  level: 'county',
  outcomes: ['approve', 'return', 'propose_refusal'],
  workingDays: 2,
} as const satisfies Ask;
/** A second review that may also send back to the first. */
export const sendingBack = {
  step: 'pre_training.second_review',
  kind: 'review',
  role: 'second_reviewer',
  level: 'county',
  outcomes: ['approve', 'back_to_1'],
} as const satisfies Ask;
/** What a return of the first review asks of the institution. */
export const correction: Ask = {
  step: 'pre_training.correction',
  kind: 'correction',
  role: 'institution',
  level: 'own',
  outcomes: ['resubmit'],
  workingDays: 5,
  peremptory: true,
};
export const publishPlan: Ask = {
  step: 'plan.publish',
  kind: 'publish',
  role: 'institution',
  level: 'own',
  outcomes: ['publish'],
  workingDays: 3,
  reference: 'plan',
};
export const filing: Ask = { ...review, step: 'filing.first_review' };
export const attendance: Ask = {
  step: 'training.attendance',
  kind: 'attendance',
  role: 'institution',
  level: 'own',
  outcomes: ['submit'],
  workingDays: 5,
};
export const inspection: Ask = {
  step: 'training.inspection',
  kind: 'inspection',
  role: 'inspector',
  level: 'county',
  outcomes: ['in_order', 'finding'],
  workingDays: 5,
  fourEyes: [],
};
export const results: Ask = {
  step: 'results.entry',
  kind: 'results',
  role: 'assessor',
  level: 'own',
  outcomes: ['submit'],
  workingDays: 7,
};
