/** Lines of a claim as pages show them: each amount with its standard, percentage, formula and the source of every part. */
import type { LineView } from '../../db/views/subsidies.ts';
import type { Calculation, CalculationLine } from '../../workflows/domain/money/calculator.ts';
import { findGroup } from '../../workflows/domain/policy/groups.ts';
import { formatYuan } from '../../workflows/domain/money/money.ts';
import type { Locale, Translate } from '../pages/i18n.ts';

export type Person = { seat: number; name: string; id_masked: string; account_masked: string; bank_name: string; group_code: string };

const tones: Record<LineView['status'], string> = {
  claimed: 'blue',
  approved: 'blue',
  excluded: '',
  in_batch: 'amber',
  sent: 'amber',
  paid: 'green',
  failed: 'red',
};

export function amountView(
  person: Person,
  amount: Pick<Calculation, 'standardFen' | 'percent' | 'amountFen' | 'formula' | 'lines'>,
  t: Translate,
  locale: Locale,
) {
  const group = findGroup(person.group_code);
  return {
    seat: person.seat,
    name: person.name,
    idMasked: person.id_masked,
    accountMasked: person.account_masked,
    bankName: person.bank_name,
    group: group ? group[locale === 'en' ? 'en' : 'zh'] : person.group_code,
    standardFen: amount.standardFen,
    percentage: Number(amount.percent),
    amountFen: amount.amountFen,
    formula: amount.formula,
    sources: amount.lines.map((line) => ({
      label: t(`calculator.${line.code}`),
      value: valueOf(line, t),
      source: line.source,
      article: line.article ?? '',
      sourced: line.sourced,
    })),
    unsourced: amount.lines.some((line) => !line.sourced),
  };
}

export function lineView(line: LineView, t: Translate, locale: Locale) {
  const amount = { ...line.trace, standardFen: line.standard_fen, percent: Number(line.percent), amountFen: line.amount_fen };
  return {
    ...amountView(line, amount, t, locale),
    id: line.id,
    enrolmentId: line.enrolment_id,
    status: line.status,
    statusLabel: t(`subsidies.lineStates.${line.status}`),
    tone: tones[line.status],
    reason: line.status_reason,
    held: line.held_by !== null,
    paidAt: line.paid_at,
  };
}

function valueOf(line: CalculationLine, t: Translate): string {
  if (line.unit === 'fen') return formatYuan(line.value);
  return line.unit === 'percent' ? `${line.value}%` : t('subsidies.lessonHours', { n: line.value });
}
