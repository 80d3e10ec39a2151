/** Budgets: one finance officer enters, another confirms; further amounts and reductions are entries of their own (N3). */
import { z } from 'zod';
import { listRegionsWithin, pathsOf } from '../../db/accounts/accounts.ts';
import { confirmBudget, listBudgets, proposeBudget, refuseBudget } from '../../db/money/budgets.ts';
import { funds } from '../../workflows/domain/policy/policy.ts';
import { hasRole } from '../../workflows/domain/scope.ts';
import { regionOptions } from '../accounts/page.ts';
import { nextCursor, pagerOf, readTimeCursor } from '../http/cursors.ts';
import { Cursor } from '../http/fields.ts';
import { page, redirect, type Reply } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import { budgetJson, budgetView, fundPaths, fundReaders } from './page.ts';
import { Budget, BudgetForm, BudgetParams } from './schemas.ts';

const tags = ['funds'];
const SHOWN = 100;

export function budgetRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/budgets',
    summary: 'Budgets of the own regions: what waits for a second person, then the newest, with who and when',
    tags,
    access: fundReaders,
    query: z.object({ after: Cursor }),
    response: z.object({ budgets: z.array(Budget), next: z.string().nullable() }),
    handle: async ({ db, actor, query, locale }) => {
      const { budgets, next } = await listBudgets(db, fundPaths(actor), { after: readTimeCursor(query.after), size: SHOWN });
      const cursor = nextCursor(next);
      const view = {
        budgets: budgets.map((budget) => budgetView(budget, actor, locale)),
        mayEnter: hasRole(actor, 'finance_officer'),
        ...pagerOf('/budgets', { after: query.after }, { next: cursor }),
      };
      return page('budgets/index', view, { nav: 'funds', json: { budgets: budgets.map(budgetJson), next: cursor } });
    },
  });

  const form = async ({ db, actor, locale, t }: Context<unknown, unknown, unknown>, more: Record<string, unknown> = {}): Promise<Reply> => {
    const regions = await listRegionsWithin(db, pathsOf(actor, 'finance_officer'));
    const view = {
      regionOptions: regionOptions(regions, locale),
      fundOptions: funds.map((value) => ({ value, label: t(`funds.names.${value}`) })),
      directionOptions: (['increase', 'reduction'] as const).map((value) => ({
        value,
        label: t(`budgets.directions.${value}`),
        hint: t(`budgets.directionHints.${value}`),
      })),
      ...more,
    };
    return page('budgets/new', view, { nav: 'funds' });
  };

  route(counter, {
    method: 'get',
    path: '/budgets/new',
    summary: 'The form to enter a budget',
    tags,
    access: ['finance_officer'],
    handle: (context) => form(context),
  });

  route(counter, {
    method: 'post',
    path: '/budgets',
    summary: 'Enter a budget or a reduction with its document; another finance officer confirms it',
    tags,
    access: ['finance_officer'],
    body: BudgetForm,
    response: z.object({ id: z.string() }),
    errors: [409],
    creates: true,
    handle: async ({ db, actor, body: { amount, ...budget }, request }) =>
      redirect('/budgets', {
        json: await proposeBudget(db, actor, { ...budget, amountFen: amount }, request),
        status: 201,
        flash: 'budgets.proposed',
      }),
    onInvalid: (context, issues, entered) => form(context, { issues, entered }),
  });

  route(counter, {
    method: 'post',
    path: '/budgets/:id/confirm',
    summary: 'Confirm what another finance officer entered: it is posted to the ledger',
    tags,
    access: ['finance_officer'],
    params: BudgetParams,
    response: z.object({ availableFen: z.number().int() }),
    errors: [409],
    handle: async ({ db, actor, params, request }) =>
      redirect('/budgets', { json: await confirmBudget(db, actor, params.id, request), flash: 'budgets.confirmed' }),
  });

  route(counter, {
    method: 'post',
    path: '/budgets/:id/refuse',
    summary: 'Refuse an entry, or take the own one back',
    tags,
    access: ['finance_officer'],
    params: BudgetParams,
    response: z.object({ status: z.string() }),
    errors: [409],
    handle: async ({ db, actor, params, request }) => {
      const answer = await refuseBudget(db, actor, params.id, request);
      return redirect('/budgets', { json: answer, flash: `budgets.${answer.status}` });
    },
  });
}
