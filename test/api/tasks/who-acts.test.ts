/** Who acts comes from the session alone, and stands the same in the fact, the task, the signature and the audit line; the database refuses anything else. Over HTTP. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CounterOfTests, openCounter } from '../../support/counter.ts';

let counter: CounterOfTests;
beforeAll(async () => {
  counter = await openCounter();
}, 60_000);
afterAll(() => counter?.close());

test('[N4] a decision is that of who is signed in, whatever else the request says, and is so everywhere on record', async () => {
  const { id, taskId } = await counter.openReview();
  const [me, other] = [(await counter.cases.actor('first-1')).userId, (await counter.cases.actor('first-2')).userId];
  const posed = { outcome: 'approve', actor: other, decidedBy: other, userId: other, user: 'first-2', principal: undefined };
  const answer = await (await counter.as('first-1')).post(`/tasks/${taskId}/decide`, posed, { headers: { 'x-user': 'first-2' } });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  const actors = async (table: string, column: string, where: Record<string, unknown>) =>
    new Set(await counter.db(table).where(where).pluck<string[]>(column));
  expect(await actors('tasks', 'decided_by', { id: taskId })).toEqual(new Set([me]));
  expect(await actors('facts', 'actor', { procedure_id: id, kind: 'decided' })).toEqual(new Set([me]));
  expect(await actors('audit_log', 'actor', { procedure_id: id, act: 'task.approve' })).toEqual(new Set([me]));
});

test('[N4] no decision of nobody and none of somebody else than its task names comes on record, whoever writes', async () => {
  const { id, taskId } = await counter.openReview();
  const [me, other] = [(await counter.cases.actor('first-1')).userId, (await counter.cases.actor('first-2')).userId];
  const fact = { procedure_id: id, no: 90, task_id: taskId, outcome: 'approve', at: new Date() };
  for (const kind of ['decided', 'signed', 'taken_back', 'signer_added', 'signer_recalled'])
    await expect(counter.db('facts').insert({ ...fact, kind, actor: null })).rejects.toMatchObject({
      constraint: 'facts_signed_by_somebody',
    });
  await expect(counter.db('tasks').where({ id: taskId }).update({ status: 'decided', outcome: 'approve' })).rejects.toMatchObject({
    constraint: 'tasks_decided_by_somebody',
  });
  const decide = (factActor: string) =>
    counter.db.transaction(async (trx) => {
      const scopes = (await trx('tasks').where({ id: taskId }).first('four_eyes', 'step')) as { four_eyes: string[]; step: string };
      for (const scope of scopes.four_eyes)
        for (const person of [me, other])
          await trx('signatures').insert({ scope, user_id: person, step: scopes.step, signed_at: new Date() }).onConflict().ignore();
      await trx('tasks').where({ id: taskId }).update({ status: 'decided', outcome: 'approve', decided_by: me, decided_at: new Date() });
      await trx('facts').insert({ ...fact, kind: 'decided', actor: factActor });
    });
  await expect(decide(other)).rejects.toMatchObject({ constraint: 'facts_own_decision' });
  await decide(me);
  expect(await counter.db('facts').where({ procedure_id: id, no: 90 })).toHaveLength(1);
});
