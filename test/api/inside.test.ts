/** What institutions must not see: how the office arranges its work, over every address that tells of a class or a task. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inTransaction } from '../../db/client.ts';
import { auditProcedure, lockProcedure } from '../../db/protocol/procedures.ts';
import { takeStep } from '../../db/protocol/steps.ts';
import type { Ask } from '../../workflows/domain/procedures.ts';
import { taskKinds } from '../../workflows/domain/task-kinds.ts';
import { sendingBack } from '../support/by-hand/asks.ts';
import { firstReview } from '../support/by-hand/cases.ts';
import { type CounterOfTests, openCounter } from '../support/counter.ts';

let counter: CounterOfTests;
beforeAll(async () => {
  counter = await openCounter();
});
afterAll(() => counter?.close());

const secret =
  /内部|李静|suspend|delegate"?:"|opine|recall|take_back|back_to|propose_refusal|拟不予|退回培训前初审|task\.(release|claim|resume)|order|督办/;

/** Everything that the institution reads about the class and the task, as a program and in a browser. */
async function readOutside(taskId: string): Promise<[string, string | undefined][]> {
  const number = counter.cases.classNumber;
  const school = await counter.as('school-1');
  const credit = (await counter.db('institutions').where({ id: counter.cases.institutionId }).first('credit_code')).credit_code;
  const addresses = [`/tasks/${taskId}`, `/tasks/${taskId}?part=timeline`, `/tasks/${taskId}?part=checks`];
  addresses.push(
    ...['', '/timeline', '/checks'].map((tab) => `/classes/${number}${tab}`),
    `/institutions/${credit}/timeline`,
    '/workplace',
    '/workplace/answers',
  );
  const found: [string, string | undefined][] = [];
  for (const address of addresses) {
    const answer = (await school.get(address)).body as Record<string, unknown>;
    // Which fields there are is no secret, only what they say.
    const { ladder: _ladder, order, suspended, ...told } = answer;
    expect([address, order ?? null, suspended ?? false]).toEqual([address, null, false]);
    found.push([address, secret.exec(JSON.stringify(told))?.[0]]);
    const main = /<main[\s\S]*<\/main>/.exec((await counter.browse('school-1', address)).html)?.[0] ?? '';
    found.push([`${address} page`, /内部|李静|拟不予|退回培训前初审|督办|挂起|委派|加签/.exec(main)?.[0]]);
  }
  return found.filter(([, leak]) => leak !== undefined);
}

test('[F06] an institution learns nothing of opinions, suspensions, taking back, sending back, proposals and orders', async () => {
  const { id, taskIds } = await counter.cases.open([firstReview, sendingBack], { id: `class-${counter.cases.classNumber}` });
  const [first = '', second = ''] = taskIds;
  const holder = await counter.as('first-1');
  const colleague = (await counter.cases.actor('first-2')).userId;
  await holder.post(`/tasks/${first}/claim`);
  for (const [act, body] of [
    ['delegate', { to: colleague, question: '内部询问' }],
    ['recall', {}],
    ['delegate', { to: colleague, question: '内部询问' }],
  ] as const)
    expect((await holder.post(`/tasks/${first}/${act}`, body)).status).toBe(200);
  expect(await readOutside(first)).toEqual([]);
  expect((await (await counter.as('first-2')).post(`/tasks/${first}/opinion`, { opinion: '内部意见' })).status).toBe(200);
  expect((await holder.post(`/tasks/${first}/suspend`, { reason: '内部挂起' })).status).toBe(200);
  expect(await readOutside(first)).toEqual([]);
  const supervisor = await counter.as('supervise-1');
  expect((await supervisor.post(`/tasks/${first}/escalate`, { reason: '内部久拖' })).status).toBe(200);
  const order = await counter.db('procedures').where({ type: 'supervisionOrder' }).first('id');
  const signing = { step: 'issue.sign', kind: 'order_issue', role: 'supervisor', level: 'superior', outcomes: ['issue', 'waive'] } as const;
  const step = { procedureId: order.id, stepNo: 1, appliedNo: 1, stage: 'issue', step: 'issue', acts: [], cancels: [], flags: {} };
  await takeStep(counter.db, { ...step, asks: [{ ...signing, workingDays: 1 }] }, async () => ({}));
  for (const act of ['resume', 'release']) expect((await holder.post(`/tasks/${first}/${act}`)).status).toBe(200);
  expect((await holder.post(`/tasks/${first}/decide`, { outcome: 'propose_refusal', reason: '内部提议' })).status).toBe(200);
  expect(await readOutside(first)).toEqual([]);
  await counter
    .db('procedures')
    .where({ id })
    .update({ applied_no: counter.db.ref('fact_no') });
  const above = await counter.as('second-1');
  expect((await above.post(`/tasks/${second}/decide`, { outcome: 'back_to_1', reason: '内部退回' })).status).toBe(200);
  expect(await readOutside(second)).toEqual([]);
  // The office reads all of it.
  const inside = JSON.stringify((await above.get(`/classes/${counter.cases.classNumber}/timeline`)).body);
  for (const word of ['内部挂起', '内部提议', '内部退回', '内部久拖']) expect(inside).toContain(word);
});

test('[F06] [F11] the approver is told at the top who proposed to refuse it and why, until it went back; the institution is not', async () => {
  const approval: Ask = {
    ...sendingBack,
    step: 'pre_training.approval',
    role: 'approver',
    outcomes: ['approve', 'return', 'refuse', 'back_to_1'],
  };
  const { taskIds } = await counter.cases.open([firstReview, sendingBack, approval]);
  const [first = '', second = '', last = ''] = taskIds;
  type Told = { proposedRefusals?: { step: string; name: string; reason: string }[] };
  const approver = await counter.as('approve-1');
  const told = async () => (await approver.get<Told>(`/tasks/${last}`)).body.proposedRefusals;
  expect(await told()).toEqual([]);
  const [one, two] = [await counter.as('first-1'), await counter.as('second-1')];
  expect((await one.post(`/tasks/${first}/decide`, { outcome: 'propose_refusal', reason: '内部提议：场地与申报不符' })).status).toBe(200);
  expect(await told()).toMatchObject([{ step: firstReview.step, name: '周明', reason: '内部提议：场地与申报不符' }]);
  const { html } = await counter.browse('approve-1', `/tasks/${last}`);
  const notice =
    /<div class="notice red"><h2>[^<]*拟不予通过<\/h2><p class="typed">内部提议：场地与申报不符<\/p><p class="muted">周明/.exec(html);
  expect(notice).not.toBeNull();
  // Before what is to be decided.
  expect(notice?.index).toBeLessThan(html.indexOf('id="decision"'));
  expect(await readOutside(last)).toEqual([]);
  expect((await (await counter.as('school-1')).get<Told>(`/tasks/${last}`)).body.proposedRefusals).toBeUndefined();
  // Sent back inside the office: it stands no longer.
  expect((await two.post(`/tasks/${second}/decide`, { outcome: 'back_to_1', reason: '内部退回重看' })).status).toBe(200);
  expect(await told()).toEqual([]);
});

test('[F06] nor of who is asked to sign as well', async () => {
  const { taskIds } = await counter.cases.open([firstReview]);
  const [first = ''] = taskIds;
  const holder = await counter.as('first-1');
  await holder.post(`/tasks/${first}/claim`);
  const { userId: to } = await counter.cases.actor('approve-1');
  const added = await holder.post<{ signerTask: string }>(`/tasks/${first}/signers`, { to, question: '内部加签事由' });
  expect(added.status).toBe(200);
  expect(await readOutside(first)).toEqual([]);
  const approver = await counter.as('approve-1');
  expect((await approver.post(`/tasks/${added.body.signerTask}/decide`, { outcome: 'propose_refusal', reason: '内部提议' })).status).toBe(
    200,
  );
  expect(await readOutside(first)).toEqual([]);
  expect((await counter.browse('first-1', `/tasks/${first}`)).html).toContain('内部加签事由');
  expect((await (await counter.as('school-1')).get(`/tasks/${added.body.signerTask}`)).status).toBe(404);
});

test('[F06] a review that could propose a refusal is told alike whether it approved or proposed', async () => {
  const told: unknown[] = [];
  for (const outcome of ['approve', 'propose_refusal']) {
    const { taskIds } = await counter.cases.open([{ ...firstReview, step: 'review.first_review' }]);
    const [id = ''] = taskIds;
    expect((await (await counter.as('first-1')).post(`/tasks/${id}/decide`, { outcome, reason: '内部理由' })).status).toBe(200);
    const { body } = await (await counter.as('school-1')).get<Record<string, unknown> & { timeline: Record<string, unknown>[] }>(
      `/tasks/${id}`,
    );
    const page = await counter.browse('school-1', `/tasks/${id}`);
    const { html } = page;
    told.push({
      outcome: body['outcome'],
      outcomes: body['outcomes'],
      timeline: body.timeline.map(({ act, reason }) => ({ act, reason })),
      passedOn: html.split('已办理，转下一环节').length,
      outright: /通过|内部理由/.exec(/<main[\s\S]*<\/main>/.exec(html)?.[0] ?? '')?.[0],
    });
  }
  expect(told[0]).toEqual(told[1]);
  expect(told[0]).toMatchObject({ outcome: null, outcomes: undefined, passedOn: expect.any(Number), outright: undefined });
  expect((told[0] as { timeline: unknown[] }).timeline).toContainEqual({ act: 'task.passed_on', reason: null });
});

test('[F06] nor that a proposal to refuse a claim was put before the approver, who did not follow it', async () => {
  const approval = { ...firstReview, step: 'refusal.approval', role: 'approver', outcomes: ['refuse', 'overrule'] } as Ask;
  const { id, taskIds } = await counter.cases.open([approval], {
    id: `application-${counter.cases.classNumber}`,
    type: 'subsidyApplication',
  });
  const [task = ''] = taskIds;
  const told = async () => {
    const found = await readOutside(task);
    for (const address of [`/tasks/${task}`, `/classes/${counter.cases.classNumber}/timeline`, '/workplace/answers']) {
      const { html } = await counter.browse('school-1', address);
      found.push([address, /不予通过审批|不采纳|内部不采纳/.exec(/<main[\s\S]*<\/main>/.exec(html)?.[0] ?? '')?.[0]]);
      found.push([address, /overrule|不采纳/.exec(JSON.stringify((await (await counter.as('school-1')).get(address)).body))?.[0]]);
    }
    return found.filter(([, leak]) => leak !== undefined);
  };
  expect(await told()).toEqual([]);
  expect((await counter.browse('school-1', `/tasks/${task}`)).html).toContain('补贴审批');
  const approver = await counter.as('approve-1');
  expect((await approver.post(`/tasks/${task}/decide`, { outcome: 'overrule', reason: '内部不采纳' })).status).toBe(200);
  expect(await told()).toEqual([]);
  const inside = (await counter.browse('approve-1', `/tasks/${task}`)).html;
  expect(inside).toContain('不采纳拟不予通过');
  expect(id).toContain('application-');
});

test('[F06] an institution learns that the bank has answered, not who made, checked and released the batch', async () => {
  const payment = (step: string, kind: string): Ask =>
    ({ ...firstReview, step, kind, role: 'payment_officer', outcomes: [] }) as unknown as Ask;
  const { id: batch, taskIds } = await counter.cases.open([payment('checking.batch_check', 'batch_check')], { type: 'subsidyPayment' });
  const { id: claim, taskIds: making } = await counter.cases.open([payment('payment.make', 'batch_make')], { type: 'subsidyApplication' });
  const { userId: actor } = await counter.cases.actor('inspect-1');
  const lines: [string, { act: string; subject: string }][] = [
    [claim, { act: 'task.make', subject: making[0] ?? '' }],
    [batch, { act: 'batch.make', subject: batch }],
    [batch, { act: 'task.check', subject: taskIds[0] ?? '' }],
    [batch, { act: 'batch.answered', subject: batch }],
  ];
  await inTransaction(counter.db, async (trx) => {
    for (const [id, line] of lines)
      await auditProcedure(trx, await lockProcedure(trx, id), line.act === 'batch.answered' ? undefined : actor, line);
  });
  const credit = (await counter.db('institutions').where({ id: counter.cases.institutionId }).first('credit_code')).credit_code;
  const addresses = [`/classes/${counter.cases.classNumber}/timeline`, `/institutions/${credit}/timeline`];
  for (const address of addresses) {
    const told = JSON.stringify((await (await counter.as('school-1')).get(address)).body);
    const html = /<main[\s\S]*<\/main>/.exec((await counter.browse('school-1', address)).html)?.[0] ?? '';
    expect([address, /吴海燕|batch\.make|task\.(make|check)|制作批次|批次复核/.exec(told + html)?.[0]]).toEqual([address, undefined]);
    expect([address, told.includes('batch.answered')]).toEqual([address, true]);
    const inside = JSON.stringify((await (await counter.as('first-1')).get(address)).body);
    for (const { act } of lines.map(([, line]) => line)) expect([address, act, inside.includes(act)]).toEqual([address, act, true]);
  }
});

test('[N2] no answer about a task, a class or a roster holds a sealed value or a blind index', async () => {
  const number = counter.cases.classNumber;
  const stages = ['pre_training', 'filing', 'subsidy', 'approval', 'refusal'];
  const reviews = stages.map((stage) => ({ ...firstReview, step: `${stage}.first_review` }));
  const others = taskKinds
    .filter((kind) => kind !== 'review')
    .map((kind) => ({ ...firstReview, step: `walk.${kind}`, kind, outcomes: [] }));
  const { taskIds } = await counter.cases.open([...reviews, ...others] as Ask[], { id: `class-${number}-walk` });
  const addresses = taskIds.map((id) => `/tasks/${id}`);
  addresses.push(...['', '/roster', '/timeline', '/checks', '/money'].map((tab) => `/classes/${number}${tab}`));
  const read: string[] = [];
  for (const login of ['first-1', 'supervise-1', 'audit-1', 'school-1'])
    for (const address of addresses) {
      const { status, body } = await (await counter.as(login)).get(address);
      if (status === 200) read.push(`${login} ${address}`);
      expect([login, address, sealedKeys(body)]).toEqual([login, address, []]);
    }
  for (const login of ['first-1', 'audit-1', 'school-1'])
    for (const address of [`/tasks/${taskIds[0]}`, `/classes/${number}/roster`]) expect(read).toContain(`${login} ${address}`);
  expect(read.length).toBeGreaterThan(addresses.length * 2);
});

/** Keys of sealed values, blind indexes and people, wherever they stand. */
function sealedKeys(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const keys = Object.entries(value).flatMap(([key, inner]) => [key, ...sealedKeys(inner)]);
  return keys.filter((key) => /_sealed$|_index$|^person_id$/.test(key));
}
