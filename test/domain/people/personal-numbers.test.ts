/** Numbers of people in free text. Every number here is made up. */
import { describe, expect, test } from 'vitest';
import { isCardNumber, makeCard, makeId } from '../../../workflows/domain/people/identity.ts';
import { findPersonalNumber } from '../../../workflows/domain/people/personal-numbers.ts';

const today = '2026-03-02';
const id = makeId({ region: '350104', birth: '1990-01-01', serial: 123 });
const card = makeCard({ serial: 77 });
/** A card of another length with a right last digit. */
const makeCardOf = (length: number): string => {
  const head = '622588123456789'.slice(0, length - 1);
  return [...'0123456789'].map((digit) => head + digit).find(isCardNumber) ?? '';
};

describe('personal numbers in a text', () => {
  test('[N2] an ID is found however it is written', () => {
    const wide = [...id].map((digit) => (digit === 'X' ? digit : String.fromCharCode(digit.charCodeAt(0) + 0xfee0))).join('');
    for (const text of [
      id,
      `学员身份证${id}有误`,
      `${id.slice(0, 6)} ${id.slice(6, 14)} ${id.slice(14)}`,
      `${id.slice(0, 6)}-${id.slice(6, 14)}-${id.slice(14)}`,
      wide,
      `电话13800138000 ${id}`,
    ])
      expect([text, findPersonalNumber(text, today)]).toEqual([text, 'id']);
  });

  test('[N2] nor does another spelling, another sign between or another number beside it hide an ID', () => {
    const parts = [id.slice(0, 6), id.slice(6, 10), id.slice(10, 14), id.slice(14)];
    const chinese = [...id].map((digit) => '〇一二三四五六七八九'[Number(digit)] ?? digit).join('');
    const arabic = [...id].map((digit) => (digit === 'X' ? digit : String.fromCodePoint(0x660 + Number(digit)))).join('');
    for (const text of [
      ...['–', '—', '.', '·', '_', '/', '\n', '\t', '、', ' - ', '\u00ad', '\u200e', '\u202d', '\u0301', '…', '：'].map((sign) =>
        parts.join(sign),
      ),
      parts.join('-'),
      `350104-2026-00001 ${id}`,
      `350104-2026-00001${id}`,
      `${id}-2026-00001`,
      [...id].join(' '),
      `第1${id}`,
      `${id}13800138000`,
      chinese,
      arabic,
      id.replace(/X$/, '×'),
      `${id.slice(0, 6)}（${id.slice(6, 14)}）${id.slice(14)}`,
      [...id].map((digit) => `${digit}\ufe0f\u20e3`).join(''),
    ])
      expect([text, findPersonalNumber(text, today)]).toEqual([text, 'id']);
    const withX = Array.from({ length: 40 }, (_, serial) => makeId({ region: '350104', birth: '1990-01-01', serial })).find((one) =>
      one.endsWith('X'),
    );
    for (const sign of ['x', 'Ｘ', 'х', ' X', '×']) expect(findPersonalNumber(`${withX?.slice(0, 17)}${sign}`, today)).toBe('id');
  });

  test('[N2] a bank card is found, in one piece or by fours', () => {
    for (const text of [
      `账户${card}`,
      card.replace(/(\d{4})(?=\d)/g, '$1 '),
      ...['-', '.', '_', '  '].map((sign) => card.replace(/(\d{4})(?=\d)/g, `$1${sign}`)),
    ])
      expect([text, findPersonalNumber(text, today)]).toEqual([text, 'card']);
  });

  test('[N2] a mobile number is found, in one piece or spaced, with a country code or without', () => {
    for (const text of [
      '电话 13800138000',
      '138 0013 8000',
      '138-0013-8000',
      '+86 13800138000',
      '联系１３８００１３８０００',
      '138.0013.8000',
      '138  0013  8000',
      '138_0013_8000',
      '(138)0013-8000',
      '+86（138）0013 8000',
      '1 3 8 0 0 1 3 8 0 0 0',
    ])
      expect([text, findPersonalNumber(text, today)]).toEqual([text, 'phone']);
  });

  test('[N2] IDs with more between the digits, a character between, and those of 15 digits', () => {
    for (const text of [
      `${id.slice(0, 6)}号${id.slice(6)}`,
      `${id.slice(0, 6)} -- ${id.slice(6, 14)} -- ${id.slice(14)}`,
      ...['+', '*', '~', '=', '|', '：', '<>', '||||', '，'].map((sign) => [...id].join(sign)),
      '旧身份证 350104900101123',
      '350104 900101 123',
      '350104-900101-123',
    ])
      expect([text, findPersonalNumber(text, today)]).toEqual([text, 'id']);
  });

  test('[N2] bank cards in other groups, with other signs between and other digits beside them', () => {
    const short = makeCardOf(16);
    const grouped = (number: string, size: number, sign: string) => (number.match(new RegExp(`.{1,${size}}`, 'g')) ?? []).join(sign);
    for (const text of [
      `卡号 ${card.slice(0, 6)} ${card.slice(6)}`,
      grouped(card, 4, '/'),
      `卡${grouped(short, 4, '/')}`,
      ...[',', '、', '|', ':', '+', '，', '；'].flatMap((sign) => [1, 3, 4, 5].map((size) => grouped(card, size, sign))),
      ...[' ', '-', '.'].flatMap((sign) => [1, 3, 4, 5].map((size) => grouped(card, size, sign))),
      grouped(card, 2, '-'),
      `1${card}`,
      `${card}7`,
      `9${short}`,
      `20260302${card}`,
      `第 3 号 ${card.slice(0, 6)} ${card.slice(6)}`,
    ])
      expect([text, findPersonalNumber(text, today)]).toEqual([text, 'card']);
  });

  test('[N2] mobile numbers in other groups, with other signs between, a zero or a country code before them', () => {
    for (const text of [
      '打138-05-91-34-56',
      '打138 059 13456',
      '1380 5913 456',
      '138_059_13456',
      '138:0591:3456',
      '138/0591/3456',
      '138,0591,3456',
      '138、059、13456',
      '1、3、8、0、5、9、1、3、4、5、6',
      '013805913456',
      '0138-0591-3456',
      '8613805913456',
      '+86 1380 5913 456',
      '008613805913456',
    ])
      expect([text, findPersonalNumber(text, today)]).toEqual([text, 'phone']);
  });

  test('numbers that are nobody’s pass', () => {
    const wrongCheck = id.slice(0, 17) + (id[17] === '1' ? '2' : '1');
    for (const text of [
      wrongCheck,
      makeId({ region: '350104', birth: '2030-01-01', serial: 1 }),
      '班次 350104-2026-00002，补正通知书 350104-2026-00017',
      '班次 PX350104-2026-00002，申请 BT350104-2026-00017、支付批次ZF350104-2026-00003，仓山区人社培补〔2026〕2号',
      '电话 0591-87654321，热线 12333',
      '13 800 000 000 元，138，0013 项、8 000 人',
      '批次 20260302138001380001',
      '3 月 23 日 8:30–11:30，教室 A201，20 人，¥35,000.00',
      '名册第 3、12、17 号',
      '2023、2024、2025、2026 年；第 350104-2026-00001、350104-2026-00002、350104-2025-00003 号',
      '4111、1111、1111、1111',
      '138、0013、8000 三批',
      '费用分别为 1500、2000、300 元，150,200,30000 元',
      '合计 6,220,212,345,678.00 元，已付 1,380,591,345.60 元',
      '名册第 62、15、38、27、90、11、45、63、20、31 号',
      '2026-03-02 8:30、2026-03-03 13:30、2026-03-04 8:30–11:30',
      'PX350104-2026-00001 至 PX350104-2026-00138，仓山区人社培补〔2026〕62号、63号、64号',
      '电话 0591-83215678、010-12345678 转 138',
      '批号 123456789012345',
    ])
      expect([text, findPersonalNumber(text, today)]).toEqual([text, undefined]);
  });
});
