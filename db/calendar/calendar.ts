/** The working-day calendar in force: State Council days, years loaded later, local closures. */
import { builtInYears, type Calendar, type Closure, stateCouncilCalendar } from '../../workflows/domain/calendar.ts';
import type { Db } from '../client.ts';

let cached: { key: string; calendar: Calendar } | undefined;

/** The calendar; `key` (from a locked procedure) saves the reading while nothing changed. */
export async function readCalendar(db: Db, key?: string): Promise<Calendar> {
  if (key !== undefined && cached?.key === key) return cached.calendar;
  const calendar = await readCalendarWith(db, []);
  if (key !== undefined) cached = { key, calendar };
  return calendar;
}

/** The calendar as it would be with these days entered. */
export async function readCalendarWith(db: Db, more: readonly Closure[]): Promise<Calendar> {
  const days = await db('calendar_days').select<{ day: string; kind: 'off' | 'work' }[]>('day', 'kind').orderBy('day');
  const years = await db('calendar_years').select<{ year: number }[]>('year').orderBy('year');
  return stateCouncilCalendar(
    [...days.map((row) => ({ date: row.day, kind: row.kind })), ...more],
    years.map((row) => row.year),
  );
}

/** What the administrator sees: years with their notice, and the days entered here. */
export async function listCalendar(
  db: Db,
): Promise<{ years: { year: number; source: string }[]; builtIn: number[]; closures: { date: string; kind: string; note: string }[] }> {
  const years = await db('calendar_years').orderBy('year').select('year', 'source');
  const days = await db('calendar_days').orderBy('day').select('day', 'kind', 'note');
  return { years, builtIn: [...builtInYears], closures: days.map((row) => ({ date: row.day, kind: row.kind, note: row.note })) };
}
