/** The tree of administrative divisions. It changes by migration of data only, so each process keeps the levels that it has read. */
import { NotFoundError } from '../workflows/domain/errors.ts';
import type { Db } from './client.ts';

export type RegionLevel = 'province' | 'city' | 'county';
export type Region = { code: string; parent: string | null; nameZh: string; nameEn: string; level: RegionLevel; path: string };

type RegionRow = { code: string; parent: string | null; name_zh: string; name_en: string; level: RegionLevel; path: string };

export async function getRegion(db: Db, code: string): Promise<Region> {
  const row = await db<RegionRow>('regions').where({ code }).first();
  if (!row) throw new NotFoundError('region.unknown', { code });
  return { code: row.code, parent: row.parent, nameZh: row.name_zh, nameEn: row.name_en, level: row.level, path: row.path };
}

const order: Record<RegionLevel, number> = { province: 0, city: 1, county: 2 };
const levels = new Map<string, RegionLevel>();

/** The office at `level` that a region belongs to: the region itself or its nearest ancestor at that level or, where the tree has none, above it. `own` is the region itself, `superior` the one above it. */
export async function officeFor(db: Db, path: string, level: string): Promise<{ code: string; path: string }> {
  const codes = path.split('/');
  const last = codes.at(-1) ?? path;
  if (level === 'own') return { code: last, path };
  if (level === 'superior') return { code: codes.at(-2) ?? last, path: codes.slice(0, -1).join('/') || path };
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

/** A tree as it lies in db/regions/*.json. */
export type RegionSeed = { regions: readonly { code: string; parent: string | null; level: string; zh: string; en: string }[] };

/** Puts a tree on record; regions that are known stay as they are. */
export async function saveRegions(db: Db, seed: RegionSeed): Promise<void> {
  const paths = new Map<string, string>();
  const rows = seed.regions.map((region) => {
    const above = region.parent === null ? undefined : paths.get(region.parent);
    const path = above === undefined ? region.code : `${above}/${region.code}`;
    paths.set(region.code, path);
    return { code: region.code, parent: region.parent, name_zh: region.zh, name_en: region.en, level: region.level, path };
  });
  if (rows.length > 0) await db('regions').insert(rows).onConflict('code').ignore();
}

/** SQL: the path lies in one of the regions of `:paths`. */
export function withinPaths(column: string): string {
  return `exists (select from unnest(cast(:paths as text[])) entrusted (path) where ${column} = entrusted.path or ${column} like entrusted.path || '/%')`;
}
