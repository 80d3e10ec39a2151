/** Asking somebody else to sign a review as well (加签), and no longer (减签). */
import { z } from 'zod';
import { addSigner, recallSigner } from '../../../db/protocol/signing/added-signers.ts';
import { redirect } from '../../http/replies.ts';
import { type Counter, route } from '../../http/routing.ts';
import { besideTheDecision, refusedIn } from '../case/beside.ts';
import { orConflict, showCase, taskIdOf } from '../case/case.ts';
import { AddSigner, RecallSigner, TaskParams } from '../schemas.ts';
import { taskPath } from '../words.ts';

const tags = ['tasks'];

export function signingRoutes(counter: Counter): void {
  route(counter, {
    method: 'post',
    path: '/tasks/:procedure/:step/:round/signers',
    summary: 'Ask somebody of the same office or above it to sign a review as well; it is decided only with that signature',
    tags,
    access: 'signed-in',
    params: TaskParams,
    body: AddSigner,
    response: z.object({ taskId: z.string(), signer: z.string(), signerTask: z.string() }),
    errors: [409],
    beside: 'add_signer',
    handle: (context) =>
      besideTheDecision(context, undefined, async () => {
        const { db, actor, params, body, request } = context;
        const taskId = taskIdOf(params);
        const { signer, task } = await addSigner(db, actor, taskId, body, request);
        return redirect(taskPath(taskId), {
          json: { taskId, signer, signerTask: task },
          flash: { key: 'signing.added', params: { name: signer } },
        });
      }),
    onInvalid: (context, issues, entered) => showCase(context, refusedIn('add_signer', issues, entered, context.typed)),
  });

  route(counter, {
    method: 'post',
    path: '/tasks/:procedure/:step/:round/recall-signer',
    summary: 'No longer ask for a signature that was added, while it is unsigned',
    tags,
    access: 'signed-in',
    params: TaskParams,
    body: RecallSigner,
    response: z.object({ taskId: z.string(), recalled: z.boolean() }),
    errors: [409],
    handle: (context) =>
      orConflict(context, {}, async () => {
        const { db, actor, params, body, request } = context;
        const taskId = taskIdOf(params);
        const { recalled } = await recallSigner(db, actor, taskId, body.reason, request);
        return redirect(taskPath(taskId), { json: { taskId, recalled }, flash: 'signing.recalled' });
      }),
    onInvalid: (context, issues, entered) => showCase(context, refusedIn('recall_signer', issues, entered)),
  });
}
