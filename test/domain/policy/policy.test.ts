import { describe, expect, test } from 'vitest';
import { InputError } from '../../../workflows/domain/errors.ts';
import { materialRules, packInForce, rule, termsOf, unsourcedKeys } from '../../../workflows/domain/policy/policy.ts';
import { readPolicyPack, readRatePack } from '../../../workflows/domain/policy/policy-reader.ts';
import { packJson, packNames, policyPack } from './packs.ts';

type Json = Record<string, unknown>;
type Entry = { value: unknown; source?: unknown; sourced?: unknown };

/** The issues told about a pack after one change of its JSON. */
function issuesAfter(change: (pack: Json, values: Record<string, Entry>) => void): string[] {
  const json = packJson('fujian-2022') as Json;
  change(json, json.values as Record<string, Entry>);
  try {
    readPolicyPack(json);
    return [];
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.issues.map((issue) => `${issue.field} ${issue.code}`);
  }
}

describe('packs on file', () => {
  test.each(packNames())('%s is complete', (name) => expect(readPolicyPack(packJson(name)).id).toBe(name));
  test.each(packNames('rates/'))('%s holds rates', (name) => expect(`rates/${readRatePack(packJson(name)).id}`).toBe(name));

  test('[N7] who reviews what is the pack’s: three levels or two, with second review or without', () => {
    const steps = (name: string): string[] =>
      rule(policyPack(name), 'reviews.preTraining').map((row) => `${row.step} ${row.role} ${row.level}`);
    expect(steps('fujian-2022')).toEqual([
      'first_review first_reviewer county',
      'second_review second_reviewer county',
      'approval approver county',
    ]);
    expect(steps('municipality-2024')).toEqual(['first_review first_reviewer county', 'approval approver province']);
    expect(rule(policyPack('municipality-2024'), 'disclosures.plan').blocks).toBe(true);
    expect(rule(policyPack('fujian-2022'), 'disclosures.plan').blocks).toBe(false);
    expect(rule(policyPack('fujian-2022'), 'disclosures.subsidy').blocks).toBe(true);
  });

  test('[F06] a level can be signed by several: the pack says by whom, and is told where that cannot be', () => {
    const signedBy = (stage: string, at: number, joint: unknown): string[] =>
      issuesAfter((_pack, values) => {
        const table = values[`reviews.${stage}`]?.value as Json[];
        Object.assign(table[at] ?? {}, { joint });
      });
    const finance = { role: 'finance_officer', level: 'county' };
    const approver = { role: 'approver', level: 'city' };
    expect(signedBy('preTraining', 2, { mode: 'all', with: [finance, approver] })).toEqual([]);
    expect(signedBy('preTraining', 0, { mode: 'any', with: [{ role: 'second_reviewer', level: 'county' }] })).toEqual([]);
    expect(signedBy('preTraining', 2, { mode: 'any', with: [approver] })).toEqual([]);
    const path = 'values.reviews.preTraining.value';
    expect(signedBy('preTraining', 2, { mode: 'most', with: [] })).toEqual([
      `${path}.2.joint.mode pack.choice`,
      `${path}.2.joint.with pack.missing`,
    ]);
    expect(signedBy('preTraining', 2, { mode: 'all', with: [{ role: 'inspector', level: 'village' }] })).toEqual([
      `${path}.2.joint.with.0.role pack.choice`,
      `${path}.2.joint.with.0.level pack.choice`,
    ]);
    // Who refuses is an approver: nobody else decides the last step alone, and no approver signs an earlier one.
    expect(signedBy('preTraining', 2, { mode: 'any', with: [finance] })).toEqual([`${path}.2.joint.with.0.role pack.jointOnlyApprovers`]);
    expect(signedBy('preTraining', 0, { mode: 'all', with: [approver] })).toEqual([`${path}.0.joint.with.0.role pack.jointApprover`]);
    expect(signedBy('preTraining', 0, { mode: 'any', with: [{ role: 'first_reviewer', level: 'county' }] })).toEqual([
      `${path}.0.joint.with.0 pack.jointTwice`,
    ]);
    expect(signedBy('preTraining', 0, { mode: 'all', with: Array.from({ length: 5 }, () => finance) })).toEqual([
      `${path}.0.joint.with pack.jointMost`,
    ]);
  });

  test('says which values rest on no source', () => {
    const keys = unsourcedKeys(policyPack('fujian-2022'));
    expect(keys).toContain('attendance.minPercent');
    expect(keys).not.toContain('training.byLevelFen');
    expect(keys).not.toContain('claim.windowMonths');
  });

  test('[N14] which materials are required is the pack’s; a pack from before they were asked for asks for none', () => {
    const required = (name: string): string[] =>
      materialRules(policyPack(name))
        .filter((entry) => entry.required)
        .map(({ kind }) => kind);
    expect(required('fujian-2022')).toEqual(['plan', 'teachers', 'venue']);
    expect(required('municipality-2024')).toEqual(['plan']);
    const before = packJson('fujian-2022') as { values: Json };
    delete before.values['materials.preTraining'];
    expect(materialRules(readPolicyPack(before))).toEqual([]);
  });

  test('gives a procedure its terms', () => {
    const terms = termsOf(policyPack('municipality-2024'));
    expect(terms.packId).toBe('municipality-2024');
    expect(terms.days.objection).toBe(7);
    expect(terms.offices.finance).toBe('province');
    expect(terms.disclosures.payment).toEqual({ blocks: false, workingDays: 10 });
  });
});

describe('a pack with a mistake is refused with its path', () => {
  test.each<[string, (pack: Json, values: Record<string, Entry>) => void]>([
    ['values.correction.workingDays pack.missing', (_, values) => delete values['correction.workingDays']],
    ['values.objection.workingDays.value pack.range', (_, values) => Object.assign(values['objection.workingDays'] ?? {}, { value: 2.5 })],
    [
      'values.age.value.min pack.type',
      (_, values) => Object.assign(values.age ?? {}, { value: { min: '16', maleBelow: 60, femaleBelow: 55 } }),
    ],
    ['values.age.sourced pack.missing', (_, values) => delete values.age?.sourced],
    ['values.speed pack.unknownKey', (_, values) => Object.assign(values, { speed: { value: 1, source: '', sourced: false } })],
    [
      'values.reviews.change.value.0.role pack.reviewOrder',
      (_, values) => ((values['reviews.change'] as unknown as { value: unknown[] }).value.length = 1),
    ],
    ['values.payment.fund.value pack.choice', (_, values) => Object.assign(values['payment.fund'] ?? {}, { value: 'petty_cash' })],
    ['values.inspection.level.value pack.reviewLevel', (pack) => Object.assign(pack, { levels: ['province', 'city'] })],
    [
      'values.training.byLevelFen.value.6 pack.unknownKey',
      (_, values) => Object.assign(values['training.byLevelFen']?.value as object, { 6: 1 }),
    ],
    ['values.uplift.groups.value.0 pack.choice', (_, values) => Object.assign(values['uplift.groups']?.value as object, { 0: '富人' })],
    [
      'values.materials.preTraining.value.0.kind pack.choice',
      (_, values) => Object.assign(values['materials.preTraining']?.value as object, { 0: { kind: 'novel', required: true } }),
    ],
    ['from pack.date', (pack) => Object.assign(pack, { from: '2022-02-30' })],
    ['to pack.range', (pack) => Object.assign(pack, { to: '2022-01-01' })],
    ['region pack.type', (pack) => Object.assign(pack, { region: null })],
  ])('%s', (issue, change) => expect(issuesAfter(change)).toContain(issue));

  test('tells everything at once', () => {
    const issues = issuesAfter((pack, values) => {
      delete values.age;
      delete values.quota;
      pack.id = '';
    });
    expect(issues).toEqual(['id pack.missing', 'values.age pack.missing', 'values.quota pack.missing']);
  });

  test.each([null, [], 'x', {}])('%j is no pack', (json) => expect(() => readPolicyPack(json)).toThrow(InputError));
});

test('the nearest region and the latest beginning win', () => {
  const pack = (
    id: string,
    region: string,
    from: string,
    to: string | null,
  ): { id: string; region: string; from: string; to: string | null } => ({ id, region, from, to });
  const packs = [
    pack('p', '350000', '2022-01-01', null),
    pack('q', '350000', '2026-01-01', null),
    pack('c', '350200', '2025-01-01', '2026-06-01'),
  ];
  expect(packInForce(packs, ['350203', '350200', '350000'], '2026-05-31')?.id).toBe('c');
  expect(packInForce(packs, ['350203', '350200', '350000'], '2026-06-01')?.id).toBe('q');
  expect(packInForce(packs, ['350102', '350100', '350000'], '2025-12-31')?.id).toBe('p');
  expect(packInForce(packs, ['110101', '110000'], '2025-12-31')).toBeUndefined();
});
