/**
 * Open tasks of a region by a text. They are gone through once, for the page and for the counts together: to look the text up among all classes that ever were
 * took longer than to read what is open. Only the lines of the page are read whole. Where very much is open each office gives its most urgent tasks only, and the page says so.
 */
import { readingPaths } from '../../../workflows/domain/scope.ts';
import { labelOfficesOf } from '../../../workflows/domain/labels.ts';
import type { Actor } from '../../accounts/users.ts';
import { run, statementOf } from '../../queries/statements.ts';
import type { Db } from '../../client.ts';
import { conditionsOf, labelsColumn, markedFigures, noneMarked, officersOnly, officesOf, ranges, taskColumns } from './conditions.ts';
import type { InboxCursor, InboxFilter, InboxLine, InboxTimes, Urgency } from './inbox.ts';
import { unreadMessagesOf } from '../classes/messages.ts';

/** So many open tasks are gone through at most. */
const SEARCHED_AT_MOST = 30_000;

export type Found = {
  tasks: InboxLine[];
  figures: Record<Urgency, number>;
  /** How many of them are marked as pressing. */
  marked: Record<Urgency, number>;
  /** Of each office only so many, the most urgent, were looked at. */
  searchedOfEach: number | undefined;
};

export async function searchRegion(
  db: Db,
  actor: Actor,
  filter: InboxFilter,
  times: InboxTimes,
  page: { cursor?: InboxCursor | undefined; limit: number },
): Promise<Found> {
  const each = await limitOfEach(db, readingPaths(actor), filter);
  const query = searchQuery(actor, filter, times, { ...page, each });
  const rows = await run<InboxLine & Record<Urgency, number> & Pick<Found, 'marked'>>(db, statementOf(query.sql), query.bindings);
  const [first] = rows;
  const wanted = (of: Urgency, all: Readonly<Record<Urgency, number>>): number =>
    filter.urgency === undefined || filter.urgency === of ? all[of] : 0;
  const groups = (all: Readonly<Record<Urgency, number>> = noneMarked): Record<Urgency, number> => ({
    overdue: wanted('overdue', all),
    soon: wanted('soon', all),
    later: wanted('later', all),
    none: wanted('none', all),
  });
  return {
    tasks: rows.flatMap(({ overdue: _o, soon: _s, later: _l, none: _n, marked: _m, ...task }) => (task.id === null ? [] : [task])),
    figures: groups(first),
    marked: groups(first?.marked),
    searchedOfEach: each,
  };
}

/** The figures and the lines of one page; `each` is how many of an office are looked at where not all are. */
export function searchQuery(
  actor: Actor,
  filter: InboxFilter,
  times: InboxTimes,
  { cursor, limit, each }: { cursor?: InboxCursor | undefined; limit: number; each?: number | undefined },
): { sql: string; bindings: Record<string, unknown> } {
  const narrower = conditionsOf({ ...filter, text: undefined }, actor);
  const text = conditionsOf({ view: 'queue', text: filter.text }, actor);
  const after = cursor
    ? `and (not t.priority, coalesce(t.due_at, 'infinity'), t.id) > (cast(:afterPlain as boolean), coalesce(cast(:afterDue as timestamptz), 'infinity'), :afterId)`
    : '';
  const group = (of: Urgency): string => `cast(count(*) filter (where ${ranges[of]}) as int) as ${of}`;
  const openOnes = `from tasks t where t.status = 'open' and t.office_path = o.path and ${officersOnly}${narrower.sql}`;
  const looked =
    each === undefined
      ? `(select t.id, t.due_at, t.priority ${openOnes}${text.sql} offset 0)`
      : `(select m.* from (select t.* ${openOnes} and t.priority) m union all select p.* from (select t.* ${openOnes} and not t.priority order by t.due_at, t.id limit :each) p)`;
  const sql = `
    with offices as materialized ${officesOf(filter)},
    found as materialized (
      select t.id, t.due_at, t.priority from offices o cross join lateral ${looked} t where true${each === undefined ? '' : text.sql}),
    page as (select t.id from found t where ${filter.urgency ? ranges[filter.urgency] : 'true'} ${after} order by not t.priority, t.due_at nulls last, t.id limit :limit)
    select f.*, l.*, u.name as holder, d.name as delegate, ${labelsColumn(actor, 'l.procedure_id')}, case when l.id is not null then ${unreadMessagesOf(actor, 'l.class_id')} end as unread_messages
      from (select ${(Object.keys(ranges) as Urgency[]).map(group).join(', ')}, ${markedFigures} as marked from found t) f
      left join (select ${taskColumns} from page p join tasks t on t.id = p.id) l on true left join users u on u.id = l.claimed_by left join users d on d.id = l.delegated_to
     order by not l.priority, l.due_at nulls last, l.id`;
  return {
    sql,
    bindings: {
      ...narrower.bindings,
      ...text.bindings,
      labelOffices: labelOfficesOf(actor),
      paths: readingPaths(actor),
      each: each ?? null,
      now: times.now,
      soon: times.soonUntil,
      reader: actor.userId,
      limit,
      ...(cursor ? { afterPlain: !cursor.priority, afterDue: cursor.due, afterId: cursor.id } : {}),
    },
  };
}

/** Undefined where all that is open can be gone through. */
async function limitOfEach(db: Db, paths: readonly string[], { region }: Pick<InboxFilter, 'region'>): Promise<number | undefined> {
  const { rows } = await db.raw<{ rows: { offices: number; open: number }[] }>(
    `with offices as materialized ${officesOf({ region })}
     select (select cast(count(*) as int) from offices) as offices,
            (select cast(count(*) as int) from (select from offices o join tasks t on t.status = 'open' and t.office_path = o.path and ${officersOnly} limit ${SEARCHED_AT_MOST + 1}) s) as open`,
    { paths: [...paths], ...(region ? { region } : {}) },
  );
  const { offices, open } = rows[0] ?? { offices: 1, open: 0 };
  return open > SEARCHED_AT_MOST ? Math.ceil(SEARCHED_AT_MOST / Math.max(1, offices)) : undefined;
}
