/** Answers of the office made of their rows: what was said, how it went, where it leads; and the filter over them. */
import type { OfficeAnswer } from '../../db/views/office-answers.ts';
import { type AnswerKind, answerKinds } from '../../workflows/domain/training/answers.ts';
import { classPath } from '../classes/head.ts';
import { decidedLabel, stepLabel } from '../tasks/words.ts';
import type { Speech } from './page.ts';
import type { AnswersQuery } from './schemas.ts';

type Saying = Pick<Speech, 't' | 'words'>;

const tones: Record<string, string> = { return: 'amber', refuse: 'red', finding: 'red', not_rectified: 'red', send_back: 'amber' };
/** More of a message is read in its conversation. */
const WORDS_SHOWN = 160;

export function answerView(line: OfficeAnswer, saying: Saying) {
  return {
    at: line.at,
    kind: line.kind,
    ...said(line, saying),
    title: line.subject_title,
    number: line.subject_number,
    classNumber: line.class_number,
    reason: line.words && line.words.length > WORDS_SHOWN ? `${line.words.slice(0, WORDS_SHOWN)}…` : line.words || null,
    name: line.name,
    amountFen: line.amount_fen,
    paper: line.paper,
    paperLabel: line.paper_kind === null ? '' : saying.t(`papers.kinds.${line.paper_kind}`),
    paperHref: line.paper_id === null ? undefined : `/papers/${line.paper_id}`,
  };
}

type Said = { code: string; step: string; outcome: string; tone: string; href: string };

/** `step`: what it is about; `outcome`: how it went. */
function said(line: OfficeAnswer, { t, words }: Saying): Said {
  const amount = { count: line.people ?? 0, n: line.people ?? 0 };
  const claim = `/subsidies/${line.subject_number}`;
  switch (line.kind) {
    case 'message':
      return {
        code: line.kind,
        step: t('workplace.answers.said.message'),
        outcome: t('workplace.answers.outcomes.message'),
        tone: '',
        href: classPath(line.class_number, 'messages'),
      };
    case 'payment':
      return {
        code: line.kind,
        step: t('workplace.answers.said.payment', amount),
        outcome: t('workplace.answers.outcomes.payment'),
        tone: 'green',
        href: claim,
      };
    case 'payment_return':
      return {
        code: line.kind,
        step: t('workplace.answers.said.paymentReturn', amount),
        outcome: t('workplace.answers.outcomes.payment_return'),
        tone: 'red',
        href: claim,
      };
    default: {
      const code = line.outcome ?? '';
      return {
        code,
        step: stepLabel(words, t, { step: line.step ?? '', role: line.role ?? '' }, true),
        outcome: decidedLabel(words, t, line.task_kind ?? '', code),
        tone: tones[code] ?? 'green',
        href: line.procedure_type === 'subsidyApplication' ? claim : classPath(line.class_number),
      };
    }
  }
}

export function answerJson(line: OfficeAnswer, saying: Saying) {
  const { at, kind, code, step, title, number, classNumber, name, href, paper } = answerView(line, saying);
  return {
    at: at.toISOString(),
    kind,
    outcome: code,
    step,
    title,
    number,
    classNumber,
    reason: line.words || null,
    name,
    href,
    paper,
    people: line.people,
    amountFen: line.amount_fen,
  };
}

type List = { kind?: AnswerKind | undefined; q?: string | undefined };

export function answersPath({ kind, q, after }: List & { after?: string | undefined }): string {
  const query = new URLSearchParams({ ...(kind ? { kind } : {}), ...(q ? { q } : {}), ...(after ? { after } : {}) }).toString();
  return query ? `/workplace/answers?${query}` : '/workplace/answers';
}

/** What the filter shows: every kind as a link that keeps the class, the class as one that keeps the kind. */
export function answersFilter({ kind, q }: AnswersQuery, { t }: Pick<Speech, 't'>) {
  return {
    filter: { kind, q },
    filtered: kind !== undefined || q !== undefined,
    kinds: [
      { href: answersPath({ q }), label: t('workplace.answers.anyKind'), active: kind === undefined },
      ...answerKinds.map((one) => ({
        href: answersPath({ kind: one, q }),
        label: t(`workplace.answers.kinds.${one}`),
        active: one === kind,
      })),
    ],
    withoutClass: q === undefined ? undefined : answersPath({ kind }),
  };
}
