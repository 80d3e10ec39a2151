/** Drafts that save themselves: the class form, the answers to a list of corrections and the decision on a task, kept as they are typed. */
import { z } from 'zod';
import { dropDraft, keepDraft } from '../../db/accounts/kept-drafts.ts';
import { getCase } from '../../db/views/case.ts';
import { getClassHead } from '../../db/views/classes/classes.ts';
import { NotAllowedError, NotFoundError } from '../../workflows/domain/errors.ts';
import { redirect } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import { datesIn } from '../pages/dates.ts';
import { listOf } from '../tasks/acts.ts';
import { listQuery, withQuery } from '../tasks/inbox/inbox.ts';
import { taskPath } from '../tasks/words.ts';

/** `new-class`, `class-<number>`, `correction-<number>-<round>`, `task-<procedure>~<step>~<round>`. */
const Params = z.object({
  form: z.string().regex(/^(new-class|class-[\w-]{1,40}|correction-[\w-]{1,40}-\d{1,3}|task-[\w.-]{1,120}~[\w.-]{1,80}~[1-9]\d{0,4})$/),
});

export function draftRoutes(counter: Counter): void {
  route(counter, {
    method: 'post',
    path: '/drafts/:form',
    summary:
      'Keep what was typed into a form so far, for the same person alone; it takes the place of what was kept before. Of one person 40 forms are kept, each up to 60,000 characters',
    tags: ['drafts'],
    access: 'signed-in',
    params: Params,
    body: z.looseObject({}),
    response: z.object({ savedAt: z.string(), words: z.string() }),
    errors: [409],
    handle: async (context) => {
      const { db, vault, actor, params, body, t, locale } = context;
      await requireOwn(context);
      const savedAt = await keepDraft(db, vault, actor.userId, params.form, body);
      const words = t('drafts.saved', { at: datesIn(locale).dateTime(savedAt) });
      return redirect(pageOf(params.form, body['list']), { json: { savedAt: savedAt.toISOString(), words } });
    },
  });

  route(counter, {
    method: 'post',
    path: '/drafts/:form/drop',
    summary: 'Throw away what was kept of a form',
    tags: ['drafts'],
    access: 'signed-in',
    params: Params,
    response: z.object({ form: z.string() }),
    handle: async ({ db, actor, params }) => {
      await dropDraft(db, actor.userId, params.form);
      return redirect(pageOf(params.form), { json: { form: params.form }, flash: 'drafts.dropped' });
    },
  });
}

/** Only forms of the own classes are kept, and decisions on tasks that the reader sees. */
async function requireOwn({ db, actor, params }: Pick<Context<z.output<typeof Params>, unknown, unknown>, 'db' | 'actor' | 'params'>) {
  const task = taskOf(params.form);
  if (task !== undefined) {
    await getCase(db, actor, task);
    return;
  }
  if (actor.institutionId === undefined) throw new NotAllowedError('role');
  const number = numberOf(params.form);
  if (number === undefined) return;
  const head = await getClassHead(db, actor, number);
  if (head.institution_id !== actor.institutionId) throw new NotFoundError('class.unknown');
}

function numberOf(form: string): string | undefined {
  return /^class-(.+)$/.exec(form)?.[1] ?? /^correction-(.+)-\d+$/.exec(form)?.[1];
}

function taskOf(form: string): string | undefined {
  return form.startsWith('task-') ? form.slice('task-'.length).replaceAll('~', '/') : undefined;
}

/** `list`: the one that a task was opened from. */
function pageOf(form: string, list?: unknown): string {
  const task = taskOf(form);
  if (task !== undefined) return `${withQuery(taskPath(task), listQuery(listOf(typeof list === 'string' ? list : undefined)))}#decide`;
  const number = numberOf(form);
  if (number === undefined) return '/classes/new';
  return form.startsWith('class-') ? `/classes/${number}/edit` : `/classes/${number}#correction`;
}
