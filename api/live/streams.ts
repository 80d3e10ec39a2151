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
import { countInbox } from '../../db/views/inbox/inbox.ts';
import { linesAtMost, listTaskChanges, newestLine, type TaskChange } from '../../db/views/inbox/task-changes.ts';
import { listUnreadCounts } from '../../db/views/inbox/unread-counts.ts';
import { countsFor } from '../../db/views/inbox/navigation-counts.ts';
import { readInstant } from '../../db/calendar/instant.ts';
import { readToday } from '../tasks/case/case.ts';
import { inboxTimes } from '../tasks/due.ts';
import { figureWords } from '../tasks/inbox/inbox.ts';
import { concerns, groupOf, holdingWords, isListed, labelsRead, type OpenList } from './lists.ts';
import { isOutsideRole } from '../../workflows/domain/tasks.ts';
import type { Translate } from '../pages/i18n.ts';

/** Of lists, and of pages without one: a browser keeps six connections to a site, and pages come by them too. */
export const listsPerSession = 2;
const plainPagesPerSession = 1;

const POLL_MS = 1_000;
/** Every so many turns, and whenever the record says that something about people changed, the question is whether the sessions live on and what their people may do. */
const SESSIONS_EVERY = 5;
/** A line can be committed after one with a higher number: for so long numbers are looked at again. */
const LATE_MS = 5_000;
const MOST_UNREAD_BYTES = 200_000;

/** Of a list that changed the figures are counted anew, at most so many lists in a turn, the same one not sooner than after this time. */
const COUNTS_PER_TURN = 12;
const COUNT_EVERY_MS = 3_000;

/** `since`: number of the newest line of the record when the page was made; what came after it is told to the page first. */
type Opened = { actor: Actor; list: OpenList | undefined; since?: number | undefined; t: Translate; session: Buffer };
/** `shown`: the count that this page was told. `stale`: its figures are others by now. */
type Listener = Opened & { stream: Readable; shown: number | undefined; stale: boolean; countedAt: number };
export type Streams = { open(listener: Opened): Readable; close(): void };

export function createStreams(db: Knex, log: Logger): Streams {
  const listeners = new Set<Listener>();
  let timer: NodeJS.Timeout | undefined;
  let turn = 0;
  /** Lines that were told already, with the moment at which they were read; all up to `floor` are. */
  const told = new Map<number, number>();
  let floor: number | undefined;
  /** Of the people who listen: number of the newest notice, and how many are unread. */
  const counted = new Map<string, { newest: number; unread: number }>();

  function open(given: Opened): Readable {
    const own = [...listeners].filter(({ session, list }) => session.equals(given.session) && Boolean(list) === Boolean(given.list));
    const most = given.list ? listsPerSession : plainPagesPerSession;
    // The newest page is the one that is looked at.
    for (const listener of own.slice(0, Math.max(0, own.length - most + 1))) end(listener);
    const stream = new Readable({ read: () => undefined });
    const listener: Listener = { ...given, stream, shown: undefined, stale: false, countedAt: 0 };
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
      await catchUp(floor);
      return lookAtNotices('new');
    }
    await catchUp(floor);
    if (turn % SESSIONS_EVERY === 0) {
      await lookAtSessions();
      // Also what was read elsewhere, and what asks no longer because its task has ended.
      return lookAtNotices('all');
    }
    // Whoever writes a notice writes a line of the record with it.
    const changed = await lookAtTasks(floor);
    await countAnew();
    return lookAtNotices(changed ? 'some' : 'new');
  }

  /** What happened between the making of a page and its first word here. Where that is too much, the page is told that its list is old. */
  async function catchUp(until: number): Promise<void> {
    for (const listener of listeners) {
      const { since, list } = listener;
      if (since === undefined) continue;
      listener.since = undefined;
      if (!list || since >= until) continue;
      if (until - since > linesAtMost) {
        send(listener, 'old', {});
        listener.stale = true;
      } else tellTasks(listener, newestOf((await listTaskChanges(db, since)).changes));
    }
  }

  async function countAnew(): Promise<void> {
    const before = Date.now() - COUNT_EVERY_MS;
    const waiting = [...listeners].filter(({ stale, countedAt }) => stale && countedAt <= before);
    waiting.sort((a, b) => a.countedAt - b.countedAt);
    if (waiting.length === 0) return;
    const instant = await readInstant(db);
    for (const listener of waiting.slice(0, COUNTS_PER_TURN)) {
      const { list, actor, t } = listener;
      Object.assign(listener, { stale: false, countedAt: Date.now() });
      if (!list) continue;
      list.times = inboxTimes(await readToday(db, instant, actor));
      const [counts, navigation] = await Promise.all([countInbox(db, actor, list.filter, list.times), countsFor(db, actor)]);
      const { tasks = 0, board = 0 } = navigation;
      send(listener, 'counts', { ...figureWords(list.filter.view, counts, actor, t), navigation: { tasks, board } });
    }
  }

  /** Whether the record has lines that were not looked at before. */
  async function lookAtTasks(after: number): Promise<boolean> {
    const read = await listTaskChanges(db, after);
    const changes = read.changes.filter((change) => !told.has(change.line));
    const now = Date.now();
    const anew = read.lines.some((line) => !told.has(line));
    // Before anything more is told: a role may have been taken away, a session ended.
    if (read.people.some((line) => !told.has(line))) await lookAtSessions();
    for (const line of read.lines) if (!told.has(line)) told.set(line, now);
    // Under a flood what is late is given up, so that the rest is not.
    const flood = read.lines.length >= linesAtMost;
    for (const [line, at] of told) {
      if (!flood && at > now - LATE_MS) continue;
      floor = Math.max(floor ?? 0, line);
      told.delete(line);
    }
    // Of one task the newest state, once.
    const newest = newestOf(changes);
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

function newestOf(changes: readonly TaskChange[]): TaskChange[] {
  const newest = new Map<string, TaskChange>();
  for (const change of changes) newest.set(change.id, { ...change, fresh: change.fresh || newest.get(change.id)?.fresh === true });
  return [...newest.values()];
}

/** `listed`: whether it stands in the list now; `fresh`: it has come into the queue, or to its top, lately; `group`: under which it stands. */
function tellTasks(listener: Listener, changes: readonly TaskChange[]): void {
  const { actor, list, t } = listener;
  if (!list) return;
  const tasks = changes
    .filter((change) => concerns(actor, list, change))
    .map((change) => ({
      id: change.id,
      open: change.open,
      listed: isListed(actor, list, change),
      fresh: change.fresh,
      group: groupOf(list, change),
      holder: change.open ? change.holder : null,
      words: change.open ? holdingWords(actor, change, t) : '',
      amber: change.suspended,
      priority: change.priority && !isOutsideRole(change.role) ? t('tasks.priority') : '',
      labels: labelsRead(actor, change),
      priorityReason: change.priority_reason ?? '',
      self: change.claimed_by === actor.userId,
    }));
  if (tasks.length === 0) return;
  listener.stale = true;
  send(listener, 'tasks', { tasks });
}

function send({ stream }: Listener, event: string, data: unknown): void {
  // Nobody reads at the other end.
  if (stream.readableLength > MOST_UNREAD_BYTES) stream.destroy();
  else stream.push(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}
