/** Money is integer fen. Nothing is rounded on the way: a chain of percentages is rounded once at its end, half up. */

/** `fen` times a chain of percentages (whole numbers), rounded half up once at the end. */
export function percentOf(fen: number, percents: number | readonly number[]): number {
  const chain = typeof percents === 'number' ? [percents] : percents;
  let numerator = BigInt(assertFen(fen));
  let denominator = 1n;
  for (const percent of chain) {
    if (!Number.isSafeInteger(percent) || percent < 0) throw new RangeError(`percent: ${percent}`);
    numerator *= BigInt(percent);
    denominator *= 100n;
  }
  return Number((2n * numerator + denominator) / (2n * denominator));
}

export function sumFen(amounts: Iterable<number>): number {
  let sum = 0;
  for (const fen of amounts) sum += assertFen(fen);
  return assertFen(sum);
}

/** Thrown as RangeError: a bug, not an input. */
export function assertFen(fen: number): number {
  if (!Number.isSafeInteger(fen) || fen < 0) throw new RangeError(`fen: ${fen}`);
  return fen;
}

/** '¥1,234.00'; a negative amount begins with a minus sign. */
export function formatYuan(fen: number): string {
  return `${fen < 0 ? '-' : ''}¥${formatAmount(Math.abs(fen), ',')}`;
}

/** '1234.00', as bank files and spreadsheets want it. */
export function plainYuan(fen: number): string {
  return `${fen < 0 ? '-' : ''}${formatAmount(Math.abs(fen), '')}`;
}

/** Fen of '1,234.5', '¥1234.50' or '1234'; undefined when it is no amount or has more than two decimals. */
export function parseYuan(text: string): number | undefined {
  const match = /^[¥￥]?(\d{1,3}(?:,\d{3})+|\d{1,12})(?:\.(\d{1,2}))?元?$/.exec(text.normalize('NFKC').replace(/\s/g, ''));
  if (!match?.[1]) return undefined;
  return Number(match[1].replaceAll(',', '')) * 100 + Number((match[2] ?? '').padEnd(2, '0'));
}

function formatAmount(fen: number, separator: string): string {
  const yuan = String(Math.floor(fen / 100)).replace(/\B(?=(\d{3})+$)/g, separator);
  return `${yuan}.${String(fen % 100).padStart(2, '0')}`;
}
