/** What an administrator may do, each of the three only the own. */
import { z } from 'zod';
import type { AdministratorRole } from '../../workflows/domain/roles.ts';
import { hasRole } from '../../workflows/domain/scope.ts';
import { page } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';

type Place = { id: string; href: string; roles: readonly AdministratorRole[]; demonstration?: boolean };

const places: readonly Place[] = [
  { id: 'accounts', href: '/admin/accounts', roles: ['system_admin', 'security_admin'] },
  { id: 'newAccount', href: '/admin/accounts/new', roles: ['system_admin'] },
  { id: 'calendar', href: '/admin/calendar', roles: ['system_admin'] },
  { id: 'mails', href: '/admin/mails', roles: ['system_admin'] },
  { id: 'sms', href: '/admin/sms', roles: ['system_admin'] },
  { id: 'letters', href: '/admin/letters', roles: ['system_admin'] },
  { id: 'operations', href: '/admin/operations', roles: ['system_admin', 'security_admin', 'audit_admin'] },
  { id: 'clock', href: '/clock', roles: ['system_admin'], demonstration: true },
  { id: 'grants', href: '/admin/grants', roles: ['security_admin'] },
  { id: 'newGrant', href: '/admin/grants/new', roles: ['security_admin'] },
  { id: 'security', href: '/admin/security', roles: ['security_admin'] },
  { id: 'audit', href: '/admin/audit', roles: ['audit_admin'] },
  { id: 'chain', href: '/admin/audit/chain', roles: ['audit_admin'] },
];

export function adminRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/admin',
    summary: 'What this administrator may do',
    tags: ['administration'],
    access: ['system_admin', 'security_admin', 'audit_admin'],
    response: z.object({ places: z.array(z.object({ id: z.string(), href: z.string() })) }),
    handle: ({ actor, config, t }) => {
      const own = places.filter((place) => hasRole(actor, ...place.roles) && (config.demo || !place.demonstration));
      const role = actor.grants.find((grant) => ['system_admin', 'security_admin', 'audit_admin'].includes(grant.role))?.role ?? '';
      const view = {
        lead: t(`admin.leads.${role}`),
        places: own.map(({ id, href }) => ({ href, label: t(`admin.places.${id}.label`), hint: t(`admin.places.${id}.hint`) })),
      };
      return page('admin/index', view, { nav: 'admin', json: { places: own.map(({ id, href }) => ({ id, href })) } });
    },
  });
}
