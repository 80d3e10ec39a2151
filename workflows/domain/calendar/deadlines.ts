/** When a task is due, and the rungs of its clock. Periods end at 24:00 of their last working day; rungs ring at opening time. */
import {
  addMonths,
  type Calendar,
  deadline,
  endOfDay,
  isWorkingDay,
  nextWorkingDay,
  onOrNextWorkingDay,
  openingTime,
  previousWorkingDay,
  startOfDay,
} from './calendar.ts';
import { type Rung, type RungCode, rungCode } from '../policy/ladder.ts';
import type { Ask, Terms } from '../procedures.ts';
import type { TaskKind } from '../task-kinds.ts';

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

/** The rungs of the pack's ladder that a task of this kind has: what ends by itself is reminded of, and waits are nobody's. */
export function ladderOfTask(kind: TaskKind, peremptory: boolean, terms: Pick<Terms, 'ladder'>): Rung[] {
  if (kind === 'wait') return [];
  return peremptory ? terms.ladder.filter((rung) => rung.act === 'remind' && rung.when <= 0) : terms.ladder;
}

/** What each instant of a task's clock means. */
export function rungCodes(kind: TaskKind, peremptory: boolean, terms: Pick<Terms, 'ladder'>): readonly RungCode[] {
  const codes = ladderOfTask(kind, peremptory, terms).map(rungCode);
  return kind === 'wait' || peremptory ? [...codes, 'expired'] : codes;
}

/**
 * Computes the clock of a task whose period counts from `today`. `daysUsed`: working days that an earlier round has used up before the clock was stopped.
 * The ladder (F04) is the policy pack's; each rung rings at the opening time of a working day.
 */
export function taskClock(calendar: Calendar, ask: ClockTerms, terms: Terms, today: string, daysUsed: number): TaskClock {
  const period = duePeriod(calendar, ask, today, daysUsed);
  if (!period) return { provisional: false, rungs: [] };
  const { due, provisional } = period;
  // A wait for a date ends when that day begins; a period ends when its last day does.
  const dueAt = ask.kind === 'wait' && ask.dueDate !== undefined ? startOfDay(due) : endOfDay(due);
  const base = { dueDate: due, dueAt, provisional, ...(ask.workingDays === undefined ? {} : { workingDays: ask.workingDays }) };
  if (ask.kind === 'wait') return { ...base, rungs: [dueAt] };
  const rungs = ladderOfTask(ask.kind, ask.peremptory ?? false, terms).map(({ when }) => openingTime(workingDayFrom(calendar, due, when)));
  return { ...base, rungs: ask.peremptory ? [...rungs, dueAt] : rungs };
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

/** The working day so many working days after `date`, before it if negative. */
function workingDayFrom(calendar: Calendar, date: string, workingDays: number): string {
  const onward = workingDays < 0 ? previousWorkingDay : nextWorkingDay;
  let day = date;
  for (let n = 0; n < Math.abs(workingDays); n += 1) day = onward(calendar, day);
  return onOrNextWorkingDay(calendar, day);
}

/** When a rung that comes late may ring: at once on a working day, else when the next one opens. */
export function quietUntil(calendar: Calendar, today: string): Date | undefined {
  return isWorkingDay(calendar, today) ? undefined : openingTime(nextWorkingDay(calendar, today));
}

/**
 * The first rung that is still to ring at `now`: a reminder whose time has passed already is not sent, but the end of a period is never
 * passed over. Past the last rung nothing rings any more.
 */
export function firstRung(rungs: readonly Date[], codes: readonly RungCode[], now: Date): number {
  const at = rungs.findIndex((rung, no) => rung > now || codes[no] === 'expired');
  return at === -1 ? rungs.length : at;
}
