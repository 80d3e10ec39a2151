/** The bank's answer to a batch: every line answered, for this batch, once. Pays and returns are posted line by line. */
import { type AnswerLine, type BankAnswer, retryReasons } from '../../workflows/domain/money/bank-file.ts';
import { ConflictError } from '../../workflows/domain/errors.ts';
import type { Trx } from '../client.ts';
import type { DecisionContext } from '../protocol/decision-rules.ts';
import { requestDigest } from '../protocol/idempotency.ts';
import { payFunds, returnFunds } from './ledger.ts';
import { type BatchRow, getBatchOf } from './payments.ts';

export type AnsweredBatch = { paid: number; failed: number };

export function countsOf(lines: readonly AnswerLine[]): AnsweredBatch {
  const failed = lines.filter((line) => line.status === 'failed').length;
  return { paid: lines.length - failed, failed };
}

type SentLine = { line_id: string; reference: string; amount_fen: number };
type SettledLine = AnswerLine & { lineId: string; lineStatus: 'paid' | 'failed' | 'approved' };

/** Decision rule. The payload's answer is checked again, whatever counter it came through. */
export async function takeBankAnswer({ trx, actor, procedure, decision }: DecisionContext): Promise<Record<string, unknown>> {
  const answer = answerOf(decision.payload);
  const batch = await getBatchOf(trx, procedure.id);
  if (batch.status !== 'released') throw new ConflictError(batch.status === 'answered' ? 'bank.alreadyAnswered' : 'batch.notReleased');
  if (answer.batchNumber !== batch.number)
    throw new ConflictError('bank.otherBatch', { given: answer.batchNumber.slice(0, 40), expected: batch.number });
  const lines = await match(trx, batch, answer);
  await settle(trx, lines, procedure.now);
  const events = (wanted: boolean) =>
    lines
      .filter((line) => (line.lineStatus === 'paid') === wanted)
      .map((line) => ({
        fund: batch.fund,
        year: batch.year,
        region: batch.region,
        reference: line.reference,
        amountFen: line.amountFen,
        actor: actor.userId,
        classId: procedure.class_id ?? undefined,
      }));
  await payFunds(trx, events(true));
  await returnFunds(trx, events(false));
  await trx('payment_batches')
    .where({ id: batch.id })
    .update({ status: 'answered', answered_at: procedure.now, answer_digest: requestDigest(answer) });
  return { answer: undefined, ...countsOf(lines) };
}

function answerOf(payload: Record<string, unknown> | undefined): BankAnswer {
  const answer = payload?.answer as Partial<BankAnswer> | undefined;
  if (typeof answer?.batchNumber !== 'string' || !Array.isArray(answer.lines)) throw new ConflictError('bank.answerMissing');
  return answer as BankAnswer;
}

async function match(trx: Trx, batch: BatchRow, answer: BankAnswer): Promise<SettledLine[]> {
  const sent: SentLine[] = await trx('payment_attempts as a')
    .join('payment_lines as l', 'l.id', 'a.line_id')
    .where({ 'a.batch_id': batch.id, 'a.status': 'sent' })
    .select('a.line_id', 'a.reference', 'l.amount_fen');
  const open = new Map(sent.map((line) => [line.reference, line]));
  const lines = answer.lines.map((line): SettledLine => {
    const found = open.get(line.reference);
    if (!found) throw new ConflictError('bank.unknownReference', { reference: String(line.reference).slice(0, 60) });
    if (line.amountFen !== found.amount_fen) throw new ConflictError('bank.amountDiffers', { reference: line.reference });
    open.delete(line.reference);
    const returned = line.reasonCode !== undefined && retryReasons.includes(line.reasonCode) ? 'approved' : 'failed';
    return { ...line, lineId: found.line_id, lineStatus: line.status === 'success' ? 'paid' : returned };
  });
  if (open.size > 0) throw new ConflictError('bank.incomplete', { given: answer.lines.length, expected: sent.length });
  return lines;
}

/** A line that came back for the bank's own reasons can simply go out again; the others wait for another account. */
async function settle(trx: Trx, lines: readonly SettledLine[], now: Date): Promise<void> {
  const given = JSON.stringify(
    lines.map((line) => ({
      reference: line.reference,
      line_id: line.lineId,
      status: line.status === 'success' ? 'paid' : 'failed',
      line_status: line.lineStatus,
      code: line.reasonCode ?? null,
      reason: line.reason ?? null,
      serial: line.bankSerial ?? null,
    })),
  );
  const recordset = `jsonb_to_recordset(cast(:given as jsonb)) as g(reference text, line_id uuid, status text, line_status text, code text, reason text, serial text)`;
  await trx.raw(
    `update payment_attempts a set status = g.status, reason_code = g.code, reason = g.reason, bank_serial = g.serial, answered_at = :now
       from ${recordset} where a.reference = g.reference and a.status = 'sent'`,
    { given, now },
  );
  await trx.raw(
    `update payment_lines l set status = g.line_status, paid_at = case g.line_status when 'paid' then cast(:now as timestamptz) end,
            status_reason = case g.line_status when 'paid' then null else coalesce(g.reason, g.code) end
       from ${recordset} where l.id = g.line_id and l.status = 'sent'`,
    { given, now },
  );
}
