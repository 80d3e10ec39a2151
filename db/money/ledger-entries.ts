/** The entries of the ledger, newest first, by page and as a file. */
import type { Actor } from '../accounts/users.ts';
import type { Db } from '../client.ts';
import { auditOutside } from '../protocol/procedures.ts';
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
  /** The document that a budget rests on. */
  document: string | null;
};

export type EntryFilter = {
  fund?: string | undefined;
  year?: number | undefined;
  kind?: EntryKind | undefined;
  /** Number of a class or of its claim. */
  text?: string | undefined;
};
type EntryPage = { after?: number | undefined; size: number };

/** An account that holds the entries of a kind and few others; none for kinds that are rare in every account, which are found by their kind. */
const accountOfKind: Partial<Record<EntryKind, AccountKind>> = {
  budget: 'budget',
  budget_reduction: 'budget',
  commitment: 'available',
  dispatch: 'in_transit',
  payment: 'paid',
};

type Found = { sql: string; account: AccountKind | undefined; bindings: Record<string, string> };

/** Where the entries of a page are looked for. Numbers are written out, so that PostgreSQL plans for a page and not for the whole ledger. */
function foundBy({ text, kind, fund, year }: EntryFilter, { after, size }: EntryPage, whole: boolean): Found {
  const ofKind = kind ? 'and e.kind = :kind' : '';
  const bindings: Record<string, string> = kind ? { kind } : {};
  const before = (id: string): string => (after === undefined ? '' : `and ${id} < ${Math.trunc(after)}`);
  const inScope = `exists (select from ledger_postings l join accounts a on a.id = l.account_id where l.entry_id = e.id)`;
  const most = Math.trunc(size) + 1;
  if (text) {
    const classes = classNumberFound('c.number', text);
    const claims = numberFound('s.number', text);
    const named = `select c.id from classes c where ${classes.sql} union select s.class_id from subsidy_applications s where ${claims.sql}`;
    return {
      sql: `select e.id from ledger_entries e where e.class_id = any(array(${named})) ${before('e.id')} ${ofKind} and ${inScope} order by e.id desc limit ${most}`,
      account: undefined,
      bindings: { ...bindings, ...claims.bindings, ...classes.bindings },
    };
  }
  const account = kind && accountOfKind[kind];
  // Whoever reads everything finds a page at the end of the ledger; rare kinds are gone through by their own index.
  if ((kind && !account) || (whole && !fund && !year && !kind))
    return {
      sql: `select e.id from (select e.id from ledger_entries e where true ${before('e.id')} ${ofKind} order by e.id desc offset 0) e where ${inScope} limit ${most}`,
      account,
      bindings,
    };
  // An entry stands in two accounts: of those whose newest entries are the newest of all, twice as many as the page has lines hold all its lines.
  const newest = (lines: number): string => `
      select l.entry_id as id from ledger_postings l ${kind ? 'join ledger_entries e on e.id = l.entry_id' : ''}
       where l.account_id = o.id ${before('l.entry_id')} ${ofKind} order by l.entry_id desc limit ${lines}`;
  return {
    sql: `select distinct p.id
            from (select o.id from accounts o cross join lateral (${newest(1)}) top order by top.id desc limit ${2 * most}) o
            cross join lateral (${newest(most)}) p
           order by p.id desc limit ${most}`,
    account,
    bindings,
  };
}

/** A page of the entries within subtrees, each with the account debited and the one credited; `next` is there when more follow. */
export async function listEntries(
  db: Db,
  paths: readonly string[],
  filter: EntryFilter,
  page: EntryPage,
): Promise<{ entries: EntryLine[]; next: number | undefined }> {
  const found = foundBy(
    filter,
    page,
    paths.some((path) => !path.includes('/')),
  );
  const { rows } = await db.raw<{ rows: EntryLine[] }>(
    `with accounts as materialized (
       select a.id from ledger_accounts a
        where a.region = any(array(select r.code from regions r where exists (select from unnest(cast(:paths as text[])) path where r.path = path or r.path like path || '/%')))
          ${filter.fund ? 'and a.fund = :fund' : ''} ${filter.year ? 'and a.year = :year' : ''} ${found.account ? 'and a.kind = :account' : ''}),
     found as materialized (${found.sql})
     select e.id, e.kind, e.reference, e.at, d.amount_fen as "amountFen", da.kind as debit, ca.kind as credit, da.fund, da.year, da.region,
            r.name_zh as "regionZh", r.name_en as "regionEn", c.number as "classNumber", b.document
       from found x
       join ledger_entries e on e.id = x.id
       join ledger_postings d on d.entry_id = e.id and d.side = 'debit' join ledger_accounts da on da.id = d.account_id
       join ledger_postings k on k.entry_id = e.id and k.side = 'credit' join ledger_accounts ca on ca.id = k.account_id
       join regions r on r.code = da.region
       left join classes c on c.id = e.class_id
       left join budget_entries b on e.kind in ('budget', 'budget_reduction') and b.id::text = e.reference
      order by e.id desc`,
    {
      ...found.bindings,
      paths: [...paths],
      ...(filter.fund ? { fund: filter.fund } : {}),
      ...(filter.year ? { year: filter.year } : {}),
      ...(found.account ? { account: found.account } : {}),
    },
  );
  const entries = rows.slice(0, page.size);
  return { entries, next: rows.length > page.size ? entries.at(-1)?.id : undefined };
}

const EXPORT_BATCH = 1_000;

/** Every entry of a list, batch by batch, newest first; that it was taken is put on record before its first row. */
export async function* exportEntries(db: Db, actor: Actor, paths: readonly string[], filter: EntryFilter): AsyncGenerator<EntryLine[]> {
  await auditOutside(db, actor.userId, { act: 'funds.export', subject: 'funds', detail: { ...filter } });
  for (let after: number | undefined; ; ) {
    const { entries, next } = await listEntries(db, paths, filter, { after, size: EXPORT_BATCH });
    if (entries.length > 0) yield entries;
    if (next === undefined) return;
    after = next;
  }
}
