/** The sheet of earlier benefits (历史享受记录补录): one benefit a row. Pure rules from what a spreadsheet reader found to benefits or errors at cells. */
import { isCivilDate } from '../calendar/calendar.ts';
import type { ErrorParams } from '../errors.ts';
import { birthDateOf, idProblem, isPersonName, normaliseNumber } from '../people/identity.ts';
import { parseYuan } from './money.ts';
import { type Cell, type SheetRow, tidyText } from '../formats/sheet.ts';

export const priorFields = ['name', 'idNumber', 'occupation', 'level', 'year', 'amount', 'institution', 'date'] as const;
export type PriorField = (typeof priorFields)[number];
type PriorColumn = { field: PriorField; zh: string; en: string; required: boolean; also: readonly string[] };

/** Columns are known by their headings, in any order. A level may be left empty (专项能力), a date may be missing altogether. */
export const priorColumns: readonly PriorColumn[] = [
  { field: 'name', zh: '姓名', en: 'Name', required: true, also: ['学员姓名', 'full name'] },
  { field: 'idNumber', zh: '身份证号', en: 'ID number', required: true, also: ['身份证号码', '公民身份号码', '证件号码', '身份证', 'id'] },
  { field: 'occupation', zh: '职业', en: 'Occupation', required: true, also: ['职业工种', '工种', '培训职业', '职业名称'] },
  { field: 'level', zh: '等级', en: 'Level', required: true, also: ['技能等级', '级别', '职业等级'] },
  { field: 'year', zh: '享受年度', en: 'Year', required: true, also: ['年度', '年份', '补贴年度'] },
  { field: 'amount', zh: '金额', en: 'Amount', required: true, also: ['补贴金额', '享受金额', '金额元'] },
  { field: 'institution', zh: '培训机构', en: 'Institution', required: true, also: ['机构', '机构名称'] },
  { field: 'date', zh: '发放日期', en: 'Date', required: false, also: ['日期', '拨付日期', '享受日期', 'paid on'] },
];

/** `row` is the row of the sheet; without `level` it was a single ability. */
export type PriorRow = {
  row: number;
  name: string;
  idNumber: string;
  birthDate: string;
  occupation: string;
  level: number | undefined;
  year: number;
  amountFen: number;
  institution: string;
  date: string | undefined;
};
/** `row` and `column` as in the sheet, 1-based. `code` is a key under `errors.`; its params never hold the content of a cell. */
export type PriorError = { row: number; column: number; field: PriorField | 'sheet'; code: string; params: ErrorParams };

const HEADER_WITHIN = 10;
const SAFE_DIGITS = 15;
const FIRST_YEAR = 2000;

const headings = new Map(
  priorColumns.flatMap((column) =>
    [column.zh, column.en, ...column.also].map((word): [string, PriorField] => [headingForm(word), column.field]),
  ),
);

function headingForm(text: string): string {
  return tidyText(text)
    .replace(/\(.*?\)|[*:/\s]/g, '')
    .toLowerCase();
}

type Columns = Map<PriorField, number>;

/** Reads a sheet. The benefits are complete only if `errors` is empty; a cell has at most one error, in the order of the sheet. */
export function parsePriorBenefits(rows: readonly SheetRow[], today: string): { benefits: PriorRow[]; errors: PriorError[] } {
  const header = findHeader(rows);
  if ('errors' in header) return { benefits: [], errors: header.errors };
  const data = rows
    .slice(header.index + 1)
    .filter((row) => [...header.columns.values()].some((at) => tidyText(row.cells[at]?.text ?? '') !== ''));
  if (data.length === 0) return { benefits: [], errors: [whole(header.row, 'prior.empty')] };
  const drafts = data.map((row) => readRow(row, header.columns, today));
  const errors = [...drafts.flatMap((draft) => draft.errors), ...contradictions(drafts, header.columns)];
  errors.sort((a, b) => a.row - b.row || a.column - b.column);
  return { benefits: drafts.flatMap(({ benefit }) => (benefit ? [benefit] : [])), errors };
}

function findHeader(rows: readonly SheetRow[]): { index: number; row: number; columns: Columns } | { errors: PriorError[] } {
  let best: { index: number; row: number; columns: Columns } | undefined;
  for (const [index, row] of rows.slice(0, HEADER_WITHIN).entries()) {
    const columns: Columns = new Map();
    for (const [at, cell] of row.cells.entries()) {
      const field = cell && headings.get(headingForm(cell.text));
      if (field && !columns.has(field)) columns.set(field, at);
    }
    if (columns.size > (best?.columns.size ?? 1)) best = { index, row: row.number, columns };
  }
  if (!best) return { errors: [whole(rows[0]?.number ?? 1, 'prior.headerMissing')] };
  const { row, columns } = best;
  const missing = priorColumns.filter((column) => column.required && !columns.has(column.field));
  return missing.length > 0 ? { errors: missing.map(({ zh, en }) => whole(row, 'roster.columnMissing', { zh, en })) } : best;
}

type Draft = { row: number; name: string; idNumber: string; benefit: PriorRow | undefined; errors: PriorError[] };

function readRow(row: SheetRow, columns: Columns, today: string): Draft {
  const values = {} as Record<PriorField, string>;
  const errors: PriorError[] = [];
  for (const field of priorFields) {
    const column = columns.get(field);
    const cell = column === undefined ? undefined : row.cells[column];
    values[field] = valueOf(field, cell);
    const code = storageProblem(field, cell) ?? fieldProblem(field, values[field], today);
    if (code)
      errors.push({ row: row.number, column: (column ?? 0) + 1, field, code, params: code === 'prior.year' ? { first: FIRST_YEAR } : {} });
  }
  const { name, idNumber } = values;
  const benefit: PriorRow = {
    row: row.number,
    name,
    idNumber,
    birthDate: birthDateOf(idNumber),
    occupation: values.occupation,
    level: levelOf(values.level) ?? undefined,
    year: Number(values.year),
    amountFen: parseYuan(values.amount) ?? 0,
    institution: values.institution,
    date: dateOf(values.date) || undefined,
  };
  return { row: row.number, name, idNumber, benefit: errors.length > 0 ? undefined : benefit, errors };
}

function valueOf(field: PriorField, cell: Cell | undefined): string {
  const text = cell?.text ?? '';
  if (field === 'idNumber') return normaliseNumber(text);
  const tidy = tidyText(text);
  // Names are often spaced out to line up, and typed with any of several dots.
  return field === 'name' && /\p{Script=Han}/u.test(tidy) ? tidy.replace(/\s/g, '').replace(/[••‧・.∙⋅]/g, '·') : tidy;
}

function storageProblem(field: PriorField, cell: Cell | undefined): string | undefined {
  if (!cell) return undefined;
  if (cell.formula) return 'roster.formula';
  if (cell.from === 'error') return 'roster.cellError';
  if (field !== 'idNumber') return undefined;
  if (cell.from === 'date') return 'roster.readAsDate';
  const rounded =
    /^\d(\.\d+)?E\+?\d+$/i.test(tidyText(cell.text)) || (cell.from === 'number' && cell.text.replace(/\D/g, '').length > SAFE_DIGITS);
  return rounded ? 'roster.readAsNumber' : undefined;
}

function fieldProblem(field: PriorField, value: string, today: string): string | undefined {
  if (value === '' && field !== 'level' && field !== 'date') return 'required';
  switch (field) {
    case 'name':
      return isPersonName(value) && [...value].length <= 40 ? undefined : 'roster.nameCharacters';
    case 'idNumber':
      return idProblem(value, today);
    case 'level':
      return levelOf(value) === undefined ? 'prior.level' : undefined;
    case 'year':
      return /^\d{4}$/.test(value) && Number(value) >= FIRST_YEAR && value <= today.slice(0, 4) ? undefined : 'prior.year';
    case 'amount':
      return parseYuan(value) === undefined ? 'prior.amount' : undefined;
    case 'date': {
      const date = dateOf(value);
      return date === '' || (isCivilDate(date) && date <= today) ? undefined : 'prior.date';
    }
    default:
      return [...value].length <= 60 ? undefined : 'prior.tooLong';
  }
}

const levelNames = [
  ['一', '高级技师'],
  ['二', '技师'],
  ['三', '高级工'],
  ['四', '中级工'],
  ['五', '初级工'],
] as const;
const levelWords = new Map<string, number | null>([
  ...['', '-', '—', '无', '无等级', '不分等级', '专项', '专项能力'].map((word): [string, null] => [word, null]),
  ...levelNames.flatMap(([numeral, title], at) =>
    [`${at + 1}`, `${at + 1}级`, `${numeral}级`, title, `${numeral}级${title}`].map((word): [string, number] => [word, at + 1]),
  ),
]);

/** 5 = junior worker … 1 = senior technician; null: none; undefined: no level that anybody knows. */
function levelOf(text: string): number | null | undefined {
  return levelWords.get(text.replace(/[()/\s·]/g, ''));
}

/** 2024-5-1, 2024/05/01, 2024.5.1, 2024年5月1日, 20240501 → 2024-05-01; anything else stays and is no date. */
function dateOf(text: string): string {
  const [, year, month, day] = /^(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?)$/.exec(text) ?? /^(\d{4})(\d{2})(\d{2})$/.exec(text) ?? [];
  return year && month && day ? `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}` : text;
}

/** One number under two names, and a row that says again what another one says. */
function contradictions(drafts: readonly Draft[], columns: Columns): PriorError[] {
  const names = new Map<string, Draft>();
  const seen = new Map<string, number>();
  const errors: PriorError[] = [];
  for (const draft of drafts) {
    if (draft.errors.length > 0) continue;
    const first = names.get(draft.idNumber);
    const place = (field: PriorField) => ({ row: draft.row, column: (columns.get(field) ?? 0) + 1, field });
    if (first && first.name !== draft.name) errors.push({ ...place('name'), code: 'prior.twoNames', params: { row: first.row } });
    names.set(draft.idNumber, first ?? draft);
    const said = JSON.stringify({ ...draft.benefit, row: 0 });
    const other = seen.get(said);
    if (other !== undefined) errors.push({ ...place('idNumber'), code: 'prior.sameRow', params: { row: other } });
    else seen.set(said, draft.row);
  }
  return errors;
}

function whole(row: number, code: string, params: ErrorParams = {}): PriorError {
  return { row, column: 1, field: 'sheet', code, params };
}
