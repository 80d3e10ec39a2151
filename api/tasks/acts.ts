/** Acts on a task: claim, release, decide, open an identity number. */
import { z } from 'zod';
import { dropDraft } from '../../db/accounts/kept-drafts.ts';
import { claimTask, releaseTask } from '../../db/protocol/holding/claims.ts';
import { decideTask } from '../../db/protocol/decisions.ts';
import { getTask } from '../../db/protocol/tasks.ts';
import { listAnsweredItems } from '../../db/classes/corrections.ts';
import { revealId } from '../../db/roster/roster.ts';
import { countUnreadOfTask } from '../../db/views/classes/materials.ts';
import { findNextTask } from '../../db/views/inbox/next-task.ts';
import { stageOf } from '../../workflows/domain/tasks.ts';
import { taskFormName, wordsOfDecision } from '../drafts/page.ts';
import { redirect } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';
import { besideTheDecision, keepWords } from './case/beside.ts';
import { type CaseContext, orConflict, readToday, type Redraw, showCase, taskIdOf } from './case/case.ts';
import { inboxTimes } from './due.ts';
import { listQuery, toFilter, withQuery } from './inbox/inbox.ts';
import { readDecision } from './payload.ts';
import { Decide, Decided, InboxList, Reveal, TaskParams } from './schemas.ts';
import { waitUntilApplied } from './waiting.ts';
import { decidedLabel, taskPath } from './words.ts';

const Held = z.object({ taskId: z.string(), held: z.boolean() });
const FromList = z.object({ list: z.string().max(600).optional() });
/** The button stands in the form of the decision: what is ticked and written there goes along. */
const Claim = z.looseObject(FromList.shape);

/** What a refused form keeps. */
function kept(entered: unknown): Redraw {
  const fields = (entered ?? {}) as Record<string, unknown>;
  const { list, seen } = fields;
  return {
    entered: fields,
    ...(typeof list === 'string' ? { list } : {}),
    ...(Number.isSafeInteger(Number(seen)) && seen !== undefined ? { seen: Number(seen) } : {}),
  };
}

/** The list named by a query string; one that nobody gave out is the default list. */
export function listOf(text: string | undefined): InboxList {
  const read = InboxList.safeParse(Object.fromEntries(new URLSearchParams(text ?? '')));
  return read.success ? read.data : { view: 'queue' };
}

/** The next task of the list. What time it is matters only where the list is limited to what is late or soon. */
async function nextOf(
  { db, actor, instant }: Pick<CaseContext, 'db' | 'actor' | 'instant'>,
  list: InboxList,
  decided: string,
): Promise<string | undefined> {
  const times = list.urgency ? inboxTimes(await readToday(db, instant, actor)) : { now: new Date(0), soonUntil: new Date(0) };
  return findNextTask(db, actor, toFilter(list), times, decided);
}

export function taskActRoutes(counter: Counter): void {
  const { words } = counter.deps;

  route(counter, {
    method: 'post',
    path: '/tasks/:procedure/:step/:round/claim',
    summary: 'Take a task for oneself; one winner, the others are told who holds it',
    tags: ['tasks'],
    access: 'signed-in',
    params: TaskParams,
    body: Claim,
    response: Held,
    errors: [409],
    handle: (context) =>
      orConflict(context, { list: context.body.list, entered: wordsOfDecision(context.body) }, async () => {
        const taskId = taskIdOf(context.params);
        const words = wordsOfDecision(context.body);
        await claimTask(context.db, context.actor, taskId);
        if (words && context.forPage) await keepWords(context, words);
        // To the form: whoever took the task goes on with it.
        return redirect(`${withQuery(taskPath(taskId), listQuery(listOf(context.body.list)))}#decide`, {
          json: { taskId, held: true },
          flash: 'tasks.claimed',
        });
      }),
  });

  route(counter, {
    method: 'post',
    path: '/tasks/:procedure/:step/:round/release',
    summary: 'Put a task back into the queue',
    tags: ['tasks'],
    access: 'signed-in',
    params: TaskParams,
    body: FromList,
    response: Held,
    errors: [409],
    beside: 'release',
    handle: (context) =>
      besideTheDecision(context, context.body.list, async () => {
        const taskId = taskIdOf(context.params);
        await releaseTask(context.db, context.actor, taskId);
        return redirect(withQuery('/tasks', listQuery(listOf(context.body.list))), {
          json: { taskId, held: false },
          flash: 'tasks.released',
        });
      }),
  });

  route(counter, {
    method: 'post',
    path: '/tasks/:procedure/:step/:round/decide',
    summary: 'Decide a task; the commit of this request is the act. `Prefer: wait=n` waits until the procedure has moved on',
    tags: ['tasks'],
    access: 'signed-in',
    params: TaskParams,
    body: Decide,
    response: Decided,
    waits: true,
    guarded: true,
    handle: (context) => {
      const { db, actor, params, body, request, forPage, ifMatch, waitMs, t } = context;
      return orConflict(context, { ...kept(body), list: body.list, seen: body.seen }, async () => {
        const taskId = taskIdOf(params);
        const stage = stageOf(params.step);
        const answered = body.judged?.length ? await listAnsweredItems(db, params.procedure, stage) : [];
        // Who decides on the page is asked whether what was left out is meant.
        const unread = forPage && body.outcome === 'approve' ? await countUnreadOfTask(db, taskId, actor.userId) : undefined;
        const answer = await decideTask(db, actor, {
          taskId,
          outcome: body.outcome,
          contentFor: (kind) => readDecision(kind, body, { stage, answered, unread }),
          version: body.version ?? ifMatch,
          request,
        });
        await dropDraft(db, actor.userId, taskFormName(taskId));
        const applied = waitMs > 0 && (await waitUntilApplied(db, params.procedure, answer.factNo, waitMs));
        const list = listOf(body.list);
        // Looking for the next task costs more than the decision: programs get it when they name the list that they work through.
        const next = forPage || body.list !== undefined ? await nextOf(context, list, taskId) : undefined;
        const to = withQuery(next ? taskPath(next) : '/tasks', listQuery(list));
        const spoken: Record<string, string> = {};
        if (forPage) {
          const task = await getTask(db, taskId);
          spoken['number'] = task.subject_title;
          spoken['outcome'] = decidedLabel(words, t, task.kind, body.outcome);
        }
        return redirect(to, {
          json: { ...answer, applied, next: next ?? null },
          // The page that follows is another one; who decided may still look, and take it back.
          flash: {
            key: next ? 'tasks.recorded' : 'tasks.recordedLast',
            params: spoken,
            link: { to: taskPath(taskId), key: 'tasks.openAgain' },
          },
        });
      });
    },
    onInvalid: (context, issues, entered) => showCase(context, { status: 422, issues, ...kept(entered) }),
  });

  route(counter, {
    method: 'post',
    path: '/tasks/:procedure/:step/:round/reveal',
    summary: 'Open the identity number of one trainee for a stated purpose; every reveal is on record',
    tags: ['tasks'],
    access: 'signed-in',
    params: TaskParams,
    body: Reveal,
    response: z.object({ enrolmentId: z.string(), idNumber: z.string() }),
    handle: async (context) => {
      const { db, vault, actor, body } = context;
      const idNumber = await revealId(db, vault, actor, body.enrolmentId, body.purpose);
      const revealed = { enrolmentId: body.enrolmentId, idNumber };
      const drawn = await showCase(context, { ...kept(body), beside: true, revealed });
      return drawn.kind === 'page' ? { ...drawn, options: { ...drawn.options, json: revealed } } : drawn;
    },
    onInvalid: (context, issues, entered) => showCase(context, { status: 422, issues, ...kept(entered), beside: true }),
  });
}
