/** Numbers of people in free text: a resident ID or a bank card that somebody typed where it does not belong. */
import { idProblem, isCardNumber } from './identity.ts';

/** Digits in groups, as people and systems write long numbers; a resident ID may end in X. */
const runs = /\d+(?:[ -]\d+)*[Xx]?/g;
/** Numbers that this system gives: region, year, serial. */
const ownNumber = /^\d{6}-\d{4}-\d{1,6}/;
const CARD_DIGITS_MIN = 15;

/**
 * Which kind of personal number a text holds, if any; full-width digits and blanks between the digits hide none. An ID counts only with its
 * check digit and a date of birth up to `today`, a card with a right last digit: numbers of classes, papers and telephones pass.
 */
export function findPersonalNumber(text: string, today: string): 'id' | 'card' | undefined {
  const plain = text.normalize('NFKC').replace(/[\u200b-\u200d\u2060\ufeff]/g, '');
  let card = false;
  for (const [run] of plain.matchAll(runs)) {
    if (ownNumber.test(run)) continue;
    for (const groups of windowsOf(run.toUpperCase().split(/[ -]/))) {
      const number = groups.join('');
      if (number.length === 18 && idProblem(number, today) === undefined) return 'id';
      card ||= number.length >= CARD_DIGITS_MIN && isGroupedByFour(groups) && isCardNumber(number);
    }
  }
  return card ? 'card' : undefined;
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
