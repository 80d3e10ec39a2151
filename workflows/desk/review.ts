/** Reviews are tables: the policy pack says which role at which level reviews in which order and within how many days. */
import { ApplicationFailure } from '@temporalio/workflow';
import type { FactBell } from '../domain/facts.ts';
import type { OfficeAct } from '../domain/office-acts.ts';
import { type Ask, type Flags, type ReviewStep, waitFor } from '../domain/procedures.ts';
import { type ReviewStage, reviewOutcomes, rowOfBack } from '../domain/tasks.ts';
import { type Desk, type Step, stepOf } from './desk.ts';

export type ReviewPlan<Following extends string> = {
  stage: ReviewStage;
  table: ReviewStep[];
  /** Asked of the registers when the review begins, after each correction, and when an officer asks again. */
  checks?: (desk: Desk) => Promise<void>;
  /** What the office does on entry, when it sends the file back, and when it comes back. */
  entryActs?: OfficeAct[];
  returnActs?: OfficeAct[];
  resubmitActs?: OfficeAct[];
  /** Who corrects; the institution if absent. */
  corrector?: 'institution' | 'assessor';
  /** Four eyes over the whole procedure instead of this stage alone. */
  signedPerProcedure?: boolean;
  /** What follows when the last row of the table has approved, and when it proposes a refusal; packs end every other table with an approver. */
  approved: Following;
  refusalProposed?: Following;
};

type TaskPlan = Pick<ReviewPlan<string>, 'stage' | 'table' | 'corrector' | 'signedPerProcedure'>;

/** Walks the table until its last step approves, an approver refuses, or the file is withdrawn. The deciding fact is left for the next step to take account of. */
export async function review<Following extends string>(
  desk: Desk,
  plan: ReviewPlan<Following>,
): Promise<Following | 'refused' | 'withdrawn' | 'expired'> {
  const { stage, table } = plan;
  const correction = `${stage}.correction`;
  const checks = `${stage}.checks`;

  /** The registers are asked before anybody reviews; a run that resumes here asks what is still unanswered. */
  async function begin(acts: OfficeAct[], flags: Flags): Promise<void> {
    if (plan.checks) await desk.proceed({ stage, step: 'checks', acts, asks: [waitFor(checks)], flags });
    else await openReview({ stage, acts, flags });
  }

  async function openReview(entry: Step): Promise<void> {
    await plan.checks?.(desk);
    const { reviewAt, corrected } = { ...desk.place.flags, ...entry.flags };
    const ask = reviewTask(desk, plan, Number(reviewAt), corrected === true);
    await desk.proceed({ ...entry, step: table[Number(reviewAt)]?.step ?? stage, asks: [ask] });
  }

  if (!desk.isAt(stage)) await begin(plan.entryActs ?? [], { reviewAt: 0, corrected: false, refusalProposed: false });
  if (desk.place.step === 'checks') await openReview({ cancels: [checks] });

  for (;;) {
    const fact = await desk.next();
    const at = Number(desk.place.flags.reviewAt);
    const following = table[at + 1];
    if (fact.kind === 'withdrawn') return 'withdrawn';
    if (fact.kind === 'expired' && stepOf(fact) === correction) return 'expired';
    // An internal way back, so the clock of the earlier step goes on where its decision stopped it.
    const back = fact.kind === 'taken_back' ? table.findIndex((row) => `${stage}.${row.step}` === stepOf(fact)) : rowOfBack(fact.outcome);
    if (back !== undefined && back !== -1) {
      const now = `${stage}.${table[at]?.step}`;
      await desk.proceed({
        step: table[back]?.step ?? stage,
        cancels: [now],
        asks: [reviewTask(desk, plan, back, true)],
        flags: { reviewAt: back, refusalProposed: false },
      });
      continue;
    }
    switch (fact.outcome) {
      case 'approve':
        if (!following) return plan.approved;
        await desk.proceed({ step: following.step, asks: [reviewTask(desk, plan, at + 1, false)], flags: { reviewAt: at + 1 } });
        break;
      case 'propose_refusal':
        if (!following) return plan.refusalProposed ?? nobodyLeft(stage);
        await desk.proceed({
          step: following.step,
          asks: [reviewTask(desk, plan, at + 1, false)],
          flags: { reviewAt: at + 1, refusalProposed: true },
        });
        break;
      case 'refuse':
        return 'refused';
      case 'return':
        await desk.proceed({
          step: 'correction',
          acts: [...(plan.returnActs ?? []), correctionNotice(fact)],
          asks: [correctionTask(desk, plan)],
        });
        break;
      case 'resubmit':
        await begin(plan.resubmitActs ?? [], { corrected: true, refusalProposed: false });
        if (desk.place.step === 'checks') await openReview({ cancels: [checks] });
        break;
      default:
        // Asked first, applied afterwards: a run that dies in between asks again.
        if (fact.kind === 'recheck_requested') await plan.checks?.(desk);
        await desk.proceed({});
    }
  }
}

/** A pack whose reader lets a table end without an approver. */
function nobodyLeft(stage: string): never {
  throw ApplicationFailure.nonRetryable(`nobody is left to decide on the refusal proposed in ${stage}`, 'PolicyPack');
}

function correctionNotice(fact: FactBell): OfficeAct {
  return { act: 'issueCorrectionNotice', factNo: fact.no, ...(fact.taskId ? { taskId: fact.taskId } : {}) };
}

/** While the file is with the applicant the clock of the review stands still; the applicant's own period is peremptory. */
function correctionTask(desk: Desk, plan: TaskPlan): Ask {
  return {
    step: `${plan.stage}.correction`,
    kind: 'correction',
    role: plan.corrector ?? 'institution',
    level: 'own',
    outcomes: ['resubmit'],
    workingDays: desk.place.terms.days.correction,
    peremptory: true,
  };
}

/** The task of one row of a review table. A refusal is the approver's act; the others propose it. */
function reviewTask(desk: Desk, plan: TaskPlan, at: number, resumes: boolean): Ask {
  const row = plan.table[at];
  if (!row) throw ApplicationFailure.nonRetryable(`review table of ${plan.stage} has no row ${at}`, 'PolicyPack');
  return {
    step: `${plan.stage}.${row.step}`,
    kind: 'review',
    role: row.role,
    level: row.level,
    outcomes: reviewOutcomes(row.role, at),
    workingDays: row.workingDays,
    resumes,
    ...(plan.signedPerProcedure ? { fourEyes: [desk.procedureId] } : {}),
  };
}
