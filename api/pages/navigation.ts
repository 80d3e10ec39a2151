/** The entries of the header by role: one table. */
import type { Actor, Workplace } from '../../db/accounts/users.ts';
import { officerRoles, readingRoles, type Role } from '../../workflows/domain/roles.ts';
import { hasRole } from '../../workflows/domain/scope.ts';
import type { Locale, Translate } from './i18n.ts';

type Entry = { id: string; href: string; roles: readonly Role[] | 'everybody' };

const entries: readonly Entry[] = [
  { id: 'workplace', href: '/workplace', roles: ['institution', 'assessor'] },
  { id: 'tasks', href: '/tasks', roles: [...officerRoles, 'institution', 'assessor'] },
  { id: 'board', href: '/board', roles: ['supervisor'] },
  { id: 'classes', href: '/classes', roles: [...readingRoles, 'institution', 'assessor'] },
  { id: 'institutions', href: '/institutions', roles: 'everybody' },
  { id: 'projects', href: '/projects', roles: 'everybody' },
  { id: 'packs', href: '/packs', roles: ['catalogue_officer', 'auditor'] },
  { id: 'prior-benefits', href: '/prior-benefits', roles: ['first_reviewer', 'catalogue_officer', 'auditor'] },
  { id: 'payments', href: '/payments', roles: ['payment_officer', 'finance_officer', 'approver', 'supervisor', 'auditor'] },
  { id: 'funds', href: '/funds', roles: ['payment_officer', 'finance_officer', 'approver', 'supervisor', 'auditor', 'catalogue_officer'] },
  { id: 'disclosures', href: '/disclosures', roles: 'everybody' },
  { id: 'audit', href: '/admin/audit', roles: ['auditor'] },
  { id: 'admin', href: '/admin', roles: ['system_admin', 'security_admin', 'audit_admin'] },
];

export type NavigationItem = { id: string; href: string; label: string; active: boolean; counted?: boolean; count?: number; tone?: string };

/** What this person can open; `at` is the path (or an id) of the present page. */
export function navigationFor(actor: Actor | undefined, at: string, t: Translate, counts: Record<string, number>): NavigationItem[] {
  return entries
    .filter((entry) => entry.roles === 'everybody' || (actor && hasRole(actor, ...entry.roles)))
    .map((entry) => ({
      id: entry.id,
      href: entry.href,
      label: t(`common.nav.${entry.id}`),
      active: at === entry.id || at === entry.href || at.startsWith(`${entry.href}/`),
      // The figure of an entry stands in its place also while it is nothing: an open list is told of more.
      ...(counts[entry.id] === undefined ? {} : { counted: true, count: counts[entry.id] as number }),
      ...(entry.id === 'board' ? { tone: 'red' } : {}),
    }));
}

/** Where somebody arrives after signing in. */
export function homeOf(actor: Actor): string {
  if (hasRole(actor, ...officerRoles)) return '/tasks';
  if (hasRole(actor, 'institution', 'assessor')) return '/workplace';
  if (hasRole(actor, 'auditor', 'catalogue_officer')) return '/classes';
  if (hasRole(actor, 'system_admin', 'security_admin', 'audit_admin')) return '/admin';
  return '/account';
}

/** «福州市 · 仓山区» or the name of the institution. */
export function workplaceLabel(workplace: Workplace, locale: Locale): string {
  if (workplace.institution) return workplace.institution;
  const own = locale === 'en' ? workplace.regionEn : workplace.regionZh;
  const above = locale === 'en' ? workplace.parentEn : workplace.parentZh;
  return [above, own].filter(Boolean).join(' · ');
}
