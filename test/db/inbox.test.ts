/** The inbox at scale: every query runs on an index of `tasks`, pages and counts agree with a plain reading of the table. */
import { readInstant } from '../../db/calendar/instant.ts';
import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closeDatabase, openDatabase } from '../../db/client.ts';
import type { Actor } from '../../db/accounts/users.ts';
import { openVault } from '../../db/vault.ts';
import {
  countInbox,
  countQuery,
  type InboxCursor,
  type InboxFilter,
  type InboxTimes,
  inboxQuery,
  listInbox,
  readInbox,
} from '../../db/views/inbox/inbox.ts';
import { findNextTask } from '../../db/views/inbox/next-task.ts';
import { searchQuery } from '../../db/views/inbox/region-search.ts';
import { type Cases, county, openCases } from '../support/by-hand/cases.ts';
import { freshDatabase } from '../support/servers.ts';

let database: Awaited<ReturnType<typeof freshDatabase>>;
let db: Knex;
let cases: Cases;
let first: Actor;
let supervisor: Actor;
let school: Actor;
let times: InboxTimes;

const DAY_MS = 86_400_000;
/** Of whoever holds some of the backlog; known before anybody is. */
const HOLDER = '0f8fad5b-d9cb-469f-a165-70867728950e';

beforeAll(async () => {
  database = await freshDatabase();
  db = openDatabase(database.url, { owner: true, max: 4 });
  cases = await openCases(db, openVault({ keys: { k1: randomBytes(32) }, currentKid: 'k1', indexKey: randomBytes(32) }));
  [first, supervisor, school] = (await Promise.all(['first-1', 'city-supervise-1', 'school-1'].map((login) => cases.actor(login)))) as [
    Actor,
    Actor,
    Actor,
  ];
  await cases.open();
  await db.raw(
    `insert into procedures (id, type, subject_id, region, region_path, subject_number, subject_title, institution_name, terms, opened_at)
     select 'backlog-' || code, 'objection', 'none', code, path, 'backlog', 'backlog', 'backlog', '{}', business_now() from regions`,
  );
  await db('users').insert({ id: HOLDER, login: 'backlog-1', name: '积案', demo: true });
  await db.raw(
    `with offices as (select code, path, row_number() over (order by code) - 1 as at, count(*) over () as many from regions)
     insert into tasks (id, procedure_id, step, round, kind, role, office, office_path, institution_id, outcomes, subject_number, subject_title, institution_name,
                        opened_at, from_date, working_days, due_date, due_at, calendar_version, claimed_by)
     select 'backlog-' || o.code || '/pre_training.first_review/' || n, 'backlog-' || o.code, 'pre_training.first_review', n, case when n % 9 = 0 then 'correction' else 'review' end,
            (array['first_reviewer','second_reviewer','approver','inspector','institution'])[1 + n % 5], o.code, o.path,
            case when n % 5 = 4 and n % 3 = 0 then cast(? as uuid) end, '{approve}', '350104-2026-9' || n, '电工 ' || n, '学校 ' || n % 300,
            business_now(), business_today(), 5, case when n % 11 = 0 then null else business_today() + (n * 7919 % 40) - 12 end,
            case when n % 11 = 0 then null else business_now() + ((n * 7919 % 40) - 12) * interval '1 day' end, 'test',
            case when n % 50 = 0 then cast(? as uuid) when n % 77 = 0 then cast('${HOLDER}' as uuid) end
       from generate_series(1, 20000) n join offices o on o.at = (n / 5) % o.many`,
    [cases.institutionId, first.userId],
  );
  // One queue long enough for several pages.
  await db.raw(`update tasks set office = ?, office_path = ? where role = 'first_reviewer' and round % 4 = 0`, [county.code, county.path]);
  await sweep();
  const { now } = await readInstant(db);
  times = { now, soonUntil: new Date(now.getTime() + 2 * DAY_MS) };
});

/** As autovacuum leaves a table. What another session (autoanalyze, say) still sees is left for the next round. */
async function sweep(): Promise<void> {
  for (let rounds = 30; rounds > 0; rounds -= 1) {
    await db.raw('vacuum analyze tasks');
    const { rows } = await db.raw(`select relallvisible > relpages * 0.9 as swept from pg_class where relname = 'tasks'`);
    if (rows[0].swept) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

afterAll(async () => {
  await closeDatabase(db);
  await database.drop();
});

async function planOf({ sql, bindings }: { sql: string; bindings: Record<string, unknown> }): Promise<string> {
  const { rows } = await db.raw(`explain ${sql}`, bindings as never);
  return rows.map((row: Record<string, string>) => row['QUERY PLAN']).join('\n');
}

const filters: readonly { name: string; filter: InboxFilter; who: () => Actor }[] = [
  { name: 'queue', filter: { view: 'queue' }, who: () => first },
  { name: 'queue of one kind', filter: { view: 'queue', kind: 'review', stage: 'pre_training' }, who: () => first },
  { name: 'queue with a text', filter: { view: 'queue', text: '学校' }, who: () => first },
  { name: 'mine', filter: { view: 'mine' }, who: () => first },
  { name: 'region', filter: { view: 'region' }, who: () => supervisor },
  { name: 'region, overdue', filter: { view: 'region', urgency: 'overdue' }, who: () => supervisor },
  { name: 'region, one kind of one role', filter: { view: 'region', kind: 'inspection' }, who: () => supervisor },
  { name: 'region with a text', filter: { view: 'region', text: '示范' }, who: () => supervisor },
  { name: 'region, one of its counties', filter: { view: 'region', region: '350104' }, who: () => supervisor },
  { name: 'region, one of its counties with a text', filter: { view: 'region', region: '350104', text: '示范' }, who: () => supervisor },
  { name: 'region, due by a day', filter: { view: 'region', dueBy: new Date('2026-03-05T00:00:00+08:00') }, who: () => supervisor },
  { name: 'region, of one officer', filter: { view: 'region', holder: HOLDER }, who: () => supervisor },
  { name: 'queue, due by a day', filter: { view: 'queue', dueBy: new Date('2026-03-05T00:00:00+08:00') }, who: () => first },
  { name: 'institution', filter: { view: 'queue' }, who: () => school },
];

test.each(filters)('no sequential scan of tasks: $name', async ({ filter, who }) => {
  const after: InboxCursor = { due: '2026-03-01 00:00:00+00', id: 'a' };
  for (const query of [
    inboxQuery(who(), filter, times, { part: 'dated', limit: 26 }),
    inboxQuery(who(), filter, times, { part: 'dated', after, limit: 26 }),
    inboxQuery(who(), filter, times, { part: 'undated', limit: 26 }),
    countQuery(who(), filter, times),
  ]) {
    const plan = await planOf(query);
    expect(plan).not.toMatch(/Seq Scan on tasks/);
    expect(plan).toMatch(/ using tasks_(queue|claimed|institution|region|class)|on tasks_(queue|claimed|institution|region|class)/);
  }
});

test('the counts of a queue read its index alone, and no signatures', async () => {
  await db.raw('vacuum (analyze) tasks');
  const plan = await planOf(countQuery(first, { view: 'queue' }, times));
  expect(plan).toMatch(/Index Only Scan using tasks_queue on tasks t/);
  expect(plan).not.toMatch(/Seq Scan on tasks|signatures/);
});

test('pages follow each other without gap or repetition, undated tasks last, and agree with the counts', async () => {
  for (const { filter, who } of filters) {
    const seen: string[] = [];
    let cursor: InboxCursor | undefined;
    let lastDue = '';
    do {
      const { tasks, next } = await listInbox(db, who(), filter, times, { cursor, size: filter.view === 'region' ? 500 : 40 });
      for (const task of tasks) {
        const due = task.due_at?.toISOString() ?? 'none';
        expect(due >= lastDue).toBe(true);
        lastDue = due;
        seen.push(task.id);
      }
      cursor = next;
    } while (cursor);
    expect(new Set(seen).size).toBe(seen.length);
    const counts = await countInbox(db, who(), filter, times);
    expect(counts.total).toBe(seen.length);
  }
});

test('a page and its counts read at once are those read apart, also where there is nothing', async () => {
  const nobody = { ...first, grants: [] };
  for (const { filter, who } of [...filters, { filter: { view: 'queue' as const }, who: () => nobody }]) {
    for (const size of [1, 40]) {
      let cursor: InboxCursor | undefined;
      for (let pages = 0; pages < 3; pages += 1) {
        const apart = await listInbox(db, who(), filter, times, { cursor, size });
        expect(await readInbox(db, who(), filter, times, { cursor, size })).toEqual({
          ...apart,
          tasks: apart.tasks.map((task) => ({ ...task, unread_messages: 0, signers: [] })),
          counts: await countInbox(db, who(), filter, times),
        });
        if (!apart.next) break;
        cursor = apart.next;
      }
    }
  }
});

test('PostgreSQL keeps the plan of a page, rather than planning it for every reader anew', async () => {
  const alone = openDatabase(database.url, { owner: true, max: 1 });
  try {
    for (let at = 0; at < 8; at += 1) await readInbox(alone, first, { view: 'queue' }, times, { size: 25 });
    const { rows } = await alone.raw(
      `select generic_plans::int as kept, custom_plans::int as anew from pg_prepared_statements where statement like '%unread_messages%'`,
    );
    // It tries five times before it compares.
    expect(rows).toEqual([{ kept: 3, anew: 5 }]);
  } finally {
    await closeDatabase(alone);
  }
});

test('the queue is that of the own role and office; the region is the own subtree', async () => {
  const [queue] = (
    await db.raw(`select count(*)::int as n from tasks where status = 'open' and office = ? and role = 'first_reviewer'`, [county.code])
  ).rows;
  expect((await countInbox(db, first, { view: 'queue' }, times)).total).toBe(queue.n);
  const [city] = (
    await db.raw(
      `select count(*)::int as n from tasks where status = 'open' and office_path like '350000/350100%' and role not in ('clock', 'institution', 'assessor')`,
    )
  ).rows;
  expect((await countInbox(db, supervisor, { view: 'region' }, times)).total).toBe(city.n);
  const [own] = (
    await db.raw(`select count(*)::int as n from tasks where status = 'open' and institution_id = ? and role = 'institution'`, [
      cases.institutionId,
    ])
  ).rows;
  expect((await countInbox(db, school, { view: 'queue' }, times)).total).toBe(own.n);
});

test('the next task is the most urgent one that nobody else holds', async () => {
  const { tasks } = await listInbox(db, first, { view: 'queue' }, times, { size: 2 });
  const [one, two] = tasks;
  expect(await findNextTask(db, first, { view: 'queue' }, times, one?.id ?? '')).toBe(two?.id);
});

test('[F10] the cases of one county: what its own office has and what the offices above it have of it, no others', async () => {
  await db.raw(
    `update tasks t set office = '350100', office_path = '350000/350100' from procedures p where p.id = t.procedure_id and p.region = '350104' and t.round % 3 = 0`,
  );
  const filter: InboxFilter = { view: 'region', region: '350104' };
  const { tasks } = await listInbox(db, supervisor, filter, times, { size: 10_000 });
  const { rows } = await db.raw<{ rows: { id: string; office: string }[] }>(
    `select t.id, t.office from tasks t join procedures p on p.id = t.procedure_id
      where t.status = 'open' and t.role not in ('clock', 'institution', 'assessor') and t.office_path like '350000/350100%'
        and (p.region = '350104' or t.office = '350104')`,
  );
  expect(new Set(rows.map(({ office }) => office))).toEqual(new Set(['350100', '350104']));
  expect(tasks.map(({ id }) => id).sort()).toEqual(rows.map(({ id }) => id).sort());
  const other = await listInbox(db, supervisor, { view: 'region', region: '350200' }, times, { size: 10 });
  expect(other.tasks).toEqual([]);
  const held = await listInbox(db, supervisor, { view: 'region', holder: HOLDER }, times, { size: 10_000 });
  expect(held.tasks.length).toBeGreaterThan(0);
  expect(new Set(held.tasks.map((task) => task.holder))).toEqual(new Set(['积案']));
});

test('[F11] the next task is one that can be decided: past what colleagues hold, what four eyes refuse, and what is another post’s', async () => {
  const { tasks } = await listInbox(db, first, { view: 'queue' }, times, { size: 60 });
  const ids = tasks.map(({ id }) => id);
  const [barred = '', free = ''] = ids.slice(50);
  await db('tasks').whereIn('id', ids).update({ claimed_by: HOLDER });
  await db('tasks')
    .whereIn('id', [barred, free])
    .update({ claimed_by: null, four_eyes: db.raw(`array[procedure_id || '/scope-' || step || round]`) });
  const { four_eyes: scopes } = await db('tasks').where({ id: barred }).first('four_eyes');
  await db('signatures').insert({ scope: scopes[0], user_id: first.userId, step: 'another.step', signed_at: new Date() });
  // As the database does where a task opens.
  await db('tasks')
    .where({ id: barred })
    .update({ signers: db.raw('took_part_elsewhere(four_eyes, step)') });
  expect(await findNextTask(db, first, { view: 'queue' }, times, '')).toBe(free);
  // The list of a region is full of what others decide.
  const inRegion = await findNextTask(db, first, { view: 'region' }, times, '');
  const found = await db('tasks').where({ id: inRegion }).first('role', 'office', 'claimed_by');
  expect(found).toEqual({ role: 'first_reviewer', office: county.code, claimed_by: null });
});

test('[F11] marked tasks come first, ties and those without due instant included: over many pages no row twice and none lost; from indexes of their own', async () => {
  // Some of every queue, many of them due at one instant.
  await db.raw(
    `update tasks set priority = true, priority_reason = '急用', prioritised_at = business_now(), prioritised_by = ?,
            due_at = case when round % 4 = 0 then cast('2026-03-03 09:00:00+08' as timestamptz) else due_at end
      where id like 'backlog-%' and round % 13 = 0 and role not in ('institution', 'assessor')`,
    [supervisor.userId],
  );
  await sweep();
  const listed: readonly { name: string; filter: InboxFilter; who: () => Actor }[] = [
    ...filters,
    { name: 'queue, marked', filter: { view: 'queue', priority: true }, who: () => first },
    { name: 'queue, marked and overdue', filter: { view: 'queue', priority: true, urgency: 'overdue' }, who: () => first },
    { name: 'queue without due instant', filter: { view: 'queue', urgency: 'none' }, who: () => first },
    { name: 'region, marked', filter: { view: 'region', priority: true }, who: () => supervisor },
    { name: 'region, marked, with a text', filter: { view: 'region', priority: true, text: '学校' }, who: () => supervisor },
    { name: 'institution, marked', filter: { view: 'queue', priority: true }, who: () => school },
  ];
  for (const { name, filter, who } of listed) {
    const seen: { id: string; priority: boolean; due: string }[] = [];
    let cursor: InboxCursor | undefined;
    do {
      const { tasks, next } = await listInbox(db, who(), filter, times, { cursor, size: filter.view === 'region' ? 331 : 7 });
      seen.push(...tasks.map(({ id, priority, due_at }) => ({ id, priority, due: due_at?.toISOString() ?? 'none' })));
      cursor = next;
    } while (cursor);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
    const key = ({ priority, due, id }: (typeof seen)[number]): string => `${priority ? 0 : 1} ${due} ${id}`;
    expect([name, seen.map(key)]).toEqual([name, seen.map(key).sort()]);
    const counts = await countInbox(db, who(), filter, times);
    expect([name, counts.total, counts.priority]).toEqual([name, seen.length, seen.filter(({ priority }) => priority).length]);
  }
  const [{ marked }] = (
    await db.raw(
      `select count(*)::int as marked from tasks where status = 'open' and priority and suspended_at is null and office = ? and role = 'first_reviewer'`,
      [county.code],
    )
  ).rows;
  expect(marked).toBeGreaterThan(14);
  expect((await countInbox(db, first, { view: 'queue' }, times)).priority).toBe(marked);

  for (const [filter, who, index] of [
    [{ view: 'queue' }, first, 'tasks_queue_priority'],
    [{ view: 'region' }, supervisor, 'tasks_region_priority'],
  ] as const) {
    const after: InboxCursor = { due: '2026-03-03 01:00:00+00', id: 'a', priority: true };
    for (const query of [
      inboxQuery(who, filter, times, { part: 'priority', limit: 26 }),
      inboxQuery(who, filter, times, { part: 'priority', after, limit: 26 }),
    ])
      expect(await planOf(query)).toMatch(new RegExp(`(using|on) ${index}`));
    expect(await planOf(inboxQuery(who, filter, times, { part: 'dated', limit: 26 }))).not.toMatch(/Seq Scan on tasks|_priority/);
    expect(await planOf(countQuery(who, filter, times))).not.toMatch(/Seq Scan on tasks/);
  }
});

test('[F10] a search for a word among all that is open in a region reads the index alone', async () => {
  await db.raw('vacuum (analyze) tasks');
  for (const text of ['学校', '350104', 'ABC'])
    expect(await planOf(searchQuery(supervisor, { view: 'region', text }, times, { limit: 26 }))).toMatch(
      /Index Only Scan using tasks_region on tasks t/,
    );
});

test('[F11] so much is open that only some of each office is searched: what is marked is found all the same', async () => {
  await db.raw(
    `update tasks set due_at = '2030-01-01', subject_title = '压在最底的加急事项' where id = (
       select id from tasks where priority and office = ? and status = 'open' and role = 'first_reviewer' order by id limit 1)`,
    [county.code],
  );
  // More than are gone through.
  await db.raw(
    `insert into tasks (id, procedure_id, step, round, kind, role, office, office_path, outcomes, subject_number, subject_title, institution_name,
                        opened_at, from_date, working_days, due_date, due_at, calendar_version)
     select 'flood/pre_training.first_review/' || n, 'backlog-350104', 'flood.first_review', n, 'review', 'second_reviewer', '350104', '350000/350100/350104', '{approve}',
            '350104-2026-8' || n, '其他 ' || n, '学校', business_now(), business_today(), 5, business_today(), business_now(), 'test' from generate_series(1, 31000) n`,
  );
  const filter: InboxFilter = { view: 'region', text: '压在最底' };
  const { tasks, counts } = await readInbox(db, supervisor, filter, times, { size: 25 });
  expect(counts.searchedOfEach).toBeGreaterThan(0);
  expect(tasks.map(({ subject_title: title, priority }) => [title, priority])).toEqual([['压在最底的加急事项', true]]);
  expect(counts).toMatchObject({ total: 1, priority: 1 });
});
