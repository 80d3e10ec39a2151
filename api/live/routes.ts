/** What open pages hear without being loaded again: one stream for a page, with the list that it shows or without. */
import type { Request } from 'express';
import { z } from 'zod';
import type { Actor } from '../../db/accounts/users.ts';
import { readListNames } from '../../db/views/inbox/list-names.ts';
import { listClassesOfPaper } from '../../db/views/number-search.ts';
import { NotSignedInError } from '../../workflows/domain/errors.ts';
import { events, type Reply } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';
import { visitOf } from '../http/visit.ts';
import { readToday } from '../tasks/case/case.ts';
import { inboxTimes } from '../tasks/due.ts';
import { toFilter } from '../tasks/inbox/inbox.ts';
import { InboxList } from '../tasks/schemas.ts';
import type { OpenList } from './lists.ts';
import { createStreams, listsPerSession } from './streams.ts';

export function liveRoutes(counter: Counter): void {
  const { db, log, leaving } = counter.deps;
  const streams = createStreams(db, log);
  leaving?.addEventListener('abort', () => streams.close());

  function listen(req: Request, actor: Actor, list?: OpenList, since?: number): Reply {
    const { session, t } = visitOf(req);
    if (!session) throw new NotSignedInError('notSignedIn');
    return events(streams.open({ actor, list, since, t, session: session.idHash }));
  }

  route(counter, {
    method: 'get',
    path: '/tasks/events',
    summary: `Server-sent events of a list: tasks that changed and who holds them, the figures of the list, how many own notices are unread; at most ${listsPerSession} streams of a session`,
    tags: ['tasks'],
    access: 'signed-in',
    query: InboxList.extend({ since: z.coerce.number().int().min(0).optional() }),
    file: ['events'],
    handle: async ({ req, db: reading, actor, instant, query: { since, ...query } }) => {
      const filter = toFilter(query);
      const [at, names, classIds] = await Promise.all([
        readToday(reading, instant, actor),
        readListNames(reading, actor, [filter]),
        listClassesOfPaper(reading, query.q, actor.institutionId !== undefined),
      ]);
      // A region that nobody knows has no tasks.
      const regionPath = query.region === undefined ? undefined : (names.regions.get(query.region)?.path ?? query.region);
      return listen(req, actor, { filter, times: inboxTimes(at), regionPath, classIds: new Set(classIds) }, since);
    },
  });

  route(counter, {
    method: 'get',
    path: '/notices/events',
    summary: 'Server-sent events of any other page: how many own notices are unread; one stream of a session',
    tags: ['notices'],
    access: 'signed-in',
    file: ['events'],
    handle: ({ req, actor }) => listen(req, actor),
  });
}
