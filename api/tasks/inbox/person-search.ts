/** Finding the tasks of one person by identity number: sent in the body of a form, never part of an address; each look-up is on record. */
import { z } from 'zod';
import { freeText } from '../../http/fields.ts';
import { findTasksOfPerson, type PersonTasks } from '../../../db/views/inbox/person-tasks.ts';
import { inputError } from '../../../workflows/domain/errors.ts';
import { idProblem, normaliseNumber } from '../../../workflows/domain/people/identity.ts';
import { readingRoles } from '../../../workflows/domain/roles.ts';
import { createLimit } from '../../http/limits/limits.ts';
import { page, type Reply } from '../../http/replies.ts';
import { type Context, type Counter, route } from '../../http/routing.ts';
import { readToday } from '../case/case.ts';
import { dueView } from '../due.ts';
import { decidedLabel, stepLabel, taskPath } from '../words.ts';

const PersonSearch = z
  .object({ idNumber: z.string().trim().min(1).max(60), purpose: freeText(200, { min: 2 }) })
  .meta({ id: 'PersonSearch' });
const Found = z
  .object({
    person: z.object({ name: z.string(), idMasked: z.string() }).nullable(),
    tasks: z.array(
      z.object({
        id: z.string(),
        number: z.string(),
        title: z.string(),
        institution: z.string(),
        step: z.string(),
        status: z.enum(['open', 'decided', 'expired', 'cancelled']),
        outcome: z.string().nullable(),
        holder: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'PersonTasks' });
const PER_HOUR = 60;

export function personSearchRoutes(counter: Counter): void {
  const perPerson = createLimit(counter.deps.db, {
    name: 'person-search',
    points: PER_HOUR,
    duration: 3_600,
    code: 'personSearch.tooMany',
  });

  route(counter, {
    method: 'get',
    path: '/tasks/by-person',
    summary: 'The form to find the tasks of one person',
    tags: ['tasks'],
    access: readingRoles,
    response: Found,
    handle: (context) => show(context),
  });

  route(counter, {
    method: 'post',
    path: '/tasks/by-person',
    summary: 'The tasks of the classes of one person, by exact identity number and for a stated purpose; on record',
    tags: ['tasks'],
    access: readingRoles,
    body: PersonSearch,
    response: Found,
    errors: [429],
    handle: async (context) => {
      const { db, vault, actor, body, instant } = context;
      const idNumber = normaliseNumber(body.idNumber);
      const problem = idProblem(idNumber, instant.today);
      if (problem) throw inputError('idNumber', problem);
      await perPerson.consume(actor.userId);
      return show(context, {
        found: await findTasksOfPerson(db, vault, actor, { idNumber, purpose: body.purpose }),
        purpose: body.purpose,
      });
    },
    onInvalid: (context, issues, entered) => show(context, { issues, entered }),
  });
}

type Reading = Pick<Context<unknown, unknown, unknown>, 'db' | 'actor' | 'instant' | 't' | 'deps'>;

async function show(
  { db, actor, instant, t, deps }: Reading,
  { found, ...more }: { found?: PersonTasks; [field: string]: unknown } = {},
): Promise<Reply> {
  const at = await readToday(db, instant, actor);
  const rows = found?.tasks.map((task) => ({
    href: taskPath(task.id),
    title: task.subject_title,
    number: task.subject_number,
    institution: task.institution_name,
    step: stepLabel(deps.words, t, task),
    open: task.status === 'open',
    state: task.outcome ? decidedLabel(deps.words, t, task.kind, task.outcome) : t(`inbox.states.${task.status}`),
    due: dueView(task, at, t),
    holder: task.holder,
  }));
  return page(
    'inbox/by-person',
    { pageTitle: t('inbox.personTitle'), searched: found !== undefined, person: found?.person, rows, ...more },
    {
      nav: 'tasks',
      json: () => ({
        person: found?.person ?? null,
        tasks: (found?.tasks ?? []).map((task) => ({
          id: task.id,
          number: task.subject_number,
          title: task.subject_title,
          institution: task.institution_name,
          step: task.step,
          status: task.status,
          outcome: task.outcome,
          holder: task.holder,
        })),
      }),
    },
  );
}
