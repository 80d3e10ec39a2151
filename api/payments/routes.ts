/** Payment batches: lines, who made, checked and released, the bank's file out and its answer in. */
import { z } from 'zod';
import { answerBatch, bankTemplateOf } from '../../db/money/bank-answer-files.ts';
import { businessNow } from '../../db/calendar/clock.ts';
import { encodeGb18030 } from '../../db/formats/gb18030.ts';
import { takeBankFile } from '../../db/money/payments.ts';
import {
  batchesCountedAtMost,
  findOpenTask,
  getBatchView,
  listApplicationsIn,
  listAttempts,
  listBatches,
} from '../../db/views/payments.ts';
import { formatBankAnswer, returnReasons } from '../../workflows/domain/money/bank-file.ts';
import { shanghaiDate } from '../../workflows/domain/calendar/calendar.ts';
import { inputError } from '../../workflows/domain/errors.ts';
import type { Role } from '../../workflows/domain/roles.ts';
import { hasRole } from '../../workflows/domain/scope.ts';
import { file, mediaTypes, page, redirect } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import { trackOf } from '../tasks/case/page.ts';
import { attemptView, batchJson, batchStatuses, batchView, lineJson } from './page.ts';
import { Batch, BatchLine } from './schemas.ts';
import { makeBankAnswer } from './simulator.ts';

const readers: readonly Role[] = ['payment_officer', 'finance_officer', 'approver', 'supervisor', 'auditor'];
const Numbered = z.object({ number: z.string().max(60) });
const Shown = z.object({ status: z.enum(batchStatuses).optional(), page: z.coerce.number().int().min(1).max(10_000).default(1) });
const ANSWER_MAX_BYTES = 2_000_000;
const PER_PAGE = 30;
const REFRESH_SECONDS = 2;

type Showing = Pick<Context<{ number: string }, unknown, unknown>, 'db' | 'actor' | 'params' | 'config' | 't' | 'locale'>;

export function paymentRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/payments',
    summary: 'Payment batches of the own regions, newest first',
    tags: ['payments'],
    access: readers,
    query: Shown,
    response: z.object({
      batches: z.array(Batch),
      total: z.number().int().meta({ description: 'Counted up to 1001, which means more than 1000' }),
    }),
    handle: async ({ db, actor, query, t }) => {
      const { status } = query;
      const offset = (query.page - 1) * PER_PAGE;
      const { batches, total, more } = await listBatches(db, actor, { status, limit: PER_PAGE, offset });
      const href = (next: string | undefined, at = 1): string => {
        const search = new URLSearchParams({ ...(next ? { status: next } : {}), ...(at > 1 ? { page: String(at) } : {}) }).toString();
        return search ? `/payments?${search}` : '/payments';
      };
      const view = {
        batches: batches.map((batch) => batchView(batch, t)),
        chips: [undefined, ...batchStatuses].map((one) => ({
          href: href(one),
          label: t(one ? `payments.states.${one}` : 'payments.all'),
          active: status === one,
        })),
        filtered: status !== undefined,
        pager: {
          from: offset + Math.min(1, batches.length),
          to: offset + batches.length,
          total: Math.min(total, batchesCountedAtMost),
          capped: total > batchesCountedAtMost,
          ...(query.page > 1 ? { previousHref: href(status, query.page - 1) } : {}),
          ...(more ? { nextHref: href(status, query.page + 1) } : {}),
        },
      };
      return page('payments/index', view, { json: { batches: batches.map(batchJson), total } });
    },
  });

  route(counter, {
    method: 'get',
    path: '/payments/:number',
    summary: 'One batch with its lines',
    tags: ['payments'],
    access: readers,
    params: Numbered,
    response: Batch.extend({ applications: z.array(z.string()), lines: z.array(BatchLine), taskId: z.string().nullable() }),
    handle: (context) => show(context),
  });

  route(counter, {
    method: 'get',
    path: '/payments/:number/file',
    summary: 'The file for the bank, GB 18030, once the batch is released; for the office that pays, on record',
    tags: ['payments'],
    access: ['payment_officer'],
    params: Numbered,
    file: ['textGb18030'],
    handle: async ({ db, vault, actor, params }) => {
      const batch = await getBatchView(db, actor, params.number);
      return file(await takeBankFile(db, vault, actor, batch.number), { name: `${batch.number}.txt`, type: mediaTypes.textGb18030 });
    },
  });

  route(counter, {
    method: 'post',
    path: '/payments/:number/answer',
    summary: 'The bank’s answer for this batch, as a file (GB 18030 or UTF-8) or as text; every line must be answered',
    tags: ['payments'],
    access: ['payment_officer'],
    params: Numbered,
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

  if (counter.deps.config.demo) simulatorRoute(counter);
}

async function show({ db, actor, params, config, t }: Showing, more: Record<string, unknown> = {}, status = 200) {
  const batch = await getBatchView(db, actor, params.number);
  const [attempts, applications, task] = await Promise.all([
    listAttempts(db, batch.id),
    listApplicationsIn(db, batch.id),
    findOpenTask(db, batch.procedure_id, ['batch_check', 'batch_release', 'bank_answer']),
  ]);
  const pays = hasRole(actor, 'payment_officer');
  const view = {
    batch: batchView(batch, t),
    applications,
    payer: { name: batch.payer_name, account: batch.payer_account },
    stages: trackOf(
      {
        type: 'subsidyPayment',
        stage: batch.stage,
        status: batch.procedure_status,
        outcome: batch.status === 'answered' ? 'paid' : batch.procedure_outcome,
      },
      t,
    ),
    lines: attempts.map((attempt) => attemptView(attempt, t)),
    totalFen: batch.total_fen,
    task: task && pays && task.kind !== 'bank_answer' ? { href: `/tasks/${task.id}`, label: t(`payments.toTask.${task.kind}`) } : undefined,
    awaitsAnswer: pays && task?.kind === 'bank_answer',
    mayDownload: pays && batch.has_file,
    simulator:
      pays && config.demo && task?.kind === 'bank_answer'
        ? {
            reasons: Object.entries(returnReasons).map(([value, label]) => ({ value, label: `${value} ${label}` })),
            most: batch.line_count,
          }
        : undefined,
    title: t('payments.show.heading', { number: batch.number }),
    ...more,
  };
  const json = { ...batchJson(batch), applications, lines: attempts.map(lineJson), taskId: task?.id ?? null };
  return page('payments/show', view, { nav: 'payments', status, json, ...(batch.behind ? { refreshSeconds: REFRESH_SECONDS } : {}) });
}

/** Demonstration only: the bank answers at once, as it is told to. */
function simulatorRoute(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/payments/:number/simulated-answer',
    summary: 'Demonstration only (模拟): a bank’s answer for the batch at hand, with a number of returned lines',
    tags: ['demonstration'],
    access: ['payment_officer'],
    params: Numbered,
    file: ['textGb18030'],
    query: z.object({ failing: z.coerce.number().int().min(0).max(500).default(0), reason: z.enum(Object.keys(returnReasons)).optional() }),
    handle: async ({ db, actor, params, query }) => {
      const batch = await getBatchView(db, actor, params.number);
      const lines = (await listAttempts(db, batch.id)).map((line) => ({ reference: line.reference, amountFen: line.amount_fen }));
      const date = shanghaiDate(await businessNow(db));
      const answer = makeBankAnswer(
        { number: batch.number, date, lines },
        { failing: query.failing, ...(query.reason ? { reasons: [query.reason] } : {}) },
      );
      return file(encodeGb18030(formatBankAnswer(bankTemplateOf(batch), answer)), {
        name: `模拟回单-${batch.number}.txt`,
        type: mediaTypes.textGb18030,
      });
    },
  });
}
