/**
 * Server-sent events for open lists: which of their tasks changed and who holds them. One question to the database per second and process,
 * however many pages are open, and none while there is no page. A stream ends with its session,
 * and tells what its reader may read now.
 */
import { Readable } from 'node:stream';
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import { listLiveSessions } from '../../../db/accounts/sessions.ts';
import type { Actor } from '../../../db/accounts/users.ts';
import type { InboxFilter } from '../../../db/views/inbox/inbox.ts';
import { linesAtMost, listTaskChanges, newestLine, type TaskChange } from '../../../db/views/inbox/task-changes.ts';
import { NotSignedInError } from '../../../workflows/domain/errors.ts';
import { isWithin, mayDecide } from '../../../workflows/domain/scope.ts';
import { readingRoles } from '../../../workflows/domain/roles.ts';
import { isOutsideRole, stageOf } from '../../../workflows/domain/tasks.ts';
import { events } from '../../http/replies.ts';
import { type Counter, route } from '../../http/routing.ts';
import { visitOf } from '../../http/visit.ts';
import { toFilter } from './inbox.ts';
import { InboxList } from '../schemas.ts';

export const streamsPerSession = 2;

const POLL_MS = 1_000;
/** Every so many turns the question is whether the sessions live on and what their people may do, instead of what changed. */
const SESSIONS_EVERY = 5;
/** A line can be committed after one with a higher number: for so long numbers are looked at again. */
const LATE_MS = 5_000;
const MOST_UNREAD_BYTES = 200_000;

type Listener = { actor: Actor; filter: InboxFilter; session: Buffer; stream: Readable };
type Streams = { open(listener: Omit<Listener, 'stream'>): Readable; close(): void };

export function taskEventRoutes(counter: Counter): void {
  const { db, log, leaving } = counter.deps;
  const streams = createStreams(db, log);
  leaving?.addEventListener('abort', () => streams.close());

  route(counter, {
    method: 'get',
    path: '/tasks/events',
    summary: `Server-sent events of a list: tasks that changed, and who holds them; at most ${streamsPerSession} streams of a session`,
    tags: ['tasks'],
    access: 'signed-in',
    query: InboxList,
    file: ['events'],
    handle: ({ req, actor, query }) => {
      const session = visitOf(req).session?.idHash;
      if (!session) throw new NotSignedInError('notSignedIn');
      return events(streams.open({ actor, filter: toFilter(query), session }));
    },
  });
}

function createStreams(db: Knex, log: Logger): Streams {
  const listeners = new Set<Listener>();
  let timer: NodeJS.Timeout | undefined;
  let turn = 0;
  /** Lines that were told already, with the moment at which they were read; all up to `floor` are. */
  const told = new Map<number, number>();
  let floor: number | undefined;

  function open(given: Omit<Listener, 'stream'>): Readable {
    const own = [...listeners].filter((listener) => listener.session.equals(given.session));
    // The newest page is the one that is looked at.
    for (const listener of own.slice(0, Math.max(0, own.length - streamsPerSession + 1))) end(listener);
    const stream = new Readable({ read: () => undefined });
    const listener: Listener = { ...given, stream };
    listeners.add(listener);
    stream.once('close', () => listeners.delete(listener));
    stream.push(': open\n\n');
    schedule();
    return stream;
  }

  /** Says goodbye, so that the page does not come back by itself. */
  function end(listener: Listener): void {
    listeners.delete(listener);
    listener.stream.push('event: end\ndata: {}\n\n');
    listener.stream.push(null);
  }

  function schedule(): void {
    if (timer !== undefined || listeners.size === 0) return;
    timer = setTimeout(() => {
      void look()
        .catch((error: Error) => log.warn({ error: error.name }, 'task events: turn failed'))
        .finally(() => {
          timer = undefined;
          // Whoever comes after a pause begins from now.
          if (listeners.size === 0) floor = undefined;
          schedule();
        });
    }, POLL_MS);
  }

  async function look(): Promise<void> {
    turn += 1;
    if (floor === undefined) {
      floor = await newestLine(db);
      told.clear();
      return;
    }
    if (turn % SESSIONS_EVERY === 0) return lookAtSessions();
    const read = await listTaskChanges(db, floor);
    const changes = read.changes.filter((change) => !told.has(change.line));
    const now = Date.now();
    for (const line of read.lines) if (!told.has(line)) told.set(line, now);
    // Under a flood what is late is given up, so that the rest is not.
    const flood = read.lines.length >= linesAtMost;
    for (const [line, at] of told) {
      if (!flood && at > now - LATE_MS) continue;
      floor = Math.max(floor, line);
      told.delete(line);
    }
    if (changes.length === 0) return;
    // Of one task the newest state, once.
    const newest = [...new Map(changes.map((change) => [change.id, change])).values()];
    for (const listener of listeners) tell(listener, newest);
  }

  async function lookAtSessions(): Promise<void> {
    const live = await listLiveSessions(
      db,
      [...listeners].map((listener) => listener.session),
    );
    for (const listener of listeners) {
      const session = live.find(({ idHash }) => idHash.equals(listener.session));
      if (!session) {
        end(listener);
        continue;
      }
      // What somebody may read is what is so now, not what was so when the page was opened.
      listener.actor = session.actor;
      listener.stream.push(': here\n\n');
    }
  }

  return {
    open,
    close() {
      clearTimeout(timer);
      for (const { stream } of listeners) stream.push(null);
      listeners.clear();
    },
  };
}

function tell(listener: Listener, changes: readonly TaskChange[]): void {
  const { actor, filter, stream } = listener;
  const tasks = changes
    .filter((change) => isInScope(actor, filter, change) && fits(filter, change))
    .map(({ id, open, holder, claimed_by: by }) => ({ id, open, holder: open ? holder : null, self: by === actor.userId }));
  if (tasks.length === 0) return;
  // Nobody reads at the other end.
  if (stream.readableLength > MOST_UNREAD_BYTES) stream.destroy();
  else stream.push(`event: tasks\ndata: ${JSON.stringify({ tasks })}\n\n`);
}

/** As the list itself: the own queue, or for a view of the region all offices of it. */
function isInScope(actor: Actor, filter: InboxFilter, task: TaskChange): boolean {
  if (filter.view !== 'region') return mayDecide(actor, { role: task.role, office: task.office, institutionId: task.institution_id });
  return (
    !isOutsideRole(task.role) && actor.grants.some((grant) => readingRoles.includes(grant.role) && isWithin(task.office_path, grant.path))
  );
}

function fits(filter: InboxFilter, task: TaskChange): boolean {
  if (filter.kind && task.kind !== filter.kind) return false;
  if (filter.stage && stageOf(task.step) !== filter.stage) return false;
  const text = filter.text?.toLowerCase();
  return (
    !text ||
    task.subject_number.toLowerCase().startsWith(text) ||
    task.subject_title.toLowerCase().includes(text) ||
    task.institution_name.toLowerCase().includes(text)
  );
}
