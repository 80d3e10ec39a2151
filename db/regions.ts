/** The tree of administrative divisions. It changes by migration of data only, so each process reads it once. */
import { NotFoundError } from '../workflows/domain/errors.ts';
import type { Db } from './client.ts';

export type RegionLevel = 'province' | 'city' | 'county';
export type Region = { code: string; parent: string | null; nameZh: string; nameEn: string; level: RegionLevel; path: string };

type RegionRow = { code: string; parent: string | null; name_zh: string; name_en: string; level: RegionLevel; path: string };

export async function listRegions(db: Db): Promise<Region[]> {
  const rows = await db<RegionRow>('regions').orderBy('path');
  return rows.map((row) => ({ code: row.code, parent: row.parent, nameZh: row.name_zh, nameEn: row.name_en, level: row.level, path: row.path }));
}

export async function getRegion(db: Db, code: string): Promise<Region> {
  const row = await db<RegionRow>('regions').where({ code }).first();
  if (!row) throw new NotFoundError('region.unknown', { code });
  return { code: row.code, parent: row.parent, nameZh: row.name_zh, nameEn: row.name_en, level: row.level, path: row.path };
}

const order: Record<RegionLevel, number> = { province: 0, city: 1, county: 2 };
const levels = new Map<string, RegionLevel>();

/** The office at `level` that a region belongs to: the region itself or its nearest ancestor at that level or, where the tree has none, above it. */
export async function officeFor(db: Db, path: string, level: string): Promise<{ code: string; path: string }> {
  const codes = path.split('/');
  const last = codes.at(-1) ?? path;
  if (level === 'own') return { code: last, path };
  if (codes.some((code) => !levels.has(code))) {
    for (const row of await db<RegionRow>('regions').whereIn('code', codes)) levels.set(row.code, row.level);
  }
  const wanted = order[level as RegionLevel] ?? order.county;
  for (let at = codes.length - 1; at >= 0; at -= 1) {
    const code = codes[at] ?? last;
    if (order[levels.get(code) ?? 'province'] <= wanted) return { code, path: codes.slice(0, at + 1).join('/') };
  }
  return { code: codes[0] ?? last, path: codes[0] ?? path };
}
