/** The protocol of an act: one winner, one fact, one bell; repeated and late steps change nothing. Real PostgreSQL, no Temporal. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Knex } from 'knex';
import { closeDatabase, inTransaction, openDatabase } from '../../../db/client.ts';
import { claimTask } from '../../../db/protocol/holding/claims.ts';
import { decideTask } from '../../../db/protocol/decisions.ts';
import { loadDemonstration } from '../../../db/demonstration/load.ts';
import { forgetOldAnswers, requestDigest } from '../../../db/protocol/idempotency.ts';
import { getPolicyPack } from '../../../db/catalogue/policy-packs.ts';
import { findBrokenLink, lockProcedure, openProcedure, writeFact } from '../../../db/protocol/procedures.ts';
import { lookAtClock } from '../../../db/protocol/alarms.ts';
import { readPlace, takeStep } from '../../../db/protocol/steps.ts';
import { getActor } from '../../../db/accounts/account-in-force.ts';
import type { Actor } from '../../../db/accounts/users.ts';
import type { Ask, StepInput } from '../../../workflows/domain/procedures.ts';
import { termsOf } from '../../../workflows/domain/policy/policy.ts';
import { freshDatabase } from '../../support/servers.ts';

let database: Awaited<ReturnType<typeof freshDatabase>>;
let db: Knex;
let owner: Knex;
let first: Actor;
let other: Actor;
let second: Actor;
let elsewhere: Actor;

const noActs = async () => ({});
const reviewAsk: Ask = {
  step: 'pre_training.first_review',
  kind: 'review',
  role: 'first_reviewer',
  level: 'county',
  outcomes: ['approve', 'return', 'propose_refusal'],
  workingDays: 3,
};

async function actorOf(login: string): Promise<Actor> {
  return getActor(db, (await db('users').where({ login }).first('id')).id);
}

let serial = 0;
/** A procedure that has taken its first step: one open review task. */
async function openCase(asks: Ask[] = [reviewAsk]): Promise<{ id: string; taskId: string }> {
  serial += 1;
  const id = `class-test-${serial}`;
  const terms = termsOf(await getPolicyPack(db, 'fujian-2022'));
  await inTransaction(db, async (trx) => {
    await openProcedure(trx, {
      id,
      type: 'trainingClass',
      subjectId: id,
      region: '350104',
      number: id,
      title: id,
      institutionName: '示范学校',
      terms,
    });
    await writeFact(trx, await lockProcedure(trx, id), { kind: 'submitted' }, { act: 'class.submit', subject: id });
  });
  await takeStep(db, step(id, 1, 1, { asks }), noActs);
  return { id, taskId: `${id}/${asks[0]?.step}/1` };
}

function step(procedureId: string, stepNo: number, appliedNo: number, more: Partial<StepInput> = {}): StepInput {
  return {
    procedureId,
    stepNo,
    appliedNo,
    stage: 'pre_training',
    step: 'first_review',
    acts: [],
    asks: [],
    cancels: [],
    flags: {},
    ...more,
  };
}

beforeAll(async () => {
  database = await freshDatabase();
  db = openDatabase(database.url, { max: 15 });
  owner = openDatabase(database.url, { owner: true, max: 2 });
  await loadDemonstration(db, { passwordHash: 'none', clockSpeed: 1 });
  [first, other, second, elsewhere] = (await Promise.all(['cs-first-1', 'cs-first-2', 'cs-second-1', 'gl-first-1'].map(actorOf))) as [
    Actor,
    Actor,
    Actor,
    Actor,
  ];
});

afterAll(async () => {
  await closeDatabase(owner);
  await closeDatabase(db);
  await database.drop();
});

describe('one winner', () => {
  test('[F12] a hundred decisions at once: one is on record, ninety-nine are told who decided', async () => {
    const { id, taskId } = await openCase();
    const results = await Promise.allSettled(
      Array.from({ length: 100 }, (_, at) => decideTask(db, at % 2 ? first : other, { taskId, outcome: 'approve' })),
    );
    const won = results.filter((result) => result.status === 'fulfilled');
    const lost = results.filter((result): result is PromiseRejectedResult => result.status === 'rejected').map((result) => result.reason);
    expect(won).toHaveLength(1);
    expect(lost.every((error) => error.code === 'task.decided' && [first.name, other.name].includes(error.params.name))).toBe(true);
    expect(await db('facts').where({ procedure_id: id, kind: 'decided' })).toHaveLength(1);
    expect(await db('outbox').where({ procedure_id: id, kind: 'decided' })).toHaveLength(1);
  });

  test('[F12] a hundred claims at once: one holds it, the others are told who', async () => {
    const { taskId } = await openCase();
    const results = await Promise.allSettled(Array.from({ length: 100 }, (_, at) => claimTask(db, at % 2 ? first : other, taskId)));
    const holder = await db('tasks').where({ id: taskId }).first('claimed_by');
    const refused = results.filter((result): result is PromiseRejectedResult => result.status === 'rejected');
    expect(refused).toHaveLength(50);
    expect(refused.every((result) => result.reason.code === 'task.claimed')).toBe(true);
    expect([first.userId, other.userId]).toContain(holder.claimed_by);
  });

  test('the same request under the same key gets the stored answer, another request under it is refused', async () => {
    const { taskId } = await openCase();
    const request = { userId: first.userId, key: `key-${taskId}`, digest: requestDigest('approve') };
    const answers = await Promise.all(Array.from({ length: 8 }, () => decideTask(db, first, { taskId, outcome: 'approve', request })));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(await db('facts').where({ procedure_id: taskId.split('/')[0], kind: 'decided' })).toHaveLength(1);
    await expect(
      decideTask(db, first, { taskId, outcome: 'approve', request: { ...request, digest: requestDigest('other') } }),
    ).rejects.toMatchObject({ code: 'idempotency.otherRequest' });
  });

  test('an answer is kept for a month', async () => {
    const { taskId } = await openCase();
    const request = { userId: first.userId, key: `month-${taskId}`, digest: requestDigest('approve') };
    await decideTask(db, first, { taskId, outcome: 'approve', request });
    await owner('idempotency_keys')
      .where({ key: request.key })
      .update({ created_at: owner.raw("now() - interval '29 days'") });
    expect(await forgetOldAnswers(db)).toBe(0);
    await owner('idempotency_keys')
      .where({ key: request.key })
      .update({ created_at: owner.raw("now() - interval '31 days'") });
    expect(await forgetOldAnswers(db)).toBe(1);
  });

  test('a task of another county cannot be decided', async () => {
    const { taskId } = await openCase();
    await expect(decideTask(db, elsewhere, { taskId, outcome: 'approve' })).rejects.toMatchObject({ code: 'task.unknown' });
    await expect(decideTask(db, second, { taskId, outcome: 'approve' })).rejects.toMatchObject({ code: 'task.notYours' });
  });

  test('who signed the first review can neither take nor sign the second, whatever grants there are', async () => {
    const { id, taskId } = await openCase();
    await decideTask(db, first, { taskId, outcome: 'approve' });
    await takeStep(db, step(id, 2, 2, { asks: [{ ...reviewAsk, step: 'pre_training.second_review', role: 'second_reviewer' }] }), noActs);
    const both: Actor = { ...first, grants: [...first.grants, ...second.grants] };
    await expect(claimTask(db, both, `${id}/pre_training.second_review/1`)).rejects.toMatchObject({ code: 'task.fourEyes' });
    await expect(decideTask(db, both, { taskId: `${id}/pre_training.second_review/1`, outcome: 'approve' })).rejects.toMatchObject({
      code: 'task.fourEyes',
    });
    expect(await db('facts').where({ procedure_id: id, kind: 'decided' })).toHaveLength(1);
  });

  test('a refusal or a return needs words', async () => {
    const { taskId } = await openCase();
    await expect(decideTask(db, first, { taskId, outcome: 'return' })).rejects.toMatchObject({ issues: [{ field: 'reason' }] });
    await expect(decideTask(db, first, { taskId, outcome: 'refuse', reason: 'not the approver' })).rejects.toMatchObject({
      issues: [{ field: 'outcome' }],
    });
  });
});

describe('steps', () => {
  test('[F02] a step taken twice opens its tasks once', async () => {
    const { id } = await openCase();
    await Promise.all(Array.from({ length: 5 }, () => takeStep(db, step(id, 1, 1, { asks: [reviewAsk] }), noActs)));
    expect(await db('tasks').where({ procedure_id: id })).toHaveLength(1);
  });

  test('the place holds every fact that was not taken account of, in order', async () => {
    const { id, taskId } = await openCase();
    await decideTask(db, first, { taskId, outcome: 'approve' });
    const place = await readPlace(db, id);
    expect(place.facts.map((fact) => [fact.no, fact.kind, fact.outcome])).toEqual([[2, 'decided', 'approve']]);
    expect(place.openSteps).toEqual([]);
  });

  test('a procedure with an unapplied fact does not close; without one it closes and cancels what is left', async () => {
    const { id, taskId } = await openCase([reviewAsk, { ...reviewAsk, step: 'pre_training.second_review' }]);
    await decideTask(db, first, { taskId, outcome: 'approve' });
    const open = await takeStep(db, step(id, 2, 1, { close: 'withdrawn' }), noActs);
    expect(open.status).toBe('open');
    expect(open.facts).toHaveLength(1);
    const closed = await takeStep(db, step(id, 3, 2, { close: 'withdrawn' }), noActs);
    expect(closed.status).toBe('closed');
    expect(await db('tasks').where({ procedure_id: id, status: 'open' })).toHaveLength(0);
    await expect(decideTask(db, first, { taskId: `${id}/pre_training.second_review/1`, outcome: 'approve' })).rejects.toMatchObject({
      code: 'task.cancelled',
    });
  });

  test('a withdrawn procedure opens no task, however late the step comes', async () => {
    const { id } = await openCase();
    await owner('procedures').where({ id }).update({ status: 'withdrawn' });
    await takeStep(db, step(id, 2, 1, { asks: [{ ...reviewAsk, step: 'pre_training.second_review' }] }), noActs);
    expect(await db('tasks').where({ procedure_id: id, step: 'pre_training.second_review' })).toHaveLength(0);
  });

  test('a second round goes on counting where the first was stopped', async () => {
    const { id, taskId } = await openCase([{ ...reviewAsk, workingDays: 5 }]);
    await owner('tasks').where({ id: taskId }).update({ from_date: '2026-02-26' });
    await decideTask(db, first, { taskId, outcome: 'return', reason: 'two things are missing' });
    await takeStep(db, step(id, 2, 2, { asks: [{ ...reviewAsk, workingDays: 5, resumes: true }] }), noActs);
    const again = await db('tasks').where({ procedure_id: id, round: 2 }).first();
    expect(again.days_used).toBe(3);
    expect(again.due_date).toBe('2026-03-04');
  });
});

describe('the clock', () => {
  test('after the due instant a peremptory task is refused, however late the alarm is, and expires once', async () => {
    const { id, taskId } = await openCase([{ ...reviewAsk, peremptory: true }]);
    await owner('tasks')
      .where({ id: taskId })
      .update({
        due_at: owner.raw("business_now() - interval '1 second'"),
        next_rung_at: owner.raw("business_now() - interval '1 second'"),
        rungs: owner.raw("array[business_now() - interval '1 day', business_now() - interval '1 second']"),
        rung: 1,
      });
    await expect(decideTask(db, first, { taskId, outcome: 'approve' })).rejects.toMatchObject({ code: 'task.expired' });
    await Promise.all([lookAtClock(db, id), lookAtClock(db, id), lookAtClock(db, id)]);
    expect((await db('facts').where({ procedure_id: id, kind: 'expired' })).length).toBe(1);
  });

  test('an overdue review climbs one rung and stays open', async () => {
    const { id, taskId } = await openCase();
    await owner('tasks')
      .where({ id: taskId })
      .update({ next_rung_at: owner.raw("business_now() - interval '1 second'") });
    const place = await lookAtClock(db, id);
    expect(place.facts).toMatchObject([{ kind: 'rung', outcome: 'reminder' }]);
    expect(place.openSteps).toEqual(['pre_training.first_review']);
    expect((await lookAtClock(db, id)).facts).toHaveLength(1);
  });
});

describe('the record', () => {
  test('[N4] the chain of a procedure is whole, and a changed line is named', async () => {
    const { id, taskId } = await openCase();
    await decideTask(db, first, { taskId, outcome: 'approve' });
    expect(await findBrokenLink(db, id)).toBeUndefined();
    await owner('audit_log').where({ procedure_id: id, no: 2 }).update({ act: 'something.else' });
    expect(await findBrokenLink(db, id)).toBe(2);
  });

  test('[N4] the role of the product inserts into the audit log and cannot change it', async () => {
    await expect(db('audit_log').update({ act: 'x' })).rejects.toMatchObject({ code: '42501' });
    await expect(db('audit_log').delete()).rejects.toMatchObject({ code: '42501' });
    await expect(db('facts').delete()).rejects.toMatchObject({ code: '42501' });
    await expect(db.raw('truncate audit_log')).rejects.toMatchObject({ code: '42501' });
  });
});
