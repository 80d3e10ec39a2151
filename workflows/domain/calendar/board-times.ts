/** The instants between which the figures of a supervisor's board are counted. */
import { addDays, type Calendar, endOfDay, nextWorkingDay, previousWorkingDay, startOfDay, weekday } from './calendar.ts';

export const boardWeeks = 12;
const RATE_DAYS = 30;

export type BoardTimes = {
  now: Date;
  soonUntil: Date;
  /** Begin of the period of the rate, and of the one before it. */
  periodFrom: Date;
  previousFrom: Date;
  /** Begin of today and of the first of the weeks. */
  today: Date;
  trendFrom: Date;
};

/** Soon is what ends today or on the next working day. */
export function soonUntil({ today, calendar }: { today: string; calendar: Calendar }): Date {
  return endOfDay(nextWorkingDay(calendar, today));
}

export function boardTimes(at: { now: Date; today: string; calendar: Calendar }): BoardTimes {
  const back = (from: string, days: number): string => {
    let day = from;
    for (let n = 0; n < days; n += 1) day = previousWorkingDay(at.calendar, day);
    return day;
  };
  const period = back(at.today, RATE_DAYS);
  return {
    now: at.now,
    soonUntil: soonUntil(at),
    periodFrom: startOfDay(period),
    previousFrom: startOfDay(back(period, RATE_DAYS)),
    today: startOfDay(at.today),
    trendFrom: startOfDay(firstMonday(at.today)),
  };
}

/** Monday of the first of the weeks that end with the one of `today`. */
export function firstMonday(today: string): string {
  return addDays(today, -((weekday(today) + 6) % 7) - 7 * (boardWeeks - 1));
}
