/** Claiming and deciding over HTTP, for programs and for browsers; real PostgreSQL, no Temporal. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findBrokenLink } from '../../../db/protocol/procedures.ts';
import { firstReview } from '../../support/by-hand/cases.ts';
import { type CounterOfTests, openCounter, plainReview } from '../../support/counter.ts';
import { correction as correctionAsk, publishPlan } from '../../support/by-hand/asks.ts';

let counter: CounterOfTests;
beforeAll(async () => {
  counter = await openCounter();
});
afterAll(() => counter?.close());

describe('one winner', () => {
  test('[F12] a hundred claims by a hundred people: one success, ninety-nine conflicts naming the holder', async () => {
    const { taskId } = await counter.openReview();
    const logins = await hireReviewers(100);
    const answers = await Promise.all(logins.map(async (login) => (await counter.as(login)).post(`/tasks/${taskId}/claim`)));
    const lost = answers.filter((answer) => answer.status === 409);
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
    expect(lost).toHaveLength(99);
    const holder = await counter.db('tasks as t').join('users as u', 'u.id', 't.claimed_by').where('t.id', taskId).first('u.name');
    expect(new Set(lost.map((answer) => (answer.body['params'] as { name: string }).name))).toEqual(new Set([holder.name]));
  });

  test('[F12] a hundred decisions at once: one is on record, ninety-nine are told who decided', async () => {
    const { id, taskId } = await counter.openReview();
    const [one, two] = [await counter.as('first-1'), await counter.as('first-2')];
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, at) => (at % 2 ? one : two).post(`/tasks/${taskId}/decide`, { outcome: 'approve' })),
    );
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
    const lost = answers.filter((answer) => answer.status === 409);
    expect(lost).toHaveLength(99);
    for (const answer of lost) {
      expect(answer.body).toMatchObject({
        code: 'task.decided',
        params: { name: expect.stringMatching(/周明|李静/), at: expect.any(String), outcome: 'approve' },
      });
    }
    expect(await counter.db('facts').where({ procedure_id: id, kind: 'decided' })).toHaveLength(1);
    expect(await findBrokenLink(counter.db, id)).toBeUndefined();
  });

  test('the same request twice under one Idempotency-Key gets the same answer and decides once', async () => {
    const { id, taskId } = await counter.openReview();
    const key = randomUUID();
    const one = await counter.as('first-1');
    const [a, b] = await Promise.all([
      one.post(`/tasks/${taskId}/decide`, { outcome: 'approve' }, { key }),
      one.post(`/tasks/${taskId}/decide`, { outcome: 'approve' }, { key }),
    ]);
    expect([a.status, b.status]).toEqual([200, 200]);
    expect(a.body['factNo']).toBe(b.body['factNo']);
    expect(await counter.db('facts').where({ procedure_id: id, kind: 'decided' })).toHaveLength(1);
    const other = await one.post(`/tasks/${taskId}/decide`, { outcome: 'return', reason: '另一请求' }, { key });
    expect(other.body).toMatchObject({ status: 409, code: 'idempotency.otherRequest' });
  });
});

describe('who may', () => {
  test('an officer of another county neither sees nor decides it', async () => {
    const { taskId } = await counter.openReview();
    const stranger = await counter.as('other-first-1');
    expect((await stranger.get(`/tasks/${taskId}`)).status).toBe(404);
    const refused = await stranger.post(`/tasks/${taskId}/decide`, { outcome: 'approve' });
    expect(refused.body).toMatchObject({ status: 404, code: 'task.unknown' });
    expect((await stranger.post(`/tasks/${taskId}/claim`)).status).toBe(404);
  });

  test('[N2] a task of another county answers every act as one that does not exist', async () => {
    const { taskId } = await counter.openReview();
    const { userId: to } = await counter.cases.actor('first-2');
    const reason = '工作调整';
    const acts: [string, Record<string, unknown>][] = [
      ['claim', {}],
      ['release', {}],
      ['decide', { outcome: 'approve' }],
      ['delegate', { to, question: '请看一下' }],
      ['opinion', { opinion: '同意' }],
      ['recall', {}],
      ['suspend', { reason }],
      ['resume', {}],
      ['take-back', { reason }],
      ['signers', { to, question: '请一并签署' }],
      ['recall-signer', { reason }],
      ['reassign', { to, reason }],
      ['urge', {}],
      ['escalate', { reason }],
    ];
    const supervising = ['reassign', 'urge', 'escalate'];
    for (const login of ['other-first-1', 'other-supervise-1']) {
      const stranger = await counter.as(login);
      for (const [act, body] of acts) {
        const answers = [];
        for (const id of [taskId, 'class-350104-2026-99999/review.first_review/1'])
          answers.push(await stranger.post<{ code: string }>(`/tasks/${id}/${act}`, body));
        const told = answers.map((answer) => [act, answer.status, answer.body.code]);
        expect(told[0]).toEqual(told[1]);
        // What only supervisors do is refused to everybody else before anything is looked up.
        if (login === 'other-supervise-1' || !supervising.includes(act)) expect(told[0]).toEqual([act, 404, 'task.unknown']);
      }
    }
    // Who reads it is told why not.
    const reader = await counter.as('second-1');
    expect((await reader.post(`/tasks/${taskId}/claim`)).body).toMatchObject({ status: 403, code: 'task.notYours' });
  });

  test('another role of the office reads it and cannot decide it; the institution follows its own case', async () => {
    const { taskId } = await counter.openReview();
    const second = await counter.as('second-1');
    expect((await second.get(`/tasks/${taskId}`)).body).toMatchObject({ mayDecide: false, status: 'open' });
    expect((await second.post(`/tasks/${taskId}/decide`, { outcome: 'approve' })).status).toBe(403);
    expect((await (await counter.as('school-1')).get(`/tasks/${taskId}`)).status).toBe(200);
    expect((await (await counter.as('audit-1')).get(`/tasks/${taskId}`)).body).toMatchObject({ mayDecide: false });
  });

  test('nobody signs two steps of one stage', async () => {
    const { taskIds } = await counter.cases.open([plainReview, { ...plainReview, step: 'review.second_look' }]);
    const one = await counter.as('first-1');
    expect((await one.post(`/tasks/${taskIds[0]}/decide`, { outcome: 'approve' })).status).toBe(200);
    expect((await one.post(`/tasks/${taskIds[1]}/decide`, { outcome: 'approve' })).body).toMatchObject({
      status: 403,
      code: 'task.fourEyes',
    });
    expect((await (await counter.as('first-2')).post(`/tasks/${taskIds[1]}/decide`, { outcome: 'approve' })).status).toBe(200);
  });

  test('a task that nobody knows, and addresses that fit none', async () => {
    const one = await counter.as('first-1');
    for (const path of ['/tasks/class-none/a.b/1', '/tasks/a/b/0', '/tasks/a/b/x']) expect((await one.get(path)).status).toBe(404);
    expect((await one.post('/tasks/class-none/a.b/1/decide', { outcome: 'approve' })).status).toBe(404);
  });
});

describe('deciding', () => {
  test('a return carries its list of points; reasons are made of it; words are needed for each point', async () => {
    const { id, taskId } = await counter.openReview();
    const one = await counter.as('first-1');
    const empty = await one.post(`/tasks/${taskId}/decide`, { outcome: 'return', items: [{ field: 'teachers', text: '' }] });
    expect(empty.body).toMatchObject({ status: 422, issues: [{ field: 'items.0.text', code: 'task.itemText' }] });
    const none = await one.post(`/tasks/${taskId}/decide`, { outcome: 'return' });
    expect(none.body).toMatchObject({ status: 422, issues: [{ field: 'reason', code: 'task.reasonMissing' }] });
    const items = [
      { field: 'teachers', text: '更换教师', mark: 'return' },
      { field: 'venue', text: '无关', mark: 'pass' },
    ];
    expect((await one.post(`/tasks/${taskId}/decide`, { outcome: 'approve', items })).body).toMatchObject({
      status: 422,
      issues: [{ field: 'outcome', code: 'task.marked' }],
    });
    expect((await one.post(`/tasks/${taskId}/decide`, { outcome: 'return', items })).status).toBe(200);
    const fact = await counter.db('facts').where({ procedure_id: id, kind: 'decided' }).first('payload');
    expect(fact.payload).toEqual({ items: [{ field: 'teachers', text: '更换教师' }], reason: '更换教师' });
  });

  test('the checklist of the page sends every point; only the marked ones go out', async () => {
    const { id, taskId } = await counter.openReview();
    const form = {
      outcome: 'return',
      checklist: '1',
      'items[0][field]': 'identity',
      'items[0][text]': '',
      'items[1][field]': 'teachers',
      'items[1][mark]': 'return',
      'items[1][text]': '更换教师',
    };
    expect((await counter.browse('first-1', `/tasks/${taskId}/decide`, form)).status).toBe(303);
    expect((await counter.db('facts').where({ procedure_id: id, kind: 'decided' }).first('payload')).payload.items).toEqual([
      { field: 'teachers', text: '更换教师' },
    ]);
  });

  test('an outcome that is not offered is refused', async () => {
    const { taskId } = await counter.openReview();
    expect((await (await counter.as('first-1')).post(`/tasks/${taskId}/decide`, { outcome: 'refuse', reason: '不行' })).body).toMatchObject(
      {
        status: 422,
        issues: [{ field: 'outcome' }],
      },
    );
  });

  test('a stale version is refused, and the page says what changed and keeps what was typed', async () => {
    const { taskId } = await counter.openReview();
    const stale = await counter.browse('first-1', `/tasks/${taskId}`);
    const seen = /name="seen" value="(\d+)"/.exec(stale.html)?.[1] ?? '';
    const to = (await counter.cases.actor('first-1')).userId;
    await (await counter.as('supervise-1')).post(`/tasks/${taskId}/reassign`, { to, reason: '工作调整' });
    const program = await (await counter.as('first-1')).post(`/tasks/${taskId}/decide`, { outcome: 'approve', version: 1 });
    expect(program.body).toMatchObject({ status: 409, code: 'task.changed' });
    const page = await counter.browse('first-1', `/tasks/${taskId}/decide`, {
      outcome: 'return',
      version: '1',
      seen,
      reason: '一段很长的意见',
    });
    expect(page.status).toBe(409);
    expect(page.html).toContain('一段很长的意见');
    expect(page.html).toContain('工作调整');
    expect(page.html).toContain('name="version" value="2"');
  });

  test('Prefer: wait returns as soon as the fact is applied, and says so', async () => {
    const { id, taskId } = await counter.openReview();
    const one = await counter.as('first-1');
    const began = performance.now();
    setTimeout(async () => counter.db.raw('update procedures set applied_no = fact_no where id = ?', [id]), 300);
    const answer = await one.post(`/tasks/${taskId}/decide`, { outcome: 'approve' }, { headers: { prefer: 'wait=4' } });
    expect(answer.body).toMatchObject({ applied: true });
    expect(answer.headers.get('preference-applied')).toBe('wait=4');
    expect(performance.now() - began).toBeGreaterThan(200);
    expect(performance.now() - began).toBeLessThan(3_000);
    const { taskId: other } = await counter.openReview();
    expect((await one.post(`/tasks/${other}/decide`, { outcome: 'approve' }, { headers: { prefer: 'wait=1' } })).body).toMatchObject({
      applied: false,
    });
  });

  test('a browser goes on to the next task of the same list, with a word of what was recorded', async () => {
    const { taskId } = await counter.openReview();
    await counter.openReview();
    const sent = await counter.browse('first-1', `/tasks/${taskId}/decide`, {
      outcome: 'approve',
      list: 'kind=review',
      idempotencyKey: randomUUID(),
    });
    expect(sent.status).toBe(303);
    expect(sent.location).toMatch(/^\/tasks\/class-[\w-]+\/[\w.]+\/1\?kind=review$/);
    const again = await counter.browse('first-2', `/tasks/${taskId}/decide`, { outcome: 'return', reason: '晚了一步的意见' });
    expect(again.status).toBe(409);
    expect(again.html).toContain('周明');
    expect(again.html).toContain('晚了一步的意见');
  });

  test('a form without reasons comes back with what was entered', async () => {
    const { taskId } = await counter.openReview();
    const page = await counter.browse('first-1', `/tasks/${taskId}/decide`, { outcome: 'propose_refusal', reason: '' });
    expect(page.status).toBe(422);
    expect(page.html).toContain('请写明理由');
  });
});

describe('the inbox', () => {
  test('lists the own queue with words for what is due, and pages through it', async () => {
    const one = await counter.as('first-1');
    const inbox = await one.get<{
      tasks: { id: string; due: { state: string; words: string; day: number; of: number } }[];
      counts: { total: number; mine: number };
      next: string | null;
    }>('/tasks?size=2');
    expect(inbox.status).toBe(200);
    expect(inbox.body.tasks).toHaveLength(2);
    expect(inbox.body.tasks[0]?.due).toMatchObject({ state: 'later', words: '剩 3 个工作日', day: 0, of: 3 });
    const following = await one.get<{ tasks: { id: string }[] }>(`/tasks?size=2&after=${inbox.body.next}`);
    expect(following.body.tasks.map((task) => task.id)).not.toContain(inbox.body.tasks[0]?.id);
    await counter.db('tasks').where({ id: inbox.body.tasks[0]?.id }).update({ days_used: 1 });
    expect((await counter.browse('first-1', '/tasks')).html).toMatch(/第 1\/3 个工作日<\/span>(?:(?!<\/td>)[\s\S])*截止<\/span>/);
    expect((await one.get('/tasks?after=nonsense')).status).toBe(200);
    expect((await one.get('/tasks?view=elsewhere')).status).toBe(422);
  });

  test('an institution sees its own tasks and no others', async () => {
    await counter.cases.open([publishPlan]);
    const inbox = await (await counter.as('school-1')).get<{ tasks: { role: string }[] }>('/tasks?view=region');
    expect(inbox.body.tasks.length).toBeGreaterThan(0);
    expect(new Set(inbox.body.tasks.map((task) => task.role))).toEqual(new Set(['institution']));
  });

  test('the page of a review shows roster, amounts with source, clashes and what no register has answered; numbers are masked', async () => {
    const { taskIds } = await counter.cases.open([firstReview]);
    const { html, status } = await counter.browse('first-1', `/tasks/${taskIds[0]}`);
    expect(status).toBe(200);
    for (const words of ['王建国', '2026 年已享受 3 次', '闽人社文〔2022〕1号', '350104-2026-00002', '待证 1', '转培训前复核'])
      expect(html).toContain(words);
    const sealed = await counter.db('people').select('id_masked');
    expect(sealed.every((row) => html.includes(row.id_masked))).toBe(true);
    expect(html).not.toMatch(/>3501\d{13}[\dX]</);
  });

  test('[N2] an identity number is opened for a stated purpose, on record, and the form keeps what was typed', async () => {
    const { taskIds } = await counter.cases.open([firstReview]);
    const enrolment = await counter.db('enrolments').where({ seat: 1, class_id: counter.cases.classId }).first('id');
    const refused = await (await counter.as('first-1')).post(`/tasks/${taskIds[0]}/reveal`, { enrolmentId: enrolment.id, purpose: '' });
    expect(refused.status).toBe(422);
    const page = await counter.browse('first-1', `/tasks/${taskIds[0]}/reveal`, {
      enrolmentId: enrolment.id,
      purpose: '核对身份',
      reason: '写到一半',
    });
    expect(page.status).toBe(200);
    expect(page.html).toMatch(/3501041990\d{8}/);
    expect(page.html).toContain('写到一半');
    expect(
      await counter.db('audit_log').where({ act: 'person.reveal' }).whereRaw(`detail ->> 'enrolment' = ?`, [enrolment.id]),
    ).toHaveLength(1);
  });

  test('correction and publication show what is asked and what the public will see', async () => {
    const { id, taskIds } = await counter.cases.open([firstReview, correctionAsk]);
    await (await counter.as('first-1')).post(`/tasks/${taskIds[0]}/decide`, {
      outcome: 'return',
      items: [{ field: 'teachers', text: '更换教师或改期' }],
    });
    const correction = await counter.browse('school-1', `/tasks/${id}/pre_training.correction/1`);
    expect(correction.html).toContain('更换教师或改期');
    // An institution claims nothing: no list of its work says so.
    const list = await counter.browse('school-1', '/tasks');
    expect(list.html).toContain(`/tasks/${id}/pre_training.correction/1`);
    for (const html of [list.html, correction.html]) expect(html).not.toMatch(/未认领|data-holder/);
    const { taskIds: publication } = await counter.cases.open([publishPlan]);
    const preview = await counter.browse('school-1', `/tasks/${publication[0]}`);
    expect(preview.html).toContain('王**');
    expect(preview.html).not.toContain('王建国');
  });
});

async function hireReviewers(count: number): Promise<string[]> {
  const logins = Array.from({ length: count }, (_, at) => `hired-${at}`);
  const rows = await counter
    .db('users')
    .insert(logins.map((login) => ({ login, name: login, demo: true })))
    .returning('id');
  await counter.db('grants').insert(rows.map((row) => ({ user_id: row.id, role: 'first_reviewer', region: '350104' })));
  return logins;
}
