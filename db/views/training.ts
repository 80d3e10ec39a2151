/** What the pages of training and filing show: attendance, inspections, changes, results. Seen within the own region, by the institution and by its assessor. */
import { attendanceOf } from '../../workflows/domain/training/attendance.ts';
import type { ClassStatus } from '../../workflows/domain/training/class.ts';
import { NotFoundError } from '../../workflows/domain/errors.ts';
import { rule } from '../../workflows/domain/policy/policy.ts';
import { maySee } from '../../workflows/domain/scope.ts';
import type { Half, SessionKind } from '../../workflows/domain/training/timetable.ts';
import { attendedSessions } from '../classes/training.ts';
import type { ChangeDetail } from '../classes/change-checks.ts';
import type { ChangeKind } from '../../workflows/domain/training/class.ts';
import { type ChangeRow, getChange } from '../classes/changes.ts';
import { classProcedureId } from '../classes/classes.ts';
import type { Db } from '../client.ts';
import type { TaskRow } from '../protocol/decisions.ts';
import { getPolicyPack } from '../policy-packs.ts';
import type { Actor } from '../users.ts';

export type ClassHead = {
  id: string;
  number: string;
  title: string;
  status: ClassStatus;
  institution_id: string;
  institution: string;
  assessor_id: string | null;
  assessor: string | null;
  project_id: string;
  pack_id: string;
  start_date: string | null;
  end_date: string | null;
  procedureId: string;
  regionPath: string;
};

/** The class, if this reader may see it. Throws NotFoundError. */
export async function getClassHead(db: Db, actor: Actor, number: string): Promise<ClassHead> {
  const row = await db('classes as c')
    .join('institutions as i', 'i.id', 'c.institution_id')
    .join('regions as r', 'r.code', 'c.region')
    .leftJoin('institutions as a', 'a.id', 'c.assessor_id')
    .where('c.number', number)
    .first(
      'c.id',
      'c.number',
      'c.title',
      'c.status',
      'c.institution_id',
      'i.name as institution',
      'c.assessor_id',
      'a.name as assessor',
      'c.project_id',
      'c.pack_id',
      'c.start_date',
      'c.end_date',
      'r.path',
    );
  // A draft is the institution's own until it is submitted.
  const parties = row && (row.status === 'draft' ? [row.institution_id] : [row.institution_id, row.assessor_id]);
  if (!row || !maySee(actor, { regionPath: row.status === 'draft' ? '-' : row.path, institutionIds: parties }))
    throw new NotFoundError('class.unknown');
  const { path, ...head } = row;
  return { ...head, procedureId: classProcedureId(number), regionPath: path };
}

/** The newest open task of these kinds for a role, or undefined. */
export async function findOpenTask(db: Db, procedureId: string, kinds: readonly string[], role: string): Promise<TaskRow | undefined> {
  return db<TaskRow>('tasks')
    .where({ procedure_id: procedureId, status: 'open', role })
    .whereIn('kind', [...kinds])
    .orderBy('opened_at', 'desc')
    .first();
}

export type SessionLine = {
  id: string;
  day: string;
  half: Half;
  hours: number;
  kind: SessionKind;
  topic: string;
  teacher: string;
  teacher_id: string;
  venue: string;
  venue_id: string;
};

const halfOrder = `array_position(array['morning', 'afternoon', 'evening'], s.half)`;

export async function listSessions(db: Db, classId: string): Promise<SessionLine[]> {
  return db('class_sessions as s')
    .join('teachers as t', 't.id', 's.teacher_id')
    .join('venues as v', 'v.id', 's.venue_id')
    .where('s.class_id', classId)
    .orderBy('s.day')
    .orderByRaw(halfOrder)
    .select(
      's.id',
      's.day',
      's.half',
      's.hours',
      's.kind',
      's.topic',
      't.name as teacher',
      's.teacher_id',
      'v.name as venue',
      's.venue_id',
    );
}

export type AttendanceLine = {
  id: string;
  seat: number;
  name: string;
  status: 'enrolled' | 'dropped' | 'excluded';
  reason: string | null;
  /** In the order of the sessions; null where nothing is marked. */
  marks: (boolean | null)[];
  hours: number;
  percent: number;
  short: boolean;
};
export type AttendanceSheet = {
  sessions: (SessionLine & { present: number; absent: number })[];
  trainees: AttendanceLine[];
  minPercent: number;
  /** Marks that are still missing of enrolled trainees. */
  missing: number;
  short: number;
};

export async function getAttendanceSheet(db: Db, head: { id: string; pack_id: string }): Promise<AttendanceSheet> {
  const [sessions, people, marks, attended, pack] = await Promise.all([
    listSessions(db, head.id),
    listEnrolled(db, head.id),
    db('attendance as a')
      .join('class_sessions as s', 's.id', 'a.session_id')
      .where('s.class_id', head.id)
      .select('a.session_id', 'a.enrolment_id', 'a.present'),
    attendedSessions(db as Parameters<typeof attendedSessions>[0], head.id),
    getPolicyPack(db, head.pack_id),
  ]);
  const minPercent = rule(pack, 'attendance.minPercent');
  const byPlace = new Map<string, boolean>(marks.map((mark) => [`${mark.enrolment_id}/${mark.session_id}`, mark.present]));
  const trainees = people.map((person): AttendanceLine => {
    const { total } = attendanceOf(sessions, attended.get(person.id) ?? new Set());
    const own = sessions.map((session) => byPlace.get(`${person.id}/${session.id}`) ?? null);
    return {
      id: person.id,
      seat: person.seat,
      name: person.name,
      status: person.status,
      reason: person.status_reason,
      marks: own,
      hours: total.attended,
      percent: total.percent,
      short: person.attendance_short,
    };
  });
  const enrolled = trainees.filter((trainee) => trainee.status === 'enrolled');
  return {
    sessions: sessions.map((session, at) => ({
      ...session,
      present: enrolled.filter((trainee) => trainee.marks[at] === true).length,
      absent: enrolled.filter((trainee) => trainee.marks[at] === false).length,
    })),
    trainees,
    minPercent,
    missing: enrolled.reduce((sum, trainee) => sum + trainee.marks.filter((mark) => mark === null).length, 0),
    short: enrolled.filter((trainee) => trainee.short).length,
  };
}

export type EnrolledLine = {
  id: string;
  seat: number;
  name: string;
  id_masked: string;
  status: 'enrolled' | 'dropped' | 'excluded';
  status_reason: string | null;
  attendance_short: boolean;
  attended_percent: number | null;
};

export async function listEnrolled(db: Db, classId: string): Promise<EnrolledLine[]> {
  const rows = await db('enrolments as e')
    .join('people as p', 'p.id', 'e.person_id')
    .where('e.class_id', classId)
    .orderBy('e.seat')
    .select('e.id', 'e.seat', 'p.name', 'p.id_masked', 'e.status', 'e.status_reason', 'e.attendance_short', 'e.attended_percent');
  return rows.map((row) => ({ ...row, attended_percent: row.attended_percent === null ? null : Number(row.attended_percent) }));
}

export type InspectionLine = {
  id: string;
  method: 'video' | 'visit' | 'phone';
  found: 'in_order' | 'finding';
  present_count: number | null;
  remark: string;
  inspector: string;
  companion: string | null;
  inspected_at: Date;
  reason: string | null;
  rectification: { answer: string | null; answeredAt: string | null; accepted: boolean | null } | null;
};

/** Inspections, oldest first, with what was to be put right. */
export async function listInspections(db: Db, classId: string): Promise<InspectionLine[]> {
  const { rows } = await db.raw<{ rows: InspectionLine[] }>(
    `select i.id, i.method, i.found, i.present_count, i.remark, u.name as inspector, i.companion, i.inspected_at, f.payload ->> 'reason' as reason,
            case when r.id is null then null else json_build_object('answer', r.answer, 'answeredAt', r.answered_at, 'accepted', r.accepted) end as rectification
       from inspections i join users u on u.id = i.inspector
       left join facts f on f.procedure_id = split_part(i.task_id, '/', 1) and f.task_id = i.task_id and f.kind = 'decided'
       left join rectifications r on r.inspection_id = i.id
      where i.class_id = ? order by i.inspected_at, i.id`,
    [classId],
  );
  return rows;
}

export type ChangeLine = {
  no: number;
  kind: ChangeKind;
  status: 'requested' | 'approved' | 'refused' | 'cancelled';
  reason: string;
  requestedBy: string;
  requestedAt: Date;
  /** What is to change, with names: sessions as day and half, the new teacher or venue, the trainee. */
  sessions: { day: string; half: Half; topic: string; before: string }[];
  after: string | null;
  move: { day: string; half: Half } | null;
  days: number | null;
  trainee: { seat: number; name: string } | null;
  decisions: { name: string; at: Date; outcome: string; reason: string | null }[];
};

/** Changes asked for, newest first; `no` limits it to one. */
export async function listChanges(db: Db, classId: string, procedureId: string, no?: number): Promise<ChangeLine[]> {
  const rows: (ChangeRow & { requested_by_name: string })[] = await db('class_changes as c')
    .join('users as u', 'u.id', 'c.requested_by')
    .where('c.class_id', classId)
    .modify((query) => {
      if (no !== undefined) void query.where('c.fact_no', no);
    })
    .orderBy('c.fact_no', 'desc')
    .select('c.*', 'u.name as requested_by_name');
  const sessions = new Map((await listSessions(db, classId)).map((session) => [session.id, session]));
  const people = new Map((await listEnrolled(db, classId)).map((person) => [person.id, person]));
  return Promise.all(
    rows.map(async (row) => {
      const { detail } = row;
      const ids = 'sessionIds' in detail ? detail.sessionIds : 'sessionId' in detail ? [detail.sessionId] : [];
      const person = detail.kind === 'drop_out' ? people.get(detail.enrolmentId) : undefined;
      return {
        no: row.fact_no,
        kind: row.kind,
        status: row.status,
        reason: row.reason,
        requestedBy: row.requested_by_name,
        requestedAt: row.requested_at,
        sessions: ids.flatMap((id) => {
          const session = sessions.get(id);
          return session
            ? [
                {
                  day: session.day,
                  half: session.half,
                  topic: session.topic,
                  before: detail.kind === 'venue' ? session.venue : session.teacher,
                },
              ]
            : [];
        }),
        after: await nameAfter(db, detail),
        move: 'day' in detail ? { day: detail.day, half: detail.half } : null,
        days: 'days' in detail ? detail.days : null,
        trainee: person ? { seat: person.seat, name: person.name } : null,
        decisions: await listChangeDecisions(db, procedureId, row.fact_no),
      };
    }),
  );
}

async function nameAfter(db: Db, detail: ChangeDetail): Promise<string | null> {
  if (detail.kind === 'teacher') return (await db('teachers').where({ id: detail.teacherId }).first('name'))?.name ?? null;
  if (detail.kind === 'venue') return (await db('venues').where({ id: detail.venueId }).first('name'))?.name ?? null;
  return null;
}

async function listChangeDecisions(db: Db, procedureId: string, no: number): Promise<ChangeLine['decisions']> {
  const { rows } = await db.raw<{ rows: ChangeLine['decisions'] }>(
    `select u.name, f.at, f.outcome, f.payload ->> 'reason' as reason from facts f join users u on u.id = f.actor
      where f.procedure_id = ? and f.kind = 'decided' and f.task_id like ? order by f.no`,
    [procedureId, `${procedureId}/change-${no}.%`],
  );
  return rows;
}

export type ResultRow = EnrolledLine & {
  theoryScore: number | null;
  practiceScore: number | null;
  passed: boolean | null;
  certificateNumber: string | null;
  certificateDate: string | null;
  /** Answer of the certificate register, `settled` where an officer settled it. */
  check: string | null;
  filed: boolean;
};

/** Everybody who is or was enrolled, with what the assessment body entered. */
export async function listResults(db: Db, classId: string): Promise<ResultRow[]> {
  const people = await listEnrolled(db, classId);
  const { rows } = await db.raw(
    `select e.id, r.theory_score, r.practice_score, r.passed, r.certificate_number, r.certificate_date,
            case when v.settled_at is not null then 'settled' else v.result end as result, f.enrolment_id is not null as filed
       from enrolments e left join results r on r.enrolment_id = e.id
       left join verifications v on v.enrolment_id = e.id and v.register = 'certificate'
       left join filed_enrolments f on f.enrolment_id = e.id where e.class_id = ?`,
    [classId],
  );
  const found = new Map<string, Record<string, never>>(rows.map((row: { id: string }) => [row.id, row]));
  return people.map((person) => {
    const row = found.get(person.id) as Record<string, string | boolean | null> | undefined;
    const score = (value: unknown): number | null => (value === null || value === undefined ? null : Number(value));
    return {
      ...person,
      theoryScore: score(row?.['theory_score']),
      practiceScore: score(row?.['practice_score']),
      passed: (row?.['passed'] ?? null) as boolean | null,
      certificateNumber: (row?.['certificate_number'] ?? null) as string | null,
      certificateDate: (row?.['certificate_date'] ?? null) as string | null,
      check: (row?.['result'] ?? null) as string | null,
      filed: row?.['filed'] === true,
    };
  });
}

/** Means that an institution may name in a change. */
export async function listMeans(
  db: Db,
  head: { institution_id: string; project_id: string },
): Promise<{ teachers: { id: string; name: string }[]; venues: { id: string; name: string; capacity: number }[] }> {
  const project = await db('catalogue_projects').where({ id: head.project_id }).first('occupation');
  const [teachers, venues] = await Promise.all([
    db('teachers')
      .where({ institution_id: head.institution_id, active: true })
      .whereRaw('? = any(occupations)', [project?.occupation ?? ''])
      .orderBy('name')
      .select('id', 'name'),
    db('venues').where({ institution_id: head.institution_id, active: true }).orderBy('name').select('id', 'name', 'capacity'),
  ]);
  return { teachers, venues };
}

/** The change that a review task is about. Throws NotFoundError. */
export async function getChangeOfTask(
  db: Db,
  classId: string,
  procedureId: string,
  task: { reference: string | null },
): Promise<ChangeLine | undefined> {
  const no = Number(task.reference);
  await getChange(db, classId, no);
  return (await listChanges(db, classId, procedureId, no))[0];
}
