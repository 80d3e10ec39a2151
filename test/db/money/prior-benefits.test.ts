/** Earlier benefits of a province with many on record: each page is what a plain sort of everything gives, and no more of them is opened than the page shows. */
import type { Knex } from 'knex';
import { afterAll, beforeAll, expect, test } from 'vitest';
import fujian from '../../../db/regions/fujian.json' with { type: 'json' };
import { closeDatabase, openDatabase } from '../../../db/client.ts';
import { listPriorBenefits, type PriorBenefitFilter } from '../../../db/money/prior-benefits.ts';
import { saveRegions } from '../../../db/regions.ts';
import { freshDatabase } from '../../support/servers.ts';

const BENEFITS = 60_000;
const SIZE = 100;
let database: Awaited<ReturnType<typeof freshDatabase>>;
let db: Knex;

beforeAll(async () => {
  database = await freshDatabase();
  db = openDatabase(database.url, { owner: true, max: 4 });
  await saveRegions(db, fujian);
  await db.raw(
    `insert into people (id_index, id_sealed, id_masked, name, birth_date)
     select decode(md5(cast(n as text)), 'hex'), 'x', '3501**********0011', '林测试', '1990-03-07' from generate_series(1, 5000) n`,
  );
  // Many of one day, some without, and of some a day in the year after the one that they count for.
  await db.raw(
    `with r as (select array_agg(code order by code) as codes from regions where level = 'county'), p as (select array_agg(id) as ids from people)
     insert into prior_benefits (person_id, year, occupation, level, amount_fen, institution, paid_on, region, source)
     select p.ids[1 + n % 5000], 2018 + n % 8, case when n % 3 = 0 then '电工' else '焊工' end, 4, n, '学校' || n % 300,
            case when n % 50 > 0 then make_date(2018 + n % 8, 1, 1) + n * 7 % 400 end, r.codes[1 + n * 31 % array_length(r.codes, 1)], '台账'
       from generate_series(1, ?) n, r, p`,
    [BENEFITS],
  );
  for (const table of ['prior_benefits', 'people', 'regions']) await db.raw(`vacuum analyze ${table}`);
});
afterAll(async () => {
  await closeDatabase(db);
  await database.drop();
});

const pathOf = async (code: string): Promise<string> => (await db('regions').where({ code }).first('path')).path;

/** The ids of all, in the order of a plain sort. */
async function sorted(path: string, { year, region, text }: Partial<PriorBenefitFilter>): Promise<string[]> {
  const query = db('prior_benefits as b')
    .join('regions as r', 'r.code', 'b.region')
    .where((of) => of.where('r.path', path).orWhereLike('r.path', `${path}/%`))
    .orderByRaw('coalesce(b.paid_on, make_date(b.year, 1, 1)) desc, b.id desc');
  if (year) void query.where('b.year', year);
  if (region) void query.whereRaw('r.path ~ ?', [`(^|/)${region}(/|$)`]);
  if (text) void query.where((of) => of.whereLike('b.occupation', `%${text}%`).orWhereLike('b.institution', `%${text}%`));
  return query.pluck('b.id');
}

test.each<[string, string[], Partial<PriorBenefitFilter>]>([
  ['of the province', ['350000'], {}],
  ['of the province by somebody who is entrusted with parts of it as well', ['350000', '350100', '350104'], {}],
  ['of a city', ['350100'], {}],
  ['of a county', ['350104'], {}],
  ['of a year', ['350000'], { year: 2020 }],
  ['of one city of it', ['350000'], { region: '350200' }],
  ['of a city that is not the own', ['350100'], { region: '350200' }],
  ['by a word that a third has', ['350000'], { text: '电工' }],
  ['by a word that few have, of a year', ['350000'], { text: '学校299', year: 2021 }],
])('[N3] %s: three pages are the beginning of the whole, and the total is right', async (_name, codes, filter) => {
  const paths = await Promise.all(codes.map(pathOf));
  const all = await sorted(paths[0] ?? '', filter);
  const found: string[] = [];
  let after: PriorBenefitFilter['after'];
  for (let page = 0; page < 3; page += 1) {
    const { benefits, next, total } = await listPriorBenefits(db, paths, { ...filter, after, size: SIZE });
    expect(total).toBe(all.length);
    found.push(...benefits.map(({ id }) => id));
    expect(next === undefined).toBe(found.length === all.length);
    if (!next) break;
    after = next;
  }
  expect(found).toEqual(all.slice(0, 3 * SIZE));
});

test.each<[string, Partial<PriorBenefitFilter>]>([
  ['the first page', {}],
  ['a page further on', { after: { at: '2021-06-06 00:00:00+08', id: '80000000-0000-4000-8000-000000000000' } }],
  ['of a year', { year: 2020 }],
  ['by a word', { text: '电工' }],
])('[N3] of a province no more is opened than a page: %s', async (_name, filter) => {
  const paths = [await pathOf('350000')];
  await db.transaction(async (trx) => {
    const before = await readOf(trx);
    const { benefits } = await listPriorBenefits(trx, paths, { ...filter, size: SIZE });
    expect(benefits).toHaveLength(SIZE);
    const after = await readOf(trx);
    const [people, lines] = ['people', 'prior_benefits'].map((table) => ({
      sequential: (after[table]?.sequential ?? 0) - (before[table]?.sequential ?? 0),
      fetched: (after[table]?.fetched ?? 0) - (before[table]?.fetched ?? 0),
    }));
    expect([people?.sequential, people?.fetched]).toEqual([0, SIZE + 1]);
    // The total goes through the lines once where the table is as small as this; the page does not.
    expect(lines?.fetched).toBe(SIZE + 1);
    expect(lines?.sequential).toBeLessThanOrEqual(BENEFITS);
  });
});

/** Rows that this session has read of the tables and not yet told the statistics of all. */
async function readOf(trx: Knex.Transaction): Promise<Record<string, { sequential: number; fetched: number } | undefined>> {
  const { rows } = await trx.raw<{ rows: { name: string; sequential: number; fetched: number }[] }>(
    `select relname as name, seq_tup_read as sequential, coalesce(idx_tup_fetch, 0) as fetched
       from pg_stat_xact_user_tables where relname in ('people', 'prior_benefits')`,
  );
  return Object.fromEntries(rows.map(({ name, ...read }) => [name, read]));
}
