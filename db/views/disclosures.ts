/** Lists of disclosures for the public: no names beyond the masked snapshot, newest first. */
import type { Db } from '../client.ts';
import type { DisclosureList } from '../disclosures.ts';

export type DisclosureLine = {
  number: string;
  list: DisclosureList;
  title: string;
  institution: string;
  class_number: string;
  region: string;
  region_zh: string;
  region_en: string;
  blocks: boolean;
  published_at: Date;
  due_date: string;
  status: 'open' | 'ended';
  headcount: number;
};

const PAGE = 30;

/** Open lists first page after `before` (an instant); `region` limits to a subtree. */
export async function listDisclosures(
  db: Db,
  filter: {
    list?: DisclosureList | undefined;
    region?: string | undefined;
    status?: 'open' | 'ended' | undefined;
    before?: Date | undefined;
  },
): Promise<{ lines: DisclosureLine[]; next: Date | undefined }> {
  const lines: DisclosureLine[] = await db('disclosures as d')
    .join('classes as c', 'c.id', 'd.class_id')
    .join('institutions as i', 'i.id', 'c.institution_id')
    .join('regions as r', 'r.code', 'd.region')
    .modify((query) => {
      if (filter.list) query.where('d.list', filter.list);
      if (filter.status) query.where('d.status', filter.status);
      if (filter.before) query.where('d.published_at', '<', filter.before);
      if (filter.region) query.whereRaw(`(r.code = ? or r.path like '%' || ? || '/%')`, [filter.region, filter.region]);
    })
    .orderBy('d.published_at', 'desc')
    .limit(PAGE + 1)
    .select(
      'd.number',
      'd.list',
      'd.title',
      'i.name as institution',
      'c.number as class_number',
      'd.region',
      'r.name_zh as region_zh',
      'r.name_en as region_en',
      'd.blocks',
      'd.published_at',
      'd.due_date',
      'd.status',
      db.raw(`jsonb_array_length(d.snapshot -> 'people') as headcount`),
    );
  const shown = lines.slice(0, PAGE);
  return { lines: shown, next: lines.length > PAGE ? shown.at(-1)?.published_at : undefined };
}
