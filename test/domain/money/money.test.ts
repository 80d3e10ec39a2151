import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatYuan, parseYuan, percentOf, plainYuan, sumFen } from '../../../workflows/domain/money/money.ts';

test('a chain of percentages is rounded once, half up, at its end', () => {
  expect(percentOf(123450, [90, 70])).toBe(77774);
  expect(percentOf(percentOf(12345, 90), 70)).toBe(7778);
  expect(percentOf(12345, [90, 70])).toBe(7777);
  expect(percentOf(99999, 60)).toBe(59999);
  expect(percentOf(1, 50)).toBe(1);
  expect(percentOf(1, 49)).toBe(0);
  expect(percentOf(70000, [])).toBe(70000);
  expect(percentOf(9_007_199_254_740_991, 100)).toBe(9_007_199_254_740_991);
  expect(() => percentOf(0.5, 10)).toThrow(RangeError);
  expect(() => percentOf(100, -1)).toThrow(RangeError);
});

test('amounts in yuan', () => {
  expect(formatYuan(123400)).toBe('¥1,234.00');
  expect(formatYuan(5)).toBe('¥0.05');
  expect(formatYuan(-100_000_001)).toBe('-¥1,000,000.01');
  expect(plainYuan(123450)).toBe('1234.50');
  expect(sumFen([1, 2, 3])).toBe(6);
});

test('what people write is read, or not guessed', () => {
  expect(parseYuan('1,234.5')).toBe(123450);
  expect(parseYuan(' ￥１２３４．５０ 元')).toBe(123450);
  expect(parseYuan('0.05')).toBe(5);
  for (const text of ['', '1.234', '12,34', '-5', '1e5', '一千', '1,234,5']) expect(parseYuan(text)).toBeUndefined();
  fc.assert(fc.property(fc.integer({ min: 0, max: 10_000_000_000 }), (fen) => parseYuan(formatYuan(fen)) === fen));
});
