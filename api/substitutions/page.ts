/** A substitution as the account page, the board and the list of substitutes show it. */
import type { SubstitutionLine } from '../../db/accounts/substitutions.ts';
import type { Actor } from '../../db/accounts/users.ts';
import { hasRole } from '../../workflows/domain/scope.ts';
import type { Locale, Translate } from '../pages/i18n.ts';

export function substitutionView(line: SubstitutionLine, actor: Actor, t: Translate, locale: Locale) {
  return {
    ...line,
    roleLabel: `${t(`common.roles.${line.role}`)} · ${locale === 'en' ? line.officeEn : line.officeZh}`,
    stateLabel: t(`substitutions.states.${line.state}`),
    tone: { inForce: 'green', future: 'blue', suspended: 'amber' }[line.state],
    // The act itself asks for the region of the supervisor.
    mayRevoke: line.principalId === actor.userId || (line.substituteId !== actor.userId && hasRole(actor, 'supervisor')),
  };
}

export function substitutionJson({ id, principal, substitute, role, region, from, until, reason, namedBy, state }: SubstitutionLine) {
  return { id, principal, substitute, role, region, from, until, reason, namedBy, state };
}
