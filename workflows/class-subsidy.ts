/** The class asks for its subsidy within the window of the policy pack, and waits for the end of that application. */
import { type Desk, stepOf } from './desk/desk.ts';
import { waitFor } from './domain/procedures.ts';
import type { Next } from './domain/stages.ts';

export async function claimSubsidy(desk: Desk): Promise<Next<'trainingClass'>> {
  if (!desk.isAt('claim')) {
    await desk.proceed({
      stage: 'claim',
      step: 'claim',
      asks: [
        {
          step: 'claim.submit',
          kind: 'claim',
          role: 'institution',
          level: 'own',
          outcomes: ['submit'],
          months: desk.place.terms.claimWindowMonths,
          peremptory: true,
        },
      ],
    });
  }
  for (;;) {
    const fact = await desk.next();
    if (fact.kind === 'decided' && stepOf(fact) === 'claim.submit') return 'subsidy';
    if (fact.kind === 'expired') return 'expired';
    await desk.proceed({});
  }
}

export async function awaitSubsidy(desk: Desk): Promise<Next<'trainingClass'>> {
  if (!desk.isAt('subsidy')) {
    const asks = [waitFor('subsidy.application')];
    await desk.proceed({ stage: 'subsidy', step: 'subsidy', acts: [{ act: 'setClassStatus', code: 'claimed' }], asks });
  }
  for (;;) {
    const fact = await desk.next();
    if (fact.kind === 'application_closed') return fact.outcome;
    await desk.proceed({});
  }
}
