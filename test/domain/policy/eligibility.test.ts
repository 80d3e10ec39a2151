import { describe, expect, test } from 'vitest';
import { type EligibilityFacts, judgeEligibility, type PriorBenefit } from '../../../workflows/domain/policy/eligibility.ts';
import { policyPack } from './packs.ts';

const pack = policyPack('fujian-2022');

function facts(change: Partial<EligibilityFacts> = {}): EligibilityFacts {
  return {
    date: '2026-03-16',
    age: 35,
    sex: 'female',
    group: 'rural_migrant',
    groupEvidence: 'confirmed',
    occupation: '养老护理员',
    level: '4',
    prior: [],
    ...change,
  };
}

function failures(change: Partial<EligibilityFacts>, name = 'fujian-2022'): string[] {
  return judgeEligibility(policyPack(name), facts(change)).hits.flatMap((hit) => (hit.passed ? [] : [hit.code ?? '']));
}

const benefit = (change: Partial<PriorBenefit> = {}): PriorBenefit => ({ year: 2026, occupation: '焊工', level: '5', ...change });

describe('[F16] eligibility by the pack', () => {
  test('names every rule it looked at, with its source', () => {
    const verdict = judgeEligibility(pack, facts());
    expect(verdict).toMatchObject({ packId: 'fujian-2022', eligible: true });
    expect(verdict.hits.map((hit) => hit.rule)).toEqual([
      'age',
      'group',
      'quota',
      'sameOccupationLevel',
      'noLowerAfterHigher',
      'crossScheme',
    ]);
    for (const hit of verdict.hits) expect(hit.source).not.toBe('');
  });

  test.each<[string[], Partial<EligibilityFacts>]>([
    [['eligibility.ageBelow'], { age: 15 }],
    [[], { age: 16 }],
    [[], { age: 54 }],
    [['eligibility.ageAbove'], { age: 55 }],
    [[], { age: 55, sex: 'male' }],
    [['eligibility.ageAbove'], { age: 60, sex: 'male' }],
    [['eligibility.groupEvidence'], { groupEvidence: 'none' }],
    [['eligibility.groupDenied'], { groupEvidence: 'denied' }],
    [[], { groupEvidence: 'document' }],
    [['eligibility.groupUnknown'], { group: 'lifted_from_poverty', date: '2020-05-06' }],
    [[], { prior: [benefit(), benefit({ level: '4' })] }],
    [['eligibility.quota'], { prior: [benefit(), benefit({ level: '4' }), benefit({ level: '3' })] }],
    [[], { prior: [benefit({ year: 2025 }), benefit({ level: '4' }), benefit({ level: '3' })] }],
    [['eligibility.sameOccupationLevel'], { prior: [benefit({ year: 2019, occupation: '养老护理员', level: '4' })] }],
    [[], { prior: [benefit({ year: 2019, occupation: '养老护理员', level: '5' })] }],
    [['eligibility.higherLevelHeld'], { prior: [benefit({ year: 2019, occupation: '养老护理员', level: '3' })] }],
    [['eligibility.otherScheme'], { prior: [benefit({ occupation: '养老护理员', level: '4', scheme: 'unemployment_insurance_upgrade' })] }],
    [['eligibility.sameOccupationLevel'], { level: 4, prior: [benefit({ year: 2019, occupation: '养老护理员', level: '4' })] }],
    [[], { prior: [benefit({ scheme: 'unemployment_insurance_upgrade' }), benefit(), benefit({ level: '3' })] }],
    [['eligibility.ageBelow', 'eligibility.groupEvidence'], { age: 15, groupEvidence: 'none' }],
  ])('%j', (expected, change) => expect(failures(change)).toEqual(expected));

  test('a single ability has no level', () => {
    expect(failures({ level: undefined, prior: [benefit({ occupation: '养老护理员', level: '3' })] })).toEqual([]);
    expect(failures({ level: undefined, prior: [benefit({ occupation: '养老护理员', level: undefined })] })).toEqual([
      'eligibility.sameOccupationLevel',
    ]);
  });

  test('another pack, other verdicts; the old one stands and replays equal', () => {
    const change = { prior: [benefit(), benefit({ level: '4' })], age: 57 };
    expect(failures(change, 'municipality-2024')).toEqual(['eligibility.quota']);
    expect(failures(change)).toEqual(['eligibility.ageAbove']);
    const stored = JSON.parse(JSON.stringify(judgeEligibility(pack, facts(change)))) as ReturnType<typeof judgeEligibility>;
    expect(judgeEligibility(policyPack(stored.packId), stored.facts)).toEqual(stored);
  });
});
