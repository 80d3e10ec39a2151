/** The fund ledger: budget, available, committed, in transit, paid, and its entries with their postings, by page and as a file. */
import { Readable } from 'node:stream';
import { z } from 'zod';
import { csvText } from '../../db/formats/csv.ts';
import { type Balance, entryKinds, listBalances } from '../../db/money/ledger.ts';
import { type EntryFilter, type EntryLine, exportEntries, listEntries } from '../../db/money/ledger-entries.ts';
import { listBudgets } from '../../db/money/budgets.ts';
import { shanghaiDate } from '../../workflows/domain/calendar/calendar.ts';
import { funds } from '../../workflows/domain/policy/policy.ts';
import { subjectNumberOf } from '../../workflows/domain/procedures.ts';
import { hasRole } from '../../workflows/domain/scope.ts';
import { budgetJson, budgetView, fundPaths, fundReaders } from '../budgets/page.ts';
import { Budget } from '../budgets/schemas.ts';
import { file, page } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';
import type { Locale, Translate } from '../pages/i18n.ts';
import { EntryList, EntryQuery, FundBalance, LedgerEntry } from './schemas.ts';

const BUDGETS_SHOWN = 20;

export function fundRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/funds',
    summary:
      'Balances by fund, year and region of the own regions, and the entries of the ledger, newest first: by fund, year, kind, class, claim or payment batch',
    tags: ['funds'],
    access: fundReaders,
    query: EntryQuery,
    response: z.object({
      balances: z.array(FundBalance),
      entries: z.array(LedgerEntry),
      next: z.number().int().nullable(),
      budgets: z.array(Budget),
    }),
    handle: async ({ db, actor, query, t, locale }) => {
      const paths = fundPaths(actor);
      const { after, size, ...list } = query;
      const [balances, { entries, next }, { budgets }] = await Promise.all([
        listBalances(db, paths),
        listEntries(db, paths, filterOf(list), { after, size }),
        listBudgets(db, paths, { size: BUDGETS_SHOWN }),
      ]);
      const view = {
        balances: balances.map((balance) => ({
          ...balance,
          regionName: locale === 'en' ? balance.regionEn : balance.regionZh,
          ...sharesOf(balance),
        })),
        entries: entries.map((entry) => entryView(entry, locale)),
        budgets: budgets.map((budget) => budgetView(budget, actor, locale)),
        mayEnter: hasRole(actor, 'finance_officer'),
        filter: list,
        filtered: Object.values(list).some((value) => value !== undefined),
        funds: funds.map((value) => ({ value, label: t(`funds.names.${value}`) })),
        years: [...new Set(balances.map(({ year }) => year))].sort((a, b) => b - a),
        kinds: entryKinds.map((value) => ({ value, label: t(`funds.kinds.${value}`) })),
        exportHref: addressOf('/funds/export.csv', list),
        nextHref: next === undefined ? '' : `${addressOf('/funds', { ...list, after: next })}#entries`,
        firstHref: after === undefined ? '' : `${addressOf('/funds', list)}#entries`,
      };
      return page('funds/index', view, { json: { balances, entries, next: next ?? null, budgets: budgets.map(budgetJson) } });
    },
  });

  route(counter, {
    method: 'get',
    path: '/funds/export.csv',
    summary: 'The same entries as a CSV file, all pages; taking it is on record',
    tags: ['funds'],
    access: fundReaders,
    query: EntryList,
    file: ['csv'],
    handle: ({ db, actor, query, instant, t, locale }) =>
      file(Readable.from(csvOf(exportEntries(db, actor, fundPaths(actor), filterOf(query)), t, locale)), {
        name: `${t('funds.heading')}-${shanghaiDate(instant.now)}.csv`,
        type: 'text/csv; charset=utf-8',
      }),
  });
}

function filterOf({ q, ...list }: EntryList): EntryFilter {
  return { ...list, text: q };
}

function addressOf(path: string, asked: Record<string, string | number | undefined>): string {
  const given = Object.entries(asked).filter((entry): entry is [string, string | number] => entry[1] !== undefined);
  const query = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString();
  return query ? `${path}?${query}` : path;
}

function entryView(entry: EntryLine, locale: Locale) {
  return {
    ...entry,
    regionName: locale === 'en' ? entry.regionEn : entry.regionZh,
    referenceLabel: subjectNumberOf(entry.reference),
  };
}

const columns = ['id', 'at', 'kind', 'reference', 'class', 'fund', 'year', 'region', 'debit', 'credit', 'amount'];

/** Batch by batch, so that no number of entries fills the memory. Amounts in yuan, as plain figures. */
async function* csvOf(batches: AsyncIterable<EntryLine[]>, t: Translate, locale: Locale): AsyncGenerator<string> {
  yield `\ufeff${csvText([columns.map((column) => t(`funds.columns.${column}`))])}`;
  for await (const entries of batches) {
    yield csvText(
      entries.map((line) => {
        const entry = entryView(line, locale);
        return [
          String(entry.id),
          entry.at.toISOString(),
          t(`funds.kinds.${entry.kind}`),
          entry.document ?? entry.referenceLabel,
          entry.classNumber ?? entry.batchClasses.join(' '),
          t(`funds.names.${entry.fund}`),
          String(entry.year),
          entry.regionName,
          t(`funds.accounts.${entry.debit}`),
          t(`funds.accounts.${entry.credit}`),
          (entry.amountFen / 100).toFixed(2),
        ];
      }),
    );
  }
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
