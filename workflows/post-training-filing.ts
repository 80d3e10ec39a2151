/** After the training (培训后备案): the assessment body enters scores and certificates, the office reviews, the result is filed and made public. */
import { type Desk, stepOf } from './desk/desk.ts';
import { askOutside } from './desk/profiles.ts';
import { review } from './desk/review.ts';
import type { Next } from './domain/stages.ts';
import { disclose } from './public-disclosure.ts';

/** Scores and certificates come from another body than the trainer (考培分离). */
export async function resultEntry(desk: Desk): Promise<Next<'trainingClass'>> {
  if (!desk.isAt('results')) {
    const { terms, flags } = desk.place;
    await desk.proceed({
      stage: 'results',
      step: 'results',
      asks: [
        {
          step: 'results.entry',
          kind: 'results',
          role: 'assessor',
          level: 'own',
          outcomes: ['submit'],
          workingDays: terms.days.results,
          from: String(flags.endDate),
        },
      ],
    });
  }
  for (;;) {
    const fact = await desk.next();
    if (fact.kind === 'decided' && stepOf(fact) === 'results.entry') return 'filing';
    await desk.proceed({});
  }
}

export async function postTrainingFiling(desk: Desk): Promise<Next<'trainingClass'>> {
  return review(desk, {
    stage: 'filing',
    table: desk.place.terms.reviews.filing,
    corrector: 'assessor',
    checks: () => askOutside((office) => office.verifyCertificates(desk.procedureId)),
    approved: 'result',
  });
}

export async function resultDisclosure(desk: Desk): Promise<Next<'trainingClass'>> {
  return disclose(desk, { stage: 'result', list: 'result', entryActs: [{ act: 'fileClass' }], next: 'claim' });
}
