import { expect, test } from 'vitest';
import { findGroup, groupByWord, groupCodes, groupsOn, isGroupCode, personGroups } from '../../../workflows/domain/policy/groups.ts';

test('[N13] every code has words, a line and evidence, and no word means two groups', () => {
  expect(personGroups.map((group) => group.code)).toEqual([...groupCodes]);
  const words = personGroups.flatMap((group) => [group.zh, group.en, ...group.also]);
  expect(new Set(words).size).toBe(words.length);
});

test('a roster may say it in several ways', () => {
  expect(groupByWord(' 两后生 ')?.code).toBe('school_leaver');
  expect(groupByWord('企业职工')?.code).toBe('enterprise_employee');
  expect(groupByWord('Veteran')?.code).toBe('veteran');
  expect(groupByWord('脱贫人口')?.code).toBe('lifted_from_poverty');
  expect(groupByWord('富人')).toBeUndefined();
});

test('the vocabulary is effective-dated', () => {
  expect(groupsOn('2020-06-01').map((group) => group.code)).not.toContain('lifted_from_poverty');
  expect(groupsOn('2026-03-02').map((group) => group.code)).toContain('lifted_from_poverty');
  expect(isGroupCode('veteran')).toBe(true);
  expect(findGroup('')).toBeUndefined();
});
