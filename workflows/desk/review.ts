/** Reviews are tables: the policy pack says which role at which level reviews in which order and within how many days. */
import { ApplicationFailure } from '@temporalio/workflow';
import type { FactBell } from '../domain/facts.ts';
import type { OfficeAct } from '../domain/office-acts.ts';
import { type Ask, type Flags, type ReviewStep, waitFor } from '../domain/procedures.ts';
import { rowStepOf, signersOf } from '../domain/signing.ts';
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
    const asks = reviewTasks(desk, plan, Number(reviewAt), corrected === true);
    await desk.proceed({ ...entry, step: table[Number(reviewAt)]?.step ?? stage, asks });
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
    const takenBack = fact.kind === 'taken_back';
    const back = takenBack ? table.findIndex((row) => `${stage}.${row.step}` === rowStepOf(stepOf(fact))) : rowOfBack(fact.outcome);
    if (back !== undefined && back !== -1) {
      await desk.proceed({
        step: table[back]?.step ?? stage,
        // One of several signatures was taken back while the others were still to come: those stay open.
        cancels: back === at && takenBack ? [] : stepsOfRow(plan, at),
        asks: reviewTasks(desk, plan, back, true),
        ...(takenBack && fact.taskId ? { again: fact.taskId } : {}),
        flags: { reviewAt: back, refusalProposed: false },
      });
      continue;
    }
    // One of several signatures: the step waits for the others.
    switch (fact.kind === 'signed' ? undefined : fact.outcome) {
      case 'approve':
        if (!following) return plan.approved;
        await desk.proceed({ step: following.step, asks: reviewTasks(desk, plan, at + 1, false), flags: { reviewAt: at + 1 } });
        break;
      case 'propose_refusal':
        if (!following && plan.refusalProposed) return plan.refusalProposed;
        // Who signs beside the approver proposes a refusal: it is the approver's to refuse, or to have the step signed anew.
        await desk.proceed(
          following
            ? { step: following.step, asks: reviewTasks(desk, plan, at + 1, false), flags: { reviewAt: at + 1, refusalProposed: true } }
            : { asks: [refusalTask(desk, plan, at)], flags: { refusalProposed: true } },
        );
        break;
      case 'sign_again':
        await desk.proceed({ asks: reviewTasks(desk, plan, at, true), flags: { refusalProposed: false } });
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

/** The tasks of one row of a review table, one for each who signs it. A refusal is the approver's act; the others propose it. */
function reviewTasks(desk: Desk, plan: TaskPlan, at: number, resumes: boolean): Ask[] {
  const row = rowAt(plan, at);
  return signersOf(plan.stage, row).map((signer) => ({
    ...ofReview(desk, plan, row),
    ...signer,
    outcomes: reviewOutcomes(signer.role, at),
    resumes,
  }));
}

/** The approver alone, about the refusal that a co-signer proposed in the approver's own row. */
function refusalTask(desk: Desk, plan: TaskPlan, at: number): Ask {
  const row = rowAt(plan, at);
  const [approver] = signersOf(plan.stage, row);
  if (approver?.role !== 'approver')
    throw ApplicationFailure.nonRetryable(`review table of ${plan.stage} ends without an approver`, 'PolicyPack');
  return {
    ...ofReview(desk, plan, row),
    step: approver.step,
    role: approver.role,
    level: approver.level,
    outcomes: ['sign_again', 'return', 'refuse'],
    resumes: true,
  };
}

function ofReview(desk: Desk, plan: TaskPlan, row: ReviewStep) {
  return {
    kind: 'review' as const,
    workingDays: row.workingDays,
    ...(plan.signedPerProcedure ? { fourEyes: [desk.procedureId] } : {}),
  };
}

function stepsOfRow(plan: TaskPlan, at: number): string[] {
  return signersOf(plan.stage, rowAt(plan, at)).map(({ step }) => step);
}

function rowAt(plan: TaskPlan, at: number): ReviewStep {
  const row = plan.table[at];
  if (!row) throw ApplicationFailure.nonRetryable(`review table of ${plan.stage} has no row ${at}`, 'PolicyPack');
  return row;
}
