/** Acts on many tasks at once: preview with a verdict per task, one confirmation, progress, and what failed once more. */
import type { Knex } from 'knex';
import { z } from 'zod';
import {
  type BulkItem,
  type BulkJob,
  checkBulkJob,
  confirmBulkJob,
  createBulkJob,
  getBulkJob,
  listBulkItems,
  workOffBulkJob,
} from '../../../db/inbox/bulk-jobs.ts';
import { type Actor, getUserName } from '../../../db/accounts/users.ts';
import { countInbox, listInbox } from '../../../db/views/inbox/inbox.ts';
import { ConflictError, NotAllowedError } from '../../../workflows/domain/errors.ts';
import { isReason } from '../../../workflows/domain/reasons.ts';
import { officerRoles } from '../../../workflows/domain/roles.ts';
import { hasRole } from '../../../workflows/domain/scope.ts';
import { bulkActs, bulkLimit, supervisingBulkActs } from '../../../workflows/domain/tasks.ts';
import { emptyAsAbsent, freeText } from '../../http/fields.ts';
import { page, redirect, type Reply } from '../../http/replies.ts';
import { type ApiDeps, type Context, type Counter, route } from '../../http/routing.ts';
import { datesIn } from '../../pages/dates.ts';
import type { Locale, Translate } from '../../pages/i18n.ts';
import { listOf } from '../acts.ts';
import { readToday } from '../case/case.ts';
import { inboxTimes } from '../due.ts';
import { listQuery, toFilter, withQuery } from './inbox.ts';
import { type InboxList, KeptList } from '../schemas.ts';
import { stepLabel, taskPath } from '../words.ts';

const JobParams = z.object({ job: z.uuid() });
const taskId = z.string().regex(/^[\w.-]{1,120}\/[\w.-]{1,80}\/[1-9]\d{0,4}$/);
const NewJob = z
  .object({
    act: z.enum(bulkActs),
    /** Ids of tasks; not looked at with `all`. */
    selected: z
      .union([z.array(taskId).max(bulkLimit), taskId.transform((id) => [id])])
      .optional()
      .default([]),
    /** Every task of the list instead of chosen ones, the most urgent first. */
    all: z.literal('1').optional(),
    /** The list that they were chosen from, as a query string. */
    list: KeptList.optional(),
    /** Of `reassign`: who gets the tasks, and why. */
    to: z.uuid('supervision.notHolder').optional().or(emptyAsAbsent),
    reason: freeText(1_000).optional(),
  })
  .superRefine(({ act, to, reason }, context) => {
    // The page sends both with every act of its bar.
    if (act !== 'reassign') return;
    if (to === undefined) context.addIssue({ code: 'custom', path: ['to'], message: 'supervision.notHolder' });
    if (!isReason(reason)) context.addIssue({ code: 'custom', path: ['reason'], message: 'task.reasonMissing' });
  })
  .meta({ id: 'NewBulkJob' });

const Job = z
  .object({
    id: z.uuid(),
    act: z.enum(bulkActs),
    status: z.enum(['checking', 'preview', 'running', 'finished']),
    total: z.number().int(),
    /** Of a preview: what would be done. Later: what is still to be done. */
    waiting: z.number().int(),
    done: z.number().int(),
    refused: z.number().int(),
    /** Tasks of the list that are beyond the limit of one job. */
    leftOut: z.number().int(),
    items: z.array(
      z.object({
        taskId: z.string(),
        number: z.string().nullable(),
        title: z.string().nullable(),
        status: z.enum(['unchecked', 'waiting', 'done', 'refused']),
        code: z.string().nullable(),
        reason: z.string().nullable(),
        /** Of an approval: signatures of others that its step still waits for. */
        otherSignatures: z.number().int(),
      }),
    ),
  })
  .meta({ id: 'BulkJob' });

/** Mistakes that have words of their own where the list is shown again. */
const toldCodes = /^(bulk\.|personal\.|supervision\.notHolder$|task\.reasonMissing$)/;

/** What handing over or urging finds done already: nothing is left to do, now or later. */
const nothingToDo = new Set(['bulk.holdsAlready', 'supervision.urgedToday', 'task.decided']);
const needsNothing = (act: string, { status, code }: Pick<BulkItem, 'status' | 'code'>): boolean =>
  status === 'refused' && (act === 'reassign' || act === 'urge') && code !== null && nothingToDo.has(code);

const PAGE_WAIT_MS = 2_500;
const tags = ['tasks'];

export function bulkRoutes(counter: Counter): void {
  route(counter, {
    method: 'post',
    path: '/tasks/bulk',
    summary: 'Prepare an act on many tasks: a verdict for each, nothing is done yet',
    tags,
    access: officerRoles,
    body: NewJob,
    response: Job,
    creates: true,
    handle: async (context) => {
      const { db, actor, body, request } = context;
      if (supervisingBulkActs.includes(body.act) && !hasRole(actor, 'supervisor')) throw new NotAllowedError('role');
      const list = listOf(body.list);
      const chosen = body.all ? await wholeList(context, list) : { taskIds: body.selected, leftOut: 0 };
      const handOver = body.act === 'reassign' && body.to && body.reason ? { to: body.to, reason: body.reason } : undefined;
      const { id } = await createBulkJob(db, actor, { act: body.act, ...chosen, list: listQuery(list), handOver, request });
      return prepared(context, id);
    },
    onInvalid: (_context, issues, entered) =>
      redirect(backOf({ act: String(entered['act']), list: listQuery(keptPart(entered['list'])) }), {
        flash: {
          key: `errors.${issues.find(({ code }) => toldCodes.test(code))?.code ?? 'bulk.none'}`,
          params: { maximum: bulkLimit },
          tone: 'warning',
        },
      }),
  });

  route(counter, {
    method: 'get',
    path: '/tasks/bulk/:job',
    summary: 'The preview of a job, its progress or its result; looking at a job that stopped half way makes it go on',
    tags,
    access: officerRoles,
    params: JobParams,
    response: Job,
    handle: async (context) => {
      const { db, actor, params, deps } = context;
      const job = await getBulkJob(db, actor, params.job);
      if (job.status === 'checking') void check(deps, actor, job);
      if (job.status === 'running') void workOff(deps, job.id);
      return showJob(context, await getBulkJob(db, actor, job.id));
    },
  });

  route(counter, {
    method: 'post',
    path: '/tasks/bulk/:job/confirm',
    summary: 'Order what the preview found possible, once for the whole job; `Prefer: wait=n` waits for the end',
    tags,
    access: officerRoles,
    params: JobParams,
    response: Job,
    errors: [409],
    waits: true,
    handle: async (context) => {
      const { db, actor, params, deps, request, forPage, waitMs } = context;
      await confirmBulkJob(db, actor, params.job, request);
      await atMost(forPage ? PAGE_WAIT_MS : waitMs, workOff(deps, params.job));
      return redirect(`/tasks/bulk/${params.job}`, { json: await jobJson(context, await getBulkJob(db, actor, params.job)) });
    },
  });

  route(counter, {
    method: 'post',
    path: '/tasks/bulk/:job/again',
    summary: 'A new preview of what was refused in this job',
    tags,
    access: officerRoles,
    params: JobParams,
    response: Job,
    creates: true,
    errors: [409],
    handle: async (context) => {
      const { db, actor, params, request } = context;
      const job = await getBulkJob(db, actor, params.job);
      if (job.status !== 'finished') throw new ConflictError('bulk.notFinished');
      const taskIds = (await listBulkItems(db, job.id))
        .filter((item) => item.status === 'refused' && !needsNothing(job.act, item))
        .map((item) => item.task_id);
      const handOver = job.handed_to && job.reason ? { to: job.handed_to, reason: job.reason } : undefined;
      const { id } = await createBulkJob(db, actor, { act: job.act, taskIds, leftOut: 0, list: job.list, handOver, request });
      return prepared(context, id);
    },
    onInvalid: (context) => redirect(`/tasks/bulk/${(context.params as { job: string }).job}`),
  });
}

/** Where a refused form leads back to: its list, without a text that may not be kept. */
function keptPart(given: unknown): InboxList {
  const list = new URLSearchParams(String(given ?? ''));
  if (!KeptList.safeParse(given).success) for (const field of ['q', 'label']) list.delete(field);
  return listOf(list.toString());
}

type Reading = Pick<Context<unknown, unknown, unknown>, 'db' | 'actor' | 'instant' | 't' | 'locale' | 'deps'>;

/** The most urgent tasks of a list, as many as one job takes. */
async function wholeList({ db, actor, instant }: Reading, list: ReturnType<typeof listOf>) {
  const times = inboxTimes(await readToday(db, instant, actor));
  const { tasks, next } = await listInbox(db, actor, toFilter(list), times, { size: bulkLimit });
  const total = next ? (await countInbox(db, actor, toFilter(list), times)).total : tasks.length;
  return { taskIds: tasks.map((task) => task.id), leftOut: Math.max(0, total - tasks.length) };
}

/** Looks at every item of a new job. A program gets the verdicts; a page is sent on after a moment and shows how far it is. */
async function prepared(context: Reading & Pick<Context<unknown, unknown, unknown>, 'forPage'>, id: string): Promise<Reply> {
  const { db, actor, deps, forPage } = context;
  const checking = check(deps, actor, await getBulkJob(db, actor, id));
  if (forPage) await atMost(PAGE_WAIT_MS, checking);
  else await checking;
  return redirect(`/tasks/bulk/${id}`, { status: 201, json: await jobJson(context, await getBulkJob(db, actor, id)) });
}

/** Jobs that this process works on: looking at the page again starts nothing twice. */
const atWork = new Map<string, Promise<void>>();

/** A failure is no matter here: the next look at the page goes on, of a confirmed job also the worker's reconciler. */
function inBackground(log: ApiDeps['log'], jobId: string, work: () => Promise<void>): Promise<void> {
  const known = atWork.get(jobId);
  if (known) return known;
  const working = work()
    .catch((error: Error) => log.warn({ error: error.name }, 'a bulk act stopped half way'))
    .finally(() => atWork.delete(jobId));
  atWork.set(jobId, working);
  return working;
}

function check({ db, log }: Pick<ApiDeps, 'db' | 'log'>, actor: Actor, job: BulkJob): Promise<void> {
  return inBackground(log, job.id, () => checkBulkJob(db as Knex, actor, job));
}

function workOff({ db, log }: Pick<ApiDeps, 'db' | 'log'>, jobId: string): Promise<void> {
  return inBackground(log, jobId, () => workOffBulkJob(db as Knex, jobId));
}

async function atMost(ms: number, work: Promise<void>): Promise<void> {
  if (ms <= 0) return;
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([work, new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)))]);
  clearTimeout(timer);
}

/** Why an item is refused, in the reader's language. */
function reasonOf({ code, params }: BulkItem, t: Translate, locale: Locale): string | null {
  if (!code) return null;
  const { at } = params;
  return t(`errors.${code}`, { ...params, ...(at ? { at: datesIn(locale).dateTime(new Date(at)) } : {}) });
}

/** An approval among others: what it would not decide by itself. */
function othersOf(job: BulkJob, item: BulkItem): number {
  return job.act === 'approve' && item.status !== 'refused' ? (item.task?.others ?? 0) : 0;
}

function countsOf(items: readonly BulkItem[]) {
  const count = (status: BulkItem['status']): number => items.filter((item) => item.status === status).length;
  return { total: items.length, waiting: count('waiting') + count('unchecked'), done: count('done'), refused: count('refused') };
}

async function jobJson({ db, t, locale }: Reading, job: BulkJob) {
  return jobOf(job, await listBulkItems(db, job.id), t, locale);
}

function jobOf(job: BulkJob, items: BulkItem[], t: Translate, locale: Locale) {
  return {
    id: job.id,
    act: job.act,
    status: job.status,
    ...countsOf(items),
    leftOut: job.left_out,
    items: items.map((item) => ({
      taskId: item.task_id,
      number: item.task?.number ?? null,
      title: item.task?.title ?? null,
      status: item.status,
      code: item.code,
      reason: reasonOf(item, t, locale),
      otherSignatures: othersOf(job, item),
    })),
  };
}

/** Tasks that are handed over from the board come from no list. */
function isOfBoard({ act, list }: { act: string; list: string }): boolean {
  return act === 'reassign' && list === '';
}

function backOf(job: { act: string; list: string }): string {
  return isOfBoard(job) ? '/board' : withQuery('/tasks', job.list);
}

async function showJob({ db, t, locale, deps }: Reading, job: BulkJob): Promise<Reply> {
  const items = await listBulkItems(db, job.id);
  const rows = items.map((item) => ({
    href: item.task ? taskPath(item.task_id) : '',
    title: item.task?.title ?? item.task_id,
    number: item.task?.number ?? '',
    institution: item.task?.institution ?? '',
    step: item.task ? stepLabel(deps.words, t, item.task) : '',
    others: othersOf(job, item) > 0 ? t('bulk.othersFirst', { count: othersOf(job, item), n: othersOf(job, item) }) : '',
    status: item.status,
    reason: reasonOf(item, t, locale),
    settled: needsNothing(job.act, item),
  }));
  const counts = countsOf(items);
  const settledRows = rows.filter((row) => row.settled);
  const refusedRows = rows.filter((row) => row.status === 'refused' && !row.settled);
  const acting = { ...counts, failed: refusedRows.length, nothing: settledRows.length };
  const act = t(`bulk.acts.${job.act}`);
  const preview = job.status === 'preview' || job.status === 'checking';
  const unchecked = rows.filter((row) => row.status === 'unchecked').length;
  const view = {
    pageTitle: t(preview ? 'bulk.previewTitle' : 'bulk.jobTitle', { act }),
    lead: job.status === 'checking' ? t('bulk.checkingLead', counts) : t(`bulk.previewLead.${job.act}`, acting),
    id: job.id,
    act: job.act,
    actLabel: act,
    ...counts,
    jobLead: t(`bulk.jobLead.${job.act}`, acting),
    settled: counts.done + counts.refused,
    checking: job.status === 'checking',
    checked: counts.total - unchecked,
    finished: job.status === 'finished',
    finishedAt: job.finished_at,
    several: rows.filter((row) => row.status === 'waiting' && row.others !== '').length,
    leftOut: job.left_out,
    limit: bulkLimit,
    refusedRows,
    settledRows,
    waitingRows: rows.filter((row) => row.status === 'waiting' || row.status === 'unchecked'),
    doneRows: rows.filter((row) => row.status === 'done'),
    back: backOf(job),
    backLabel: t(isOfBoard(job) ? 'bulk.backToBoard' : 'tasks.backToList'),
    handedTo: job.handed_to ? await getUserName(db, job.handed_to) : undefined,
    reason: job.reason,
  };
  return page(preview ? 'inbox/bulk-preview' : 'inbox/bulk-job', view, {
    nav: 'tasks',
    json: jobOf(job, items, t, locale),
    ...(job.status === 'running' || job.status === 'checking' ? { refreshSeconds: 2 } : {}),
  });
}
