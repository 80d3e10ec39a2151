/**
 * Whether a trainee may be subsidised, by the rules of a policy pack. A verdict keeps the pack's id and everything it was judged on,
 * so that `judgeEligibility` gives the same answer years later, whatever pack is in force then.
 */
import type { ErrorParams } from '../errors.ts';
import { type GroupCode, groupsOn } from './groups.ts';
import type { Sex } from '../people/identity.ts';
import type { PolicyPack, SkillLevel, Sourced } from './policy.ts';

/** A benefit that the person had, or that is reserved for another class; from any county or department. */
export type PriorBenefit = {
  year: number;
  occupation: string;
  level?: SkillLevel | number | undefined;
  /** Another scheme's code, such as 'unemployment_insurance_upgrade'; absent: subsidised training. */
  scheme?: string | undefined;
};

/** `confirmed` by a connector, shown by a `document`, `denied`, or nothing yet: no answer never counts as yes. */
export type GroupEvidence = 'confirmed' | 'document' | 'denied' | 'none';

export type EligibilityFacts = {
  /** The civil date on which age and group must hold: the first day of the class. */
  date: string;
  /** Full years on that date. */
  age: number;
  sex: Sex;
  group: GroupCode;
  groupEvidence: GroupEvidence;
  occupation: string;
  level?: SkillLevel | number | undefined;
  prior: PriorBenefit[];
};

export const eligibilityRules = ['age', 'group', 'quota', 'sameOccupationLevel', 'noLowerAfterHigher', 'crossScheme'] as const;
export type EligibilityRule = (typeof eligibilityRules)[number];

/** One rule and what it found; `code` (why it failed) is a key under `errors.`. */
export type RuleHit = {
  rule: EligibilityRule;
  passed: boolean;
  code?: string;
  params?: ErrorParams;
  source: string;
  sourced: boolean;
  article?: string;
};

export type Verdict = { packId: string; eligible: boolean; facts: EligibilityFacts; hits: RuleHit[] };

type Finding = { code: string; params?: ErrorParams } | undefined;

/** Judges every rule, also after one has failed: the institution is told everything at once. */
export function judgeEligibility(pack: PolicyPack, facts: EligibilityFacts): Verdict {
  const age = pack.values.age;
  const quota = pack.values.quota;
  const vocabulary: Omit<Sourced<unknown>, 'value'> = { source: '人员类别词表', sourced: true };
  const hits = [
    hit('age', age, ageFinding(facts, age.value)),
    hit('group', vocabulary, groupFinding(facts)),
    hit('quota', quota, quotaFinding(facts, quota.value.perPersonYear)),
    ...(quota.value.sameOccupationLevelOnce ? [hit('sameOccupationLevel', quota, sameFinding(facts))] : []),
    ...(quota.value.noLowerAfterHigher ? [hit('noLowerAfterHigher', quota, higherFinding(facts))] : []),
    ...(quota.value.crossSchemeExclusion.length > 0
      ? [hit('crossScheme', quota, schemeFinding(facts, quota.value.crossSchemeExclusion))]
      : []),
  ];
  return { packId: pack.id, eligible: hits.every((found) => found.passed), facts: copyOf(facts), hits };
}

function hit(rule: EligibilityRule, entry: Omit<Sourced<unknown>, 'value'>, finding: Finding): RuleHit {
  const { source, sourced, article } = entry;
  return { rule, passed: finding === undefined, ...finding, source, sourced, ...(article === undefined ? {} : { article }) };
}

function ageFinding({ age, sex }: EligibilityFacts, bounds: { min: number; maleBelow: number; femaleBelow: number }): Finding {
  const below = sex === 'male' ? bounds.maleBelow : bounds.femaleBelow;
  if (age < bounds.min) return { code: 'eligibility.ageBelow', params: { age, min: bounds.min } };
  if (age >= below) return { code: 'eligibility.ageAbove', params: { age, below } };
  return undefined;
}

function groupFinding({ group, groupEvidence, date }: EligibilityFacts): Finding {
  if (!groupsOn(date).some((known) => known.code === group)) return { code: 'eligibility.groupUnknown' };
  if (groupEvidence === 'denied') return { code: 'eligibility.groupDenied' };
  if (groupEvidence === 'none') return { code: 'eligibility.groupEvidence' };
  return undefined;
}

/** At most so many subsidies per person and natural year (国办发〔2019〕24号). */
function quotaFinding({ prior, date }: EligibilityFacts, perPersonYear: number): Finding {
  const year = Number(date.slice(0, 4));
  const count = prior.filter((benefit) => benefit.scheme === undefined && benefit.year === year).length;
  return count >= perPersonYear ? { code: 'eligibility.quota', params: { year, count, max: perPersonYear } } : undefined;
}

function sameFinding({ prior, occupation, level }: EligibilityFacts): Finding {
  const same = prior.find(
    (benefit) => benefit.scheme === undefined && benefit.occupation === occupation && sameLevel(benefit.level, level),
  );
  return same ? { code: 'eligibility.sameOccupationLevel', params: { year: same.year } } : undefined;
}

/** Levels count down: 5 is the lowest, 1 the highest. */
function higherFinding({ prior, occupation, level }: EligibilityFacts): Finding {
  if (level === undefined) return undefined;
  const higher = prior.find(
    (benefit) => benefit.occupation === occupation && benefit.level !== undefined && Number(benefit.level) < Number(level),
  );
  return higher?.level !== undefined
    ? { code: 'eligibility.higherLevelHeld', params: { year: higher.year, level: higher.level } }
    : undefined;
}

function schemeFinding({ prior, occupation, level }: EligibilityFacts, excluded: readonly string[]): Finding {
  const other = prior.find(
    (benefit) =>
      benefit.scheme !== undefined &&
      excluded.includes(benefit.scheme) &&
      benefit.occupation === occupation &&
      sameLevel(benefit.level, level),
  );
  return other ? { code: 'eligibility.otherScheme', params: { year: other.year, scheme: other.scheme ?? '' } } : undefined;
}

function sameLevel(a: SkillLevel | number | undefined, b: SkillLevel | number | undefined): boolean {
  return a === undefined || b === undefined ? a === b : Number(a) === Number(b);
}

function copyOf(facts: EligibilityFacts): EligibilityFacts {
  return { ...facts, prior: facts.prior.map((benefit) => ({ ...benefit })) };
}
