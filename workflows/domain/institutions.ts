/** Kinds and statuses of institutions on the register, and what the office may do in each status. Pages, REST and record ask this table. */
import { hasRoleAbove, type Scope } from './scope.ts';

export const institutionKinds = ['training', 'assessment', 'enterprise'] as const;
export type InstitutionKind = (typeof institutionKinds)[number];

export const institutionStatuses = ['listed', 'suspended', 'removed'] as const;
export type InstitutionStatus = (typeof institutionStatuses)[number];

export const creditGrades = ['A', 'B', 'C', 'D'] as const;

export const institutionActs = ['suspend', 'restore', 'remove'] as const;
export type InstitutionAct = (typeof institutionActs)[number];

const acts: Record<InstitutionStatus, readonly InstitutionAct[]> = {
  listed: ['suspend', 'remove'],
  suspended: ['restore', 'remove'],
  removed: ['restore'],
};

export const statusAfter: Record<InstitutionAct, InstitutionStatus> = { suspend: 'suspended', restore: 'listed', remove: 'removed' };

export function allowedInstitutionActs(status: InstitutionStatus): readonly InstitutionAct[] {
  return acts[status];
}

/** The register of a region is kept by its catalogue officers and by those above it. */
export function keepsRegister(actor: Scope, regionPath: string): boolean {
  return hasRoleAbove(actor, regionPath, 'catalogue_officer');
}

/** Occupations as people write a licence scope: one a line, or with commas between them; each once. */
export function readOccupations(text: string): string[] {
  const words = text
    .split(/[\n,，、;；]/)
    .map((word) => word.trim())
    .filter((word) => word !== '');
  return [...new Set(words)];
}
