/** Changes of a class: asked for, decided, and what may be asked for. */
import { listSessions } from '../classes/classes.ts';
import { listEnrolled } from './training.ts';
import type { Half } from '../../../workflows/domain/classes/timetable.ts';
import type { ChangeDetail } from '../../training/change-checks.ts';
import type { ChangeKind } from '../../../workflows/domain/classes/class.ts';
import { type ChangeRow, getChange } from '../../training/changes.ts';
import type { Db } from '../../client.ts';

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
      where f.procedure_id = ? and f.kind in ('decided', 'signed') and f.task_id like ?
        and not exists (select from facts b where b.procedure_id = f.procedure_id and b.task_id = f.task_id and b.kind = 'taken_back') order by f.no`,
    [procedureId, `${procedureId}/change-${no}.%`],
  );
  return rows;
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
