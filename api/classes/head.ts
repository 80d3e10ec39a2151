/** What stands at the head of every page of a class: who and what, where it stands, and the tabs. */
import type { Db } from '../../db/client.ts';
import { type ClassHead, getClassHead } from '../../db/views/classes/classes.ts';
import type { Actor } from '../../db/accounts/users.ts';
import { allowedClassActs, type ClassAct, type ClassStatus, classTrack, endedStatuses } from '../../workflows/domain/classes/class.ts';
import { formatYuan } from '../../workflows/domain/money/money.ts';
import { ConflictError, NotFoundError } from '../../workflows/domain/errors.ts';
import type { Locale, Translate } from '../pages/i18n.ts';
import { hasRole } from '../../workflows/domain/scope.ts';
import { readsRecord } from '../../workflows/domain/classes/reading.ts';

export const classTabs = ['overview', 'roster', 'timetable', 'materials', 'checks', 'money', 'papers', 'messages', 'timeline'] as const;
export type ClassTab = (typeof classTabs)[number];
/** Of these, what an assessment body needs of a class that it examines. */
const examinersTabs: readonly ClassTab[] = ['overview', 'roster', 'timetable'];

/** The tabs that somebody who sees a class may open. */
export function tabsFor(actor: Actor, head: { institution_id: string }): readonly ClassTab[] {
  return readsRecord(actor, head) ? classTabs : examinersTabs;
}

/** As `getClassHead`, of a tab. Throws NotFoundError too where the reader has no such tab. */
export async function getTabHead(db: Db, actor: Actor, number: string, tab: ClassTab): Promise<ClassHead> {
  const head = await getClassHead(db, actor, number);
  if (!tabsFor(actor, head).includes(tab)) throw new NotFoundError('class.unknown');
  return head;
}

export const statusTones: Record<ClassStatus, string> = {
  draft: '',
  in_review: 'blue',
  correction: 'amber',
  publishing: 'blue',
  ready: 'green',
  in_training: 'green',
  filing: 'blue',
  filed: 'blue',
  claimed: 'blue',
  paid: 'green',
  withdrawn: '',
  refused: 'red',
  expired: 'red',
  terminated: 'red',
};

/** From the published plan on there is training to look at. */
const published: readonly ClassStatus[] = ['ready', 'in_training', 'filing', 'filed', 'claimed', 'paid', 'terminated'];
export const trainingPages = ['attendance', 'changes', 'inspections', 'results'] as const;

/** The pages of the training, after those of the record: the same tabs on all of them. */
export function trainingTabs(number: string, t: Translate, active?: string) {
  return trainingPages.map((page) => ({
    href: `/classes/${number}/${page}`,
    label: t(`attendance.tabs.${page}`),
    active: page === active,
  }));
}

export function classPath(number: string, tab: ClassTab = 'overview'): string {
  return tab === 'overview' ? `/classes/${number}` : `/classes/${number}/${tab}`;
}

/** What its own institution may do with a class now; nobody else acts on it here. */
export function actsFor(actor: Actor, head: Pick<ClassHead, 'institution_id' | 'status'>): readonly ClassAct[] {
  const own = actor.institutionId === head.institution_id && hasRole(actor, 'institution');
  return own ? allowedClassActs(head.status) : [];
}

/** Opens a form: only for the own institution, and while the status allows it. Throws NotFoundError, ConflictError. */
export function requireAct(actor: Actor, head: ClassHead, act: ClassAct): void {
  if (actor.institutionId !== head.institution_id) throw new NotFoundError('class.unknown');
  if (!actsFor(actor, head).includes(act)) throw new ConflictError('class.notNow', { status: head.status });
}

/** The money of a class by how far it has come: expected, claimed, approved, paid. */
export function amountFact(head: Pick<ClassHead, 'amount_fen' | 'application'>, t: Translate) {
  const claim = head.application;
  const fact = (stage: string, fen: number) => ({ value: formatYuan(fen), detail: t(`classes.amounts.${stage}`) });
  if (!claim) return fact('expected', head.amount_fen);
  if (claim.application_status === 'paid') return fact('paid', claim.paid_fen);
  return claim.approved_fen === null ? fact('claimed', claim.total_fen) : fact('approved', claim.approved_fen);
}

export function headView(head: ClassHead, tab: ClassTab, { actor, t, locale }: { actor: Actor; t: Translate; locale: Locale }) {
  const period =
    head.start_date && head.end_date ? t('classes.period', { from: head.start_date, to: head.end_date }) : t('classes.noDates');
  return {
    title: head.title,
    ...(tab === 'overview' ? {} : { pageTitle: t('common.pageOf', { page: t(`classes.tabs.${tab}`), title: head.title }) }),
    number: head.number,
    marks: [t('classes.regionMark', { region: locale === 'en' ? head.region_en : head.region_zh, project: head.project })],
    badge: { label: t(`classes.status.${head.status}`), tone: statusTones[head.status] },
    facts: [
      { value: head.institution, detail: t('classes.credit', { grade: head.credit_grade }) },
      { value: t('classes.headcountHours', { headcount: head.headcount, hours: head.hours }), detail: period },
      ...(readsRecord(actor, head) ? [amountFact(head, t)] : []),
    ],
    stages: stagesOf(head, t),
    tabs: tabsFor(actor, head)
      .filter((name) => name !== 'messages' || head.procedure !== undefined)
      .map((name) => ({
        href: classPath(head.number, name),
        label: t(`classes.tabs.${name}`),
        active: name === tab,
        ...(name === 'roster' && head.headcount > 0 ? { count: head.headcount } : {}),
        ...(name === 'materials' && head.materials > 0 ? { count: head.materials } : {}),
        ...(name === 'papers' && head.papers > 0 ? { count: head.papers } : {}),
        ...(name === 'messages' && head.messages > 0 ? { count: head.messages } : {}),
        ...(name === 'messages' && head.unread_messages > 0 ? { mark: t('messages.unread', { count: head.unread_messages }) } : {}),
      }))
      .concat(published.includes(head.status) ? trainingTabs(head.number, t) : []),
  };
}

type Staged = { procedure?: { stage: string } | undefined; application?: { stage: string } | undefined };

/** The stage that a class has reached: that of its application once there is one. */
export function stageReached(head: Staged): string {
  const stage = head.application?.stage ?? head.procedure?.stage ?? 'draft';
  if (stage === 'opened') return head.application ? 'subsidy' : 'pre_training';
  return stage === 'refusal' ? 'approval' : stage;
}

/** The tracker: the same one for the institution, the office and the public. */
export function stagesOf(head: Staged & { status: ClassStatus }, t: Translate) {
  const at = head.status === 'paid' ? classTrack.length : classTrack.findIndex((entry) => entry.stages.includes(stageReached(head)));
  const present = endedStatuses.includes(head.status) ? 'stopped' : head.status === 'correction' ? 'paused' : 'current';
  return classTrack.map((entry, index) => ({
    label: t(`tasks.track.${entry.key}`),
    state: index < at ? 'done' : index === at ? present : 'todo',
    ...(index === at && present === 'paused' ? { detail: t('classes.waitsForYou') } : {}),
    ...(at === classTrack.length && index === at - 1 ? { detail: t('common.stages.finished') } : {}),
  }));
}
