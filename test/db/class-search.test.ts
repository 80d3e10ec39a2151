/** Classes by a text among thousands: what a plain reading of the table finds, however rare or common the text is. */
import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Actor } from '../../db/accounts/users.ts';
import { closeDatabase, openDatabase } from '../../db/client.ts';
import { openVault } from '../../db/vault.ts';
import type { TimePlace } from '../../db/queries/time-pages.ts';
import { listClasses } from '../../db/views/classes/classes.ts';
import { classNumberFound, classOfPaperFound } from '../../db/views/number-search.ts';
import { openCases } from '../support/by-hand/cases.ts';
import { freshDatabase } from '../support/servers.ts';

let database: Awaited<ReturnType<typeof freshDatabase>>;
let db: Knex;
let city: Actor;
let county: Actor;

beforeAll(async () => {
  database = await freshDatabase();
  db = openDatabase(database.url, { owner: true, max: 4 });
  const cases = await openCases(db, openVault({ keys: { k1: randomBytes(32) }, currentKid: 'k1', indexKey: randomBytes(32) }));
  [city, county] = await Promise.all([cases.actor('city-supervise-1'), cases.actor('first-1')]);
  await db.transaction(async (trx) => {
    // A project of its own would be one more fixture; nothing here reads it but its name.
    await trx.raw('set local session_replication_role = replica');
    const { rows } = await trx.raw('select id from catalogue_projects limit 1');
    await trx.raw(
      `insert into classes (number, institution_id, project_id, region, pack_id, title, status, created_by, created_at)
       select case n % 2 when 0 then 'PX' else '' end || case n % 10 when 0 then '350102' else '350104' end || '-2026-' || lpad(n::text, 6, '0'), cast(:institution as uuid), cast(:project as uuid),
              case n % 10 when 0 then '350102' else '350104' end, 'fujian-2022', case n % 7 when 0 then '茶艺师 Tea ' else '电工（三级）' end || '第 ' || n || ' 期',
              case n % 100 when 1 then 'draft' else 'in_review' end, cast(:author as uuid), now() - n * interval '1 minute' from generate_series(1, 4000) n`,
      { institution: cases.institutionId, project: rows[0].id, author: city.userId },
    );
  });
  await db.raw('analyze classes');
});

afterAll(async () => {
  await closeDatabase(db);
  await database.drop();
});

test.each([
  '电工',
  '茶艺师',
  'tea',
  '第 77',
  '3999 期',
  '电',
  '350104-2026-00039',
  '350104-2026-00003',
  'px350104-2026-0000',
  'PX3501',
  '39',
  '003998',
  '350104',
  '100%',
  '_',
  '没有的',
  '学校',
])('[N28] %s is found page after page, newest first, in the own regions only', async (text) => {
  for (const actor of [city, county]) {
    const seen: string[] = [];
    let after: TimePlace | undefined;
    do {
      const { lines, next } = await listClasses(db, actor, { text, after, size: 700 });
      seen.push(...lines.map(({ number }) => number));
      after = next;
    } while (after);
    const plain = text.replace(/[\\%_]/g, (sign) => `\\${sign}`);
    const { rows } = await db.raw<{ rows: { number: string }[] }>(
      `select c.number from classes c join institutions i on i.id = c.institution_id join regions r on r.code = c.region
          where c.status <> 'draft' and r.path like :path || '%' and (c.number ilike :begins or (:text ~ '^[0-9]' and c.number ilike 'PX' || :begins) or c.number ~ :last or c.title ilike :contains or i.name ilike :contains)
          order by c.created_at desc, c.id desc`,
      {
        path: actor.grants[0]?.path ?? '',
        text,
        begins: `${plain}%`,
        contains: `%${plain}%`,
        last: /^\d+$/.test(text) ? `-0*${Number(text)}$` : '^$',
      },
    );
    expect(seen).toEqual(rows.map(({ number }) => number));
  }
});

test('a class is found among all by the last part of its number, by the index of that', async () => {
  await db.transaction(async (trx) => {
    const { sql, bindings } = classNumberFound('number', '39');
    const { rows } = await trx.raw<{ rows: { 'QUERY PLAN': string }[] }>(`explain select id from classes where ${sql}`, bindings);
    expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toMatch(/classes_number_serial/);
  });
});

test('[N31] a class is found by the number of one of its papers, by the index of how that ends', async () => {
  await db.raw(
    `insert into papers (kind, number, class_id, region, issued_at, content)
     select 'correction_notice', '仓山区人社培补〔2026〕' || row_number() over (order by number) || '号', id, region, now(), '{}' from classes`,
  );
  await db.raw('analyze papers');
  const typed = '仓山区人社培补(2026)1234';
  const { sql, bindings } = classOfPaperFound('id', typed) ?? { sql: 'false', bindings: {} };
  const { rows } = await db.raw<{ rows: { 'QUERY PLAN': string }[] }>(`explain select id from classes where ${sql}`, bindings);
  expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toMatch(/papers_number_ends/);
  const { lines } = await listClasses(db, city, { text: typed, size: 10 });
  const paper = await db('papers').where({ number: '仓山区人社培补〔2026〕1234号' }).first('class_id');
  expect(lines.map(({ id }) => id)).toEqual([paper.class_id]);
});

test('a rare text is found by the index of pairs', async () => {
  const { rows } = await db.raw<{ rows: { 'QUERY PLAN': string }[] }>(
    `explain select id from classes where title_pairs(title) @> title_pairs('第 77 期') and title ilike '%第 77 期%'`,
  );
  expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toMatch(/classes_title/);
});
