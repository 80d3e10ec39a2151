/** Figures of the supervisor's board for every office of a subtree, each read by an index per office. */
import type { Db } from '../client.ts';
import type { Actor } from '../accounts/users.ts';
import { countInbox, type InboxTimes } from './inbox/inbox.ts';

export type BoardTimes = InboxTimes & {
  /** Begin of the period of the rate, and of the one before it. */
  periodFrom: Date;
  previousFrom: Date;
  /** Begin of today and of the first of the twelve weeks. */
  today: Date;
  trendFrom: Date;
};

export type OnTime = { decided: number; late: number };
export type BoardFigures = {
  overdue: number;
  oldestDue: string | null;
  soon: number;
  soonUnclaimed: number;
  later: number;
  undated: number;
  capped: boolean;
  period: OnTime;
  previous: OnTime;
  waiting: number;
  waitingSoon: number;
};

/** The grants over which somebody supervises. */
export function supervisionOf(actor: Actor): Actor {
  return { ...actor, grants: actor.grants.filter((grant) => grant.role === 'supervisor') };
}

const offices = `(select distinct r.code, r.path from unnest(cast(:paths as text[])) p (path) join regions r on r.path = p.path or r.path like p.path || '/%')`;
const officersOnly = `t.role not in ('clock', 'institution', 'assessor')`;

function pathsOf(supervisor: Actor): string[] {
  return supervisor.grants.map((grant) => grant.path);
}

export async function getBoardFigures(db: Db, supervisor: Actor, times: BoardTimes): Promise<BoardFigures> {
  const paths = pathsOf(supervisor);
  const [counts, more] = await Promise.all([countInbox(db, supervisor, { view: 'region' }, times), readFigures(db, paths, times)]);
  return {
    overdue: counts.overdue,
    soon: counts.soon,
    later: counts.later,
    undated: counts.none,
    capped: counts.capped,
    oldestDue: more.oldest_due,
    soonUnclaimed: more.soon_unclaimed,
    period: { decided: more.decided, late: more.late },
    previous: { decided: more.decided_before, late: more.late_before },
    waiting: more.waiting,
    waitingSoon: more.waiting_soon,
  };
}

type Figures = {
  oldest_due: string | null;
  soon_unclaimed: number;
  decided: number;
  late: number;
  decided_before: number;
  late_before: number;
  waiting: number;
  waiting_soon: number;
};

async function readFigures(db: Db, paths: string[], times: BoardTimes): Promise<Figures> {
  const { rows } = await db.raw<{ rows: Figures[] }>(
    `select (select min(f.due_date) from ${offices} o cross join lateral (
               select t.due_date from tasks t where t.status = 'open' and t.office_path = o.path and ${officersOnly} and t.due_at <= :now order by t.due_at limit 1) f) as oldest_due,
            (select cast(count(*) as int) from ${offices} o join tasks t on t.status = 'open' and t.office_path = o.path and ${officersOnly}
                and t.due_at > :now and t.due_at <= :soonUntil and t.claimed_by is null) as soon_unclaimed,
            d.*, w.*
       from (select cast(count(*) filter (where t.decided_at >= :periodFrom) as int) as decided,
                    cast(count(*) filter (where t.decided_at >= :periodFrom and t.decided_at > t.due_at) as int) as late,
                    cast(count(*) filter (where t.decided_at < :periodFrom) as int) as decided_before,
                    cast(count(*) filter (where t.decided_at < :periodFrom and t.decided_at > t.due_at) as int) as late_before
               from ${offices} o join tasks t on t.status = 'decided' and t.office = o.code and t.decided_at >= :previousFrom and ${officersOnly} and t.due_at is not null) d,
            (select cast(count(*) as int) as waiting, cast(count(*) filter (where t.due_at <= :soonUntil) as int) as waiting_soon
               from ${offices} o cross join unnest(array['institution', 'assessor']) g (role)
               join tasks t on t.status = 'open' and t.office = o.code and t.role = g.role and t.kind = 'correction') w`,
    { paths, ...instants(times) },
  );
  const row = rows[0];
  if (!row) throw new Error('the board has no figures');
  return row;
}

function instants(times: BoardTimes): Record<string, Date> {
  return {
    now: times.now,
    soonUntil: times.soonUntil,
    periodFrom: times.periodFrom,
    previousFrom: times.previousFrom,
    today: times.today,
    trendFrom: times.trendFrom,
  };
}

export type OfficerLoad = {
  userId: string | null;
  name: string | null;
  roles: string[];
  overdue: number;
  soon: number;
  later: number;
  /** Due day of the oldest open task. */
  oldestDue: string | null;
  decidedToday: number;
};

const loadsShown = 30;

/** Open tasks by who has claimed them, those who are busiest with late ones first; officers without any task are shown as well. */
export async function listLoads(db: Db, supervisor: Actor, times: BoardTimes): Promise<OfficerLoad[]> {
  const { rows } = await db.raw<{
    rows: (Omit<OfficerLoad, 'userId' | 'decidedToday' | 'oldestDue'> & { id: string; decided_today: number; oldest_due: string | null })[];
  }>(
    `with offices as (select code from ${offices} o),
          people as (
            select u.id, u.name, array_agg(distinct g.role) as roles from grants_in_force g join offices o on o.code = g.region join users u on u.id = g.user_id
             where u.active and g.role in ('first_reviewer', 'second_reviewer', 'approver', 'inspector', 'finance_officer', 'payment_officer') group by u.id),
          decided as (
            select t.decided_by, cast(count(*) as int) as today from offices o join tasks t on t.status = 'decided' and t.office = o.code and t.decided_at >= :today group by 1)
     select p.id, p.name, p.roles, c.overdue, c.soon, c.later, c.oldest_due, coalesce(d.today, 0) as decided_today
       from people p
       cross join lateral (
         select cast(count(*) filter (where t.due_at <= :now) as int) as overdue,
                cast(count(*) filter (where t.due_at > :now and t.due_at <= :soonUntil) as int) as soon,
                cast(count(*) filter (where t.due_at > :soonUntil or t.due_at is null) as int) as later, min(t.due_date) as oldest_due
           from tasks t where t.claimed_by = p.id and t.status = 'open') c
       left join decided d on d.decided_by = p.id
      order by c.overdue desc, c.soon desc, c.overdue + c.soon + c.later desc, p.name limit ${loadsShown}`,
    { paths: pathsOf(supervisor), ...instants(times) },
  );
  return rows.map(({ id, decided_today, oldest_due, ...row }) => ({
    ...row,
    userId: id,
    oldestDue: oldest_due,
    decidedToday: decided_today,
  }));
}

/** Open tasks that nobody has claimed. */
export async function countUnclaimed(
  db: Db,
  supervisor: Actor,
  times: BoardTimes,
): Promise<Pick<OfficerLoad, 'overdue' | 'soon' | 'later'>> {
  const counted = await countInbox(db, supervisor, { view: 'region' }, times);
  const { rows } = await db.raw<{ rows: { overdue: number; soon: number; later: number }[] }>(
    `select cast(count(*) filter (where t.due_at <= :now) as int) as overdue,
            cast(count(*) filter (where t.due_at > :now and t.due_at <= :soonUntil) as int) as soon,
            cast(count(*) filter (where t.due_at > :soonUntil or t.due_at is null) as int) as later
       from tasks t where t.status = 'open' and t.claimed_by is not null and t.office = any(array(select code from ${offices} o)) and ${officersOnly}`,
    { paths: pathsOf(supervisor), ...instants(times) },
  );
  const claimed = rows[0] ?? { overdue: 0, soon: 0, later: 0 };
  return {
    overdue: Math.max(0, counted.overdue - claimed.overdue),
    soon: Math.max(0, counted.soon - claimed.soon),
    later: Math.max(0, counted.later + counted.none - claimed.later),
  };
}

export type OverdueStep = { step: string; role: string; count: number; oldestDue: string };

/** What is late in the subtree by step, the longest delay first; counted to its end. */
export async function listOverdueSteps(db: Db, supervisor: Actor, times: BoardTimes): Promise<OverdueStep[]> {
  const { rows } = await db.raw<{ rows: (Omit<OverdueStep, 'oldestDue'> & { oldest_due: string })[] }>(
    `select t.step, t.role, cast(count(*) as int) as count, min(t.due_date) as oldest_due
       from ${offices} o join tasks t on t.status = 'open' and t.office_path = o.path and ${officersOnly} and t.due_at <= :now
      group by t.step, t.role order by oldest_due, t.step`,
    { paths: pathsOf(supervisor), ...instants(times) },
  );
  return rows.map(({ oldest_due, ...row }) => ({ ...row, oldestDue: oldest_due }));
}

export type Candidate = { id: string; name: string; roles: string[]; officeZh: string; officeEn: string; open: number };

/** Who could take tasks of these queues over, least busy first. */
export async function listCandidates(db: Db, queues: readonly { office: string; role: string }[]): Promise<Candidate[]> {
  const { rows } = await db.raw<{ rows: Candidate[] }>(
    `select u.id, u.name, array_agg(distinct g.role) as roles, min(r.name_zh) as "officeZh", min(r.name_en) as "officeEn",
            (select cast(count(*) as int) from tasks t where t.claimed_by = u.id and t.status = 'open') as open
       from (select distinct * from unnest(cast(:offices as text[]), cast(:roles as text[])) q (office, role)) q
       join grants_in_force g on g.region = q.office and g.role = q.role
       join users u on u.id = g.user_id and u.active
       join regions r on r.code = g.region
      group by u.id, u.name, g.region order by open, u.name`,
    { offices: queues.map(({ office }) => office), roles: queues.map(({ role }) => role) },
  );
  return rows;
}

export type TrendWeek = { week: string; decided: number; late: number };

/** Decided and late by week (its Monday), oldest first; weeks without any are absent. */
export async function listTrend(db: Db, supervisor: Actor, times: BoardTimes): Promise<TrendWeek[]> {
  const { rows } = await db.raw<{ rows: TrendWeek[] }>(
    `select cast(date_trunc('week', t.decided_at at time zone 'Asia/Shanghai') as date) as week, cast(count(*) as int) as decided,
            cast(count(*) filter (where t.decided_at > t.due_at) as int) as late
       from ${offices} o join tasks t on t.status = 'decided' and t.office = o.code and t.decided_at >= :trendFrom and ${officersOnly}
      group by 1 order by 1`,
    { paths: pathsOf(supervisor), ...instants(times) },
  );
  return rows;
}
