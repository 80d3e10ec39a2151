/** An approved claim is paid out (拨付): request for funds to finance, payment batches until no line is outstanding, publication of what was paid. */
import { type Desk, stepOf } from './desk/desk.ts';
import { type Ask, waitFor } from './domain/procedures.ts';
import type { Next } from './domain/stages.ts';
import { disclose } from './public-disclosure.ts';

/** The finance department confirms the request for funds (会同财政). */
export async function requestForFunds(desk: Desk): Promise<Next<'subsidyApplication'>> {
  if (!desk.isAt('funds')) {
    const { terms } = desk.place;
    await desk.proceed({
      stage: 'funds',
      step: 'funds',
      acts: [{ act: 'approveApplication' }],
      asks: [
        {
          step: 'funds.confirm',
          kind: 'funds',
          role: 'finance_officer',
          level: terms.offices.finance,
          outcomes: ['confirm', 'send_back'],
          workingDays: terms.days.funds,
          fourEyes: [desk.procedureId],
        },
      ],
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
export async function payment(desk: Desk): Promise<Next<'subsidyApplication'>> {
  if (!desk.isAt('payment'))
    await desk.proceed({
      stage: 'payment',
      step: 'payment',
      acts: [{ act: 'setApplicationStatus', code: 'paying' }, { act: 'countLines' }],
      asks: [waitFor('payment.settlement')],
    });
  for (;;) {
    const { flags, openSteps } = desk.place;
    const payable = Number(flags.payable) > 0;
    const returned = Number(flags.failed) > 0;
    const [making, correcting] = ['payment.make', 'payment.account'].map((step) => openSteps.includes(step));
    const asks: Ask[] = [...(payable && !making ? [batchTask(desk)] : []), ...(returned && !correcting ? [accountTask(desk)] : [])];
    // What a task asked for may be gone: its last line was excluded or is held.
    const cancels = [...(making && !payable ? ['payment.make'] : []), ...(correcting && !returned ? ['payment.account'] : [])];
    if (asks.length > 0 || cancels.length > 0) await desk.proceed({ asks, cancels });
    if (Number(flags.outstanding) === 0) return Number(flags.paid) > 0 ? 'paid_list' : 'refused';
    const fact = await desk.next();
    const corrected = fact.kind === 'decided' && stepOf(fact) === 'payment.account';
    await desk.proceed({ acts: corrected ? [{ act: 'retryFailedLines' }, { act: 'countLines' }] : [{ act: 'countLines' }] });
  }
}

export async function paymentDisclosure(desk: Desk): Promise<Next<'subsidyApplication'>> {
  return disclose(desk, { stage: 'paid_list', list: 'payment', next: 'paid' });
}

function batchTask(desk: Desk): Ask {
  const { terms } = desk.place;
  return {
    step: 'payment.make',
    kind: 'batch_make',
    role: 'payment_officer',
    level: terms.offices.payment,
    outcomes: ['make'],
    workingDays: terms.days.batch,
    fourEyes: [desk.procedureId],
  };
}

/** Lines that the bank returned (退票) go out again after the account was corrected. */
function accountTask(desk: Desk): Ask {
  const { terms } = desk.place;
  return {
    step: 'payment.account',
    kind: 'account_correction',
    role: 'institution',
    level: 'own',
    outcomes: ['corrected'],
    workingDays: terms.days.accountCorrection,
  };
}
