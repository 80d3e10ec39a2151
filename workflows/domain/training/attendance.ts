/** Attended hours against taught hours (课时达标率), by theory and practice. */
import type { SessionKind } from '../classes/timetable.ts';

export type TaughtSession = { id: string; kind: SessionKind; hours: number };
export type AttendanceShare = { hours: number; attended: number; percent: number };
export type AttendanceSummary = { theory: AttendanceShare; practice: AttendanceShare; total: AttendanceShare };

/**
 * One trainee's hours. A session without a mark counts as missed. `percent` is rounded down to a tenth, so that nobody is shown
 * to have reached a minimum that was missed; a part without hours is 100.
 */
export function attendanceOf(sessions: readonly TaughtSession[], attendedSessionIds: ReadonlySet<string>): AttendanceSummary {
  const of = (wanted?: SessionKind): AttendanceShare => {
    const counted = sessions.filter((session) => wanted === undefined || session.kind === wanted);
    const hours = counted.reduce((sum, session) => sum + session.hours, 0);
    const attended = counted.reduce((sum, session) => sum + (attendedSessionIds.has(session.id) ? session.hours : 0), 0);
    return { hours, attended, percent: hours === 0 ? 100 : Math.floor((attended * 1000) / hours) / 10 };
  };
  return { theory: of('theory'), practice: of('practice'), total: of() };
}

/** The parts that stay below the minimum percentage. Whoever reaches it in total has attended; the parts are shown beside it. */
export function partsBelow(summary: AttendanceSummary, minPercent: number): ('theory' | 'practice' | 'total')[] {
  return (['theory', 'practice', 'total'] as const).filter((part) => summary[part].attended * 100 < minPercent * summary[part].hours);
}

export function hasAttended(summary: AttendanceSummary, minPercent: number): boolean {
  return summary.total.hours > 0 && !partsBelow(summary, minPercent).includes('total');
}
