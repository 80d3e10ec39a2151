/** The board: what is late by step and officer, and many tasks handed to one person at once. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findBrokenLink } from '../../../../db/protocol/procedures.ts';
import type { Ask } from '../../../../workflows/domain/procedures.ts';
import { type CounterOfTests, openCounter, plainReview } from '../../../support/counter.ts';

type Job = {
  id: string;
  status: string;
  done: number;
  refused: number;
  waiting: number;
  items: { taskId: string; status: string; code: string | null }[];
};

let counter: CounterOfTests;
beforeAll(async () => {
  counter = await openCounter();
});
afterAll(() => counter?.close());

const second: Ask = {
  step: 'review.second_review',
  kind: 'review',
  role: 'second_reviewer',
  level: 'county',
  outcomes: ['approve', 'return', 'propose_refusal'],
  workingDays: 3,
};

async function overdue(taskIds: string[]): Promise<void> {
  await counter
    .db('tasks')
    .whereIn('id', taskIds)
    .update({ due_date: '2026-02-25', due_at: new Date('2026-02-26T00:00:00+08:00') });
}

test('[F04] several late tasks go to one person at once: a verdict for each, four eyes, one key', async () => {
  const userId = async (login: string): Promise<string> => (await counter.cases.actor(login)).userId;
  const [to, from] = [await userId('first-2'), await userId('first-1')];
  const first = await counter.as('first-1');
  const free = (await counter.openReview()).taskId;
  const held = (await counter.openReview()).taskId;
  await first.post(`/tasks/${held}/claim`);
  // first-2 signed the other step of this one.
  const paired = await counter.cases.open([plainReview, { ...plainReview, step: 'review.second_look' }]);
  const signed = paired.taskIds[1] ?? '';
  await (await counter.as('first-2')).post(`/tasks/${paired.taskIds[0]}/decide`, { outcome: 'approve' });
  const otherPost = (await counter.cases.open([second])).taskIds[0] ?? '';
  const decided = (await counter.openReview()).taskId;
  await first.post(`/tasks/${decided}/decide`, { outcome: 'approve' });
  const own = (await counter.openReview()).taskId;
  await (await counter.as('first-2')).post(`/tasks/${own}/claim`);
  const elsewhere = (await counter.cases.open([plainReview], { region: '350102' })).taskIds[0] ?? '';
  const selected = [free, held, signed, otherPost, decided, own, elsewhere];
  await overdue([free, held, signed, otherPost]);

  const supervisor = await counter.as('supervise-1');
  const body = { act: 'reassign', selected, to, reason: '周明出差，集中转办' };
  expect((await first.post('/tasks/bulk', body)).status).toBe(403);
  expect((await supervisor.post('/tasks/bulk', { act: 'reassign', selected })).body).toMatchObject({ status: 422 });
  const key = 'reassign-together-1';
  const job = (await supervisor.post<Job>('/tasks/bulk', body, { key })).body;
  expect(job.items.map(({ code }) => code)).toEqual([
    null,
    null,
    'task.fourEyes',
    'supervision.notHolder',
    'task.decided',
    'bulk.holdsAlready',
    'task.unknown',
  ]);
  expect((await supervisor.post<Job>('/tasks/bulk', body, { key })).body.id).toBe(job.id);
  expect(await counter.db('tasks').where({ id: held }).first('claimed_by')).toEqual({ claimed_by: from });

  const preview = await counter.browse('supervise-1', `/tasks/bulk/${job.id}`);
  expect(preview.html).toContain('转给 李静。理由：周明出差，集中转办');
  expect(preview.html).toContain('href="/board"');
  expect(preview.html).toContain('可转办 2 件，无须转办 2 件，不能转办 3 件');
  expect(preview.html).toMatch(/<h1 tabindex="-1" data-focus>/);

  const confirm = () => supervisor.post<Job>(`/tasks/bulk/${job.id}/confirm`, {}, { key: 'confirm-1', headers: { prefer: 'wait=10' } });
  expect((await confirm()).body).toMatchObject({ done: 2, refused: 5, status: 'finished' });
  await confirm();
  const result = (await counter.browse('supervise-1', `/tasks/bulk/${job.id}`)).html;
  expect(result).toContain('已转办 2 件，无须转办 2 件，不能转办 3 件');
  expect(result).toContain('重新办理这 3 件');
  expect(result).not.toContain('已办理</span>');
  for (const taskId of [free, held]) {
    expect(await counter.db('tasks').where({ id: taskId }).first('claimed_by')).toEqual({ claimed_by: to });
    const lines = await counter.db('audit_log').where({ subject: taskId, act: 'task.reassign' }).select('detail');
    expect(lines).toHaveLength(1);
    expect(lines[0].detail).toMatchObject({ to, reason: '周明出差，集中转办' });
    expect(await findBrokenLink(counter.db, taskId.split('/')[0] ?? '')).toBeUndefined();
  }
  expect(await counter.db('tasks').where({ id: elsewhere }).first('claimed_by')).toEqual({ claimed_by: null });
  expect(
    await counter
      .db('audit_log')
      .where({ act: 'bulk.confirm', subject: `bulk-${job.id}` })
      .first('detail'),
  ).toMatchObject({
    detail: { act: 'reassign', items: 2, to },
  });
});

test('[F04] the board: overdue by step with the oldest, load with the oldest due day, and a form for several at once', async () => {
  const board = (
    await (
      await counter.as('supervise-1')
    ).get<{
      overdueSteps: { step: string; count: number; oldestDue: string }[];
      loads: { name: string | null; oldestDue: string | null }[];
      trend: { monday: string; decided: number; late: number }[];
    }>('/board')
  ).body;
  expect(board.overdueSteps.map(({ step, count, oldestDue }) => ({ step, count, oldestDue }))).toEqual([
    { step: 'review.first_review', count: 2, oldestDue: '2026-02-25' },
    { step: 'review.second_look', count: 1, oldestDue: '2026-02-25' },
    { step: 'review.second_review', count: 1, oldestDue: '2026-02-25' },
  ]);
  expect(board.loads.find(({ name }) => name === '李静')?.oldestDue).toBe('2026-02-25');
  const { html } = await counter.browse('supervise-1', '/board');
  const boxes = [...html.matchAll(/form="reassign" name="selected" value="([^"]+)"/g)];
  expect(boxes).toHaveLength(4);
  expect(html).toContain('<rect');
  // The chart and its table say the same.
  for (const { decided } of board.trend) expect(html).toContain(`<td class="num">${decided}</td>`);
  const options = /<select id="f-to"[^>]*>([\s\S]*?)<\/select>/.exec(html)?.[1] ?? '';
  expect(options).toContain('李静（初审，在办');
  expect(options).not.toContain('黄丽');

  const box = boxes[0]?.[1] ?? '';
  const to = (await counter.cases.actor('first-1')).userId;
  const sent = await counter.browse('supervise-1', '/tasks/bulk', { act: 'reassign', selected: box, to, reason: '重新分派' });
  expect(sent.location).toMatch(/^\/tasks\/bulk\//);
  const nothing = await counter.browse('supervise-1', '/tasks/bulk', { act: 'reassign', to, reason: '重新分派' });
  expect(nothing.location).toBe('/board');
});

test('[F07] a supervisor hands over and urges from the list of the region; who reviews nothing is offered neither claiming nor approving', async () => {
  const tasks = await Promise.all([counter.openReview(), counter.openReview()]);
  const selected = tasks.map(({ taskId }) => taskId);
  const supervisor = await counter.as('supervise-1');
  const list = 'view=region&kind=review';
  const page = (await counter.browse('supervise-1', `/tasks?${list}`)).html;
  for (const act of ['urge', 'reassign']) expect([act, page.includes(`name="act" value="${act}"`)]).toEqual([act, true]);
  for (const act of ['claim', 'approve']) expect([act, page.includes(`name="act" value="${act}"`)]).toEqual([act, false]);
  const officer = (await counter.browse('first-1', '/tasks?view=region')).html;
  for (const act of ['urge', 'reassign']) expect([act, officer.includes(`name="act" value="${act}"`)]).toEqual([act, false]);
  expect(officer).toContain('name="act" value="approve"');

  // The page sends the empty fields of handing over with every act of its bar.
  const [one = '', other = ''] = selected;
  const sent = await counter.browse('supervise-1', '/tasks/bulk', { act: 'urge', selected: one, list, to: '', reason: '' });
  expect(sent.status).toBe(303);
  const urged = await supervisor.post<Job>('/tasks/bulk', { act: 'urge', selected: [one, other], list });
  expect(urged.body).toMatchObject({ status: 'preview', waiting: 2, refused: 0 });
  // Nothing is done by looking.
  expect(await counter.db('tasks').whereIn('id', selected).whereNotNull('urged_at')).toEqual([]);
  const done = await supervisor.post<Job>(`/tasks/bulk/${urged.body.id}/confirm`, {}, { headers: { prefer: 'wait=20' } });
  expect(done.body).toMatchObject({ status: 'finished', done: 2 });
  expect(await counter.db('tasks').whereIn('id', selected).whereNotNull('urged_at')).toHaveLength(2);
  const again = await supervisor.post<Job>('/tasks/bulk', { act: 'urge', selected });
  expect(again.body.items.map(({ code }) => code)).toEqual(['supervision.urgedToday', 'supervision.urgedToday']);
  expect((await (await counter.as('first-1')).post('/tasks/bulk', { act: 'urge', selected })).status).toBe(403);

  const { userId: to } = await counter.cases.actor('first-2');
  const lacking = await counter.browse('supervise-1', '/tasks/bulk', { act: 'reassign', selected: one, list, to, reason: '' });
  expect(lacking).toMatchObject({ status: 303, location: `/tasks?${list}` });
  const handed = await counter.browse('supervise-1', '/tasks/bulk', { act: 'reassign', selected: one, list, to, reason: '周明出差' });
  const preview = (await counter.browse('supervise-1', handed.location ?? '')).html;
  expect(preview).toContain('转给 李静');
  expect(preview).toContain('/tasks?view&#x3D;region&amp;kind&#x3D;review');
});
