/** From accounts to what the pages and programs read. */
import type { AccountLine } from '../../db/accounts/accounts.ts';
import type { Locale, Translate } from '../pages/i18n.ts';

export function accountJson(account: AccountLine) {
  return {
    id: account.id,
    login: account.login,
    name: account.name,
    email: account.email,
    region: account.region,
    institution: account.institution,
    active: account.active,
    hasPassword: account.hasPassword,
    linkUntil: account.linkUntil?.toISOString() ?? null,
    linkHeld: account.linkHeld,
    linkUnreleased: account.linkUnreleased,
    linkId: account.linkId,
    linkIssuedAt: account.linkIssuedAt?.toISOString() ?? null,
    linkIssuedBy: account.linkIssuedBy,
    lastSignInAt: account.lastSignInAt?.toISOString() ?? null,
    lockedUntil: account.lockedUntil?.toISOString() ?? null,
    knownLockedUntil: account.knownLockedUntil?.toISOString() ?? null,
    roles: account.roles,
    version: account.version,
  };
}

export function accountView(account: AccountLine, locale: Locale, t: Translate) {
  const state = stateOf(account);
  return {
    ...account,
    place: account.institution ?? (locale === 'en' ? account.regionEn : account.regionZh),
    placeHint: account.institution ? (locale === 'en' ? account.regionEn : account.regionZh) : t('accounts.office'),
    roleLabels: account.roles.map((role) => t(`common.roles.${role}`)).join(t('common.listSeparator')),
    state: t(`accounts.states.${state}`),
    tone: { active: 'green', inactive: 'red', waiting: 'blue', lapsed: 'amber' }[state],
  };
}

/** Waiting: its link works and no password was set; lapsed: no password, and no link either. */
function stateOf(account: AccountLine): 'active' | 'inactive' | 'waiting' | 'lapsed' {
  if (!account.active) return 'inactive';
  if (account.hasPassword || account.demo) return 'active';
  return account.linkUntil ? 'waiting' : 'lapsed';
}

export function regionOptions(
  regions: readonly { code: string; nameZh: string; nameEn: string; parentZh: string | null; parentEn: string | null }[],
  locale: Locale,
) {
  return regions.map((region) => {
    const own = locale === 'en' ? region.nameEn : region.nameZh;
    const above = locale === 'en' ? region.parentEn : region.parentZh;
    return { value: region.code, label: `${above ? `${above} · ` : ''}${own}` };
  });
}
