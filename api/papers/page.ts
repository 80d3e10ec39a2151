/** What a paper prints: number, date in words, office and signatory the same way on each; the rest by its kind. */
import { checkParts } from '../../workflows/domain/classes/correction.ts';
import { findGroup } from '../../workflows/domain/policy/groups.ts';
import { shanghaiDate } from '../../workflows/domain/calendar/calendar.ts';
import type { PaperRow } from '../../db/papers.ts';
import type { Locale, Translate, Words } from '../pages/i18n.ts';
import { ownReason, pointLabel } from '../corrections/page.ts';
import { decidedLabel, stepLabel } from '../tasks/words.ts';

type Paper = PaperRow & { signatory_name: string | null; region_zh: string; region_en: string };
type Speech = { t: Translate; words: Words; locale: Locale };
type Content = Record<string, unknown>;

const digits = '〇一二三四五六七八九';
const months = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];

/** 二〇二六年三月二日; 2 March 2026. */
export function dateInWords(date: string, locale: Locale): string {
  const [year = '', month = '1', day = '1'] = date.split('-');
  if (locale === 'en') return `${Number(day)} ${months[Number(month) - 1] ?? ''} ${year}`;
  return `${[...year].map((digit) => digits[Number(digit)]).join('')}年${small(Number(month))}月${small(Number(day))}日`;
}

/** 1 to 31 as 一 … 三十一. */
function small(n: number): string {
  const tens = Math.floor(n / 10);
  return `${tens > 1 ? digits[tens] : ''}${tens > 0 ? '十' : ''}${n % 10 > 0 ? digits[n % 10] : ''}`;
}

/** The number of a paper as a document has it. Earlier ones were kept as region, year and serial. */
export function numberLine(kind: string, number: string, region: string, t: Translate): string {
  if (number.endsWith('号')) return number;
  const [, year = '', serial = ''] = number.split('-');
  return t('papers.numberLine', { region, word: t(`papers.earlierNumberWords.${kind}`), year, serial: Number(serial) });
}

export function paperView(paper: Paper, { t, words, locale }: Speech) {
  const region = locale === 'en' ? paper.region_en : paper.region_zh;
  const content = paper.content;
  return {
    title: t('papers.title', { kind: t(`papers.kinds.${paper.kind}`), number: paper.number }),
    heading: headingOf(paper, t),
    kind: paper.kind,
    number: paper.number,
    office: t('papers.office', { region }),
    numberLine: numberLine(paper.kind, paper.number, region, t),
    issuedAt: paper.issued_at,
    dateWords: dateInWords(shanghaiDate(paper.issued_at), locale),
    signatory: paper.signatory_name,
    packName: (content['pack'] as { zh: string; en: string } | undefined)?.[locale === 'en' ? 'en' : 'zh'],
    content,
    reviews: list(content['reviews']).map((review) => ({
      step: stepLabel(words, t, { step: String(review['step']), role: 'first_reviewer' }),
      outcome: review['outcome'] === 'passed_on' ? t('classes.passedOn') : decidedLabel(words, t, 'review', String(review['outcome'])),
      name: review['name'],
      at: review['at'],
      reason: review['reason'],
    })),
    checks: Object.keys(checkParts)
      .map((point) => ({ label: t(`tasks.checks.${point}`), marks: list(content['checked']).filter((mark) => mark['point'] === point) }))
      .filter(({ marks }) => marks.length > 0),
    items: list(content['items']).map((item) => ({
      label: pointLabel(String(item['field'] ?? ''), t, words),
      about: aboutOf(item, t),
      text: item['text'],
      why: item['why'],
    })),
    reason: ownReason(
      String(content['reason'] ?? ''),
      list(content['items']).map((item) => String(item['text'] ?? '')),
    ),
    people: list(content['people']),
    snapshot: snapshotView(content['snapshot'] as Content | undefined, locale, t),
    list: content['list'],
    publicHref: content['disclosure'] ? `/disclosures/${String(content['disclosure'])}` : undefined,
    byInstitution: paper.kind === 'disclosure_notice' && !['subsidy', 'payment'].includes(String(content['list'])),
    stepName: content['step'] ? stepLabel(words, t, { step: String(content['step']), role: 'first_reviewer' }) : '',
    dueDate: dueDateOf(content['due']),
    late: list(content['late']).map(({ step, role, holder, due }) => ({
      step: stepLabel(words, t, { step: String(step), role: String(role) }),
      role: t(`common.roles.${String(role)}`),
      holder,
      dueDate: dueDateOf(due),
    })),
    addressee: content[locale === 'en' ? 'addresseeEn' : 'addresseeZh'],
    fund:
      content['fund'] && words.has(`papers.funds.${String(content['fund'])}`)
        ? t(`papers.funds.${String(content['fund'])}`)
        : content['fund'],
    period: content['startDate']
      ? t('papers.period', { from: dateInWords(String(content['startDate']), locale), to: dateInWords(String(content['endDate']), locale) })
      : '',
  };
}

/** The last day of a period that ends at this instant. */
function dueDateOf(due: unknown): string | undefined {
  return due ? shanghaiDate(new Date(new Date(String(due)).getTime() - 1)) : undefined;
}

function headingOf(paper: Paper, t: Translate): string {
  if (paper.kind !== 'disclosure_notice') return t(`papers.headings.${paper.kind}`);
  return t(`papers.lists.${String(paper.content['list'])}`);
}

function list(value: unknown): Content[] {
  return Array.isArray(value) ? (value as Content[]) : [];
}

/** The person or the material that a point is about, by the name that the notice kept. */
function aboutOf({ part, about, kind, seat }: Content, t: Translate): string {
  const name = String(part ?? '').split(':')[0] ?? '';
  if (name === '') return '';
  return t(`corrections.parts.${name}`, { seat: seat ?? '', name: about ?? '', kind: kind ?? '' });
}

function snapshotView(snapshot: Content | undefined, locale: Locale, t: Translate) {
  if (!snapshot) return undefined;
  const people = list(snapshot['people']).map((person) => {
    const group = person['group'] ? findGroup(String(person['group'])) : undefined;
    return {
      ...person,
      groupName: group ? (locale === 'en' ? group.en : group.zh) : '',
      resultName: person['result'] ? t(`papers.results.${String(person['result'])}`) : '',
    };
  });
  return {
    ...snapshot,
    people,
    withGroup: people.some((person) => person.groupName !== ''),
    withResult: people.some((person) => person.resultName !== ''),
    withMoney: snapshot['totalFen'] !== undefined,
  };
}
