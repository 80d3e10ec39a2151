/** Late signatures of one joint step (会签): each climbs its own ladder, and what the superior authority orders about them is one order that names them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { setClock } from '../../../../db/calendar/clock.ts';
import { findBrokenLink } from '../../../../db/protocol/procedures.ts';
import { takeStep } from '../../../../db/protocol/steps.ts';
import type { Ask } from '../../../../workflows/domain/procedures.ts';
import { signersOf } from '../../../../workflows/domain/signing.ts';
import { casesBegin } from '../../../support/by-hand/cases.ts';
import { type CounterOfTests, openCounter } from '../../../support/counter.ts';
import { ringAt } from '../../../support/by-hand/ladder.ts';

let counter: CounterOfTests;
beforeAll(async () => {
  counter = await openCounter();
  for (const [login, name, role] of [
    ['second-2', '马丽', 'second_reviewer'],
    ['finance-1', '钱进', 'finance_officer'],
  ]) {
    const [row] = await counter
      .db('users')
      .insert({ login, name, demo: true, email: `${login}@example.invalid` })
      .returning('id');
    await counter.db('grants').insert({ user_id: row.id, role, region: '350104' });
  }
});
afterAll(() => counter?.close());

const at = (text: string): Date => new Date(`2026-03-${text}:00+08:00`);

/** Three signatures of the county, as the review opens them. */
const asks: Ask[] = signersOf('review', {
  step: 'first_review',
  role: 'first_reviewer',
  level: 'county',
  workingDays: 3,
  joint: {
    mode: 'all',
    with: [
      { role: 'second_reviewer', level: 'county' },
      { role: 'finance_officer', level: 'county' },
    ],
  },
}).map((signer) => ({ ...signer, kind: 'review', outcomes: ['approve', 'return', 'propose_refusal'], workingDays: 3 }));

type Group = { id: string; first: string; second: string; finance: string };
async function openGroup(): Promise<Group> {
  await setClock(counter.db, { at: at('03T10:00'), speed: 1 });
  const { id, taskIds } = await counter.cases.open(asks);
  const [first = '', second = '', finance = ''] = taskIds;
  return { id, first, second, finance };
}

const act = async (login: string, taskId: string, path: string, body: Record<string, unknown> = {}) =>
  (await counter.as(login)).post<Record<string, unknown>>(`/tasks/${taskId}/${path}`, body);
const decide = (login: string, taskId: string, outcome = 'approve', reason = '已核对材料，意见如上') =>
  act(login, taskId, 'decide', { outcome, reason });
const escalate = (taskId: string) => act('supervise-1', taskId, 'escalate', { reason: '久拖不决' });

/** What the run of an order asks first, and after its signature. */
const orderAsks = {
  issue: { step: 'issue.sign', kind: 'order_issue', role: 'supervisor', level: 'superior', outcomes: ['issue', 'waive'], workingDays: 1 },
  answer: { step: 'answer.write', kind: 'order_answer', role: 'supervisor', level: 'own', outcomes: ['answer'], workingDays: 3 },
} as const satisfies Record<string, Ask>;

async function openOrderTask(order: string, stage: 'issue' | 'answer'): Promise<string> {
  const { fact_no: appliedNo, step_no: stepNo } = await counter.db('procedures').where({ id: order }).first('fact_no', 'step_no');
  const step = { stage, step: stage, acts: [], asks: [orderAsks[stage]], cancels: [], flags: {} };
  await takeStep(counter.db, { procedureId: order, stepNo: stepNo + 1, appliedNo, ...step }, async () => ({}));
  return `${order}/${orderAsks[stage].step}/1`;
}

const ordersOf = (id: string): Promise<string[]> =>
  counter.db('procedures').where({ type: 'supervisionOrder', parent_id: id }).orderBy('id').pluck('id');
const orderSeen = async (taskId: string) =>
  (await (await counter.as('supervise-1')).get<{ order: { procedure: string; state: string } | null }>(`/tasks/${taskId}`)).body.order;

/** What was told about these tasks, as «occasion login task». */
async function told(tasks: Record<string, string>, occasions: readonly string[]): Promise<string[]> {
  const rows = await counter
    .db('notices as n')
    .join('users as u', 'u.id', 'n.user_id')
    .whereIn('n.task_id', Object.values(tasks))
    .whereIn('n.occasion', occasions)
    .select('n.occasion', 'n.task_id', 'u.login');
  const nameOf = (task: string) => Object.entries(tasks).find(([, id]) => id === task)?.[0];
  return rows.map((row) => `${row.occasion} ${row.login} ${nameOf(row.task_id)}`).sort();
}

describe('late signatures of one step', () => {
  test('[F04] each climbs its own ladder to the right people, once; whoever signed in time is left alone; one order names who is late and is answered once', async () => {
    const group = await openGroup();
    const { id, first, second, finance } = group;
    await act('first-1', first, 'claim');
    expect((await decide('finance-1', finance)).status).toBe(200);
    for (const [when, rung] of [
      ['05T09:01', 'reminder'],
      ['06T09:01', 'due'],
      ['09T09:01', 'overdue'],
      ['11T09:01', 'leader'],
      ['13T09:01', 'superior'],
    ] as const) {
      expect(await ringAt(counter.db, id, at(when))).toEqual([rung, rung]);
      expect(await ringAt(counter.db, id, at(when))).toEqual([]);
    }
    const { first: _1, second: _2, ...others } = group;
    const late = { first, second };
    expect(await told(late, ['rung.reminder', 'rung.due', 'rung.overdue', 'rung.leader', 'rung.superior'])).toEqual([
      'rung.due first-1 first',
      'rung.due second-1 second',
      'rung.due second-2 second',
      'rung.leader approve-1 first',
      'rung.leader approve-1 second',
      'rung.overdue supervise-1 first',
      'rung.overdue supervise-1 second',
      'rung.reminder first-1 first',
      'rung.reminder second-1 second',
      'rung.reminder second-2 second',
      'rung.superior city-supervise-1 first',
      'rung.superior city-supervise-1 second',
    ]);
    expect(await counter.db('task_rungs').where({ task_id: others.finance })).toEqual([]);

    const [order = '', ...more] = await ordersOf(id);
    expect(more).toEqual([]);
    for (const task of [first, second]) expect(await orderSeen(task)).toMatchObject({ procedure: order, state: 'requested' });
    expect(await orderSeen(finance)).toBeNull();
    const issue = await openOrderTask(order, 'issue');
    const before = (await counter.browse('city-supervise-1', `/tasks/${issue}`)).html;
    for (const words of [`href="/tasks/${first}"`, `href="/tasks/${second}"`, '周明', '未认领']) expect(before).toContain(words);
    expect((await decide('city-supervise-1', issue, 'issue', '请三日内签署')).status).toBe(200);
    const paper = await counter.db('papers').where({ procedure_id: order }).first('id', 'content');
    expect(paper.content.late).toMatchObject([
      { step: 'review.first_review', role: 'first_reviewer', holder: '周明' },
      { step: 'review.first_review.and-1', role: 'second_reviewer', holder: null },
    ]);
    const { html } = await counter.browse('supervise-1', `/papers/${paper.id}`);
    for (const words of ['周明', '复核', '请三日内签署']) expect(html).toContain(words);
    expect(html).not.toContain('钱进');
    expect(await told(late, ['order.issued'])).toEqual([
      'order.issued first-1 first',
      'order.issued second-1 second',
      'order.issued second-2 second',
      'order.issued supervise-1 first',
    ]);

    const answer = await openOrderTask(order, 'answer');
    const words = '已约谈两位签署人，明日签署';
    const answers = await Promise.all([decide('supervise-1', answer, 'answer', words), decide('supervise-1', answer, 'answer', words)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    for (const [login, task] of [
      ['first-1', first],
      ['second-1', second],
    ] as const)
      expect((await counter.browse(login, `/tasks/${task}`)).html).toContain(words);
    expect(await counter.db('facts').where({ procedure_id: order, outcome: 'answer' })).toHaveLength(1);
    for (const procedure of [id, order]) expect(await findBrokenLink(counter.db, procedure)).toBeUndefined();
  });

  test('[F04] who signs before the order does is not named in it; who is late after it gets another one', async () => {
    const { id, first, second, finance } = await openGroup();
    const begun = (await escalate(first)).body['order'];
    expect((await escalate(second)).body['order']).toBe(begun);
    expect((await escalate(second)).body).toMatchObject({ status: 409, code: 'supervision.escalated' });
    expect(await ordersOf(id)).toEqual([begun]);
    expect((await decide('first-1', first)).status).toBe(200);
    const issue = await openOrderTask(String(begun), 'issue');
    expect((await decide('city-supervise-1', issue, 'issue', '请即签署')).status).toBe(200);
    const { content } = await counter
      .db('papers')
      .where({ procedure_id: String(begun) })
      .first('content');
    expect(content.late.map(({ step }: { step: string }) => step)).toEqual(['review.first_review.and-1']);

    const later = (await escalate(finance)).body['order'];
    expect(later).not.toBe(begun);
    expect(await ordersOf(id)).toEqual([begun, later].sort());
    expect(await orderSeen(finance)).toMatchObject({ procedure: later, state: 'requested' });
    expect(await orderSeen(second)).toMatchObject({ procedure: begun, state: 'issued' });
  });

  test('[F04] an order is signed while another late signature is being put into it: named there, or in one of its own', async () => {
    for (let round = 0; round < 6; round += 1) {
      const { id, first, second } = await openGroup();
      const begun = String((await escalate(first)).body['order']);
      const issue = await openOrderTask(begun, 'issue');
      const [signed, joined] = await Promise.all([decide('city-supervise-1', issue, 'issue', '请即签署'), escalate(second)]);
      expect([signed.status, joined.status]).toEqual([200, 200]);
      const { content } = await counter.db('papers').where({ procedure_id: begun }).first('content');
      const named = content.late.some(({ step }: { step: string }) => step === 'review.first_review.and-1');
      expect(await ordersOf(id)).toHaveLength(named ? 1 : 2);
    }
    await setClock(counter.db, { at: casesBegin, speed: 1 });
  });
});
