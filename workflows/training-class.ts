/** One class, from its submission to the payment of the subsidy (培训班次全程). */
import { claimSubsidy, awaitSubsidy } from './class-subsidy.ts';
import { openDesk, type ProcedureInput } from './desk/desk.ts';
import { walk } from './desk/walk.ts';
import { conductDisclosure, inTrainingMonitoring } from './in-training-monitoring.ts';
import { postTrainingFiling, resultDisclosure, resultEntry } from './post-training-filing.ts';
import { planDisclosure, preTrainingReview, readiness } from './pre-training-review.ts';

export async function trainingClass(input: ProcedureInput): Promise<string> {
  const desk = await openDesk(input);
  return walk<'trainingClass'>(
    desk,
    'pre_training',
    {
      pre_training: preTrainingReview,
      plan: planDisclosure,
      ready: readiness,
      training: inTrainingMonitoring,
      conduct: conductDisclosure,
      results: resultEntry,
      filing: postTrainingFiling,
      result: resultDisclosure,
      claim: claimSubsidy,
      subsidy: awaitSubsidy,
    },
    (outcome) => ({ acts: [{ act: 'closeClass', code: outcome }] }),
  );
}
