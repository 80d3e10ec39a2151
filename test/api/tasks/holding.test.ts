/** What a holder does with a task besides deciding it, over HTTP: a colleague's opinion, suspending, resuming. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inTransaction } from '../../../db/client.ts';
import { withdrawProcedure } from '../../../db/protocol/life.ts';
import { findBrokenLink, lockProcedure } from '../../../db/protocol/procedures.ts';
import { type CounterOfTests, openCounter, plainReview } from '../../support/counter.ts';
import { publishPlan } from '../../support/by-hand/asks.ts';

let counter: CounterOfTests;
beforeAll(async () => {
  counter = await openCounter();
});
afterAll(() => counter?.close());

const userId = async (login: string): Promise<string> => (await counter.cases.actor(login)).userId;

async function heldReview(): Promise<{ id: string; taskId: string; path: string }> {
  const { id, taskId } = await counter.openReview();
  await (await counter.as('first-1')).post(`/tasks/${taskId}/claim`);
  return { id, taskId, path: `/tasks/${taskId}` };
}

type Detail = { acts: string[]; delegate: string | null; suspended: boolean; opinions: { delegate: string; opinion: string | null }[] };

describe('asking a colleague (委派)', () => {
  test('[F06] the task shows at the colleague, comes back with a written opinion, and the holder decides', async () => {
    const { id, path, taskId } = await heldReview();
    const [holder, colleague] = await Promise.all([counter.as('first-1'), counter.as('first-2')]);
    const asked = await holder.post(`${path}/delegate`, { to: await userId('first-2'), question: '教师资质是否够？' });
    expect(asked.body).toMatchObject({ delegate: '李静' });
    expect((await holder.post(`${path}/decide`, { outcome: 'approve' })).body).toMatchObject({ status: 409, code: 'task.delegated' });
    const list = await colleague.get<{ tasks: { id: string; delegate: string }[]; counts: { asked: number } }>('/tasks?view=asked');
    expect(list.body).toMatchObject({ tasks: [{ id: taskId, delegate: '李静' }], counts: { asked: 1 } });
    const page = await counter.browse('first-2', path);
    expect(page.html).toContain('教师资质是否够？');
    expect(page.html).toContain('name="opinion"');
    expect(page.html).not.toContain('name="outcome"');
    expect((await colleague.post(`${path}/decide`, { outcome: 'approve' })).body).toMatchObject({ status: 409, code: 'task.claimed' });
    const empty = await counter.browse('first-2', `${path}/opinion`, { opinion: '' });
    expect(empty.status).toBe(422);
    expect(empty.html).toContain('id="e-opinion"');
    expect((await colleague.post(`${path}/opinion`, { opinion: '两名教师均为技师，够。' })).body).toMatchObject({ given: true });
    expect((await holder.get<Detail>(path)).body).toMatchObject({
      delegate: null,
      opinions: [{ delegate: '李静', opinion: '两名教师均为技师，够。' }],
    });
    expect((await counter.browse('first-1', path)).html).toContain('两名教师均为技师');
    expect((await holder.post(`${path}/decide`, { outcome: 'approve' })).status).toBe(200);
    for (const [login, template] of [
      ['first-2', 'opinion_asked'],
      ['first-1', 'opinion_given'],
    ] as const)
      expect(await counter.db('mails').where({ user_id: await userId(login), template })).toHaveLength(1);
    const acts = await counter.db('audit_log').where({ procedure_id: id }).orderBy('no').pluck('act');
    expect(acts.slice(-4)).toEqual(['task.claim', 'task.delegate', 'task.opine', 'task.approve']);
    expect(await findBrokenLink(counter.db, id)).toBeUndefined();
  });

  test('[F06] what the office asks itself is not shown to the institution', async () => {
    const { path } = await heldReview();
    await (await counter.as('first-1')).post(`${path}/delegate`, { to: await userId('first-2'), question: '内部问题' });
    const school = await counter.as('school-1');
    expect((await school.get<Detail>(path)).body.opinions).toEqual([]);
    const page = await counter.browse('school-1', path);
    expect(page.status).toBe(200);
    expect(page.html).not.toContain('内部问题');
    expect(page.html).not.toContain('就此出具');
  });

  test('[F06] a question is taken back by its holder, ends when a supervisor reassigns, and an answer then comes too late', async () => {
    const { path } = await heldReview();
    const [holder, colleague, supervisor] = await Promise.all(['first-1', 'first-2', 'supervise-1'].map((login) => counter.as(login)));
    if (!holder || !colleague || !supervisor) throw new Error('nobody');
    const to = await userId('first-2');
    await holder.post(`${path}/delegate`, { to, question: '看一下课表' });
    expect((await holder.post(`${path}/delegate`, { to, question: '再看' })).body).toMatchObject({ code: 'task.delegated' });
    expect((await holder.post(`${path}/release`)).body).toMatchObject({ code: 'task.delegated' });
    expect((await holder.post(`${path}/recall`)).body).toMatchObject({ recalled: true });
    expect((await colleague.post(`${path}/opinion`, { opinion: '迟到的意见' })).body).toMatchObject({ status: 409, code: 'task.notAsked' });
    await holder.post(`${path}/delegate`, { to, question: '看一下课表' });
    expect((await supervisor.post(`${path}/reassign`, { to, reason: '周明出差' })).status).toBe(200);
    expect((await colleague.post(`${path}/opinion`, { opinion: '迟到的意见' })).body).toMatchObject({ code: 'task.notAsked' });
    expect((await colleague.post(`${path}/decide`, { outcome: 'approve' })).status).toBe(200);
  });

  test('[F06] what a colleague was asked ends with the task, whoever ends it', async () => {
    const { id, path, taskId } = await heldReview();
    await (await counter.as('first-1')).post(`${path}/delegate`, { to: await userId('first-2'), question: '看一下课表' });
    const by = { actor: await userId('school-1'), reason: '计划有变', act: 'class.withdraw' };
    await inTransaction(counter.db, async (trx) => withdrawProcedure(trx, await lockProcedure(trx, id), by));
    const [question] = await counter.db('task_delegations').where({ task_id: taskId });
    expect(question).toMatchObject({ status: 'recalled', opinion: null });
    expect(question.settled_at).toBeInstanceOf(Date);
    const colleague = await counter.as('first-2');
    expect((await colleague.get<Detail>(path)).body.opinions).toMatchObject([{ status: 'recalled' }]);
    expect((await colleague.post(`${path}/opinion`, { opinion: '迟到的意见' })).body).toMatchObject({
      status: 409,
      code: 'task.cancelled',
    });
  });

  test('[F06] only the holder asks, only a colleague of the same role and office is asked, and words are needed', async () => {
    const { taskId } = await counter.openReview();
    const path = `/tasks/${taskId}`;
    const holder = await counter.as('first-1');
    const ask = (to: string, question = '请看') => holder.post(`${path}/delegate`, { to, question });
    expect((await ask(await userId('first-2'))).body).toMatchObject({ status: 409, code: 'task.notHeld' });
    await holder.post(`${path}/claim`);
    for (const login of ['first-1', 'second-1', 'other-first-1', 'school-1'])
      expect((await ask(await userId(login))).body).toMatchObject({ status: 422, issues: [{ field: 'to', code: 'task.notColleague' }] });
    expect((await ask(await userId('first-2'), ' ')).body).toMatchObject({ status: 422, issues: [{ field: 'question' }] });
    expect(
      (await (await counter.as('first-2')).post(`${path}/delegate`, { to: await userId('first-1'), question: '请看' })).body,
    ).toMatchObject({
      code: 'task.claimed',
    });
  });

  test('[F05] an opinion takes part: its giver is refused every other step of the matter, and may still take this one over', async () => {
    const { taskIds } = await counter.cases.open([plainReview, { ...plainReview, step: 'review.second_look' }]);
    const [path, other] = taskIds.map((taskId) => `/tasks/${taskId}`);
    const [holder, colleague, supervisor] = await Promise.all(['first-1', 'first-2', 'supervise-1'].map((login) => counter.as(login)));
    if (!holder || !colleague || !supervisor || !path || !other) throw new Error('nobody');
    const to = await userId('first-2');
    await holder.post(`${path}/claim`);
    await holder.post(`${path}/delegate`, { to, question: '请看' });
    await colleague.post(`${path}/opinion`, { opinion: '同意' });
    for (const answer of [
      await colleague.post(`${other}/claim`),
      await colleague.post(`${other}/decide`, { outcome: 'approve' }),
      await supervisor.post(`${other}/reassign`, { to, reason: '请办理' }),
    ])
      expect(answer.body).toMatchObject({ code: 'task.fourEyes' });
    expect((await counter.browse('first-2', other)).html).toContain('四眼原则');
    await holder.post(`${path}/release`);
    expect((await colleague.post(`${path}/decide`, { outcome: 'approve' })).status).toBe(200);
  });

  test('closing the account of a colleague gives the question back, that of the holder the task', async () => {
    const { path, taskId } = await heldReview();
    const to = await hire('leaving-1', 'first_reviewer', '350104');
    await hire('admin-1', 'system_admin', '350100');
    await (await counter.as('first-1')).post(`${path}/delegate`, { to, question: '请看' });
    const admin = await counter.as('admin-1');
    const held = () => counter.db('tasks').where({ id: taskId }).first('claimed_by', 'delegated_to');
    expect((await admin.post(`/admin/accounts/${to}/deactivate`, { reason: '调离' })).body).toMatchObject({ tasks: 0 });
    expect(await held()).toEqual({ claimed_by: await userId('first-1'), delegated_to: null });
    const next = await hire('leaving-2', 'first_reviewer', '350104');
    await (await counter.as('supervise-1')).post(`${path}/reassign`, { to: next, reason: '请办理' });
    await (await counter.as('leaving-2')).post(`${path}/delegate`, { to: await userId('first-2'), question: '请看' });
    expect((await admin.post(`/admin/accounts/${next}/deactivate`, { reason: '调离' })).body).toMatchObject({ tasks: 1 });
    expect(await held()).toEqual({ claimed_by: null, delegated_to: null });
  });
});

async function hire(login: string, role: string, region: string): Promise<string> {
  const [row] = await counter.db('users').insert({ login, name: login, region, demo: true }).returning('id');
  await counter.db('grants').insert({ user_id: row.id, role, region });
  return row.id;
}

describe('suspending (挂起)', () => {
  test('[F06] a suspended task is out of the queue, cannot be decided, and its period goes on; resumed, it is as before', async () => {
    const { id, path, taskId } = await heldReview();
    const before = await counter.db('tasks').where({ id: taskId }).first('due_at', 'next_rung_at', 'version');
    const [holder, colleague] = await Promise.all([counter.as('first-1'), counter.as('first-2')]);
    expect((await holder.post(`${path}/suspend`, { reason: '' })).status).toBe(422);
    expect((await holder.post(`${path}/suspend`, { reason: '等公安核查结果' })).body).toMatchObject({ suspended: true });
    const ids = async (view: string) =>
      (await holder.get<{ tasks: { id: string }[] }>(`/tasks?view=${view}&size=100`)).body.tasks.map((task) => task.id);
    expect(await ids('queue')).not.toContain(taskId);
    expect(await ids('mine')).toContain(taskId);
    expect((await holder.post(`${path}/decide`, { outcome: 'approve' })).body).toMatchObject({ status: 409, code: 'task.suspended' });
    expect((await colleague.post(`${path}/claim`)).body).toMatchObject({ code: 'task.suspended' });
    const page = await counter.browse('first-1', path);
    expect(page.html).toContain('等公安核查结果');
    expect(page.html).toContain('办理时限照常计算');
    expect(page.html).not.toContain('name="outcome"');
    const school = await counter.browse('school-1', path);
    expect(school.html).not.toContain('等公安核查结果');
    expect(await counter.db('tasks').where({ id: taskId }).first('due_at', 'next_rung_at', 'version')).toEqual(before);
    expect((await colleague.post(`${path}/resume`)).body).toMatchObject({ code: 'task.suspended' });
    expect((await holder.post(`${path}/resume`)).body).toMatchObject({ suspended: false });
    expect((await holder.post(`${path}/resume`)).body).toMatchObject({ code: 'task.notSuspended' });
    // The form that was open before is still good.
    expect((await holder.post(`${path}/decide`, { outcome: 'approve', version: before.version })).status).toBe(200);
    expect(await findBrokenLink(counter.db, id)).toBeUndefined();
  });

  test('what one form of the case was refused stands at that form alone, and what was typed stays in it', async () => {
    const { path } = await heldReview();
    const errors = (html: string): string[] =>
      [...html.matchAll(/class="field[^"]* invalid">\s*<label for="([^"]+)"/g)].map(([, of]) => of ?? '');
    const suspended = await counter.browse('first-1', `${path}/suspend`, { reason: '等' });
    expect(suspended.status).toBe(422);
    expect(errors(suspended.html)).toEqual(['f-suspend.reason']);
    expect(suspended.html).toMatch(/id="f-suspend\.reason"[^>]* value="等"/);
    expect(suspended.html).toContain('href="#f-suspend.reason"');
    const asked = await counter.browse('first-1', `${path}/delegate`, { to: '', question: '' });
    expect(errors(asked.html)).toEqual(['f-delegate.to', 'f-delegate.question']);
    const handed = await counter.browse('supervise-1', `${path}/reassign`, { to: '', reason: '' });
    expect(errors(handed.html)).toEqual(['f-reassign.to', 'f-reassign.reason']);
    const escalated = await counter.browse('supervise-1', `${path}/escalate`, { reason: '' });
    expect(errors(escalated.html)).toEqual(['f-escalate.reason']);
    const decided = await counter.browse('first-1', `${path}/decide`, { outcome: 'return', reason: '' });
    expect(errors(decided.html)).not.toContain('f-suspend.reason');
  });

  test('[F06] a supervisor suspends and resumes too, also what nobody holds; an institution’s task is not suspended', async () => {
    const { taskId } = await counter.openReview();
    const supervisor = await counter.as('supervise-1');
    expect((await supervisor.post(`/tasks/${taskId}/suspend`, { reason: '政策调整' })).status).toBe(200);
    expect((await (await counter.as('first-2')).post(`/tasks/${taskId}/decide`, { outcome: 'approve' })).body).toMatchObject({
      code: 'task.suspended',
    });
    expect((await supervisor.post(`/tasks/${taskId}/reassign`, { to: await userId('first-2'), reason: '请办理' })).body).toMatchObject({
      code: 'task.suspended',
    });
    expect((await supervisor.post(`/tasks/${taskId}/resume`)).status).toBe(200);
    const { taskIds } = await counter.cases.open([publishPlan]);
    expect((await supervisor.post(`/tasks/${taskIds[0]}/suspend`, { reason: '等等' })).body).toMatchObject({ code: 'supervision.outside' });
    const school = await counter.as('school-1');
    for (const act of ['claim', 'release', 'resume', 'recall'])
      expect((await school.post(`/tasks/${taskIds[0]}/${act}`)).body).toMatchObject({ status: 409, code: 'task.ofInstitution' });
  });
});
