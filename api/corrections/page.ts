/** A list of corrections on a page: each point with the part that it opens, the answer, and what was before and is now. */
import type { Correction, CorrectionItem } from '../../db/classes/corrections.ts';
import { openListOf, partOf } from '../../db/classes/corrections.ts';
import { findGroup } from '../../workflows/domain/policy/groups.ts';
import { materialKinds } from '../../workflows/domain/classes/material.ts';
import {
  type Change,
  compareSnapshots,
  isOpen,
  type Part,
  type PartKind,
  type PersonField,
  type PersonThen,
  type ResultThen,
  type SessionThen,
  type Snapshot,
  writePart,
} from '../../workflows/domain/classes/correction.ts';
import { datesIn } from '../pages/dates.ts';
import type { Locale, Translate, Words } from '../pages/i18n.ts';

export type Speech = { t: Translate; words: Words; locale: Locale };

const tones = { open: 'amber', answered: 'blue', accepted: 'green', again: 'red' } as const;

/** The part in words: a person with seat and name, a material with its name, as they were when the list was written. */
export function partLabel({ kind, reference }: Part, snapshot: Pick<Snapshot, 'people' | 'materials'>, t: Translate): string {
  if (kind === 'enrolment' || kind === 'certificate') {
    const person = snapshot.people.find(({ id }) => id === reference);
    return t(`corrections.parts.${kind}`, { seat: person?.seat ?? '—', name: person?.name ?? '' }).trim();
  }
  if (kind === 'material') {
    const material = snapshot.materials.find(({ id }) => id === reference);
    return t('corrections.parts.material', { kind: material?.kind ?? 'other', name: material?.name ?? '—' });
  }
  return t(`corrections.parts.${kind}`, { kind: reference ?? '' });
}

/** The page on which the institution corrects a part. */
export function partPath(procedure: { type: string; subject_number: string }, part: PartKind): string {
  const number = procedure.subject_number;
  if (procedure.type === 'subsidyApplication') return `/subsidies/${number}`;
  if (part === 'results' || part === 'certificate') return `/classes/${number}/results`;
  if (part === 'timetable' || part === 'teachers') return `/classes/${number}/timetable/edit`;
  if (part === 'roster' || part === 'enrolment') return `/classes/${number}/roster`;
  return part.startsWith('material') ? `/classes/${number}/materials` : `/classes/${number}/edit`;
}

/** Where a point was marked: the words of the checklist, or those of the part. */
export function pointLabel(field: string, t: Translate, words: Words): string {
  if (words.has(`tasks.checks.${field}`)) return t(`tasks.checks.${field}`);
  return words.has(`corrections.points.${field}`) ? t(`corrections.points.${field}`) : field;
}

export function itemView(item: CorrectionItem, snapshot: Snapshot, { t, words }: Speech) {
  const label = pointLabel(item.field, t, words);
  const part = partLabel(partOf(item), snapshot, t);
  return {
    id: item.id,
    no: item.no,
    at: item.no - 1,
    label,
    part: part === label ? '' : part,
    text: item.demand,
    why: item.late_reason ?? '',
    status: item.status,
    statusLabel: t(`corrections.status.${item.status}`),
    tone: tones[item.status],
    answered: item.status !== 'open',
    answer: item.answer ?? '',
    answeredBy: item.answered_by,
    answeredAt: item.answered_at,
    judgedBy: item.judged_by,
    judgedAt: item.judged_at,
  };
}

/** Reasons of a return; empty where they only repeat its points. */
export function ownReason(reason: string, texts: readonly string[]): string {
  return reason.trim() === texts.join('；') ? '' : reason;
}

export function itemJson(item: CorrectionItem) {
  return {
    id: item.id,
    no: item.no,
    field: item.field,
    part: writePart(partOf(item)),
    demand: item.demand,
    lateReason: item.late_reason,
    status: item.status,
    answer: item.answer,
    answeredAt: item.answered_at?.toISOString() ?? null,
  };
}

export type ChangeView = { label: string; before: string; after: string; href?: string | undefined };

/** Every change at the point that opened it; what no point opened stands by itself. */
export function changesByItem(
  correction: Correction,
  now: Snapshot,
  speech: Speech,
): { byItem: Map<string, ChangeView[]>; others: ChangeView[] } {
  const byItem = new Map<string, ChangeView[]>();
  const others: ChangeView[] = [];
  const { materialKinds: kinds } = openListOf(correction);
  for (const change of compareSnapshots(correction.stage, correction.snapshot, now)) {
    const view = changeView(change, speech);
    const item = correction.items.find((point) => isOpen({ parts: [partOf(point)], materialKinds: kinds }, change.touch));
    if (item) byItem.set(item.id, [...(byItem.get(item.id) ?? []), view]);
    else others.push(view);
  }
  return { byItem, others };
}

function changeView(change: Change, speech: Speech): ChangeView {
  const { t, locale } = speech;
  switch (change.what) {
    case 'field': {
      const asDate = change.field === 'startDate' || change.field === 'endDate';
      const text = (value: string): string => (value === '' ? '—' : asDate ? datesIn(locale).date(value) : value);
      return { label: t(`classes.fields.${change.field}`), before: text(change.before), after: text(change.after) };
    }
    case 'session': {
      const at = change.after ?? change.before;
      return {
        label: at ? `${datesIn(locale).shortDate(at.day)} ${t(`tasks.evidence.half.${at.half}`)}` : '',
        before: sessionText(change.before, t),
        after: sessionText(change.after, t),
      };
    }
    case 'person':
      return personChange(change, speech);
    case 'material':
      return {
        label: t(`materials.kinds.${(change.after ?? change.before)?.kind ?? 'other'}`),
        before: change.before?.name ?? '—',
        after: change.after?.name ?? t('corrections.removed'),
        href: change.after && `/materials/${change.after.id}`,
      };
    default:
      return {
        label: t('corrections.parts.enrolment', { seat: change.after.seat, name: change.after.name }),
        before: resultText(change.before, speech),
        after: resultText(change.after, speech),
      };
  }
}

function sessionText(session: SessionThen | undefined, t: Translate): string {
  if (!session) return t('corrections.none');
  const { hours, kind, topic, teacher, venue } = session;
  return [t('classes.hoursValue', { n: hours }), t(`tasks.evidence.sessionKind.${kind}`), topic, teacher, venue].join(' · ');
}

const personFields: readonly PersonField[] = ['name', 'idNumber', 'group', 'phone', 'bank', 'account'];

function personChange({ before, after, fields }: Extract<Change, { what: 'person' }>, speech: Speech): ChangeView {
  const { t } = speech;
  const person = after ?? before;
  const label = t('corrections.parts.enrolment', { seat: person?.seat ?? '—', name: before?.name ?? after?.name ?? '' });
  if (!before || !after) {
    const shown = (one: PersonThen | undefined, absent: string): string =>
      one
        ? personFields
            .map((field) => personValue(one, field, speech))
            .filter(Boolean)
            .join(' · ')
        : t(absent);
    return { label, before: shown(before, 'corrections.none'), after: shown(after, 'corrections.removed') };
  }
  const told = (one: PersonThen, other: PersonThen): string =>
    fields
      .map((field) => {
        const value = personValue(one, field, speech) || '—';
        const hidden = one === after && value === (personValue(other, field, speech) || '—') ? t('corrections.sameMask') : '';
        return `${t(`roster.fields.${field}`)} ${value}${hidden}`;
      })
      .join(' · ');
  return { label, before: told(before, after), after: told(after, before) };
}

function personValue(person: PersonThen, field: PersonField, { locale }: Speech): string {
  if (field === 'idNumber') return person.idMasked;
  if (field !== 'group') return person[field];
  const group = findGroup(person.group);
  return group ? (locale === 'en' ? group.en : group.zh) : person.group;
}

function resultText(result: ResultThen, { t, locale }: Speech): string {
  return [
    `${t('results.theory')} ${result.theoryScore ?? '—'}`,
    `${t('results.practice')} ${result.practiceScore ?? '—'}`,
    result.passed === null ? '' : t(`results.states.${result.passed ? 'passed' : 'failed'}`),
    result.certificateNumber ?? '',
    result.certificateDate ? datesIn(locale).date(result.certificateDate) : '',
  ]
    .filter(Boolean)
    .join(' · ');
}

export type PartOption = { value: string; label: string };

/** What an officer may open: each part of these kinds, and each person or material where a kind is one of several. */
export function partOptions(kinds: readonly PartKind[], snapshot: Snapshot, t: Translate): PartOption[] {
  const parts = kinds.flatMap((kind): Part[] => {
    if (kind === 'enrolment')
      return snapshot.people.filter((person) => person.status === 'enrolled').map(({ id }) => ({ kind, reference: id }));
    if (kind === 'certificate') return snapshot.results.filter((result) => result.passed).map(({ id }) => ({ kind, reference: id }));
    if (kind === 'material_kind') return materialKinds.map((reference) => ({ kind, reference }));
    if (kind === 'material') return snapshot.materials.map(({ id }) => ({ kind, reference: id }));
    return [{ kind }];
  });
  return parts.map((part) => ({ value: writePart(part), label: partLabel(part, snapshot, t) }));
}
