/** Whether a task that changed stands in a list, and what the list says of it: as the list itself would. */
import type { Actor } from '../../db/accounts/users.ts';
import { type InboxFilter, type InboxGroup, type InboxTimes, urgencies } from '../../db/views/inbox/inbox.ts';
import type { TaskChange } from '../../db/views/inbox/task-changes.ts';
import { isFoundBy, numberSearch } from '../../workflows/domain/formats/numbers.ts';
import { labelOfficesOf } from '../../workflows/domain/labels.ts';
import { readingRoles } from '../../workflows/domain/roles.ts';
import { isRefusedTo, isWithin, mayDecide } from '../../workflows/domain/scope.ts';
import { isOutsideRole, stageOf } from '../../workflows/domain/tasks.ts';
import type { Translate } from '../pages/i18n.ts';

/** `regionPath`, `classIds`: what the region and the text of the filter mean, looked up once. */
export type OpenList = {
  filter: InboxFilter;
  times: InboxTimes;
  regionPath: string | undefined;
  /** Classes of a paper whose number was typed. */
  classIds: ReadonlySet<string>;
};

/** Whether it is one of those that the list is about, in whatever state. */
export function concerns(actor: Actor, { filter, regionPath, classIds }: OpenList, task: TaskChange): boolean {
  return isInScope(actor, filter, task) && fits(filter, task, classIds) && liesIn(regionPath, task);
}

/** Of those, whether it stands in the list now. */
export function isListed(actor: Actor, { filter, times }: OpenList, task: TaskChange): boolean {
  if (!task.open || !isInTime(filter, times, task.due_at)) return false;
  if (filter.priority && !task.priority) return false;
  if (filter.label && !labelsRead(actor, task).includes(filter.label)) return false;
  if (filter.holder && task.claimed_by !== filter.holder) return false;
  switch (filter.view) {
    case 'mine':
      return task.claimed_by === actor.userId || isOfPrincipal(actor, task);
    case 'asked':
      return task.delegated_to === actor.userId;
    case 'queue':
      return isOutsideRole(task.role) || (!task.suspended && !isRefusedTo(actor, task, task.signers));
    case 'barred':
      return !task.suspended && isRefusedTo(actor, task, task.signers);
    case 'region':
      return true;
  }
}

/** Held by somebody for whom this person substitutes. */
function isOfPrincipal(actor: Actor, { role, office, claimed_by: by }: TaskChange): boolean {
  return (actor.standsInFor ?? []).some((one) => one.principal === by && one.role === role && one.region === office);
}

/** The words under the name of whoever has it. */
export function holdingWords(actor: Actor, task: TaskChange, t: Translate): string {
  if (task.suspended) return t('holding.row.suspended');
  if (task.claimed_by === null) return t('tasks.unclaimed');
  if (task.delegated_to === actor.userId) return t('holding.row.asked');
  if (task.delegate !== null) return t('holding.row.delegated', { name: task.delegate });
  return t(task.claimed_by === actor.userId ? 'tasks.heldByMe' : 'tasks.heldByOther');
}

/** The labels on its case that this person reads. */
export function labelsRead(actor: Actor, { labels }: TaskChange): string[] {
  const offices = labelOfficesOf(actor);
  return [...new Set(labels.filter(({ office }) => offices.includes(office)).map(({ label }) => label))];
}

/** The own queue, or for a view of the region all offices of it. */
function isInScope(actor: Actor, filter: InboxFilter, task: TaskChange): boolean {
  if (filter.view !== 'region') return mayDecide(actor, { role: task.role, office: task.office, institutionId: task.institution_id });
  return (
    !isOutsideRole(task.role) && actor.grants.some((grant) => readingRoles.includes(grant.role) && isWithin(task.office_path, grant.path))
  );
}

function fits(filter: InboxFilter, task: TaskChange, classIds: ReadonlySet<string>): boolean {
  if (filter.kind && task.kind !== filter.kind) return false;
  if (filter.stage && stageOf(task.step) !== filter.stage) return false;
  const text = filter.text?.toLowerCase();
  return (
    !text ||
    isFoundBy(task.subject_number, numberSearch(text)) ||
    (task.class_id !== null && classIds.has(task.class_id)) ||
    task.subject_title.toLowerCase().includes(text) ||
    task.institution_name.toLowerCase().includes(text)
  );
}

function liesIn(path: string | undefined, task: TaskChange): boolean {
  return path === undefined || isWithin(task.office_path, path) || isWithin(task.region_path, path);
}

/** The group of a list under which a task stands. */
export function groupOf({ times }: OpenList, task: TaskChange): InboxGroup {
  if (task.priority && !isOutsideRole(task.role)) return 'priority';
  return urgencies.find((urgency) => isInTime({ view: 'queue', urgency }, times, task.due_at)) ?? 'none';
}

function isInTime({ urgency, dueBy }: InboxFilter, { now, soonUntil }: InboxTimes, due: Date | null): boolean {
  if (dueBy && (due === null || due > dueBy)) return false;
  switch (urgency) {
    case 'overdue':
      return due !== null && due <= now;
    case 'soon':
      return due !== null && due > now && due <= soonUntil;
    case 'later':
      return due !== null && due > soonUntil;
    case 'none':
      return due === null;
    case undefined:
      return true;
  }
}
