import type { GroupCode } from '../../workflows/domain/policy/groups.ts';
import { findGroup } from '../../workflows/domain/policy/groups.ts';
import { makeCard, makeId } from '../../workflows/domain/people/identity.ts';
import { type RosterField, rosterColumns } from '../../workflows/domain/roster/roster.ts';
import { csvText, writeCsv } from './csv.ts';
import { encodeGb18030 } from './gb18030.ts';
import { type WrittenCell, writeXlsx } from './xlsx-writer.ts';

/** Rosters of made-up people for the demonstration and for tests. The same seed gives the same people; every check digit is right. */
export type SamplePerson = { name: string; idNumber: string; phone: string; group: GroupCode; bank: string; account: string };

const surnames = [
  ...'王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛',
];
const mensNames =
  '伟 强 磊 军 勇 杰 涛 明 超 刚 平 辉 鹏 建国 志强 建华 文斌 海涛 俊杰 志明 家豪 宇航 浩然 子轩 国栋 永辉 振华 晓东 立新 德胜'.split(' ');
const womensNames =
  '芳 娜 敏 静 丽 艳 娟 霞 燕 玲 桂英 秀兰 秀英 玉兰 丽华 海燕 晓燕 雪梅 佳怡 欣怡 梦瑶 雨欣 婷婷 美玲 春梅 淑珍 惠敏 丽萍 巧云 金凤'.split(
    ' ',
  );
/** Counties and districts of Fuzhou and its neighbours. */
const regions = [
  '350102',
  '350103',
  '350104',
  '350105',
  '350111',
  '350121',
  '350122',
  '350181',
  '350203',
  '350302',
  '350402',
  '350502',
  '350602',
];
const banks = [
  { name: '中国农业银行', prefix: '622848' },
  { name: '中国工商银行', prefix: '622202' },
  { name: '中国建设银行', prefix: '621700' },
  { name: '中国银行', prefix: '621661' },
  { name: '福建农信社', prefix: '622184' },
];
const groups: readonly GroupCode[] = [
  'rural_migrant',
  'rural_migrant',
  'rural_migrant',
  'registered_unemployed',
  'registered_unemployed',
  'enterprise_employee',
  'hard_to_employ',
  'lifted_from_poverty',
  'disabled',
  'minimum_living_allowance',
];

/** `n` people aged 20 to 47 in spring 2026, no two with the same ID number, phone or account. */
export function samplePeople(n: number, seed = 1): SamplePerson[] {
  const random = randomFrom(seed);
  const pick = <T>(list: readonly [T, ...T[]] | readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const digits = (count: number) => Array.from({ length: count }, () => Math.floor(random() * 10)).join('');
  const taken = new Set<string>();
  const unique = (make: () => string): string => {
    for (;;) {
      const value = make();
      if (!taken.has(value)) {
        taken.add(value);
        return value;
      }
    }
  };
  const day = (from: number, to: number) =>
    new Date(Date.UTC(from, 0, 1) + random() * (to - from) * 365 * 86_400_000).toISOString().slice(0, 10);
  return Array.from({ length: n }, () => {
    const man = random() < 0.5;
    const bank = pick(banks);
    return {
      name: pick(surnames) + pick(man ? mensNames : womensNames),
      idNumber: unique(() =>
        makeId({ region: pick(regions), birth: day(1979, 2005), serial: 2 * Math.floor(random() * 500) + (man ? 1 : 0) }),
      ),
      phone: unique(() => pick(['134', '135', '138', '139', '150', '158', '159', '177', '186', '189']) + digits(8)),
      group: pick(groups),
      bank: bank.name,
      account: unique(() => makeCard({ prefix: bank.prefix, serial: Number(digits(12)) })),
    };
  });
}

/** A roster without fault, .xlsx. */
export async function cleanRoster(n: number, seed = 1): Promise<Buffer> {
  return rosterXlsx(samplePeople(n, seed).map(cellsOf));
}

/** The same roster as CSV. */
export function cleanRosterCsv(n: number, seed = 1, encoding: 'utf-8' | 'gb18030' = 'utf-8'): Buffer {
  const rows = [headings(), ...samplePeople(n, seed).map((person) => Object.values(cellsOf(person)))] as string[][];
  return encoding === 'utf-8' ? writeCsv(rows) : encodeGb18030(csvText(rows));
}

/** What is wrong in `faultyRoster`: where, and the code that must be found there. */
export const plantedErrors: readonly { row: number; field: RosterField; code: string }[] = [
  { row: 3, field: 'idNumber', code: 'id.checkDigit' },
  { row: 5, field: 'idNumber', code: 'eligibility.ageBelow' },
  { row: 6, field: 'phone', code: 'roster.phone' },
  { row: 8, field: 'idNumber', code: 'roster.idTwice' },
  { row: 9, field: 'group', code: 'roster.group' },
  { row: 11, field: 'name', code: 'roster.nameMissing' },
  { row: 12, field: 'phone', code: 'roster.formula' },
  { row: 14, field: 'account', code: 'roster.accountCheckDigit' },
];

/** Fifteen people and eight faults, .xlsx. The trainee under age is 13 in spring 2026. */
export async function faultyRoster(): Promise<Buffer> {
  const people = samplePeople(15, 8);
  const rows = people.map(cellsOf);
  const set = (row: number, field: RosterField, change: (text: string) => WrittenCell) => {
    const cells = rows[row - 2];
    if (cells) cells[field] = change(String(cells[field]));
  };
  set(3, 'idNumber', nextLastDigit);
  set(5, 'idNumber', (id) => makeId({ region: id.slice(0, 6), birth: '2012-06-18', serial: 27 }));
  set(6, 'phone', (phone) => phone.slice(0, -1));
  set(8, 'idNumber', () => people[2]?.idNumber ?? '');
  set(9, 'group', () => '其他人员');
  set(11, 'name', () => '');
  set(12, 'phone', () => ({ formula: 'CONCATENATE("138","0000","1111")' }));
  set(14, 'account', nextLastDigit);
  return rosterXlsx(rows);
}

/** A roster far too long, .xlsx or .csv. */
export async function manyRows(n = 10_000, format: 'xlsx' | 'csv' = 'xlsx'): Promise<Buffer> {
  return format === 'csv' ? cleanRosterCsv(n, 3) : cleanRoster(n, 3);
}

type RosterCells = Record<RosterField, WrittenCell>;

function cellsOf(person: SamplePerson): RosterCells {
  return {
    name: person.name,
    idNumber: person.idNumber,
    phone: person.phone,
    group: findGroup(person.group)?.zh ?? person.group,
    bank: person.bank,
    account: person.account,
    remark: '',
  };
}

function headings(): string[] {
  return rosterColumns.map((column) => column.zh);
}

async function rosterXlsx(rows: RosterCells[]): Promise<Buffer> {
  const cells = rows.map((row) => rosterColumns.map((column) => row[column.field]));
  return writeXlsx([{ name: '花名册', rows: [headings(), ...cells], widths: [12, 24, 16, 26, 18, 26, 16] }]);
}

function nextLastDigit(code: string): string {
  return code.slice(0, -1) + ((Number.parseInt(code.slice(-1), 10) + 1) % 10 || 0);
}

/** mulberry32: small, fast, the same everywhere. Numbers in [0, 1). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
