import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ageById,
  ageOn,
  creditCodeCheck,
  idProblem,
  isCardNumber,
  isCreditCode,
  isMobilePhone,
  isPersonName,
  makeCard,
  makeId,
  makeUscc,
  maskAccount,
  maskId,
  maskName,
  maskPhone,
  normaliseNumber,
  plainPhone,
  sexOf,
} from '../../../workflows/domain/people/identity.ts';

const today = '2026-03-02';
const id = fc
  .record({
    region: fc.constantFrom('350102', '350203', '110101', '350622'),
    day: fc.integer({ min: 0, max: 25_000 }),
    serial: fc.integer({ min: 0, max: 999 }),
  })
  .map(({ region, day, serial }) => makeId({ region, birth: new Date(Date.UTC(1950, 0, 1 + day)).toISOString().slice(0, 10), serial }));

describe('resident ID', () => {
  test('the example of the standard is right', () => {
    expect(idProblem('11010519491231002X', today)).toBeUndefined();
    expect(idProblem('440524188001010014', today)).toBe('id.birthDate');
  });

  test('[F15] every error in a single character is detected', () => {
    fc.assert(
      fc.property(id, fc.integer({ min: 0, max: 17 }), fc.constantFrom(...'0123456789X'), (right, position, character) => {
        fc.pre(right[position] !== character);
        expect(idProblem(right, today)).toBeUndefined();
        expect(idProblem(right.slice(0, position) + character + right.slice(position + 1), today)).toBeDefined();
      }),
      { numRuns: 2000 },
    );
  });

  test('names what is wrong', () => {
    expect(idProblem('1101051949123100', today)).toBe('id.length');
    expect(idProblem('', today)).toBe('id.length');
    expect(idProblem('11010519491231O02X', today)).toBe('id.characters');
    expect(idProblem('110105194912310021', today)).toBe('id.checkDigit');
    expect(idProblem(makeId({ region: '350102', birth: '2001-02-29', serial: 7 }), today)).toBe('id.birthDate');
    expect(idProblem(makeId({ region: '350102', birth: '2026-03-03', serial: 7 }), today)).toBe('id.birthDate');
    expect(idProblem(makeId({ region: '350102', birth: '2026-03-02', serial: 7 }), today)).toBeUndefined();
  });

  test('is normalised before it is checked', () => {
    expect(normaliseNumber(' １１０１０５ 19491231 ００２ｘ\u200b')).toBe('11010519491231002X');
    expect(normaliseNumber("'11010519491231002x")).toBe('11010519491231002X');
  });

  test('age and sex', () => {
    const woman = makeId({ region: '350102', birth: '1986-03-03', serial: 12 });
    expect(sexOf(woman)).toBe('female');
    expect(ageById(woman, '2026-03-02')).toBe(39);
    expect(ageById(woman, '2026-03-03')).toBe(40);
    expect(ageOn('2008-02-29', '2026-02-28')).toBe(17);
    expect(ageOn('2008-02-29', '2026-03-01')).toBe(18);
  });
});

describe('unified credit code', () => {
  test('published codes are right', () => {
    for (const code of ['91350100M000100Y43', '91110000802100433B', '914403001922038216']) expect(isCreditCode(code)).toBe(true);
  });

  test('every error in a single character is detected', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 9_999_999 }),
        fc.integer({ min: 0, max: 17 }),
        fc.constantFrom(...'0123456789ABCDEFGHJKLMNPQRTUWXYIOSVZ'),
        (serial, position, character) => {
          const right = makeUscc({ kind: '52', region: '350102', serial });
          fc.pre(right[position] !== character);
          expect(isCreditCode(right)).toBe(true);
          expect(isCreditCode(right.slice(0, position) + character + right.slice(position + 1))).toBe(false);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('check character', () => expect(creditCodeCheck('91350100M000100Y4')).toBe('3'));
});

describe('phone, account, name', () => {
  test('mobile numbers of the mainland', () => {
    for (const phone of ['13800138000', '+86 138 0013 8000', '19912345678', '８６１３８００１３８０００'])
      expect(isMobilePhone(phone)).toBe(true);
    for (const phone of ['12800138000', '1380013800', '059187654321', '138001380001', '']) expect(isMobilePhone(phone)).toBe(false);
    expect(plainPhone('+86 138-0013-8000')).toBe('13800138000');
  });

  test('card numbers', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 999_999_999 }),
        fc.integer({ min: 0, max: 18 }),
        fc.integer({ min: 1, max: 9 }),
        (serial, at, add) => {
          const card = makeCard({ serial });
          expect(card).toHaveLength(19);
          expect(isCardNumber(card)).toBe(true);
          expect(isCardNumber(card.slice(0, at) + ((Number(card[at]) + add) % 10) + card.slice(at + 1))).toBe(false);
        },
      ),
    );
    expect(isCardNumber('4111111111111111')).toBe(true);
    expect(isCardNumber('59')).toBe(false);
  });

  test('names', () => {
    for (const name of ['张三', '欧阳娜娜', '买买提·吐尔逊', 'Anna Lee', '𠮷田一']) expect(isPersonName(name)).toBe(true);
    for (const name of ['张', '张三1', '=cmd', '', '·张', '张三·', '<b>张</b>']) expect(isPersonName(name)).toBe(false);
  });

  test('[F15] masks', () => {
    expect(maskName('张三')).toBe('张*');
    expect(maskName('欧阳娜娜')).toBe('欧阳**');
    expect(maskName('欧阳')).toBe('欧*');
    expect(maskName('𠮷田一')).toBe('𠮷**');
    expect(maskId('110105194912310012')).toBe('1101**********0012');
    expect(maskPhone('13812345678')).toBe('138****5678');
    expect(maskAccount('6228480000000005678')).toBe('**** 5678');
  });
});
