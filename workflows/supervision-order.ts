/** An order (督办单) about a late task: the superior authority signs it or lets it be, the office answers it by its date. */
import { type Desk, openDesk, type ProcedureInput } from './desk/desk.ts';
import { walk } from './desk/walk.ts';
import type { Next } from './domain/stages.ts';

export async function supervisionOrder(input: ProcedureInput): Promise<string> {
  const desk = await openDesk(input);
  return walk<'supervisionOrder'>(desk, 'issue', { issue, answer }, () => ({}));
}

async function issue(desk: Desk): Promise<Next<'supervisionOrder'>> {
  if (!desk.isAt('issue')) {
    const { issuerRole, issuerLevel } = desk.place.flags;
    await desk.proceed({
      stage: 'issue',
      step: 'issue',
      asks: [
        {
          step: 'issue.sign',
          kind: 'order_issue',
          role: issuerRole === 'approver' ? 'approver' : 'supervisor',
          level: String(issuerLevel),
          outcomes: ['issue', 'waive'],
          workingDays: 1,
        },
      ],
    });
  }
  for (;;) {
    const fact = await desk.next();
    if (fact.outcome === 'issue') return 'answer';
    if (fact.outcome === 'waive') return 'waived';
    await desk.proceed({});
  }
}

async function answer(desk: Desk): Promise<Next<'supervisionOrder'>> {
  if (!desk.isAt('answer')) {
    await desk.proceed({
      stage: 'answer',
      step: 'answer',
      asks: [
        {
          step: 'answer.write',
          kind: 'order_answer',
          role: 'supervisor',
          level: 'own',
          outcomes: ['answer'],
          workingDays: Number(desk.place.flags.answerDays),
        },
      ],
    });
  }
  for (;;) {
    const fact = await desk.next();
    if (fact.outcome === 'answer') return 'answered';
    await desk.proceed({});
  }
}
