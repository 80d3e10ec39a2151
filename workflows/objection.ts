/** An objection to a public list (异议): holds only the person named, is decided within the period of the policy pack. */
import { type Desk, openDesk, type ProcedureInput } from './desk/desk.ts';
import { walk } from './desk/walk.ts';
import type { Next } from './domain/stages.ts';

export async function objection(input: ProcedureInput): Promise<string> {
  const desk = await openDesk(input);
  return walk<'objection'>(desk, 'objection', { objection: decision }, (outcome) => ({ acts: [{ act: 'closeObjection', code: outcome }] }));
}

async function decision(desk: Desk): Promise<Next<'objection'>> {
  if (!desk.isAt('objection')) {
    const { terms } = desk.place;
    await desk.proceed({
      stage: 'objection',
      step: 'objection',
      asks: [
        {
          step: 'objection.decide',
          kind: 'objection_review',
          role: terms.objection.role,
          level: terms.objection.level,
          outcomes: ['uphold', 'dismiss'],
          workingDays: terms.days.objection,
        },
      ],
    });
  }
  for (;;) {
    const fact = await desk.next();
    if (fact.outcome === 'uphold') return 'upheld';
    if (fact.outcome === 'dismiss') return 'dismissed';
    await desk.proceed({});
  }
}
