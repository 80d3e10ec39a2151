/** What a query asks of a number, so that it is found by its beginning, with its letters or without, and by its last part. */
import { type NumberSearch, numberLetters, numberSearch, withClassLetters } from '../../workflows/domain/formats/numbers.ts';
import { beginningWith } from '../text-search.ts';

export type NumberCondition = { sql: string; bindings: Record<string, string> };

/** Any record: goes through the numbers that there are. */
export function numberFound(column: string, typed: string): NumberCondition {
  const search = numberSearch(typed);
  const compared = search.digits ? `ltrim(${column}, '${numberLetters}')` : column;
  const serial = search.serial === undefined ? '' : ` or ${serialOf(column)} = :serial or ${column} like :documentEnds`;
  return {
    sql: `(${compared} like :numberBegins${serial})`,
    bindings: { ...bindingsOf(search), ...(search.serial === undefined ? {} : { documentEnds: `%〕${search.serial}号` }) },
  };
}

/** A class among all that ever were: by the indexes of their numbers. */
export function classNumberFound(column: string, typed: string): NumberCondition {
  const search = numberSearch(typed);
  const lettered = search.digits ? ` or ${column} like :lettered` : '';
  const serial = search.serial === undefined ? '' : ` or ${serialOf(column)} = :serial`;
  return {
    sql: `(${column} like :numberBegins${lettered}${serial})`,
    bindings: { ...bindingsOf(search), ...(search.digits ? { lettered: withClassLetters(beginningWith(search.begins)) } : {}) },
  };
}

/** The index `classes_number_serial` has the same expression. */
function serialOf(column: string): string {
  return `ltrim(split_part(${column}, '-', 3), '0')`;
}

function bindingsOf({ begins, serial }: NumberSearch): Record<string, string> {
  return { numberBegins: beginningWith(begins), ...(serial === undefined ? {} : { serial }) };
}
