/** Labels of a case (标签), put on and taken off from the page of one of its tasks. */
import { z } from 'zod';
import { labelCase, unlabelCase } from '../../db/inbox/labels.ts';
import { redirect } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';
import { listOf } from './acts.ts';
import { besideTheDecision, refusedIn } from './case/beside.ts';
import { showCase, taskIdOf } from './case/case.ts';
import { listQuery, withQuery } from './inbox/inbox.ts';
import { Label, TaskParams } from './schemas.ts';
import { taskPath } from './words.ts';

const Labels = z.object({ taskId: z.string(), labels: z.array(z.string()) });
const tags = ['tasks'];

export function labelRoutes(counter: Counter): void {
  route(counter, {
    method: 'post',
    path: '/tasks/:procedure/:step/:round/labels',
    summary: 'Put a label (标签) of the own office on the case of a task: at most 5, read in the own office alone',
    tags,
    access: 'signed-in',
    params: TaskParams,
    body: Label,
    response: Labels,
    errors: [409],
    beside: 'label',
    handle: (context) =>
      besideTheDecision(context, context.body.list, async () => {
        const { db, actor, params, body } = context;
        const taskId = taskIdOf(params);
        const labels = await labelCase(db, actor, taskId, body.label);
        return redirect(pageOf(taskId, body.list), {
          json: { taskId, labels },
          flash: { key: 'tasks.labelled', params: { label: body.label } },
        });
      }),
    onInvalid: (context, issues, entered) => showCase(context, refusedIn('label', issues, entered, context.typed)),
  });

  route(counter, {
    method: 'post',
    path: '/tasks/:procedure/:step/:round/labels/remove',
    summary: 'Take a label of the own office off the case of a task',
    tags,
    access: 'signed-in',
    params: TaskParams,
    body: Label,
    response: Labels,
    errors: [409],
    beside: 'unlabel',
    handle: (context) =>
      besideTheDecision(context, context.body.list, async () => {
        const { db, actor, params, body } = context;
        const taskId = taskIdOf(params);
        const labels = await unlabelCase(db, actor, taskId, body.label);
        return redirect(pageOf(taskId, body.list), {
          json: { taskId, labels },
          flash: { key: 'tasks.unlabelled', params: { label: body.label } },
        });
      }),
  });
}

function pageOf(taskId: string, list: string | undefined): string {
  return withQuery(taskPath(taskId), listQuery(listOf(list)));
}
