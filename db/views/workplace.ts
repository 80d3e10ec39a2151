/** The first page of an institution: what is asked of it and by when, its classes and claims with their money. */
import type { ClassStatus } from '../../workflows/domain/classes/class.ts';
import type { TaskKind } from '../../workflows/domain/task-kinds.ts';
import { isOutsideRole } from '../../workflows/domain/tasks.ts';
import { hasRole } from '../../workflows/domain/scope.ts';
import type { Actor } from '../accounts/users.ts';
import type { Db } from '../client.ts';
import type { TaskPeriod } from '../protocol/tasks.ts';
import { run, statement, statementOf } from '../queries/statements.ts';
import { afterPlace, cutPage, type TimePage, type TimePlace } from '../queries/time-pages.ts';
import { classNumberFound, classOfPaperFound } from './number-search.ts';

export type AskedTask = TaskPeriod & {
  id: string;
  procedure_id: string;
  step: string;
  kind: TaskKind;
  role: string;
  class_number: string | null;
  subject_number: string;
  subject_title: string;
  /** Points of a list of corrections that wait for an answer; payments that the bank returned. */
  open_points: number;
  returned_lines: number;
  total: number;
};

function outsideRolesOf(actor: Actor): string[] {
  return actor.grants.map((grant) => grant.role).filter(isOutsideRole);
}

/** The open tasks of an institution, soonest first; `total` of each row counts all of them. */
export async function listAsked(db: Db, actor: Actor, limit: number): Promise<AskedTask[]> {
  return run<AskedTask>(
    db,
    statementOf(`select t.id, t.procedure_id, t.step, t.kind, t.role, t.office, c.number as class_number, t.subject_number, t.subject_title, t.from_date, t.working_days, t.days_used,
            t.due_date, t.due_at, t.provisional, t.total,
            case when t.kind = 'correction' then (select count(*)::int from correction_items x where x.status = 'open' and x.task_id =
              (select task_id from corrections where procedure_id = t.procedure_id order by returned_at desc limit 1)) else 0 end as open_points,
            case when t.kind = 'account_correction' then (select count(*)::int from subsidy_applications a join payment_lines l on l.application_id = a.id
              where a.procedure_id = t.procedure_id and l.status = 'failed') else 0 end as returned_lines
       from (select *, (count(*) over ())::int as total from tasks
              where institution_id = cast(:institution as uuid) and role = any(cast(:roles as text[])) and status = 'open'
              order by due_at nulls last, id limit ${Math.trunc(limit)}) t
       left join classes c on c.id = t.class_id
      order by t.due_at nulls last, t.id`),
    { institution: actor.institutionId ?? null, roles: outsideRolesOf(actor) },
  );
}

export type DraftLine = { number: string; title: string; region: string; start_date: string | null; from_date: string; lead_days: number };

/** Classes that were begun and not submitted, the earliest first; with the working days between application and start that their pack asks for. */
export async function listDrafts(db: Db, actor: Actor, limit: number): Promise<DraftLine[]> {
  if (!hasRole(actor, 'institution')) return [];
  return run<DraftLine>(
    db,
    statementOf(`select c.number, c.title, c.region, c.start_date, cast(c.created_at as date) as from_date,
            coalesce(cast(k.content #>> '{values,schedule.classApplicationLeadWorkingDays,value}' as int), 0) as lead_days
       from classes c join policy_packs k on k.id = c.pack_id
      where c.institution_id = cast(:institution as uuid) and c.status = 'draft' order by c.start_date nulls last, c.created_at, c.id limit ${Math.trunc(limit)}`),
    { institution: actor.institutionId ?? null },
  );
}

export type OwnClass = {
  id: string;
  number: string;
  title: string;
  status: ClassStatus;
  project: string;
  start_date: string | null;
  end_date: string | null;
  stage: string | null;
  application: string | null;
  application_stage: string | null;
  application_status: string | null;
  headcount: number;
  expected_fen: number | null;
  claimed_fen: number | null;
  approved_fen: number | null;
  paid_fen: number;
  /** Payments that the bank returned. */
  returned_lines: number;
  task_step: string | null;
  task_role: string | null;
  task_due_date: string | null;
};

/** The classes of an institution, and, without their money, those that it assesses, newest first, a page at a time. Of the open tasks the reader's own comes first. */
export async function listOwnClasses(
  db: Db,
  actor: Actor,
  { text, after, size }: TimePage & { text?: string | undefined },
): Promise<{ lines: OwnClass[]; next: TimePlace | undefined }> {
  const own = [
    ...(hasRole(actor, 'institution') ? ['c.institution_id = cast(:institution as uuid)'] : []),
    ...(hasRole(actor, 'assessor') ? [`(c.status <> 'draft' and c.assessor_id = cast(:institution as uuid))`] : []),
  ];
  const number = text === undefined ? undefined : classNumberFound('c.number', text);
  const paper = text === undefined ? undefined : classOfPaperFound('c.id', text, true);
  const named = [number?.sql, paper?.sql, `strpos(lower(c.title), lower(cast(:text as text))) > 0`].filter(Boolean).join(' or ');
  const rows = await run<OwnClass & { place: string }>(
    db,
    statementOf(`select c.id, c.number, c.title, c.status, j.name as project, c.start_date, c.end_date, p.stage, case when o.own then a.number end as application, s.stage as application_stage,
            case when o.own then a.status end as application_status, e.headcount, case when o.own then e.amount_fen end as expected_fen,
            case when o.own then a.total_fen end as claimed_fen, case when o.own then a.approved_fen end as approved_fen,
            case when o.own then l.paid_fen else 0 end as paid_fen, case when o.own then l.returned_lines else 0 end as returned_lines,
            t.step as task_step, t.role as task_role, t.due_date as task_due_date, cast(c.created_at as text) as place
       from (select * from classes c where (${own.join(' or ')})
                ${text ? `and (${named})` : ''}
                and ${afterPlace({ at: 'c.created_at', id: 'c.id' }, after)}
              order by c.created_at desc, c.id desc limit ${Math.trunc(size) + 1}) c
       cross join lateral (select c.institution_id = cast(:institution as uuid) as own) o
       join catalogue_projects j on j.id = c.project_id
       left join procedures p on p.id = 'class-' || c.number
       left join subsidy_applications a on a.class_id = c.id
       left join procedures s on s.id = a.procedure_id
       cross join lateral (select count(*)::int as headcount, coalesce(sum(amount_fen), 0)::bigint as amount_fen
                             from enrolments where class_id = c.id and status = 'enrolled') e
       cross join lateral (select coalesce(sum(amount_fen) filter (where status = 'paid'), 0)::bigint as paid_fen,
                                  (count(*) filter (where status = 'failed'))::int as returned_lines from payment_lines where application_id = a.id) l
       left join lateral (select step, role, due_date from tasks where class_id = c.id and status = 'open' and role <> 'clock' and kind not in ('order_issue', 'order_answer')
                           order by (institution_id = cast(:institution as uuid) and role = any(cast(:roles as text[]))) is true desc, due_at nulls last, id limit 1) t on true
      order by c.created_at desc, c.id desc`),
    {
      institution: actor.institutionId ?? null,
      roles: outsideRolesOf(actor),
      text: text ?? null,
      ...number?.bindings,
      ...paper?.bindings,
      ...after,
    },
  );
  return cutPage(rows, size);
}

export type YearMoney = { year: number; claimed_fen: number; approved_fen: number; paid_fen: number; applications: number };

/** Applications are the institution's procedures of the year, found by when they were submitted; a day more on each side, because the year is that of the act. */
const yearOf = statement(
  `select y.year, count(a.id)::int as applications, coalesce(sum(a.total_fen), 0)::bigint as claimed_fen, coalesce(sum(a.approved_fen), 0)::bigint as approved_fen,
          coalesce(sum(l.paid_fen), 0)::bigint as paid_fen
     from (select cast(extract(year from business_today()) as int) as year) y
     left join lateral (
       select x.id, x.total_fen, x.approved_fen from procedures p cross join lateral (select * from subsidy_applications where procedure_id = p.id offset 0) x
        where p.institution_id = cast(:institution as uuid) and p.type = 'subsidyApplication' and x.year = y.year
          and p.opened_at >= make_timestamptz(y.year, 1, 1, 0, 0, 0, 'Asia/Shanghai') - interval '1 day'
          and p.opened_at < make_timestamptz(y.year + 1, 1, 1, 0, 0, 0, 'Asia/Shanghai') + interval '1 day') a on true
     left join lateral (select sum(amount_fen) as paid_fen from payment_lines where application_id = a.id and status = 'paid') l on true
    group by y.year`,
);

/** What an institution claimed in the business year, what of it was approved and paid. */
export async function sumYear(db: Db, actor: Actor): Promise<YearMoney> {
  const [row] = await run<YearMoney>(db, yearOf, { institution: actor.institutionId ?? null });
  return row as YearMoney;
}
