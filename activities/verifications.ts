/** Asks the registers about the people of a class. Arguments, results and failures hold no personal data: they lie in workflow histories. */
import { ApplicationFailure, Context } from '@temporalio/activity';
import type { Knex } from 'knex';
import { type Answer, openQuestions, type Question, recordAnswers, type Register, stageRegisters } from '../db/classes/verifications.ts';
import { askRegister } from './connectors/registers.ts';
import type { OfficeDeps } from './deps.ts';
import { coded } from './procedures.ts';

/** Questions of one register that are under way at once, and answers written in one transaction. */
const AT_ONCE = 16;
/** A register that is silent so many times in a row is not asked further in this attempt. */
const GIVE_UP_AFTER = 16;

export function verificationActivities({ db, registersUrl }: OfficeDeps) {
  return {
    /** Before the training: identity, insurance, benefits elsewhere. */
    verifyRoster: (procedureId: string): Promise<void> =>
      coded(() => verify(db, registersUrl, procedureId, stageRegisters['pre_training'] ?? [])),
    /** At filing: the certificates of those who passed. */
    verifyCertificates: (procedureId: string): Promise<void> =>
      coded(() => verify(db, registersUrl, procedureId, stageRegisters['filing'] ?? [])),
  };
}

/** Repeated, it asks only what is still unanswered. Fails with the number of what stays unanswered, so that it is tried again a little later. */
async function verify(db: Knex, url: string | undefined, procedureId: string, registers: readonly Register[]): Promise<void> {
  const questions = await openQuestions(db, procedureId, registers);
  // Without registers everything stays unanswered, and an officer settles it by hand.
  if (!url) return;
  const silent = await Promise.all(
    registers.map((register) =>
      askAll(
        db,
        url,
        procedureId,
        questions.filter((question) => question.register === register),
      ),
    ),
  );
  const unanswered = silent.reduce((sum, count) => sum + count, 0);
  if (unanswered > 0) throw ApplicationFailure.retryable(`${unanswered} questions without answer`, 'Unanswered');
}

/** Asks one register in batches. Returns how many questions stay without answer. */
async function askAll(db: Knex, url: string, procedureId: string, questions: readonly Question[]): Promise<number> {
  const context = Context.current();
  let inVain = 0;
  let answered = 0;
  for (let at = 0; at < questions.length && inVain < GIVE_UP_AFTER; at += AT_ONCE) {
    context.heartbeat({ asked: at });
    const batch: Answer[] = await Promise.all(
      questions.slice(at, at + AT_ONCE).map((question) => askRegister(url, question, context.cancellationSignal)),
    );
    await recordAnswers(db, procedureId, batch);
    const good = batch.filter((answer) => answer.result !== 'none').length;
    answered += good;
    inVain = good > 0 ? 0 : inVain + batch.length;
  }
  return questions.length - answered;
}
