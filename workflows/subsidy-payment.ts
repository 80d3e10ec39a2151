/** One payment batch (拨付批次): made, checked and released by three people, sent to the bank, answered line by line. */
import { type Desk, openDesk, type ProcedureInput } from './desk/desk.ts';
import { walk } from './desk/walk.ts';
import type { OfficeAct } from './domain/office-acts.ts';
import type { Ask } from './domain/procedures.ts';
import type { Next, Stage } from './domain/stages.ts';
import type { TaskOutcome } from './domain/task-kinds.ts';

export async function subsidyPayment(input: ProcedureInput): Promise<string> {
  const desk = await openDesk(input);
  const ending = (code: 'answered' | 'cancelled') => ({ acts: [{ act: 'closeBatch', code }] satisfies OfficeAct[] });
  return walk<'subsidyPayment'>(desk, 'checking', { checking, releasing, bank: bankAnswer }, ending);
}

async function checking(desk: Desk): Promise<Next<'subsidyPayment'>> {
  const { batch } = desk.place.terms.days;
  const asked = { kind: 'batch_check', outcomes: ['check', 'send_back'], workingDays: batch, fourEyes: signedScopes(desk) } as const;
  return (await decisionOn(desk, 'checking', asked)) === 'check' ? 'releasing' : 'cancelled';
}

async function releasing(desk: Desk): Promise<Next<'subsidyPayment'>> {
  const { batch } = desk.place.terms.days;
  const asked = { kind: 'batch_release', outcomes: ['release', 'send_back'], workingDays: batch, fourEyes: signedScopes(desk) } as const;
  return (await decisionOn(desk, 'releasing', asked)) === 'release' ? 'bank' : 'cancelled';
}

/** No answer never counts as paid: the batch stays open until the bank has answered every line. Anybody who pays may enter the answer. */
async function bankAnswer(desk: Desk): Promise<Next<'subsidyPayment'>> {
  const asked = { kind: 'bank_answer', outcomes: ['answered'], workingDays: desk.place.terms.days.bankAnswer, fourEyes: [] } as const;
  return decisionOn(desk, 'bank', asked, [{ act: 'sendBankFile' }]);
}

type BatchKind = 'batch_check' | 'batch_release' | 'bank_answer';
type Asked<K extends BatchKind> = { kind: K; outcomes: readonly TaskOutcome<K>[]; workingDays: number; fourEyes: readonly string[] };

/** Asks the payment office once and waits for its decision. */
async function decisionOn<K extends BatchKind>(
  desk: Desk,
  stage: Stage<'subsidyPayment'>,
  asked: Asked<K>,
  acts: OfficeAct[] = [],
): Promise<TaskOutcome<K>> {
  if (!desk.isAt(stage)) {
    const ask = { step: `${stage}.${asked.kind}`, role: 'payment_officer', level: desk.place.terms.offices.payment, ...asked };
    await desk.proceed({ stage, step: stage, acts, asks: [ask as Ask] });
  }
  for (;;) {
    const fact = await desk.next();
    if (fact.kind === 'decided') return fact.outcome as TaskOutcome<K>;
    await desk.proceed({});
  }
}

/** Checker and releaser sign for the batch and for every application in it. */
function signedScopes(desk: Desk): string[] {
  const applications = String(desk.place.flags.applications ?? '');
  return [desk.procedureId, ...applications.split(' ').filter((id) => id !== '')];
}
