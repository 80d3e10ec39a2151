/** Notices made of their rows: words by key in the language of the reader. */
import type { NoticeLine } from '../../db/correspondence/notices.ts';
import { occasions } from '../../db/correspondence/occasions.ts';
import type { Actor } from '../../db/accounts/users.ts';
import { classPath } from '../classes/head.ts';
import type { Locale, Translate, Words } from '../pages/i18n.ts';
import { datesIn } from '../pages/dates.ts';
import { stepLabel, taskPath } from '../tasks/words.ts';

type Reading = { actor: Pick<Actor, 'institutionId'>; t: Translate; words: Words; locale: Locale };

export function noticeView(line: NoticeLine, { actor, t, words, locale }: Reading) {
  const { number, title, step, role, from, until, list, answerBy } = line.params;
  const { date } = datesIn(locale);
  const about = {
    ...line.params,
    step: step ? stepLabel(words, t, { step: String(step), role: String(role ?? '') }) : '',
    list: list ? t(`disclosures.lists.${list}`) : '',
    from: from ? date(from) : '',
    until: until ? date(until) : '',
    answerBy: answerBy ? date(answerBy) : '',
  };
  return {
    id: line.id,
    no: line.no,
    occasion: line.occasion,
    title: t(`notices.occasions.${line.occasion.replace('.', '_')}`, about),
    subject: [number, title].filter(Boolean).join(' '),
    number: number === undefined ? '' : String(number),
    about: title === undefined ? '' : String(title),
    href: pageOf(line),
    // Who in the office did something is for the office.
    author: actor.institutionId === undefined ? line.author : null,
    remark: line.remark,
    at: line.created_at,
    unread: line.read_at === null,
  };
}

export type NoticeView = ReturnType<typeof noticeView>;

export function noticeJson({ at, unread, number: _number, about: _about, ...view }: NoticeView) {
  return { ...view, at: at.toISOString(), read: !unread };
}

/** The page behind a notice; what has none leads to the list. */
export function pageOf({ occasion, task_id: task, class_number: number }: NoticeLine): string {
  switch (occasions[occasion]?.leadsTo) {
    case 'task':
      return task ? taskPath(task) : '/notices';
    case 'class':
      return number ? classPath(number) : '/notices';
    case 'messages':
      return number ? classPath(number, 'messages') : '/notices';
    case 'substitutions':
      return '/substitutions';
    default:
      return '/notices';
  }
}
