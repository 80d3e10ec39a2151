import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeCard, makeId } from '../../workflows/domain/people/identity.ts';
import { parseRoster, type RosterRules } from '../../workflows/domain/roster/roster.ts';
import type { Cell, SheetRow } from '../../workflows/domain/formats/sheet.ts';

const rules: RosterRules = {
  today: '2026-03-02',
  startDate: '2026-03-16',
  ageBounds: { min: 16, maleBelow: 60, femaleBelow: 55 },
  maxTrainees: 500,
};
const header = ['姓名', '身份证号', '手机号', '人员类别', '开户行', '银行账号', '备注'];
const idOf = (serial: number, birth = '1990-03-07') => makeId({ region: '350104', birth, serial });

type Given = string | Partial<Cell>;
function sheet(...rows: Given[][]): SheetRow[] {
  return rows.map((cells, index) => ({
    number: index + 1,
    cells: cells.map((cell) => {
      const given = typeof cell === 'string' ? { text: cell } : cell;
      return given.text === '' ? undefined : { text: '', from: 'text', formula: false, ...given };
    }),
  }));
}
function person(serial: number, change: Partial<Record<number, Given>> = {}): Given[] {
  const cells: Given[] = ['张三丰', idOf(serial), `138${String(10_000_000 + serial)}`, '农民工', '农业银行', makeCard({ serial }), ''];
  return cells.map((cell, index) => change[index] ?? cell);
}
const codes = (...rows: Given[][]) =>
  parseRoster(sheet(header, ...rows), rules).errors.map((error) => [error.row, error.column, error.code]);

test('[F36] a clean row becomes a trainee, with full-width digits, blanks and country code put right', () => {
  const row = person(11, {
    0: ' 李　芳 ',
    1: '３５０１０４ 19900307 0112'.replace(/0112$/, idOf(11).slice(-4)),
    2: '+86 138-1000-0011',
    3: ' 农民工 ',
  });
  const { trainees, errors } = parseRoster(sheet(header, row), rules);
  expect(errors).toEqual([]);
  expect(trainees).toEqual([
    {
      row: 2,
      name: '李芳',
      idNumber: idOf(11),
      birthDate: '1990-03-07',
      phone: '13810000011',
      group: 'rural_migrant',
      bank: '农业银行',
      account: makeCard({ serial: 11 }),
      remark: '',
    },
  ]);
});

test('[F36] headings are known in both languages, in any order, under a title, with marks of obligation', () => {
  const title = ['初级电工班花名册'];
  const rows = sheet(
    title,
    [],
    ['序号', 'Account *', '手机号码（必填）', 'Person group', 'ID No.', '学员姓名'],
    ['1', makeCard({ serial: 1 }), '13810000001', 'Veteran', idOf(1), 'Anna Li'],
  );
  const { trainees, errors } = parseRoster(rows, rules);
  expect(errors).toEqual([]);
  expect(trainees[0]).toMatchObject({ row: 4, name: 'Anna Li', group: 'veteran', bank: '' });
});

test('[F36] a missing header, a missing column, a column twice and an empty roster are said at the header', () => {
  expect(parseRoster(sheet(['a', 'b'], person(1)), rules).errors).toMatchObject([
    { row: 1, column: 1, field: 'roster', code: 'roster.headerMissing' },
  ]);
  expect(parseRoster([], rules).errors).toMatchObject([{ code: 'roster.headerMissing' }]);
  expect(parseRoster(sheet(['姓名', '身份证号', '手机'], person(1)), rules).errors).toMatchObject([
    { field: 'group', code: 'roster.columnMissing', params: { zh: '人员类别' } },
    { field: 'account', code: 'roster.columnMissing' },
  ]);
  expect(parseRoster(sheet([...header, '联系电话'], person(1)), rules).errors).toMatchObject([
    { row: 1, column: 8, code: 'roster.columnTwice' },
  ]);
  expect(parseRoster(sheet(header, [], ['', '', ' ']), rules).errors).toMatchObject([{ code: 'roster.empty' }]);
});

test('[F36] each wrong cell is named with its row, column and reason', () => {
  const wrongCheck = idOf(1).slice(0, -1) + ((Number(idOf(1).slice(-1)) + 1) % 10 || 0);
  expect(
    codes(
      person(1, { 0: '' }),
      person(2, { 0: '张3' }),
      person(3, { 1: wrongCheck }),
      person(4, { 1: '3501041990' }),
      person(5, { 1: idOf(5, '2010-03-17') }),
      person(6, { 1: idOf(6, '1971-03-16') }),
      person(7, { 1: idOf(7, '1971-03-16') }),
      person(8, { 1: '' }),
      person(9, { 2: '1381000' }),
      person(10, { 2: '' }),
      person(11, { 3: '其他' }),
      person(12, { 3: '' }),
      person(13, { 5: '' }),
      person(14, { 5: '12345' }),
      person(15, { 5: makeCard({ serial: 15 }).slice(0, -1) + ((Number(makeCard({ serial: 15 }).slice(-1)) + 1) % 10) }),
      person(16, { 6: 'x'.repeat(201) }),
      person(17, { 1: idOf(17, '2010-03-16') }),
    ),
  ).toEqual([
    [2, 1, 'roster.nameMissing'],
    [3, 1, 'roster.nameCharacters'],
    [4, 2, 'id.checkDigit'],
    [5, 2, 'id.length'],
    [6, 2, 'eligibility.ageBelow'],
    [7, 2, 'eligibility.ageAbove'],
    [9, 2, 'roster.idNumberMissing'],
    [10, 3, 'roster.phone'],
    [11, 3, 'roster.phoneMissing'],
    [12, 4, 'roster.group'],
    [13, 4, 'roster.groupMissing'],
    [14, 6, 'roster.accountMissing'],
    [15, 6, 'roster.accountLength'],
    [16, 6, 'roster.accountCheckDigit'],
    [17, 7, 'roster.tooLong'],
  ]);
});

test('[N2] a number that stands in the column of the bank or of remarks, which are kept as written, is refused there', () => {
  const card = makeCard({ serial: 77 });
  expect(
    codes(
      person(1, { 4: card }),
      person(2, { 4: `农业银行 ${card}` }),
      person(3, { 6: `本人 ${idOf(30)}` }),
      person(4, { 6: '联系 13800138000' }),
      person(5, { 4: '农业银行仓山支行', 6: '第 3 组' }),
    ),
  ).toEqual([
    [2, 5, 'personal.card'],
    [3, 5, 'personal.card'],
    [4, 7, 'personal.id'],
    [5, 7, 'personal.phone'],
  ]);
});

test('[F36] a formula, an error value, a code stored as number or date is refused whatever it shows', () => {
  expect(
    codes(
      person(1, { 6: { text: '=A1', formula: true } }),
      person(2, { 1: { text: idOf(2), from: 'number' } }),
      person(3, { 1: '3.50104E+17' }),
      person(4, { 2: { text: '13810000004', from: 'number' } }),
      person(5, { 2: { text: '2026-03-02', from: 'date' } }),
      person(6, { 3: { text: '#N/A', from: 'error' } }),
      person(7, { 5: { text: makeCard({ serial: 7 }), from: 'number' } }),
    ),
  ).toEqual([
    [2, 7, 'roster.formula'],
    [3, 2, 'roster.readAsNumber'],
    [4, 2, 'roster.readAsNumber'],
    [6, 3, 'roster.readAsDate'],
    [7, 4, 'roster.cellError'],
    [8, 6, 'roster.readAsNumber'],
  ]);
});

test('[F36] the same ID number twice names the first row; a phone number may serve three', () => {
  const { errors } = parseRoster(sheet(header, person(1), person(2), person(3, { 1: `'${idOf(1).toLowerCase()}` })), rules);
  expect(errors).toEqual([{ row: 4, column: 2, field: 'idNumber', code: 'roster.idTwice', params: { row: 2 } }]);
  const shared = (n: number) => codes(...Array.from({ length: n }, (_, index) => person(index, { 2: '13800000000' })));
  expect(shared(3)).toEqual([]);
  expect(shared(4)).toEqual([2, 3, 4, 5].map((row) => [row, 3, 'roster.phoneShared']));
});

test('[F36] a group counts on the first day of the class', () => {
  const old = { ...rules, today: '2020-05-01', startDate: '2020-05-11' };
  const rows = sheet(header, person(1, { 3: '脱贫人口' }));
  expect(parseRoster(rows, old).errors).toMatchObject([{ column: 4, code: 'roster.groupNotInForce', params: { date: '2020-05-11' } }]);
  expect(parseRoster(rows, rules).errors).toEqual([]);
});

test('[F36] 1 to 500 trainees; more is one message, not thousands', () => {
  const of = (n: number) => parseRoster(sheet(header, ...Array.from({ length: n }, (_, index) => person(index))), rules);
  expect(of(500)).toMatchObject({ trainees: { length: 500 }, errors: [] });
  expect(of(10_000)).toEqual({
    trainees: [],
    errors: [{ row: 1, column: 1, field: 'roster', code: 'roster.tooManyRows', params: { rows: 10_000, max: 500 } }],
  });
});

test('whatever the cells hold, nothing throws, no cell has two errors and no error repeats what a cell holds', () => {
  const cell = fc.oneof(fc.string(), fc.constantFrom(idOf(1), '13800000000', '农民工', makeCard({ serial: 1 }), '张三'));
  fc.assert(
    fc.property(fc.array(fc.array(cell, { maxLength: 8 }), { maxLength: 12 }), (rows) => {
      const { trainees, errors } = parseRoster(sheet(header, ...rows), rules);
      expect(new Set(errors.map((error) => `${error.row}/${error.column}`)).size).toBe(errors.length);
      expect(JSON.stringify(errors)).not.toContain(idOf(1));
      if (errors.length === 0) expect(trainees.length).toBeGreaterThan(0);
    }),
  );
});
