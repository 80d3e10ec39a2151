/** What lies ahead of a class by its terms. */
import { describe, expect, test } from 'vitest';
import fujian from '../../db/policy-packs/fujian-2022.json' with { type: 'json' };
import { stepsAhead } from '../../workflows/domain/calendar/ahead.ts';
import { termsOf } from '../../workflows/domain/policy/policy.ts';
import { readPolicyPack } from '../../workflows/domain/policy/policy-reader.ts';

const terms = termsOf(readPolicyPack(fujian));
const names = (step: string, returnedFrom?: string) => stepsAhead(terms, step, 3, returnedFrom).map((entry) => entry.step);

describe('what happens next', () => {
  test('[N7] the reviews of the pack follow one another with their days, then the act of the institution', () => {
    expect(stepsAhead(terms, 'pre_training.first_review', 2)).toEqual(
      terms.reviews.preTraining.slice(1, 3).map(({ step, role, workingDays }) => ({ step: `pre_training.${step}`, role, workingDays })),
    );
    expect(names(`pre_training.${terms.reviews.preTraining.at(-1)?.step}`)).toEqual([
      'plan.publish',
      'training.inspection',
      'training.attendance',
    ]);
  });

  test('[N9] a notice with a period holds the case up, a publication does not', () => {
    expect(stepsAhead(terms, 'notice.publish', 1)).toEqual([
      { step: 'notice.notice_period', role: 'public', workingDays: terms.disclosures.subsidy.workingDays },
    ]);
    expect(names('result.publish')[0]).toBe('claim.submit');
  });

  test('a correction leads back to the review that sent the file back; a wait to what follows its stage', () => {
    expect(names('pre_training.correction', 'pre_training.second_review')[0]).toBe('pre_training.second_review');
    expect(names('pre_training.checks')[0]).toBe('plan.publish');
    expect(names('ready.beginning')[0]).toBe('training.inspection');
    expect(names('refusal.approval')[0]).toBe('notice.publish');
    expect(names('paid_list.publish')).toEqual([]);
    expect(names('period.end')).toEqual([]);
  });
});
