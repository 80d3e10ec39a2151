/** The claim of a filed class (补贴申请): review, notice with objections, approval, request for funds, payment, publication of what was paid. */
import { type Desk, openDesk, type ProcedureInput } from './desk/desk.ts';
import { review } from './desk/review.ts';
import { walk } from './desk/walk.ts';
import type { Next } from './domain/stages.ts';
import { disclose } from './public-disclosure.ts';
import { payment, paymentDisclosure, requestForFunds } from './subsidy-disbursement.ts';

export async function subsidyApplication(input: ProcedureInput): Promise<string> {
  const desk = await openDesk(input);
  return walk<'subsidyApplication'>(
    desk,
    'subsidy',
    {
      subsidy: claimReview,
      refusal: proposedRefusal,
      notice: subsidyNotice,
      approval,
      funds: requestForFunds,
      payment,
      paid_list: paymentDisclosure,
    },
    (outcome) => ({ acts: [{ act: 'closeApplication', code: outcome }] }),
  );
}

async function claimReview(desk: Desk): Promise<Next<'subsidyApplication'>> {
  return review(desk, {
    stage: 'subsidy',
    table: desk.place.terms.reviews.subsidy,
    signedPerProcedure: true,
    returnActs: [{ act: 'setApplicationStatus', code: 'correction' }],
    resubmitActs: [{ act: 'setApplicationStatus', code: 'in_review' }],
    approved: 'notice',
    refusalProposed: 'refusal',
  });
}

/** The reviewers propose a refusal; refusing is the approver's act. An approver who sees it otherwise sends the claim on to its notice. */
async function proposedRefusal(desk: Desk): Promise<Next<'subsidyApplication'>> {
  if (!desk.isAt('refusal')) {
    const row = desk.place.terms.reviews.approval.at(-1);
    await desk.proceed({
      stage: 'refusal',
      step: 'refusal',
      asks: [
        {
          step: 'refusal.approval',
          kind: 'review',
          role: 'approver',
          level: row?.level ?? 'own',
          outcomes: ['refuse', 'overrule'],
          workingDays: row?.workingDays ?? 1,
          fourEyes: [desk.procedureId],
        },
      ],
    });
  }
  for (;;) {
    const fact = await desk.next();
    if (fact.outcome === 'refuse') return 'refused';
    if (fact.outcome === 'overrule') return 'notice';
    if (fact.kind === 'withdrawn') return 'withdrawn';
    await desk.proceed({});
  }
}

async function subsidyNotice(desk: Desk): Promise<Next<'subsidyApplication'>> {
  return disclose(desk, {
    stage: 'notice',
    list: 'subsidy',
    entryActs: [{ act: 'setApplicationStatus', code: 'notice' }],
    next: 'approval',
  });
}

/** The approver's decision commits the money in the ledger (see db/money/ledger.ts): what the budget does not hold cannot be approved. */
async function approval(desk: Desk): Promise<Next<'subsidyApplication'>> {
  return review(desk, {
    stage: 'approval',
    table: desk.place.terms.reviews.approval,
    signedPerProcedure: true,
    entryActs: [{ act: 'setApplicationStatus', code: 'approval' }],
    approved: 'funds',
  });
}
