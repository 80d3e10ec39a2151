/** From grants and requests to what the pages and programs read. */
import type { GrantLine, GrantRequestLine } from '../../db/accounts/grants.ts';
import type { Actor } from '../../db/accounts/users.ts';
import { hasRole } from '../../workflows/domain/scope.ts';
import type { Locale } from '../pages/i18n.ts';

export function grantView(grant: GrantLine, actor: Actor, locale: Locale) {
  return {
    ...grant,
    regionName: locale === 'en' ? grant.regionEn : grant.regionZh,
    tone: { inForce: 'green', future: 'blue', over: '' }[grant.state],
    mayRevoke: hasRole(actor, 'security_admin') && grant.state !== 'over' && grant.userId !== actor.userId,
  };
}

export function grantJson({ id, login, name, role, region, validFrom, validTo, grantedBy, confirmedBy, state }: GrantLine) {
  return { id, login, name, role, region, validFrom, validTo, grantedBy, confirmedBy, state };
}

/** Who asked may only take it back; whom it is for does nothing about it. */
export function requestView(request: GrantRequestLine, actor: Actor, locale: Locale) {
  const decides = hasRole(actor, 'security_admin') && request.userId !== actor.userId;
  const own = request.requestedById === actor.userId;
  return {
    ...request,
    regionName: locale === 'en' ? request.regionEn : request.regionZh,
    mayConfirm: decides && !own,
    mayWithdraw: decides && own,
  };
}

export function requestJson({ id, login, name, role, region, validFrom, validTo, reason, requestedBy, requestedAt }: GrantRequestLine) {
  return { id, login, name, role, region, validFrom, validTo, reason, requestedBy, requestedAt: requestedAt.toISOString() };
}
