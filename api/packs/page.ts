/** A policy pack as people read it: who reviews, how long, what is disclosed, what is paid, each with its source; what has none is marked. */
import type { PackLine, PackPlace, UploadLine } from '../../db/catalogue/policy-packs.ts';
import { isCivilDate } from '../../workflows/domain/calendar/calendar.ts';
import { formatYuan } from '../../workflows/domain/money/money.ts';
import { findGroup } from '../../workflows/domain/policy/groups.ts';
import { ladderOf, type Rung, rungCode } from '../../workflows/domain/policy/ladder.ts';
import {
  type DisclosureRule,
  disclosureKinds,
  type PolicyPack,
  type Sourced,
  unsourcedKeys,
} from '../../workflows/domain/policy/policy.ts';
import type { ReviewStep } from '../../workflows/domain/procedures.ts';
import { cursorParts, cursorText } from '../http/cursors.ts';
import type { Locale, Translate } from '../pages/i18n.ts';

type Speech = { t: Translate; locale: Locale };
const stages = ['preTraining', 'change', 'filing', 'subsidy', 'approval'] as const;
const sections = ['days', 'amounts', 'conditions', 'organisation'] as const;

/** Everything of a pack, in sections. */
export function packView(pack: PolicyPack, speech: Speech) {
  const { t, locale } = speech;
  const basis = ({ source, article, sourced }: Sourced<unknown>) => ({ source: [source, article].filter(Boolean).join(' '), sourced });
  // The database does not keep the order of the file.
  const plain = Object.entries(pack.values)
    .filter(([key]) => !/^(reviews|disclosures)\./.test(key))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    title: locale === 'en' ? pack.name.en : pack.name.zh,
    packId: pack.id,
    source: pack.source,
    textFrom: pack.from,
    textTo: pack.to,
    levels: pack.levels.map((level) => t(`packs.levels.${level}`)).join(t('common.listSeparator')),
    unsourced: unsourcedKeys(pack).length,
    reviews: stages.map((stage) => {
      const value: Sourced<ReviewStep[]> = pack.values[`reviews.${stage}`];
      return {
        name: t(`packs.stages.${stage}`),
        ...basis(value),
        steps: value.value.map((step) => ({
          step: t(`packs.steps.${step.step}`),
          role: t(`common.roles.${step.role}`),
          level: t(`packs.levels.${step.level}`),
          days: t('packs.workingDays', { count: step.workingDays }),
          joint: jointOf(step, t),
        })),
      };
    }),
    disclosures: disclosureKinds.map((kind) => {
      const value: Sourced<DisclosureRule> = pack.values[`disclosures.${kind}`];
      const shown = Object.entries(value.value.masking).map(([field, masking]) => ({
        field: t(`packs.masked.${field}`),
        masking: t(`packs.masking.${masking}`),
      }));
      return {
        name: t(`disclosures.lists.${kind}`),
        blocks: value.value.blocks,
        days: t('packs.workingDays', { count: value.value.workingDays }),
        masking: shown.map(({ field, masking }) => `${field} ${masking}`).join(t('common.listSeparator')),
        ...basis(value),
      };
    }),
    sections: sections.flatMap((section) => {
      const values = plain
        .filter(([key]) => sectionOf(key) === section)
        .map(([key, value]) => ({
          name: t(`packs.keys.${key.replaceAll('.', '_')}`),
          lines: wordsOf(key, value.value, speech),
          ...basis(value),
        }));
      return values.length > 0 ? [{ name: t(`packs.sections.${section}`), values }] : [];
    }),
  };
}

/** Who signs a step besides: «会签：区县 · 财政经办». */
function jointOf({ joint }: ReviewStep, t: Translate): string {
  if (!joint) return '';
  const signers = joint.with.map(({ role, level }) => `${t(`packs.levels.${level}`)} · ${t(`common.roles.${role}`)}`);
  return t(`packs.joint.${joint.mode}`, { signers: signers.join(t('common.listSeparator')) });
}

function sectionOf(key: string): (typeof sections)[number] {
  if (/days$/i.test(key) || /months$/i.test(key) || key === 'escalation' || key.startsWith('evidence.')) return 'days';
  if (/^(training|apprenticeship|uplift|factors|payee|advance)\.|^livingAllowance$/.test(key)) return 'amounts';
  return /^(hours|quota|age|class|attendance|materials|assessment)/.test(key) ? 'conditions' : 'organisation';
}

/** Units by the end of the name, as names are given in packs. */
function numberWords(name: string, value: number, t: Translate): string {
  if (/fen$/i.test(name)) return formatYuan(value);
  if (/percent/i.test(name)) return `${value}%`;
  if (/days/i.test(name)) return t('packs.workingDays', { count: value });
  if (/months/i.test(name)) return t('packs.months', { count: value });
  if (/years$/i.test(name)) return t('packs.years', { count: value });
  if (/hours/i.test(name)) return t('packs.hours', { count: value });
  return String(value);
}

function codeWords(name: string, value: string, { t, locale }: Speech): string {
  const group = findGroup(value);
  if (group) return locale === 'en' ? group.en : group.zh;
  if (/^\d$/.test(value)) return t(`projects.level.${value}`);
  if (name === 'payment.fund') return t(`funds.names.${value}`);
  if (/level$/i.test(name)) return t(`packs.levels.${value}`);
  if (name === 'role') return t(`common.roles.${value}`);
  if (name === 'kind') return t(`materials.kinds.${value}`);
  if (name === 'payee') return t(`packs.payees.${value}`);
  return value;
}

/** Lines of text for any value: amounts by level, choices, lists of small tables. */
function wordsOf(key: string, value: unknown, speech: Speech): string[] {
  const { t } = speech;
  if (key === 'escalation') return ladderOf(value as Rung[]).map((rung) => rungWords(rung, t));
  if (typeof value === 'number') return [numberWords(key, value, t)];
  if (typeof value === 'boolean') return [t(value ? 'packs.yes' : 'packs.no')];
  if (typeof value === 'string') return [codeWords(key, value, speech)];
  if (Array.isArray(value)) {
    const items = value.map((item) => wordsOf(key, item, speech));
    return value.every((item) => typeof item !== 'object')
      ? [items.flat().join(t('common.listSeparator'))]
      : items.map((item) => item.join(' · '));
  }
  return Object.entries(value as Record<string, unknown>).map(([name, inner]) => {
    // The unit of a table's entries is that of the table: «training.byLevelFen» holds fen by level.
    const unit = typeof inner === 'number' && /^(\d|[a-z_*]+$)/.test(name) && /(fen|percent)$/i.test(key) ? key : name;
    const text = wordsOf(typeof inner === 'string' && key.startsWith('payee') ? 'payee' : unit, inner, speech).join(' · ');
    return `${partName(name, speech)} ${text}`;
  });
}

function rungWords(rung: Rung, t: Translate): string {
  const count = Math.abs(rung.when);
  const day = count === 0 ? t('packs.rungs.onDueDay') : t(rung.when < 0 ? 'packs.rungs.before' : 'packs.rungs.after', { count, n: count });
  return `${day} · ${t(`tasks.ladder.${rungCode(rung)}`)}`;
}

function partName(name: string, { t, locale }: Speech): string {
  if (/^\d$/.test(name)) return t(`projects.level.${name}`);
  const group = findGroup(name);
  if (group) return locale === 'en' ? group.en : group.zh;
  return t(`packs.parts.${name === '*' ? 'everybody' : name}`);
}

export function packLineView(line: PackLine, { locale }: Speech) {
  return {
    ...line,
    name: locale === 'en' ? line.name.en : line.name.zh,
    regionName: locale === 'en' ? line.regionEn : line.regionZh,
    tone: { inForce: 'green', future: 'blue', over: '' }[line.state],
    digestShort: line.digest.slice(0, 12),
  };
}

function headJson({ name, region, digest, proposedBy, proposedAt, decidedBy, decidedAt }: PackLine | UploadLine) {
  return {
    name,
    region,
    digest,
    proposedBy,
    proposedAt: proposedAt?.toISOString() ?? null,
    decidedBy,
    decidedAt: decidedAt?.toISOString() ?? null,
  };
}

export function packJson(line: PackLine) {
  return { id: line.id, ...headJson(line), validFrom: line.validFrom, validTo: line.validTo, state: line.state };
}

export function uploadJson(line: UploadLine) {
  return { uploadId: line.id, id: line.packId, ...headJson(line), status: line.status };
}

export function packCursor(next: PackPlace | undefined): string | null {
  return next ? cursorText([next.over, next.region, next.from]) : null;
}

export function readPackCursor(text: string | undefined): PackPlace | undefined {
  const [over, region, from] = cursorParts(text) ?? [];
  const fits = typeof over === 'boolean' && typeof region === 'string' && /^\d{6,12}$/.test(region);
  // PostgreSQL knows no year 0.
  return fits && typeof from === 'string' && isCivilDate(from) && !from.startsWith('0000') ? { over, region, from } : undefined;
}
