/**
 * Mails and short messages as an administrator reads them: newest first, a page at a time, down to the first one. Each region of the administrator gives no
 * more than a page, from its own newest on; by a text only those of the person or of the procedures that it names are looked at.
 */
import type { Db } from '../client.ts';
import { withinPaths } from '../regions.ts';
import { afterPlace, cutPage, type TimePage, type TimePlace } from '../queries/time-pages.ts';
import { listProceduresNamed } from '../views/number-search.ts';

export type OutgoingFilter<State extends string> = TimePage & {
  state?: State | undefined;
  /** Login of the recipient, of a short message also the credit code; or the whole number of a case or of a paper. */
  text?: string | undefined;
  /** One of them alone. */
  id?: string | undefined;
};

type Table = 'mails' | 'sms';
/** Of `m` in the list. */
type Shape<State extends string> = { table: Table; filter: OutgoingFilter<State>; columns: string; joins: string };

/** As the partial index has it. */
const undelivered = `m.status in ('failed', 'refused')`;
/** To whom: the person with this login; of short messages the institution of that person, or the one of this credit code. */
const recipients: Readonly<Record<Table, { who: string; column: string }>> = {
  mails: { who: 'select id from users where lower(login) = lower(:text)', column: 'm.user_id' },
  sms: {
    who: 'select institution_id as id from users where lower(login) = lower(:text) union select id from institutions where credit_code = upper(:text)',
    column: 'm.institution_id',
  },
};

/** `next` is where the following page begins. Numbers and states are written out, so that PostgreSQL plans for a page of them. */
export async function readPage<Row>(
  db: Db,
  paths: readonly string[],
  { table, filter, columns, joins }: Shape<string>,
): Promise<{ lines: Row[]; next: TimePlace | undefined }> {
  const { state, text, id, after, size } = filter;
  const bindings: Record<string, string | readonly string[]> = {
    paths: [...paths],
    ...(state && state !== 'undelivered' ? { state } : {}),
    ...after,
    ...(id ? { one: id } : {}),
    ...(text ? { text, procedures: await listProceduresNamed(db, text) } : {}),
  };
  const narrower = [
    ...(state ? [state === 'undelivered' ? undelivered : 'm.status = :state'] : []),
    afterPlace({ at: 'm.created_at', id: 'm.id' }, after),
  ];
  const newest = (alias: string): string => `order by ${alias}.created_at desc, ${alias}.id desc limit ${Math.trunc(size) + 1}`;
  const pick = (from: string, where: string): string =>
    `select m.id, m.created_at from ${from} where ${[where, ...narrower].join(' and ')} ${newest('m')}`;
  const here = 'm.region = any(array(select code from places))';
  // What a number names is few: it is read first and put in order then (`offset 0`).
  const few = (where: string): string => pick(`(select * from ${table} x where ${where} offset 0) m`, here);
  const about = `x.procedure_id = any(cast(:procedures as text[]))`;
  const { who, column } = recipients[table];
  const found = text
    ? [
        `select m.id, m.created_at from (${who}) w cross join lateral (${pick(`${table} m`, `${column} = w.id and ${here}`)}) m`,
        few(about),
        // A digest is about whatever each of its parts is about.
        ...(table === 'mails'
          ? [few(`x.id = any(array(select x.merged_into from mails x where ${about} and x.merged_into is not null))`)]
          : []),
      ]
        .map((one) => `(${one})`)
        .join(' union ')
    : id
      ? few('x.id = cast(:one as uuid)')
      : `select m.id, m.created_at from places o cross join lateral (${pick(`${table} m`, 'm.region = o.code')}) m`;
  const { rows } = await db.raw<{ rows: (Row & { id: string; place: string })[] }>(
    `with places as materialized (select g.code from regions g where ${withinPaths('g.path')}),
     page as materialized (select n.id, n.created_at from (${found}) n ${newest('n')})
     select ${columns}, cast(m.created_at as text) as place from page n join ${table} m on m.id = n.id ${joins} order by m.created_at desc, m.id desc`,
    bindings,
  );
  return cutPage(rows, size);
}
