/** When a task is due, and the rungs of its clock. Periods end at 24:00 of their last working day; rungs ring at opening time. */
import {
  addMonths,
  type Calendar,
  deadline,
  endOfDay,
  nextWorkingDay,
  onOrNextWorkingDay,
  openingTime,
  previousWorkingDay,
  startOfDay,
} from './calendar.ts';
import type { Ask, Terms } from './procedures.ts';
import type { TaskKind } from './task-kinds.ts';

/** What of an ask its clock needs. */
export type ClockTerms = Pick<Ask, 'kind' | 'workingDays' | 'dueDate' | 'months' | 'from' | 'peremptory'>;

export type TaskClock = {
  workingDays?: number;
  dueDate?: string;
  dueAt?: Date;
  provisional: boolean;
  /** Instants of the rungs, in the order of `rungCodes`. */
  rungs: Date[];
};

export const ordinaryRungs = ['reminder', 'overdue', 'leader', 'superior'] as const;
export const peremptoryRungs = ['reminder', 'expired'] as const;
export const waitRungs = ['expired'] as const;
export type RungCode = (typeof ordinaryRungs)[number] | 'expired';

/** What each rung of a task means. */
export function rungCodes(kind: TaskKind, peremptory: boolean): readonly RungCode[] {
  if (kind === 'wait') return waitRungs;
  return peremptory ? peremptoryRungs : ordinaryRungs;
}

/**
 * Computes the clock of a task whose period counts from `today`. `daysUsed`: working days that an earlier round has used up before the clock was stopped.
 * Ladder by the policy pack (F04): reminder before due, supervisor when overdue, deputy director and superior authority some working days later.
 */
export function taskClock(calendar: Calendar, ask: ClockTerms, terms: Terms, today: string, daysUsed: number): TaskClock {
  const period = duePeriod(calendar, ask, today, daysUsed);
  if (!period) return { provisional: false, rungs: [] };
  const { due, provisional } = period;
  // A wait for a date ends when that day begins; a period ends when its last day does.
  const dueAt = ask.kind === 'wait' && ask.dueDate !== undefined ? startOfDay(due) : endOfDay(due);
  const base = { dueDate: due, dueAt, provisional, ...(ask.workingDays === undefined ? {} : { workingDays: ask.workingDays }) };
  if (ask.kind === 'wait') return { ...base, rungs: [dueAt] };
  const reminder = openingTime(onOrNextWorkingDay(calendar, back(calendar, due, terms.days.reminderBefore)));
  if (ask.peremptory) return { ...base, rungs: [reminder, dueAt] };
  const overdue = nextWorkingDay(calendar, due);
  return {
    ...base,
    rungs: [
      reminder,
      openingTime(overdue),
      openingTime(forward(calendar, due, terms.days.leaderAfter)),
      openingTime(forward(calendar, due, terms.days.superiorAfter)),
    ],
  };
}

/** The last day of a task's period, without its rungs; nothing when it has none. */
export function duePeriod(
  calendar: Calendar,
  ask: ClockTerms,
  today: string,
  daysUsed: number,
): { due: string; provisional: boolean } | undefined {
  if (ask.workingDays !== undefined)
    return deadline(calendar, {
      from: ask.from !== undefined && ask.from > today ? ask.from : today,
      workingDays: Math.max(1, ask.workingDays - daysUsed),
    });
  const date = ask.dueDate ?? (ask.months === undefined ? undefined : addMonths(today, ask.months));
  if (date === undefined) return undefined;
  if (ask.kind === 'wait') return { due: date, provisional: false };
  const due = onOrNextWorkingDay(calendar, date);
  return { due, provisional: !calendar.years.has(Number(due.slice(0, 4))) };
}

function back(calendar: Calendar, date: string, workingDays: number): string {
  let day = date;
  for (let n = 0; n < workingDays; n += 1) day = previousWorkingDay(calendar, day);
  return day;
}

function forward(calendar: Calendar, date: string, workingDays: number): string {
  let day = date;
  for (let n = 0; n < workingDays; n += 1) day = nextWorkingDay(calendar, day);
  return day;
}

/**
 * The first rung that is still to ring at `now`: a reminder whose time has passed already is not sent, but the end of a period is never
 * passed over. Past the last rung nothing rings any more.
 */
export function firstRung(rungs: readonly Date[], codes: readonly RungCode[], now: Date): number {
  const at = rungs.findIndex((rung, no) => rung > now || codes[no] === 'expired');
  return at === -1 ? rungs.length : at;
}
