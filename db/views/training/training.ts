/** A class as the pages of training and filing see it, within the own region, by the institution and by its assessor: its head and its people. */
import type { ClassStatus } from '../../../workflows/domain/classes/class.ts';
import { NotFoundError } from '../../../workflows/domain/errors.ts';
import { maySee } from '../../../workflows/domain/scope.ts';
import { classProcedureId } from '../../classes/classes.ts';
import type { Db } from '../../client.ts';
import type { TaskRow } from '../../protocol/tasks.ts';
import type { Actor } from '../../accounts/users.ts';

export type TrainingHead = {
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
export async function getTrainingHead(db: Db, actor: Actor, number: string): Promise<TrainingHead> {
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
