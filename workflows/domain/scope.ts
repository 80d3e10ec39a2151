/** Who may see and decide what: role x region, and the own institution. Asked by every counter. */
import { readingRoles, type Role } from './roles.ts';

export type Scope = { institutionId?: string | undefined; grants: readonly { role: Role; region: string; path: string }[] };

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
  return actor.grants.some((grant) => grant.role === task.role && grant.region === task.office);
}

/** Officers read what lies in their own subtree; an institution reads what is its own. */
export function maySee(actor: Scope, subject: { regionPath: string; institutionIds?: readonly (string | null | undefined)[] }): boolean {
  if (actor.institutionId !== undefined && subject.institutionIds?.includes(actor.institutionId)) return true;
  return hasRoleAbove(actor, subject.regionPath, ...readingRoles);
}

export function isWithin(path: string, ancestor: string): boolean {
  return path === ancestor || path.startsWith(`${ancestor}/`);
}

/** Holds one of these roles in a region that contains `path`. */
export function hasRoleAbove(actor: Scope, path: string, ...wanted: readonly Role[]): boolean {
  return actor.grants.some((grant) => wanted.includes(grant.role) && isWithin(path, grant.path));
}
