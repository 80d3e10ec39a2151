/** What stands at the head of every page of an archive, who may do what in it, and its lines in words. */
import type { InstitutionEvent } from '../../db/views/institutions/history.ts';
import type { InstitutionFigures, InstitutionHead, InstitutionLine } from '../../db/views/institutions/institutions.ts';
import type { Actor } from '../../db/accounts/users.ts';
import { allowedInstitutionActs, type InstitutionAct, type InstitutionStatus, keepsRegister } from '../../workflows/domain/institutions.ts';
import { hasRole } from '../../workflows/domain/scope.ts';
import { timelineView } from '../classes/timeline.ts';
import type { Locale, Translate, Words } from '../pages/i18n.ts';

const tabs = ['overview', 'teachers', 'venues', 'classes', 'papers', 'timeline'] as const;
export type InstitutionTab = (typeof tabs)[number];
export type Speech = { t: Translate; locale: Locale };

export const statusTones: Record<InstitutionStatus, string> = { listed: 'green', suspended: 'amber', removed: 'red' };

export function institutionPath(creditCode: string, tab: InstitutionTab = 'overview'): string {
  return tab === 'overview' ? `/institutions/${creditCode}` : `/institutions/${creditCode}/${tab}`;
}

/** What this officer may do with the entry on the register now. */
export function actsFor(actor: Actor | undefined, head: Pick<InstitutionHead, 'status' | 'region_path'>): readonly InstitutionAct[] {
  return actor && keepsRegister(actor, head.region_path) ? allowedInstitutionActs(head.status) : [];
}

/** Its own people keep teachers and venues as long as it is on the register. */
export function maintains(actor: Actor, head: Pick<InstitutionHead, 'status' | 'reader'>): boolean {
  return head.reader === 'own' && head.status !== 'removed' && hasRole(actor, 'institution', 'assessor');
}

export function regionName(row: { region_zh: string; region_en: string }, locale: Locale): string {
  return locale === 'en' ? row.region_en : row.region_zh;
}

export function headView(head: InstitutionHead, tab: InstitutionTab, { t, locale }: Speech) {
  const counts: Partial<Record<InstitutionTab, number>> = { teachers: head.teachers, venues: head.venues };
  return {
    title: head.name,
    code: head.credit_code,
    number: head.credit_code,
    marks: [`${t(`institutions.kind.${head.kind}`)}　${regionName(head, locale)}`],
    badge: { label: t(`institutions.status.${head.status}`), tone: statusTones[head.status] },
    facts:
      head.reader === 'public'
        ? []
        : [
            { value: t('institutions.gradeValue', { grade: head.credit_grade }), detail: t('institutions.fields.creditGrade') },
            { value: t('institutions.people', { n: head.teachers }), detail: t('institutions.teachersActive') },
            { value: t('institutions.rooms', { n: head.venues }), detail: t('institutions.venuesActive') },
          ],
    tabs: tabs.map((name) => ({
      href: institutionPath(head.credit_code, name),
      label: t(`institutions.tabs.${name}`),
      active: name === tab,
      ...(counts[name] ? { count: counts[name] } : {}),
    })),
  };
}

/** The columns of the public directory. */
export function publicJson(row: InstitutionLine | InstitutionHead) {
  return {
    creditCode: row.credit_code,
    name: row.name,
    kind: row.kind,
    region: { code: row.region, zh: row.region_zh, en: row.region_en },
    licenceScope: row.licence_scope,
    status: row.status,
  };
}

export function figuresJson({ paid_fen: paidFen, ...figures }: InstitutionFigures) {
  const passPercent = figures.examined === 0 ? null : Math.round((figures.passed * 1_000) / figures.examined) / 10;
  return { ...figures, passPercent, paidFen };
}

/** A line of the archive's timeline: what, about which class, who, when; what was saved with the values before and after. */
export function eventView(line: InstitutionEvent, head: InstitutionHead, { t, words }: { t: Translate; words: Words }) {
  const view = timelineView(line, t, words, head.reader === 'own');
  const about = line.class_number ? `${line.class_title ?? ''}　${line.class_number}` : '';
  return {
    ...view,
    detail: [about, changesText(line.detail, t), view.detail].filter(Boolean).join('　'),
    classNumber: line.class_number,
    ...(line.class_number ? { href: `/classes/${line.class_number}` } : {}),
  };
}

function changesText(detail: Record<string, unknown>, t: Translate): string {
  const before = (detail['before'] ?? {}) as Record<string, unknown>;
  const after = (detail['after'] ?? {}) as Record<string, unknown>;
  const words = (field: string, value: unknown): string => {
    if (field === 'active') return t(value === true ? 'institutions.active' : 'institutions.inactive');
    if (Array.isArray(value)) return value.join(t('common.listSeparator'));
    return value === null || value === undefined || value === '' ? '—' : String(value as string | number);
  };
  const parts = Object.keys(after).map((field) =>
    t('institutions.changed', {
      field: t(`institutions.fields.${fieldNames[field] ?? field}`),
      before: words(field, before[field]),
      after: words(field, after[field]),
    }),
  );
  if (detail['phoneChanged'] === true) parts.push(t('institutions.phoneChanged'));
  if (detail['contactChanged'] === true) parts.push(t('institutions.contactChanged'));
  return parts.join(t('institutions.changesSeparator'));
}

const fieldNames: Record<string, string> = { licence_scope: 'licenceScope', credit_grade: 'creditGrade' };
