/** A public list and its period: 公开 does not hold a case up, 公示 does. The period runs as a procedure of its own. */
import { type Desk, openDesk, type ProcedureInput, stepOf } from './desk/desk.ts';
import { walk } from './desk/walk.ts';
import type { OfficeAct } from './domain/office-acts.ts';
import { type Terms, waitFor } from './domain/procedures.ts';
import type { Next, Stage } from './domain/stages.ts';

export type DisclosurePlan<Following extends string> = {
  stage: Stage;
  list: keyof Terms['disclosures'];
  entryActs?: OfficeAct[];
  /** What follows. */
  next: Following;
};

/** The institution sees what the public will see and publishes it; where the policy pack says so, the case waits for the end of the period. */
export async function disclose<Following extends string>(desk: Desk, plan: DisclosurePlan<Following>): Promise<Following | 'withdrawn'> {
  const { stage, list, next } = plan;
  const publish = `${stage}.publish`;
  if (!desk.isAt(stage)) {
    await desk.proceed({
      stage,
      step: 'publish',
      acts: plan.entryActs ?? [],
      asks: [
        {
          step: publish,
          kind: 'publish',
          role: 'institution',
          level: 'own',
          outcomes: ['publish'],
          workingDays: desk.place.terms.days.publishing,
          reference: list,
        },
      ],
    });
  }
  for (;;) {
    const fact = await desk.next();
    if (fact.kind === 'withdrawn') return 'withdrawn';
    if (fact.kind === 'disclosure_ended' && fact.outcome === list) return next;
    if (fact.kind !== 'decided' || stepOf(fact) !== publish) {
      await desk.proceed({});
      continue;
    }
    if (!desk.place.terms.disclosures[list].blocks) return next;
    await desk.proceed({ step: 'notice_period', asks: [waitFor(`${stage}.notice_period`)] });
  }
}

/** The life of one publication: until the end of its last working day. */
export async function publicDisclosure(input: ProcedureInput): Promise<string> {
  const desk = await openDesk(input);
  return walk<'publicDisclosure'>(desk, 'period', { period: noticePeriod }, () => ({ acts: [{ act: 'endDisclosure' }] }));
}

async function noticePeriod(desk: Desk): Promise<Next<'publicDisclosure'>> {
  if (!desk.isAt('period')) {
    const workingDays = Number(desk.place.flags.workingDays);
    await desk.proceed({
      stage: 'period',
      step: 'period',
      asks: [{ step: 'period.end', kind: 'wait', role: 'clock', level: 'own', outcomes: [], workingDays }],
    });
  }
  for (;;) {
    const fact = await desk.next();
    if (fact.kind === 'expired') return 'ended';
    await desk.proceed({});
  }
}
