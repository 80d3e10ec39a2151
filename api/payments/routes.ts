/** Payment batches: lines, who made, checked and released, the bank's file out and its answer in. */
import { z } from 'zod';
import { answerBatch, bankTemplateOf } from '../../db/bank-answer-files.ts';
import { businessNow } from '../../db/clock.ts';
import { takeBankFile } from '../../db/payments.ts';
import { findOpenTask, getBatchView, listAttempts, listBatches } from '../../db/views/payments.ts';
import { formatBankAnswer } from '../../workflows/domain/bank-file.ts';
import { shanghaiDate } from '../../workflows/domain/calendar.ts';
import { inputError } from '../../workflows/domain/errors.ts';
import type { Role } from '../../workflows/domain/roles.ts';
import { hasRole } from '../../workflows/domain/scope.ts';
import { encodeGb18030 } from '../../db/formats/gb18030.ts';
import { file, page, redirect } from '../replies.ts';
import { type Context, type Counter, route } from '../routing.ts';
import { batchJson, lineJson, toneOfStatus } from './page.ts';
import { Batch, BatchLine } from './schemas.ts';
import { makeBankAnswer } from './simulator.ts';

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
      hasFile: batch.bank_file_sealed !== null && hasRole(actor, 'payment_officer'),
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
    handle: async ({ db, vault, actor, params }) => {
      const batch = await getBatchView(db, actor, params.number);
      return file(await takeBankFile(db, vault, actor, batch), { name: `${batch.number}.txt`, type: 'text/plain; charset=gb18030' });
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
      const content = files[0]?.content ?? (body.text === undefined ? undefined : Buffer.from(body.text, 'utf8'));
      if (!content || content.length === 0) throw inputError('file', 'bank.answerMissing');
      const answered = await answerBatch(db, actor, { number: batch.number, content, request });
      return redirect(`/payments/${batch.number}`, { json: answered, flash: { key: 'payments.answered', params: answered } });
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
      const date = shanghaiDate(await businessNow(db));
      const answer = makeBankAnswer({ number: batch.number, date, lines: lines.map((line) => ({ reference: line.reference, amountFen: line.amount_fen })) }, { failing: query.failing });
      const text = formatBankAnswer(bankTemplateOf(batch), answer);
      return file(encodeGb18030(text), { name: `模拟回单-${batch.number}.txt`, type: 'text/plain; charset=gb18030' });
    },
  });
}
