import type { ErrorParams } from '../errors.ts';
import { type GroupCode, groupByWord } from '../policy/groups.ts';
import {
  ageById,
  birthDateOf,
  idProblem,
  isCardNumber,
  isMobilePhone,
  isPersonName,
  normaliseNumber,
  plainPhone,
  sexOf,
} from '../people/identity.ts';
import { findPersonalNumber } from '../people/personal-numbers.ts';
import type { AgeBounds } from '../policy/policy.ts';
import { type Cell, type SheetRow, tidyText } from '../formats/sheet.ts';

/** The roster (花名册) of a training class: one trainee a row. Pure rules from what a spreadsheet reader found to trainees or errors at cells. */
export const rosterFields = ['name', 'idNumber', 'phone', 'group', 'bank', 'account', 'remark'] as const;
export type RosterField = (typeof rosterFields)[number];

export type RosterColumn = { field: RosterField; zh: string; en: string; required: boolean; also: readonly string[] };

/** Columns are known by their headings, in any order; further columns are left alone. */
export const rosterColumns: readonly RosterColumn[] = [
  { field: 'name', zh: '姓名', en: 'Name', required: true, also: ['学员姓名', 'full name', 'trainee'] },
  {
    field: 'idNumber',
    zh: '身份证号',
    en: 'ID number',
    required: true,
    also: [
      '身份证号码',
      '公民身份号码',
      '公民身份证号码',
      '居民身份证号',
      '身份证',
      '证件号码',
      'id',
      'id no',
      'id no.',
      'identity number',
    ],
  },
  {
    field: 'phone',
    zh: '手机号',
    en: 'Phone',
    required: true,
    also: ['手机号码', '联系电话', '手机', '电话', '联系方式', 'mobile', 'mobile phone', 'phone number'],
  },
  {
    field: 'group',
    zh: '人员类别',
    en: 'Group',
    required: true,
    also: ['人员类型', '类别', '补贴人员类别', '学员类别', 'person group', 'category'],
  },
  { field: 'bank', zh: '开户行', en: 'Bank', required: false, also: ['开户银行', '银行', '银行名称', 'bank name'] },
  {
    field: 'account',
    zh: '社保卡/银行账号',
    en: 'Account',
    required: true,
    also: [
      '银行账号',
      '社保卡账号',
      '银行卡号',
      '社保卡银行账号',
      '社会保障卡银行账号',
      '社保卡金融账号',
      '账号',
      '银行账户',
      '卡号',
      'account number',
      'bank account',
      'card number',
    ],
  },
  { field: 'remark', zh: '备注', en: 'Remark', required: false, also: ['说明', 'remarks', 'note', 'notes'] },
];

/** A trainee as the roster gives one; numbers normalised, `row` the row of the sheet. */
export type RosterRow = {
  row: number;
  name: string;
  idNumber: string;
  birthDate: string;
  phone: string;
  group: GroupCode;
  bank: string;
  account: string;
  remark: string;
};

/** `row` and `column` as in the sheet, 1-based. `code` is a key under `errors.`; its params never hold the content of a cell. */
export type RosterError = { row: number; column: number; field: RosterField | 'roster'; code: string; params: ErrorParams };

export type RosterRules = {
  /** Civil date of the upload. */
  today: string;
  /** First day of the class: ages count on it. */
  startDate: string;
  /** In full years; `min` inclusive, `maleBelow` and `femaleBelow` exclusive. */
  ageBounds: AgeBounds;
  maxTrainees: number;
  /** How many trainees may give the same phone number (a family may); 3 where nothing is said. */
  maxPerPhone?: number;
};

/** The header row may stand below a title: it is looked for in so many rows. */
const HEADER_WITHIN = 10;
/** Excel keeps 15 digits of a number; a longer code that was stored as one is damaged. */
const SAFE_DIGITS = 15;
const MAX_TEXT = 200;

/**
 * Reads a roster. The trainees are complete only if `errors` is empty. Errors come in the order of the sheet; a cell has at most one.
 * More rows than `maxTrainees` is one error, and then no row is looked at.
 */
export function parseRoster(rows: readonly SheetRow[], rules: RosterRules): { trainees: RosterRow[]; errors: RosterError[] } {
  const header = findHeader(rows);
  if ('errors' in header) return { trainees: [], errors: header.errors };
  const data = rows.slice(header.index + 1).filter((row) => hasContent(row, header.columns));
  if (data.length === 0) return { trainees: [], errors: [wholeError(header.row, 'roster.empty')] };
  if (data.length > rules.maxTrainees) {
    return { trainees: [], errors: [wholeError(header.row, 'roster.tooManyRows', { rows: data.length, max: rules.maxTrainees })] };
  }

  const drafts = data.map((row) => readRow(row, header.columns, rules));
  const errors = [
    ...drafts.flatMap((draft) => draft.errors),
    ...sameId(drafts, header.columns),
    ...samePhone(drafts, header.columns, rules.maxPerPhone ?? 3),
  ];
  errors.sort((a, b) => a.row - b.row || a.column - b.column);
  return { trainees: drafts.flatMap((draft) => toTrainee(draft)), errors };
}

/** The row numbers of those who are checked among others begin here: no seat is as high. */
const GIVEN = 100_000;

/**
 * Checks people who are to stand on a roster beside `others`, by the same rules as a sheet. Errors are about the given alone: `row` counts them
 * from 0; where one names another row, that is the seat (`row` of `others`). `field` is `roster` where they would be too many.
 */
export function checkAmong(
  others: readonly RosterRow[],
  given: readonly Readonly<Record<RosterField, string>>[],
  rules: RosterRules,
): { trainees: RosterRow[]; errors: RosterError[] } {
  const sheetRow = (number: number, value: (field: RosterField) => string): SheetRow => ({
    number,
    cells: rosterColumns.map(({ field }) => ({ text: value(field), from: 'text', formula: false })),
  });
  const { trainees, errors } = parseRoster(
    [
      { number: 0, cells: rosterColumns.map(({ zh }) => ({ text: zh, from: 'text', formula: false })) },
      ...others.map((other) => sheetRow(other.row, (field) => other[field])),
      ...given.map((one, at) => sheetRow(GIVEN + at, (field) => one[field])),
    ],
    rules,
  );
  const placed = <T extends { row: number }>(found: readonly T[]): T[] =>
    found.filter(({ row }) => row >= GIVEN).map((one) => ({ ...one, row: one.row - GIVEN }));
  return {
    trainees: placed(trainees),
    errors: [...errors.filter((error) => error.field === 'roster').map((error) => ({ ...error, row: 0 })), ...placed(errors)],
  };
}

/** The number of the row that holds the headings, or undefined. */
export function headerRowOf(rows: readonly SheetRow[]): number | undefined {
  return bestHeader(rows)?.row.number;
}

type Columns = Map<RosterField, number>;
type Header = { index: number; row: number; columns: Columns } | { errors: RosterError[] };

function bestHeader(rows: readonly SheetRow[]): { index: number; row: SheetRow; columns: Columns; twice: RosterError[] } | undefined {
  let best: ReturnType<typeof bestHeader>;
  for (const [index, row] of rows.slice(0, HEADER_WITHIN).entries()) {
    const { columns, twice } = readHeadings(row);
    if (columns.size > (best?.columns.size ?? 1)) best = { index, row, columns, twice };
  }
  return best;
}

function findHeader(rows: readonly SheetRow[]): Header {
  const best = bestHeader(rows);
  if (!best) return { errors: [wholeError(rows[0]?.number ?? 1, 'roster.headerMissing')] };
  const { columns, row } = best;
  const missing = rosterColumns
    .filter((column) => column.required && !columns.has(column.field))
    .map((column) => ({ ...wholeError(row.number, 'roster.columnMissing', { zh: column.zh, en: column.en }), field: column.field }));
  const errors = [...missing, ...best.twice];
  return errors.length > 0 ? { errors } : { index: best.index, row: row.number, columns };
}

const headings = new Map(
  rosterColumns.flatMap((column) =>
    [column.zh, column.en, ...column.also].map((word): [string, RosterField] => [headingForm(word), column.field]),
  ),
);

/** A heading without blanks, marks of obligation and what stands in brackets: '*手机号 (必填)' → '手机号'. */
function headingForm(text: string): string {
  return tidyText(text)
    .replace(/\(.*?\)|[*:\s]/g, '')
    .toLowerCase();
}

function readHeadings(row: SheetRow): { columns: Columns; twice: RosterError[] } {
  const columns: Columns = new Map();
  const twice: RosterError[] = [];
  for (const [index, cell] of row.cells.entries()) {
    const field = cell && headings.get(headingForm(cell.text));
    if (!field) continue;
    if (columns.has(field)) twice.push({ row: row.number, column: index + 1, field, code: 'roster.columnTwice', params: {} });
    else columns.set(field, index);
  }
  return { columns, twice };
}

function hasContent(row: SheetRow, columns: Columns): boolean {
  return [...columns.values()].some((column) => tidyText(row.cells[column]?.text ?? '') !== '');
}

type Draft = { row: number; values: Partial<Record<RosterField, string>>; group: GroupCode | undefined; errors: RosterError[] };

function readRow(row: SheetRow, columns: Columns, rules: RosterRules): Draft {
  const draft: Draft = { row: row.number, values: {}, group: undefined, errors: [] };
  for (const [field, column] of columns) {
    const cell = row.cells[column];
    const value = valueOf(field, cell);
    const problem = cell?.formula ? { code: 'roster.formula' } : (storageProblem(field, cell) ?? fieldProblem(field, value, rules));
    if (problem) draft.errors.push({ row: row.number, column: column + 1, field, code: problem.code, params: problem.params ?? {} });
    else draft.values[field] = value;
  }
  if (draft.values.group !== undefined) draft.group = groupByWord(draft.values.group)?.code;
  return draft;
}

function valueOf(field: RosterField, cell: Cell | undefined): string {
  const text = cell?.text ?? '';
  if (field === 'idNumber' || field === 'account') return normaliseNumber(text);
  if (field === 'phone') return plainPhone(text);
  const tidy = tidyText(text);
  // Names are often spaced out to line up (李　芳), and typed with any of several dots (阿卜杜·热合曼).
  return field === 'name' && /\p{Script=Han}/u.test(tidy) ? tidy.replace(/\s/g, '').replace(/[••‧・.∙⋅]/g, '·') : tidy;
}

type Problem = { code: string; params?: ErrorParams };

function storageProblem(field: RosterField, cell: Cell | undefined): Problem | undefined {
  if (!cell) return undefined;
  if (cell.from === 'error') return { code: 'roster.cellError' };
  if (field !== 'idNumber' && field !== 'account' && field !== 'phone') return undefined;
  if (cell.from === 'date') return { code: 'roster.readAsDate' };
  // 3.50104E+17 is what is left of an ID number in a CSV that went through Excel.
  const rounded =
    /^\d(\.\d+)?E\+?\d+$/i.test(tidyText(cell.text)) || (cell.from === 'number' && cell.text.replace(/\D/g, '').length > SAFE_DIGITS);
  return rounded ? { code: 'roster.readAsNumber' } : undefined;
}

function fieldProblem(field: RosterField, value: string, rules: RosterRules): Problem | undefined {
  const required = rosterColumns.find((column) => column.field === field)?.required;
  if (value === '') return required ? { code: `roster.${field}Missing` } : undefined;
  switch (field) {
    case 'name':
      return isPersonName(value) && [...value].length <= 40 ? undefined : { code: 'roster.nameCharacters' };
    case 'idNumber':
      return idNumberProblem(value, rules);
    case 'phone':
      return isMobilePhone(value) ? undefined : { code: 'roster.phone' };
    case 'group': {
      const group = groupByWord(value);
      if (!group) return { code: 'roster.group' };
      const inForce = group.from <= rules.startDate && (group.to === undefined || rules.startDate < group.to);
      return inForce ? undefined : { code: 'roster.groupNotInForce', params: { date: rules.startDate } };
    }
    case 'account':
      if (!/^\d{12,19}$/.test(value)) return { code: 'roster.accountLength' };
      return isCardNumber(value) ? undefined : { code: 'roster.accountCheckDigit' };
    default: {
      // Bank and remark are kept as they are written: a number that belongs into another column would lie open in them.
      const found = findPersonalNumber(value, rules.today);
      if (found) return { code: `personal.${found}` };
      return [...value].length <= MAX_TEXT ? undefined : { code: 'roster.tooLong', params: { max: MAX_TEXT } };
    }
  }
}

function idNumberProblem(value: string, { today, startDate, ageBounds }: RosterRules): Problem | undefined {
  const problem = idProblem(value, today);
  if (problem) return { code: problem };
  const age = ageById(value, startDate);
  const below = sexOf(value) === 'male' ? ageBounds.maleBelow : ageBounds.femaleBelow;
  if (age < ageBounds.min) return { code: 'eligibility.ageBelow', params: { age, min: ageBounds.min } };
  return age >= below ? { code: 'eligibility.ageAbove', params: { age, below } } : undefined;
}

/** The second and later rows with the same ID number, each naming the first. */
function sameId(drafts: Draft[], columns: Columns): RosterError[] {
  const first = new Map<string, number>();
  const errors: RosterError[] = [];
  for (const { row, values } of drafts) {
    if (values.idNumber === undefined) continue;
    const other = first.get(values.idNumber);
    if (other === undefined) first.set(values.idNumber, row);
    else
      errors.push({ row, column: (columns.get('idNumber') ?? 0) + 1, field: 'idNumber', code: 'roster.idTwice', params: { row: other } });
  }
  return errors;
}

/** Every row of a phone number that too many give: nobody but the institution can know which are right. */
function samePhone(drafts: Draft[], columns: Columns, max: number): RosterError[] {
  const rowsByPhone = new Map<string, number[]>();
  for (const { row, values } of drafts) {
    if (values.phone !== undefined) rowsByPhone.set(values.phone, [...(rowsByPhone.get(values.phone) ?? []), row]);
  }
  return [...rowsByPhone.values()]
    .filter((rows) => rows.length > max)
    .flatMap((rows) =>
      rows.map((row) => ({
        row,
        column: (columns.get('phone') ?? 0) + 1,
        field: 'phone' as const,
        code: 'roster.phoneShared',
        params: { times: rows.length, max },
      })),
    );
}

function toTrainee({ row, values, group, errors }: Draft): RosterRow[] {
  const { name, idNumber, phone, account } = values;
  if (errors.length > 0 || !name || !idNumber || !phone || !account || !group) return [];
  return [
    {
      row,
      name,
      idNumber,
      birthDate: birthDateOf(idNumber),
      phone,
      group,
      bank: values.bank ?? '',
      account,
      remark: values.remark ?? '',
    },
  ];
}

function wholeError(row: number, code: string, params: ErrorParams = {}): RosterError {
  return { row, column: 1, field: 'roster', code, params };
}
