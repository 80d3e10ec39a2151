/** The bank of the demonstration (模拟): answers the batch at hand, with as many returned lines as asked for. */
import { type AnswerLine, type BankAnswer, returnReasons } from '../../workflows/domain/money/bank-file.ts';

export type SimulatedBatch = { number: string; date: string; lines: readonly { reference: string; amountFen: number }[] };

/** `failing`: how many lines come back, from the first on; `reasons`: codes of the reasons, taken in turn. */
export function makeBankAnswer(
  batch: SimulatedBatch,
  { failing, reasons = Object.keys(returnReasons) }: { failing: number; reasons?: readonly string[] },
): BankAnswer {
  const lines = batch.lines.map(({ reference, amountFen }, at): AnswerLine => {
    if (at >= failing)
      return {
        reference,
        amountFen,
        status: 'success',
        bankSerial: `SIM${batch.number.replaceAll('-', '')}${String(at + 1).padStart(4, '0')}`,
      };
    const reasonCode = reasons[at % reasons.length] ?? 'R01';
    return { reference, amountFen, status: 'failed', reasonCode, reason: returnReasons[reasonCode] ?? reasonCode };
  });
  return { batchNumber: batch.number, date: batch.date, lines };
}
