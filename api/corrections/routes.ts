/** Answers of an institution at the points of a list of corrections, kept before the file goes back. */
import { z } from 'zod';
import { dropDraft } from '../../db/accounts/kept-drafts.ts';
import { saveAnswers } from '../../db/classes/corrections.ts';
import { numberOf } from '../../workflows/domain/procedures.ts';
import { correctionName } from '../drafts/page.ts';
import { redirect } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';
import { showCase, taskIdOf } from '../tasks/case/case.ts';
import { readAnswers } from '../tasks/payload.ts';
import { ItemAnswers, TaskParams } from '../tasks/schemas.ts';
import { taskPath } from '../tasks/words.ts';

const Answers = z.looseObject({ answers: ItemAnswers, remark: z.string().optional() }).meta({ id: 'CorrectionAnswers' });

export function correctionRoutes(counter: Counter): void {
  route(counter, {
    method: 'post',
    path: '/tasks/:procedure/:step/:round/answers',
    summary: 'Keep answers at the points of a list of corrections; the file goes back with `resubmit` once every point is answered',
    tags: ['tasks'],
    access: ['institution', 'assessor'],
    params: TaskParams,
    body: Answers,
    response: z.object({ answered: z.number().int(), open: z.number().int() }),
    errors: [409],
    handle: async ({ db, actor, params, body, request }) => {
      const saved = await saveAnswers(db, actor, { procedureId: params.procedure, answers: readAnswers(body.answers), request });
      const number = params.step === 'pre_training.correction' ? numberOf('trainingClass', params.procedure) : undefined;
      // What was kept as it was typed is now saved; a remark goes with the file and is not.
      if (number && !body.remark) await dropDraft(db, actor.userId, correctionName(number, taskIdOf(params)));
      return redirect(number ? `/classes/${number}#correction` : taskPath(taskIdOf(params)), {
        json: saved,
        flash: { key: 'corrections.saved', params: { n: saved.open } },
      });
    },
    onInvalid: (context, issues, entered) => showCase(context, { status: 422, issues, entered }),
  });
}
