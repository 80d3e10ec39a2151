/** Changes before and during training (变更, N30): each request is reviewed by the table of the policy pack, then applied or refused. */
import { type Desk, stepOf } from './desk/desk.ts';
import type { FactBell } from './domain/facts.ts';
import type { Ask } from './domain/procedures.ts';
import { signersOf } from './domain/signing.ts';

/** Answers a fact that the stage itself has nothing to say about: a request for a change, a decision on one, or something to take note of. */
export async function answerChange(desk: Desk, fact: FactBell): Promise<unknown> {
  const table = desk.place.terms.reviews.change;
  const changeTask = (changeNo: number, at: number): Ask[] => {
    const row = table[at];
    if (!row) return [];
    return signersOf(`change-${changeNo}`, row).map((signer) => ({
      ...signer,
      kind: 'change_review',
      outcomes: ['approve', 'refuse'],
      workingDays: row.workingDays,
      reference: String(changeNo),
    }));
  };

  if (fact.kind === 'change_requested') return desk.proceed({ asks: changeTask(fact.no, 0) });
  const [stage, step] = stepOf(fact).split('.');
  const changeNo = stage?.startsWith('change-') ? Number(stage.slice('change-'.length)) : 0;
  const at = table.findIndex((row) => row.step === step);
  // One of several signatures, while the others were still to come: it alone is asked again.
  if (fact.kind === 'taken_back' && changeNo > 0 && fact.taskId)
    return desk.proceed({ asks: changeTask(changeNo, at), again: fact.taskId });
  if (fact.kind !== 'decided' || changeNo === 0) return desk.proceed({});
  const following = at + 1;
  if (fact.outcome === 'approve' && following < table.length) return desk.proceed({ asks: changeTask(changeNo, following) });
  return desk.proceed({ acts: [{ act: fact.outcome === 'approve' ? 'applyChange' : 'refuseChange', factNo: changeNo }] });
}

/** Said by the record when an applied change moved the dates, until the tasks that count from them are asked anew: a run may end in between. */
export function datesMoved(desk: Desk): boolean {
  return desk.place.flags.datesMoved === true;
}
