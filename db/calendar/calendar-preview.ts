/** Which open deadlines a change of the calendar would move, before anybody confirms it: a closure of a region, the withdrawal of one, the notice of a year. */
import type { LocalClosure } from '../../workflows/domain/calendar/calendar.ts';
import { duePeriod } from '../../workflows/domain/calendar/deadlines.ts';
import type { TaskKind } from '../../workflows/domain/task-kinds.ts';
import type { Db } from '../client.ts';
import { type Calendars, type NoticeDays, readCalendarsWith } from './calendar.ts';
import { clockTermsOf, type CountedTask } from './deadlines.ts';

type OfficeName = { office: string; officeZh: string; officeEn: string };
export type PreviewedDeadline = OfficeName & {
  taskId: string;
  kind: TaskKind;
  step: string;
  role: string;
  title: string;
  before: string;
  after: string;
  /** The new day lies in a year without official notice. */
  provisional: boolean;
};
/** `earlier` and `provisional` are of `count`; `offices` those whose deadlines move, the most first. */
export type CalendarPreview = {
  count: number;
  earlier: number;
  provisional: number;
  offices: (OfficeName & { count: number })[];
  first: PreviewedDeadline[];
};

/** Deadlines that are alike move alike: one computation serves all of them, however many tasks are open. */
const alike = ['office', 'kind', 'peremptory', 'from_date', 'working_days', 'months', 'days_used', 'due_date'] as const;
/** So many are named; all are counted. */
export const PREVIEWED = 100;
const PAGE = 500;

/** A closure that is to be entered, or one on record (with its id) that is to be withdrawn. */
export type ClosureChange = { closure: LocalClosure; path: string; withdrawn?: string };

/** Counts every open deadline that the change would move and names the most urgent ones. Changes nothing. */
export async function previewClosure(db: Db, { closure, path, withdrawn }: ClosureChange): Promise<CalendarPreview> {
  const calendars = await readCalendarsWith(db, withdrawn === undefined ? { entered: closure } : { withdrawn });
  return previewDays(db, calendars, { ...closure, path });
}

/** The same of the notice of a year, for every office of the country. */
export async function previewYearNotice(db: Db, notice: NoticeDays): Promise<CalendarPreview> {
  const dates = [`${notice.year}-01-01`, `${notice.year}-12-31`, ...notice.days.map((day) => day.date)].sort();
  return previewDays(db, await readCalendarsWith(db, { notice }), { firstDay: dates[0] ?? '', lastDay: dates.at(-1) ?? '' });
}

/** `path`: of the region whose offices alone are touched. */
async function previewDays(
  db: Db,
  calendars: Calendars,
  { firstDay, lastDay, path }: { firstDay: string; lastDay: string; path?: string },
): Promise<CalendarPreview> {
  const touched = () =>
    db('tasks as t')
      .where({ 't.status': 'open' })
      .where((all) => (path === undefined ? all : all.whereRaw(`(t.office_path = ? or t.office_path like ? || '/%')`, [path, path])))
      .where('t.from_date', '<', lastDay)
      .where('t.due_date', '>=', firstDay)
      .where((query) => query.whereNotNull('t.working_days').orWhereNotNull('t.months'));
  const groups: (CountedTask & { count: string })[] = await touched()
    .groupBy(...alike)
    .select(...alike)
    .count('* as count');
  const moved = new Map<string, { after: string; provisional: boolean }>();
  const byOffice = new Map<string, number>();
  let [count, earlier, provisional] = [0, 0, 0];
  for (const group of groups) {
    const due = afterwards(group);
    if (due.after === group.due_date) continue;
    const size = Number(group.count);
    moved.set(keyOf(group), due);
    byOffice.set(group.office, (byOffice.get(group.office) ?? 0) + size);
    count += size;
    if (due.after < group.due_date) earlier += size;
    if (due.provisional) provisional += size;
  }
  const names = await nameOffices(db, [...byOffice.keys()]);
  const first: PreviewedDeadline[] = [];
  for (let offset = 0; first.length < Math.min(PREVIEWED, count); offset += PAGE) {
    const rows: (CountedTask & { id: string; step: string; role: string; subject_title: string })[] = await touched()
      .orderBy(['t.due_date', 't.id'])
      .select('t.id', 't.step', 't.role', 't.subject_title', ...alike)
      .offset(offset)
      .limit(PAGE);
    if (rows.length === 0) break;
    for (const row of rows) {
      const due = moved.get(keyOf(row));
      if (due === undefined || first.length === PREVIEWED) continue;
      const { id: taskId, kind, step, role, subject_title: title, due_date: before } = row;
      first.push({ taskId, kind, step, role, title, before, ...due, ...named(row.office) });
    }
  }
  const offices = [...byOffice].map(([office, size]) => ({ ...named(office), count: size }));
  offices.sort((a, b) => b.count - a.count || (a.office < b.office ? -1 : 1));
  return { count, earlier, provisional, offices, first };

  function afterwards(row: CountedTask): { after: string; provisional: boolean } {
    const due = duePeriod(calendars.of(row.office), clockTermsOf(row), row.from_date, row.days_used);
    return { after: due?.due ?? row.due_date, provisional: due?.provisional ?? false };
  }

  function named(office: string): OfficeName {
    return names.get(office) ?? { office, officeZh: office, officeEn: office };
  }
}

async function nameOffices(db: Db, codes: readonly string[]): Promise<Map<string, OfficeName>> {
  const rows: OfficeName[] = await db('regions')
    .whereIn('code', codes)
    .select({ office: 'code', officeZh: 'name_zh', officeEn: 'name_en' });
  return new Map(rows.map((row) => [row.office, row]));
}

function keyOf(row: CountedTask): string {
  return alike.map((column) => row[column]).join(' ');
}
