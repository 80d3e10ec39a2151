/** The case page: a task with its procedure, who holds it, what happened so far, and the evidence of the kinds that are shown here. */
import { NotFoundError } from '../../workflows/domain/errors.ts';
import { maySeeTask } from '../../workflows/domain/task-acts.ts';
import type { TaskKind } from '../../workflows/domain/task-kinds.ts';
import type { Db } from '../client.ts';
import type { TaskPeriod, TaskRow } from '../protocol/tasks.ts';
import type { ProcedureRow } from '../protocol/procedures.ts';
import { isLiving } from '../classes/statuses.ts';
import { listRoster, type RosterLine } from '../roster/roster.ts';
import type { Actor } from '../accounts/users.ts';
import { actTold, hiddenOutside, reasonTold } from './inside.ts';
import { factOfLine } from './line-facts.ts';

export type CaseTask = TaskRow &
  TaskPeriod & {
    opened_at: Date;
    urged_at: Date | null;
    rungs: Date[];
    rung: number;
    next_rung_at: Date | null;
    holder: string | null;
    delegate: string | null;
    suspender: string | null;
    decider: string | null;
    held_for: string | null;
    decider_for: string | null;
    prioritiser: string | null;
    office_zh: string;
    office_en: string;
    class_number: string | null;
  };
export type Case = { task: CaseTask; procedure: ProcedureRow; behind: boolean };

/** The task with its procedure. Throws NotFoundError where there is none or it is not for the reader. */
export async function getCase(db: Db, actor: Actor, taskId: string): Promise<Case> {
  const task = await db('tasks as t')
    .join('regions as r', 'r.code', 't.office')
    .leftJoin('users as h', 'h.id', 't.claimed_by')
    .leftJoin('users as d', 'd.id', 't.decided_by')
    .leftJoin('users as o', 'o.id', 't.delegated_to')
    .leftJoin('users as s', 's.id', 't.suspended_by')
    .leftJoin('users as p', 'p.id', 't.prioritised_by')
    .leftJoin('classes as c', 'c.id', 't.class_id')
    .leftJoin('users as hf', 'hf.id', 't.claimed_for')
    .leftJoin('users as df', 'df.id', 't.decided_for')
    .where('t.id', taskId)
    .first<CaseTask | undefined>(
      't.*',
      'h.name as holder',
      'd.name as decider',
      'r.name_zh as office_zh',
      'r.name_en as office_en',
      'c.number as class_number',
      { delegate: 'o.name', suspender: 's.name', prioritiser: 'p.name', held_for: 'hf.name', decider_for: 'df.name' },
    );
  const procedure = task && (await db<ProcedureRow>('procedures').where({ id: task.procedure_id }).first());
  if (!task || !procedure) throw new NotFoundError('task.unknown');
  if (!maySeeTask(actor, task, procedure)) throw new NotFoundError('task.unknown');
  return { task, procedure, behind: procedure.applied_no < procedure.fact_no };
}

/** How far the procedure has taken account of its facts. */
export async function readApplied(db: Db, procedureId: string): Promise<number> {
  const { rows } = await db.raw<{ rows: { applied_no: number }[] }>('select applied_no from procedures where id = ?', [procedureId]);
  return rows[0]?.applied_no ?? 0;
}

export type TimelineLine = {
  id: number;
  at: Date;
  act: string;
  subject: string;
  name: string | null;
  /** For whom a substitute acted. */
  principal: string | null;
  institution: string | null;
  detail: Record<string, unknown>;
  reason: string | null;
};

/** What happened to a procedure, newest first, for an institution without what is inside the office, with names; the reasons of decisions come from their facts. */
export async function listTimeline(
  db: Db,
  procedureId: string,
  { limit, outside }: { limit: number; outside: boolean },
): Promise<TimelineLine[]> {
  const { rows } = await db.raw<{ rows: TimelineLine[] }>(
    `select a.id, a.at, ${actTold('cast(:outside as boolean)')} as act, a.subject, u.name, v.name as principal, i.name as institution, a.detail,
            ${reasonTold('cast(:outside as boolean)', `coalesce(f.payload ->> 'reason', g.body, a.detail ->> 'reason')`)} as reason
       from audit_log a
       left join users u on u.id = a.actor
       left join users v on v.id = cast(a.detail ->> 'for' as uuid)
       left join institutions i on i.id = u.institution_id
       left join facts f on ${factOfLine}
       left join class_messages g on g.id = case when a.act = 'message.send' then cast(a.detail ->> 'message' as uuid) end
      where a.procedure_id = :id and (a.act <> 'procedure.step' or a.detail \\? 'tasks') and not (cast(:outside as boolean) and ${hiddenOutside}) order by a.no desc limit :limit`,
    { id: procedureId, limit, outside },
  );
  return rows;
}

export type OpenTask = {
  id: string;
  step: string;
  kind: TaskKind;
  role: string;
  due_date: string | null;
  holder: string | null;
  office_zh: string;
  office_en: string;
  /** Of a task that is asked of an assessment body. */
  assessor: string | null;
};

/** What the procedure waits for now: who has it, until when. */
export async function listOpenTasks(db: Db, procedureId: string): Promise<OpenTask[]> {
  return db('tasks as t')
    .join('regions as r', 'r.code', 't.office')
    .leftJoin('users as u', 'u.id', 't.claimed_by')
    .leftJoin('classes as c', 'c.id', 't.class_id')
    .leftJoin('institutions as a', (on) => on.on('a.id', 'c.assessor_id').andOnVal('t.role', 'assessor'))
    .where({ 't.procedure_id': procedureId, 't.status': 'open' })
    .orderBy('t.opened_at')
    .orderBy('t.id')
    .select(
      't.id',
      't.step',
      't.kind',
      't.role',
      't.due_date',
      'u.name as holder',
      'r.name_zh as office_zh',
      'r.name_en as office_en',
      'a.name as assessor',
    );
}

export type SessionLine = {
  day: string;
  half: 'morning' | 'afternoon' | 'evening';
  hours: number;
  kind: 'theory' | 'practice';
  topic: string;
  teacher: string;
  venue: string;
  teacher_clash: string | null;
  venue_clash: string | null;
};
export type TeacherLine = { name: string; qualification: string; occupations: string[]; hours: number; clashes: number };

export type ClassEvidence = {
  number: string;
  title: string;
  plan: string;
  start_date: string | null;
  end_date: string | null;
  pack_id: string;
  institution: string;
  institution_kind: string;
  credit_grade: string;
  licence_scope: string[];
  classes_this_year: number;
  assessor: string | null;
  project: string;
  occupation: string;
  level: number | null;
  kind: 'certificate' | 'single_ability';
  department: string;
  fund: string;
  hours_min: number;
  venue: string | null;
  venue_address: string | null;
  capacity: number | null;
  equipment: string | null;
  sessions: SessionLine[];
  teachers: TeacherLine[];
  roster: RosterLine[];
};

/** Everything that a review before the training looks at. Clashes name the other class that has the teacher or room on that half-day. */
export async function getClassEvidence(db: Db, classId: string): Promise<ClassEvidence> {
  const row = await db('classes as c')
    .join('institutions as i', 'i.id', 'c.institution_id')
    .join('catalogue_projects as p', 'p.id', 'c.project_id')
    .leftJoin('institutions as a', 'a.id', 'c.assessor_id')
    .leftJoin('venues as v', 'v.id', 'c.venue_id')
    .where('c.id', classId)
    .first(
      'c.number',
      'c.title',
      'c.plan',
      'c.start_date',
      'c.end_date',
      'c.pack_id',
      'i.name as institution',
      'i.kind as institution_kind',
      'i.credit_grade',
      'i.licence_scope',
      'a.name as assessor',
      'p.name as project',
      'p.occupation',
      'p.level',
      'p.kind',
      'p.department',
      'p.fund',
      'p.hours_min',
      'v.name as venue',
      'v.address as venue_address',
      'v.capacity',
      'v.equipment',
      db.raw(
        `(select cast(count(*) as int) from classes o where o.institution_id = c.institution_id and o.status <> 'draft'
            and extract(year from o.start_date) = extract(year from c.start_date)) as classes_this_year`,
      ),
    );
  if (!row) throw new NotFoundError('class.unknown');
  const [sessions, teachers, roster] = await Promise.all([listSessions(db, classId), listTeachers(db, classId), listRoster(db, classId)]);
  return { ...row, sessions, teachers, roster };
}

const clash = (column: string): string => `(select c.number from class_sessions o join classes c on c.id = o.class_id
   where o.${column} = s.${column} and o.day = s.day and o.half = s.half and o.class_id <> s.class_id
     and ${isLiving('c.status')} order by c.number limit 1)`;

async function listSessions(db: Db, classId: string): Promise<SessionLine[]> {
  const { rows } = await db.raw<{ rows: SessionLine[] }>(
    `select s.day, s.half, s.hours, s.kind, s.topic, t.name as teacher, v.name as venue, ${clash('teacher_id')} as teacher_clash, ${clash('venue_id')} as venue_clash
       from class_sessions s join teachers t on t.id = s.teacher_id join venues v on v.id = s.venue_id
      where s.class_id = ? order by s.day, array_position(array['morning', 'afternoon', 'evening'], s.half)`,
    [classId],
  );
  return rows;
}

async function listTeachers(db: Db, classId: string): Promise<TeacherLine[]> {
  const { rows } = await db.raw<{ rows: TeacherLine[] }>(
    `select t.name, t.qualification, t.occupations, cast(sum(s.hours) as int) as hours, cast(count(${clash('teacher_id')}) as int) as clashes
       from class_sessions s join teachers t on t.id = s.teacher_id where s.class_id = ? group by t.id order by hours desc, t.name`,
    [classId],
  );
  return rows;
}

export type VerificationCount = { register: string; result: string; count: number; latest: Date | null };

/** How the registers answered about a roster. */
export async function countVerifications(db: Db, classId: string): Promise<VerificationCount[]> {
  const { rows } = await db.raw<{ rows: VerificationCount[] }>(
    `select v.register, case when v.settled_at is not null then 'settled' else v.result end as result, cast(count(*) as int) as count, max(v.answered_at) as latest
       from verifications v join enrolments e on e.id = v.enrolment_id where e.class_id = ? and e.status = 'enrolled' group by 1, 2`,
    [classId],
  );
  return rows;
}

export type ReturnItem = { field: string; text: string };
export type CorrectionRequest = {
  taskId: string;
  step: string;
  reason: string;
  items: ReturnItem[];
  name: string;
  at: Date;
  paper: string | null;
  paper_id: string | null;
};

/** What the office asks to correct: the newest return, with its notice. */
export async function findCorrectionRequest(db: Db, procedureId: string): Promise<CorrectionRequest | undefined> {
  const { rows } = await db.raw<{
    rows: {
      task_id: string;
      payload: { reason?: string; items?: ReturnItem[] } | null;
      name: string;
      at: Date;
      paper: string | null;
      paper_id: string | null;
    }[];
  }>(
    `select f.task_id, f.payload, u.name, f.at, p.number as paper, p.id as paper_id
       from facts f join users u on u.id = f.actor
       left join papers p on p.kind = 'correction_notice' and p.procedure_id = f.procedure_id and p.task_id = f.task_id
      where f.procedure_id = ? and f.kind = 'decided' and f.outcome = 'return' order by f.no desc limit 1`,
    [procedureId],
  );
  const row = rows[0];
  if (!row) return undefined;
  const step = row.task_id.split('/')[1] ?? '';
  return {
    taskId: row.task_id,
    step,
    reason: row.payload?.reason ?? '',
    items: row.payload?.items ?? [],
    name: row.name,
    at: row.at,
    paper: row.paper,
    paper_id: row.paper_id,
  };
}

export type ObjectionEvidence = {
  number: string;
  grounds: string;
  raised_at: Date;
  has_contact: boolean;
  list: string;
  disclosure: string;
  published_at: Date;
  due_date: string;
  class_number: string;
  seat: number | null;
  person: string | null;
  id_masked: string | null;
  group_code: string | null;
  amount_fen: number | null;
};

/** An objection with the list that it is about and the person named. */
export async function getObjectionEvidence(db: Db, procedureId: string): Promise<ObjectionEvidence> {
  const row = await db('objections as o')
    .join('procedures as q', 'q.id', 'o.procedure_id')
    .join('disclosures as d', 'd.id', 'o.disclosure_id')
    .join('classes as c', 'c.id', 'o.class_id')
    .leftJoin('enrolments as e', 'e.id', 'o.enrolment_id')
    .leftJoin('people as p', 'p.id', 'e.person_id')
    .where('o.procedure_id', procedureId)
    .first(
      'q.subject_number as number',
      'o.grounds',
      'o.raised_at',
      db.raw('o.contact_sealed is not null as has_contact'),
      'd.list',
      'd.number as disclosure',
      'd.published_at',
      'd.due_date',
      'c.number as class_number',
      'e.seat',
      'p.name as person',
      'p.id_masked',
      'e.group_code',
      'e.amount_fen',
    );
  if (!row) throw new NotFoundError('objection.unknown');
  return row;
}
