/** The roles of the office and of those around it. A grant is role × region. */
export const roles = [
  'institution',
  'assessor',
  'first_reviewer',
  'second_reviewer',
  'approver',
  'inspector',
  'finance_officer',
  'payment_officer',
  'supervisor',
  'catalogue_officer',
  'auditor',
  'system_admin',
  'security_admin',
  'audit_admin',
] as const;
export type Role = (typeof roles)[number];

/** Those who decide cases of their office or supervise it. */
export const officerRoles = [
  'first_reviewer',
  'second_reviewer',
  'approver',
  'inspector',
  'finance_officer',
  'payment_officer',
  'supervisor',
] as const satisfies readonly Role[];

/** Roles that read the cases of their subtree. */
export const readingRoles: readonly Role[] = [...officerRoles, 'catalogue_officer', 'auditor'];

/** 三员: accounts, permissions and the log are kept by three different people. */
export const administratorRoles = ['system_admin', 'security_admin', 'audit_admin'] as const;
export type AdministratorRole = (typeof administratorRoles)[number];

export function isAdministratorRole(role: Role): role is AdministratorRole {
  return (administratorRoles as readonly Role[]).includes(role);
}
