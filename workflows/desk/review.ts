/** Reviews are tables: the policy pack says which role at which level reviews in which order and within how many days. */
import type { Ask, OfficeAct, ReviewStep } from '../domain/procedures.ts';
import { reviewOutcomes } from '../domain/tasks.ts';
import { type Desk, stepOf } from './desk.ts';

export type ReviewPlan = {
  stage: string;
  table: ReviewStep[];
  /** Performed when the review begins, and again after each correction. */
  onEntry?: (desk: Desk) => Promise<void>;
  entryActs?: OfficeAct[];
  /** What the office does when it sends the file back, and when it comes back. */
  returnActs?: OfficeAct[];
  resubmitActs?: OfficeAct[];
  /** Who corrects. */
  corrector?: 'institution' | 'assessor';
};

export type ReviewOutcome = 'approved' | 'refused' | 'withdrawn' | 'expired';

/** Walks the table until the last step approves, an approver refuses, or the file is withdrawn. The deciding fact is left for the next step to take account of. */
export async function review(desk: Desk, plan: ReviewPlan): Promise<ReviewOutcome> {
  const { stage, table } = plan;
  const correction = `${stage}.correction`;
  const ask = (at: number, resumes = false): Ask => reviewTask(stage, table, at, resumes);

  if (!desk.isAt(stage)) await desk.proceed({ stage, step: 'checks', acts: plan.entryActs ?? [] });
  if (desk.place.step === 'checks') {
    await plan.onEntry?.(desk);
    const at = Number(desk.place.flags.reviewAt ?? 0);
    await desk.proceed({ step: table[at]?.step ?? 'checks', asks: [ask(at, desk.place.flags.corrected === true)], flags: { reviewAt: at } });
  }

  for (;;) {
    const fact = await desk.next();
    if (fact.kind === 'withdrawn') return 'withdrawn';
    if (fact.kind === 'expired' && stepOf(fact) === correction) return 'expired';
    if (fact.kind === 'recheck_requested') {
      await desk.proceed({});
      await plan.onEntry?.(desk);
      continue;
    }
    if (fact.kind !== 'decided' || !fact.taskId) {
      await desk.proceed({});
      continue;
    }
    const decided: OfficeAct = { act: '', taskId: fact.taskId, factNo: fact.no };
    const at = Number(desk.place.flags.reviewAt ?? 0);
    switch (fact.outcome) {
      case 'approve':
        if (at + 1 >= table.length) return 'approved';
        await desk.proceed({ step: table[at + 1]?.step ?? stage, asks: [ask(at + 1)], flags: { reviewAt: at + 1 } });
        break;
      case 'propose_refusal':
        await desk.proceed({ step: table[at + 1]?.step ?? stage, asks: [ask(at + 1)], flags: { reviewAt: at + 1, refusalProposed: true } });
        break;
      case 'refuse':
        return 'refused';
      case 'return':
        await desk.proceed({
          step: 'correction',
          acts: [...(plan.returnActs ?? []), { ...decided, act: 'issueCorrectionNotice' }],
          asks: [
            {
              step: correction,
              kind: 'correction',
              role: plan.corrector ?? 'institution',
              level: 'own',
              outcomes: ['resubmit'],
              workingDays: desk.place.terms.days.correction,
              peremptory: true,
            },
          ],
        });
        break;
      case 'resubmit':
        await desk.proceed({ step: 'checks', acts: plan.resubmitActs ?? [], flags: { corrected: true, refusalProposed: false } });
        await plan.onEntry?.(desk);
        await desk.proceed({ step: table[at]?.step ?? stage, asks: [ask(at, true)] });
        break;
      default:
        await desk.proceed({});
    }
  }
}

/** The task of one row of a review table. A refusal is the approver's act; the others propose it. */
export function reviewTask(stage: string, table: ReviewStep[], at: number, resumes: boolean): Ask {
  const row = table[at];
  if (!row) throw new RangeError(`review table of ${stage} has no row ${at}`);
  return {
    step: `${stage}.${row.step}`,
    kind: 'review',
    role: row.role,
    level: row.level,
    outcomes: reviewOutcomes(row.role),
    workingDays: row.workingDays,
    resumes,
  };
}
