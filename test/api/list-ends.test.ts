/** Lists that were once cut off at a fixed number: each is reached to its first line, by programs and on pages, in both languages. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openProvince, type Province } from '../support/province.ts';
import { pagersOf, walkAnswers, walkPages } from '../support/list-pages.ts';

type Line = { id: string };
const linesOf =
  (name: string) =>
  (answer: Record<string, unknown>): Line[] =>
    answer[name] as Line[];
const lengths = (pages: readonly unknown[][]): number[] => pages.map(({ length }) => length);
const distinct = (pages: readonly Line[][]): number => new Set(pages.flat().map(({ id }) => id)).size;

let province: Province;
const ids: Record<string, string> = {};
beforeAll(async () => {
  province = await openProvince();
  for (const { id, login } of await province.db('users').select('id', 'login')) ids[login] = id;
}, 60_000);
afterAll(() => province?.close());

describe('earlier benefits', () => {
  const uploads = 123;
  const benefits = 230;
  const linesOfUploads = { place: 'uploadsAfter', next: 'uploadsNext' };

  beforeAll(async () => {
    const [person] = await province
      .db('people')
      .insert({
        id_index: Buffer.from('list-ends'),
        id_sealed: 'x',
        id_masked: '3501**********0011',
        name: '林测试',
        birth_date: '1990-03-07',
      })
      .returning('id');
    const files = Array.from({ length: uploads }, (_, n) => ({
      id: randomUUID(),
      region: n === 0 ? '350102' : '350104',
      file_name: `台账-${n}.csv`,
      digest: `${n}`.padStart(64, '0'),
      row_count: 1,
      added_count: 1,
      uploaded_by: ids['cs-first-1'],
      // Many of one instant.
      uploaded_at: `2026-02-0${1 + Math.floor(n / 50)}T09:00:00.000123+08:00`,
    }));
    await province.db.batchInsert('prior_benefit_uploads', files);
    const rows = Array.from({ length: benefits }, (_, n) => ({
      person_id: person.id,
      year: n < 20 ? 2019 : 2025,
      occupation: n % 2 ? '电工' : '焊工',
      level: 4,
      amount_fen: 10_000 + n,
      institution: '榕城学校',
      paid_on: n < 10 ? null : n < 20 ? '2019-06-01' : `2025-0${1 + (n % 3)}-01`,
      region: n < 5 ? '350102' : '350104',
      source: '台账',
      upload_id: files[0]?.id,
    }));
    await province.db.batchInsert('prior_benefits', rows);
  });

  test('[N3] files and benefits, each by pages of its own; what has no day stands at the end of its year', async () => {
    const files = await walkAnswers(province, 'fz-catalogue-1', '/prior-benefits', linesOf('uploads'), linesOfUploads);
    expect(lengths(files)).toEqual([50, 50, 23]);
    expect(distinct(files)).toBe(uploads);
    const found = await walkAnswers(province, 'fz-catalogue-1', '/prior-benefits', linesOf('benefits'));
    expect(lengths(found)).toEqual([100, 100, 30]);
    expect(distinct(found)).toBe(benefits);
    const last = found.flat().slice(-20) as (Line & { year: number; paidOn: string | null })[];
    expect(last.map(({ year, paidOn }) => `${year} ${paidOn}`)).toEqual([
      ...Array(10).fill('2019 2019-06-01'),
      ...Array(10).fill('2019 null'),
    ]);
    // The county sees its own, and to the end as well.
    expect(lengths(await walkAnswers(province, 'cs-first-1', '/prior-benefits', linesOf('benefits')))).toEqual([100, 100, 25]);
  });

  test('[N3] filters by year, region and words count in the total and stay from page to page; a number of a person is refused', async () => {
    const reader = await province.as('fz-catalogue-1');
    const total = async (query: string) => (await reader.get<{ total: number }>(`/prior-benefits?${query}`)).body.total;
    expect([
      await total('year=2019'),
      await total('region=350102'),
      await total('region=350100'),
      await total(`q=${encodeURIComponent('焊')}`),
    ]).toEqual([20, 5, benefits, 115]);
    expect([await total('year=2019&region=350104'), await total('q=%25'), await total('year=2031')]).toEqual([15, 0, 0]);
    expect(
      lengths(
        await walkAnswers(province, 'fz-catalogue-1', `/prior-benefits?q=${encodeURIComponent('焊工')}&year=2025`, linesOf('benefits')),
      ),
    ).toEqual([100, 5]);
    expect(await reader.get('/prior-benefits?q=350104199003071229')).toMatchObject({ status: 422 });
    // Of a region that is not the reader's nothing is found.
    expect((await (await province.as('cs-first-1')).get<{ total: number }>('/prior-benefits?region=350102')).body.total).toBe(0);
  });

  test.each([
    ['', '已上传的文件', '记录'],
    ['&lang=en', 'Files', 'Records'],
  ])('[N3] on the page without script%s', async (lang, files, records) => {
    const visitor = await province.browser('fz-catalogue-1');
    const uploaded = await walkPages(visitor, `/prior-benefits?year=2025${lang}`, files);
    expect(uploaded).toHaveLength(3);
    const names = uploaded.flatMap((html) => html.match(/台账-\d+\.csv/g) ?? []);
    expect([names.length, new Set(names).size]).toEqual([uploads, uploads]);
    const found = await walkPages(visitor, `/prior-benefits?q=${encodeURIComponent('工')}${lang}`, records);
    expect(found).toHaveLength(3);
    expect(found.at(-1)).toMatch(/2019/);
    // Both at once: the one goes on, the other stays where it is, and the filter too.
    const [first, second] = pagersOf(found[1] ?? '');
    expect(first?.next).toMatch(/^\/prior-benefits\?q=.*&after=[^&]+&uploadsAfter=[^&#]+#uploads$/);
    expect(second?.first).toMatch(/^\/prior-benefits\?q=[^&]+#benefits$/);
  });
});
