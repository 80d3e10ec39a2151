/** The sheet of results: scores and certificate of each trainee. */
import { InputError, type Issue } from '../../workflows/domain/errors.ts';
import { isCivilDate } from '../../workflows/domain/calendar/calendar.ts';
import type { PlacedResult, ResultField } from '../training/results.ts';
import { writeCsv } from './csv.ts';
import { nameHeading, readSeatList, seatHeading, type Seated } from './seat-list.ts';
import { writeXlsx } from './xlsx-writer.ts';

export type ResultLine = Seated & {
  theoryScore: number | null;
  practiceScore: number | null;
  passed: boolean | null;
  certificateNumber: string | null;
  certificateDate: string | null;
};

const headings: Record<Exclude<ResultField, 'enrolmentId'>, string> = {
  theoryScore: '理论成绩',
  practiceScore: '实操成绩',
  passed: '是否合格',
  certificateNumber: '证书编号',
  certificateDate: '发证日期',
};
const order = ['theoryScore', 'practiceScore', 'passed', 'certificateNumber', 'certificateDate'] as const;
const passedWords = new Map([
  ...['合格', '是', '通过', '1'].map((word): [string, boolean] => [word, true]),
  ...['不合格', '否', '未通过', '0'].map((word): [string, boolean] => [word, false]),
]);

/** The sheet to fill in, with what is there already. */
export async function resultTemplate(lines: readonly ResultLine[], format: 'xlsx' | 'csv'): Promise<Buffer> {
  const text = (value: number | string | null): string => (value === null ? '' : String(value));
  const rows = [
    [seatHeading, nameHeading, ...order.map((field) => headings[field])],
    ...lines.map((line) => [
      String(line.seat),
      line.name,
      text(line.theoryScore),
      text(line.practiceScore),
      line.passed === null ? '' : line.passed ? '合格' : '不合格',
      text(line.certificateNumber),
      text(line.certificateDate),
    ]),
  ];
  return format === 'csv' ? writeCsv(rows) : writeXlsx([{ name: '成绩', rows, widths: [6, 12, 10, 10, 10, 26, 14] }]);
}

/** Reads a filled sheet. Rows with nothing but seat and name are left out. Throws InputError with every wrong cell. */
export async function readResultFile(file: { name: string; content: Buffer }, lines: readonly ResultLine[]): Promise<PlacedResult[]> {
  const known = new Set(Object.values(headings));
  const list = await readSeatList(file, lines, {
    known: (text) => (known.has(text) ? text : undefined),
    required: Object.values(headings),
  });
  const issues: Issue[] = [];
  const results = list.rows.flatMap(({ trainee, cell, at }): PlacedResult[] => {
    if (order.every((field) => cell(headings[field]) === '')) return [];
    const wrong = (field: keyof typeof headings, code: string): void => {
      issues.push({ field: at(headings[field]), code });
    };
    const score = (field: 'theoryScore' | 'practiceScore'): number => {
      const text = cell(headings[field]);
      if (text !== '' && /^\d{1,3}(\.\d+)?$/.test(text)) return Number(text);
      wrong(field, text === '' ? 'required' : 'results.score');
      return 0;
    };
    const passed = passedWords.get(cell(headings.passed));
    if (passed === undefined) wrong('passed', cell(headings.passed) === '' ? 'required' : 'results.passedWord');
    const date = cell(headings.certificateDate).replace(
      /^(\d{4})[/.年](\d{1,2})[/.月](\d{1,2})日?$/,
      (_, y: string, m: string, d: string) => `${y}-${m.padStart(2, '0')}-${d.padStart(2, '0')}`,
    );
    if (date !== '' && !isCivilDate(date)) wrong('certificateDate', 'date');
    return [
      {
        enrolmentId: trainee.id,
        theoryScore: score('theoryScore'),
        practiceScore: score('practiceScore'),
        passed: passed ?? false,
        certificateNumber: cell(headings.certificateNumber).toUpperCase() || undefined,
        certificateDate: date || undefined,
        fieldOf: (field) => at(field === 'enrolmentId' ? seatHeading : headings[field]),
      },
    ];
  });
  if (issues.length > 0) throw new InputError(issues);
  return results;
}
