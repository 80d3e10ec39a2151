/** What is done with a task besides deciding it: a colleague is asked for an opinion, it is suspended and resumed. */
import { z } from 'zod';
import { resumeTask, suspendTask } from '../../db/protocol/holding/claims.ts';
import { takeBackDecision } from '../../db/protocol/taking-back.ts';
import { delegateTask, giveOpinion, recallDelegation } from '../../db/protocol/holding/delegations.ts';
import { redirect } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';
import { besideTheDecision, refusedIn } from './case/beside.ts';
import { orConflict, showCase, taskIdOf } from './case/case.ts';
import { Delegate, Opinion, Suspend, TakeBack, TaskParams } from './schemas.ts';
import { taskPath } from './words.ts';

const tags = ['tasks'];

export function holdingRoutes(counter: Counter): void {
  route(counter, {
    method: 'post',
    path: '/tasks/:procedure/:step/:round/delegate',
    summary: 'Ask a colleague of the same role and office for an opinion; it comes back, and the holder decides',
    tags,
    access: 'signed-in',
    params: TaskParams,
    body: Delegate,
    response: z.object({ taskId: z.string(), delegate: z.string() }),
    errors: [409],
    beside: 'delegate',
    handle: (context) =>
      besideTheDecision(context, undefined, async () => {
        const { db, actor, params, body, request } = context;
        const taskId = taskIdOf(params);
        const { delegate } = await delegateTask(db, actor, taskId, body, request);
        return redirect(taskPath(taskId), { json: { taskId, delegate }, flash: { key: 'holding.delegated', params: { name: delegate } } });
      }),
    onInvalid: (context, issues, entered) => showCase(context, refusedIn('delegate', issues, entered, context.typed)),
  });

  route(counter, {
    method: 'post',
    path: '/tasks/:procedure/:step/:round/opinion',
    summary: 'Answer a colleague who asked for an opinion; the task is the holder’s again',
    tags,
    access: 'signed-in',
    params: TaskParams,
    body: Opinion,
    response: z.object({ taskId: z.string(), given: z.boolean() }),
    errors: [409],
    handle: (context) =>
      orConflict(context, { entered: context.body }, async () => {
        const { db, actor, params, body, request } = context;
        const taskId = taskIdOf(params);
        const { given } = await giveOpinion(db, actor, taskId, body.opinion, request);
        return redirect('/tasks', { json: { taskId, given }, flash: 'holding.given' });
      }),
    onInvalid: (context, issues, entered) => showCase(context, { status: 422, issues, entered }),
  });

  route(counter, {
    method: 'post',
    path: '/tasks/:procedure/:step/:round/recall',
    summary: 'Wait no longer for the opinion that was asked for',
    tags,
    access: 'signed-in',
    params: TaskParams,
    response: z.object({ taskId: z.string(), recalled: z.boolean() }),
    errors: [409],
    handle: (context) =>
      orConflict(context, {}, async () => {
        const taskId = taskIdOf(context.params);
        const { recalled } = await recallDelegation(context.db, context.actor, taskId, context.request);
        return redirect(taskPath(taskId), { json: { taskId, recalled }, flash: 'holding.recalled' });
      }),
  });

  route(counter, {
    method: 'post',
    path: '/tasks/:procedure/:step/:round/suspend',
    summary: 'Take a task out of the queue until it is resumed, with a reason; its period goes on',
    tags,
    access: 'signed-in',
    params: TaskParams,
    body: Suspend,
    response: z.object({ taskId: z.string(), suspended: z.boolean() }),
    errors: [409],
    beside: 'suspend',
    handle: (context) =>
      besideTheDecision(context, undefined, async () => {
        const taskId = taskIdOf(context.params);
        const { suspended } = await suspendTask(context.db, context.actor, taskId, context.body.reason, context.request);
        return redirect(taskPath(taskId), { json: { taskId, suspended }, flash: 'holding.suspended' });
      }),
    onInvalid: (context, issues, entered) => showCase(context, refusedIn('suspend', issues, entered, context.typed)),
  });

  route(counter, {
    method: 'post',
    path: '/tasks/:procedure/:step/:round/resume',
    summary: 'Go on with a suspended task',
    tags,
    access: 'signed-in',
    params: TaskParams,
    response: z.object({ taskId: z.string(), suspended: z.boolean() }),
    errors: [409],
    handle: (context) =>
      orConflict(context, {}, async () => {
        const taskId = taskIdOf(context.params);
        const { suspended } = await resumeTask(context.db, context.actor, taskId, context.request);
        return redirect(taskPath(taskId), { json: { taskId, suspended }, flash: 'holding.resumed' });
      }),
  });

  route(counter, {
    method: 'post',
    path: '/tasks/:procedure/:step/:round/take-back',
    summary: 'Take back one’s own decision while nobody has read what follows; its step is opened again',
    tags,
    access: 'signed-in',
    params: TaskParams,
    body: TakeBack,
    response: z.object({ taskId: z.string(), factNo: z.number().int() }),
    errors: [409],
    handle: (context) =>
      orConflict(context, {}, async () => {
        const taskId = taskIdOf(context.params);
        const { factNo } = await takeBackDecision(context.db, context.actor, taskId, context.body.reason, context.request);
        return redirect(taskPath(taskId), { json: { taskId, factNo }, flash: 'holding.takenBack' });
      }),
    onInvalid: (context, issues, entered) => showCase(context, refusedIn('take_back', issues, entered)),
  });
}
