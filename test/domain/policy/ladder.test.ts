/** The ladder of a task in working time, worked out by hand: no rung falls on a weekend or a holiday. */
import { describe, expect, test } from 'vitest';
import { isWorkingDay, openingTime, shanghaiDate, stateCouncilCalendar } from '../../../workflows/domain/calendar/calendar.ts';
import { ladderOfTask, quietUntil, rungCodes, taskClock } from '../../../workflows/domain/calendar/deadlines.ts';
import { ladderOf } from '../../../workflows/domain/policy/ladder.ts';
import { termsOf } from '../../../workflows/domain/policy/policy.ts';
import { policyPack } from './packs.ts';

const calendar = stateCouncilCalendar();
const terms = termsOf(policyPack('fujian-2022'));

/** The rungs of a review of three working days that came on `from`: code and instant in Shanghai. */
function ladderFrom(from: string, more: { peremptory?: boolean } = {}): string[] {
  const clock = taskClock(calendar, { kind: 'review', workingDays: 3, ...more }, terms, from, 0);
  const codes = rungCodes('review', more.peremptory ?? false, terms);
  return clock.rungs.map(
    (at, no) => `${codes[no]} ${shanghaiDate(at)} ${at.getTime() === openingTime(shanghaiDate(at)).getTime() ? '09:00' : '24:00'}`,
  );
}

describe('the ladder of a policy pack', () => {
  test('[F04] both shipped packs have the five rungs, marked as assumptions', () => {
    for (const name of ['fujian-2022', 'municipality-2024']) {
      const { value, sourced } = policyPack(name).values.escalation;
      expect(ladderOf(value).map(({ act, role, level }) => `${act} ${role} ${level}`)).toEqual([
        'remind worker own',
        'urge worker own',
        'report supervisor own',
        'report approver own',
        'order supervisor superior',
      ]);
      expect(
        ladderOf(value)
          .map(({ when }) => when)
          .slice(1),
      ).toEqual([0, 1, 3, 5]);
      expect(sourced).toBe(false);
    }
  });

  test('[F04] a case that is due on a Friday: at 17:00 nothing more rings before Monday morning', () => {
    // Came on Tuesday, 3 March 2026; due on Friday, 6 March.
    const rungs = ladderFrom('2026-03-03');
    expect(rungs).toEqual([
      'reminder 2026-03-05 09:00',
      'due 2026-03-06 09:00',
      'overdue 2026-03-09 09:00',
      'leader 2026-03-11 09:00',
      'superior 2026-03-13 09:00',
    ]);
  });

  test('[F04] a case that is due on the last day before the National Day week climbs after it, make-up Saturday included', () => {
    // Came on Friday, 25 September 2026 (Mid-Autumn holiday); 1 to 7 October off, Saturday 10 October is a working day.
    expect(ladderFrom('2026-09-25')).toEqual([
      'reminder 2026-09-29 09:00',
      'due 2026-09-30 09:00',
      'overdue 2026-10-08 09:00',
      'leader 2026-10-10 09:00',
      'superior 2026-10-13 09:00',
    ]);
  });

  test('[F04] whatever the day of receipt, every rung is a working day at opening time, in the order of the ladder', () => {
    for (let day = new Date('2026-01-01T00:00:00Z'); day < new Date('2026-12-01T00:00:00Z'); day = new Date(day.getTime() + 86_400_000)) {
      const { rungs } = taskClock(calendar, { kind: 'review', workingDays: 3 }, terms, day.toISOString().slice(0, 10), 0);
      expect(rungs).toHaveLength(5);
      for (const [at, rung] of rungs.entries()) {
        expect(isWorkingDay(calendar, shanghaiDate(rung))).toBe(true);
        expect(rung).toEqual(openingTime(shanghaiDate(rung)));
        if (at > 0) expect(rung.getTime()).toBeGreaterThan(rungs[at - 1]?.getTime() ?? 0);
      }
    }
  });

  test('a peremptory period is only reminded of, and ends at 24:00 of its last day', () => {
    expect(ladderFrom('2026-03-03', { peremptory: true })).toEqual(['reminder 2026-03-05 09:00', 'expired 2026-03-07 24:00']);
    expect(ladderOfTask('wait', false, terms)).toEqual([]);
  });

  test('what comes late keeps quiet on a Saturday and in the Spring Festival week, not on a make-up Saturday', () => {
    expect(quietUntil(calendar, '2026-03-07')).toEqual(new Date('2026-03-09T09:00:00+08:00'));
    expect(quietUntil(calendar, '2026-02-17')).toEqual(new Date('2026-02-24T09:00:00+08:00'));
    expect(quietUntil(calendar, '2026-02-28')).toBeUndefined();
    expect(quietUntil(calendar, '2026-03-09')).toBeUndefined();
  });

  test('a pack from before the list is read as the ladder that it had', () => {
    const codes = ladderOf({ reminderDaysBefore: 1, leaderAfterDays: 3, superiorAfterDays: 5 });
    expect(codes.map(({ when }) => when)).toEqual([-1, 1, 3, 5]);
  });
});
