/** What four eyes refuse to somebody is no work of theirs: apart from the queue, out of every figure, of the next task and of what reminds. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ask } from '../../../workflows/domain/procedures.ts';
import { type CounterOfTests, openCounter } from '../../support/counter.ts';
import { listenTo, until } from '../../support/streams.ts';

type Inbox = { tasks: { id: string }[]; counts: { total: number; later: number; barred: number } };

let counter: CounterOfTests;
beforeAll(async () => {
  counter = await openCounter();
  await hire('both-1', ['first_reviewer', 'second_reviewer'], '350104');
  await hire('both-2', ['second_reviewer'], '350104');
  await hire('above-1', ['second_reviewer'], '350100');
  const named = { role: 'second_reviewer', region: '350104', from: '2026-03-02', until: '2026-03-31', reason: '出差' };
  const substitute = (await counter.cases.actor('above-1')).userId;
  const { status } = await (await counter.as('both-1')).post('/substitutions', { ...named, substitute });
  if (status !== 201) throw new Error(`nobody substitutes: ${status}`);
});
afterAll(() => counter?.close());

async function hire(login: string, roles: string[], region: string): Promise<void> {
  const [row] = await counter.db('users').insert({ login, name: login, demo: true }).returning('id');
  await counter.db('grants').insert(roles.map((role) => ({ user_id: row.id, role, region })));
}

/** Both steps of one matter, open at once. */
async function openBoth(): Promise<{ first: string; second: string }> {
  const id = `matter-${randomUUID()}`;
  const review = { kind: 'review', level: 'county', outcomes: ['approve', 'return'], workingDays: 3, fourEyes: [`${id}/review`] } as const;
  const asks: Ask[] = [
    { ...review, step: 'review.first_review', role: 'first_reviewer' },
    { ...review, step: 'review.second_review', role: 'second_reviewer' },
  ];
  const { taskIds } = await counter.cases.open(asks, { id });
  return { first: taskIds[0] ?? '', second: taskIds[1] ?? '' };
}

/** Decides the first; the second then knows it, as it would if it had opened afterwards, as procedures do. */
async function decideFirst({ first, second }: { first: string; second: string }): Promise<number> {
  const { status } = await (await counter.as('both-1')).post(`/tasks/${first}/decide`, { outcome: 'approve' });
  await counter
    .db('tasks')
    .where({ id: second })
    .update({ signers: counter.db.raw('took_part_elsewhere(four_eyes, step)') });
  return status;
}

const list = async (login: string, query = ''): Promise<Inbox> => (await (await counter.as(login)).get<Inbox>(`/tasks${query}`)).body;
const badge = async (login: string): Promise<string | undefined> =>
  /data-figure="tasks"[^>]*>([^<]*)</.exec((await counter.browse(login, '/notices')).html)?.[1];
const stands = ({ tasks }: Inbox, id: string): boolean => tasks.some((task) => task.id === id);
const told = async (login: string, occasion: string): Promise<number> =>
  (await counter.db('notices').where({ user_id: (await counter.cases.actor(login)).userId, occasion })).length;

test('[F05] [F11] the second review of what one reviewed first is counted nowhere as one’s work, and listed apart', async () => {
  const { first, second } = await openBoth();
  const stream = await listenTo(counter, 'both-1', '/tasks/events');
  await new Promise((resolve) => setTimeout(resolve, 2_200));
  expect(stands(await list('both-1'), second)).toBe(true);
  expect(stands(await list('above-1'), second)).toBe(true);
  const before = (await list('both-1')).counts;
  expect(await badge('both-1')).toBe(String(before.total));

  expect(await decideFirst({ first, second })).toBe(200);
  const after = await list('both-1');
  expect(stands(after, first) || stands(after, second)).toBe(false);
  expect(after.counts).toMatchObject({ total: before.total - 2, later: before.later - 2, barred: 1 });
  expect(await badge('both-1')).toBe(after.counts.total === 0 ? '0' : String(after.counts.total));
  expect((await (await counter.as('both-1')).get<{ taskId: string | null }>('/tasks/next')).body.taskId).not.toBe(second);
  // An open list is told that it is there no longer.
  const marked = { priority: true, reason: '上级交办，尽快办结' };
  expect((await (await counter.as('supervise-1')).post(`/tasks/${second}/priority`, marked)).status).toBe(200);
  await until(() => stream.told.findLast((task) => task.id === second)?.listed === false);
  stream.stop();

  // Whoever substitutes for this person alone has to leave it to somebody else as well.
  expect(stands(await list('above-1'), second)).toBe(false);
  expect((await list('above-1', '?view=barred')).tasks.map(({ id }) => id)).toContain(second);
  expect(stands(await list('both-2'), second)).toBe(true);
  expect((await list('both-2')).counts.barred).toBe(0);

  const apart = await list('both-1', '?view=barred');
  expect(apart.tasks.map(({ id }) => id)).toEqual([second]);
  const page = await counter.browse('both-1', '/tasks');
  expect(page.html).toContain('须他人办理');
  const shown = await counter.browse('both-1', '/tasks?view=barred');
  expect(shown.html).toContain('按四眼原则须由他人办理，不计入您的待办');
  expect(shown.html).not.toContain('/tasks/next');
});

test('[F05] [F11] whoever reminds or urges tells those who may do it', async () => {
  const { first, second } = await openBoth();
  await decideFirst({ first, second });
  const before = await Promise.all(['both-1', 'above-1', 'both-2'].map((login) => told(login, 'task.urged')));
  expect((await (await counter.as('supervise-1')).post(`/tasks/${second}/urge`, { words: '请尽快办理此件' })).status).toBe(200);
  const after = await Promise.all(['both-1', 'above-1', 'both-2'].map((login) => told(login, 'task.urged')));
  expect(after.map((count, at) => count - (before[at] ?? 0))).toEqual([0, 0, 1]);
});
