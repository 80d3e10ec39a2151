/** Checks a policy pack read from JSON, by hand because the rules may import nothing. Every mistake is told with its path. */
import { isCivilDate } from '../calendar/calendar.ts';
import { InputError, type Issue } from '../errors.ts';
import { jointModes, mostSigners, signingRoles } from '../signing.ts';
import { materialKinds } from '../classes/material.ts';
import { groupCodes } from './groups.ts';
import type { ReviewStep } from '../procedures.ts';
import { type Rung, rungActs, rungLevels, rungRoles } from './ladder.ts';
import {
  funds,
  type MaterialValues,
  modes,
  type PackLevel,
  type PolicyPack,
  type ProcessValues,
  packLevels,
  payees,
  type RatePack,
  type RateValues,
  scarcities,
} from './policy.ts';

/** Adds an issue for everything at `path` that is not as it should be. */
type Check = (value: unknown, path: string, issues: Issue[]) => void;

/** Reads a complete pack of procedure and rates. Throws InputError with one issue per wrong path, such as `values.age.value.min`. */
export function readPolicyPack(json: unknown): PolicyPack {
  const issues: Issue[] = [];
  checkHead(json, issues, { regionRequired: true });
  const pack = isObject(json) ? json : {};
  list(oneOf(packLevels), 1)(pack.levels, 'levels', issues);
  checkValues(pack.values, { ...rateChecks, ...materialChecks, ...processChecks }, Object.keys(processChecks), issues);
  if (issues.length === 0) checkReviews(json as PolicyPack, issues);
  if (issues.length > 0) throw new InputError(issues);
  return json as PolicyPack;
}

/** Reads a pack that holds rates only. */
export function readRatePack(json: unknown): RatePack {
  const issues: Issue[] = [];
  checkHead(json, issues, { regionRequired: false });
  checkValues(isObject(json) ? json.values : undefined, rateChecks, [], issues);
  if (issues.length > 0) throw new InputError(issues);
  return json as RatePack;
}

function checkHead(json: unknown, issues: Issue[], options: { regionRequired: boolean }): void {
  if (!isObject(json)) {
    issues.push({ field: '', code: 'pack.type' });
    return;
  }
  text(json.id, 'id', issues);
  object({ zh: text, en: text })(json.name, 'name', issues);
  if (options.regionRequired || json.region !== null) pattern(/^\d{6}$/)(json.region, 'region', issues);
  date(json.from, 'from', issues);
  if (json.to !== null) date(json.to, 'to', issues);
  if (typeof json.from === 'string' && typeof json.to === 'string' && json.to <= json.from)
    issues.push({ field: 'to', code: 'pack.range' });
  text(json.source, 'source', issues);
}

function checkValues(values: unknown, checks: Record<string, Check>, required: readonly string[], issues: Issue[]): void {
  if (!isObject(values)) {
    issues.push({ field: 'values', code: values === undefined ? 'pack.missing' : 'pack.type' });
    return;
  }
  for (const key of required) if (values[key] === undefined) issues.push({ field: `values.${key}`, code: 'pack.missing' });
  for (const [key, entry] of Object.entries(values)) {
    const check = checks[key];
    const path = `values.${key}`;
    if (!check) issues.push({ field: path, code: 'pack.unknownKey' });
    else object({ value: check, source: text, sourced: flag }, { article: text })(entry, path, issues);
  }
}

/** Who refuses is an approver, so every table that can end a case ends with one; a level that the pack does not have decides nothing. */
function checkReviews(pack: PolicyPack, issues: Issue[]): void {
  const elsewhere = {
    'objection.decidedBy': pack.values['objection.decidedBy'].value.level,
    'inspection.level': pack.values['inspection.level'].value,
    'payment.financeLevel': pack.values['payment.financeLevel'].value,
    'payment.payingLevel': pack.values['payment.payingLevel'].value,
  };
  for (const [key, level] of Object.entries(elsewhere)) {
    if (!pack.levels.includes(level)) issues.push({ field: `values.${key}.value`, code: 'pack.reviewLevel' });
  }
  for (const stage of ['preTraining', 'change', 'filing', 'subsidy', 'approval'] as const) {
    const path = `values.reviews.${stage}.value`;
    const table = pack.values[`reviews.${stage}`].value;
    for (const [at, row] of table.entries()) {
      if (!pack.levels.includes(row.level as PackLevel)) issues.push({ field: `${path}.${at}.level`, code: 'pack.reviewLevel' });
      const approves = row.role === 'approver';
      const mustApprove = stage !== 'subsidy' && at === table.length - 1;
      if (approves !== mustApprove) issues.push({ field: `${path}.${at}.role`, code: 'pack.reviewOrder' });
      checkSigners(row, { pack, mustApprove, path: `${path}.${at}.joint` }, issues);
    }
    const steps = table.map((row) => row.step);
    if (new Set(steps).size < steps.length) issues.push({ field: path, code: 'pack.duplicate' });
  }
}

/**
 * Those who sign beside somebody. Where one signature is enough each of them decides alone, so where the approver decides they are approvers, and none
 * stands there twice: whoever holds that role there has the one task anyway.
 */
function checkSigners(
  row: ReviewStep,
  { pack, mustApprove, path }: { pack: PolicyPack; mustApprove: boolean; path: string },
  issues: Issue[],
): void {
  const { joint } = row;
  if (!joint) return;
  if (joint.with.length > mostSigners) issues.push({ field: `${path}.with`, code: 'pack.jointMost', params: { max: mostSigners } });
  for (const [at, { role, level }] of joint.with.entries()) {
    const field = `${path}.with.${at}`;
    if (!pack.levels.includes(level as PackLevel)) issues.push({ field: `${field}.level`, code: 'pack.reviewLevel' });
    if (role === 'approver' ? !mustApprove : mustApprove && joint.mode === 'any')
      issues.push({ field: `${field}.role`, code: role === 'approver' ? 'pack.jointApprover' : 'pack.jointOnlyApprovers' });
    const others = [row, ...joint.with.slice(0, at)];
    if (joint.mode === 'any' && others.some((other) => other.role === role && other.level === level))
      issues.push({ field, code: 'pack.jointTwice' });
  }
}

const text: Check = (value, path, issues) => {
  if (typeof value !== 'string') issues.push({ field: path, code: value === undefined ? 'pack.missing' : 'pack.type' });
  else if (value.trim() === '') issues.push({ field: path, code: 'pack.missing' });
};

const flag: Check = (value, path, issues) => {
  if (typeof value !== 'boolean') issues.push({ field: path, code: value === undefined ? 'pack.missing' : 'pack.type' });
};

const date: Check = (value, path, issues) => {
  if (typeof value !== 'string' || !isCivilDate(value))
    issues.push({ field: path, code: value === undefined ? 'pack.missing' : 'pack.date' });
};

function pattern(expression: RegExp): Check {
  return (value, path, issues) => {
    if (typeof value !== 'string' || !expression.test(value))
      issues.push({ field: path, code: value === undefined ? 'pack.missing' : 'pack.type' });
  };
}

function whole(min: number, max: number): Check {
  return (value, path, issues) => {
    if (typeof value !== 'number') issues.push({ field: path, code: value === undefined ? 'pack.missing' : 'pack.type' });
    else if (!Number.isSafeInteger(value) || value < min || value > max)
      issues.push({ field: path, code: 'pack.range', params: { min, max } });
  };
}

function oneOf(allowed: readonly string[]): Check {
  return (value, path, issues) => {
    if (typeof value !== 'string' || !allowed.includes(value))
      issues.push({ field: path, code: value === undefined ? 'pack.missing' : 'pack.choice', params: { allowed: allowed.join(', ') } });
  };
}

function list(check: Check, min = 0): Check {
  return (value, path, issues) => {
    if (!Array.isArray(value)) issues.push({ field: path, code: value === undefined ? 'pack.missing' : 'pack.type' });
    else if (value.length < min) issues.push({ field: path, code: 'pack.missing' });
    else for (const [at, item] of value.entries()) check(item, `${path}.${at}`, issues);
  };
}

function object(required: Record<string, Check>, optional: Record<string, Check> = {}): Check {
  return (value, path, issues) => {
    if (!isObject(value)) {
      issues.push({ field: path, code: value === undefined ? 'pack.missing' : 'pack.type' });
      return;
    }
    for (const [key, check] of Object.entries(required)) check(value[key], `${path}.${key}`, issues);
    for (const [key, check] of Object.entries(optional)) if (value[key] !== undefined) check(value[key], `${path}.${key}`, issues);
    for (const key of Object.keys(value))
      if (!(key in required) && !(key in optional)) issues.push({ field: `${path}.${key}`, code: 'pack.unknownKey' });
  };
}

/** An object with at least one of the keys, each value checked alike. */
function table(keys: readonly string[], check: Check): Check {
  return (value, path, issues) => {
    object({}, Object.fromEntries(keys.map((key) => [key, check])))(value, path, issues);
    if (isObject(value) && Object.keys(value).length === 0) issues.push({ field: path, code: 'pack.missing' });
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const workingDays = whole(0, 120);
const percent = whole(0, 300);
const fen = whole(0, 100_000_000);
const months = whole(1, 60);
const levelCodes = ['5', '4', '3', '2', '1'];
const masking = oneOf(['plain', 'masked', 'hidden']);

const reviewTable = list(
  object(
    {
      step: oneOf(['first_review', 'second_review', 'approval']),
      role: oneOf(['first_reviewer', 'second_reviewer', 'approver']),
      level: oneOf(packLevels),
      workingDays: whole(1, 120),
    },
    { joint: object({ mode: oneOf(jointModes), with: list(object({ role: oneOf(signingRoles), level: oneOf(packLevels) }), 1) }) },
  ),
  1,
);
const disclosure = object({
  blocks: flag,
  workingDays: whole(1, 120),
  masking: object({ name: masking, id: masking, phone: masking, account: masking, group: masking, amount: masking }),
});

const rungs = list(
  object({ when: whole(-120, 120), act: oneOf(rungActs), role: oneOf(rungRoles), level: oneOf(rungLevels) }, { answerDays: whole(1, 60) }),
  1,
);
const earlierEscalation = object({ reminderDaysBefore: workingDays, leaderAfterDays: whole(1, 120), superiorAfterDays: whole(1, 120) });

/** Rungs in the order in which they ring; the order of the superior authority is the last one. */
const ladder: Check = (value, path, issues) => {
  if (isObject(value)) {
    earlierEscalation(value, path, issues);
    return;
  }
  const before = issues.length;
  rungs(value, path, issues);
  if (issues.length > before) return;
  const steps = value as Rung[];
  for (const [at, rung] of steps.entries()) {
    const earlier = steps[at - 1];
    if (earlier && rung.when <= earlier.when) issues.push({ field: `${path}.${at}.when`, code: 'pack.rungOrder' });
    const orders = rung.act === 'order';
    if (orders && (at < steps.length - 1 || rung.level !== 'superior' || rung.role !== 'supervisor'))
      issues.push({ field: `${path}.${at}.act`, code: 'pack.rungOrder' });
    if ((rung.act === 'report' || orders) === (rung.role === 'worker'))
      issues.push({ field: `${path}.${at}.role`, code: 'pack.rungOrder' });
  }
};

const quota = object({
  perPersonYear: whole(1, 20),
  sameOccupationLevelOnce: flag,
  noLowerAfterHigher: flag,
  crossSchemeExclusion: list(text),
});

const rateChecks = {
  'training.byLevelFen': table(levelCodes, fen),
  'training.amountsAreCaps': flag,
  'training.byOccupation': list(object({ occupation: text, hours: whole(1, 5000), amountFen: fen }), 1),
  'training.completionCertificate': object({ minHours: whole(0, 5000), perHourFen: fen, maxFen: fen }),
  'training.singleAbilityFen': fen,
  'training.specialOperationLicenceFen': fen,
  'training.specialOperationRetestFen': fen,
  'apprenticeship.perYearFen': table(levelCodes, fen),
  livingAllowance: object({ perLessonHourFen: fen, oncePerPersonYear: flag }),
  'uplift.groups': list(oneOf(groupCodes), 1),
  'uplift.percent': percent,
  'factors.scarceUplift': object({ atLevel: oneOf(levelCodes), percent }),
  'factors.scarcityPercent': table(scarcities, percent),
  'factors.modePercent': table(modes, percent),
  'factors.certificateContract': list(object({ certificate: flag, contract: flag, percent }), 1),
  'factors.employment': object({ afterMonths: months, percentIfUnemployed: percent }),
  'payee.byGroup': table(['*', ...groupCodes], oneOf(payees)),
  'payee.classRule': object({ poorFamilySharePercent: whole(0, 100), payee: oneOf(payees) }),
  'advance.maxPercent': whole(0, 100),
  quota,
  'claim.windowMonths': months,
} satisfies Record<keyof RateValues, Check>;

const materialChecks = {
  'materials.preTraining': list(object({ kind: oneOf(materialKinds), required: flag })),
} satisfies Record<keyof MaterialValues, Check>;

const processChecks = {
  'reviews.preTraining': reviewTable,
  'reviews.change': reviewTable,
  'reviews.filing': reviewTable,
  'reviews.subsidy': reviewTable,
  'reviews.approval': reviewTable,
  'correction.workingDays': whole(1, 120),
  'publishing.workingDays': whole(1, 120),
  'disclosures.plan': disclosure,
  'disclosures.conduct': disclosure,
  'disclosures.result': disclosure,
  'disclosures.subsidy': disclosure,
  'disclosures.payment': disclosure,
  'objection.workingDays': whole(1, 120),
  'objection.decidedBy': object({ role: oneOf(['first_reviewer', 'second_reviewer', 'approver', 'supervisor']), level: oneOf(packLevels) }),
  'inspection.level': oneOf(packLevels),
  'inspection.workingDays': whole(1, 120),
  'inspection.phoneCheckMinPercent': whole(0, 100),
  'rectification.workingDays': whole(1, 120),
  'attendance.workingDays': whole(1, 120),
  'attendance.minPercent': whole(0, 100),
  'results.workingDays': whole(1, 120),
  'claim.windowMonths': months,
  'payment.fund': oneOf(funds),
  'payment.financeLevel': oneOf(packLevels),
  'payment.payingLevel': oneOf(packLevels),
  'payment.fundsWorkingDays': whole(1, 120),
  'payment.batchWorkingDays': whole(1, 120),
  'payment.bankAnswerWorkingDays': whole(1, 120),
  'payment.accountCorrectionWorkingDays': whole(1, 120),
  'schedule.classApplicationLeadWorkingDays': workingDays,
  'schedule.assessmentRosterLeadWorkingDays': workingDays,
  'hours.certificateMin': whole(1, 5000),
  'hours.singleAbilityMin': whole(1, 5000),
  'hours.theoryMinPercent': whole(0, 100),
  'hours.practiceMinPercent': whole(0, 100),
  age: object({ min: whole(14, 100), maleBelow: whole(14, 120), femaleBelow: whole(14, 120) }),
  quota,
  'class.maxTrainees': whole(1, 500),
  'assessment.separateBody': flag,
  escalation: ladder,
  'employmentTracking.months': list(months, 1),
  'evidence.videoKeepYears': whole(1, 100),
  'evidence.archiveKeepYears': whole(1, 100),
} satisfies Record<keyof ProcessValues, Check>;
