/** Numbers of people in free text: a resident ID, a bank card or a mobile number that somebody typed where it does not belong. */
import { idProblem, isCardNumber } from './identity.ts';

/** A resident ID may end in X; people write its digits in groups with blanks, lines, strokes, points or brackets between, up to three signs. */
const idRuns = /\d(?:[\s\p{Pd}\p{Po}\p{Pc}\p{Ps}\p{Pe}\p{Sm}/|]{0,3}[\dX])*/gu;
/** A card stands in one piece or by fours. */
const cardRuns = /\d+(?:[\s\p{Pd}\p{Pc}.·]{1,3}\d+)*/gu;
/** A mobile number stands alone, in one piece, as people space it (3, 4, 4) or digit by digit. The telephone of an office is nobody's. */
const mobile =
  /(?<!\d)(?:(?:\+|00)?86[\s\p{Pd}\p{Ps}\p{Pe}]{0,2})?(?:1[3-9]\d(?:[\s\p{Pd}\p{Pc}\p{Pe}.·/]{0,3}\d{4}){2}|1[\s\p{Pd}.][3-9](?:[\s\p{Pd}.]\d){9})(?!\d)/u;
/** Numbers that this system gives, standing alone: region, year, serial. Nobody in training was born in these years. */
const ownNumbers = /(?<![\d-])\d{6}-20[2-9]\d-\d{5}(?![\d-])/g;
const ID_LENGTH = 18;
const CARD_DIGITS_MIN = 15;
const chineseDigits: Readonly<Record<string, string>> = Object.fromEntries(
  ['〇零○', '一壹幺', '二贰两', '三叁', '四肆', '五伍', '六陆', '七柒', '八捌', '九玖'].flatMap((signs, digit) =>
    [...signs].map((sign) => [sign, String(digit)]),
  ),
);
const chineseDigit = new RegExp(`[${Object.keys(chineseDigits).join('')}]`, 'g');

/**
 * Which kind of personal number a text holds, if any. Full-width digits, those of other scripts, Chinese ones, what cannot be seen and what stands between
 * the digits hide none. An ID counts only with its check digit and a date of birth up to `today`, a card with a right last digit: numbers of classes,
 * papers and offices' telephones pass.
 */
export function findPersonalNumber(text: string, today: string): 'id' | 'card' | 'phone' | undefined {
  const plain = toDigits(text).replace(ownNumbers, '（）');
  if ([...plain.matchAll(idRuns)].some(([run]) => holdsId(run.replace(/[^\dX]/g, ''), today))) return 'id';
  const cards = [...plain.matchAll(cardRuns)].flatMap(([run]) => windowsOf(run.split(/\D+/)));
  if (cards.some((groups) => isGroupedByFour(groups) && isCardNumber(groups.join('')))) return 'card';
  return mobile.test(plain) ? 'phone' : undefined;
}

/** Anywhere: another number may stand right before or behind it. */
function holdsId(digits: string, today: string): boolean {
  for (let from = 0; from + ID_LENGTH <= digits.length; from += 1)
    if (idProblem(digits.slice(from, from + ID_LENGTH), today) === undefined) return true;
  return false;
}

/** The text with every digit as 0 to 9, an X of another script as X, and without what cannot be seen. */
function toDigits(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/[\p{Cf}\p{M}\u3164\uffa0]/gu, '')
    .replace(/\p{Nd}/gu, (digit) => String(valueOf(digit)))
    .replace(chineseDigit, (sign) => chineseDigits[sign] ?? sign)
    .replace(/[xXхХχΧ×]/g, 'X');
}

/** Digits of a script stand in tens, from 0 to 9. */
function valueOf(digit: string): number {
  const code = digit.codePointAt(0) ?? 0;
  let zero = code;
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return (code - zero) % 10;
}

/** Neighbouring groups that together are as long as such a number. */
function windowsOf(groups: readonly string[]): string[][] {
  const found: string[][] = [];
  for (let from = 0; from < groups.length; from += 1) {
    for (let to = from + 1, length = 0; to <= groups.length; to += 1) {
      length += groups[to - 1]?.length ?? 0;
      if (length > 19) break;
      if (length >= CARD_DIGITS_MIN) found.push(groups.slice(from, to));
    }
  }
  return found;
}

function isGroupedByFour(groups: readonly string[]): boolean {
  return groups.length === 1 || groups.slice(0, -1).every((group) => group.length === 4);
}
