/** How many notices are unread, told to pages that are open: by the stream of a list or, elsewhere, by one of its own. No Temporal. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CounterOfTests, openCounter } from '../../support/counter.ts';
import { listenTo, type Stream, until } from '../../support/streams.ts';

let counter: CounterOfTests;
beforeAll(async () => {
  counter = await openCounter();
});
afterAll(() => counter?.close());

const listen = (login: string, path = '/notices/events') => listenTo(counter, login, path);
const last = (stream: Stream) => stream.unread.at(-1)?.unread;

describe('unread notices of open pages', () => {
  test('[F06] a page is told how many there are, one more when one comes, fewer when they are read; nobody else hears of it', async () => {
    expect((await fetch(`${counter.origin}/notices/events`)).status).toBe(401);
    const [page, list, english, other] = await Promise.all([
      listen('first-2'),
      listen('first-2', '/tasks/events'),
      listen('first-2', '/tasks/events?lang=en&view=mine'),
      listen('second-1'),
    ]);
    const all = [page, list, other];
    await until(() => all.every((stream) => last(stream) === 0));
    const boss = await counter.as('supervise-1');
    const { taskId } = await counter.openReview();
    const { userId: to } = await counter.cases.actor('first-2');
    expect((await boss.post(`/tasks/${taskId}/reassign`, { to, reason: '平衡工作量' })).status).toBe(200);
    await until(() => last(page) === 1 && last(list) === 1 && last(english) === 1);
    expect(page.unread.at(-1)).toEqual({ unread: 1, words: '1 条未读通知' });
    expect(english.unread.at(-1)?.words).toBe('1 unread notice');
    // A page without a list hears nothing of tasks, and each count once.
    expect(page.told).toEqual([]);
    await until(() => list.told.some(({ id }) => id === taskId));
    expect(page.unread.map(({ unread }) => unread)).toEqual([0, 1]);
    await (await counter.as('first-2')).post('/notices/read', {});
    await until(() => last(page) === 0 && last(list) === 0);
    expect(other.unread.map(({ unread }) => unread)).toEqual([0]);
    for (const stream of [...all, english]) stream.stop();
  }, 60_000);

  test('[F06] what asks no longer, because somebody else ended the task, is taken off the count', async () => {
    const holder = await counter.as('first-1');
    const { taskId } = await counter.openReview();
    await holder.post(`/tasks/${taskId}/claim`);
    const page = await listen('first-1');
    await until(() => last(page) !== undefined);
    const before = last(page) ?? 0;
    await (await counter.as('supervise-1')).post(`/tasks/${taskId}/urge`);
    await until(() => last(page) === before + 1);
    await holder.post(`/tasks/${taskId}/decide`, { outcome: 'approve' });
    await until(() => last(page) === before);
    expect(page.unread.map(({ unread }) => unread)).toEqual([before, before + 1, before]);
    page.stop();
  }, 60_000);

  test('[F06] the newest page of a session listens; a list keeps its own place, and all end with the session', async () => {
    const list = await listen('inspect-1', '/tasks/events');
    const earlier = await listen('inspect-1');
    const newest = await listen('inspect-1');
    await until(() => earlier.goodbye() && earlier.ended());
    await until(() => last(newest) === 0 && last(list) === 0);
    expect([list.ended(), newest.ended()]).toEqual([false, false]);
    await counter
      .db('sessions')
      .whereIn('user_id', counter.db('users').where({ login: 'inspect-1' }).select('id'))
      .delete();
    await until(() => newest.goodbye() && list.goodbye());
  }, 60_000);

  test('[F06] pages of signed-in people name the stream, pages of the public do not; the count stands there without script', async () => {
    const { html } = await counter.browse('school-1', '/workplace');
    expect(html).toContain('data-events="/notices/events"');
    expect(html).toMatch(/data-unread="0" hidden/);
    const answer = await fetch(`${counter.origin}/disclosures`, { headers: { accept: 'text/html' } });
    const open = await answer.text();
    expect(open).not.toMatch(/data-events|data-unread/);
  });
});
