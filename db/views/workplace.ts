/** The first page of an institution: what is asked of it and by when, its classes and claims with their money, what the office answered. */
import type { ClassStatus } from '../../workflows/domain/training/class.ts';
import type { TaskKind } from '../../workflows/domain/task-kinds.ts';
import { insideOutcomes, isOutsideRole } from '../../workflows/domain/tasks.ts';
import { hasRole } from '../../workflows/domain/scope.ts';
import type { Actor } from '../accounts/users.ts';
import type { Db } from '../client.ts';

/** Place of the last row shown. `at` is PostgreSQL's own text of the instant, so that no microsecond is lost. */
export type WorkplaceCursor = { at: string; id: string };

export type AskedTask = {
  id: string;
  procedure_id: string;
  step: string;
  kind: TaskKind;
  role: string;
  office: string;
  class_number: string | null;
  subject_number: string;
  subject_title: string;
  from_date: string;
  working_days: number | null;
  days_used: number;
  due_date: string | null;
  due_at: Date | null;
  provisional: boolean;
  /** Points of a list of corrections that wait for an answer; payments that the bank returned. */
  open_points: number;
  returned_lines: number;
  total: number;
};

/** The open tasks of an institution, soonest first; `total` of each row counts all of them. */
export async function listAsked(db: Db, actor: Actor, limit: number): Promise<AskedTask[]> {
  const { rows } = await db.raw<{ rows: AskedTask[] }>(
    `select t.id, t.procedure_id, t.step, t.kind, t.role, t.office, c.number as class_number, t.subject_number, t.subject_title, t.from_date, t.working_days, t.days_used,
            t.due_date, t.due_at, t.provisional, t.total,
            case when t.kind = 'correction' then (select count(*)::int from correction_items x where x.status = 'open' and x.task_id =
              (select task_id from corrections where procedure_id = t.procedure_id order by returned_at desc limit 1)) else 0 end as open_points,
            case when t.kind = 'account_correction' then (select count(*)::int from subsidy_applications a join payment_lines l on l.application_id = a.id
              where a.procedure_id = t.procedure_id and l.status = 'failed') else 0 end as returned_lines
       from (select *, (count(*) over ())::int as total from tasks
              where institution_id = cast(:institution as uuid) and role = any(cast(:roles as text[])) and status = 'open'
              order by due_at nulls last, id limit :limit) t
       left join classes c on c.id = t.class_id
      order by t.due_at nulls last, t.id`,
    { institution: actor.institutionId ?? null, roles: actor.grants.map((grant) => grant.role).filter(isOutsideRole), limit },
  );
  return rows;
}

export type DraftLine = { number: string; title: string; region: string; start_date: string | null; from_date: string; lead_days: number };

/** Classes that were begun and not submitted, the earliest first; with the working days between application and start that their pack asks for. */
export async function listDrafts(db: Db, actor: Actor, limit: number): Promise<DraftLine[]> {
  if (!hasRole(actor, 'institution')) return [];
  const { rows } = await db.raw<{ rows: DraftLine[] }>(
    `select c.number, c.title, c.region, c.start_date, cast(c.created_at as date) as from_date,
            coalesce(cast(k.content #>> '{values,schedule.classApplicationLeadWorkingDays,value}' as int), 0) as lead_days
       from classes c join policy_packs k on k.id = c.pack_id
      where c.institution_id = cast(:institution as uuid) and c.status = 'draft' order by c.start_date nulls last, c.created_at, c.id limit :limit`,
    { institution: actor.institutionId ?? null, limit },
  );
  return rows;
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
  expected_fen: number;
  claimed_fen: number | null;
  approved_fen: number | null;
  paid_fen: number;
  /** Payments that the bank returned. */
  returned_lines: number;
  task_step: string | null;
  task_role: string | null;
  task_due_date: string | null;
  created_key: string;
};

/** The classes of an institution, and those that it assesses, newest first, a page at a time. */
export async function listOwnClasses(
  db: Db,
  actor: Actor,
  { after, size }: { after?: WorkplaceCursor | undefined; size: number },
): Promise<{ lines: OwnClass[]; next: WorkplaceCursor | undefined }> {
  const own = [
    ...(hasRole(actor, 'institution') ? ['c.institution_id = cast(:institution as uuid)'] : []),
    ...(hasRole(actor, 'assessor') ? [`(c.status <> 'draft' and c.assessor_id = cast(:institution as uuid))`] : []),
  ];
  const { rows } = await db.raw<{ rows: OwnClass[] }>(
    `select c.id, c.number, c.title, c.status, j.name as project, c.start_date, c.end_date, p.stage, a.number as application, s.stage as application_stage,
            a.status as application_status, e.headcount, e.amount_fen as expected_fen, a.total_fen as claimed_fen, a.approved_fen, l.paid_fen, l.returned_lines,
            t.step as task_step, t.role as task_role, t.due_date as task_due_date, cast(c.created_at as text) as created_key
       from (select * from classes c where (${own.join(' or ')})
                and (cast(:at as timestamptz) is null or (c.created_at, c.id) < (cast(:at as timestamptz), cast(:id as uuid)))
              order by c.created_at desc, c.id desc limit :limit) c
       join catalogue_projects j on j.id = c.project_id
       left join procedures p on p.id = 'class-' || c.number
       left join subsidy_applications a on a.class_id = c.id
       left join procedures s on s.id = a.procedure_id
       cross join lateral (select count(*)::int as headcount, coalesce(sum(amount_fen), 0)::bigint as amount_fen
                             from enrolments where class_id = c.id and status = 'enrolled') e
       cross join lateral (select coalesce(sum(amount_fen) filter (where status = 'paid'), 0)::bigint as paid_fen,
                                  (count(*) filter (where status = 'failed'))::int as returned_lines from payment_lines where application_id = a.id) l
       left join lateral (select step, role, due_date from tasks where class_id = c.id and status = 'open' and role <> 'clock' and kind not in ('order_issue', 'order_answer')
                           order by due_at nulls last, id limit 1) t on true
      order by c.created_at desc, c.id desc`,
    { institution: actor.institutionId ?? null, at: after?.at ?? null, id: after?.id ?? null, limit: size + 1 },
  );
  const lines = rows.slice(0, size);
  const last = lines.at(-1);
  return { lines, next: rows.length > size && last ? { at: last.created_key, id: last.id } : undefined };
}

export type YearMoney = { year: number; claimed_fen: number; approved_fen: number; paid_fen: number; applications: number };

/** What an institution claimed in the business year, what of it was approved and paid. */
export async function sumYear(db: Db, actor: Actor): Promise<YearMoney> {
  const { rows } = await db.raw<{ rows: YearMoney[] }>(
    `select y.year, count(a.id)::int as applications, coalesce(sum(a.total_fen), 0)::bigint as claimed_fen, coalesce(sum(a.approved_fen), 0)::bigint as approved_fen,
            coalesce(sum(l.paid_fen), 0)::bigint as paid_fen
       from (select cast(extract(year from business_today()) as int) as year) y
       left join (subsidy_applications a join classes c on c.id = a.class_id and c.institution_id = cast(:institution as uuid)) on a.year = y.year
       left join lateral (select sum(amount_fen) as paid_fen from payment_lines where application_id = a.id and status = 'paid') l on true
      group by y.year`,
    { institution: actor.institutionId ?? null },
  );
  return rows[0] as YearMoney;
}

/** What the office decided about something that its institution reads; `fact_no` numbers it within its procedure. */
export type OfficeAnswer = {
  procedure_id: string;
  fact_no: number;
  type: string;
  step: string;
  kind: TaskKind;
  role: string;
  outcome: string;
  reason: string | null;
  name: string | null;
  at: Date;
  at_key: string;
  subject_number: string;
  subject_title: string;
  class_number: string | null;
  paper: string | null;
  paper_kind: string | null;
  paper_id: string | null;
};

/** Tasks whose decision is an answer to the institution; what payment officers do among themselves is none. */
const answeringKinds: readonly TaskKind[] = ['review', 'change_review', 'inspection', 'reinspection', 'funds'];

/**
 * Returns, refusals, approvals and findings of the office about the cases of an institution, newest first. What is only proposed inside the
 * office is no answer; what an objector wrote is not for the institution.
 */
export async function listOfficeAnswers(
  db: Db,
  actor: Actor,
  page: AnswersPage,
): Promise<{ lines: OfficeAnswer[]; next: WorkplaceCursor | undefined }> {
  // The newest answers lie with the cases that are open or were closed last; where those have too few to show, all are asked.
  const newest = await readAnswers(db, actor, page, CLOSED_LAST);
  const rows = newest.length > page.size || newest[0]?.complete ? newest : await readAnswers(db, actor, page, ALL);
  const lines = rows.slice(0, page.size).map(({ complete: _complete, ...line }) => line);
  const last = lines.at(-1);
  return {
    lines,
    next: rows.length > page.size && last ? { at: last.at_key, id: `${last.procedure_id}/${last.fact_no}` } : undefined,
  };
}

type AnswersPage = { after?: WorkplaceCursor | undefined; size: number };
/** The last answer about a case comes weeks before the money and the closing. */
const CLOSED_LAST = 300;
const ALL = 2_000_000_000;

/** Answers since the closing of the case after as many as `closed` that were closed later: nothing is decided about a closed one. `complete`: there are no more. */
async function readAnswers(
  db: Db,
  actor: Actor,
  { after, size }: AnswersPage,
  closed: number,
): Promise<(OfficeAnswer & { complete: boolean })[]> {
  const { rows } = await db.raw<{ rows: (OfficeAnswer & { complete: boolean })[] }>(
    `with cases as materialized (
       select id, type, subject_number, subject_title, class_id, coalesce(closed_at, 'infinity') as until from procedures
        where institution_id = cast(:institution as uuid) and type in ('trainingClass', 'subsidyApplication')),
     bound as materialized (
       select coalesce((select until from cases where until < coalesce(cast(:at as timestamptz), 'infinity') order by until desc offset :closed limit 1), '-infinity') as at)
     select f.procedure_id, f.no as fact_no, p.type, t.step, t.kind, t.role, f.outcome, f.payload ->> 'reason' as reason, u.name, f.at, cast(f.at as text) as at_key,
            p.subject_number, p.subject_title, c.number as class_number, r.number as paper, r.kind as paper_kind, r.id as paper_id,
            (select at = '-infinity' from bound) as complete
       from cases p
       join facts f on f.procedure_id = p.id and f.kind = 'decided' and f.outcome <> all(cast(:inside as text[])) and f.at >= (select at from bound)
       join tasks t on t.id = f.task_id and t.kind = any(:kinds)
       left join users u on u.id = f.actor
       left join classes c on c.id = p.class_id
       left join lateral (select number, kind, id from papers where procedure_id = f.procedure_id and task_id = f.task_id and kind <> 'supervision_order'
                           order by issued_at desc limit 1) r on true
      where p.until >= (select at from bound)
        and (cast(:at as timestamptz) is null or (f.at, f.procedure_id || '/' || f.no) < (cast(:at as timestamptz), cast(:id as text)))
      order by f.at desc, f.procedure_id || '/' || f.no desc limit :limit`,
    {
      institution: actor.institutionId ?? null,
      kinds: answeringKinds,
      inside: [...insideOutcomes],
      at: after?.at ?? null,
      id: after?.id ?? null,
      limit: size + 1,
      closed,
    },
  );
  return rows;
}
