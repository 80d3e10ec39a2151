/** The double-entry ledger by fund, year and region (N3). Balanced and never negative by constraint; a repeated event posts nothing. */
import { withinPaths } from '../regions.ts';
import { ConflictError } from '../../workflows/domain/errors.ts';
import { formatYuan } from '../../workflows/domain/money/money.ts';
import { type Db, sqlState, type Trx } from '../client.ts';

export type LedgerScope = { fund: string; year: number; region: string };
export type AccountKind = 'budget' | 'available' | 'committed' | 'in_transit' | 'paid';
export const entryKinds = ['budget', 'budget_reduction', 'commitment', 'release', 'dispatch', 'payment', 'bank_return'] as const;
export type EntryKind = (typeof entryKinds)[number];
export type LedgerEvent = LedgerScope & { reference: string; amountFen: number; classId?: string | undefined; actor?: string | undefined };

const CHECK_VIOLATION = '23514';

/**
 * One event = one balanced entry of two postings; what was posted before (same kind and reference) posts nothing again. The table's trigger
 * moves the balances in the order of the postings, so inserting them by account id keeps two transactions from waiting for each other.
 */
async function post(trx: Trx, kind: EntryKind, debit: AccountKind, credit: AccountKind, events: readonly LedgerEvent[]): Promise<void> {
  const due = events.filter((event) => event.amountFen > 0);
  if (due.length === 0) return;
  await openAccounts(trx, due, [debit, credit]);
  await trx.raw(
    `with given as (select * from jsonb_to_recordset(cast(:events as jsonb)) as g(fund text, year int, region text, reference text, "amountFen" bigint, "classId" uuid, actor uuid)),
          entry as (
            insert into ledger_entries (kind, fund, year, region, reference, class_id, actor, at)
            select :kind, fund, year, region, reference, "classId", actor, business_now() from given order by reference
            on conflict (kind, reference) do nothing returning id, reference)
     insert into ledger_postings (entry_id, account_id, side, amount_fen)
     select e.id, a.id, case a.kind when :debit then 'debit' else 'credit' end, g."amountFen"
       from entry e join given g on g.reference = e.reference
       join ledger_accounts a on a.fund = g.fund and a.year = g.year and a.region = g.region and a.kind in (:debit, :credit)
      order by a.id, e.id`,
    { events: JSON.stringify(due), kind, debit, credit },
  );
}

async function openAccounts(trx: Trx, scopes: readonly LedgerScope[], kinds: AccountKind[]): Promise<void> {
  const wanted = new Map(
    scopes.flatMap(({ fund, year, region }) =>
      kinds.map((kind) => [`${fund}/${year}/${region}/${kind}`, { fund, year, region, kind }] as const),
    ),
  );
  await trx('ledger_accounts')
    .insert([...wanted.values()])
    .onConflict(['fund', 'year', 'region', 'kind'])
    .ignore();
}

/** Puts a budget at disposal; further amounts need another reference. */
export async function setBudget(trx: Trx, budget: LedgerScope & { amountFen: number; reference?: string; actor?: string }): Promise<void> {
  await post(trx, 'budget', 'available', 'budget', [
    { ...budget, reference: budget.reference ?? `${budget.fund}-${budget.year}-${budget.region}` },
  ]);
}

/** Takes back what is not committed. Throws ConflictError `budget.committed` with what is left to take. */
export async function reduceBudget(trx: Trx, event: LedgerEvent): Promise<void> {
  await postWithin(trx, event, ['budget_reduction', 'budget', 'available'], 'budget.committed');
}

/** At approval. Throws ConflictError `budget.insufficient` with what is left. */
export async function commitFunds(trx: Trx, event: LedgerEvent): Promise<void> {
  await postWithin(trx, event, ['commitment', 'committed', 'available'], 'budget.insufficient');
}

/** Posts what the available balance must bear; the table's constraint is the judge of that. */
async function postWithin(
  trx: Trx,
  event: LedgerEvent,
  [kind, debit, credit]: [EntryKind, AccountKind, AccountKind],
  refusal: string,
): Promise<void> {
  await trx.raw('savepoint within_balance');
  try {
    await post(trx, kind, debit, credit, [event]);
  } catch (error) {
    if (sqlState(error) !== CHECK_VIOLATION) throw error;
    await trx.raw('rollback to savepoint within_balance');
    const availableFen = await availableFor(trx, event);
    throw new ConflictError(refusal, {
      availableFen,
      available: formatYuan(availableFen),
      needed: formatYuan(event.amountFen),
    });
  }
}

/** What is neither committed nor paid. */
export async function availableFor(db: Db, { fund, year, region }: LedgerScope): Promise<number> {
  const left = await db('ledger_accounts').where({ fund, year, region, kind: 'available' }).first('balance_fen');
  return left?.balance_fen ?? 0;
}

/** What was committed and will not be paid becomes available again. */
export async function releaseFunds(trx: Trx, events: readonly LedgerEvent[]): Promise<void> {
  await post(trx, 'release', 'available', 'committed', events);
}

export async function dispatchFunds(trx: Trx, event: LedgerEvent): Promise<void> {
  await post(trx, 'dispatch', 'in_transit', 'committed', [event]);
}

export async function payFunds(trx: Trx, events: readonly LedgerEvent[]): Promise<void> {
  await post(trx, 'payment', 'paid', 'in_transit', events);
}

/** The bank returned it (退票): committed again until the corrected line goes out. */
export async function returnFunds(trx: Trx, events: readonly LedgerEvent[]): Promise<void> {
  await post(trx, 'bank_return', 'committed', 'in_transit', events);
}

export type Balance = LedgerScope &
  Record<'budgetFen' | 'availableFen' | 'committedFen' | 'inTransitFen' | 'paidFen', number> & { regionZh: string; regionEn: string };

/** Balances within a subtree, by fund, year and region. */
export async function listBalances(db: Db, paths: readonly string[]): Promise<Balance[]> {
  const { rows } = await db.raw<{ rows: Balance[] }>(
    `select a.fund, a.year, a.region, r.name_zh as "regionZh", r.name_en as "regionEn",
            coalesce(sum(balance_fen) filter (where kind = 'budget'), 0) as "budgetFen", coalesce(sum(balance_fen) filter (where kind = 'available'), 0) as "availableFen",
            coalesce(sum(balance_fen) filter (where kind = 'committed'), 0) as "committedFen", coalesce(sum(balance_fen) filter (where kind = 'in_transit'), 0) as "inTransitFen",
            coalesce(sum(balance_fen) filter (where kind = 'paid'), 0) as "paidFen"
       from ledger_accounts a join regions r on r.code = a.region
      where ${withinPaths('r.path')}
      group by a.fund, a.year, a.region, r.name_zh, r.name_en, r.path order by r.path, a.year, a.fund`,
    { paths: [...paths] },
  );
  return rows.map((row) => ({
    ...row,
    budgetFen: Number(row.budgetFen),
    availableFen: Number(row.availableFen),
    committedFen: Number(row.committedFen),
    inTransitFen: Number(row.inTransitFen),
    paidFen: Number(row.paidFen),
  }));
}
