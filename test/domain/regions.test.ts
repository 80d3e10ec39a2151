import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

type Region = { code: string; parent: string | null; level: 'province' | 'city' | 'county'; zh: string; en: string };

function regions(name: string): Region[] {
  return (JSON.parse(readFileSync(new URL(`../../db/regions/${name}.json`, import.meta.url), 'utf8')) as { regions: Region[] }).regions;
}

describe.each(['fujian', 'municipality'])('the tree of %s', (name) => {
  const tree = regions(name);
  const byCode = new Map(tree.map((region) => [region.code, region]));

  test('has one root, parents before children, and codes that say where a region lies', () => {
    expect(byCode.size).toBe(tree.length);
    const seen = new Set<string>();
    for (const region of tree) {
      expect(region.code).toMatch(/^\d{6}$/);
      expect(region.en).toMatch(/^[A-Z][a-z']+ (Province|Municipality|City|District|County)$/);
      if (region.parent === null) expect(seen.size).toBe(0);
      else expect(seen.has(region.parent)).toBe(true);
      seen.add(region.code);
      const parent = region.parent ? byCode.get(region.parent) : undefined;
      const inherited = parent?.level === 'city' ? 4 : 2;
      if (parent) expect(region.code.slice(0, inherited)).toBe(parent.code.slice(0, inherited));
    }
  });
});

test('[N7] Fujian: 9 cities, 84 counties, after the changes of 2021', () => {
  const tree = regions('fujian');
  expect(tree.filter((region) => region.level === 'city')).toHaveLength(9);
  expect(tree.filter((region) => region.level === 'county')).toHaveLength(84);
  const names = new Map(tree.map((region) => [region.code, region.zh]));
  expect(names.get('350404')).toBe('三元区');
  expect(names.get('350405')).toBe('沙县区');
  expect(names.get('350604')).toBe('龙海区');
  expect(names.has('350402')).toBe(false);
});

test('a municipality has counties directly under the province', () => {
  const tree = regions('municipality');
  expect(tree).toHaveLength(17);
  expect(new Set(tree.map((region) => region.level))).toEqual(new Set(['province', 'county']));
});
