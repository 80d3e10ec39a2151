/** The fund ledger: budget, available, committed, in transit, paid, and the newest entries with their postings. */
import { z } from 'zod';
import { type Balance, listBalances, listEntries } from '../../db/money/ledger.ts';
import { listBudgets } from '../../db/money/budgets.ts';
import { subjectNumberOf } from '../../workflows/domain/procedures.ts';
import { hasRole } from '../../workflows/domain/scope.ts';
import { budgetJson, budgetView, fundPaths, fundReaders } from '../budgets/page.ts';
import { Budget } from '../budgets/schemas.ts';
import { page } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';
import { FundBalance, LedgerEntry } from './schemas.ts';

const SHOWN = 60;
const BUDGETS_SHOWN = 20;

export function fundRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/funds',
    summary: 'Balances by fund, year and region of the own regions, and the newest entries of the ledger',
    tags: ['funds'],
    access: fundReaders,
    response: z.object({ balances: z.array(FundBalance), entries: z.array(LedgerEntry), budgets: z.array(Budget) }),
    handle: async ({ db, actor, locale }) => {
      const paths = fundPaths(actor);
      const [balances, entries, budgets] = await Promise.all([
        listBalances(db, paths),
        listEntries(db, paths, SHOWN),
        listBudgets(db, paths, BUDGETS_SHOWN),
      ]);
      const view = {
        balances: balances.map((balance) => ({
          ...balance,
          regionName: locale === 'en' ? balance.regionEn : balance.regionZh,
          ...sharesOf(balance),
        })),
        entries: entries.map((entry) => ({
          ...entry,
          regionName: locale === 'en' ? entry.regionEn : entry.regionZh,
          referenceLabel: subjectNumberOf(entry.reference),
        })),
        budgets: budgets.map((budget) => budgetView(budget, actor, locale)),
        mayEnter: hasRole(actor, 'finance_officer'),
        shown: SHOWN,
      };
      return page('funds/index', view, { json: { balances, entries, budgets: budgets.map(budgetJson) } });
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
