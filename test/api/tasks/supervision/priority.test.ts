/** Tasks that a supervisor marks as pressing (加急): who may, what is on record, where they stand and who is told. Real PostgreSQL, no Temporal. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findBrokenLink } from '../../../../db/protocol/procedures.ts';
import { takeStep } from '../../../../db/protocol/steps.ts';
import { listTaskChanges, newestLine } from '../../../../db/views/inbox/task-changes.ts';
import type { Ask, ReviewStep } from '../../../../workflows/domain/procedures.ts';
import { signersOf } from '../../../../workflows/domain/signing.ts';
import { type CounterOfTests, openCounter, plainReview } from '../../../support/counter.ts';

let counter: CounterOfTests;
beforeAll(async () => {
  counter = await openCounter();
});
afterAll(() => counter?.close());

type Inbox = { tasks: { id: string; priority: { reason: string } | null }[]; counts: { total: number; priority: number } };
const lines = (id: string) => counter.db('audit_log').where({ procedure_id: id }).whereLike('act', 'task.%prioritise').orderBy('no');

test('[F11] a supervisor marks a task with a reason, once however often, and takes the mark off; its holder is told; no form that is open breaks', async () => {
  const { id, taskId } = await counter.openReview();
  const before = await counter.db('tasks').where({ id: taskId }).first('due_at', 'due_date', 'version');
  const holder = await counter.as('first-2');
  await holder.post(`/tasks/${taskId}/claim`);
  const { version } = await counter.db('tasks').where({ id: taskId }).first('version');
  const supervisor = await counter.as('supervise-1');
  const path = `/tasks/${taskId}/priority`;
  expect((await supervisor.post(path, { priority: true })).body).toMatchObject({
    status: 422,
    issues: [{ field: 'reason', code: 'task.reasonMissing' }],
  });
  expect((await supervisor.post(path, { priority: true, reason: '学员 350104199003071229 催问' })).body).toMatchObject({
    status: 422,
    issues: [{ field: 'reason' }],
  });
  expect(await lines(id)).toEqual([]);
  // Two at once leave one line.
  const both = await Promise.all([
    supervisor.post(path, { priority: true, reason: '企业急需用工' }),
    (await counter.as('city-supervise-1')).post(path, { priority: true, reason: '企业急需用工' }),
  ]);
  expect(both.map(({ status, body }) => [status, body])).toEqual([
    [200, { taskId, priority: true }],
    [200, { taskId, priority: true }],
  ]);
  expect((await supervisor.post(path, { priority: true, reason: '另一个理由' })).status).toBe(200);
  expect(await lines(id)).toMatchObject([{ act: 'task.prioritise', subject: taskId, detail: { reason: '企业急需用工' } }]);
  const { userId } = await counter.cases.actor('first-2');
  expect(await counter.db('notices').where({ user_id: userId, occasion: 'task.prioritised' })).toHaveLength(1);
  expect(await counter.db('notices').where({ occasion: 'task.prioritised' })).toHaveLength(1);
  const marked = await counter.db('tasks').where({ id: taskId }).first('due_at', 'due_date', 'version', 'priority_reason');
  expect(marked).toEqual({ ...before, version, priority_reason: '企业急需用工' });
  expect((await holder.get<{ priority: unknown }>(`/tasks/${taskId}`)).body.priority).toEqual({ reason: '企业急需用工' });
  // Whoever belongs to the institution of the case reads the task and nothing of how the office ranks it.
  const school = await (await counter.as('school-1')).get<{ priority: unknown; timeline: { act: string }[] }>(`/tasks/${taskId}`);
  expect([school.status, school.body.priority]).toEqual([200, null]);
  expect(school.body.timeline.map(({ act }) => act)).not.toContain('task.prioritise');

  expect((await supervisor.post(path, { priority: false })).body).toEqual({ taskId, priority: false });
  expect((await supervisor.post(path, { priority: false })).status).toBe(200);
  expect((await lines(id)).map(({ act }) => act)).toEqual(['task.prioritise', 'task.unprioritise']);
  expect((await holder.post(`/tasks/${taskId}/decide`, { outcome: 'approve', version })).status).toBe(200);
  expect((await supervisor.post(path, { priority: true, reason: '已办的事' })).body).toMatchObject({ status: 409, code: 'task.decided' });
  expect(await findBrokenLink(counter.db, id)).toBeUndefined();
  // A decided task shows no mark.
  const another = await counter.openReview();
  await supervisor.post(`/tasks/${another.taskId}/priority`, { priority: true, reason: '企业急需用工' });
  await holder.post(`/tasks/${another.taskId}/decide`, { outcome: 'approve' });
  expect((await holder.get<{ priority: unknown }>(`/tasks/${another.taskId}`)).body.priority).toBeNull();
  expect((await holder.get<Inbox>('/tasks')).body.counts.priority).toBe(0);
});

test('[F11] only supervisors of its office mark a task: who reads it is refused, to others it is unknown; an institution’s own task takes no mark', async () => {
  const { id, taskId } = await counter.openReview();
  const answer = async (login: string) => {
    const { status, body } = await (await counter.as(login)).post(`/tasks/${taskId}/priority`, { priority: true, reason: '急用急办' });
    return [login, status, body['code']];
  };
  expect(await Promise.all(['first-1', 'audit-1', 'school-1', 'other-supervise-1'].map(answer))).toEqual([
    ['first-1', 403, 'supervision.notYours'],
    ['audit-1', 403, 'supervision.notYours'],
    ['school-1', 403, 'supervision.notYours'],
    ['other-supervise-1', 404, 'task.unknown'],
  ]);
  expect(await lines(id)).toEqual([]);
});

test('[F11] marked tasks stand first in the list, in a group of their own, and are the next ones; the filter has an address, is saved and exported', async () => {
  const opened = [await counter.openReview(), await counter.openReview(), await counter.openReview()];
  const one = await counter.as('first-1');
  const urgent = opened[2]?.taskId ?? '';
  await counter.db('tasks').where({ id: urgent }).update({ due_at: '2027-01-01' });
  expect((await one.get<Inbox>('/tasks')).body.tasks[0]?.id).not.toBe(urgent);
  await (await counter.as('supervise-1')).post(`/tasks/${urgent}/priority`, { priority: true, reason: '上级交办，月底前办结' });
  const list = (await one.get<Inbox>('/tasks')).body;
  expect(list.tasks[0]).toMatchObject({ id: urgent, priority: { reason: '上级交办，月底前办结' } });
  expect(list.counts.priority).toBe(1);
  expect(list.tasks.filter(({ id }) => id === urgent)).toHaveLength(1);
  const only = (await one.get<Inbox>('/tasks?priority=1')).body;
  expect([only.tasks.map(({ id }) => id), only.counts.total]).toEqual([[urgent], 1]);
  expect((await one.get('/tasks/next')).body).toEqual({ taskId: urgent });
  const page = (await counter.browse('first-1', '/tasks')).html;
  expect(page).toMatch(/<span class="badge amber strong">加急<\/span><span data-figure-of="priority">1 件</);
  expect(page).toContain('上级交办，月底前办结');
  const filtered = (await counter.browse('first-1', '/tasks?priority=1')).html;
  expect(filtered).toContain('移除此筛选');
  const saved = await one.post<{ list: string }>('/tasks/views', { name: '加急的', list: 'priority=1' });
  expect(saved.body.list).toBe('priority=1');
  const csv = (await counter.browse('first-1', '/tasks/export.csv?priority=1')).html.trim().split('\r\n');
  expect(csv).toHaveLength(2);
  expect(csv[1]).toContain('加急：上级交办，月底前办结');
  // A text in a region goes through what is open: the same order.
  const found = (await (await counter.as('city-supervise-1')).get<Inbox>('/tasks?view=region&q=350104')).body;
  expect([found.tasks[0]?.id, found.counts.priority]).toEqual([urgent, 1]);
  expect((await counter.browse('supervise-1', `/tasks/${urgent}`)).html).toContain('取消加急');
});

test('[F11] marking works without script, from the page of the task, which keeps what was refused', async () => {
  const { taskId } = await counter.openReview();
  const path = `/tasks/${taskId}/priority`;
  const refused = await counter.browse('supervise-1', path, { priority: '1', reason: '' });
  expect(refused.status).toBe(422);
  expect(refused.html).toContain('f-prioritise.reason');
  const done = await counter.browse('supervise-1', path, { priority: '1', reason: '群众来访督促' });
  expect([done.status, done.location]).toEqual([303, `/tasks/${taskId}`]);
  expect((await counter.browse('first-1', `/tasks/${taskId}`)).html).toMatch(/加急<\/span> 群众来访督促/);
  expect((await counter.browse('supervise-1', path, { priority: '0' })).status).toBe(303);
  expect(await counter.db('tasks').where({ id: taskId }).first('priority', 'priority_reason')).toEqual({
    priority: false,
    priority_reason: null,
  });
});

test('[F11] the mark goes on to the next tasks of the office, past the institution, with its reason and who set it, until it is taken off', async () => {
  const { id, taskId } = await counter.openReview();
  const supervisor = await counter.as('supervise-1');
  await supervisor.post(`/tasks/${taskId}/priority`, { priority: true, reason: '企业急需用工' });
  const { userId } = await counter.cases.actor('supervise-1');
  let stepNo = 1;
  const open = async (...asks: Ask[]) => {
    const { fact_no: appliedNo } = await counter.db('procedures').where({ id }).first('fact_no');
    stepNo += 1;
    const move = { procedureId: id, stepNo, appliedNo, stage: 'review', step: 'x', acts: [], asks, cancels: [], flags: {} };
    await takeStep(counter.db, move, async () => ({}));
    const rows = await counter.db('tasks').where({ procedure_id: id, status: 'open' }).orderBy('id');
    return rows.map(({ id: task, priority, priority_reason: reason, prioritised_by: by }) => [task, priority, reason, by]);
  };
  await (await counter.as('first-2')).post(`/tasks/${taskId}/decide`, { outcome: 'return', reason: '请补正后再报' });
  const correction: Ask = { ...plainReview, step: 'review.correction', kind: 'correction', role: 'institution', outcomes: ['resubmit'] };
  expect(await open(correction)).toEqual([[`${id}/review.correction/1`, false, null, null]]);
  await counter.db('tasks').where({ procedure_id: id, status: 'open' }).update({ status: 'cancelled' });
  const [again, later] = [`${id}/review.first_review/2`, `${id}/review.second_review/1`];
  expect(await open(plainReview, { ...plainReview, step: 'review.second_review' })).toEqual([
    [again, true, '企业急需用工', userId],
    [later, true, '企业急需用工', userId],
  ]);
  expect((await (await counter.as('first-1')).get<Inbox>('/tasks?priority=1')).body.tasks.map((task) => task.id)).toContain(again);
  // Off at one of them, it is off for the matter.
  expect((await supervisor.post(`/tasks/${later}/priority`, { priority: false })).status).toBe(200);
  expect(await counter.db('tasks').where({ procedure_id: id, status: 'open', priority: true })).toEqual([]);
  expect((await open({ ...plainReview, step: 'review.third' })).every(([, priority]) => priority === false)).toBe(true);
});

test('[F11] marked at one of several tasks that are open beside each other, all of the office are, a signer asked for later too; off at any, off at all', async () => {
  const pair: ReviewStep = {
    step: 'first_review',
    role: 'first_reviewer',
    level: 'county',
    workingDays: 3,
    joint: { mode: 'all', with: [{ role: 'second_reviewer', level: 'county' }] },
  };
  const signers = signersOf('review', pair).map(
    (signer): Ask => ({ ...signer, kind: 'review', outcomes: ['approve', 'return'], workingDays: 3 }),
  );
  const asked: Ask = { ...plainReview, step: 'review.correction', kind: 'correction', role: 'institution', outcomes: ['resubmit'] };
  const { id, taskIds } = await counter.cases.open([...signers, asked]);
  const [first = '', second = '', school = ''] = taskIds;
  const other = await counter.openReview();
  const holders = await Promise.all(['first-2', 'second-1'].map((login) => counter.as(login)));
  expect((await holders[0]?.post(`/tasks/${first}/claim`))?.status).toBe(200);
  expect((await holders[1]?.post(`/tasks/${second}/claim`))?.status).toBe(200);
  const marks = async () => {
    const rows = await counter.db('tasks').where({ procedure_id: id }).orderBy('id').select('id', 'priority', 'priority_reason');
    return Object.fromEntries(rows.map(({ id: task, priority, priority_reason: reason }) => [task, priority ? reason : null]));
  };
  const supervisor = await counter.as('supervise-1');
  const line = await newestLine(counter.db);
  expect((await supervisor.post(`/tasks/${second}/priority`, { priority: true, reason: '企业急需用工' })).status).toBe(200);
  expect(await marks()).toEqual({ [first]: '企业急需用工', [second]: '企业急需用工', [school]: null });
  expect(await counter.db('tasks').where({ id: other.taskId }).first('priority')).toEqual({ priority: false });
  // One act, on record once; everybody who holds one of them is told, and open lists put both on top.
  expect(await lines(id)).toMatchObject([{ act: 'task.prioritise', subject: second }]);
  const told = await counter.db('notices').where({ occasion: 'task.prioritised' }).whereIn('task_id', taskIds).select('user_id', 'task_id');
  const { userId: one } = await counter.cases.actor('first-2');
  const { userId: two } = await counter.cases.actor('second-1');
  expect(new Map(told.map(({ task_id: task, user_id: user }) => [task, user]))).toEqual(
    new Map([
      [first, one],
      [second, two],
    ]),
  );
  expect(told).toHaveLength(2);
  const { changes } = await listTaskChanges(counter.db, line);
  const risen = changes.filter(({ fresh }) => fresh).map((change) => change.id);
  expect(risen.sort()).toEqual([first, second].sort());
  // Marked already, wherever it is asked.
  expect((await supervisor.post(`/tasks/${first}/priority`, { priority: true, reason: '另一个理由' })).status).toBe(200);
  expect(await lines(id)).toHaveLength(1);
  expect((await (await counter.as('first-2')).get<Inbox>('/tasks?priority=1&view=mine')).body.tasks.map((task) => task.id)).toEqual([
    first,
  ]);
  expect((await supervisor.post(`/tasks/${first}/priority`, { priority: false })).status).toBe(200);
  expect(await marks()).toEqual({ [first]: null, [second]: null, [school]: null });
  expect(await findBrokenLink(counter.db, id)).toBeUndefined();

  await supervisor.post(`/tasks/${other.taskId}/priority`, { priority: true, reason: '群众来访督促' });
  expect((await holders[0]?.post(`/tasks/${other.taskId}/claim`))?.status).toBe(200);
  const added = await holders[0]?.post<{ signerTask: string }>(`/tasks/${other.taskId}/signers`, { to: two, question: '请核对补贴标准' });
  expect(added?.status).toBe(200);
  expect(await counter.db('tasks').where({ id: added?.body.signerTask }).first('priority', 'priority_reason')).toEqual({
    priority: true,
    priority_reason: '群众来访督促',
  });
});
