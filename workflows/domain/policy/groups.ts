/**
 * The vocabulary of person groups (人员类别) in rosters. Codes are stable: packs, claims and statistics refer to them. An entry
 * that no longer applies gets an end (`to`), it is never removed. Sources: 人社厅 notice on real-name management, 国办发〔2019〕24号,
 * 就业补助资金管理办法 and the 2025–2027 action 技能照亮前程.
 */
export const groupCodes = [
  'enterprise_employee',
  'rural_migrant',
  'registered_unemployed',
  'graduate_year',
  'unemployed_graduate',
  'school_leaver',
  'hard_to_employ',
  'zero_employment_family',
  'minimum_living_allowance',
  'lifted_from_poverty',
  'poor_labourer',
  'poor_family_child',
  'disabled',
  'veteran',
  'landless_farmer',
  'released_prisoner',
] as const;
export type GroupCode = (typeof groupCodes)[number];

/** The four lines under which the ministry's statistics count persons. */
export type GroupLine = 'employees' | 'priority' | 'poor' | 'poor_children';

/** The department that can confirm the group through a connector (横向协同). */
export type ConfirmingDepartment =
  | 'human_resources'
  | 'rural_affairs'
  | 'civil_affairs'
  | 'disabled_federation'
  | 'veterans'
  | 'education'
  | 'justice';

export type PersonGroup = {
  code: GroupCode;
  zh: string;
  en: string;
  line: GroupLine;
  /** The document that shows the group where no connector answers. */
  evidence: { zh: string; en: string };
  confirmedBy: ConfirmingDepartment;
  /** Other words for it in rosters. */
  also: readonly string[];
  from: string;
  /** First date on which it no longer applies. */
  to?: string;
};

const NOTICE = '2019-07-30';

export const personGroups: readonly PersonGroup[] = [
  {
    code: 'enterprise_employee',
    zh: '企业职工',
    en: 'Enterprise employee',
    line: 'employees',
    evidence: { zh: '劳动合同或社会保险缴费记录', en: 'Labour contract or social insurance record' },
    confirmedBy: 'human_resources',
    also: ['职工', '在职职工', '企业在职职工'],
    from: NOTICE,
  },
  {
    code: 'rural_migrant',
    zh: '农村转移就业劳动者',
    en: 'Rural worker moving to other work',
    line: 'priority',
    evidence: { zh: '户口簿', en: 'Household register' },
    confirmedBy: 'rural_affairs',
    also: ['农村转移劳动者', '农民工', '农村劳动力'],
    from: NOTICE,
  },
  {
    code: 'registered_unemployed',
    zh: '登记失业人员',
    en: 'Registered unemployed person',
    line: 'priority',
    evidence: { zh: '就业创业证（失业登记）', en: 'Employment certificate with unemployment registration' },
    confirmedBy: 'human_resources',
    also: ['城镇登记失业人员', '失业人员'],
    from: NOTICE,
  },
  {
    code: 'graduate_year',
    zh: '毕业年度高校毕业生',
    en: 'Student in the year of graduation',
    line: 'priority',
    evidence: { zh: '学生证或毕业证书', en: 'Student card or diploma' },
    confirmedBy: 'education',
    also: ['高校毕业生', '毕业年度毕业生'],
    from: NOTICE,
  },
  {
    code: 'unemployed_graduate',
    zh: '离校未就业高校毕业生',
    en: 'Graduate without employment',
    line: 'priority',
    evidence: { zh: '毕业证书和失业登记', en: 'Diploma and unemployment registration' },
    confirmedBy: 'human_resources',
    also: ['未就业高校毕业生'],
    from: NOTICE,
  },
  {
    code: 'school_leaver',
    zh: '未继续升学的应届初高中毕业生',
    en: 'School leaver not going on to study',
    line: 'priority',
    evidence: { zh: '毕业证书', en: 'School leaving certificate' },
    confirmedBy: 'education',
    also: ['城乡未继续升学的应届初高中毕业生', '两后生', '应届初高中毕业生'],
    from: NOTICE,
  },
  {
    code: 'hard_to_employ',
    zh: '就业困难人员',
    en: 'Person with difficulty in finding work',
    line: 'priority',
    evidence: { zh: '就业困难人员认定', en: 'Recognition as having difficulty in finding work' },
    confirmedBy: 'human_resources',
    also: [],
    from: NOTICE,
  },
  {
    code: 'zero_employment_family',
    zh: '零就业家庭成员',
    en: 'Member of a family without anyone in work',
    line: 'priority',
    evidence: { zh: '零就业家庭认定', en: 'Recognition as a family without anyone in work' },
    confirmedBy: 'human_resources',
    also: ['零就业家庭'],
    from: NOTICE,
  },
  {
    code: 'minimum_living_allowance',
    zh: '低保家庭成员',
    en: 'Member of a family on minimum living allowance',
    line: 'poor',
    evidence: { zh: '最低生活保障证', en: 'Minimum living allowance certificate' },
    confirmedBy: 'civil_affairs',
    also: ['低保', '低保人员', '低保对象'],
    from: NOTICE,
  },
  {
    code: 'lifted_from_poverty',
    zh: '脱贫人口',
    en: 'Person lifted out of poverty',
    line: 'poor',
    evidence: { zh: '脱贫户证明或系统核验', en: 'Household proof or answer of the register' },
    confirmedBy: 'rural_affairs',
    also: ['脱贫劳动力', '防止返贫监测对象'],
    from: '2021-01-01',
  },
  {
    code: 'poor_labourer',
    zh: '贫困劳动力',
    en: 'Poor labourer',
    line: 'poor',
    evidence: { zh: '建档立卡证明', en: 'Poverty register entry' },
    confirmedBy: 'rural_affairs',
    also: ['建档立卡贫困劳动力'],
    from: NOTICE,
  },
  {
    code: 'poor_family_child',
    zh: '贫困家庭子女',
    en: 'Child of a poor family',
    line: 'poor_children',
    evidence: { zh: '户口簿和家庭困难证明', en: 'Household register and proof of hardship' },
    confirmedBy: 'civil_affairs',
    also: [],
    from: NOTICE,
  },
  {
    code: 'disabled',
    zh: '残疾人',
    en: 'Person with a disability',
    line: 'priority',
    evidence: { zh: '残疾人证', en: 'Disability certificate' },
    confirmedBy: 'disabled_federation',
    also: ['残疾人员', '持证残疾人'],
    from: NOTICE,
  },
  {
    code: 'veteran',
    zh: '退役军人',
    en: 'Veteran',
    line: 'priority',
    evidence: { zh: '退役军人优待证或退役证', en: 'Veteran card or discharge certificate' },
    confirmedBy: 'veterans',
    also: ['退役士兵', '复退军人'],
    from: NOTICE,
  },
  {
    code: 'landless_farmer',
    zh: '失地农民',
    en: 'Farmer who lost the land',
    line: 'priority',
    evidence: { zh: '征地证明', en: 'Land requisition record' },
    confirmedBy: 'rural_affairs',
    also: ['被征地农民'],
    from: NOTICE,
  },
  {
    code: 'released_prisoner',
    zh: '刑满释放人员',
    en: 'Released prisoner',
    line: 'priority',
    evidence: { zh: '释放证明书', en: 'Release certificate' },
    confirmedBy: 'justice',
    also: ['刑释人员'],
    from: NOTICE,
  },
];

const byCode = new Map<string, PersonGroup>(personGroups.map((group) => [group.code, group]));
const byWord = new Map<string, PersonGroup>(
  personGroups.flatMap((group) =>
    [group.code, group.zh, group.en.toLowerCase(), ...group.also].map((word): [string, PersonGroup] => [word, group]),
  ),
);

export function isGroupCode(text: string): text is GroupCode {
  return byCode.has(text);
}

export function findGroup(code: string): PersonGroup | undefined {
  return byCode.get(code);
}

/** The group that a roster means by a word in either language, or undefined. */
export function groupByWord(word: string): PersonGroup | undefined {
  const plain = word.normalize('NFKC').replace(/\s+/g, ' ').trim();
  return byWord.get(plain) ?? byWord.get(plain.toLowerCase());
}

/** The groups in force on a civil date. */
export function groupsOn(date: string): PersonGroup[] {
  return personGroups.filter((group) => group.from <= date && (group.to === undefined || date < group.to));
}
