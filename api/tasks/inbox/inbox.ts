/** The inbox as a page and as JSON. */
import { readsAsExaminer } from '../../../workflows/domain/classes/reading.ts';
import type { Actor } from '../../../db/accounts/users.ts';
import { cursorParts, cursorText, isInstantText } from '../../http/cursors.ts';
import {
  countedAtMost,
  type InboxCounts,
  type InboxCursor,
  type InboxFilter,
  type InboxGroup,
  inboxGroups,
  type InboxLine,
  type InboxTask,
  type InboxView,
  type Urgency,
  urgencies,
  viewsOf,
} from '../../../db/views/inbox/inbox.ts';
import type { TaskPeriod } from '../../../db/protocol/tasks.ts';
import { endOfDay, isWorkingDay } from '../../../workflows/domain/calendar/calendar.ts';
import { isOfOffice, taskKinds } from '../../../workflows/domain/task-kinds.ts';
import { officerRoles, readingRoles } from '../../../workflows/domain/roles.ts';
import { hasRole, mayDecide } from '../../../workflows/domain/scope.ts';
import { type BulkAct, bulkLimit, supervisingBulkActs } from '../../../workflows/domain/tasks.ts';
import type { ListNames, OfficerHolding, RegionName } from '../../../db/views/inbox/list-names.ts';
import { datesIn } from '../../pages/dates.ts';
import { candidateOptions } from '../supervision/candidates.ts';
import type { Candidate } from '../../../db/views/board.ts';
import type { Locale, Translate, Words } from '../../pages/i18n.ts';
import { dueView, type Today } from '../due.ts';
import type { InboxList } from '../schemas.ts';
import { jointWords } from '../signing/signatures.ts';
import { caseNumber, stepLabel, taskPath } from '../words.ts';

export function toFilter(list: InboxList): InboxFilter {
  const { view, kind, stage, q: text, urgency, label, region, holder } = list;
  return {
    view,
    kind,
    stage,
    text,
    urgency,
    region,
    holder,
    label,
    priority: list.priority && true,
    dueBy: list.dueBy === undefined ? undefined : endOfDay(list.dueBy),
  };
}

function cursorOf(cursor: InboxCursor): string {
  return cursorText([cursor.due, cursor.id, ...(cursor.priority ? [1] : [])]);
}

export function readCursor(text: string | undefined): InboxCursor | undefined {
  const [due, id, priority] = cursorParts(text) ?? [];
  if (typeof id !== 'string' || !/^[\w./-]{1,300}$/.test(id) || !(due === null || isInstantText(due))) return undefined;
  return { due, id, ...(priority === 1 ? { priority: true as const } : {}) };
}

/** The query string of a list, with changes; empty when it is the default list. */
export function listQuery(
  list: InboxList,
  changes: Partial<Record<keyof InboxList, string | undefined>> & { after?: string; select?: string; since?: string } = {},
): string {
  const { view, kind, stage, q, urgency, priority, label, region, dueBy, holder } = list;
  const own = { kind, stage, q, urgency, priority, label, region, dueBy, holder };
  const values: Record<string, string | undefined> = { view: view === 'queue' ? undefined : view, ...own, ...changes };
  const query = new URLSearchParams(Object.entries(values).filter((entry): entry is [string, string] => Boolean(entry[1])));
  return query.toString();
}

export function withQuery(path: string, query: string): string {
  return query ? `${path}?${query}` : path;
}

type Subject = Pick<InboxTask, 'subject_number' | 'subject_title' | 'institution_name' | 'headcount' | 'amount_fen'>;
type HeadOfTask = TaskPeriod &
  Pick<InboxTask, 'id' | 'procedure_id' | 'step' | 'round' | 'kind' | 'claimed_by' | 'claimed_at' | 'holder'> & { role: string };

/** The assessment body, whose own task it is, reads no money. */
export function amountShown(task: { role: string }, { amount_fen: amount }: Pick<InboxTask, 'amount_fen'>, actor: Actor): number | null {
  return readsAsExaminer(actor, task) ? null : amount;
}

/** What programs are told of a task wherever one stands: which it is, of what, until when, and who has it. */
export function taskHead(task: HeadOfTask, subject: Subject, { at, t, actor }: { at: Today; t: Translate; actor: Actor }) {
  const { state, date, at: instant, words, dayNumber: day, of, provisional } = dueView(task, at, t);
  return {
    id: task.id,
    procedure: task.procedure_id,
    step: task.step,
    round: task.round,
    kind: task.kind,
    role: task.role,
    office: task.office,
    number: subject.subject_number,
    title: subject.subject_title,
    institution: subject.institution_name,
    headcount: subject.headcount,
    amountFen: amountShown(task, subject, actor),
    due: { state, date, at: instant, words, day, of, provisional },
    holder: task.claimed_by
      ? { name: task.holder ?? '—', since: task.claimed_at?.toISOString() ?? null, self: task.claimed_by === actor.userId }
      : null,
  };
}

export function taskJson(task: InboxTask, at: Today, t: Translate, actor: Actor) {
  return {
    ...taskHead(task, task, { at, t, actor }),
    suspended: task.suspended_at !== null,
    delegate: task.delegate,
    priority: priorityOf(task),
    labels: task.labels,
    version: task.version,
  };
}

function priorityOf({ priority_reason: reason }: Pick<InboxTask, 'priority_reason'>) {
  return reason === null ? null : { reason };
}

function signaturesOf({ joint, signatures }: InboxLine) {
  return joint && signatures ? { joint, ...signatures } : null;
}

/** The acts on many tasks that a list offers to this person: what is one's own is released, what is not is claimed. */
function bulkActsOf(actor: Actor, view: InboxView): readonly BulkAct[] {
  if (view === 'asked' || view === 'barred' || actor.institutionId !== undefined || !hasRole(actor, ...officerRoles)) return [];
  if (view === 'mine') return ['release', 'approve'];
  const supervises = view === 'region' && hasRole(actor, 'supervisor');
  // Whoever reviews nothing is offered nothing that every task would refuse.
  const reviews = hasRole(actor, ...officerRoles.filter((role) => role !== 'supervisor')) || hasStandIns(actor);
  return [...(reviews || !supervises ? (['claim', 'approve'] as const) : []), ...(supervises ? supervisingBulkActs : [])];
}

function hasStandIns({ standsInFor = [] }: Actor): boolean {
  return standsInFor.length > 0;
}

type InboxParts = {
  list: InboxList & { after?: string | undefined; select?: 'page' | 'all' | undefined };
  tasks: InboxLine[];
  next: InboxCursor | undefined;
  counts: InboxCounts;
  actor: Actor;
  at: Today;
  t: Translate;
  words: Words;
  locale: Locale;
  names: ListNames;
  regions: readonly RegionName[];
  /** Labels in use in the reader's offices. */
  labels: readonly string[];
  /** Who has something open, where a list of the region is read. */
  officers: readonly OfficerHolding[];
  /** Who could take tasks of this page over, where they can be handed over. */
  candidates: readonly Candidate[];
  /** Number of the newest line of the record before the list was read. */
  since: number;
};

export function inboxJson({ list, tasks, next, counts, actor, at, t }: InboxParts) {
  const { savedViews, marked: _marked, ...figures } = counts;
  return {
    view: list.view,
    tasks: tasks.map((task) => ({
      ...taskJson(task, at, t, actor),
      unreadMessages: task.unread_messages,
      signatures: signaturesOf(task),
      paper: task.paper ?? null,
    })),
    counts: figures,
    savedViews,
    next: next ? cursorOf(next) : null,
  };
}

/** The figures of a list in words, as its page says them and as the page is told of them later. */
export function figureWords(view: InboxView, counts: InboxCounts, actor: Actor, t: Translate) {
  const shown = (count: number): string => (view === 'region' ? capped(count) : count.toLocaleString('en-US'));
  const total = counts.capped ? capped(countedAtMost + 1) : counts.total.toLocaleString('en-US');
  // What is marked stands in a group of its own.
  const left = (urgency: Urgency): number => (counts[urgency] > countedAtMost ? counts[urgency] : counts[urgency] - counts.marked[urgency]);
  const words = (group: InboxGroup): [InboxGroup, string] => [
    group,
    t('tasks.groupCount', { n: shown(group === 'priority' ? counts.priority : left(group)) }),
  ];
  return {
    groups: Object.fromEntries(inboxGroups.map(words)) as Record<InboxGroup, string>,
    total: actor.institutionId === undefined ? t('tasks.total', { total, mine: counts.mine }) : t('tasks.totalOnly', { total }),
    views: { mine: counts.mine, asked: counts.asked, barred: counts.barred },
  };
}

/** What the template prints: rows grouped by urgency, chips that are links, selects of the panel. */
export function inboxView(parts: InboxParts) {
  const { list, counts, next, t, at } = parts;
  const rows = parts.tasks.map((task) => rowView(task, parts));
  const figures = figureWords(list.view, counts, parts.actor, t);
  const office = parts.actor.institutionId === undefined;
  const groups = inboxGroups.map((group) => ({
    group,
    tone: groupTones[group],
    words: figures.groups[group],
    rows: rows.filter((row) => (row.priority ? 'priority' : row.due.state) === group),
  }));
  return {
    today: at.today,
    workingDay: isWorkingDay(at.calendar, at.today),
    // Being asked for an opinion is rare, and so is what somebody else has to do: the view shows when there is something in it.
    views: viewsOf(parts.actor)
      .filter((view) => (view !== 'asked' && view !== 'barred') || counts[view] > 0 || list.view === view)
      .map((view) => viewChip(view, parts)),
    chips: chipsOf(parts),
    filter: list,
    kindOptions: taskKinds
      .filter((kind) => kind !== 'wait' && (parts.actor.institutionId !== undefined || isOfOffice(kind)))
      .map((kind) => ({ value: kind, label: t(`tasks.kinds.${kind}`) })),
    stageOptions: stages.map((stage) => ({ value: stage, label: t(`tasks.stages.${stage}`) })),
    regionOptions: parts.regions.map((region) => ({ value: region.code, label: regionLabel(region, parts.regions, parts.locale) })),
    urgencyOptions: urgencies.map((urgency) => ({ value: urgency, label: t(`tasks.groups.${urgency}`) })),
    office,
    priorityOptions: [{ value: '1', label: t('tasks.filter.priorityOnly') }],
    // A label that is in use no longer may still be asked for.
    labelOptions: [...new Set([...(list.label ? [list.label] : []), ...parts.labels])].map((label) => ({ value: label, label })),
    holderOptions: holderOptions(parts),
    groups: groups.filter((group) => group.rows.length > 0),
    // For the script, which moves what somebody marks while the list is open.
    otherGroups: office ? groups.filter((group) => group.rows.length === 0) : [],
    total: figures.total,
    searchedOfEach: counts.searchedOfEach,
    empty: rows.length === 0,
    filtered: chipsOf(parts).length > 0,
    nextPage: next ? withQuery('/tasks', listQuery(list, { after: cursorOf(next) })) : undefined,
    nextTask: rows.length > 0 && list.view !== 'region' && list.view !== 'barred' ? withQuery('/tasks/next', listQuery(list)) : undefined,
    clear: withQuery('/tasks', listQuery({ view: list.view })),
    list: listQuery(list),
    savedViews: counts.savedViews.map(({ name, list: saved }) => ({
      name,
      href: withQuery('/tasks', saved),
      active: saved === listQuery(list),
    })),
    saved: counts.savedViews.some((saved) => saved.list === listQuery(list)),
    here: withQuery('/tasks', listQuery(list, list.after ? { after: list.after } : {})),
    eventsHref: withQuery('/tasks/events', listQuery(list, { since: String(parts.since) })),
    exportHref: withQuery('/tasks/export.csv', listQuery(list)),
    byPerson: hasRole(parts.actor, ...readingRoles),
    bulk: rows.length > 0 ? selectionView(parts) : undefined,
  };
}

/** The bar above the list: what is ticked, the explicit second step to everything that matches, and the acts. */
function selectionView({ list, counts, tasks, actor, candidates, t, locale }: InboxParts) {
  const acts = bulkActsOf(actor, list.view);
  if (acts.length === 0) return undefined;
  const after = list.after ? { after: list.after } : {};
  return {
    list: listQuery(list),
    all: list.select === 'all',
    ticked: list.select !== undefined,
    onPage: tasks.length,
    matching: counts.total,
    total: counts.capped ? capped(countedAtMost + 1) : counts.total.toLocaleString('en-US'),
    more: counts.total > tasks.length,
    limit: bulkLimit,
    limited: counts.total > bulkLimit,
    pageHref: withQuery('/tasks', listQuery(list, { ...after, select: 'page' })),
    allHref: withQuery('/tasks', listQuery(list, { ...after, select: 'all' })),
    noneHref: withQuery('/tasks', listQuery(list, after)),
    acts: acts.filter((act) => act !== 'reassign').map((act) => ({ act, label: t(`bulk.acts.${act}`) })),
    candidates: acts.includes('reassign') ? candidateOptions(candidates, t, locale) : [],
  };
}

const stages = [
  'pre_training',
  'plan',
  'training',
  'conduct',
  'results',
  'filing',
  'result',
  'claim',
  'subsidy',
  'refusal',
  'notice',
  'approval',
  'funds',
  'payment',
  'paid_list',
  'objection',
];
const groupTones = { priority: 'amber', overdue: 'red', soon: 'amber', later: 'green', none: '' } as const;

function rowView(task: InboxLine, { list, at, t, words, actor }: InboxParts) {
  const due = dueView(task, at, t);
  return {
    id: task.id,
    href: withQuery(taskPath(task.id), listQuery(list)),
    title: task.subject_title,
    number: caseNumber(t, task),
    paper: task.paper ? t('tasks.order.paper', { number: task.paper }) : '',
    round: task.round > 1 ? task.round : undefined,
    institution: task.institution_name,
    step: stepLabel(words, t, task),
    kind: task.kind,
    headcount: task.headcount,
    amountFen: amountShown(task, task, actor),
    // In a list the day is always said, beside which working day it is.
    due: { ...due, dueDate: due.date ?? undefined },
    urged: task.urged_at !== null,
    priority: task.priority,
    priorityReason: task.priority_reason ?? '',
    labels: task.labels,
    joint:
      actor.institutionId === undefined && task.joint && task.signatures ? jointWords({ part: task.joint, ...task.signatures }, t) : '',
    unread: task.unread_messages > 0 ? t('messages.unread', { count: task.unread_messages }) : '',
    holder: task.holder,
    delegate: task.delegate,
    asked: task.delegated_to === actor.userId,
    suspended: task.suspended_at !== null,
    // In a view of its own it is said once, above the list.
    barred:
      list.view !== 'barred' &&
      task.signers.includes(actor.userId) &&
      mayDecide(actor, { role: task.role, office: task.office, institutionId: null }),
    self: task.claimed_by === actor.userId,
  };
}

/** Two officers may have the same name: the office stands beside it. Whoever has nothing any more may still be asked for. */
function holderOptions({ list, officers, names, locale }: InboxParts) {
  const options = officers.map(({ id, name, zh, en }) => ({ value: id, label: `${name} · ${locale === 'en' ? en : zh}` }));
  const kept = list.holder === undefined || officers.length === 0 ? undefined : names.people.get(list.holder);
  if (list.holder === undefined || kept === undefined || options.some(({ value }) => value === list.holder)) return options;
  return [{ value: list.holder, label: kept }, ...options];
}

function capped(count: number): string {
  return count > countedAtMost ? '10,000+' : count.toLocaleString('en-US');
}

export function viewLabel(view: InboxView, actor: Actor, t: Translate): string {
  return t(`tasks.views.${actor.institutionId === undefined ? view : 'institution'}`);
}

function viewChip(view: InboxView, { list, t, counts, actor }: InboxParts) {
  const counted = view === 'mine' || view === 'asked' || view === 'barred';
  return {
    label: viewLabel(view, actor, t),
    view,
    counted,
    count: counted ? counts[view] : undefined,
    title: view === 'barred' ? t('tasks.barredHint') : undefined,
    href: withQuery('/tasks', listQuery(list, { view: view === 'queue' ? undefined : view })),
    active: list.view === view,
  };
}

/** Below a city its name stands before that of the county. */
function regionLabel(region: RegionName, all: readonly RegionName[], locale: Locale): string {
  const above = all.find(({ path }) => path === region.path.split('/').slice(0, -1).join('/'));
  return [above, region].flatMap((one) => one?.[locale === 'en' ? 'en' : 'zh'] ?? []).join(' · ');
}

/** The filters of a list, each with the address of the list without it. */
export function chipsOf({ list, t, names, locale }: Pick<InboxParts, 'list' | 't' | 'names' | 'locale'>) {
  const { stage, kind, urgency, priority, label, region, dueBy, holder, q } = list;
  const chip = (field: keyof InboxList, value: string) => ({
    label: t(`tasks.chip.${field === 'q' ? 'text' : field}`, { value }),
    href: withQuery('/tasks', listQuery(list, { [field]: undefined })),
  });
  return [
    ...(region ? [chip('region', names.regions.get(region)?.[locale === 'en' ? 'en' : 'zh'] ?? region)] : []),
    ...(stage ? [chip('stage', t(`tasks.stages.${stage}`))] : []),
    ...(kind ? [chip('kind', t(`tasks.kinds.${kind}`))] : []),
    ...(urgency ? [chip('urgency', t(`tasks.groups.${urgency}`))] : []),
    ...(priority ? [chip('priority', '')] : []),
    ...(label ? [chip('label', label)] : []),
    ...(dueBy ? [chip('dueBy', datesIn(locale).date(dueBy))] : []),
    ...(holder ? [chip('holder', names.people.get(holder) ?? '—')] : []),
    ...(q ? [chip('q', q)] : []),
  ];
}
