/** Server-sent events of an open inbox: who holds what, what came and went, and when a stream ends; real PostgreSQL, no Temporal. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CounterOfTests, openCounter } from '../../support/counter.ts';
import { listenTo, type Stream, until } from '../../support/streams.ts';

let counter: CounterOfTests;
beforeAll(async () => {
  counter = await openCounter();
});
afterAll(() => counter?.close());

const listen = (login: string, query = '') => listenTo(counter, login, `/tasks/events${query}`);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('[F11] an open list hears who took a task and that it is gone; another county and another filter hear nothing', async () => {
  const [own, stranger, filtered, region] = await Promise.all([
    listen('first-1'),
    listen('other-first-1'),
    listen('first-1', '?q=nobody'),
    listen('city-supervise-1', '?view=region'),
  ]);
  expect(own.type).toBe('text/event-stream');
  // The first look finds out where the record stands.
  await pause(2_200);
  const { taskId } = await counter.openReview();
  await until(() => own.told.some((task) => task.id === taskId && task.open && task.holder === null));
  const two = await counter.as('first-2');
  await two.post(`/tasks/${taskId}/claim`);
  await until(() => own.told.some((task) => task.id === taskId && task.holder === '李静' && !task.self));
  await two.post(`/tasks/${taskId}/decide`, { outcome: 'approve' });
  await until(() => own.told.some((task) => task.id === taskId && !task.open));
  await until(() => region.told.some((task) => task.id === taskId && !task.open));
  expect(stranger.told).toEqual([]);
  expect(filtered.told).toEqual([]);
  // Each change is told once.
  await pause(2_500);
  expect(own.told.filter((task) => task.id === taskId && !task.open)).toHaveLength(1);
  for (const stream of [own, stranger, filtered, region]) stream.stop();
}, 40_000);

test('[F11] an open list is told its figures when they change, and what stands in it: claimed, suspended, taken up again, given back', async () => {
  const [queue, mine, elsewhere, here] = await Promise.all([
    listen('first-1'),
    listen('first-2', '?view=mine'),
    listen('city-supervise-1', '?view=region&region=350102'),
    listen('city-supervise-1', '?view=region&region=350104'),
  ]);
  await pause(2_200);
  const { taskId } = await counter.openReview();
  const path = `/tasks/${taskId}`;
  const last = (stream: Stream) => stream.told.findLast((task) => task.id === taskId);
  await until(() => last(queue)?.fresh === true && last(queue)?.listed === true);
  await until(() => queue.figures.length > 0 && here.figures.length > 0);
  const page = await (await counter.as('first-1')).get<{ counts: { total: number; later: number } }>('/tasks');
  await until(() => queue.figures.at(-1)?.total === `共 ${page.body.counts.total} 件，其中我的 0 件`);
  expect(queue.figures.at(-1)).toMatchObject({
    groups: { later: `${page.body.counts.later} 件` },
    navigation: { tasks: page.body.counts.total },
  });
  expect(last(mine)).toMatchObject({ listed: false });

  const [two, boss] = await Promise.all([counter.as('first-2'), counter.as('supervise-1')]);
  await two.post(`${path}/claim`);
  await until(() => last(mine)?.listed === true && last(queue)?.holder === '李静');
  expect(last(queue)).toMatchObject({ listed: true, fresh: false });
  await until(() => mine.figures.at(-1)?.views['mine'] === 1);
  await boss.post(`${path}/suspend`, { reason: '等待补充文件' });
  await until(() => last(queue)?.words === '已挂起');
  expect(last(queue)).toMatchObject({ open: true, listed: false });
  expect(last(mine)).toMatchObject({ listed: true });
  await boss.post(`${path}/resume`);
  await until(() => last(queue)?.listed === true);
  expect(last(queue)).toMatchObject({ fresh: true });
  await two.post(`${path}/release`);
  await until(() => last(mine)?.listed === false && last(queue)?.words === '未认领');
  await until(() => mine.figures.at(-1)?.views['mine'] === 0);
  await until(() => last(here)?.holder === null);
  expect(elsewhere.told).toEqual([]);
  for (const stream of [queue, mine, elsewhere, here]) stream.stop();
}, 60_000);

test('[F11] what happened between the making of a page and its first word here is told to it', async () => {
  const { taskId } = await counter.openReview();
  const { html } = await counter.browse('first-1', '/tasks');
  const [, since] = /data-live="\/tasks\/events\?since(?:=|&#x3D;)(\d+)"/.exec(html) ?? [];
  await (await counter.as('first-2')).post(`/tasks/${taskId}/claim`);
  const page = await listen('first-1', `?since=${since}`);
  await until(() => page.told.some((task) => task.id === taskId && task.holder === '李静' && task.listed));
  page.stop();
  // A page from long ago cannot be told everything: it learns that it is old, and its figures.
  const old = await listen('first-1', '?since=0');
  await until(() => old.unread.length > 0);
  await counter.db.raw(
    `insert into audit_log (at, act, subject, detail) select now(), 'test.filler', 'none', '{}' from generate_series(1, 600)`,
  );
  // The process has looked at all these lines only after a while.
  let older = await listen('first-1', '?since=0');
  for (const end = Date.now() + 20_000; Date.now() < end && !older.old(); ) {
    older.stop();
    older = await listen('first-1', '?since=0');
    await until(() => older.figures.length > 0 || older.old());
  }
  await until(() => older.old() && older.figures.length > 0);
  expect(old.old()).toBe(false);
  for (const stream of [old, older]) stream.stop();
}, 60_000);

test('[F11] two streams of a session at most, one question a second for all, and none without a page', async () => {
  const logins = ['first-1', 'first-2', 'second-1', 'approve-1', 'inspect-1'];
  const streams: Stream[] = [];
  for (const login of logins) streams.push(await listen(login), await listen(login));
  const third = await listen('first-1');
  await until(() => streams[0]?.goodbye() === true);
  expect(streams[1]?.ended()).toBe(false);
  expect(third.ended()).toBe(false);
  // Those who came have been counted.
  await pause(1_500);
  let asked = 0;
  let counts = 0;
  const count = (query: { sql: string }) => {
    if (/from audit_log where id >|from "sessions" as "s"/.test(query.sql)) asked += 1;
    if (/from notices/.test(query.sql)) counts += 1;
  };
  counter.db.on('query', count);
  await pause(4_000);
  expect(asked).toBeGreaterThanOrEqual(2);
  expect(asked).toBeLessThanOrEqual(5);
  // Nothing happens: the notices of all are counted anew with the look at the sessions only.
  expect(counts).toBeLessThanOrEqual(1);
  for (const stream of [...streams, third]) stream.stop();
  await pause(1_500);
  asked = 0;
  await pause(2_500);
  expect(asked).toBe(0);
  counter.db.off('query', count);
}, 40_000);

test('a process that leaves does not wait for those who listen', async () => {
  const leaving = await openCounter();
  const response = await fetch(`${leaving.origin}/tasks/events`, {
    headers: { authorization: `Bearer ${(await leaving.as('first-1')).token}` },
  });
  const began = Date.now();
  const [text] = await Promise.all([response.text(), leaving.close()]);
  expect(text).not.toContain('event: end');
  expect(Date.now() - began).toBeLessThan(5_000);
});

test('[F37] what somebody may no longer read is not told to a page that was opened before', async () => {
  const [own, superior] = await Promise.all([listen('first-1'), listen('city-supervise-1', '?view=region')]);
  // The first look finds out where the record stands.
  await pause(2_200);
  const { taskId } = await counter.openReview();
  await until(() => superior.told.some((task) => task.id === taskId));
  const holder = { user_id: (await counter.cases.actor('city-supervise-1')).userId };
  await counter.db('grants').where(holder).update({ valid_to: '2026-03-02' });
  // A turn in which the sessions are looked at, and one more.
  await pause(7_500);
  const before = superior.told.length;
  await (await counter.as('first-2')).post(`/tasks/${taskId}/claim`);
  await until(() => own.told.some((task) => task.id === taskId && task.holder === '李静'));
  await pause(1_500);
  expect(superior.told.length).toBe(before);
  for (const stream of [own, superior]) stream.stop();
});

test('[F11] a stream ends with its session, and nobody listens without one', async () => {
  expect((await fetch(`${counter.origin}/tasks/events`, { headers: { accept: 'text/event-stream' } })).status).toBe(401);
  const stream = await listen('audit-1');
  await counter
    .db('sessions')
    .whereIn('user_id', counter.db('users').where({ login: 'audit-1' }).select('id'))
    .delete();
  await until(() => stream.goodbye() && stream.ended());
}, 40_000);
