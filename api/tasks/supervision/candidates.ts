/** Those to whom tasks can be handed over, as choices of a field. */
import type { Candidate } from '../../../db/views/board.ts';
import type { Locale, Translate } from '../../pages/i18n.ts';

/** The office is said only where there are several: the choice must be readable within its field. */
export function candidateOptions(candidates: readonly Candidate[], t: Translate, locale: Locale) {
  const several = new Set(candidates.map((one) => one.officeZh)).size > 1;
  return candidates.map((one) => ({
    value: one.id,
    label: t(several ? 'board.acts.candidate' : 'board.acts.candidateHere', {
      name: one.name,
      role: one.roles.map((role) => t(`common.roles.${role}`)).join(t('common.listSeparator')),
      office: locale === 'en' ? one.officeEn : one.officeZh,
      n: one.open,
    }),
  }));
}
