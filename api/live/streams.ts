/**
 * Server-sent events for open pages: how many notices of the reader are unread and, for a list, which of its tasks changed and who holds them.
 * One look at the record per second and process, however many pages are open, and none while there is no page: what changed since the last one,
 * and the unread notices of those who may have got some. A stream ends with its session, and tells what its reader may read now.
 */
import { Readable } from 'node:stream';
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import { listLiveSessions } from '../../db/accounts/sessions.ts';
import type { Actor } from '../../db/accounts/users.ts';
import type { InboxFilter } from '../../db/views/inbox/inbox.ts';
import { linesAtMost, listTaskChanges, newestLine, type TaskChange } from '../../db/views/inbox/task-changes.ts';
import { listUnreadCounts } from '../../db/views/inbox/unread-counts.ts';
import { isFoundBy, numberSearch } from '../../workflows/domain/formats/numbers.ts';
import { isWithin, mayDecide } from '../../workflows/domain/scope.ts';
import { readingRoles } from '../../workflows/domain/roles.ts';
import { isOutsideRole, stageOf } from '../../workflows/domain/tasks.ts';
import type { Translate } from '../pages/i18n.ts';

/** Of lists, and of pages without one: a browser keeps six connections to a site, and pages come by them too. */
export const listsPerSession = 2;
const plainPagesPerSession = 1;

const POLL_MS = 1_000;
/** Every so many turns the question is whether the sessions live on and what their people may do, instead of what changed. */
const SESSIONS_EVERY = 5;
/** A line can be committed after one with a higher number: for so long numbers are looked at again. */
const LATE_MS = 5_000;
const MOST_UNREAD_BYTES = 200_000;

/** `filter`: that of a list. `shown`: the count that this page was told. */
type Listener = {
  actor: Actor;
  filter: InboxFilter | undefined;
  t: Translate;
  session: Buffer;
  stream: Readable;
  shown: number | undefined;
};
export type Streams = { open(listener: Omit<Listener, 'stream' | 'shown'>): Readable; close(): void };

export function createStreams(db: Knex, log: Logger): Streams {
  const listeners = new Set<Listener>();
  let timer: NodeJS.Timeout | undefined;
  let turn = 0;
  /** Lines that were told already, with the moment at which they were read; all up to `floor` are. */
  const told = new Map<number, number>();
  let floor: number | undefined;
  /** Of the people who listen: number of the newest notice, and how many are unread. */
  const counted = new Map<string, { newest: number; unread: number }>();

  function open(given: Omit<Listener, 'stream' | 'shown'>): Readable {
    const own = [...listeners].filter(({ session, filter }) => session.equals(given.session) && Boolean(filter) === Boolean(given.filter));
    const most = given.filter ? listsPerSession : plainPagesPerSession;
    // The newest page is the one that is looked at.
    for (const listener of own.slice(0, Math.max(0, own.length - most + 1))) end(listener);
    const stream = new Readable({ read: () => undefined });
    const listener: Listener = { ...given, stream, shown: undefined };
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
        .catch((error: Error) => log.warn({ error: error.name }, 'live events: turn failed'))
        .finally(() => {
          timer = undefined;
          // Whoever comes after a pause begins from now.
          if (listeners.size === 0) {
            floor = undefined;
            counted.clear();
          }
          schedule();
        });
    }, POLL_MS);
  }

  async function look(): Promise<void> {
    turn += 1;
    if (floor === undefined) {
      floor = await newestLine(db);
      told.clear();
      return lookAtNotices('new');
    }
    if (turn % SESSIONS_EVERY === 0) {
      await lookAtSessions();
      // Also what was read elsewhere, and what asks no longer because its task has ended.
      return lookAtNotices('all');
    }
    // Whoever writes a notice writes a line of the record with it.
    return lookAtNotices((await lookAtTasks(floor)) ? 'some' : 'new');
  }

  /** Whether the record has lines that were not looked at before. */
  async function lookAtTasks(after: number): Promise<boolean> {
    const read = await listTaskChanges(db, after);
    const changes = read.changes.filter((change) => !told.has(change.line));
    const now = Date.now();
    const anew = read.lines.some((line) => !told.has(line));
    for (const line of read.lines) if (!told.has(line)) told.set(line, now);
    // Under a flood what is late is given up, so that the rest is not.
    const flood = read.lines.length >= linesAtMost;
    for (const [line, at] of told) {
      if (!flood && at > now - LATE_MS) continue;
      floor = Math.max(floor ?? 0, line);
      told.delete(line);
    }
    // Of one task the newest state, once.
    const newest = [...new Map(changes.map((change) => [change.id, change])).values()];
    if (newest.length > 0) for (const listener of listeners) tellTasks(listener, newest);
    return anew;
  }

  /** Counts for all who listen, for those who may have got a notice since, or only for those who have just come; tells what a page does not show yet. */
  async function lookAtNotices(whose: 'all' | 'some' | 'new'): Promise<void> {
    const people = new Set([...listeners].map(({ actor }) => actor.userId));
    for (const person of counted.keys()) if (!people.has(person)) counted.delete(person);
    const asked = [...people].filter((person) => whose !== 'new' || !counted.has(person));
    if (asked.length > 0) {
      const known = asked.map((userId) => ({ userId, newest: whose === 'all' ? undefined : counted.get(userId)?.newest }));
      for (const { user_id, newest, unread } of await listUnreadCounts(db, known)) counted.set(user_id, { newest, unread });
    }
    for (const listener of listeners) {
      const unread = counted.get(listener.actor.userId)?.unread;
      if (unread !== undefined && unread !== listener.shown) tellUnread(listener, unread);
    }
  }

  async function lookAtSessions(): Promise<void> {
    // Whoever comes while the question is under way was not asked about.
    const asked = [...listeners];
    const live = await listLiveSessions(
      db,
      asked.map((listener) => listener.session),
    );
    for (const listener of asked) {
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

/** A number and its words, nothing of what the notices say. */
function tellUnread(listener: Listener, unread: number): void {
  listener.shown = unread;
  send(listener, 'notices', { unread, words: listener.t('notices.headerUnread', { count: unread }) });
}

function tellTasks(listener: Listener, changes: readonly TaskChange[]): void {
  const { actor, filter } = listener;
  if (!filter) return;
  const tasks = changes
    .filter((change) => isInScope(actor, filter, change) && fits(filter, change))
    .map(({ id, open, holder, claimed_by: by }) => ({ id, open, holder: open ? holder : null, self: by === actor.userId }));
  if (tasks.length > 0) send(listener, 'tasks', { tasks });
}

function send({ stream }: Listener, event: string, data: unknown): void {
  // Nobody reads at the other end.
  if (stream.readableLength > MOST_UNREAD_BYTES) stream.destroy();
  else stream.push(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
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
    isFoundBy(task.subject_number, numberSearch(text)) ||
    task.subject_title.toLowerCase().includes(text) ||
    task.institution_name.toLowerCase().includes(text)
  );
}
