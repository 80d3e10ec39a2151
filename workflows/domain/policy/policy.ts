/**
 * Policy packs: every number, day and role that varies between regions, as data with its source. Packs of procedure
 * (`PolicyPack`) hold everything a class needs; packs of rates alone (`RatePack`) hold what the calculator needs.
 * The files are db/policy-packs/*.json; `policy-reader.ts` checks them.
 */
import type { GroupCode } from './groups.ts';
import { type EarlierEscalation, ladderOf, type Rung } from './ladder.ts';
import type { ReviewStep, Terms } from '../procedures.ts';
import type { MaterialKind } from '../classes/material.ts';

/** A value and the text it rests on. `sourced: false`: no source was found, the value is an assumption and shown as one. */
export type Sourced<T> = { value: T; source: string; sourced: boolean; article?: string };

export const packLevels = ['province', 'city', 'county'] as const;
export type PackLevel = (typeof packLevels)[number];

export const funds = ['employment_subsidy', 'unemployment_insurance', 'special_account', 'enterprise_education'] as const;
/** 就业补助资金, 失业保险基金, 职业技能提升行动专账, 企业职工教育经费: never mixed. */
export type Fund = (typeof funds)[number];

export const disclosureKinds = ['plan', 'conduct', 'result', 'subsidy', 'payment'] as const;
export type DisclosureKind = (typeof disclosureKinds)[number];

/** What the public sees of a person's field in a list. */
export type Masking = 'plain' | 'masked' | 'hidden';
export type MaskingPolicy = { name: Masking; id: Masking; phone: Masking; account: Masking; group: Masking; amount: Masking };
/** 公示 blocks the case for its working days; 公开 (`blocks: false`) is on show for them and holds nothing up. */
export type DisclosureRule = { blocks: boolean; workingDays: number; masking: MaskingPolicy };

/** Completed years: `min` counts in, the upper bounds do not (16 ≤ age < 60). */
export type AgeBounds = { min: number; maleBelow: number; femaleBelow: number };
export type QuotaRule = {
  perPersonYear: number;
  sameOccupationLevelOnce: boolean;
  noLowerAfterHigher: boolean;
  /** Schemes whose benefit for the same occupation and level excludes this one. */
  crossSchemeExclusion: string[];
};

/** 5 = 初级工 (junior worker) … 1 = 高级技师 (senior technician). */
export type SkillLevel = '5' | '4' | '3' | '2' | '1';
export type LevelTable = Partial<Record<SkillLevel, number>>;
export const scarcities = ['very_scarce', 'scarce', 'ordinary'] as const;
export type Scarcity = (typeof scarcities)[number];
export const modes = ['offline', 'blended', 'online'] as const;
export type Mode = (typeof modes)[number];
export const payees = ['trainee', 'institution', 'enterprise'] as const;
export type Payee = (typeof payees)[number];

/** Amounts in fen, percentages in whole percent. */
export type RateValues = {
  'training.byLevelFen': LevelTable;
  /** The standards are upper limits: the actual fee is paid where it is lower. */
  'training.amountsAreCaps': boolean;
  'training.byOccupation': { occupation: string; hours: number; amountFen: number }[];
  'training.completionCertificate': { minHours: number; perHourFen: number; maxFen: number };
  'training.singleAbilityFen': number;
  'training.specialOperationLicenceFen': number;
  'training.specialOperationRetestFen': number;
  'apprenticeship.perYearFen': LevelTable;
  livingAllowance: { perLessonHourFen: number; oncePerPersonYear: boolean };
  'uplift.groups': GroupCode[];
  'uplift.percent': number;
  'factors.scarceUplift': { atLevel: SkillLevel; percent: number };
  'factors.scarcityPercent': Partial<Record<Scarcity, number>>;
  'factors.modePercent': Partial<Record<Mode, number>>;
  'factors.certificateContract': { certificate: boolean; contract: boolean; percent: number }[];
  'factors.employment': { afterMonths: number; percentIfUnemployed: number };
  'payee.byGroup': Partial<Record<GroupCode | '*', Payee>>;
  'payee.classRule': { poorFamilySharePercent: number; payee: Payee };
  'advance.maxPercent': number;
  quota: QuotaRule;
  'claim.windowMonths': number;
};

/** What a class's procedure needs. All periods are working days. */
export type ProcessValues = {
  'reviews.preTraining': ReviewStep[];
  'reviews.change': ReviewStep[];
  'reviews.filing': ReviewStep[];
  /** Before the subsidy notice (公示). */
  'reviews.subsidy': ReviewStep[];
  /** After it. */
  'reviews.approval': ReviewStep[];
  'correction.workingDays': number;
  'publishing.workingDays': number;
  'disclosures.plan': DisclosureRule;
  'disclosures.conduct': DisclosureRule;
  'disclosures.result': DisclosureRule;
  'disclosures.subsidy': DisclosureRule;
  'disclosures.payment': DisclosureRule;
  'objection.workingDays': number;
  'objection.decidedBy': { role: 'first_reviewer' | 'second_reviewer' | 'approver' | 'supervisor'; level: PackLevel };
  'inspection.level': PackLevel;
  'inspection.workingDays': number;
  'inspection.phoneCheckMinPercent': number;
  'rectification.workingDays': number;
  'attendance.workingDays': number;
  'attendance.minPercent': number;
  'results.workingDays': number;
  'claim.windowMonths': number;
  'payment.fund': Fund;
  /** Level of the finance department that confirms the request for funds, and of the office that pays. */
  'payment.financeLevel': PackLevel;
  'payment.payingLevel': PackLevel;
  'payment.fundsWorkingDays': number;
  'payment.batchWorkingDays': number;
  'payment.bankAnswerWorkingDays': number;
  'payment.accountCorrectionWorkingDays': number;
  'schedule.classApplicationLeadWorkingDays': number;
  'schedule.assessmentRosterLeadWorkingDays': number;
  'hours.certificateMin': number;
  'hours.singleAbilityMin': number;
  'hours.theoryMinPercent': number;
  'hours.practiceMinPercent': number;
  age: AgeBounds;
  quota: QuotaRule;
  'class.maxTrainees': number;
  'assessment.separateBody': boolean;
  /** Whom the clock tells of a task; packs from before the list are read as well. */
  escalation: Rung[] | EarlierEscalation;
  'employmentTracking.months': number[];
  'evidence.videoKeepYears': number;
  'evidence.archiveKeepYears': number;
};

/** What is attached to a class for a stage: `required` stands in the way of its submission, the rest is recommended. */
export type MaterialRule = { kind: MaterialKind; required: boolean };
/** Absent from packs that were on record before materials were asked for: nothing is asked then. */
export type MaterialValues = { 'materials.preTraining': MaterialRule[] };

type SourcedValues<V> = { [K in keyof V]: Sourced<V[K]> };

export type RatePack = {
  id: string;
  name: { zh: string; en: string };
  /** GB/T 2260 code; null where the source does not name the place. */
  region: string | null;
  from: string;
  /** First civil date on which it no longer applies; null: in force. */
  to: string | null;
  source: string;
  values: Partial<SourcedValues<RateValues>>;
};

export type PolicyPack = Omit<RatePack, 'region' | 'values'> & {
  region: string;
  /** The levels of offices that take part, highest first. */
  levels: PackLevel[];
  values: Partial<SourcedValues<RateValues>> & Partial<SourcedValues<MaterialValues>> & SourcedValues<ProcessValues>;
};

/** The value of a key without its source. */
export function rule<K extends keyof ProcessValues>(pack: PolicyPack, key: K): ProcessValues[K] {
  return (pack.values[key] as Sourced<ProcessValues[K]>).value;
}

export function materialRules(pack: PolicyPack): readonly MaterialRule[] {
  return pack.values['materials.preTraining']?.value ?? [];
}

/** Keys of the values for which no source was found. */
export function unsourcedKeys(pack: RatePack | PolicyPack): string[] {
  return Object.entries(pack.values)
    .filter(([, value]) => !value.sourced)
    .map(([key]) => key)
    .sort();
}

/**
 * The pack in force on a civil date for a region, given the codes from the region up to the root. The nearest region wins, in it
 * the pack that began last.
 */
export function packInForce<P extends { region: string | null; from: string; to: string | null }>(
  packs: readonly P[],
  regionsUpwards: readonly string[],
  date: string,
): P | undefined {
  for (const region of regionsUpwards) {
    const found = packs
      .filter((pack) => pack.region === region && pack.from <= date && (pack.to === null || date < pack.to))
      .sort((a, b) => (a.from < b.from ? 1 : -1))[0];
    if (found) return found;
  }
  return undefined;
}

/** What a procedure keeps of the pack when it opens: later packs do not change it. */
export function termsOf(pack: PolicyPack): Terms {
  const disclosure = (kind: DisclosureKind): { blocks: boolean; workingDays: number } => {
    const { blocks, workingDays } = rule(pack, `disclosures.${kind}`);
    return { blocks, workingDays };
  };
  return {
    packId: pack.id,
    reviews: {
      preTraining: rule(pack, 'reviews.preTraining'),
      change: rule(pack, 'reviews.change'),
      filing: rule(pack, 'reviews.filing'),
      subsidy: rule(pack, 'reviews.subsidy'),
      approval: rule(pack, 'reviews.approval'),
    },
    disclosures: {
      plan: disclosure('plan'),
      conduct: disclosure('conduct'),
      result: disclosure('result'),
      subsidy: disclosure('subsidy'),
      payment: disclosure('payment'),
    },
    days: {
      correction: rule(pack, 'correction.workingDays'),
      publishing: rule(pack, 'publishing.workingDays'),
      objection: rule(pack, 'objection.workingDays'),
      inspection: rule(pack, 'inspection.workingDays'),
      rectification: rule(pack, 'rectification.workingDays'),
      attendance: rule(pack, 'attendance.workingDays'),
      results: rule(pack, 'results.workingDays'),
      funds: rule(pack, 'payment.fundsWorkingDays'),
      batch: rule(pack, 'payment.batchWorkingDays'),
      bankAnswer: rule(pack, 'payment.bankAnswerWorkingDays'),
      accountCorrection: rule(pack, 'payment.accountCorrectionWorkingDays'),
    },
    ladder: ladderOf(rule(pack, 'escalation')),
    claimWindowMonths: rule(pack, 'claim.windowMonths'),
    objection: rule(pack, 'objection.decidedBy'),
    offices: {
      finance: rule(pack, 'payment.financeLevel'),
      payment: rule(pack, 'payment.payingLevel'),
      inspection: rule(pack, 'inspection.level'),
    },
  };
}
