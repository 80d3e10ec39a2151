/** What a supervisor does over HTTP, and the board. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findBrokenLink } from '../../../../db/protocol/procedures.ts';
import { type CounterOfTests, openCounter, plainReview } from '../../../support/counter.ts';

let counter: CounterOfTests;
beforeAll(async () => {
  counter = await openCounter();
});
afterAll(() => counter?.close());

describe('supervision', () => {
  test('[F12] reassigning stays within the office and its role, respects four eyes, and is on record', async () => {
    const { id, taskIds } = await counter.cases.open([plainReview, { ...plainReview, step: 'review.second_look' }]);
    const supervisor = await counter.as('supervise-1');
    const [one, two, second] = await Promise.all(
      ['first-1', 'first-2', 'second-1'].map(async (login) => (await counter.cases.actor(login)).userId),
    );
    await (await counter.as('first-1')).post(`/tasks/${taskIds[0]}/decide`, { outcome: 'approve' });
    expect((await supervisor.post(`/tasks/${taskIds[1]}/reassign`, { to: second, reason: '请办理' })).body).toMatchObject({
      status: 422,
      issues: [{ field: 'to', code: 'supervision.notHolder' }],
    });
    expect((await supervisor.post(`/tasks/${taskIds[1]}/reassign`, { to: one, reason: '请办理' })).body).toMatchObject({
      status: 409,
      code: 'task.fourEyes',
    });
    expect((await supervisor.post(`/tasks/${taskIds[1]}/reassign`, { to: two, reason: '' })).status).toBe(422);
    expect((await supervisor.post(`/tasks/${taskIds[1]}/reassign`, { to: two, reason: '周明休假' })).body).toMatchObject({
      holder: '李静',
    });
    expect(await counter.db('audit_log').where({ procedure_id: id, act: 'task.reassign' }).first('detail')).toMatchObject({
      detail: { to: two, reason: '周明休假' },
    });
    expect(await counter.db('mails').where({ user_id: two, template: 'assigned' })).toHaveLength(1);
    expect((await supervisor.post(`/tasks/${taskIds[0]}/reassign`, { to: two, reason: '已办' })).body).toMatchObject({
      status: 409,
      code: 'task.decided',
    });
    expect(await findBrokenLink(counter.db, id)).toBeUndefined();
  });

  test('urging goes out once a working day; escalating asks the superior for an order, once', async () => {
    const { taskId } = await counter.openReview();
    await (await counter.as('first-2')).post(`/tasks/${taskId}/claim`);
    const supervisor = await counter.as('supervise-1');
    expect((await supervisor.post(`/tasks/${taskId}/urge`)).body).toMatchObject({ mailed: 1 });
    expect((await supervisor.post(`/tasks/${taskId}/urge`)).body).toMatchObject({ status: 409, code: 'supervision.urgedToday' });
    const escalated = await supervisor.post(`/tasks/${taskId}/escalate`, { reason: '久拖不决' });
    expect(escalated.status).toBe(200);
    expect((await counter.browse('supervise-1', `/tasks/${taskId}`)).html).not.toContain('f-escalate.reason');
    expect((await supervisor.post(`/tasks/${taskId}/escalate`, { reason: '再报' })).body).toMatchObject({
      status: 409,
      code: 'supervision.escalated',
    });
    const superior = (await counter.cases.actor('city-supervise-1')).userId;
    expect(await counter.db('mails').where({ user_id: superior, template: 'escalation' })).toHaveLength(1);
    expect(await counter.db('procedures').where({ type: 'supervisionOrder', subject_id: taskId })).toMatchObject([
      { region: '350104', status: 'open', flags: { issuerRole: 'supervisor', issuerLevel: 'superior', answerDays: 3 } },
    ]);
    expect((await supervisor.get<{ order: unknown }>(`/tasks/${taskId}`)).body.order).toMatchObject({ state: 'requested' });
    // An officer's open form is still good: a reminder changes no version.
    expect((await (await counter.as('first-2')).post(`/tasks/${taskId}/decide`, { outcome: 'approve', version: 1 })).status).toBe(200);
  });

  test('only a supervisor whose region contains the office', async () => {
    const { taskId } = await counter.openReview();
    expect((await (await counter.as('first-1')).post(`/tasks/${taskId}/urge`)).body).toMatchObject({
      status: 403,
      code: 'supervision.notYours',
    });
    expect((await (await counter.as('other-supervise-1')).post(`/tasks/${taskId}/urge`)).body).toMatchObject({
      status: 404,
      code: 'task.unknown',
    });
    expect((await (await counter.as('city-supervise-1')).post(`/tasks/${taskId}/urge`)).status).toBe(200);
    expect((await (await counter.as('first-1')).get('/board')).status).toBe(403);
  });

  test('[F06] whoever may not even read a task learns nothing of it by pressing for it', async () => {
    const { taskId } = await counter.openReview();
    const { userId: to } = await counter.cases.actor('first-2');
    const tries: [string, Record<string, unknown>][] = [
      ['reassign', { to, reason: '平衡工作量' }],
      ['urge', {}],
      ['escalate', { reason: '久拖不决' }],
    ];
    for (const login of ['other-first-1', 'other-supervise-1'])
      for (const [act, body] of tries)
        for (const id of [taskId, 'class-nothing/review.first_review/1'])
          expect([act, (await (await counter.as(login)).post(`/tasks/${id}/${act}`, body)).body]).toMatchObject([
            act,
            { status: 404, code: 'task.unknown' },
          ]);
    // The office and the institution read it: they are told that it is not theirs.
    for (const login of ['second-1', 'school-1'])
      for (const [act, body] of tries)
        expect([act, (await (await counter.as(login)).post(`/tasks/${taskId}/${act}`, body)).body]).toMatchObject([
          act,
          { status: 403, code: 'supervision.notYours' },
        ]);
  });

  test('the board counts what is late in the subtree, by officer and week', async () => {
    const { taskId } = await counter.openReview();
    const done = await counter.openReview();
    expect((await (await counter.as('first-1')).post(`/tasks/${done.taskId}/decide`, { outcome: 'approve' })).status).toBe(200);
    await counter.db.raw(`update tasks set due_date = '2026-02-25', due_at = timestamptz '2026-02-26T00:00:00+08:00' where id = ?`, [
      taskId,
    ]);
    const board = await (await counter.as('supervise-1')).get<{
      figures: { overdue: number; oldestDue: string };
      overdue: { id: string; late: string }[];
      loads: { name: string | null }[];
      trend: unknown[];
    }>('/board');
    expect(board.status).toBe(200);
    expect(board.body.figures).toMatchObject({ overdue: 1, oldestDue: '2026-02-25' });
    expect(board.body.overdue[0]).toMatchObject({ id: taskId, late: '超期 4 个工作日' });
    expect(board.body.loads.map((load) => load.name)).toContain('周明');
    expect(board.body.trend).toHaveLength(12);
    expect((await (await counter.as('other-supervise-1')).get<{ figures: { overdue: number } }>('/board')).body.figures.overdue).toBe(0);
    const page = await counter.browse('city-supervise-1', '/board');
    expect(page.status).toBe(200);
    expect(page.html).toContain('超期 4 个工作日');
    // Who has nothing in hand is counted and named in one place, what was done today beside it; nobody with nothing is a bar.
    const own = (await counter.browse('supervise-1', '/board')).html;
    expect(own).not.toMatch(/class="value">0 件/);
    const [, said, names] = /目前无在办 (\d+) 人：([\s\S]*?)<\/div>/.exec(own) ?? [];
    const { loads } = (
      await (
        await counter.as('supervise-1')
      ).get<{ loads: { userId: string | null; overdue: number; soon: number; later: number }[] }>('/board')
    ).body;
    const free = loads.filter((load) => load.userId !== null && load.overdue + load.soon + load.later === 0).length;
    expect(Number(said)).toBe(free);
    expect(names?.match(/class="nowrap"/g)).toHaveLength(free);
    expect(names).toMatch(/（今日已办 \d+ 件）/);
  });

  test('what institutions let pass stands on the board in a list of its own, and their kinds are no choice of an officer', async () => {
    const { id, taskId } = await counter.openReview();
    await counter.db.raw(
      `update tasks set role = 'institution', kind = 'rectification', outcomes = '{rectify}', due_date = '2026-02-25', due_at = timestamptz '2026-02-26T00:00:00+08:00' where id = ?`,
      [taskId],
    );
    const { number } = await counter
      .db('classes')
      .join('procedures', 'procedures.class_id', 'classes.id')
      .where({ 'procedures.id': id })
      .first('classes.number');
    const read = async (login: string) =>
      (await (await counter.as(login)).get<{ overdue: { id: string }[]; institutionsOverdue: { id: string; late: string }[] }>('/board'))
        .body;
    const board = await read('supervise-1');
    expect(board.institutionsOverdue).toMatchObject([{ id: taskId, late: '超期 4 个工作日' }]);
    expect(board.overdue.map((task) => task.id)).not.toContain(taskId);
    expect((await read('other-supervise-1')).institutionsOverdue).toEqual([]);
    const { html } = await counter.browse('supervise-1', '/board');
    expect(html).toContain('机构逾期');
    expect(html).toContain(`<a class="title" href="/classes/${number}"`);
    const list = (await counter.browse('supervise-1', '/tasks?view=region&kind=order_issue')).html;
    expect(list).toContain('value="review"');
    for (const kind of ['rectification', 'attendance', 'correction']) expect(list).not.toContain(`value="${kind}"`);
  });

  test('nobody is chosen beforehand as the one who gets a task, and who has it is not offered', async () => {
    const { taskId } = await counter.openReview();
    await counter.db.raw(`update tasks set due_date = '2026-02-25', due_at = timestamptz '2026-02-26T00:00:00+08:00' where id = ?`, [
      taskId,
    ]);
    await (await counter.as('first-2')).post(`/tasks/${taskId}/claim`);
    await counter.db('tasks').where({ status: 'open' }).whereNot({ id: taskId }).update({ due_date: null, due_at: null });
    const holder = (await counter.cases.actor('first-2')).userId;
    for (const [path, field] of [
      ['/board', 'f-to'],
      [`/tasks/${taskId}`, 'f-reassign.to'],
    ] as const) {
      const { html } = await counter.browse('supervise-1', path);
      const select = new RegExp(`<select id="${field}"[\\s\\S]*?</select>`).exec(html)?.[0] ?? '';
      expect(select).toMatch(/<select [^>]*required[^>]*>\s*<option value="">请选择<\/option>/);
      expect(select).toContain((await counter.cases.actor('first-1')).userId);
      expect(select).not.toContain(holder);
    }
    const refused = await counter.browse('supervise-1', `/tasks/${taskId}/reassign`, { to: '', reason: '周明休假' });
    expect(refused.status).toBe(422);
  });
});
