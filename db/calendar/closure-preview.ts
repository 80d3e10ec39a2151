/** Which open deadlines a local closure would move, before anybody confirms it. */
import { type Closure, isCivilDate } from '../../workflows/domain/calendar.ts';
import { duePeriod } from '../../workflows/domain/deadlines.ts';
import { inputError } from '../../workflows/domain/errors.ts';
import type { TaskKind } from '../../workflows/domain/task-kinds.ts';
import type { Db } from '../client.ts';
import { readCalendarWith } from './calendar.ts';

export type PreviewedDeadline = {
  taskId: string;
  kind: TaskKind;
  step: string;
  role: string;
  title: string;
  before: string;
  after: string;
};
export type ClosurePreview = { count: number; earlier: number; first: PreviewedDeadline[] };

type Alike = {
  kind: TaskKind;
  peremptory: boolean;
  from_date: string;
  working_days: number | null;
  months: number | null;
  days_used: number;
  due_date: string;
};

/** Deadlines that are alike move alike: one computation serves all of them, however many tasks are open. */
const alike = ['kind', 'peremptory', 'from_date', 'working_days', 'months', 'days_used', 'due_date'] as const;
/** So many are named; all are counted. */
export const PREVIEWED = 100;

/** Counts every open deadline that the day would move and names the most urgent ones. Changes nothing. */
export async function previewClosure(db: Db, closure: Closure): Promise<ClosurePreview> {
  if (!isCivilDate(closure.date)) throw inputError('date', 'calendar.date');
  const calendar = await readCalendarWith(db, [closure]);
  const touched = () =>
    db('tasks')
      .where({ status: 'open' })
      .where('from_date', '<', closure.date)
      .where('due_date', '>=', closure.date)
      .where((query) => query.whereNotNull('working_days').orWhereNotNull('months'));
  const groups: (Alike & { count: string })[] = await touched()
    .groupBy(...alike)
    .select(...alike)
    .count('* as count');
  const moved = new Map<string, string>();
  let count = 0;
  let earlier = 0;
  for (const group of groups) {
    const after = afterwards(group);
    if (after === group.due_date) continue;
    moved.set(keyOf(group), after);
    count += Number(group.count);
    if (after < group.due_date) earlier += Number(group.count);
  }
  const first: PreviewedDeadline[] = [];
  for (let offset = 0; first.length < Math.min(PREVIEWED, count); offset += PAGE) {
    const rows: (Alike & { id: string; step: string; role: string; subject_title: string })[] = await touched()
      .orderBy(['due_date', 'id'])
      .select('id', 'step', 'role', 'subject_title', ...alike)
      .offset(offset)
      .limit(PAGE);
    if (rows.length === 0) break;
    for (const row of rows) {
      const after = moved.get(keyOf(row));
      if (after === undefined || first.length === PREVIEWED) continue;
      first.push({ taskId: row.id, kind: row.kind, step: row.step, role: row.role, title: row.subject_title, before: row.due_date, after });
    }
  }
  return { count, earlier, first };

  function afterwards(row: Alike): string {
    const ask = {
      kind: row.kind,
      peremptory: row.peremptory,
      ...(row.working_days === null ? {} : { workingDays: row.working_days }),
      ...(row.months === null ? {} : { months: row.months }),
    };
    return duePeriod(calendar, ask, row.from_date, row.days_used)?.due ?? row.due_date;
  }
}

const PAGE = 500;

function keyOf(row: Alike): string {
  return alike.map((column) => row[column]).join(' ');
}
