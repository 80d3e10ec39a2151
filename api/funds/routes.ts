/** The fund ledger: budget, available, committed, in transit, paid, and the newest entries with their postings. */
import { z } from 'zod';
import { type Balance, listBalances, listEntries } from '../../db/money/ledger.ts';
import type { Role } from '../../workflows/domain/roles.ts';
import { page } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';
import { FundBalance, LedgerEntry } from './schemas.ts';

const readers: readonly Role[] = ['payment_officer', 'finance_officer', 'approver', 'supervisor', 'auditor', 'catalogue_officer'];
const SHOWN = 60;

export function fundRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/funds',
    summary: 'Balances by fund, year and region of the own regions, and the newest entries of the ledger',
    tags: ['funds'],
    access: readers,
    response: z.object({ balances: z.array(FundBalance), entries: z.array(LedgerEntry) }),
    handle: async ({ db, actor, locale }) => {
      const paths = actor.grants.filter((grant) => readers.includes(grant.role)).map((grant) => grant.path);
      const [balances, entries] = await Promise.all([listBalances(db, paths), listEntries(db, paths, SHOWN)]);
      const view = {
        balances: balances.map((balance) => ({
          ...balance,
          regionName: locale === 'en' ? balance.regionEn : balance.regionZh,
          ...sharesOf(balance),
        })),
        entries: entries.map((entry) => ({
          ...entry,
          regionName: locale === 'en' ? entry.regionEn : entry.regionZh,
          // Commitments are booked under the id of the application's procedure
          referenceLabel: entry.reference.replace(/^[a-z]+-/, ''),
        })),
        shown: SHOWN,
      };
      return page('funds/index', view, { json: { balances, entries } });
    },
  });
}

/** Whole percents of the budget for the bar (what moved at all is seen), and the used share to a tenth. */
function sharesOf({ budgetFen, paidFen, inTransitFen, committedFen }: Balance) {
  const share = (fen: number): number => (budgetFen === 0 || fen === 0 ? 0 : Math.max(1, Math.floor((fen / budgetFen) * 100)));
  const used = budgetFen === 0 ? 0 : ((paidFen + inTransitFen + committedFen) / budgetFen) * 100;
  return {
    paidShare: share(paidFen),
    transitShare: share(inTransitFen),
    committedShare: share(committedFen),
    usedShare: Math.round(used * 10) / 10,
  };
}
