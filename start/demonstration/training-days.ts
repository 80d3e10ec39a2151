import { addDays, isWorkingDay, stateCouncilCalendar } from '../../workflows/domain/calendar/calendar.ts';

/** The first `count` working days from `from` on (civil dates), as a demonstration class is taught. */
export function trainingDays(from: string, count: number): string[] {
  const calendar = stateCouncilCalendar();
  const found: string[] = [];
  for (let day = from; found.length < count; day = addDays(day, 1)) if (isWorkingDay(calendar, day)) found.push(day);
  return found;
}
