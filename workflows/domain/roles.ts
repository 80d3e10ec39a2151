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
