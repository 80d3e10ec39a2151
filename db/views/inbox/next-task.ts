/** The next task to work on within a list: the most urgent one that this person can decide now. */
import { mayDecide } from '../../../workflows/domain/scope.ts';
import type { Actor } from '../../accounts/users.ts';
import type { Db } from '../../client.ts';
import { type InboxCursor, type InboxFilter, type InboxTask, type InboxTimes, listInbox } from './inbox.ts';

/** Most lists begin with one; where colleagues hold the most urgent ones, further pages are looked through. */
const PAGES = [20, 100, 100, 100];

/** Undefined where there is none among the most urgent ones. `except`: the one that was just decided. */
export async function findNextTask(
  db: Db,
  actor: Actor,
  filter: InboxFilter,
  times: InboxTimes,
  except: string,
): Promise<string | undefined> {
  let cursor: InboxCursor | undefined;
  for (const size of PAGES) {
    const { tasks, next } = await listInbox(db, actor, filter, times, { cursor, size });
    // Whoever signed another step of the same matter would only be refused there.
    const found = tasks.find((task) => task.id !== except && !task.signers.includes(actor.userId) && isWorkable(actor, filter, task));
    if (found !== undefined || !next) return found?.id;
    cursor = next;
  }
  return undefined;
}

/** Nobody else has it, and it is no task of another office or post, of which the list of a region is full. */
function isWorkable(actor: Actor, { view }: InboxFilter, task: InboxTask): boolean {
  if (view === 'asked') return true;
  if (actor.institutionId === undefined && !mayDecide(actor, { role: task.role, office: task.office, institutionId: null })) return false;
  return task.suspended_at === null && task.delegated_to === null && [null, actor.userId].includes(task.claimed_by);
}
