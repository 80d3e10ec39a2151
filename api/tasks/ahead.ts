/** What happens next in a procedure, in words: the acts that follow by its terms, with who does them and in how many working days. */
import type { TimelineLine } from '../../db/views/case.ts';
import type { ProcedureRow } from '../../db/protocol/procedures.ts';
import { stepsAhead } from '../../workflows/domain/calendar/ahead.ts';
import { rowStepOf } from '../../workflows/domain/signing.ts';
import type { Translate, Words } from '../pages/i18n.ts';
import { stepLabel } from './words.ts';

/** How many acts are told. */
const TOLD = 4;

export function aheadView(
  procedure: Pick<ProcedureRow, 'type' | 'status' | 'terms'>,
  step: string,
  { t, words, returnedFrom, open }: { t: Translate; words: Words; returnedFrom?: string | undefined; open: readonly { step: string }[] },
) {
  const walks = procedure.type === 'trainingClass' || procedure.type === 'subsidyApplication';
  if (!walks || procedure.status !== 'open') return undefined;
  // What is open already stands among what the procedure waits for.
  const waiting = new Set(open.map((task) => rowStepOf(task.step)));
  const ahead = stepsAhead(procedure.terms, step, TOLD + waiting.size, returnedFrom).filter((one) => !waiting.has(one.step));
  const steps = ahead.slice(0, TOLD).map(({ step: name, role, workingDays, joint }) => ({
    step: stepLabel(words, t, { step: name, role }),
    who: [t(`common.roles.${role}`), ...(joint ? joint.roles.map((one) => t(`common.roles.${one}`)) : [])].join(
      t(joint ? `signing.between.${joint.mode}` : 'common.listSeparator'),
    ),
    days: workingDays === null ? '' : t('case.ahead.days', { count: workingDays, n: workingDays }),
  }));
  return steps.length === 0 ? undefined : { steps, pack: procedure.terms.packId };
}

/** The review that sent the file back last. */
export function returnedFrom(timeline: readonly Pick<TimelineLine, 'act' | 'subject'>[]): string | undefined {
  return timeline.find((line) => line.act === 'task.return')?.subject.split('/')[1];
}
