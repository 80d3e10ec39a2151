/** Acts of a supervisor on a task of the own region. */
import { z } from 'zod';
import { escalateTask, prioritiseTask, reassignTask, urgeTask } from '../../../db/protocol/supervision/supervision.ts';
import { redirect } from '../../http/replies.ts';
import { type Counter, route } from '../../http/routing.ts';
import { besideTheDecision, refusedIn } from '../case/beside.ts';
import { showCase, taskIdOf } from '../case/case.ts';
import { Escalate, Prioritise, Reassign, TaskParams, Urge } from '../schemas.ts';
import { taskPath } from '../words.ts';

export function supervisionRoutes(counter: Counter): void {
  route(counter, {
    method: 'post',
    path: '/tasks/:procedure/:step/:round/reassign',
    summary: 'Hand a task to somebody else who holds the role in its office',
    tags: ['supervision'],
    // Who may not even read the task learns nothing of it; who may is told that it is not theirs to supervise.
    access: 'signed-in',
    params: TaskParams,
    body: Reassign,
    response: z.object({ taskId: z.string(), holder: z.string() }),
    errors: [409],
    beside: 'reassign',
    handle: (context) =>
      besideTheDecision(context, undefined, async () => {
        const { db, actor, params, body, request } = context;
        const taskId = taskIdOf(params);
        const { holder } = await reassignTask(db, actor, taskId, body.to, body.reason, request);
        return redirect(body.back ?? taskPath(taskId), {
          json: { taskId, holder },
          flash: { key: 'board.reassigned', params: { name: holder } },
        });
      }),
    onInvalid: (context, issues, entered) => showCase(context, refusedIn('reassign', issues, entered, context.typed)),
  });

  route(counter, {
    method: 'post',
    path: '/tasks/:procedure/:step/:round/urge',
    summary: 'Mail those who have the task; at most once per working day',
    tags: ['supervision'],
    access: 'signed-in',
    params: TaskParams,
    body: Urge,
    response: z.object({ taskId: z.string(), mailed: z.number().int() }),
    errors: [409],
    beside: 'urge',
    handle: (context) =>
      besideTheDecision(context, undefined, async () => {
        const { db, actor, params, body, request } = context;
        const taskId = taskIdOf(params);
        const { mailed } = await urgeTask(db, actor, taskId, request);
        return redirect(body.back ?? taskPath(taskId), {
          json: { taskId, mailed },
          flash: { key: 'board.urged', params: { count: mailed, n: mailed } },
        });
      }),
  });

  route(counter, {
    method: 'post',
    path: '/tasks/:procedure/:step/:round/priority',
    summary:
      'Mark a matter as pressing (加急) at one of its open tasks with a reason, or take the mark off: the tasks of the office in that procedure, open now and later, stand first in lists; deadlines stay',
    tags: ['supervision'],
    access: 'signed-in',
    params: TaskParams,
    body: Prioritise,
    response: z.object({ taskId: z.string(), priority: z.boolean() }),
    errors: [409],
    beside: 'prioritise',
    handle: (context) =>
      besideTheDecision(context, undefined, async () => {
        const { db, actor, params, body, request } = context;
        const taskId = taskIdOf(params);
        const { priority } = await prioritiseTask(db, actor, taskId, body, request);
        return redirect(taskPath(taskId), {
          json: { taskId, priority },
          flash: priority ? 'board.prioritised' : 'board.unprioritised',
        });
      }),
    onInvalid: (context, issues, entered) => showCase(context, refusedIn('prioritise', issues, entered, context.typed)),
  });

  route(counter, {
    method: 'post',
    path: '/tasks/:procedure/:step/:round/escalate',
    summary: 'Ask the superior authority for an order (督办单) about a task now',
    tags: ['supervision'],
    access: 'signed-in',
    params: TaskParams,
    body: Escalate,
    response: z.object({ taskId: z.string(), order: z.string() }),
    errors: [409],
    beside: 'escalate',
    handle: (context) =>
      besideTheDecision(context, undefined, async () => {
        const { db, actor, params, body, request } = context;
        const taskId = taskIdOf(params);
        const { order } = await escalateTask(db, actor, taskId, body.reason, request);
        return redirect(body.back ?? taskPath(taskId), {
          json: { taskId, order },
          flash: 'board.escalated',
        });
      }),
    onInvalid: (context, issues, entered) => showCase(context, refusedIn('escalate', issues, entered, context.typed)),
  });
}
