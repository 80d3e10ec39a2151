/** Payment batches: lines, who made, checked and released, the bank's file out and its answer in. */
import { z } from 'zod';
import { decideTask } from '../../db/decisions.ts';
import { findAnsweredTask } from '../../db/payments.ts';
import { findOpenTask, getBatchView, listAttempts, listBatches } from '../../db/views/payments.ts';
import { defaultBankTemplate, formatBankAnswer, parseBankAnswer, returnReasons } from '../../workflows/domain/bank-file.ts';
import { ConflictError, inputError } from '../../workflows/domain/errors.ts';
import type { Role } from '../../workflows/domain/roles.ts';
import { encodeGb18030 } from '../../db/formats/gb18030.ts';
import { file, page, redirect } from '../replies.ts';
import { type Context, type Counter, route } from '../routing.ts';
import { batchJson, lineJson, toneOfStatus } from './page.ts';
import { Batch, BatchLine } from './schemas.ts';

const readers: readonly Role[] = ['payment_officer', 'finance_officer', 'approver', 'supervisor', 'auditor'];
const Number_ = z.object({ number: z.string().max(60) });
const ANSWER_MAX_BYTES = 2_000_000;
const SHOWN = 100;

export function paymentRoutes(counter: Counter): void {
  const show = async (context: Pick<Context<{ number: string }, unknown, unknown>, 'db' | 'actor' | 'params' | 'config'>, more: Record<string, unknown> = {}, status = 200) => {
    const { db, actor, params, config } = context;
    const batch = await getBatchView(db, actor, params.number);
    const lines = await listAttempts(db, batch.id);
    const task = await findOpenTask(db, batch.procedure_id, ['batch_check', 'batch_release', 'bank_answer']);
    const view = {
      ...batchJson(batch),
      title: batch.title,
      made_at: batch.made_at,
      checked_at: batch.checked_at,
      released_at: batch.released_at,
      lines: lines.map((line) => ({ ...lineJson(line), id_masked: line.id_masked, tone: toneOfStatus[line.status] ?? '' })),
      task,
      awaitsAnswer: task?.kind === 'bank_answer',
      hasFile: batch.bank_file !== null,
      simulator: config.demo && task?.kind === 'bank_answer',
      ...more,
    };
    return page('payments/show', view, { nav: 'payments', status, json: { ...batchJson(batch), lines: lines.map(lineJson), task: task ?? null } });
  };

  route(counter, {
    method: 'get',
    path: '/payments',
    summary: 'Payment batches of the own region, newest first',
    tags: ['payments'],
    access: readers,
    response: z.object({ batches: z.array(Batch) }),
    handle: async ({ db, actor }) => {
      const batches = (await listBatches(db, actor, SHOWN)).map((batch) => ({ ...batchJson(batch), made_at: batch.made_at }));
      return page('payments/index', { batches }, { json: { batches: batches.map(({ made_at: _made, ...batch }) => batch) } });
    },
  });

  route(counter, {
    method: 'get',
    path: '/payments/:number',
    summary: 'One batch with its lines',
    tags: ['payments'],
    access: readers,
    params: Number_,
    response: Batch.extend({ lines: z.array(BatchLine), task: z.unknown() }),
    handle: (context) => show(context),
  });

  route(counter, {
    method: 'get',
    path: '/payments/:number/file',
    summary: 'The file for the bank, GB 18030, once the batch is released',
    tags: ['payments'],
    access: ['payment_officer'],
    params: Number_,
    handle: async ({ db, actor, params }) => {
      const batch = await getBatchView(db, actor, params.number);
      if (!batch.bank_file) throw new ConflictError('batch.notReleased');
      return file(batch.bank_file, { name: `${batch.number}.txt`, type: 'text/plain; charset=gb18030' });
    },
  });

  route(counter, {
    method: 'post',
    path: '/payments/:number/answer',
    summary: 'The bank’s answer for this batch (GB 18030 or UTF-8)',
    tags: ['payments'],
    access: ['payment_officer'],
    params: Number_,
    upload: { field: 'file', maxBytes: ANSWER_MAX_BYTES },
    body: z.object({ text: z.string().max(ANSWER_MAX_BYTES).optional() }),
    response: z.object({ paid: z.number().int(), failed: z.number().int() }),
    handle: async ({ db, actor, params, body, files, request }) => {
      const batch = await getBatchView(db, actor, params.number);
      const text = files[0] ? decode(files[0].content) : body.text;
      if (!text) throw inputError('file', 'bank.answerMissing');
      const answer = parseBankAnswer(defaultBankTemplate, text);
      if (answer.batchNumber !== batch.number) throw inputError('file', 'bank.otherBatch', { given: answer.batchNumber, expected: batch.number });
      const task = await findAnsweredTask(db, batch.procedure_id);
      if (!task) throw new ConflictError('batch.notReleased');
      if (task.status !== 'open') throw new ConflictError('bank.alreadyAnswered');
      await decideTask(db, actor, { taskId: task.id, outcome: 'answered', payload: { answer }, ...(request ? { request } : {}) });
      const failed = answer.lines.filter((line) => line.status === 'failed').length;
      return redirect(`/payments/${batch.number}`, { json: { paid: answer.lines.length - failed, failed }, flash: { key: 'payments.answered', params: { paid: answer.lines.length - failed, failed } } });
    },
    onInvalid: (context, issues) => show(context, { issues }, 422),
  });

  if (!counter.deps.config.demo) return;
  route(counter, {
    method: 'get',
    path: '/payments/:number/simulated-answer',
    summary: 'Demonstration only (模拟): a bank’s answer for the batch at hand, with a number of returned lines',
    tags: ['demonstration'],
    access: ['payment_officer'],
    params: Number_,
    query: z.object({ failing: z.coerce.number().int().min(0).max(500).default(0) }),
    handle: async ({ db, actor, params, query }) => {
      const batch = await getBatchView(db, actor, params.number);
      const lines = await listAttempts(db, batch.id);
      const reasons = Object.entries(returnReasons);
      const text = formatBankAnswer(defaultBankTemplate, {
        batchNumber: batch.number,
        date: new Date(batch.made_at).toISOString().slice(0, 10),
        lines: lines.map((line, at) => {
          const [reasonCode, reason] = reasons[at % reasons.length] ?? ['R01', ''];
          const failed = at < query.failing;
          return { reference: line.reference, amountFen: line.amount_fen, status: failed ? 'failed' : 'success', ...(failed ? { reasonCode, reason } : { bankSerial: `SIM${String(at + 1).padStart(8, '0')}` }) };
        }),
      });
      return file(encodeGb18030(text), { name: `模拟回单-${batch.number}.txt`, type: 'text/plain; charset=gb18030' });
    },
  });
}

function decode(content: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    try {
      return new TextDecoder('gb18030', { fatal: true }).decode(content);
    } catch {
      throw inputError('file', 'bank.head');
    }
  }
}
