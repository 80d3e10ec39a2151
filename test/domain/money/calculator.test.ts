import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { calculate, payeeOf, type SubsidyFacts, type SubsidyKind } from '../../../workflows/domain/money/calculator.ts';
import { InputError } from '../../../workflows/domain/errors.ts';
import { groupByWord } from '../../../workflows/domain/policy/groups.ts';
import { formatYuan, percentOf } from '../../../workflows/domain/money/money.ts';
import type { Mode, Scarcity } from '../../../workflows/domain/policy/policy.ts';
import { policyPack, ratePack } from '../policy/packs.ts';

/** A line of worked-cases.json, worked by hand and written with the words of the sources. */
type WorkedCase = {
  pack: string;
  expectFen: number;
  level?: number;
  group?: string | null;
  actualFeeFen?: number;
  standardFen?: number;
  scarcity?: string;
  mode?: string;
  kind?: string;
  hours?: number;
  lessonHours?: number;
  certificate?: boolean;
  contract?: boolean;
  employedAfter6Months?: boolean;
};

const scarcityWords: Record<string, Scarcity> = { 非常紧缺: 'very_scarce', 紧缺: 'scarce', 一般: 'ordinary' };
const modeWords: Record<string, Mode> = { 线下: 'offline', 线上线下混合: 'blended' };
const workedCases = (JSON.parse(readFileSync(new URL('./worked-cases.json', import.meta.url), 'utf8')) as { cases: WorkedCase[] }).cases;

function factsOf(worked: WorkedCase): SubsidyFacts {
  return {
    kind: worked.lessonHours === undefined ? ((worked.kind ?? 'certificate') as SubsidyKind) : 'living_allowance',
    level: worked.level,
    group: worked.group ? groupByWord(worked.group)?.code : undefined,
    actualFeeFen: worked.actualFeeFen,
    scarcity: worked.scarcity === undefined ? undefined : scarcityWords[worked.scarcity],
    mode: worked.mode === undefined ? undefined : modeWords[worked.mode],
    hours: worked.hours ?? worked.lessonHours,
    certificate: worked.certificate,
    contract: worked.contract,
    employed: worked.employedAfter6Months,
    standard: worked.standardFen === undefined ? undefined : { fen: worked.standardFen, source: '目录', sourced: true },
  };
}

describe('[F25] cases worked by hand', () => {
  test.each(workedCases.map((worked): [string, WorkedCase] => [JSON.stringify(worked), worked]))('%s', (_, worked) => {
    const result = calculate(ratePack(worked.pack), factsOf(worked));
    expect(result.amountFen).toBe(worked.expectFen);
    expect(result.formula).toMatch(new RegExp(`${formatYuan(worked.expectFen).replaceAll('.', '\\.')}$`));
    expect(result.lines.length).toBeGreaterThan(0);
    for (const line of result.lines) expect(line.source).not.toBe('');
  });

  test('there are eleven of them', () => expect(workedCases).toHaveLength(11));
});

describe('[N19] an amount explains itself', () => {
  test('standard, percentage and source', () => {
    const result = calculate(policyPack('fujian-2022'), { level: '3', group: 'lifted_from_poverty' });
    expect(result).toMatchObject({ packId: 'fujian-2022', standardFen: 150000, percent: 120, amountFen: 180000 });
    expect(result.formula).toBe('¥1,500.00 × 120% = ¥1,800.00');
    expect(result.lines.map((line) => [line.code, line.value, line.sourced])).toEqual([
      ['standard_of_level', 150000, true],
      ['group_uplift', 120, false],
    ]);
  });

  test('no factor, no chain', () => expect(calculate(policyPack('fujian-2022'), { level: '4' }).formula).toBe('¥1,000.00'));
  test('caps and minimum hours are part of the formula', () => {
    expect(calculate(ratePack('ningbo-2021'), { level: '5', actualFeeFen: 86000 }).formula).toBe('min(¥1,000.00, ¥860.00) = ¥860.00');
    expect(calculate(ratePack('by-hours-city'), { kind: 'completion', hours: 120 }).formula).toBe('min(120 × ¥10.00, ¥700.00) = ¥700.00');
    expect(calculate(ratePack('by-hours-city'), { kind: 'completion', hours: 39 })).toMatchObject({
      formula: '39 < 40 = ¥0.00',
      reason: 'below_min_hours',
    });
  });

  test('the same facts give the same answer', () => {
    const facts: SubsidyFacts = { level: '1', group: 'veteran' };
    expect(calculate(policyPack('fujian-2022'), facts)).toEqual(calculate(policyPack('fujian-2022'), structuredClone(facts)));
  });
});

describe('other rates', () => {
  test('by occupation, single ability, licences, apprenticeship', () => {
    expect(calculate(ratePack('qinghai-table'), { occupation: '焊工', level: '5' }).amountFen).toBe(100000);
    expect(calculate(ratePack('by-hours-city'), { kind: 'single_ability' }).amountFen).toBe(80000);
    expect(calculate(ratePack('by-hours-city'), { kind: 'special_operation_retest' }).amountFen).toBe(30000);
    expect(calculate(policyPack('fujian-2022'), { kind: 'apprenticeship_year', level: '3' }).amountFen).toBe(600000);
  });

  test('Maoming: scarce occupations at level 3', () => {
    const standard = { fen: 200000, source: '目录', sourced: true };
    expect(calculate(ratePack('maoming-2023'), { level: '3', scarcity: 'scarce', standard }).amountFen).toBe(percentOf(200000, 130));
    expect(calculate(ratePack('maoming-2023'), { level: '4', standard }).amountFen).toBe(200000);
  });

  test('neither certificate nor contract: nothing, with the reason', () => {
    const standard = { fen: 100000, source: '目录', sourced: true };
    expect(calculate(ratePack('new-hire-matrix'), { certificate: false, contract: false, standard })).toMatchObject({
      amountFen: 0,
      reason: 'no_share',
    });
  });
});

describe('silence never counts as yes', () => {
  test.each<[string, string, SubsidyFacts]>([
    ['ningbo-2021', 'actualFeeFen', { level: '5' }],
    ['tianjin-2022', 'scarcity', { standard: { fen: 1, source: 's', sourced: true } }],
    ['tianjin-2022', 'mode', { scarcity: 'scarce', mode: 'online', standard: { fen: 1, source: 's', sourced: true } }],
    ['employment-linked-older', 'employed', { standard: { fen: 1, source: 's', sourced: true } }],
    ['fujian-2022', 'level', {}],
    ['ningbo-2021', 'level', { level: '1', actualFeeFen: 1 }],
    ['tianjin-2022', 'kind', { level: '5' }],
    ['by-hours-city', 'hours', { kind: 'completion' }],
  ])('%s asks for %s', (pack, field, facts) => {
    let issues: string[] = [];
    try {
      calculate(ratePack(pack), facts);
    } catch (error) {
      if (error instanceof InputError) issues = error.issues.map((issue) => issue.field);
    }
    expect(issues).toEqual([field]);
  });
});

test('who is paid', () => {
  expect(payeeOf(policyPack('fujian-2022'), 'veteran')).toBe('trainee');
  expect(payeeOf(ratePack('tianjin-2022'), 'enterprise_employee')).toBe('enterprise');
  expect(payeeOf(ratePack('tianjin-2022'), undefined)).toBe('institution');
  expect(payeeOf(ratePack('new-hire-matrix'), undefined, 49)).toBe('trainee');
  expect(payeeOf(ratePack('new-hire-matrix'), undefined, 50)).toBe('institution');
});
