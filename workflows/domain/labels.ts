/** Labels (标签) that an office puts on a case for itself: who reads them and who puts them on. */
import { officerRoles, readingRoles, type Role } from './roles.ts';
import type { Scope } from './scope.ts';

export const labelLength = 12;
/** Of one office on one case. */
export const labelsAtMost = 5;

/** The offices whose labels somebody reads: those in which they read, and those in which they substitute. Nobody of an institution reads any. */
export function labelOfficesOf(actor: Scope): string[] {
  return officesWith(actor, readingRoles);
}

/** The offices that somebody labels for. */
export function labellingOfficesOf(actor: Scope): string[] {
  return officesWith(actor, officerRoles);
}

/** The office for which somebody labels a case: that of the task if it is one of the own. */
export function labellingOfficeOf(actor: Scope, office: string): string | undefined {
  const own = labellingOfficesOf(actor);
  return own.includes(office) ? office : own[0];
}

/** The labels of what has ended stay as they are, for the record. */
export function takesLabels({ status }: { status: string }): boolean {
  return status !== 'closed' && status !== 'withdrawn';
}

function officesWith(actor: Scope, wanted: readonly Role[]): string[] {
  if (actor.institutionId !== undefined) return [];
  const places = [...actor.grants, ...(actor.standsInFor ?? [])].filter(({ role }) => wanted.includes(role));
  return [...new Set(places.map(({ region }) => region))];
}
