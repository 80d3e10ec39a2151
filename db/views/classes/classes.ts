/** Classes as lists and pages show them, within the reader's scope: a draft is seen by its own institution only. */
import { withinPaths } from '../../regions.ts';
import { type ClassStatus, livingStatuses } from '../../../workflows/domain/classes/class.ts';
import { NotFoundError } from '../../../workflows/domain/errors.ts';
import { maySee, readingPaths } from '../../../workflows/domain/scope.ts';
import { readingSide } from '../../../workflows/domain/classes/message.ts';
import type { TaskKind } from '../../../workflows/domain/task-kinds.ts';
import { type ClassRow, classProcedureId } from '../../classes/classes.ts';
import { classNumberFound, classOfPaperFound } from '../number-search.ts';
import { sessionOrder } from '../../classes/class-checks.ts';
import type { Db } from '../../client.ts';
import type { TaskPeriod } from '../../protocol/tasks.ts';
import { inCatalogueOf } from '../../catalogue/projects.ts';
import { searchClasses } from './class-search.ts';
import type { ProcedureRow } from '../../protocol/procedures.ts';
import type { Actor } from '../../accounts/users.ts';
import { containing } from '../../queries/text-search.ts';
import { afterPlace, cutPage, type TimePage, type TimePlace } from '../../queries/time-pages.ts';

export type ClassFilter = TimePage & { status?: ClassStatus | undefined; text?: string | undefined };

export type ClassLine = {
  id: string;
  number: string;
  title: string;
  status: ClassStatus;
  institution_id: string;
  institution: string;
  region: string;
  region_zh: string;
  region_en: string;
  project: string;
  stage: string | null;
  start_date: string | null;
  end_date: string | null;
  headcount: number;
  amount_fen: number;
  task_step: string | null;
  task_role: string | null;
  task_due_date: string | null;
};

/** The classes of a reader, newest first, a page at a time. `next` is where the following page begins. */
export async function listClasses(db: Db, actor: Actor, filter: ClassFilter): Promise<{ lines: ClassLine[]; next: TimePlace | undefined }> {
  const { sql, bindings } =
    filter.text && !actor.institutionId ? await pageOfSearch(db, actor, filter, filter.text) : pageOf(actor, filter);
  const { rows } = await db.raw<{ rows: (ClassLine & { place: string })[] }>(
    `select c.id, c.number, c.title, c.status, c.institution_id, i.name as institution, c.region, r.name_zh as region_zh, r.name_en as region_en, j.name as project,
            c.start_date, c.end_date, c.created_at::text as place, coalesce(s.stage, p.stage) as stage,
            e.headcount, e.amount_fen, t.step as task_step, t.role as task_role, t.due_date as task_due_date
       from (${sql}) c
       join institutions i on i.id = c.institution_id
       join regions r on r.code = c.region
       join catalogue_projects j on j.id = c.project_id
       left join procedures p on p.id = 'class-' || c.number
       left join subsidy_applications a on a.class_id = c.id
       left join procedures s on s.id = a.procedure_id
       cross join lateral (select count(*)::int as headcount, coalesce(sum(amount_fen), 0)::bigint as amount_fen
                             from enrolments where class_id = c.id and status = 'enrolled') e
       left join lateral (select step, role, due_date from tasks where class_id = c.id and status = 'open' and role <> 'clock' and kind not in ('order_issue', 'order_answer') order by due_at nulls last, id limit 1) t on true
      order by c.created_at desc, c.id desc`,
    bindings,
  );
  return cutPage(rows, filter.size);
}

/**
 * One class more than the page holds. Each scope of the reader, and each region of the subtree, gives no more than a page from its own index;
 * these pages are merged, so that a long register costs what a short one does.
 */
function pageOf(
  actor: Actor,
  { status, text, after, size }: ClassFilter,
): { sql: string; bindings: Record<string, string | number | readonly string[]> } {
  const limit = size + 1;
  const bindings: Record<string, string | number | readonly string[]> = { paths: readingPaths(actor), limit };
  const parts: string[] = [];
  if (status) {
    parts.push('c.status = :status');
    bindings['status'] = status;
  }
  if (text) {
    const numbered = classNumberFound('c.number', text);
    const paper = classOfPaperFound('c.id', text, true);
    const named = containing(['c.title', '(select i.name from institutions i where i.id = c.institution_id)'], text);
    Object.assign(bindings, numbered.bindings, paper?.bindings, named.bindings);
    parts.push(`(${[numbered, ...(paper ? [paper] : []), named].map(({ sql }) => sql).join(' or ')})`);
  }
  if (after) {
    parts.push(afterPlace({ at: 'c.created_at', id: 'c.id' }, after));
    bindings['at'] = after.at;
    bindings['id'] = after.id;
  }
  const newest = (scope: string): string =>
    `select c.* from classes c where ${[scope, ...parts].join(' and ')} order by c.created_at desc, c.id desc limit :limit`;
  const scopes = [
    `select c.* from (select r.code from regions r where ${withinPaths('r.path')}) o cross join lateral (${newest(`c.region = o.code and c.status <> 'draft'`)}) c`,
  ];
  if (actor.institutionId) {
    scopes.push(
      newest('c.institution_id = cast(:institution as uuid)'),
      newest(`c.assessor_id = cast(:institution as uuid) and c.status <> 'draft'`),
    );
    bindings['institution'] = actor.institutionId;
  }
  return {
    sql: `select * from (${scopes.map((scope) => `(${scope})`).join(' union ')}) c order by c.created_at desc, c.id desc limit :limit`,
    bindings,
  };
}

/** The same of an officer with a text. */
async function pageOfSearch(
  db: Db,
  actor: Actor,
  { status, after, size }: ClassFilter,
  text: string,
): Promise<{ sql: string; bindings: Record<string, string | number | readonly string[]> }> {
  const found = await searchClasses(db, readingPaths(actor), text, {
    where: `${status ? ' and c.status = :status' : ''} and ${afterPlace({ at: 'c.created_at', id: 'c.id' }, after)}`,
    bindings: { ...(status ? { status } : {}), ...after },
  });
  return {
    sql: `select c.* from classes c where ${found.where} order by c.created_at desc, c.id desc limit :limit`,
    bindings: { ...found.bindings, limit: size + 1 },
  };
}

export type ClassHead = ClassRow & {
  region_path: string;
  region_zh: string;
  region_en: string;
  institution: string;
  institution_kind: string;
  licence_scope: string[];
  credit_grade: string;
  project: string;
  project_code: string;
  occupation: string;
  level: number | null;
  project_kind: 'certificate' | 'single_ability';
  department: string;
  fund: string;
  hours_min: number;
  venue: string | null;
  venue_address: string | null;
  capacity: number | null;
  assessor: string | null;
  headcount: number;
  amount_fen: number;
  sessions: number;
  hours: number;
  theory_hours: number;
  papers: number;
  materials: number;
  messages: number;
  /** Of the other side, that the reader has not opened. */
  unread_messages: number;
  procedure: ProcedureRow | undefined;
  application:
    | (ProcedureRow & { number: string; application_status: string; total_fen: number; approved_fen: number | null; paid_fen: number })
    | undefined;
};

/** A class as its reader may see it. Throws NotFoundError where there is none or it lies outside the reader's scope. */
export async function getClassHead(db: Db, actor: Actor, number: string): Promise<ClassHead> {
  const { rows } = await db.raw<{ rows: Omit<ClassHead, 'procedure' | 'application'>[] }>(
    `select c.*, r.path as region_path, r.name_zh as region_zh, r.name_en as region_en, i.name as institution, i.kind as institution_kind, i.licence_scope, i.credit_grade,
            j.name as project, j.code as project_code, j.occupation, j.level, j.kind as project_kind, j.department, j.fund, j.hours_min,
            v.name as venue, v.address as venue_address, v.capacity, o.name as assessor, e.headcount, e.amount_fen, s.sessions, s.hours, s.theory_hours,
            (select count(*)::int from papers where class_id = c.id and (kind <> 'supervision_order' or not cast(:outside as boolean))) as papers,
            (select count(*)::int from class_materials where class_id = c.id and removed_at is null) as materials,
            (select count(*)::int from class_messages where class_id = c.id) as messages,
            (select count(*)::int from class_messages m where m.class_id = c.id and m.side <> :side
                and not exists (select 1 from class_message_reads x where x.message_id = m.id and x.user_id = :reader)) as unread_messages
       from classes c join institutions i on i.id = c.institution_id join regions r on r.code = c.region join catalogue_projects j on j.id = c.project_id
       left join venues v on v.id = c.venue_id left join institutions o on o.id = c.assessor_id
       cross join lateral (select count(*)::int as headcount, coalesce(sum(amount_fen), 0)::bigint as amount_fen from enrolments where class_id = c.id and status = 'enrolled') e
       cross join lateral (select count(*)::int as sessions, coalesce(sum(hours), 0)::int as hours,
                                  coalesce(sum(hours) filter (where kind = 'theory'), 0)::int as theory_hours from class_sessions where class_id = c.id) s
      where c.number = :number`,
    { number, outside: actor.institutionId !== undefined, side: readingSide(actor) ?? null, reader: actor.userId },
  );
  const row = rows[0];
  if (!row || !maySeeClass(actor, row)) throw new NotFoundError('class.unknown');
  const [procedure, application] = await Promise.all([
    db<ProcedureRow>('procedures')
      .where({ id: classProcedureId(number) })
      .first(),
    db('subsidy_applications as a')
      .join('procedures as p', 'p.id', 'a.procedure_id')
      .where('a.class_id', row.id)
      .first('p.*', 'a.number', 'a.status as application_status', 'a.total_fen', 'a.approved_fen', {
        paid_fen: db.raw(
          `(select coalesce(sum(amount_fen), 0)::bigint from payment_lines where application_id = a.id and status = 'paid')`,
        ),
      }),
  ]);
  return { ...row, procedure, application };
}

/** Officers of the subtree, its institution and, once it is submitted, its assessment body. */
export function maySeeClass(
  actor: Actor,
  row: { status: ClassStatus; region_path: string; institution_id: string; assessor_id: string | null },
): boolean {
  if (row.status === 'draft') return actor.institutionId !== undefined && actor.institutionId === row.institution_id;
  return maySee(actor, { regionPath: row.region_path, institutionIds: [row.institution_id, row.assessor_id] });
}

export type ClassTask = TaskPeriod & {
  id: string;
  procedure_id: string;
  step: string;
  kind: TaskKind;
  role: string;
  institution_id: string | null;
  version: number;
  /** Marked as pressing (加急), and why; inside the office. */
  priority: boolean;
  priority_reason: string | null;
  holder: string | null;
  office_zh: string;
  office_en: string;
};

/** What is asked of whom now, in all procedures of a class, soonest first. `outside` leaves out orders between offices (督办单). */
export async function listClassTasks(db: Db, classId: string, outside: boolean): Promise<ClassTask[]> {
  return db('tasks as t')
    .join('regions as r', 'r.code', 't.office')
    .leftJoin('users as u', 'u.id', 't.claimed_by')
    .where({ 't.class_id': classId, 't.status': 'open' })
    .whereNot('t.role', 'clock')
    .whereNotIn('t.kind', outside ? ['order_issue', 'order_answer'] : [])
    .whereRaw(`(t.joint is distinct from 'added' or not cast(? as boolean))`, [outside])
    .orderByRaw('t.due_at nulls last, t.id')
    .select(
      't.id',
      't.procedure_id',
      't.step',
      't.kind',
      't.role',
      't.office',
      't.institution_id',
      't.version',
      't.priority',
      't.priority_reason',
      't.from_date',
      't.working_days',
      't.days_used',
      't.due_date',
      't.due_at',
      't.provisional',
    )
    .select({ holder: 'u.name', office_zh: 'r.name_zh', office_en: 'r.name_en' });
}

export type SessionRow = {
  id: string;
  day: string;
  half: 'morning' | 'afternoon' | 'evening';
  hours: number;
  kind: 'theory' | 'practice';
  topic: string;
  teacher_id: string;
  venue_id: string;
  teacher: string;
  venue: string;
};

/** The timetable, in the order in which issues count its rows. */
export async function listSessions(db: Db, classId: string): Promise<SessionRow[]> {
  return db('class_sessions as s')
    .join('teachers as t', 't.id', 's.teacher_id')
    .join('venues as v', 'v.id', 's.venue_id')
    .where('s.class_id', classId)
    .orderByRaw(sessionOrder)
    .select(
      's.id',
      's.day',
      's.half',
      's.hours',
      's.kind',
      's.topic',
      's.teacher_id',
      's.venue_id',
      't.name as teacher',
      'v.name as venue',
    );
}

export type ClassChoices = {
  projects: { id: string; name: string; occupation: string; kind: string; hours_min: number; in_scope: boolean }[];
  venues: { id: string; name: string; capacity: number }[];
  teachers: { id: string; name: string; qualification: string; occupations: string[] }[];
  assessors: { id: string; name: string }[];
};

/** What an institution can choose from when it plans a class; what the register holds is never asked again (N21). */
export async function listChoices(db: Db, institutionId: string): Promise<ClassChoices> {
  const [institution, projects, venues, teachers, assessors] = await Promise.all([
    db('institutions').where({ id: institutionId }).first('licence_scope'),
    db('catalogue_projects')
      .whereRaw('valid_from <= business_today() and (valid_to is null or valid_to > business_today())')
      .whereRaw(inCatalogueOf, [institutionId])
      .orderBy('code')
      .select('id', 'name', 'occupation', 'kind', 'hours_min'),
    db('venues').where({ institution_id: institutionId, active: true }).orderBy('name').select('id', 'name', 'capacity'),
    db('teachers')
      .where({ institution_id: institutionId, active: true })
      .orderBy('name')
      .select('id', 'name', 'qualification', 'occupations'),
    db('institutions').where({ kind: 'assessment', status: 'listed' }).whereNot({ id: institutionId }).orderBy('name').select('id', 'name'),
  ]);
  const scope = new Set<string>(institution?.licence_scope ?? []);
  return {
    projects: projects
      .map((project) => ({ ...project, in_scope: scope.has(project.occupation) }))
      .sort((a, b) => Number(b.in_scope) - Number(a.in_scope)),
    venues,
    teachers,
    assessors,
  };
}

/** Half-days on which teachers or rooms of an institution serve other living classes. */
export async function listTakenHalves(
  db: Db,
  row: ClassRow,
): Promise<{ day: string; half: 'morning' | 'afternoon' | 'evening'; teacherId: string; venueId: string }[]> {
  const rows = await db('class_sessions as s')
    .join('classes as c', 'c.id', 's.class_id')
    .where('c.institution_id', row.institution_id)
    .whereNot('c.id', row.id)
    .whereIn('c.status', [...livingStatuses])
    .whereBetween('s.day', [row.start_date ?? '', row.end_date ?? ''])
    .select('s.day', 's.half', 's.teacher_id', 's.venue_id');
  return rows.map((taken) => ({ day: taken.day, half: taken.half, teacherId: taken.teacher_id, venueId: taken.venue_id }));
}

/** The newest correction task of a procedure, open or not: a request sent twice is answered by what the first one did. */
export async function findLastCorrection(db: Db, procedureId: string): Promise<string | undefined> {
  const row = await db('tasks')
    .where({ procedure_id: procedureId, kind: 'correction' })
    .orderBy('opened_at', 'desc')
    .orderBy('round', 'desc')
    .first('id');
  return row?.id;
}
