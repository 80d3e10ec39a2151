/** The file that the bank sends back for a batch: read by the template of the paying account, then decided on like any other task. */
import type { Knex } from 'knex';
import { type BankAnswer, parseBankAnswer } from '../../workflows/domain/money/bank-file.ts';
import { type BankTemplate, bankTemplates, defaultBankTemplate } from '../../workflows/domain/money/bank-templates.ts';
import { ConflictError, inputError, NotFoundError } from '../../workflows/domain/errors.ts';
import { type AnsweredBatch, countsOf } from './bank-answers.ts';
import type { Db } from '../client.ts';
import { type DecisionAnswer, decideTask } from '../protocol/decisions.ts';
import { decodeText } from '../formats/csv.ts';
import { findAnswer, type IdempotentRequest } from '../protocol/idempotency.ts';
import { type BatchRow, findBatch } from './payments.ts';
import type { Actor } from '../accounts/users.ts';

export function bankTemplateOf(batch: { bank_template: string }): BankTemplate {
  return bankTemplates.find((template) => template.id === batch.bank_template) ?? defaultBankTemplate;
}

/**
 * Takes the file that the bank sent (GB 18030 or UTF-8) and decides the batch's task with it.
 * Throws InputError on field `file` naming the line, ConflictError `bank.alreadyAnswered`, `batch.notReleased`, and what decideTask throws.
 */
export async function answerBatch(
  db: Knex,
  actor: Actor,
  input: { number: string; content: Buffer; request?: IdempotentRequest | undefined },
): Promise<AnsweredBatch> {
  const batch = await findBatch(db, input.number);
  if (!batch) throw new NotFoundError('batch.unknown');
  const answer = await readAnswer(db, batch, input.content);
  const counts = countsOf(answer.lines);
  if (input.request && (await findAnswer<DecisionAnswer>(db, input.request))) return counts;
  if (batch.status === 'answered') throw new ConflictError('bank.alreadyAnswered');
  const task = await db('tasks')
    .where({ procedure_id: batch.procedure_id, kind: 'bank_answer' })
    .orderBy('round', 'desc')
    .first('id', 'status');
  if (batch.status !== 'released' || !task) throw new ConflictError('batch.notReleased');
  await decideTask(db, actor, { taskId: task.id, outcome: 'answered', payload: { answer }, request: input.request });
  return counts;
}

async function readAnswer(db: Db, batch: BatchRow, content: Buffer): Promise<BankAnswer> {
  const template = bankTemplateOf(batch);
  const text = readText(content);
  // Whose answer it is comes first: that its lines are unknown here would only say the same at length.
  const { batchNumber } = parseBankAnswer(template, text);
  if (batchNumber !== batch.number)
    throw inputError('file', 'bank.otherBatch', { given: batchNumber.slice(0, 40), expected: batch.number });
  const sent = await db('payment_attempts as a')
    .join('payment_lines as l', 'l.id', 'a.line_id')
    .where('a.batch_id', batch.id)
    .select({ reference: 'a.reference', amountFen: 'l.amount_fen' });
  return parseBankAnswer(template, text, sent);
}

function readText(content: Buffer): string {
  try {
    return decodeText(content);
  } catch {
    throw inputError('file', 'bank.notText');
  }
}
