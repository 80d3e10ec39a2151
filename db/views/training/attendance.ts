/** The sheet of attendance. */
import { listSessions, type SessionRow } from '../classes/classes.ts';
import { listEnrolled } from './training.ts';
import { attendanceOf } from '../../../workflows/domain/training/attendance.ts';
import { rule } from '../../../workflows/domain/policy/policy.ts';
import { attendedSessions } from '../../training/attendance.ts';
import type { Db } from '../../client.ts';
import { getPolicyPack } from '../../catalogue/policy-packs.ts';

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
  sessions: (SessionRow & { present: number; absent: number })[];
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
