/** Whether a change of a class can be made: asked when it is requested, when it is approved and when it is applied. */
import { addDays } from '../../workflows/domain/calendar/calendar.ts';
import type { Issue } from '../../workflows/domain/errors.ts';
import type { Half } from '../../workflows/domain/classes/timetable.ts';
import { runningStatuses } from '../../workflows/domain/classes/class.ts';
import type { ClassRow } from '../classes/classes.ts';
import { isLiving } from '../classes/statuses.ts';
import type { Trx } from '../client.ts';

/** What a change says; ids, dates and numbers only. A change of date moves either one session or everything that lies ahead. */
export type ChangeDetail =
  | { kind: 'teacher'; sessionIds: string[]; teacherId: string }
  | { kind: 'venue'; sessionIds: string[]; venueId: string }
  | { kind: 'date'; sessionId: string; day: string; half: Half }
  | { kind: 'date'; days: number }
  | { kind: 'drop_out'; enrolmentId: string };

export type SessionPlace = { id: string; day: string; half: Half; teacher_id: string; venue_id: string };

/** Longest postponement of a class, in days: beyond it a new application is due. */
const LONGEST_SHIFT_DAYS = 180;

/** Every reason why the change cannot be made, at the fields of the request. Empty: it can. */
export async function changeIssues(trx: Trx, row: ClassRow, today: string, change: ChangeDetail): Promise<Issue[]> {
  if (change.kind === 'drop_out') return dropOutIssues(trx, row, change.enrolmentId);
  const planned = await listPlaces(trx, row.id);
  const moved = movedPlaces(row, planned, today, change);
  if ('issues' in moved) return moved.issues;
  const issues: Issue[] = [];
  if (change.kind === 'teacher') issues.push(...(await teacherIssues(trx, row, change.teacherId)));
  if (change.kind === 'venue') issues.push(...(await venueIssues(trx, row, change.venueId)));
  if (change.kind === 'date') issues.push(...(await dateIssues(trx, row, planned, moved.places)));
  return issues.length > 0 ? issues : clashIssues(trx, row, moved.places, change);
}

export async function listPlaces(trx: Trx, classId: string): Promise<SessionPlace[]> {
  return trx('class_sessions').where({ class_id: classId }).orderBy('day').select('id', 'day', 'half', 'teacher_id', 'venue_id');
}

/** The sessions as they would stand, or what is wrong with naming them. */
export function movedPlaces(
  row: ClassRow,
  planned: readonly SessionPlace[],
  today: string,
  change: Exclude<ChangeDetail, { kind: 'drop_out' }>,
): { places: SessionPlace[] } | { issues: Issue[] } {
  if ('days' in change) {
    if (!Number.isInteger(change.days) || change.days < 1 || change.days > LONGEST_SHIFT_DAYS) {
      return { issues: [{ field: 'days', code: 'change.days', params: { most: LONGEST_SHIFT_DAYS } }] };
    }
    const ahead = planned.filter((session) => row.status !== 'in_training' || session.day > today);
    if (ahead.length === 0) return { issues: [{ field: 'days', code: 'change.nothingAhead' }] };
    return { places: ahead.map((session) => ({ ...session, day: addDays(session.day, change.days) })) };
  }
  const field = 'sessionId' in change ? 'sessionId' : 'sessionIds';
  const ids = 'sessionId' in change ? [change.sessionId] : [...new Set(change.sessionIds)];
  if (ids.length === 0) return { issues: [{ field, code: 'required' }] };
  const places: SessionPlace[] = [];
  for (const id of ids) {
    const session = planned.find((candidate) => candidate.id === id);
    if (!session) return { issues: [{ field, code: 'change.session' }] };
    if (session.day < today) return { issues: [{ field, code: 'change.sessionOver', params: { day: session.day } }] };
    if (change.kind === 'teacher') places.push({ ...session, teacher_id: change.teacherId });
    else if (change.kind === 'venue') places.push({ ...session, venue_id: change.venueId });
    else places.push({ ...session, day: change.day, half: change.half });
  }
  const [place] = places;
  if (change.kind === 'date' && place) {
    if (place.day < today) return { issues: [{ field: 'day', code: 'change.past', params: { today } }] };
    if (row.start_date && place.day < row.start_date)
      return { issues: [{ field: 'day', code: 'change.beforeStart', params: { startDate: row.start_date } }] };
  }
  return { places };
}

async function teacherIssues(trx: Trx, row: ClassRow, teacherId: string): Promise<Issue[]> {
  const teacher = await trx('teachers')
    .where({ id: teacherId, institution_id: row.institution_id, active: true })
    .first('name', 'occupations');
  if (!teacher) return [{ field: 'teacherId', code: 'change.teacher' }];
  const project = await trx('catalogue_projects').where({ id: row.project_id }).first('occupation');
  const fits = (teacher.occupations as string[]).includes(project?.occupation ?? '');
  return fits ? [] : [{ field: 'teacherId', code: 'change.teacherOccupation', params: { occupation: project?.occupation ?? '' } }];
}

async function venueIssues(trx: Trx, row: ClassRow, venueId: string): Promise<Issue[]> {
  const venue = await trx('venues').where({ id: venueId, institution_id: row.institution_id, active: true }).first('capacity');
  if (!venue) return [{ field: 'venueId', code: 'change.venue' }];
  const headcount = await countEnrolled(trx, row.id);
  return venue.capacity < headcount
    ? [{ field: 'venueId', code: 'change.venueSmall', params: { capacity: venue.capacity, headcount } }]
    : [];
}

/** Own sessions never share a half-day, and nobody sits in two classes at once. */
async function dateIssues(trx: Trx, row: ClassRow, planned: readonly SessionPlace[], moved: readonly SessionPlace[]): Promise<Issue[]> {
  const ids = new Set(moved.map((session) => session.id));
  const staying = new Set(planned.filter((session) => !ids.has(session.id)).map((session) => `${session.day} ${session.half}`));
  const twice = moved.find((session) => staying.has(`${session.day} ${session.half}`));
  if (twice) return [{ field: 'day', code: 'change.sameTime', params: { day: twice.day } }];
  const last = moved.reduce((latest, session) => (session.day > latest ? session.day : latest), row.end_date ?? '');
  const elsewhere = await trx('enrolments as e')
    .join('enrolments as o', 'o.person_id', 'e.person_id')
    .join('classes as c', 'c.id', 'o.class_id')
    .where({ 'e.class_id': row.id, 'e.status': 'enrolled', 'o.status': 'enrolled' })
    .whereNot('o.class_id', row.id)
    .whereIn('c.status', [...runningStatuses])
    .whereRaw('c.start_date <= ? and c.end_date >= ?', [last, moved[0]?.day ?? last])
    .orderBy('e.seat')
    .first('e.seat', 'c.number');
  return elsewhere ? [{ field: 'day', code: 'change.personElsewhere', params: { seat: elsewhere.seat, number: elsewhere.number } }] : [];
}

/** Teachers and venues in two places at once, over all classes and institutions: only of what the change moves. */
async function clashIssues(trx: Trx, row: ClassRow, places: readonly SessionPlace[], change: ChangeDetail): Promise<Issue[]> {
  const asked = places.map((place) => ({
    ...place,
    ...(change.kind === 'venue' ? { teacher_id: null } : {}),
    ...(change.kind === 'teacher' ? { venue_id: null } : {}),
  }));
  const { rows } = await trx.raw<{ rows: { number: string; day: string; teacher: boolean }[] }>(
    `select c.number, o.day, coalesce(o.teacher_id = m.teacher_id, false) as teacher
       from jsonb_to_recordset(cast(:places as jsonb)) as m (day date, half text, teacher_id uuid, venue_id uuid)
       join class_sessions o on o.day = m.day and o.half = m.half and (o.teacher_id = m.teacher_id or o.venue_id = m.venue_id)
       join classes c on c.id = o.class_id
      where o.class_id <> :classId and ${isLiving('c.status')} order by o.day limit 1`,
    { places: JSON.stringify(asked), classId: row.id },
  );
  const [clash] = rows;
  if (!clash) return [];
  const field = change.kind === 'teacher' ? 'teacherId' : change.kind === 'venue' ? 'venueId' : 'day' in change ? 'day' : 'days';
  return [{ field, code: clash.teacher ? 'change.teacherBusy' : 'change.venueBusy', params: { number: clash.number, day: clash.day } }];
}

async function dropOutIssues(trx: Trx, row: ClassRow, enrolmentId: string): Promise<Issue[]> {
  const enrolment = await trx('enrolments').where({ id: enrolmentId, class_id: row.id }).first('status');
  if (!enrolment) return [{ field: 'enrolmentId', code: 'change.trainee' }];
  if (enrolment.status !== 'enrolled') return [{ field: 'enrolmentId', code: 'change.notEnrolled' }];
  return (await countEnrolled(trx, row.id)) > 1 ? [] : [{ field: 'enrolmentId', code: 'change.lastOne' }];
}

async function countEnrolled(trx: Trx, classId: string): Promise<number> {
  const counted = await trx('enrolments').where({ class_id: classId, status: 'enrolled' }).count<{ count: number }[]>('id as count');
  return Number(counted[0]?.count ?? 0);
}
