/** One payment batch (拨付批次): made, checked and released by three people, sent to the bank, answered line by line. */
import { type Desk, openDesk, type ProcedureInput, walk } from './desk/desk.ts';
import type { Ask } from './domain/procedures.ts';
import type { TaskKind } from './domain/task-kinds.ts';

export async function subsidyPayment(input: ProcedureInput): Promise<string> {
  const desk = await openDesk(input);
  return walk(desk, 'checking', { checking, releasing, bank: bankAnswer }, (outcome) => ({ acts: [{ act: 'closeBatch', code: outcome }] }));
}

async function checking(desk: Desk): Promise<string> {
  const outcome = await second(desk, 'checking', 'batch_check', ['check', 'send_back']);
  return outcome === 'check' ? 'releasing' : 'cancelled';
}

async function releasing(desk: Desk): Promise<string> {
  const outcome = await second(desk, 'releasing', 'batch_release', ['release', 'send_back']);
  return outcome === 'release' ? 'bank' : 'cancelled';
}

/** No answer never counts as paid: the batch stays open until the bank has answered every line. */
async function bankAnswer(desk: Desk): Promise<string> {
  await second(desk, 'bank', 'bank_answer', ['answered']);
  return 'answered';
}

async function second(desk: Desk, stage: string, kind: TaskKind, outcomes: string[]): Promise<string> {
  const { terms } = desk.place;
  if (!desk.isAt(stage)) {
    const workingDays = kind === 'bank_answer' ? terms.days.bankAnswer : terms.days.batch;
    const ask: Ask = {
      step: `${stage}.${kind}`,
      kind,
      role: 'payment_officer',
      level: terms.offices.payment,
      outcomes,
      workingDays,
      fourEyes: signedScopes(desk, kind),
    };
    await desk.proceed({ stage, step: stage, acts: kind === 'bank_answer' ? [{ act: 'sendBankFile' }] : [], asks: [ask] });
  }
  for (;;) {
    const fact = await desk.next();
    if (fact.kind === 'decided') return fact.outcome ?? '';
    await desk.proceed({});
  }
}

/** Checker and releaser sign for the batch and for every application in it; anybody may enter the bank's answer. */
function signedScopes(desk: Desk, kind: TaskKind): string[] {
  if (kind === 'bank_answer') return [];
  const applications = String(desk.place.flags.applications ?? '');
  return [desk.procedureId, ...applications.split(' ').filter((id) => id !== '')];
}
