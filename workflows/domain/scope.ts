/** Who may see and decide what: role x region, and the own institution. Asked by every counter. */
import { readingRoles, type Role } from './roles.ts';

/** `standsInFor`: what somebody may do for others, for a time. It is asked about tasks only: it opens no other counter. */
export type Scope = {
  institutionId?: string | undefined;
  grants: readonly { role: Role; region: string; path: string }[];
  standsInFor?: readonly StandIn[] | undefined;
};
export type StandIn = { role: Role; region: string; principal: string; principalName: string };

export function hasRole(actor: { grants: readonly { role: Role }[] }, ...wanted: readonly Role[]): boolean {
  return actor.grants.some((grant) => wanted.includes(grant.role));
}

/** An office decides its own tasks: the grant names exactly the office's region. Outside roles decide the tasks of their own institution. */
export function mayDecide(actor: Scope, task: { role: string; office: string; institutionId: string | null }): boolean {
  if (task.role === 'institution' || task.role === 'assessor') {
    return actor.institutionId !== undefined && actor.institutionId === task.institutionId && hasRole(actor, task.role);
  }
  // Nobody decides for the office about the institution that they belong to, whatever else they were granted.
  if (actor.institutionId !== undefined && actor.institutionId === task.institutionId) return false;
  return mayInOwnRight(actor, task) || principalsOf(actor, task).length > 0;
}

function mayInOwnRight(actor: Scope, task: { role: string; office: string }): boolean {
  return actor.grants.some((grant) => grant.role === task.role && grant.region === task.office);
}

/** Those for whom somebody may work on a task. */
export function principalsOf(actor: Scope, task: { role: string; office: string }): StandIn[] {
  return (actor.standsInFor ?? []).filter((one) => one.role === task.role && one.region === task.office);
}

/**
 * As whom somebody who may decide a task takes it: the principal who has it, else in the own right (undefined) or, without it, for one of the principals.
 * Empty: this person may not take it, because somebody else has it.
 */
export function capacitiesFor(
  actor: Scope & { userId: string },
  task: { role: string; office: string; claimed_by: string | null; claimed_for: string | null },
): (string | undefined)[] {
  const principals = principalsOf(actor, task).map(({ principal }) => principal);
  const own = mayInOwnRight(actor, task) || principals.length === 0;
  if (task.claimed_by === actor.userId) {
    if (task.claimed_for === null) return own ? [undefined] : principals;
    return principals.includes(task.claimed_for) ? [task.claimed_for] : [];
  }
  // Whoever is back takes the own task back.
  if (task.claimed_for === actor.userId) return [undefined];
  if (task.claimed_by !== null) return principals.includes(task.claimed_by) ? [task.claimed_by] : [];
  return own ? [undefined] : principals;
}

/** The queues that somebody works on: the own ones, and those of the people for whom this person substitutes. `principals`: only for them, without a right of the own. */
export function workQueuesOf(actor: Scope): { role: Role; region: string; principals: string[] | undefined }[] {
  const queues = [...actor.grants, ...(actor.standsInFor ?? [])];
  return queues
    .filter((one, at) => queues.findIndex(({ role, region }) => role === one.role && region === one.region) === at)
    .map(({ role, region }) => {
      const task = { role, office: region };
      return { role, region, principals: mayInOwnRight(actor, task) ? undefined : principalsOf(actor, task).map((one) => one.principal) };
    });
}

/** Whether four eyes refuse a task of an own queue to this person, where `signers` took part in other steps of the same matter. */
export function isRefusedTo(
  actor: Scope & { userId: string },
  task: { role: string; office: string },
  signers: readonly string[],
): boolean {
  if (signers.includes(actor.userId)) return true;
  const principals = principalsOf(actor, task);
  return !mayInOwnRight(actor, task) && principals.length > 0 && principals.every(({ principal }) => signers.includes(principal));
}

/** Officers read what lies in their own subtree; an institution reads what is its own. */
export function maySee(actor: Scope, subject: { regionPath: string; institutionIds?: readonly (string | null | undefined)[] }): boolean {
  if (actor.institutionId !== undefined && subject.institutionIds?.includes(actor.institutionId)) return true;
  return hasRoleAbove(actor, subject.regionPath, ...readingRoles);
}

/** The regions in which somebody may read whole lists, without those that lie within another. */
export function readingPaths(actor: Scope): string[] {
  const paths = [...new Set(actor.grants.filter(({ role }) => readingRoles.includes(role)).map(({ path }) => path))];
  return paths.filter((path) => !paths.some((other) => path !== other && isWithin(path, other)));
}

export function isWithin(path: string, ancestor: string): boolean {
  return path === ancestor || path.startsWith(`${ancestor}/`);
}

/** The nearest region that holds every office in which somebody works; undefined where there is none. */
export function workRegionOf(actor: Scope): string | undefined {
  const [first = [], ...others] = actor.grants.map(({ path }) => path.split('/'));
  return first.filter((code, at) => others.every((codes) => codes[at] === code)).at(-1);
}

/** Holds one of these roles in a region that contains `path`. */
export function hasRoleAbove(actor: Scope, path: string, ...wanted: readonly Role[]): boolean {
  return actor.grants.some((grant) => wanted.includes(grant.role) && isWithin(path, grant.path));
}
