/**
 * The inbox. Stays fast with a million open tasks: each queue (office × role) is read on its own from a partial index of `tasks`, never
 * more than a page of it, and the pages are merged. What a supervisor marked as pressing comes first, from indexes of its own; tasks without a due instant follow those with one.
 */
import { labelOfficesOf } from '../../../workflows/domain/labels.ts';
import { hasRole } from '../../../workflows/domain/scope.ts';
import { withoutTyped } from '../../../workflows/domain/people/typed-text.ts';
import type { TaskKind } from '../../../workflows/domain/task-kinds.ts';
import { readingRoles } from '../../../workflows/domain/roles.ts';
import type { Db } from '../../client.ts';
import { auditOutside } from '../../protocol/procedures.ts';
import type { JointPart } from '../../../workflows/domain/signing.ts';
import type { TaskPeriod } from '../../protocol/tasks.ts';
import { countSignatures, type SignatureCount } from '../../protocol/signing/groups.ts';
import { listOrderPapers } from '../../protocol/supervision/orders.ts';
import { run, statementOf } from '../../queries/statements.ts';
import type { Actor } from '../../accounts/users.ts';
import { unreadMessagesOf } from '../classes/messages.ts';
import { conditionsOf, labelsColumn, markedFigures, noneMarked, ranges, taskColumns } from './conditions.ts';
import { scopeOf } from './queues.ts';
import { type Found, searchRegion } from './region-search.ts';

/** `barred`: of the own queues what four eyes refuse to the reader (须他人办理); it is no work of theirs. */
export const inboxViews = ['mine', 'asked', 'queue', 'barred', 'region'] as const;
export type InboxView = (typeof inboxViews)[number];
export const urgencies = ['overdue', 'soon', 'later', 'none'] as const;
export type Urgency = (typeof urgencies)[number];

/** A list shows what is marked as pressing in a group of its own, before the others. */
export const inboxGroups = ['priority', ...urgencies] as const;
export type InboxGroup = (typeof inboxGroups)[number];

export type InboxFilter = {
  view: InboxView;
  kind?: TaskKind | undefined;
  stage?: string | undefined;
  /** Part of the institution's name, of the title, or the beginning of the number. */
  text?: string | undefined;
  urgency?: Urgency | undefined;
  /** Only what is marked as pressing (加急). */
  priority?: boolean | undefined;
  /** Only cases with this label of the reader's offices. */
  label?: string | undefined;
  /** Code of a region: cases of it, and what its offices and those below them have. */
  region?: string | undefined;
  /** Due on this day or before, as the instant at which it ends. */
  dueBy?: Date | undefined;
  /** Who has it. */
  holder?: string | undefined;
};

/** What time it is for the list: due at or before `now` is overdue, up to `soonUntil` is soon. */
export type InboxTimes = { now: Date; soonUntil: Date };

/** Place of the last task shown. `due` is PostgreSQL's own text of the instant, so that no microsecond is lost; null: without due instant. `priority`: it is marked. */
export type InboxCursor = { due: string | null; id: string; priority?: true | undefined };

export type InboxTask = TaskPeriod & {
  id: string;
  procedure_id: string;
  class_id: string | null;
  step: string;
  round: number;
  kind: TaskKind;
  role: string;
  office: string;
  subject_number: string;
  subject_title: string;
  institution_name: string;
  headcount: number | null;
  amount_fen: number | null;
  due_key: string | null;
  urged_at: Date | null;
  /** Marked by a supervisor as pressing (加急), and why. */
  priority: boolean;
  priority_reason: string | null;
  /** Of the reader's offices. */
  labels: string[];
  claimed_by: string | null;
  claimed_at: Date | null;
  holder: string | null;
  /** Who was asked for an opinion. */
  delegated_to: string | null;
  delegate: string | null;
  suspended_at: Date | null;
  version: number;
  /** One of several signatures under its step. */
  joint: JointPart | null;
  joint_group: string | null;
  /** Took part in other steps of the same matter: four eyes refuse it to them. */
  signers: string[];
};

/** As it stands in a list that somebody reads, with the messages about its class that are unread, how far its group of signatures is and the paper of an order. */
export type InboxLine = InboxTask & {
  unread_messages: number;
  signatures?: SignatureCount | undefined;
  paper?: string | undefined;
};

/** Counts stop here: beyond it the page says «10,000+». */
export const countedAtMost = 10_000;

/** The views that this person has. */
export function viewsOf(actor: Actor): InboxView[] {
  if (actor.institutionId !== undefined) return ['queue'];
  return hasRole(actor, ...readingRoles) ? ['queue', 'mine', 'asked', 'barred', 'region'] : ['queue', 'mine', 'asked', 'barred'];
}

/** The range of due instants of a group; `none` has no instant. */
function dueRange(urgency: Urgency, times: InboxTimes): { sql: string; bindings: Record<string, Date> } {
  switch (urgency) {
    case 'overdue':
      return { sql: ' and t.due_at <= :now', bindings: { now: times.now } };
    case 'soon':
      return { sql: ' and t.due_at > :now and t.due_at <= :soon', bindings: { now: times.now, soon: times.soonUntil } };
    case 'later':
      return { sql: ' and t.due_at > :soon', bindings: { soon: times.soonUntil } };
    case 'none':
      return { sql: ' and t.due_at is null', bindings: {} };
  }
}

export type InboxPage<Task = InboxTask> = { tasks: Task[]; next: InboxCursor | undefined };
type PageWanted = { cursor?: InboxCursor | undefined; size: number };

/** One page after `cursor`, the most urgent first. `next` is there when more follow. */
export async function listInbox(db: Db, actor: Actor, filter: InboxFilter, times: InboxTimes, page: PageWanted): Promise<InboxPage> {
  if (searchesRegion(filter)) return pageOf((await found(db, actor, filter, times, page)).tasks, page);
  const { sql, bindings } = pageQuery(actor, filter, times, page);
  return pageOf(await run<InboxTask>(db, statementOf(sql), bindings), page);
}

/** A page as its reader sees it, together with the counts of its list: one round trip where a person reads the own queues. */
export async function readInbox(
  db: Db,
  actor: Actor,
  filter: InboxFilter,
  times: InboxTimes,
  page: PageWanted,
): Promise<InboxPage<InboxLine> & { counts: InboxCounts }> {
  if (searchesRegion(filter)) {
    const [{ tasks, ...searched }, own] = await Promise.all([
      found(db, actor, filter, times, page),
      countInbox(db, actor, { view: 'mine' }, times),
    ]);
    return { ...(await withMore(db, pageOf(tasks, page))), counts: countsOfSearch(searched, own) };
  }
  const shown = withUnread(actor, pageQuery(actor, filter, times, page));
  if (filter.view === 'region') {
    const [lines, counts] = await Promise.all([
      run<InboxLine>(db, statementOf(shown.sql), shown.bindings),
      countInbox(db, actor, filter, times),
    ]);
    return { ...(await withMore(db, pageOf(lines, page))), counts };
  }
  const counted = countQuery(actor, filter, times);
  const sql = `select f.figures, p.* from (select 1 as at, to_json(c) as figures from (${counted.sql}) c) f
                 full join (select q.*, row_number() over (order by q.part, q.due_at, q.id) as at from (${shown.sql}) q) p on p.at = f.at order by p.at`;
  const rows = await run<InboxLine & { figures: CountRow | null; at: number }>(db, statementOf(sql), {
    ...shown.bindings,
    ...counted.bindings,
  });
  const tasks = rows.filter((row) => row.id !== null).map(({ figures: _figures, at: _at, ...task }) => task);
  return { ...(await withMore(db, pageOf(tasks, page))), counts: countsOf(filter, rows[0]?.figures ?? undefined) };
}

function searchesRegion(filter: InboxFilter): boolean {
  return filter.view === 'region' && filter.text !== undefined;
}

function found(db: Db, actor: Actor, filter: InboxFilter, times: InboxTimes, { cursor, size }: PageWanted): Promise<Found> {
  return searchRegion(db, actor, filter, times, { cursor, limit: size + 1 });
}

function countsOfSearch(
  { figures, marked, searchedOfEach }: Pick<Found, 'figures' | 'marked' | 'searchedOfEach'>,
  own: InboxCounts,
): InboxCounts {
  const { mine, asked, barred, savedViews } = own;
  const total = urgencies.reduce((sum, urgency) => sum + figures[urgency], 0);
  return {
    ...figures,
    total,
    ...prioritised(marked),
    capped: false,
    mine,
    asked,
    barred,
    savedViews,
    ...(searchedOfEach ? { searchedOfEach } : {}),
  };
}

/** Asked only where a line of the page is one of several signatures, or an order. */
async function withMore(db: Db, page: InboxPage<InboxLine>): Promise<InboxPage<InboxLine>> {
  const groups = page.tasks.flatMap((task) => task.joint_group ?? []);
  const orders = page.tasks.filter(({ kind }) => kind === 'order_answer').map((task) => task.procedure_id);
  const [counts, papers] = await Promise.all([
    groups.length > 0 ? countSignatures(db, groups) : undefined,
    orders.length > 0 ? listOrderPapers(db, orders) : undefined,
  ]);
  if (!counts && !papers) return page;
  const tasks = page.tasks.map((task) => ({
    ...task,
    ...(task.joint_group ? { signatures: counts?.get(task.joint_group) } : {}),
    paper: papers?.get(task.procedure_id),
  }));
  return { ...page, tasks };
}

/** Looked up for the lines of the page alone, after it was cut off. */
function withUnread(actor: Actor, { sql, bindings }: Query): Query {
  return {
    sql: `select l.*, ${unreadMessagesOf(actor, 'l.class_id')} as unread_messages from (${sql}) l order by part, due_at, id`,
    bindings: { ...bindings, reader: actor.userId },
  };
}

function pageOf<Task extends InboxTask>(tasks: Task[], { size }: PageWanted): InboxPage<Task> {
  const shown = tasks.slice(0, size);
  const last = shown.at(-1);
  return {
    tasks: shown,
    next:
      tasks.length > size && last ? { due: last.due_key, id: last.id, ...(last.priority ? { priority: true as const } : {}) } : undefined,
  };
}

/** One task more than the page holds: those that are marked, those with a due instant, then those without. Nothing of an institution is marked. */
function pageQuery(actor: Actor, filter: InboxFilter, times: InboxTimes, { cursor, size }: PageWanted): Query {
  const limit = size + 1;
  const { urgency } = filter;
  const marked = filter.priority || (actor.institutionId === undefined && (cursor === undefined || cursor.priority));
  const after = cursor?.priority ? undefined : cursor;
  const dated = urgency !== 'none' && after?.due !== null;
  const undated = urgency === undefined || urgency === 'none';
  const parts = [
    ...(marked ? [inboxQuery(actor, filter, times, { part: 'priority', after: cursor, limit })] : []),
    ...(dated && !filter.priority ? [inboxQuery(actor, filter, times, { part: 'dated', after, limit })] : []),
    ...(undated && !filter.priority
      ? [inboxQuery(actor, filter, times, { part: 'undated', after: dated ? undefined : after, limit })]
      : []),
  ];
  return {
    sql: `${parts.map(({ sql }, at) => `select ${at} as part, p${at}.* from (${sql}) p${at}`).join(' union all ')} order by part, due_at, id limit ${limit}`,
    bindings: Object.assign({}, ...parts.map(({ bindings }) => bindings)) as Record<string, unknown>,
  };
}

type Query = { sql: string; bindings: Record<string, unknown> };

/** The SQL of one part of a page; exported so that a test can ask PostgreSQL how it runs. */
export function inboxQuery(
  actor: Actor,
  filter: InboxFilter,
  times: InboxTimes,
  part: { part: 'priority' | 'dated' | 'undated'; after?: InboxCursor | undefined; limit: number },
): Query {
  const scope = scopeOf(actor, filter);
  const conditions = conditionsOf(filter, actor);
  const marked = part.part === 'priority' ? ' and t.priority' : actor.institutionId === undefined ? ' and not t.priority' : '';
  const range =
    part.part === 'undated'
      ? dueRange('none', times)
      : filter.urgency
        ? dueRange(filter.urgency, times)
        : { sql: part.part === 'dated' ? ' and t.due_at is not null' : '', bindings: {} };
  const after = part.after === undefined ? '' : ` and ${afterOf[part.part]}`;
  const order = part.part === 'undated' ? 'id' : 'due_at, id';
  // Written out for the same reason as the queues.
  const limit = Math.trunc(part.limit);
  // Of a region each office gives as many as the page holds: what they are is read of those alone that stay after the cut. Of those marked there are few.
  const [columns, cut] =
    filter.view === 'region' && part.part !== 'priority'
      ? ['t.id, t.due_at', (keys: string) => `select ${taskColumns} from (${keys}) k join tasks t on t.id = k.id`]
      : [taskColumns, (rows: string) => rows];
  return {
    sql: `select q.*, u.name as holder, d.name as delegate, ${labelsColumn(actor, 'q.procedure_id')} from (${cut(`
            select t.* from ${scope.from} cross join lateral (
              select ${columns} from tasks t where t.status = 'open' and ${scope.match}${marked}${conditions.sql}${range.sql}${after} order by ${order} limit ${limit}) t
            order by ${order} limit ${limit}`)}) q
          left join users u on u.id = q.claimed_by left join users d on d.id = q.delegated_to order by ${order}`,
    bindings: {
      ...scope.bindings,
      ...conditions.bindings,
      ...range.bindings,
      labelOffices: labelOfficesOf(actor),
      ...(part.after ? { afterId: part.after.id, ...(part.part === 'undated' ? {} : { afterDue: part.after.due }) } : {}),
    },
  };
}

/** Few are marked: those with a due instant and those without are read together, the latter last. */
const afterOf = {
  priority: `(coalesce(t.due_at, 'infinity'), t.id) > (coalesce(cast(:afterDue as timestamptz), 'infinity'), :afterId)`,
  dated: '(t.due_at, t.id) > (cast(:afterDue as timestamptz), :afterId)',
  undated: 't.id > :afterId',
};

/** Of a region that holds more than `countedAtMost`: `capped`, and groups above it are `countedAtMost + 1`. */
export type InboxCounts = Record<Urgency, number> & {
  total: number;
  /** How many of them are marked as pressing, of each group and together. */
  marked: Record<Urgency, number>;
  priority: number;
  capped: boolean;
  /** A text was looked for among so many tasks of each office only, the most urgent. */
  searchedOfEach?: number;
  /** Open tasks that this person holds, and those of the people for whom this person substitutes. */
  mine: number;
  /** About which a colleague asked this person for an opinion. */
  asked: number;
  /** In the own queues, and refused by four eyes: somebody else has to do them. */
  barred: number;
  /** The filters that this person gave a name, by name. */
  savedViews: { id: string; name: string; list: string }[];
};

/** How many tasks each group of a view holds, from an index. */
export async function countInbox(db: Db, actor: Actor, filter: InboxFilter, times: InboxTimes): Promise<InboxCounts> {
  if (searchesRegion(filter)) {
    const [searched, own] = await Promise.all([
      found(db, actor, filter, times, { size: 0 }),
      countInbox(db, actor, { view: 'mine' }, times),
    ]);
    return countsOfSearch(searched, own);
  }
  const { sql, bindings } = countQuery(actor, filter, times);
  const [row] = await run<CountRow>(db, statementOf(sql), bindings);
  return countsOf(filter, row);
}

type CountRow = Record<Urgency, number> & Pick<InboxCounts, 'marked' | 'mine' | 'asked' | 'barred' | 'savedViews'>;

function prioritised(marked: Record<Urgency, number>): Pick<InboxCounts, 'marked' | 'priority'> {
  return { marked, priority: urgencies.reduce((sum, urgency) => sum + marked[urgency], 0) };
}

function countsOf(filter: InboxFilter, row: CountRow | undefined): InboxCounts {
  const counts = row ?? { overdue: 0, soon: 0, later: 0, none: 0, marked: noneMarked, mine: 0, asked: 0, barred: 0, savedViews: [] };
  const total = urgencies.reduce((sum, urgency) => sum + counts[urgency], 0);
  // A region is counted no further than this; a queue to its end.
  const capped = filter.view === 'region' && total > countedAtMost;
  return { ...counts, ...prioritised(counts.marked), total: capped ? countedAtMost : total, capped };
}

export function countQuery(actor: Actor, filter: InboxFilter, times: InboxTimes): Query {
  const scope = scopeOf(actor, filter);
  const conditions = conditionsOf(filter, actor);
  const held = scopeOf(actor, { view: 'mine' });
  const mine = `(select cast(count(*) as int) from ${held.from} join tasks t on ${held.match} and t.status = 'open') as mine`;
  // Of an institution nothing is refused by four eyes.
  const refused = scopeOf(actor, { view: 'barred' });
  const barred =
    actor.institutionId === undefined
      ? `(select cast(count(*) as int) from ${refused.from} join tasks t on t.status = 'open' and ${refused.match})`
      : '0';
  const wanted = filter.urgency ? [filter.urgency] : urgencies;
  const limit = filter.view === 'region' ? `limit ${countedAtMost + 1}` : '';
  const count = (urgency: Urgency): string =>
    wanted.includes(urgency)
      ? `(select count(*) from (select 1 from ${scope.from} cross join lateral (
           select 1 from tasks t where t.status = 'open' and ${scope.match}${conditions.sql}${dueRange(urgency, times).sql} ${limit}) t ${limit}) counted)`
      : '0';
  const due = filter.urgency ? ` and ${ranges[filter.urgency]}` : '';
  return {
    sql: `select ${urgencies.map((urgency) => `cast(${count(urgency)} as int) as ${urgency}`).join(', ')},
      (select ${markedFigures} from ${scope.from} join tasks t on t.status = 'open' and t.priority and ${scope.match}${conditions.sql}${due}) as marked,
      ${mine},
      (select cast(count(*) as int) from tasks where delegated_to = :reader and status = 'open') as asked,
      ${barred} as barred,
      (select coalesce(json_agg(json_build_object('id', v.id, 'name', v.name, 'list', v.list) order by v.name), '[]') from saved_views v where v.user_id = :reader) as "savedViews"`,
    bindings: {
      ...refused.bindings,
      ...scope.bindings,
      ...held.bindings,
      ...conditions.bindings,
      now: times.now,
      soon: times.soonUntil,
      reader: actor.userId,
    },
  };
}

/** The most rows of an exported list. */
export const exportedAtMost = 10_000;
const EXPORT_BATCH = 500;

/** A list from its top, batch by batch, most urgent first; that it was taken is put on record before its first row. */
export async function* exportInbox(db: Db, actor: Actor, filter: InboxFilter, times: InboxTimes): AsyncGenerator<InboxTask[]> {
  await auditOutside(db, actor.userId, { act: 'inbox.export', subject: 'inbox', detail: withoutTyped(filter, 'text', 'label') });
  let cursor: InboxCursor | undefined;
  for (let left = exportedAtMost; left > 0; ) {
    const { tasks, next } = await listInbox(db, actor, filter, times, { cursor, size: Math.min(EXPORT_BATCH, left) });
    if (tasks.length > 0) yield tasks;
    left -= tasks.length;
    if (!next) return;
    cursor = next;
  }
}
