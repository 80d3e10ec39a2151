import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addDays,
  addMonths,
  builtInYears,
  deadline,
  endOfDay,
  isCivilDate,
  isWorkingDay,
  localCalendar,
  type LocalClosure,
  latestBefore,
  nextWorkingDay,
  openingTime,
  previousWorkingDay,
  shanghaiDate,
  stateCouncilCalendar,
  statutoryDays,
  weekday,
  workingDayNumber,
  workingDaysBetween,
} from '../../workflows/domain/calendar/calendar.ts';
import { duePeriod } from '../../workflows/domain/calendar/deadlines.ts';

type Notice = { days: { date: string; isOffDay: boolean }[] };

const calendar = stateCouncilCalendar();
const civilDate = fc.integer({ min: 0, max: 365 * 8 + 1 }).map((n) => addDays('2019-01-01', n));

function notice(year: number): Map<string, boolean> {
  const text = readFileSync(new URL(`./calendar/${year}.json`, import.meta.url), 'utf8');
  return new Map((JSON.parse(text) as Notice).days.map((day) => [day.date, day.isOffDay]));
}

describe('State Council calendar', () => {
  test.each([...builtInYears])('[F03] every day of %i agrees with the notice', (year) => {
    const days = new Map([...notice(year), ...(builtInYears.includes(year + 1) ? notice(year + 1) : [])]);
    const wrong: string[] = [];
    for (let date = `${year}-01-01`; date.startsWith(String(year)); date = addDays(date, 1)) {
      const off = days.get(date) ?? [0, 6].includes(weekday(date));
      if (isWorkingDay(calendar, date) === off) wrong.push(date);
    }
    expect(wrong).toEqual([]);
  });

  test('National Day with its make-up Saturday', () => {
    expect(deadline(calendar, { from: '2026-09-30', workingDays: 5 })).toEqual({ due: '2026-10-13', provisional: false });
    expect(isWorkingDay(calendar, '2026-10-10')).toBe(true);
  });

  test('day one is the working day after the act; nothing counts on the day itself', () => {
    expect(deadline(calendar, { from: '2026-03-06', workingDays: 1 }).due).toBe('2026-03-09');
    expect(deadline(calendar, { from: '2026-03-07', workingDays: 1 }).due).toBe('2026-03-09');
    expect(workingDayNumber(calendar, '2026-03-06', '2026-03-06')).toBe(0);
    expect(workingDayNumber(calendar, '2026-03-06', '2026-03-08')).toBe(0);
    expect(workingDayNumber(calendar, '2026-03-06', '2026-03-11')).toBe(3);
    expect(deadline(calendar, { from: '2026-03-07', workingDays: 0 }).due).toBe('2026-03-09');
  });

  test('[F03] add n, then the difference is n; a deadline is never on a holiday', () => {
    fc.assert(
      fc.property(civilDate, fc.integer({ min: 1, max: 60 }), (from, workingDays) => {
        const { due } = deadline(calendar, { from, workingDays });
        expect(workingDaysBetween(calendar, from, due)).toBe(workingDays);
        expect(workingDaysBetween(calendar, due, from)).toBe(-workingDays);
        expect(isWorkingDay(calendar, due)).toBe(true);
        expect(nextWorkingDay(calendar, previousWorkingDay(calendar, due))).toBe(due);
      }),
      { numRuns: 300 },
    );
  });

  test('[F03] a later act or a longer period is never due earlier', () => {
    fc.assert(
      fc.property(civilDate, fc.integer({ min: 1, max: 40 }), fc.nat(40), fc.nat(20), (from, days, more, wait) => {
        const due = (start: string, workingDays: number) => deadline(calendar, { from: start, workingDays }).due;
        expect(due(from, days + more) >= due(from, days)).toBe(true);
        expect(due(addDays(from, wait), days) >= due(from, days)).toBe(true);
        // Day one is counted on from the last day: periods add up.
        expect(due(due(from, days), more)).toBe(due(from, days + more));
      }),
      { numRuns: 300 },
    );
  });

  test('[F03] intervals in which the clock was stopped cost nothing: what was used before and after adds up to the period', () => {
    const stops = fc.array(fc.record({ used: fc.nat(5), away: fc.integer({ min: 1, max: 60 }) }), { maxLength: 4 });
    fc.assert(
      fc.property(civilDate, fc.integer({ min: 1, max: 30 }), stops, (from, workingDays, intervals) => {
        let start = from;
        let used = 0;
        for (const stop of intervals) {
          // The file goes back to the applicant while the period still runs.
          const spent = Math.min(stop.used, workingDays - used - 1);
          const returned = deadline(calendar, { from: start, workingDays: spent }).due;
          used += Math.max(0, workingDaysBetween(calendar, start, returned));
          start = addDays(returned, stop.away);
          if (used >= workingDays) return;
        }
        const due = duePeriod(calendar, { kind: 'review', workingDays }, start, used)?.due ?? '';
        expect(used + workingDaysBetween(calendar, start, due)).toBe(workingDays);
        expect(isWorkingDay(calendar, due)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('[F03] a closure moves the periods that hold its day, by one working day and never forward', () => {
    fc.assert(
      fc.property(civilDate, fc.integer({ min: 1, max: 30 }), fc.integer({ min: -10, max: 60 }), (from, workingDays, at) => {
        const closed = addDays(from, at);
        const local = stateCouncilCalendar([{ date: closed, kind: 'off' }]);
        const before = deadline(calendar, { from, workingDays }).due;
        const after = deadline(local, { from, workingDays }).due;
        const holds = closed > from && closed <= before && isWorkingDay(calendar, closed);
        expect(after).toBe(holds ? nextWorkingDay(calendar, before) : before);
      }),
      { numRuns: 300 },
    );
  });

  const closures = fc.array(
    fc
      .record({
        region: fc.constantFrom('350000', '350100', '350104'),
        first: civilDate,
        days: fc.nat(6),
        kind: fc.constantFrom('off', 'work'),
      })
      .map(({ region, first, days, kind }) => ({ region, firstDay: first, lastDay: addDays(first, days), kind }) as LocalClosure),
    { maxLength: 6 },
  );

  test("[F03] with a region's closures, too, add n, then the difference is n; without any it is the calendar of the country", () => {
    fc.assert(
      fc.property(closures, civilDate, fc.integer({ min: 1, max: 60 }), (closed, from, workingDays) => {
        const local = localCalendar(calendar, closed);
        const { due } = deadline(local, { from, workingDays });
        expect(workingDaysBetween(local, from, due)).toBe(workingDays);
        expect(isWorkingDay(local, due)).toBe(true);
        const last = closed.at(-1);
        if (last) for (const day of [last.firstDay, last.lastDay]) expect(isWorkingDay(local, day)).toBe(last.kind === 'work');
        expect(local.version === calendar.version).toBe(closed.length === 0);
      }),
      { numRuns: 200 },
    );
    expect(localCalendar(calendar, [])).toBe(calendar);
  });

  test('the latest day for a lead of five working days', () => {
    expect(latestBefore(calendar, '2026-03-16', 5)).toBe('2026-03-09');
    expect(workingDaysBetween(calendar, '2026-03-09', '2026-03-16')).toBe(5);
  });
});

describe('a year without notice', () => {
  test('[F03] counts by weekends and statutory dates and is provisional', () => {
    expect(deadline(calendar, { from: '2026-12-30', workingDays: 1 })).toEqual({ due: '2026-12-31', provisional: false });
    expect(deadline(calendar, { from: '2026-12-31', workingDays: 1 })).toEqual({ due: '2027-01-04', provisional: true });
    expect(isWorkingDay(calendar, '2027-01-01')).toBe(false);
  });

  // Published almanac dates, written by hand: eve of Spring Festival, 清明, 端午, 中秋.
  test.each([
    [2027, '2027-02-05', '2027-04-05', '2027-06-09', '2027-09-15'],
    [2028, '2028-01-25', '2028-04-04', '2028-05-28', '2028-10-03'],
    [2029, '2029-02-12', '2029-04-04', '2029-06-16', '2029-09-22'],
    [2030, '2030-02-02', '2030-04-05', '2030-06-05', '2030-09-12'],
    [2031, '2031-01-22', '2031-04-05', '2031-06-24', '2031-10-01'],
    [2032, '2032-02-10', '2032-04-04', '2032-06-12', '2032-09-19'],
  ])('statutory dates of %i', (year, eve, qingming, duanwu, zhongqiu) => {
    const days = statutoryDays(year);
    for (const date of [eve, addDays(eve, 3), qingming, duanwu, zhongqiu, `${year}-05-02`, `${year}-10-03`]) expect(days).toContain(date);
    expect(days).not.toContain(addDays(eve, 4));
    expect(days).not.toContain(addDays(eve, -1));
  });

  test('is official once its notice is loaded', () => {
    const loaded = stateCouncilCalendar(
      [
        { date: '2027-01-01', kind: 'off' },
        { date: '2027-01-03', kind: 'work' },
      ],
      [2027],
    );
    expect(deadline(loaded, { from: '2026-12-31', workingDays: 1 })).toEqual({ due: '2027-01-03', provisional: false });
    expect(loaded.version).not.toBe(calendar.version);
  });
});

describe('local closures', () => {
  test('move a deadline and change the version', () => {
    const typhoon = stateCouncilCalendar([{ date: '2026-03-10', kind: 'off' }]);
    expect(deadline(calendar, { from: '2026-03-09', workingDays: 1 }).due).toBe('2026-03-10');
    expect(deadline(typhoon, { from: '2026-03-09', workingDays: 1 }).due).toBe('2026-03-11');
    expect(typhoon.version).not.toBe(calendar.version);
  });

  test('win over the notice both ways', () => {
    const local = stateCouncilCalendar([
      { date: '2026-10-10', kind: 'off' },
      { date: '2026-10-01', kind: 'work' },
    ]);
    expect(isWorkingDay(local, '2026-10-10')).toBe(false);
    expect(isWorkingDay(local, '2026-10-01')).toBe(true);
  });
});

describe('civil dates and instants', () => {
  test('months end where there is no such day', () => {
    expect(addMonths('2026-01-31', 1)).toBe('2026-02-28');
    expect(addMonths('2024-02-29', 12)).toBe('2025-02-28');
    expect(addMonths('2026-11-30', 3)).toBe('2027-02-28');
    expect(addMonths('2026-03-15', -12)).toBe('2025-03-15');
  });

  test('a day of Shanghai begins at 16:00 UTC', () => {
    expect(shanghaiDate(new Date('2026-03-02T15:59:59.999Z'))).toBe('2026-03-02');
    expect(shanghaiDate(new Date('2026-03-02T16:00:00Z'))).toBe('2026-03-03');
    expect(endOfDay('2026-03-02').toISOString()).toBe('2026-03-02T16:00:00.000Z');
    expect(openingTime('2026-03-02').toISOString()).toBe('2026-03-02T01:00:00.000Z');
  });

  test('a date that does not exist is refused', () => {
    expect(isCivilDate('2026-02-29')).toBe(false);
    expect(isCivilDate('2026-2-1')).toBe(false);
    expect(() => addDays('2026-13-01', 1)).toThrow(RangeError);
  });
});
