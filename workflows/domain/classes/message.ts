/** The conversation (沟通) about a class: who speaks for which side, and who reads it. */
import { officerRoles } from '../roles.ts';
import { hasRole, isWithin, type Scope } from '../scope.ts';

export type MessageSide = 'office' | 'institution';

/** For whom somebody speaks about a class: its institution, an officer whose region holds it, or nobody (who only reads). */
export function sideOf(
  actor: Scope,
  subject: { institution_id: string; region_path: string },
): { side: 'institution' } | { side: 'office'; office: string } | undefined {
  if (actor.institutionId !== undefined)
    return actor.institutionId === subject.institution_id && hasRole(actor, 'institution') ? { side: 'institution' } : undefined;
  const officers: readonly string[] = officerRoles;
  const grants = actor.grants.filter((grant) => officers.includes(grant.role) && isWithin(subject.region_path, grant.path));
  const nearest = grants.sort((a, b) => b.path.length - a.path.length)[0];
  return nearest && { side: 'office', office: nearest.region };
}

/** Whether somebody reads the conversation: its institution, and officers of the subtree; not the assessment body. */
export function readsMessages(actor: Scope, subject: { institution_id: string }): boolean {
  return actor.institutionId === undefined || actor.institutionId === subject.institution_id;
}

/** The side for which somebody reads what is unread, wherever it is. */
export function readingSide(actor: Scope): MessageSide | undefined {
  if (actor.institutionId !== undefined) return hasRole(actor, 'institution') ? 'institution' : undefined;
  return hasRole(actor, ...officerRoles) ? 'office' : undefined;
}
