/** The inbox and the case page, for browsers and programs. */
import { z } from 'zod';
import { findNextTask } from '../../db/views/inbox/next-task.ts';
import { type InboxFilter, readInbox, viewsOf } from '../../db/views/inbox/inbox.ts';
import { listOfficersHolding, listRegionsBelow, readListNames } from '../../db/views/inbox/list-names.ts';
import { listLabelsInUse } from '../../db/inbox/labels.ts';
import { newestLine } from '../../db/views/inbox/task-changes.ts';
import { listCandidates } from '../../db/views/board.ts';
import { hasRole } from '../../workflows/domain/scope.ts';
import { page, redirect } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';
import { taskActRoutes } from './acts.ts';
import { bulkRoutes } from './inbox/bulk.ts';
import { readToday, showCase } from './case/case.ts';
import { inboxTimes } from './due.ts';
import { holdingRoutes } from './holding.ts';
import { inboxExportRoutes } from './inbox/export.ts';
import { inboxJson, inboxView, listQuery, readCursor, toFilter, withQuery } from './inbox/inbox.ts';
import { personSearchRoutes } from './inbox/person-search.ts';
import { savedViewRoutes } from './inbox/saved-views.ts';
import { CaseDetail, CaseQuery, Inbox, InboxList, InboxQuery, TaskParams } from './schemas.ts';
import { labelRoutes } from './labels.ts';
import { signingRoutes } from './signing/routes.ts';
import { supervisionRoutes } from './supervision/supervision.ts';
import { taskPath } from './words.ts';

export function taskRoutes(counter: Counter): void {
  const { words } = counter.deps;

  route(counter, {
    method: 'get',
    path: '/tasks',
    summary: 'The inbox: mine, what my roles may decide, or all in my region; most urgent first',
    tags: ['tasks'],
    access: 'signed-in',
    query: InboxQuery,
    response: Inbox,
    handle: async ({ db, actor, instant, query, t, locale, forPage }) => {
      const asked = viewsOf(actor).includes(query.view) ? query : { ...query, view: 'queue' as const };
      // No officer holds what an institution is asked for.
      const list = actor.institutionId === undefined ? asked : { ...asked, holder: undefined };
      const filter: InboxFilter = toFilter(list);
      const at = await readToday(db, instant, actor);
      const times = inboxTimes(at);
      // Before the list is read: what comes later is told to the open page, once or twice, and nothing is lost.
      const since = forPage ? await newestLine(db) : 0;
      const [{ tasks, next, counts }, names, regions, labels, officers] = await Promise.all([
        readInbox(db, actor, filter, times, { cursor: readCursor(query.after), size: query.size }),
        readListNames(db, actor, [filter]),
        forPage ? listRegionsBelow(db, actor) : [],
        forPage ? listLabelsInUse(db, actor) : [],
        forPage && list.view === 'region' ? listOfficersHolding(db, actor) : [],
      ]);
      const handsOver = forPage && list.view === 'region' && hasRole(actor, 'supervisor');
      const candidates = handsOver ? await listCandidates(db, tasks) : [];
      const parts = { list, tasks, next, counts, actor, at, t, words, locale, names, regions, labels, officers, candidates, since };
      return page('tasks/index', () => inboxView(parts), { nav: 'tasks', json: () => inboxJson(parts) });
    },
  });

  route(counter, {
    method: 'get',
    path: '/tasks/next',
    summary: 'The most urgent task of a list that nobody else holds',
    tags: ['tasks'],
    access: 'signed-in',
    query: InboxList,
    response: z.object({ taskId: z.string().nullable() }),
    handle: async ({ db, actor, instant, query }) => {
      const taskId = await findNextTask(db, actor, toFilter(query), inboxTimes(await readToday(db, instant, actor)), '');
      const to = taskId ? withQuery(taskPath(taskId), listQuery(query)) : withQuery('/tasks', listQuery(query));
      return redirect(to, { json: { taskId: taskId ?? null } });
    },
  });

  route(counter, {
    method: 'get',
    path: '/tasks/:procedure/:step/:round',
    summary: 'One task with its evidence, its timeline and what may be decided',
    tags: ['tasks'],
    access: 'signed-in',
    params: TaskParams,
    query: CaseQuery,
    response: CaseDetail,
    tagged: true,
    handle: (context) => showCase(context, { list: listQuery(context.query), part: context.query.part, before: context.query.before }),
  });

  bulkRoutes(counter);
  savedViewRoutes(counter);
  inboxExportRoutes(counter);
  personSearchRoutes(counter);
  taskActRoutes(counter);
  holdingRoutes(counter);
  labelRoutes(counter);
  signingRoutes(counter);
  supervisionRoutes(counter);
}
