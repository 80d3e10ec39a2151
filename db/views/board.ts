/** Figures of the supervisor's board for every office of a subtree, each read once by an index per office. */
import type { BoardTimes } from '../../workflows/domain/calendar/board-times.ts';
import { startOfDay } from '../../workflows/domain/calendar/calendar.ts';
import type { Db } from '../client.ts';
import type { Actor } from '../accounts/users.ts';
import type { TaskPeriod } from '../protocol/tasks.ts';
import type { InboxTask } from './inbox/inbox.ts';

export type OnTime = { decided: number; late: number };
export type BoardFigures = {
  overdue: number;
  oldestDue: string | null;
  soon: number;
  soonUnclaimed: number;
  later: number;
  undated: number;
  period: OnTime;
  previous: OnTime;
  waiting: number;
  waitingSoon: number;
};

/** Whose board it is: the regions that somebody supervises. */
export type Supervisor = Pick<Actor, 'grants'>;
type Unclaimed = Pick<OfficerLoad, 'overdue' | 'soon' | 'later'>;
/** What is counted of a subtree at the business instant `countedAt`. */
export type Board = {
  countedAt: Date;
  figures: BoardFigures;
  loads: OfficerLoad[];
  unclaimed: Unclaimed;
  trend: TrendWeek[];
  overdueSteps: OverdueStep[];
};

/** The grants over which somebody supervises. */
export function supervisionOf<Reader extends Supervisor>(actor: Reader): Reader {
  return { ...actor, grants: actor.grants.filter((grant) => grant.role === 'supervisor') };
}

export async function countBoard(db: Db, supervisor: Supervisor, times: BoardTimes): Promise<Board> {
  const paths = supervisor.grants.map((grant) => grant.path);
  const [open, decided, waiting, loads] = await Promise.all([
    countOpen(db, paths, times),
    countDecided(db, paths, times),
    countWaiting(db, paths, times),
    listLoads(db, paths, times),
  ]);
  const { overdueSteps, unclaimed, ...figures } = open;
  return {
    countedAt: times.now,
    figures: { ...figures, period: decided.period, previous: decided.previous, ...waiting },
    loads,
    unclaimed,
    trend: decided.trend,
    overdueSteps,
  };
}

/** The offices are looked up first, so that PostgreSQL goes through the open tasks of each. */
const offices = `offices as materialized (
  select distinct r.code, r.path from unnest(cast(:paths as text[])) p (path) join regions r on r.path = p.path or r.path like p.path || '/%')`;
const officersOnly = `t.role not in ('clock', 'institution', 'assessor')`;

type Open = Pick<BoardFigures, 'overdue' | 'oldestDue' | 'soon' | 'soonUnclaimed' | 'later' | 'undated'> & {
  unclaimed: Unclaimed;
  overdueSteps: OverdueStep[];
};
type OpenRow = Pick<BoardFigures, 'overdue' | 'soon' | 'later' | 'undated'> & {
  whole: boolean;
  step: string;
  role: string;
  oldest_due: string | null;
  soon_unclaimed: number;
  unclaimed_overdue: number;
  unclaimed_later: number;
};

/** The open tasks of the offices, by when they are due and whether somebody has claimed them; what is late also by step, the longest delay first. */
async function countOpen(db: Db, paths: readonly string[], { now, soonUntil }: BoardTimes): Promise<Open> {
  const { rows } = await db.raw<{ rows: OpenRow[] }>(
    `with ${offices}
     select grouping(t.step) = 1 as whole, t.step, t.role, min(t.due_date) filter (where t.due_at <= :now) as oldest_due,
            cast(count(*) filter (where t.due_at <= :now) as int) as overdue,
            cast(count(*) filter (where t.due_at > :now and t.due_at <= :soonUntil) as int) as soon,
            cast(count(*) filter (where t.due_at > :soonUntil) as int) as later,
            cast(count(*) filter (where t.due_at is null) as int) as undated,
            cast(count(*) filter (where t.claimed_by is null and t.due_at <= :now) as int) as unclaimed_overdue,
            cast(count(*) filter (where t.claimed_by is null and t.due_at > :now and t.due_at <= :soonUntil) as int) as soon_unclaimed,
            cast(count(*) filter (where t.claimed_by is null and (t.due_at > :soonUntil or t.due_at is null)) as int) as unclaimed_later
       from offices o join tasks t on t.status = 'open' and t.office_path = o.path and ${officersOnly}
      group by grouping sets ((), (t.step, t.role)) order by whole desc, oldest_due, t.step`,
    { paths: [...paths], now, soonUntil },
  );
  const [all, ...steps] = rows;
  if (!all?.whole) throw new Error('the board has no figures');
  return {
    overdue: all.overdue,
    oldestDue: all.oldest_due,
    soon: all.soon,
    soonUnclaimed: all.soon_unclaimed,
    later: all.later,
    undated: all.undated,
    unclaimed: { overdue: all.unclaimed_overdue, soon: all.soon_unclaimed, later: all.unclaimed_later },
    overdueSteps: steps.flatMap((row) =>
      row.oldest_due === null ? [] : [{ step: row.step, role: row.role, count: row.overdue, oldestDue: row.oldest_due }],
    ),
  };
}

type Decided = Pick<BoardFigures, 'period' | 'previous'> & { trend: TrendWeek[] };
type DecidedDay = { day: string; week: string; decided: number; dated: number; late: number };

/** What was decided by day, from the index alone; a rate counts only what had a day on which it was due. */
async function countDecided(db: Db, paths: readonly string[], { previousFrom, periodFrom, trendFrom }: BoardTimes): Promise<Decided> {
  const { rows } = await db.raw<{ rows: DecidedDay[] }>(
    `with ${offices},
     days as (select cast(t.decided_at at time zone 'Asia/Shanghai' as date) as day, cast(count(*) as int) as decided, cast(count(t.due_at) as int) as dated,
                     cast(count(*) filter (where t.decided_at > t.due_at) as int) as late
                from offices o join tasks t on t.status = 'decided' and t.office = o.code and t.decided_at >= :from and ${officersOnly} group by 1)
     select day, cast(date_trunc('week', day) as date) as week, decided, dated, late from days order by day`,
    { paths: [...paths], from: previousFrom < trendFrom ? previousFrom : trendFrom },
  );
  const inTime = (days: readonly DecidedDay[]): OnTime => ({
    decided: days.reduce((sum, { dated }) => sum + dated, 0),
    late: days.reduce((sum, { late }) => sum + late, 0),
  });
  const weeks = new Map<string, TrendWeek>();
  for (const { day, week, decided, late } of rows) {
    if (startOfDay(day) < trendFrom) continue;
    const known = weeks.get(week) ?? { week, decided: 0, late: 0 };
    weeks.set(week, { week, decided: known.decided + decided, late: known.late + late });
  }
  return {
    period: inTime(rows.filter(({ day }) => startOfDay(day) >= periodFrom)),
    previous: inTime(rows.filter(({ day }) => startOfDay(day) >= previousFrom && startOfDay(day) < periodFrom)),
    trend: [...weeks.values()],
  };
}

/** Corrections that institutions owe. */
async function countWaiting(
  db: Db,
  paths: readonly string[],
  { soonUntil }: BoardTimes,
): Promise<Pick<BoardFigures, 'waiting' | 'waitingSoon'>> {
  const { rows } = await db.raw<{ rows: { waiting: number; waiting_soon: number }[] }>(
    `with ${offices}
     select cast(count(*) as int) as waiting, cast(count(*) filter (where t.due_at <= :soonUntil) as int) as waiting_soon
       from offices o cross join unnest(array['institution', 'assessor']) g (role)
       join tasks t on t.status = 'open' and t.office = o.code and t.role = g.role and t.kind = 'correction'`,
    { paths: [...paths], soonUntil },
  );
  return { waiting: rows[0]?.waiting ?? 0, waitingSoon: rows[0]?.waiting_soon ?? 0 };
}

/** What an institution has let pass. `class_number`: of the class that it is about. */
export type OwedTask = TaskPeriod &
  Pick<InboxTask, 'id' | 'step' | 'role' | 'kind' | 'subject_number' | 'subject_title' | 'institution_name'> & {
    class_number: string | null;
  };

/** Overdue tasks of institutions under the offices of a subtree, the longest overdue first. They stand in no list of an officer. */
export async function listOwed(db: Db, supervisor: Supervisor, { now }: Pick<BoardTimes, 'now'>, limit: number): Promise<OwedTask[]> {
  const { rows } = await db.raw<{ rows: OwedTask[] }>(
    `with ${offices}
     select q.*, c.number as class_number
       from (select t.* from offices o cross join unnest(array['institution', 'assessor']) g (role) cross join lateral (
               select t.id, t.class_id, t.step, t.role, t.kind, t.office, t.subject_number, t.subject_title, t.institution_name,
                      t.from_date, t.working_days, t.days_used, t.due_date, t.due_at, t.provisional
                 from tasks t where t.status = 'open' and t.office = o.code and t.role = g.role and t.due_at <= :now
                order by t.due_at, t.id limit :limit) t
              order by t.due_at, t.id limit :limit) q
       left join classes c on c.id = q.class_id order by q.due_at, q.id`,
    { paths: supervisor.grants.map(({ path }) => path), now, limit },
  );
  return rows;
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
async function listLoads(db: Db, paths: readonly string[], { now, soonUntil, today }: BoardTimes): Promise<OfficerLoad[]> {
  const { rows } = await db.raw<{
    rows: (Omit<OfficerLoad, 'userId' | 'decidedToday' | 'oldestDue'> & { id: string; decided_today: number; oldest_due: string | null })[];
  }>(
    `with ${offices},
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
    { paths: [...paths], now, soonUntil, today },
  );
  return rows.map(({ id, decided_today, oldest_due, ...row }) => ({
    ...row,
    userId: id,
    oldestDue: oldest_due,
    decidedToday: decided_today,
  }));
}

export type OverdueStep = { step: string; role: string; count: number; oldestDue: string };

export type Candidate = { id: string; name: string; roles: string[]; office: string; officeZh: string; officeEn: string; open: number };

/** Who could take some of these tasks over, least busy first; not who has them all. */
export async function listCandidates(db: Db, tasks: readonly Pick<InboxTask, 'office' | 'role' | 'claimed_by'>[]): Promise<Candidate[]> {
  const { rows } = await db.raw<{ rows: Candidate[] }>(
    `select u.id, u.name, array_agg(distinct g.role) as roles, g.region as office, min(r.name_zh) as "officeZh", min(r.name_en) as "officeEn",
            (select cast(count(*) as int) from tasks t where t.claimed_by = u.id and t.status = 'open') as open
       from (select distinct * from unnest(cast(:offices as text[]), cast(:roles as text[])) q (office, role)) q
       join grants_in_force g on g.region = q.office and g.role = q.role
       join users u on u.id = g.user_id and u.active
       join regions r on r.code = g.region
      group by u.id, u.name, g.region order by open, u.name`,
    { offices: tasks.map(({ office }) => office), roles: tasks.map(({ role }) => role) },
  );
  return rows.filter(({ id, office, roles }) =>
    tasks.some((task) => task.office === office && roles.includes(task.role) && task.claimed_by !== id),
  );
}

/** Decided and late in the week of this Monday; weeks without any are absent. */
export type TrendWeek = { week: string; decided: number; late: number };
