/** The checks of a review and its roster are for whoever may decide it, at that moment. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { firstReview } from '../../support/by-hand/cases.ts';
import { type CounterOfTests, openCounter } from '../../support/counter.ts';

let counter: CounterOfTests;
beforeAll(async () => {
  counter = await openCounter();
});
afterAll(() => counter?.close());

const userId = async (login: string): Promise<string> => (await counter.cases.actor(login)).userId;

test('[F06] whoever may not decide a review at this moment settles none of its checks and takes nobody off its roster', async () => {
  const number = counter.cases.classNumber;
  const { taskIds } = await counter.cases.open([firstReview], { id: `class-${number}` });
  const path = `/tasks/${taskIds[0]}`;
  const [holder, colleague] = await Promise.all([counter.as('first-1'), counter.as('first-2')]);
  const check = await counter.db('verifications').where({ result: 'none' }).first('id', 'enrolment_id');
  const settle = async () =>
    (await holder.post(`/classes/${number}/verifications/settle`, { verificationIds: [check.id], reason: '已核对原件' })).body['code'];
  const exclude = async () =>
    (await holder.post(`/classes/${number}/exclusions`, { enrolmentId: check.enrolment_id, reason: '不符合条件' })).body['code'];
  await holder.post(`${path}/claim`);
  await holder.post(`${path}/suspend`, { reason: '等等' });
  expect([await settle(), await exclude()]).toEqual(['task.suspended', 'task.suspended']);
  await holder.post(`${path}/resume`);
  await holder.post(`${path}/delegate`, { to: await userId('first-2'), question: '请看' });
  expect([await settle(), await exclude()]).toEqual(['task.delegated', 'task.delegated']);
  await colleague.post(`${path}/opinion`, { opinion: '可以' });
  const scope = (await counter.db('tasks').where({ id: taskIds[0] }).first('four_eyes')).four_eyes[0];
  const signature = { scope, user_id: await userId('first-1'), step: 'pre_training.second_review' };
  await counter.db('signatures').insert({ ...signature, signed_at: new Date() });
  expect([await settle(), await exclude()]).toEqual(['task.fourEyes', 'task.fourEyes']);
  expect(await counter.db('verifications').where({ id: check.id }).first('settled_at')).toEqual({ settled_at: null });
  await holder.post(`${path}/release`);
  const settled = await colleague.post(`/classes/${number}/verifications/settle`, { verificationIds: [check.id], reason: '已核对原件' });
  expect(settled.body).toEqual({ settled: 1 });
});
