/** What open pages hear without being loaded again: one stream for a page, with the list that it shows or without. */
import type { Request } from 'express';
import type { Actor } from '../../db/accounts/users.ts';
import type { InboxFilter } from '../../db/views/inbox/inbox.ts';
import { NotSignedInError } from '../../workflows/domain/errors.ts';
import { events, type Reply } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';
import { visitOf } from '../http/visit.ts';
import { toFilter } from '../tasks/inbox/inbox.ts';
import { InboxList } from '../tasks/schemas.ts';
import { createStreams, listsPerSession } from './streams.ts';

export function liveRoutes(counter: Counter): void {
  const { db, log, leaving } = counter.deps;
  const streams = createStreams(db, log);
  leaving?.addEventListener('abort', () => streams.close());

  function listen(req: Request, actor: Actor, filter: InboxFilter | undefined): Reply {
    const { session, t } = visitOf(req);
    if (!session) throw new NotSignedInError('notSignedIn');
    return events(streams.open({ actor, filter, t, session: session.idHash }));
  }

  route(counter, {
    method: 'get',
    path: '/tasks/events',
    summary: `Server-sent events of a list: tasks that changed and who holds them, how many own notices are unread; at most ${listsPerSession} streams of a session`,
    tags: ['tasks'],
    access: 'signed-in',
    query: InboxList,
    file: ['events'],
    handle: ({ req, actor, query }) => listen(req, actor, toFilter(query)),
  });

  route(counter, {
    method: 'get',
    path: '/notices/events',
    summary: 'Server-sent events of any other page: how many own notices are unread; one stream of a session',
    tags: ['notices'],
    access: 'signed-in',
    file: ['events'],
    handle: ({ req, actor }) => listen(req, actor, undefined),
  });
}
