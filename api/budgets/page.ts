/** From budgets to what the pages and programs read. */
import { pathsOf } from '../../db/accounts/accounts.ts';
import type { BudgetLine } from '../../db/money/budgets.ts';
import type { Actor } from '../../db/accounts/users.ts';
import type { Role } from '../../workflows/domain/roles.ts';
import { hasRole } from '../../workflows/domain/scope.ts';
import type { Locale } from '../pages/i18n.ts';

export const fundReaders: readonly Role[] = [
  'payment_officer',
  'finance_officer',
  'approver',
  'supervisor',
  'auditor',
  'catalogue_officer',
];

export function fundPaths(actor: Actor): string[] {
  return pathsOf(actor, ...fundReaders);
}

/** Tone of the badge of a proposal, on every page that shows one. */
export const proposalTones = { proposed: 'amber', confirmed: 'green', refused: 'red', withdrawn: '' } as const;

/** Who proposed may only take it back. */
export function budgetView(budget: BudgetLine, actor: Actor, locale: Locale) {
  const decides = hasRole(actor, 'finance_officer') && budget.status === 'proposed';
  const own = budget.proposedById === actor.userId;
  return {
    ...budget,
    regionName: locale === 'en' ? budget.regionEn : budget.regionZh,
    tone: proposalTones[budget.status],
    mayConfirm: decides && !own,
    mayWithdraw: decides && own,
  };
}

export function budgetJson({ regionZh: _zh, regionEn: _en, proposedById: _by, proposedAt, decidedAt, ...budget }: BudgetLine) {
  return { ...budget, proposedAt: proposedAt.toISOString(), decidedAt: decidedAt?.toISOString() ?? null };
}
