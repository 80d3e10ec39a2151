/** The double-entry ledger (N3): balanced and never negative by constraint, even against the product's own role. Real PostgreSQL. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inTransaction, type Trx } from '../../../db/client.ts';
import {
  commitFunds,
  dispatchFunds,
  type LedgerEvent,
  listBalances,
  payFunds,
  releaseFunds,
  returnFunds,
  setBudget,
} from '../../../db/money/ledger.ts';
import { listEntries } from '../../../db/money/ledger-entries.ts';
import { type MoneyDatabase, openMoneyDatabase } from '../../support/by-hand/money.ts';

let money: MoneyDatabase;
let year = 2030;
beforeAll(async () => {
  money = await openMoneyDatabase();
});
afterAll(() => money.close());

const scope = () => ({ fund: 'employment_subsidy', year, region: '350104' });
const event = (reference: string, amountFen: number): LedgerEvent => ({ ...scope(), reference, amountFen });
const within = <T>(work: (trx: Trx) => Promise<T>): Promise<T> => inTransaction(money.db, work);
/** A year of its own with a budget. */
async function budgetOf(amountFen: number): Promise<void> {
  year += 1;
  await within((trx) => setBudget(trx, { ...scope(), amountFen }));
}
async function balances(): Promise<Record<string, number>> {
  const rows = await money.db('ledger_accounts').where(scope()).select('kind', 'balance_fen');
  return Object.fromEntries(rows.map((row) => [row.kind, row.balance_fen]));
}

describe('the way of the money', () => {
  test('[N3] budget → commitment → payment and return, each posted once however often it is told', async () => {
    await budgetOf(1_000_000);
    const twice = async (work: (trx: Trx) => Promise<void>) => {
      await within(work);
      await within(work);
    };
    await twice((trx) => commitFunds(trx, event('a', 300_000)));
    expect(await balances()).toEqual({ budget: 1_000_000, available: 700_000, committed: 300_000 });
    await twice((trx) => dispatchFunds(trx, event('b', 300_000)));
    await twice((trx) => payFunds(trx, [event('b-1', 100_000), event('b-2', 100_000)]));
    await twice((trx) => returnFunds(trx, [event('b-3', 100_000)]));
    expect(await balances()).toEqual({ budget: 1_000_000, available: 700_000, committed: 100_000, in_transit: 0, paid: 200_000 });
    await twice((trx) => releaseFunds(trx, [event('line-3', 100_000)]));
    expect(await balances()).toEqual({ budget: 1_000_000, available: 800_000, committed: 0, in_transit: 0, paid: 200_000 });
  });

  test('[N3] balances and entries are read within a subtree only', async () => {
    await budgetOf(5_000);
    const own = await listBalances(money.db, ['350000/350100/350104']);
    expect(own.every((balance) => balance.region === '350104')).toBe(true);
    expect(own.find((balance) => balance.year === year)).toMatchObject({ budgetFen: 5_000, availableFen: 5_000, paidFen: 0 });
    expect(await listBalances(money.db, ['350000/350100/350102']).then((rows) => rows.some((row) => row.region === '350104'))).toBe(false);
    expect((await listEntries(money.db, ['350000/350100/350104'], {}, { size: 1 })).entries[0]).toMatchObject({
      kind: 'budget',
      debit: 'available',
      credit: 'budget',
      amountFen: 5_000,
    });
  });
});

describe('never more than there is', () => {
  test('[N3] two approvals at once on the last 1,000 yuan: one commits it, the other is told what is left', async () => {
    await budgetOf(100_000);
    const results = await Promise.allSettled(['x', 'y'].map((reference) => within((trx) => commitFunds(trx, event(reference, 100_000)))));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    const lost = results.find((result): result is PromiseRejectedResult => result.status === 'rejected');
    expect(lost?.reason).toMatchObject({ code: 'budget.insufficient', params: { availableFen: 0, needed: '¥1,000.00' } });
    expect(await balances()).toEqual({ budget: 100_000, available: 0, committed: 100_000 });
  });

  test('[N3] commitments and returns across accounts at once do not stop each other', async () => {
    await budgetOf(1_000_000);
    await within((trx) => commitFunds(trx, event('start', 500_000)));
    await within((trx) => dispatchFunds(trx, event('start', 500_000)));
    const work = Array.from({ length: 20 }, (_, at) =>
      within((trx) => (at % 2 ? commitFunds(trx, event(`c${at}`, 10_000)) : returnFunds(trx, [event(`r${at}`, 10_000)]))),
    );
    await Promise.all(work);
    expect(await balances()).toEqual({ budget: 1_000_000, available: 400_000, committed: 200_000, in_transit: 400_000 });
  });
});

describe('the product’s own role', () => {
  const accountOf = async (kind: string): Promise<number> =>
    (
      await money
        .db('ledger_accounts')
        .where({ ...scope(), kind })
        .first('id')
    ).id;
  const entry = async (trx: Trx, reference: string): Promise<number> =>
    (
      await trx('ledger_entries')
        .insert({ ...scope(), kind: 'budget', reference, at: trx.raw('business_now()') })
        .returning('id')
    )[0].id;

  test('[N3] can post neither an unbalanced entry nor below zero nor across years', async () => {
    await budgetOf(1_000);
    const [available, budget] = [await accountOf('available'), await accountOf('budget')];
    await expect(
      within(async (trx) =>
        trx('ledger_postings').insert({ entry_id: await entry(trx, 'one-sided'), account_id: available, side: 'debit', amount_fen: 5 }),
      ),
    ).rejects.toMatchObject({ code: '23514' });
    const sides = (entryId: number, from: number, to: number) => [
      { entry_id: entryId, account_id: to, side: 'debit', amount_fen: 2_000 },
      { entry_id: entryId, account_id: from, side: 'credit', amount_fen: 2_000 },
    ];
    await within((trx) => commitFunds(trx, event('open', 1)));
    const committed = await accountOf('committed');
    await expect(
      within(async (trx) => trx('ledger_postings').insert(sides(await entry(trx, 'below'), available, committed))),
    ).rejects.toMatchObject({ code: '23514', table: 'ledger_accounts' });
    await budgetOf(9_000);
    const later = await accountOf('available');
    await expect(
      within(async (trx) => trx('ledger_postings').insert(sides(await entry(trx, 'years'), later, committed))),
    ).rejects.toMatchObject({ code: '23514' });
    expect(budget).toBeGreaterThan(0);
  });

  test('[N3] can change no balance and take nothing back', async () => {
    await budgetOf(1_000);
    await expect(money.db('ledger_accounts').where(scope()).update({ balance_fen: 1 })).rejects.toMatchObject({ code: '42501' });
    await expect(money.db('ledger_accounts').insert({ ...scope(), kind: 'paid', balance_fen: 7 })).rejects.toMatchObject({ code: '42501' });
    await expect(money.db('ledger_postings').update({ amount_fen: 1 })).rejects.toMatchObject({ code: '42501' });
    await expect(money.db('ledger_postings').delete()).rejects.toMatchObject({ code: '42501' });
    await expect(money.db('ledger_entries').delete()).rejects.toMatchObject({ code: '42501' });
    await expect(money.db('ledger_accounts').delete()).rejects.toMatchObject({ code: '42501' });
  });
});
