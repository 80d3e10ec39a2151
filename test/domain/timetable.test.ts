import { describe, expect, test } from 'vitest';
import { attendanceOf, hasAttended, partsBelow, type TaughtSession } from '../../workflows/domain/training/attendance.ts';
import { addDays, stateCouncilCalendar } from '../../workflows/domain/calendar/calendar.ts';
import { checkTimetable, type TimetableCheck, type TimetableSession, totalHours } from '../../workflows/domain/classes/timetable.ts';

const calendar = stateCouncilCalendar();

function session(
  day: string,
  half: TimetableSession['half'],
  kind: TimetableSession['kind'],
  more: Partial<TimetableSession> = {},
): TimetableSession {
  return { day, half, kind, hours: 4, topic: '家政服务基础', teacherId: 't1', venueId: 'v1', ...more };
}

/** Ten days from Monday 16 March 2026, theory in the morning and practice in the afternoon: 80 hours. */
function plan(change: Partial<TimetableCheck> = {}): TimetableCheck {
  const days = Array.from({ length: 10 }, (_, n) => addDays('2026-03-16', n));
  return {
    calendar,
    today: '2026-03-02',
    startDate: '2026-03-16',
    endDate: '2026-03-25',
    hoursMin: 60,
    theoryMinPercent: 40,
    practiceMinPercent: 40,
    leadWorkingDays: 5,
    sessions: days.flatMap((day) => [session(day, 'morning', 'theory'), session(day, 'afternoon', 'practice')]),
    ...change,
  };
}

function codes(change: Partial<TimetableCheck>): string[] {
  return checkTimetable(plan(change)).map((issue) => `${issue.field} ${issue.code}`);
}

describe('[N14] a timetable', () => {
  test('in order has no issues', () => expect(codes({})).toEqual([]));

  test('must be handed in five working days before', () => {
    expect(codes({ today: '2026-03-09' })).toEqual([]);
    expect(codes({ today: '2026-03-10' })).toEqual(['startDate timetable.lead']);
    expect(checkTimetable(plan({ today: '2026-03-15' }))[0]?.params).toEqual({ days: 5, latest: '2026-03-09' });
  });

  test('must have the hours and the shares', () => {
    const short = plan().sessions.slice(0, 10);
    expect(codes({ sessions: short })).toEqual(['sessions timetable.hoursMin']);
    const mostlyTheory = plan().sessions.map((one, at) => (at < 10 ? { ...one, kind: 'theory' as const } : one));
    expect(codes({ sessions: mostlyTheory })).toEqual(['sessions timetable.practiceMin']);
    expect(totalHours(mostlyTheory)).toEqual({ theory: 60, practice: 20, total: 80 });
    expect(codes({ sessions: [] })).toEqual(['sessions timetable.empty']);
  });

  test('lies inside the class and gives no half-day twice', () => {
    const sessions = [
      ...plan().sessions,
      session('2026-03-26', 'morning', 'theory'),
      session('2026-03-16', 'morning', 'practice', { hours: 0, topic: ' ' }),
    ];
    expect(codes({ sessions })).toEqual([
      'sessions.20.day timetable.outsideDates',
      'sessions.21.topic required',
      'sessions.21.hours timetable.hours',
      'sessions.21.half timetable.sameTime',
    ]);
  });

  test('[F22] clashes with another class of the teacher or in the venue', () => {
    const taken = [
      { day: '2026-03-16', half: 'morning' as const, teacherId: 't1', venueId: 'v9', classNumber: 'C-1' },
      { day: '2026-03-16', half: 'afternoon' as const, teacherId: 't9', venueId: 'v1', classNumber: 'C-2' },
      { day: '2026-03-16', half: 'evening' as const, teacherId: 't1', venueId: 'v1', classNumber: 'C-3' },
    ];
    expect(codes({ taken })).toEqual(['sessions.0.teacherId timetable.teacherBusy', 'sessions.1.venueId timetable.venueBusy']);
  });

  test('ends after it begins', () => expect(codes({ endDate: '2026-03-01' })).toEqual(['endDate timetable.endBeforeStart']));
});

describe('attendance', () => {
  const sessions: TaughtSession[] = [
    { id: 'a', kind: 'theory', hours: 4 },
    { id: 'b', kind: 'theory', hours: 2 },
    { id: 'c', kind: 'practice', hours: 4 },
  ];

  test('is a share of hours, not of sessions', () => {
    const summary = attendanceOf(sessions, new Set(['a', 'c']));
    expect(summary.total).toEqual({ hours: 10, attended: 8, percent: 80 });
    expect(summary.theory).toEqual({ hours: 6, attended: 4, percent: 66.6 });
    expect(hasAttended(summary, 80)).toBe(true);
    expect(partsBelow(summary, 80)).toEqual(['theory']);
  });

  test('is exact at the minimum', () => {
    const many = Array.from({ length: 3 }, (_, n): TaughtSession => ({ id: String(n), kind: 'theory', hours: 1 }));
    expect(hasAttended(attendanceOf(many, new Set(['0', '1'])), 67)).toBe(false);
    expect(hasAttended(attendanceOf(many, new Set(['0', '1'])), 66)).toBe(true);
  });

  test('of a class without sessions is none', () => expect(hasAttended(attendanceOf([], new Set()), 80)).toBe(false));
});
