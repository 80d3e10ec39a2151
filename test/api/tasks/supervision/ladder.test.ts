/** The ladder of a task as officers see it: what rang, what comes next, and that nobody is told anything on a weekend. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { setClock } from '../../../../db/calendar/clock.ts';
import { lockProcedure } from '../../../../db/protocol/procedures.ts';
import { requestOrder } from '../../../../db/protocol/supervision/orders.ts';
import { getTask } from '../../../../db/protocol/tasks.ts';
import { missingReason } from '../../../../workflows/domain/task-kinds.ts';
import { lookAtClock } from '../../../../db/protocol/alarms.ts';
import { casesBegin } from '../../../support/by-hand/cases.ts';
import { type CounterOfTests, openCounter } from '../../../support/counter.ts';
import { ringAt } from '../../../support/by-hand/ladder.ts';

type Rung = { no: number; act: string; role: string; level: string; state: string; at: string; told: number | null };

let counter: CounterOfTests;
beforeAll(async () => {
  counter = await openCounter();
});
afterAll(() => counter?.close());

const at = (text: string): Date => new Date(`2026-03-${text}:00+08:00`);

const ring = (procedureId: string, now: Date): Promise<string[]> => ringAt(counter.db, procedureId, now);

async function ladder(login: string, taskId: string): Promise<Rung[]> {
  return (await (await counter.as(login)).get<{ ladder: Rung[] }>(`/tasks/${taskId}`)).body.ladder;
}

describe('the ladder of a task', () => {
  test('[F04] due on a Friday: rung by rung in working time, each once on record, none on the weekend', async () => {
    await setClock(counter.db, { at: at('03T10:00'), speed: 1 });
    const { id, taskId } = await counter.openReview();
    expect((await ladder('first-1', taskId)).map(({ state, at: instant }) => `${state} ${instant}`)).toEqual([
      'next 2026-03-05T01:00:00.000Z',
      'later 2026-03-06T01:00:00.000Z',
      'later 2026-03-09T01:00:00.000Z',
      'later 2026-03-11T01:00:00.000Z',
      'later 2026-03-13T01:00:00.000Z',
    ]);
    expect(await ring(id, at('05T08:59'))).toEqual([]);
    expect(await ring(id, at('05T09:01'))).toEqual(['reminder']);
    expect(await ring(id, at('06T09:01'))).toEqual(['due']);
    // Due on Friday: neither that evening nor on the two days after it.
    for (const quiet of ['06T17:00', '06T23:59', '07T09:01', '08T12:00', '09T08:59']) expect(await ring(id, at(quiet))).toEqual([]);
    expect(await ring(id, at('09T09:01'))).toEqual(['overdue']);
    expect(await ring(id, at('11T09:01'))).toEqual(['leader']);
    expect(await ring(id, at('11T09:02'))).toEqual([]);
    expect((await ladder('first-1', taskId)).map(({ no, state, told }) => ({ no, state, told }))).toEqual([
      { no: 1, state: 'rang', told: 2 },
      { no: 2, state: 'rang', told: 2 },
      { no: 3, state: 'rang', told: 1 },
      { no: 4, state: 'rang', told: 1 },
      { no: 5, state: 'next', told: null },
    ]);
    const mails = await counter.db('mails as m').join('users as u', 'u.id', 'm.user_id').whereLike('dedupe', `${taskId}/%`);
    expect(mails.map((mail) => `${mail.template} ${mail.login}`).sort()).toEqual([
      'escalation approve-1',
      'overdue supervise-1',
      'reminder first-1',
      'reminder first-2',
      'urge first-1',
      'urge first-2',
    ]);
    await expect(
      counter.db('task_rungs').insert({
        ...(await counter.db('task_rungs').where({ task_id: taskId, no: 1 }).first()),
        fact_no: 1,
      }),
    ).rejects.toThrow(/task_rungs_pkey/);
  });

  test('[F04] a rung that an outage kept until Saturday rings on Monday at opening time', async () => {
    await setClock(counter.db, { at: at('03T10:00'), speed: 1 });
    const { id, taskId } = await counter.openReview();
    expect(await ring(id, at('07T10:00'))).toEqual([]);
    expect(await counter.db('tasks').where({ id: taskId }).first('next_rung_at')).toEqual({ next_rung_at: at('09T09:00') });
    expect((await ladder('first-1', taskId)).find(({ state }) => state === 'next')).toMatchObject({
      no: 1,
      at: '2026-03-09T01:00:00.000Z',
    });
    // By then the next rungs have come as well: the highest counts, and the page says which were passed over.
    expect(await ring(id, at('09T09:01'))).toEqual(['overdue']);
    expect((await ladder('first-1', taskId)).map(({ state }) => state)).toEqual(['passed', 'passed', 'rang', 'next', 'later']);
  });

  test('[F04] officers see it on the page in both languages, the institution does not; a decision ends it', async () => {
    await setClock(counter.db, { at: at('03T10:00'), speed: 1 });
    const { id, taskIds } = await counter.cases.open();
    const taskId = taskIds[0] ?? '';
    await ring(id, at('05T09:01'));
    const page = await counter.browse('first-1', `/tasks/${taskId}`);
    expect(page.html).toContain('催办阶梯');
    expect(page.html).toContain('通知 2 人');
    expect((await counter.browse('first-1', `/tasks/${taskId}?lang=en`)).html).toContain('Report to the deputy director in charge');
    expect((await counter.browse('school-1', `/tasks/${taskId}`)).html).not.toContain('催办阶梯');
    expect(await ladder('school-1', taskId)).toEqual([]);
    expect(
      (await (await counter.as('first-1')).post(`/tasks/${taskId}/decide`, { outcome: 'propose_refusal', reason: '不符合条件' })).status,
    ).toBe(200);
    expect((await ladder('first-1', taskId)).map(({ no, state }) => `${no} ${state}`)).toEqual(['1 rang']);
    await setClock(counter.db, { at: at('13T10:00'), speed: 1 });
    expect((await lookAtClock(counter.db, id)).facts.filter(({ kind }) => kind === 'rung')).toEqual([]);
    await setClock(counter.db, { at: casesBegin, speed: 1 });
  });
});

describe('an order about a late task', () => {
  test('[F04] none is asked for about a task that was decided while somebody was about to ask: the record looks again', async () => {
    const { id, taskId } = await counter.openReview();
    const seen = await getTask(counter.db, taskId);
    expect((await (await counter.as('first-1')).post(`/tasks/${taskId}/decide`, { outcome: 'approve' })).status).toBe(200);
    const asked = await counter.db.transaction(async (trx) => requestOrder(trx, { task: seen, procedure: await lockProcedure(trx, id) }));
    expect(asked).toBeUndefined();
    expect(await counter.db('procedures').where({ type: 'supervisionOrder', subject_id: taskId })).toHaveLength(0);
    const late = await (await counter.as('supervise-1')).post(`/tasks/${taskId}/escalate`, { reason: '久拖不决' });
    expect(late.body).toMatchObject({ status: 409, code: 'task.decided' });
  });

  test('[F04] escalated and decided at once, whoever comes second reads what the first one did', async () => {
    const supervisor = await counter.as('supervise-1');
    const officer = await counter.as('first-1');
    for (let round = 0; round < 8; round += 1) {
      const { taskId } = await counter.openReview();
      const [escalated, decided] = await Promise.all([
        supervisor.post<{ code?: string }>(`/tasks/${taskId}/escalate`, { reason: '久拖不决' }),
        officer.post(`/tasks/${taskId}/decide`, { outcome: 'approve' }),
      ]);
      expect(decided.status).toBe(200);
      const orders = await counter.db('procedures').where({ type: 'supervisionOrder', subject_id: taskId });
      expect(orders).toHaveLength(escalated.status === 200 ? 1 : 0);
      if (escalated.status !== 200) expect([escalated.status, escalated.body.code]).toEqual([409, 'task.decided']);
      const acts = await counter
        .db('audit_log')
        .where({ subject: taskId })
        .whereIn('act', ['task.escalate', 'task.approve'])
        .orderBy('no')
        .pluck('act');
      expect(acts).toEqual(escalated.status === 200 ? ['task.escalate', 'task.approve'] : ['task.approve']);
    }
  });

  test('[F04] its number is a document’s, and what is missing is asked for in its own words', async () => {
    const { taskId } = await counter.openReview();
    const escalated = await (await counter.as('supervise-1')).post<{ order: string }>(`/tasks/${taskId}/escalate`, { reason: '久拖不决' });
    const order = await counter.db('procedures').where({ id: escalated.body.order }).first('subject_number');
    expect(order.subject_number).toMatch(/^仓山区督办〔2026〕\d+号$/);
    expect([missingReason('order_issue', 'issue'), missingReason('order_issue', 'waive'), missingReason('order_answer', 'answer')]).toEqual(
      ['task.demandMissing', 'task.reasonMissing', 'task.answerMissing'],
    );
  });
});
