/** The claim of a filed class (补贴申请): review, notice with objections, approval, request for funds, payment, publication of what was paid. */
import { type Desk, openDesk, type ProcedureInput, stepOf, walk } from './desk/desk.ts';
import { review } from './desk/review.ts';
import type { Ask } from './domain/procedures.ts';
import { disclose } from './public-disclosure.ts';

export async function subsidyApplication(input: ProcedureInput): Promise<string> {
  const desk = await openDesk(input);
  return walk(
    desk,
    'subsidy',
    { subsidy: claimReview, refusal: proposedRefusal, notice: subsidyNotice, approval, funds: requestForFunds, payment, paid_list: paymentDisclosure },
    (outcome) => ({ acts: [{ act: 'closeApplication', code: outcome }] }),
  );
}

async function claimReview(desk: Desk): Promise<string> {
  const outcome = await review(desk, {
    stage: 'subsidy',
    table: desk.place.terms.reviews.subsidy,
    signedPerProcedure: true,
    returnActs: [{ act: 'setApplicationStatus', code: 'correction' }],
    resubmitActs: [{ act: 'setApplicationStatus', code: 'in_review' }],
  });
  if (outcome === 'refusal_proposed') return 'refusal';
  return outcome === 'approved' ? 'notice' : outcome;
}

/** The reviewers propose a refusal; refusing is the approver's act. An approver who sees it otherwise sends the claim on to its notice. */
async function proposedRefusal(desk: Desk): Promise<string> {
  if (!desk.isAt('refusal')) {
    const row = desk.place.terms.reviews.approval.at(-1);
    const ask = { kind: 'review', role: 'approver', level: row?.level ?? 'own', outcomes: ['refuse', 'overrule'], workingDays: row?.workingDays ?? 1 } as const;
    await desk.proceed({ stage: 'refusal', step: 'refusal', asks: [{ step: 'refusal.approval', fourEyes: [desk.procedureId], ...ask, outcomes: [...ask.outcomes] }] });
  }
  for (;;) {
    const fact = await desk.next();
    if (fact.outcome === 'refuse') return 'refused';
    if (fact.outcome === 'overrule') return 'notice';
    if (fact.kind === 'withdrawn') return 'withdrawn';
    await desk.proceed({});
  }
}

async function subsidyNotice(desk: Desk): Promise<string> {
  return disclose(desk, { stage: 'notice', list: 'subsidy', entryActs: [{ act: 'setApplicationStatus', code: 'notice' }], next: 'approval' });
}

/** The approver's decision commits the money in the ledger (see db/ledger.ts): what the budget does not hold cannot be approved. */
async function approval(desk: Desk): Promise<string> {
  const outcome = await review(desk, {
    stage: 'approval',
    table: desk.place.terms.reviews.approval,
    signedPerProcedure: true,
    entryActs: [{ act: 'setApplicationStatus', code: 'approval' }],
  });
  return outcome === 'approved' ? 'funds' : outcome;
}

/** The finance department confirms the request for funds (会同财政). */
async function requestForFunds(desk: Desk): Promise<string> {
  if (!desk.isAt('funds')) {
    const { terms } = desk.place;
    await desk.proceed({
      stage: 'funds',
      step: 'funds',
      acts: [{ act: 'approveApplication' }],
      asks: [{ step: 'funds.confirm', kind: 'funds', role: 'finance_officer', level: terms.offices.finance, outcomes: ['confirm', 'send_back'], workingDays: terms.days.funds, fourEyes: [desk.procedureId] }],
    });
  }
  for (;;) {
    const fact = await desk.next();
    if (fact.outcome === 'confirm') return 'payment';
    if (fact.outcome === 'send_back') return 'approval';
    await desk.proceed({});
  }
}

/** Batches take the lines that are not held; it ends when no line is outstanding. */
async function payment(desk: Desk): Promise<string> {
  if (!desk.isAt('payment')) await desk.proceed({ stage: 'payment', step: 'payment', acts: [{ act: 'setApplicationStatus', code: 'paying' }, { act: 'countLines' }] });
  for (;;) {
    const { flags, openSteps } = desk.place;
    if (Number(flags.outstanding) === 0) return Number(flags.paid) > 0 ? 'paid_list' : 'refused';
    const asks: Ask[] = [];
    if (Number(flags.payable) > 0 && !openSteps.includes('payment.make')) asks.push(batchTask(desk));
    if (Number(flags.failed) > 0 && !openSteps.includes('payment.account')) asks.push(accountTask(desk));
    if (asks.length > 0) await desk.proceed({ asks });
    const fact = await desk.next();
    const corrected = fact.kind === 'decided' && stepOf(fact) === 'payment.account';
    await desk.proceed({ acts: [...(corrected ? [{ act: 'retryFailedLines' }] : []), { act: 'countLines' }] });
  }
}

async function paymentDisclosure(desk: Desk): Promise<string> {
  return disclose(desk, { stage: 'paid_list', list: 'payment', next: 'paid' });
}

function batchTask(desk: Desk): Ask {
  const { terms } = desk.place;
  return { step: 'payment.make', kind: 'batch_make', role: 'payment_officer', level: terms.offices.payment, outcomes: ['make'], workingDays: terms.days.batch, fourEyes: [desk.procedureId] };
}

/** Lines that the bank returned (退票) go out again after the account was corrected. */
function accountTask(desk: Desk): Ask {
  const { terms } = desk.place;
  return { step: 'payment.account', kind: 'account_correction', role: 'institution', level: 'own', outcomes: ['corrected'], workingDays: terms.days.accountCorrection };
}
