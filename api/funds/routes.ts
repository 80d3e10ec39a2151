/** The fund ledger: budget, available, committed, in transit, paid, and the newest entries. */
import { z } from 'zod';
import { listBalances, listEntries } from '../../db/ledger.ts';
import { page } from '../replies.ts';
import { type Counter, route } from '../routing.ts';

const SHOWN = 60;
const STEP = 5;

const Balance = z
  .object({ fund: z.string(), year: z.number().int(), region: z.string(), budgetFen: z.number().int(), availableFen: z.number().int(), committedFen: z.number().int(), inTransitFen: z.number().int(), paidFen: z.number().int() })
  .meta({ id: 'FundBalance' });

export function fundRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/funds',
    summary: 'Balances by fund, year and region, and the newest entries of the ledger',
    tags: ['funds'],
    access: ['payment_officer', 'finance_officer', 'approver', 'supervisor', 'auditor', 'catalogue_officer'],
    response: z.object({ balances: z.array(Balance), entries: z.array(z.unknown()) }),
    handle: async ({ db, actor, locale }) => {
      const paths = actor.grants.map((grant) => grant.path);
      const balances = await listBalances(db, paths);
      const entries = await listEntries(db, paths, SHOWN);
      const share = (part: number, whole: number): number => (whole === 0 ? 0 : Math.round(((part / whole) * 100) / STEP) * STEP);
      return page(
        'funds/index',
        {
          balances: balances.map((balance) => ({
            ...balance,
            regionName: locale === 'en' ? balance.regionEn : balance.regionZh,
            paidShare: share(balance.paidFen, balance.budgetFen),
            transitShare: share(balance.inTransitFen, balance.budgetFen),
            committedShare: share(balance.committedFen, balance.budgetFen),
          })),
          entries,
        },
        { json: { balances, entries } },
      );
    },
  });
}
