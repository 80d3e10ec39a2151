/**
 * Mails and short messages as an administrator reads them: newest first, a page at a time, down to the first one. Each region of the administrator gives no
 * more than a page, from its own newest on; by a text only those of the person or of the procedures that it names are looked at.
 */
import { wholeNumbers } from '../../workflows/domain/formats/numbers.ts';
import { procedureIdOf, procedureTypes } from '../../workflows/domain/procedures.ts';
import type { Db } from '../client.ts';
import { withinPaths } from '../regions.ts';
import { listClassesOfPaper } from '../views/number-search.ts';

/** `at`: PostgreSQL's own text of the instant. */
export type OutgoingCursor = { at: string; id: string };
export type OutgoingFilter<State extends string> = {
  state?: State | undefined;
  /** Login of the recipient, of a short message also the credit code; or the whole number of a case or of a paper. */
  text?: string | undefined;
  after?: OutgoingCursor | undefined;
  size: number;
};

type Table = 'mails' | 'sms';
/** Of `m` in the list. */
type Shape<State extends string> = { table: Table; filter: OutgoingFilter<State>; columns: string; joins: string };

/** As the partial index has it. */
const undelivered = `m.status in ('failed', 'refused')`;
const ofPerson: Readonly<Record<Table, string>> = {
  mails: 'm.user_id = (select id from users where lower(login) = lower(:text))',
  sms: `m.institution_id = any(array(select institution_id from users where lower(login) = lower(:text)
                               union select id from institutions where credit_code = upper(:text)))`,
};

/** `next` is where the following page begins. Numbers and states are written out, so that PostgreSQL plans for a page of them. */
export async function readPage<Row>(
  db: Db,
  paths: readonly string[],
  { table, filter, columns, joins }: Shape<string>,
): Promise<{ rows: Row[]; next: OutgoingCursor | undefined }> {
  const { state, text, after, size } = filter;
  const bindings: Record<string, string | readonly string[]> = {
    paths: [...paths],
    ...(state && state !== 'undelivered' ? { state } : {}),
    ...(after ? { at: after.at, id: after.id } : {}),
    ...(text ? { text, procedures: await listProceduresNamed(db, text) } : {}),
  };
  const narrower = [
    ...(state ? [state === 'undelivered' ? undelivered : 'm.status = :state'] : []),
    ...(after ? ['(m.created_at, m.id) < (cast(:at as timestamptz), cast(:id as uuid))'] : []),
  ];
  const newest = (alias: string): string => `order by ${alias}.created_at desc, ${alias}.id desc limit ${Math.trunc(size) + 1}`;
  const pick = (from: string, where: string): string =>
    `select m.id, m.created_at from ${from} where ${[where, ...narrower].join(' and ')} ${newest('m')}`;
  const named = 'm.region in (select code from places) and';
  const about = `any(cast(:procedures as text[]))`;
  const found = text
    ? [
        pick(`${table} m`, `${named} ${ofPerson[table]}`),
        pick(`${table} m`, `${named} m.procedure_id = ${about}`),
        // A digest is about whatever each of its parts is about.
        ...(table === 'mails'
          ? [
              pick(
                'mails m',
                `${named} m.id = any(array(select merged_into from mails where procedure_id = ${about} and merged_into is not null))`,
              ),
            ]
          : []),
      ]
        .map((one) => `(${one})`)
        .join(' union ')
    : `select m.id, m.created_at from places o cross join lateral (${pick(`${table} m`, 'm.region = o.code')}) m`;
  const { rows } = await db.raw<{ rows: (Row & { id: string; created_key: string })[] }>(
    `with places as materialized (select g.code from regions g where ${withinPaths('g.path')}),
     page as materialized (select n.id, n.created_at from (${found}) n ${newest('n')})
     select ${columns}, m.created_at::text as created_key from page n join ${table} m on m.id = n.id ${joins} order by m.created_at desc, m.id desc`,
    bindings,
  );
  const lines = rows.slice(0, size);
  const last = lines.at(-1);
  return { rows: lines, next: rows.length > size && last ? { at: last.created_key, id: last.id } : undefined };
}

/** The procedures that a text names: of a class, by its number or that of a paper, all of them; else the one that has the number. */
async function listProceduresNamed(db: Db, text: string): Promise<string[]> {
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
