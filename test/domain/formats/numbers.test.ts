/** Numbers say of what they are, and are found by what people remember of them. */
import { describe, expect, test } from 'vitest';
import {
  classNumberForm,
  documentEnd,
  documentNumber,
  isFoundBy,
  numberSearch,
  recordNumber,
} from '../../../workflows/domain/formats/numbers.ts';

describe('numbers', () => {
  test('[N31] no two kinds of record or paper look alike, and those of one kind sort by year and serial', () => {
    const kinds = ['class', 'application', 'batch', 'disclosure', 'objection', 'order'] as const;
    const numbers = kinds.map((kind) => recordNumber(kind, '350104', '2026', 2));
    expect(numbers[0]).toBe('PX350104-2026-00002');
    expect(new Set(numbers).size).toBe(kinds.length);
    const serials = [1, 9, 10, 99_999].map((serial) => recordNumber('class', '350104', '2026', serial));
    expect(serials.toSorted()).toEqual(serials);
    // Addresses, file names and the fields of bank files take them as they are.
    for (const number of numbers) expect(number).toMatch(/^[A-Z]{2}[\d-]{17}$/);
    const papers = (['correction_notice', 'opening_review', 'subsidy_roster', 'supervision_order', 'order'] as const).map((kind) =>
      documentNumber(kind, '仓山区', '2026', 2),
    );
    expect(papers[0]).toBe('仓山区人社培补〔2026〕2号');
    expect(new Set(papers).size).toBe(papers.length);
  });

  test('[N31] classes numbered before the letters came are classes still', () => {
    for (const number of ['PX350104-2026-00002', '350104-2026-00002', '350104-2026-000123']) expect(number).toMatch(classNumberForm);
    for (const number of ['BT350104-2026-00002', 'px350104-2026-00002', 'PX350104-2026-2', '']) expect(number).not.toMatch(classNumberForm);
  });

  test.each([
    [
      'PX350104-2026-00042',
      ['PX', 'px350104', '350104-2026', '350104-2026-00042', '42', '00042', '42号', ' 042 ', '００４２', 'ＰＸ３５０１'],
    ],
    ['350104-2026-00042', ['3501', '350104-2026-00042', '42', '00042']],
    ['仓山区督办〔2026〕42号', ['仓山区', '42', '42号']],
  ])('[F10] %s is found by its beginning and by its last part', (number, typed) => {
    for (const text of typed) expect([text, isFoundBy(number, numberSearch(text))]).toEqual([text, true]);
    for (const text of ['4', '2', '1042', '0', 'BT', '仓山区督办〔2026〕2', '2026', '-00042'])
      expect([text, isFoundBy(number, numberSearch(text))]).toEqual([text, false]);
  });
});

test('[N31] the number of a paper is understood as people type it', () => {
  const number = documentNumber('correction_notice', '仓山区', '2026', 2);
  expect(number).toBe('仓山区人社培补〔2026〕2号');
  const whole = [
    number,
    '仓山区人社培补[2026]2号',
    '仓山区人社培补（2026）2',
    '仓山区人社培补【２０２６】０2 号',
    ' 仓山区人社培补 〔2026〕 2号 ',
  ];
  for (const typed of whole) expect([typed, documentEnd(typed)]).toEqual([typed, number]);
  for (const typed of ['人社培补〔2026〕2号', '培补(2026)2', '〔2026〕2号']) {
    const end = documentEnd(typed);
    expect([typed, end !== undefined && number.endsWith(end)]).toEqual([typed, true]);
  }
  for (const typed of ['仓山区人社培补〔2026〕', '仓山区人社培补〔2026〕0号', 'PX350104-2026-00002', '2', '中式烹调师（五级）第 2 期'])
    expect([typed, documentEnd(typed)]).toEqual([typed, undefined]);
});
