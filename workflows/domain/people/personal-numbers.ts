/** Numbers of people in free text: a resident ID, a bank card or a mobile number that somebody typed where it does not belong. */
import { idCheckDigit, idProblem, isCardNumber } from './identity.ts';

/** Digits with at most four signs between two of them, or one Chinese character as in «350104号1990…». A resident ID may end in X. */
const idRuns = /\d(?:(?:[^\p{L}\p{N}]{0,4}|\p{Script=Han})[\dX])*/gu;
/** The same without characters: a card and a mobile number are told by their groups as well. */
const numberRuns = /\d+(?:[^\p{L}\p{N}]{1,4}\d+)*/gu;
/** A card of any issuer stands in one piece or by fours. */
const cardRuns = /\d+(?:[\s\p{Pd}\p{Pc}.·]{1,3}\d+)*/gu;
/** The first two digits of an ID are those of a province. */
const province = /^(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])/;
/** As people space a mobile number. */
const mobileGroups = /^(?:11|3-4-4|4-4-3|3-3-5|4-3-4|3-8|7-4|3-2-2-2-2|3-3-3-2|1(?:-1){10})$/;
/** What stands between the numbers of a list. */
const listSign = /[,、;]/;
/** Numbers that this system gives, standing alone: region, year, serial. Nobody in training was born in these years. */
const ownNumbers = /(?<![\d-])\d{6}-20[2-9]\d-\d{5}(?![\d-])/g;
const ID_LENGTH = 18;
const CARD_DIGITS_MIN = 15;
const CARD_DIGITS_MAX = 19;
/** So many digits may be glued before a card or behind it. */
const LONGEST_REST = 2;
const CARD_PIECE = 12;
const MOBILE_DIGITS = 11;
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
  const runs = [...plain.matchAll(numberRuns)].map(([run]) => ({
    groups: run.match(/\d+/g) ?? [],
    signs: (run.match(/\D+/g) ?? []).map((sign) => sign.trim() || ' '),
  }));
  if (runs.some((run) => isOldId(run, today))) return 'id';
  const cards = [...plain.matchAll(cardRuns)].flatMap(([run]) => windowsOf(run.split(/\D+/)));
  if (cards.some((groups) => isGroupedByFour(groups) && isCardNumber(groups.join('')))) return 'card';
  if (runs.some(holdsBankCard)) return 'card';
  return runs.some(holdsMobile) ? 'phone' : undefined;
}

/** `signs`: what stands between each two groups of digits. */
type Run = { groups: readonly string[]; signs: readonly string[] };

/** An ID of the years before 1999, of 15 digits: it has no check digit, so it must stand alone. */
function isOldId({ groups, signs }: Run, today: string): boolean {
  const digits = groups.join('');
  if (digits.length !== 15 || groups.length > 4 || signs.some((sign) => listSign.test(sign)) || !province.test(digits)) return false;
  const head = `${digits.slice(0, 6)}19${digits.slice(6)}`;
  return idProblem(head + idCheckDigit(head), today) === undefined;
}

/** A card of a bank of the country begins with 62. Another digit may be glued to it, or it stands within a longer number. */
function holdsBankCard({ groups, signs }: Run): boolean {
  for (let first = 0; first < groups.length; first += 1) {
    for (let last = first, digits = ''; last < groups.length && digits.length <= CARD_DIGITS_MAX + LONGEST_REST; last += 1) {
      digits += groups[last] ?? '';
      if (
        isSpacedAsCard(groups.slice(first, last + 1), signs.slice(first, last)) &&
        holdsCard(digits, groups[first] ?? '', groups[last] ?? '')
      )
        return true;
    }
  }
  return false;
}

function holdsCard(digits: string, first: string, last: string): boolean {
  // From the middle of a group only where the group is most of the card.
  const rest = (group: string): number => (group.length >= CARD_PIECE ? group.length : LONGEST_REST);
  for (let from = digits.indexOf('62'); from >= 0 && from <= rest(first); from = digits.indexOf('62', from + 1))
    for (let length = CARD_DIGITS_MIN + 1; length <= CARD_DIGITS_MAX; length += 1) {
      const behind = digits.length - from - length;
      if (
        behind >= 0 &&
        behind <= rest(last) &&
        behind < last.length &&
        from < first.length &&
        isCardNumber(digits.slice(from, from + length))
      )
        return true;
    }
  return false;
}

/** Groups of two are days, seats and hours, unless a line stands between them; in a list all but the last are equally long. */
function isSpacedAsCard(groups: readonly string[], signs: readonly string[]): boolean {
  const lengths = groups.slice(0, -1).map((group) => group.length);
  const alike = signs.every((sign) => sign === signs[0]);
  if (lengths.every((length) => length === 1)) return true;
  if (signs.some((sign) => listSign.test(sign))) return alike && lengths.slice(1).every((length) => length === lengths[1] && length > 2);
  return (
    lengths.every((length) => length > 2) || (alike && /^[\p{Pd}._/]$/u.test(signs[0] ?? '') && lengths.every((length) => length === 2))
  );
}

/** A mobile number stands alone among its groups, with a country code, a zero before it or without. The telephone of an office is nobody's. */
function holdsMobile({ groups, signs }: Run): boolean {
  return groups.some((_, first) => {
    for (let last = first + 1, length = 0; last <= groups.length && length <= MOBILE_DIGITS + 4; last += 1) {
      length += groups[last - 1]?.length ?? 0;
      if (isMobile(groups.slice(first, last), signs.slice(first, last - 1))) return true;
    }
    return false;
  });
}

function isMobile(groups: readonly string[], signs: readonly string[]): boolean {
  const head = (groups[0] ?? '').replace(/^(?:(?:00)?86|0)(?=1)/, '');
  const own = [head, ...groups.slice(1)];
  if (!/^1[3-9]/.test(own.join(''))) return false;
  const shape = own.map((group) => group.length).join('-');
  if (!mobileGroups.test(shape)) return false;
  if (!signs.some((sign) => listSign.test(sign)) || own.length === MOBILE_DIGITS) return true;
  // Numbers of a list have no zero before them; «138、0013、8000» may be three of anything.
  return own.slice(1).some((group) => group.startsWith('0')) && !(shape === '3-4-4' && signs.some((sign) => sign.includes('、')));
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
      if (length > CARD_DIGITS_MAX) break;
      if (length >= CARD_DIGITS_MIN) found.push(groups.slice(from, to));
    }
  }
  return found;
}

function isGroupedByFour(groups: readonly string[]): boolean {
  return groups.length === 1 || groups.slice(0, -1).every((group) => group.length === 4);
}
