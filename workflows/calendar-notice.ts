/** The official notice of a year is not loaded yet and deadlines lie in it: the administrator is asked to load it (节假日通知录入). */
import { type Desk, openDesk, type ProcedureInput } from './desk/desk.ts';
import { walk } from './desk/walk.ts';
import type { Next } from './domain/stages.ts';

export async function calendarNotice(input: ProcedureInput): Promise<string> {
  const desk = await openDesk(input);
  return walk<'calendarNotice'>(desk, 'notice', { notice: awaitNotice }, () => ({}));
}

async function awaitNotice(desk: Desk): Promise<Next<'calendarNotice'>> {
  if (!desk.isAt('notice')) {
    await desk.proceed({
      stage: 'notice',
      step: 'notice',
      asks: [{ step: 'notice.load', kind: 'calendar_notice', role: 'system_admin', level: 'province', outcomes: ['loaded'] }],
    });
  }
  for (;;) {
    const fact = await desk.next();
    if (fact.outcome === 'loaded') return 'loaded';
    await desk.proceed({});
  }
}
