/** The attendance sheet: one row a trainee, one column a session, 到 or 缺 (1 or 0). */
import { InputError, type Issue } from '../../workflows/domain/errors.ts';
import type { Half } from '../../workflows/domain/classes/timetable.ts';
import { writeCsv } from './csv.ts';
import { nameHeading, readSeatList, seatHeading, type Seated } from './seat-list.ts';
import { writeXlsx } from './xlsx-writer.ts';

export type SheetSession = { id: string; day: string; half: Half };
/** `marks`: true, false or nothing yet, in the order of the sessions. */
export type SheetTrainee = Seated & { marks: (boolean | null)[] };
type FoundMark = { enrolmentId: string; sessionId: string; present: boolean; field: string };

const halves: Record<Half, string> = { morning: '上午', afternoon: '下午', evening: '晚上' };
const words = new Map([
  ...['到', '到课', '出勤', '是', '1', '√', '✓'].map((word): [string, boolean] => [word, true]),
  ...['缺', '缺课', '缺勤', '否', '0', '×', '✗'].map((word): [string, boolean] => [word, false]),
]);

function headingOf(session: SheetSession): string {
  return `${session.day} ${halves[session.half]}`;
}

function rowsOf(sessions: readonly SheetSession[], trainees: readonly SheetTrainee[]): string[][] {
  const wordOf = (mark: boolean | null | undefined): string => (mark === true ? '到' : mark === false ? '缺' : '');
  return [
    [seatHeading, nameHeading, ...sessions.map(headingOf)],
    ...trainees.map((trainee) => [String(trainee.seat), trainee.name, ...sessions.map((_, at) => wordOf(trainee.marks[at]))]),
  ];
}

/** The sheet to fill in, with the marks that are there already. */
export async function attendanceTemplate(
  sessions: readonly SheetSession[],
  trainees: readonly SheetTrainee[],
  format: 'xlsx' | 'csv',
): Promise<Buffer> {
  const rows = rowsOf(sessions, trainees);
  return format === 'csv' ? writeCsv(rows) : writeXlsx([{ name: '考勤', rows, widths: [6, 12, ...sessions.map(() => 15)] }]);
}

/** Reads a filled sheet; blank cells say nothing. Throws InputError with every wrong cell. */
export async function readAttendanceFile(
  file: { name: string; content: Buffer },
  sessions: readonly SheetSession[],
  trainees: readonly SheetTrainee[],
): Promise<FoundMark[]> {
  const byHeading = new Map(sessions.map((session) => [headingOf(session), session]));
  const list = await readSeatList(file, trainees, { known: (text) => (byHeading.has(text) ? text : undefined), required: [] });
  const marks: FoundMark[] = [];
  const issues: Issue[] = [];
  for (const { trainee, cell, at } of list.rows) {
    for (const heading of list.headings) {
      const session = byHeading.get(heading);
      const text = cell(heading);
      if (!session || text === '') continue;
      const present = words.get(text);
      if (present === undefined) issues.push({ field: at(heading), code: 'attendance.mark' });
      else marks.push({ enrolmentId: trainee.id, sessionId: session.id, present, field: at(heading) });
    }
  }
  if (issues.length > 0) throw new InputError(issues);
  return marks;
}
