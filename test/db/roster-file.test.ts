import { expect, test } from 'vitest';
import { loadWords } from '../../api/pages/i18n.ts';
import { annotatedRoster, readRosterFile, rosterTemplate } from '../../db/formats/roster-file.ts';
import { cleanRoster, cleanRosterCsv, faultyRoster, manyRows, plantedErrors, samplePeople } from '../../db/formats/sample-rosters.ts';
import { writeXlsx } from '../../db/formats/xlsx-writer.ts';
import { parseRoster, type RosterRules } from '../../workflows/domain/roster/roster.ts';

const rules: RosterRules = {
  today: '2026-03-02',
  startDate: '2026-03-16',
  ageBounds: { min: 16, maleBelow: 60, femaleBelow: 55 },
  maxTrainees: 500,
};
const words = loadWords();
const t = words.translator('zh-CN');

test('[F36] the clean sample has no fault in .xlsx, UTF-8 and GB 18030, and gives the same trainees', async () => {
  const parsed = parseRoster(await readRosterFile(await cleanRoster(500, 7), '花名册.xlsx'), rules);
  expect(parsed.errors).toEqual([]);
  expect(parsed.trainees).toHaveLength(500);
  for (const encoding of ['utf-8', 'gb18030'] as const) {
    expect(parseRoster(await readRosterFile(cleanRosterCsv(500, 7, encoding), '花名册.CSV'), rules)).toEqual(parsed);
  }
  expect(samplePeople(30, 7)).toEqual(samplePeople(30, 7));
  expect(samplePeople(30, 8)).not.toEqual(samplePeople(30, 7));
});

test('[F36] the faulty sample has exactly its eight faults, each at its cell', async () => {
  const { errors } = parseRoster(await readRosterFile(await faultyRoster(), 'a.xlsx'), rules);
  expect(errors.map(({ row, field, code }) => ({ row, field, code }))).toEqual(plantedErrors);
  expect(plantedErrors).toHaveLength(8);
});

test('[F36] the annotated file says the reasons in words, keeps the rows, and can be corrected and uploaded again', async () => {
  const rows = await readRosterFile(await faultyRoster(), 'a.xlsx');
  const { errors } = parseRoster(rows, rules);
  const annotated = await readRosterFile(await annotatedRoster(rows, errors, t), '退回.xlsx');
  expect(annotated.map((row) => row.number)).toEqual(rows.map((row) => row.number));
  const reasons = new Map(annotated.map((row) => [row.number, row.cells[7]?.text]));
  expect(reasons.get(1)).toBe('错误说明');
  expect(reasons.get(2)).toBeUndefined();
  expect(reasons.get(8)).toBe('与第 4 行身份证号重复');
  for (const { row, code } of plantedErrors) {
    expect(reasons.get(row)).toBeTruthy();
    expect(words.has(`errors.${code}`)).toBe(true);
  }
  // The formula is back as text, so it is now a wrong phone number; all else is the same, and the column of reasons does not double.
  const again = parseRoster(annotated, rules).errors;
  expect(again.map((error) => error.row)).toEqual(errors.map((error) => error.row));
  const twice = await readRosterFile(await annotatedRoster(annotated, again, t), 'b.xlsx');
  expect(Math.max(...twice.map((row) => row.cells.length))).toBe(8);
});

test('a fault of the whole sheet stands in the heading of the reasons', async () => {
  const rows = await readRosterFile(await writeXlsx([{ name: 'a', rows: [['姓名', '手机号', '人员类别', '账号'], ['张三']] }]), 'a.xlsx');
  const annotated = await readRosterFile(await annotatedRoster(rows, parseRoster(rows, rules).errors, t), 'a.xlsx');
  expect(annotated[0]?.cells[4]?.text).toBe('错误说明: 缺少“身份证号”列');
});

test('[F36] 10,000 rows in either form are one clear message', async () => {
  for (const [format, name] of [
    ['xlsx', 'a.xlsx'],
    ['csv', 'a.csv'],
  ] as const) {
    const { errors } = parseRoster(await readRosterFile(await manyRows(10_000, format), name), rules);
    expect(errors).toMatchObject([{ code: 'roster.tooManyRows', params: { rows: 10_000, max: 500 } }]);
  }
});

test('the empty template is a roster with all headings in both languages', async () => {
  for (const locale of ['zh-CN', 'en'] as const) {
    const file = await rosterTemplate({ locale, t: words.translator(locale), today: rules.today });
    expect(parseRoster(await readRosterFile(file, 'a.xlsx'), rules).errors).toMatchObject([{ code: 'roster.empty' }]);
  }
});

test('[F36] a file is known by its content, not by its name', async () => {
  await expect(readRosterFile(Buffer.from('姓名,手机'), 'a.xlsx')).rejects.toMatchObject({
    issues: [{ field: 'file', code: 'file.notSpreadsheet' }],
  });
  await expect(readRosterFile(Buffer.from('%PDF-1.7'), 'a.pdf')).rejects.toMatchObject({ issues: [{ code: 'file.notSpreadsheet' }] });
  await expect(readRosterFile(Buffer.alloc(0), 'a.csv')).rejects.toMatchObject({ issues: [{ code: 'file.empty' }] });
  expect(await readRosterFile(await cleanRoster(1), 'a.csv')).toHaveLength(2);
});
