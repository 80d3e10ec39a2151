/** Whether a timetable can be taught as it stands and gives the hours that the pack asks for (N14: plan and timetable). */
import { type Calendar, latestBefore } from '../calendar/calendar.ts';
import type { Issue } from '../errors.ts';

export type Half = 'morning' | 'afternoon' | 'evening';
export type SessionKind = 'theory' | 'practice';
export type TimetableSession = {
  day: string;
  half: Half;
  /** Lesson hours (课时). */
  hours: number;
  kind: SessionKind;
  topic: string;
  teacherId: string;
  venueId: string;
};
/** A half-day on which a teacher or venue already serves another class. */
export type TakenHalf = { day: string; half: Half; teacherId: string; venueId: string; classNumber: string };

export type TimetableCheck = {
  calendar: Calendar;
  today: string;
  startDate: string;
  endDate: string;
  hoursMin: number;
  theoryMinPercent: number;
  practiceMinPercent: number;
  /** Working days between application and start. */
  leadWorkingDays: number;
  sessions: readonly TimetableSession[];
  taken?: readonly TakenHalf[];
};

/** Everything that is wrong, at the fields `startDate`, `endDate`, `sessions`, `sessions.<n>.<field>` (n from 0). */
export function checkTimetable(check: TimetableCheck): Issue[] {
  const { startDate, endDate, sessions } = check;
  if (endDate < startDate) return [{ field: 'endDate', code: 'timetable.endBeforeStart' }];
  const issues: Issue[] = [];
  const latest = latestBefore(check.calendar, startDate, check.leadWorkingDays);
  if (check.today > latest) issues.push({ field: 'startDate', code: 'timetable.lead', params: { days: check.leadWorkingDays, latest } });
  if (sessions.length === 0) return [...issues, { field: 'sessions', code: 'timetable.empty' }];
  return [...issues, ...sessionIssues(check), ...shareIssues(check)];
}

export type HourTotals = { theory: number; practice: number; total: number };

export function totalHours(sessions: readonly Pick<TimetableSession, 'kind' | 'hours'>[]): HourTotals {
  const totals: HourTotals = { theory: 0, practice: 0, total: 0 };
  for (const session of sessions) {
    totals[session.kind] += session.hours;
    totals.total += session.hours;
  }
  return totals;
}

function sessionIssues({ startDate, endDate, sessions, taken = [] }: TimetableCheck): Issue[] {
  const issues: Issue[] = [];
  const own = new Map<string, number>();
  const teachers = new Map(taken.map((half) => [`${half.day} ${half.half} ${half.teacherId}`, half.classNumber]));
  const venues = new Map(taken.map((half) => [`${half.day} ${half.half} ${half.venueId}`, half.classNumber]));
  for (const [at, session] of sessions.entries()) {
    const time = `${session.day} ${session.half}`;
    const wrong = (field: string, code: string, params?: Issue['params']): void => {
      issues.push({ field: `sessions.${at}.${field}`, code, ...(params ? { params } : {}) });
    };
    if (session.topic.trim() === '') wrong('topic', 'required');
    if (!Number.isInteger(session.hours) || session.hours < 1) wrong('hours', 'timetable.hours');
    if (session.day < startDate || session.day > endDate) wrong('day', 'timetable.outsideDates', { startDate, endDate });
    const earlier = own.get(time);
    if (earlier === undefined) own.set(time, at);
    else wrong('half', 'timetable.sameTime', { other: earlier + 1 });
    const teacherBusy = teachers.get(`${time} ${session.teacherId}`);
    if (teacherBusy !== undefined) wrong('teacherId', 'timetable.teacherBusy', { number: teacherBusy });
    const venueBusy = venues.get(`${time} ${session.venueId}`);
    if (venueBusy !== undefined) wrong('venueId', 'timetable.venueBusy', { number: venueBusy });
  }
  return issues;
}

function shareIssues({ sessions, hoursMin, theoryMinPercent, practiceMinPercent }: TimetableCheck): Issue[] {
  const issues: Issue[] = [];
  const hours = totalHours(sessions);
  if (hours.total < hoursMin) issues.push({ field: 'sessions', code: 'timetable.hoursMin', params: { hours: hours.total, min: hoursMin } });
  const share = (part: number, min: number, code: string): void => {
    // Compared without rounding: 39.9 % is less than 40 %.
    if (part * 100 < min * hours.total)
      issues.push({ field: 'sessions', code, params: { percent: Math.floor((part * 100) / hours.total), min } });
  };
  share(hours.theory, theoryMinPercent, 'timetable.theoryMin');
  share(hours.practice, practiceMinPercent, 'timetable.practiceMin');
  return issues;
}
