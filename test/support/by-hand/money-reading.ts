/** Reading the money side in tests: how lines stand, what the bank would answer, which balances moved. */
import { makeBankAnswer } from '../../../api/payments/simulator.ts';
import { answerBatch, bankTemplateOf } from '../../../db/money/bank-answer-files.ts';
import { encodeGb18030 } from '../../../db/formats/gb18030.ts';
import { findBatch } from '../../../db/money/payments.ts';
import { formatBankAnswer } from '../../../workflows/domain/money/bank-file.ts';
import type { Application, MoneyDatabase } from './money.ts';

export function readingOf(money: MoneyDatabase) {
  const linesOf = (application: Application) =>
    money
      .db('payment_lines as l')
      .join('enrolments as e', 'e.id', 'l.enrolment_id')
      .where({ application_id: application.id })
      .orderBy('e.seat')
      .select('l.*', 'e.account_masked');
  const statusesOf = async (application: Application): Promise<string[]> => (await linesOf(application)).map((line) => line.status);

  async function answerOf(number: string, failing = 0, reasons?: string[]): Promise<Buffer> {
    const batch = await findBatch(money.db, number);
    const lines = await money
      .db('payment_attempts as a')
      .join('payment_lines as l', 'l.id', 'a.line_id')
      .where('a.batch_id', batch?.id)
      .orderBy('a.serial')
      .select({ reference: 'a.reference', amountFen: 'l.amount_fen' });
    const answer = makeBankAnswer({ number, date: '2026-03-10', lines }, { failing, ...(reasons ? { reasons } : {}) });
    return encodeGb18030(formatBankAnswer(bankTemplateOf({ bank_template: batch?.bank_template ?? '' }), answer));
  }
  const answer = async (number: string, content: Buffer, login = 'cs-pay-1') =>
    answerBatch(money.db, await money.actor(login), { number, content });
  const moved = async <T>(work: () => Promise<T>): Promise<Record<string, number>> => {
    const before = await money.balances();
    await work();
    const after = await money.balances();
    return Object.fromEntries(
      Object.entries(after)
        .map(([kind, fen]) => [kind, fen - (before[kind] ?? 0)])
        .filter(([, fen]) => fen !== 0),
    );
  };
  return { linesOf, statusesOf, answerOf, answer, moved };
}
