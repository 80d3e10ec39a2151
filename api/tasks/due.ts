/** A deadline in words, colour and a bar that fills by working days. Words carry the state, colour repeats it. */
import type { InboxTimes, Urgency } from '../../db/views/inbox/inbox.ts';
import type { Calendars } from '../../db/calendar/calendar.ts';
import type { TaskPeriod } from '../../db/protocol/tasks.ts';
import { soonUntil } from '../../workflows/domain/calendar/board-times.ts';
import {
  addDays,
  type Calendar,
  endOfDay,
  nextWorkingDay,
  workingDayNumber,
  workingDaysBetween,
} from '../../workflows/domain/calendar/calendar.ts';
import type { Translate } from '../pages/i18n.ts';

/** What it is now: business time, its civil date, the calendar of the reader's region and those of all offices. */
export type Today = { now: Date; today: string; calendar: Calendar; calendars: Calendars };

export type DueView = {
  state: Urgency;
  words: string;
  /** `red`, `amber` or nothing: green is the bar's own colour. */
  tone: string;
  /** «第 n/m 个工作日». */
  detail: string;
  /** Filled part of the bar in steps of 5. */
  percent: number;
  /** Set where the words alone do not say the day. */
  dueDate: string | undefined;
  date: string | null;
  at: string | null;
  dayNumber: number | null;
  of: number | null;
  provisional: boolean;
};

/** Overdue is what ended; soon is what ends today or on the next working day. */
export function inboxTimes({ now, today, calendar }: Today): InboxTimes {
  return { now, soonUntil: soonUntil({ today, calendar }) };
}

export function dueView(task: TaskPeriod, at: Today, t: Translate): DueView {
  const { now, today } = at;
  const calendar = at.calendars.of(task.office);
  const base = { date: task.due_date, at: task.due_at?.toISOString() ?? null, provisional: task.provisional };
  if (task.due_date === null || task.due_at === null) {
    return { ...base, state: 'none', words: '', tone: '', detail: '', percent: 0, dueDate: undefined, dayNumber: null, of: null };
  }
  const of = task.working_days;
  const day = of === null ? null : task.days_used + workingDayNumber(calendar, task.from_date, today);
  const { state, words, tone } = stateOf({ due_date: task.due_date, due_at: task.due_at }, calendar, at, t);
  // The day of receipt is none of the days counted: the date itself says more than "day 0".
  const counting = day === null || of === null || day < 1 || state === 'overdue' ? '' : t('tasks.due.day', { day, of });
  const filled = state === 'overdue' ? 1 : day !== null && of ? day / of : elapsed(task, now);
  return {
    ...base,
    state,
    words,
    tone,
    detail: task.provisional ? [counting, t('tasks.due.provisional')].filter(Boolean).join(' · ') : counting,
    percent: Math.round(Math.min(1, Math.max(0, filled)) * 20) * 5,
    dueDate: counting === '' ? task.due_date : undefined,
    dayNumber: day,
    of,
  };
}

function stateOf(
  due: { due_date: string; due_at: Date },
  calendar: Calendar,
  { now, today, calendar: readers }: Today,
  t: Translate,
): { state: Urgency; words: string; tone: string } {
  if (due.due_at <= now) {
    const late = workingDaysBetween(calendar, due.due_date, today);
    return { state: 'overdue', words: late > 0 ? t('tasks.due.overdue', { count: late }) : t('tasks.due.justOverdue'), tone: 'red' };
  }
  if (due.due_date <= today) return { state: 'soon', words: t('tasks.due.today'), tone: 'amber' };
  // The groups of a list are cut by the days of its reader, whose office may be open while another is closed.
  const [state, tone]: [Urgency, string] = due.due_date <= nextWorkingDay(readers, today) ? ['soon', 'amber'] : ['later', ''];
  if (due.due_date <= nextWorkingDay(calendar, today))
    return { state, words: t(due.due_date === addDays(today, 1) ? 'tasks.due.tomorrow' : 'tasks.due.nextWorkingDay'), tone };
  return { state, words: t('tasks.due.left', { count: workingDaysBetween(calendar, today, due.due_date) }), tone };
}

function elapsed(task: TaskPeriod, now: Date): number {
  const from = endOfDay(task.from_date).getTime();
  const to = task.due_at?.getTime() ?? from;
  return to > from ? (now.getTime() - from) / (to - from) : 0;
}
