/** What a query asks of a number, so that it is found by its beginning, with its letters or without, and by its last part. */
import {
  documentEnd,
  type NumberSearch,
  numberLetters,
  numberSearch,
  wholeNumbers,
  withClassLetters,
} from '../../workflows/domain/formats/numbers.ts';
import { procedureIdOf, procedureTypes } from '../../workflows/domain/procedures.ts';
import type { Db } from '../client.ts';
import { run, statementOf } from '../queries/statements.ts';
import { beginningWith } from '../queries/text-search.ts';

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

/** Classes by the number of one of their papers, by its index; undefined where the text is no such number. Orders (督办单) are between offices. */
export function classOfPaperFound(column: string, typed: string, outside = false): NumberCondition | undefined {
  const end = documentEnd(typed);
  if (end === undefined) return undefined;
  const kinds = outside ? ` and x.kind <> 'supervision_order'` : '';
  return {
    sql: `${column} in (select x.class_id from papers x where reverse(x.number) like :paperEnds and x.class_id is not null${kinds})`,
    bindings: { paperEnds: beginningWith([...end].reverse().join('')) },
  };
}

/** The index `classes_number_serial` has the same expression. */
function serialOf(column: string): string {
  return `ltrim(split_part(${column}, '-', 3), '0')`;
}

function bindingsOf({ begins, serial }: NumberSearch): Record<string, string> {
  return { numberBegins: beginningWith(begins), ...(serial === undefined ? {} : { serial }) };
}

/** The classes of papers whose number ends like the text; none where it is no such number. */
export async function listClassesOfPaper(db: Db, typed: string | undefined, outside: boolean): Promise<string[]> {
  const found = typed === undefined ? undefined : classOfPaperFound('c.id', typed, outside);
  if (!found) return [];
  const rows = await run<{ id: string }>(
    db,
    statementOf(`select c.id from classes c where ${found.sql} limit ${CLASSES_AT_MOST}`),
    found.bindings,
  );
  return rows.map(({ id }) => id);
}

const CLASSES_AT_MOST = 1_000;

/** The procedures that a text names: of a class, by its number or that of a paper, all of them; else the one that has the number. */
export async function listProceduresNamed(db: Db, text: string): Promise<string[]> {
  const numbers = wholeNumbers(text);
  const classes = await listClassesOfPaper(db, text, false);
  const typed = numbers.length > 0 ? numbers : [text.trim()];
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    `select id from procedures where id = any(cast(:ids as text[]))
     union select id from procedures where class_id = any(array(select id from classes where number = any(cast(:numbers as text[])) union select unnest(cast(:classes as uuid[]))))`,
    { ids: typed.flatMap((number) => procedureTypes.map((type) => procedureIdOf(type, number))), numbers: typed, classes },
  );
  return rows.map(({ id }) => id);
}
