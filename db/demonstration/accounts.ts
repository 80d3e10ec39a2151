/** The people of the demonstration: made up, at least two for every role and level. */
import type { Role } from '../../workflows/domain/roles.ts';

export type DemonstrationAccount = { login: string; name: string; role: Role; region: string; institution?: string };

const surnames = '陈林黄张李王吴刘郑杨蔡许谢郭洪曾邱赖罗叶苏庄江肖何徐廖高梁沈';
const given = [
  '志明',
  '丽华',
  '建国',
  '秀英',
  '海燕',
  '国强',
  '雅琴',
  '文彬',
  '晓峰',
  '美玲',
  '俊杰',
  '淑芬',
  '伟东',
  '春梅',
  '永强',
  '慧敏',
  '少华',
  '玉兰',
  '振宇',
  '佩珊',
];

/** The n-th made-up name; no two alike below 600. */
export function madeUpName(serial: number): string {
  const surname = [...surnames][serial % surnames.length] ?? '陈';
  return surname + (given[Math.floor(serial / surnames.length + serial * 7) % given.length] ?? '志明');
}

const offices = [
  { prefix: 'cs', region: '350104' },
  { prefix: 'gl', region: '350102' },
  { prefix: 'fz', region: '350100' },
  { prefix: 'fj', region: '350000' },
];
/** Offices that came later: their people are named after all others, whose names stay. */
const furtherOffices = [
  { prefix: 'tj', region: '350103' },
  { prefix: 'ja', region: '350111' },
];

const officeRoles: readonly { code: string; role: Role; people: number }[] = [
  { code: 'first', role: 'first_reviewer', people: 2 },
  { code: 'second', role: 'second_reviewer', people: 2 },
  { code: 'approve', role: 'approver', people: 2 },
  { code: 'inspect', role: 'inspector', people: 2 },
  { code: 'finance', role: 'finance_officer', people: 2 },
  { code: 'pay', role: 'payment_officer', people: 3 },
  { code: 'supervise', role: 'supervisor', people: 2 },
  { code: 'audit', role: 'auditor', people: 2 },
  { code: 'catalogue', role: 'catalogue_officer', people: 2 },
];

const administrators: readonly { code: string; role: Role }[] = [
  { code: 'system', role: 'system_admin' },
  { code: 'security', role: 'security_admin' },
  { code: 'auditadmin', role: 'audit_admin' },
];

/** Every account of the demonstration province, given the institutions by key. */
export function demonstrationAccounts(institutions: readonly { key: string; region: string; kind: string }[]): DemonstrationAccount[] {
  let serial = 0;
  const next = (): string => madeUpName(serial++);
  const accounts: DemonstrationAccount[] = [];
  const staff = ({ prefix, region }: (typeof offices)[number]): void => {
    for (const { code, role, people } of officeRoles) {
      for (let at = 1; at <= people; at += 1) accounts.push({ login: `${prefix}-${code}-${at}`, name: next(), role, region });
    }
  };
  for (const office of offices) staff(office);
  for (const { code, role } of administrators) {
    for (let at = 1; at <= 2; at += 1) accounts.push({ login: `${code}-${at}`, name: next(), role, region: '350000' });
  }
  for (const institution of institutions) {
    const role: Role = institution.kind === 'assessment' ? 'assessor' : 'institution';
    for (let at = 1; at <= 2; at += 1)
      accounts.push({ login: `${institution.key}-${at}`, name: next(), role, region: institution.region, institution: institution.key });
  }
  for (const office of furtherOffices) staff(office);
  return accounts;
}
