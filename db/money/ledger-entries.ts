/** The entries of the ledger, newest first, by page and as a file. */
import { withoutTyped } from '../../workflows/domain/people/typed-text.ts';
import { isFoundBy, numberSearch } from '../../workflows/domain/formats/numbers.ts';
import type { Actor } from '../accounts/users.ts';
import type { Db } from '../client.ts';
import { auditOutside } from '../protocol/procedures.ts';
import { withinPaths } from '../regions.ts';
import { classNumberFound, numberFound } from '../views/number-search.ts';
import type { AccountKind, EntryKind, LedgerScope } from './ledger.ts';

export type EntryLine = LedgerScope & {
  id: number;
  kind: EntryKind;
  reference: string;
  at: Date;
  amountFen: number;
  debit: AccountKind;
  credit: AccountKind;
  regionZh: string;
  regionEn: string;
  classNumber: string | null;
  /** Looked up by a class, and of a whole batch with payments of it: the amount is that of the batch. */
  throughBatch: boolean;
  /** Of what goes out by a batch: the classes whose payments are in it. */
  batchClasses: string[];
  /** The document that a budget rests on. */
  document: string | null;
};

export type EntryFilter = {
  fund?: string | undefined;
  year?: number | undefined;
  kind?: EntryKind | undefined;
  /** Number of a class, of its claim or of a payment batch. */
  text?: string | undefined;
};
type EntryPage = { after?: number | undefined; size: number };

/** Of each region of `places` its newest entries; of a text those of the classes that it names and the batches that pay them, or of the batch that it names. Numbers are written out, so that PostgreSQL plans for a page and not for the whole ledger. */
function foundBy({ text, kind, fund, year }: EntryFilter, { after, size }: EntryPage): { sql: string; bindings: Record<string, string> } {
  const narrower = [
    ...(kind ? ['e.kind = :kind'] : []),
    ...(fund ? ['e.fund = :fund'] : []),
    ...(year ? [`e.year = ${Math.trunc(year)}`] : []),
    ...(after === undefined ? [] : [`e.id < ${Math.trunc(after)}`]),
  ].map((part) => ` and ${part}`);
  const newest = `order by e.id desc limit ${Math.trunc(size) + 1}`;
  const bindings = { ...(kind ? { kind } : {}), ...(fund ? { fund } : {}) };
  if (text) {
    const classes = classNumberFound('c.number', text);
    const claims = numberFound('s.number', text);
    const named = `select c.id from classes c where ${classes.sql} union select s.class_id from subsidy_applications s where ${claims.sql}`;
    const numbered = numberFound('b.number', text);
    // What goes out to the bank goes out by the batch, which names no class: its payments do.
    const batches = `select b.number from subsidy_applications s join payment_lines l on l.application_id = s.id join payment_attempts a on a.line_id = l.id
       join payment_batches b on b.id = a.batch_id where s.class_id = any(array(${named})) union select b.number from payment_batches b where ${numbered.sql}`;
    const lines = `select a.reference from payment_batches b join payment_attempts a on a.batch_id = b.id where ${numbered.sql}`;
    return {
      sql: `select e.id from ledger_entries e where (e.class_id = any(array(${named})) or (e.kind = 'dispatch' and e.reference = any(array(${batches})))
         or (e.kind in ('payment', 'bank_return') and e.reference = any(array(${lines})))) and e.region in (select code from places)${narrower.join('')} ${newest}`,
      bindings: { ...bindings, ...claims.bindings, ...classes.bindings },
    };
  }
  return {
    sql: `select e.id from places o cross join lateral (select e.id from ledger_entries e where e.region = o.code${narrower.join('')} ${newest}) e ${newest}`,
    bindings,
  };
}

/** The classes that a batch `e.reference` pays; the first of many. */
const classesOfBatch = `select k.number from classes k where k.id in (
   select s.class_id from payment_batches b join payment_attempts a on a.batch_id = b.id join payment_lines l on l.id = a.line_id
     join subsidy_applications s on s.id = l.application_id where b.number = e.reference) order by k.number limit 20`;

/** A page of the entries within subtrees, each with the account debited and the one credited, which are looked up row by row (`offset 0`); `next` is there when more follow. */
export async function listEntries(
  db: Db,
  paths: readonly string[],
  filter: EntryFilter,
  page: EntryPage,
): Promise<{ entries: EntryLine[]; next: number | undefined }> {
  const found = foundBy(filter, page);
  const { rows } = await db.raw<{ rows: Omit<EntryLine, 'throughBatch'>[] }>(
    `with places as materialized (select r.code from regions r where ${withinPaths('r.path')}),
     found as materialized (${found.sql})
     select e.id, e.kind, e.reference, e.at, s.*, e.fund, e.year, e.region,
            r.name_zh as "regionZh", r.name_en as "regionEn", c.number as "classNumber", b.document,
            case when e.kind = 'dispatch' then array(${classesOfBatch}) else '{}' end as "batchClasses"
       from found x
       join ledger_entries e on e.id = x.id
       cross join lateral (
         select min(l.amount_fen) as "amountFen", min(a.kind) filter (where l.side = 'debit') as debit, min(a.kind) filter (where l.side = 'credit') as credit
           from ledger_postings l join ledger_accounts a on a.id = l.account_id where l.entry_id = x.id offset 0) s
       join regions r on r.code = e.region
       left join classes c on c.id = e.class_id
       left join budget_entries b on e.kind in ('budget', 'budget_reduction') and b.id::text = e.reference
      order by e.id desc`,
    {
      ...found.bindings,
      paths: [...paths],
    },
  );
  const search = filter.text === undefined ? undefined : numberSearch(filter.text);
  const entries = rows.slice(0, page.size).map((row) => ({
    ...row,
    throughBatch: search !== undefined && row.classNumber === null && !isFoundBy(row.reference, search),
  }));
  return { entries, next: rows.length > page.size ? entries.at(-1)?.id : undefined };
}

const EXPORT_BATCH = 1_000;

/** Every entry of a list, batch by batch, newest first; that it was taken is put on record before its first row. */
export async function* exportEntries(db: Db, actor: Actor, paths: readonly string[], filter: EntryFilter): AsyncGenerator<EntryLine[]> {
  await auditOutside(db, actor.userId, { act: 'funds.export', subject: 'funds', detail: withoutTyped(filter, 'text') });
  for (let after: number | undefined; ; ) {
    const { entries, next } = await listEntries(db, paths, filter, { after, size: EXPORT_BATCH });
    if (entries.length > 0) yield entries;
    if (next === undefined) return;
    after = next;
  }
}
