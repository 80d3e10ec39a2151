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

export type Grant = { role: Role; region: string };

/** Roles whose holders work a queue of review tasks. */
export const officerRoles: readonly Role[] = [
  'first_reviewer',
  'second_reviewer',
  'approver',
  'inspector',
  'finance_officer',
  'payment_officer',
  'supervisor',
];

/** The three separated administrators (三员分立): nobody holds two of them, and none decides a case. */
export const administratorRoles: readonly Role[] = ['system_admin', 'security_admin', 'audit_admin'];
