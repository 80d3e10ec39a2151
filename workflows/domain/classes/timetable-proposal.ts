/** A first timetable from dates, hours, teachers and rooms, to be changed by hand. */
import { addDays, type Calendar, isWorkingDay } from '../calendar/calendar.ts';
import type { Half, TimetableSession } from './timetable.ts';

export type ProposalFacts = {
  calendar: Calendar;
  startDate: string;
  endDate: string;
  /** Lesson hours that the course needs in all. */
  hours: number;
  hoursPerHalf: number;
  theoryPercent: number;
  halves: readonly Half[];
  teacherIds: readonly string[];
  venueId: string;
  topics: { theory: string; practice: string };
  /** Half-days that teachers or rooms give to other classes. */
  taken: readonly { day: string; half: Half; teacherId: string; venueId: string }[];
};

/**
 * Fills working days from the first on until the hours are reached: theory first, then practice, teachers in turn. Half-days on which the room or
 * every teacher is taken are left out, so the proposal may hold fewer hours than asked for where the dates are too short.
 */
export function proposeTimetable(facts: ProposalFacts): TimetableSession[] {
  const { calendar, startDate, endDate, hours, hoursPerHalf, halves, teacherIds, venueId, taken } = facts;
  const sessions: TimetableSession[] = [];
  let left = hours;
  let theoryLeft = Math.ceil((hours * facts.theoryPercent) / 100);
  for (let day = startDate; day <= endDate && left > 0; day = addDays(day, 1)) {
    if (!isWorkingDay(calendar, day)) continue;
    for (const half of halves) {
      const busy = taken.filter((other) => other.day === day && other.half === half);
      const free = teacherIds.filter((id) => !busy.some((other) => other.teacherId === id));
      const teacherId = free[sessions.length % Math.max(1, free.length)];
      if (left <= 0 || !teacherId || busy.some((other) => other.venueId === venueId)) continue;
      const kind = theoryLeft > 0 ? 'theory' : 'practice';
      const length = Math.min(hoursPerHalf, left);
      const serial = sessions.filter((session) => session.kind === kind).length + 1;
      sessions.push({ day, half, hours: length, kind, topic: `${facts.topics[kind]} ${serial}`, teacherId, venueId });
      left -= length;
      if (kind === 'theory') theoryLeft -= length;
    }
  }
  return sessions;
}
