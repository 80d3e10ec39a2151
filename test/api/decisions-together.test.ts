/** Decisions that come in the same instant are written by one statement: each is answered by what is on record of it. Real PostgreSQL, no Temporal. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { toOfficeError } from '../../api/http/errors.ts';
import { locksOfKey, onceOnly, requestDigest } from '../../db/protocol/idempotency.ts';
import { findBrokenLink } from '../../db/protocol/procedures.ts';
import { UnavailableError } from '../../workflows/domain/errors.ts';
import { type CounterOfTests, openCounter } from '../support/counter.ts';

let counter: CounterOfTests;
beforeAll(async () => {
  counter = await openCounter();
});
afterAll(() => counter?.close());

const openReviews = async (count: number) => {
  const opened: { id: string; taskId: string }[] = [];
  for (let at = 0; at < count; at += 1) opened.push(await counter.openReview());
  return opened;
};
const decide = async (login: string, taskId: string, outcome = 'approve', key: string = randomUUID()) =>
  (await counter.as(login)).post(`/tasks/${taskId}/decide`, { outcome, reason: '材料与名册不符' }, { key });
const decidedFacts = (ids: string[]) => counter.db('facts').whereIn('procedure_id', ids).where({ kind: 'decided' });

const TURNS = 3;

/** While all turns of the desk wait for the table of bells, each begun beside the one before that stalls, what comes meanwhile gathers behind them. */
async function gather<T>(meanwhile: () => Promise<T>[]): Promise<T[]> {
  const busy = await openReviews(TURNS);
  const [first, behind] = await counter.db.transaction(async (trx) => {
    await trx.raw('lock table outbox in share row exclusive mode');
    const sent: ReturnType<typeof decide>[] = [];
    for (const { taskId } of busy) {
      sent.push(decide('first-1', taskId));
      await vi.waitFor(async () => expect(await countWaiting()).toBe(sent.length), { timeout: 8_000 });
    }
    const gathered = meanwhile();
    // Nothing tells from outside that they stand in the queue; too short a pause would let this pass, never fail.
    await new Promise((resume) => setTimeout(resume, 800));
    return [sent, gathered] as const;
  });
  for (const answer of await Promise.all(first)) expect(answer.status).toBe(200);
  return Promise.all(behind);
}

async function countWaiting(): Promise<number> {
  const { rows } = await counter.db.raw(
    `select count(*) as waiting from pg_locks
      where not granted and database = (select oid from pg_database where datname = current_database())`,
  );
  return rows[0].waiting;
}

test('[F12] two decisions of one task that are written together: one is on record, the other reads who decided', async () => {
  const [{ id, taskId } = { id: '', taskId: '' }] = await openReviews(1);
  const answers = await gather(() => [decide('first-1', taskId), decide('first-2', taskId, 'propose_refusal')]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
  expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({ code: 'task.decided' });
  const facts = await decidedFacts([id]);
  expect(facts).toMatchObject([{ outcome: answers.find(({ status }) => status === 200)?.body['outcome'] }]);
  expect(await findBrokenLink(counter.db, id)).toBeUndefined();
});

test('[F12] one person, one task, the same instant: another outcome under another key is refused, the same key gets the same answer', async () => {
  const [{ id, taskId } = { id: '', taskId: '' }] = await openReviews(1);
  const key = randomUUID();
  const answers = await gather(() => [
    decide('first-1', taskId, 'approve', key),
    decide('first-1', taskId, 'propose_refusal'),
    decide('first-1', taskId, 'approve', key),
    decide('first-1', taskId, 'propose_refusal', key),
  ]);
  const [fact, more] = await decidedFacts([id]);
  expect(more).toBeUndefined();
  for (const { status, body } of answers)
    if (status === 200) expect(body).toMatchObject({ outcome: fact.outcome, factNo: fact.no });
    else expect([status, typeof body['code']]).toEqual([409, 'string']);
  expect(answers.some(({ status }) => status === 200)).toBe(true);
});

test('[F05] [F12] what is refused among them leaves the others as they are: every 200 is on record, every refusal wrote nothing', async () => {
  const opened = await openReviews(12);
  const ids = opened.map(({ id }) => id);
  const elsewhere = opened[3] ?? { id: '', taskId: '' };
  const scopes = (await counter.db('tasks').where({ id: elsewhere.taskId }).first('four_eyes')).four_eyes as string[];
  const { userId } = await counter.cases.actor('first-1');
  await counter.db('signatures').insert(scopes.map((scope) => ({ scope, user_id: userId, step: 'review.another', signed_at: new Date() })));
  const answers = await gather(() => opened.map(({ taskId }) => decide('first-1', taskId)));
  expect(answers.map(({ status }) => status)).toEqual(opened.map((one) => (one === elsewhere ? 403 : 200)));
  const facts = await decidedFacts(ids);
  expect(facts).toHaveLength(11);
  expect(facts.map((fact) => fact.procedure_id)).not.toContain(elsewhere.id);
  for (const id of ids) expect(await findBrokenLink(counter.db, id)).toBeUndefined();
});

test('[F12] a procedure that somebody has locked keeps nobody waiting but whoever decides it', async () => {
  const opened = await openReviews(33);
  const [held, ...others] = opened;
  let late = false;
  const kept = await counter.db.transaction(async (trx) => {
    await trx.raw('select from procedures where id = ? for update', [held?.id ?? '']);
    const waits = decide('first-1', held?.taskId ?? '').finally(() => {
      late = true;
    });
    const answers = await Promise.all(others.map(({ taskId }, at) => decide(at % 2 ? 'first-2' : 'first-1', taskId)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(late).toBe(false);
    return { waits };
  });
  expect((await kept.waits).status).toBe(200);
  expect(await decidedFacts(opened.map(({ id }) => id))).toHaveLength(33);
});

test('[F12] a request that is still under way keeps nobody waiting but whoever sends the same one again', async () => {
  const [mine, ...others] = await openReviews(9);
  const { userId } = await counter.cases.actor('first-1');
  const key = randomUUID();
  const digest = requestDigest('post', `/tasks/${mine?.taskId}/decide`, { outcome: 'approve', reason: '材料与名册不符' }, []);
  const kept = await counter.db.transaction(async (trx) => {
    await onceOnly(trx, { userId, key, digest }, async () => ({ taskId: mine?.taskId, outcome: 'approve', factNo: 1, decidedAt: 'then' }));
    const waits: ReturnType<typeof decide>[] = [];
    const answers = gather(() => {
      waits.push(decide('first-1', mine?.taskId ?? '', 'approve', key));
      return others.map(({ taskId }) => decide('first-1', taskId));
    });
    // Whoever waits for the key waits alone: not with the statement that takes several decisions.
    await vi.waitFor(async () => expect(await waitingForTheKey()).toHaveLength(1), { timeout: 9_000 });
    expect((await waitingForTheKey()).join()).not.toContain('skip locked');
    expect((await answers).map(({ status }) => status)).toEqual(others.map(() => 200));
    return waits;
  });
  expect(await kept[0]).toMatchObject({ status: 200, body: { outcome: 'approve', decidedAt: 'then' } });
  expect(await decidedFacts(others.map(({ id }) => id))).toHaveLength(8);
});

test('[F12] [F36] ten decisions at once under one key: one is done, nine are told that the key is taken, and nobody else waits', async () => {
  const opened = await openReviews(20);
  const key = randomUUID();
  const began = Date.now();
  const [mine, others] = await Promise.all([
    Promise.all(opened.slice(0, 10).map(({ taskId }) => decide('first-1', taskId, 'approve', key))),
    Promise.all(opened.slice(10).map(({ taskId }) => decide('first-2', taskId))),
  ]);
  expect(mine.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 9 }, () => 409)]);
  for (const { status, body } of mine) if (status === 409) expect(body).toMatchObject({ code: 'idempotency.otherRequest' });
  expect(others.map(({ status }) => status)).toEqual(others.map(() => 200));
  expect(Date.now() - began).toBeLessThan(2_000);
  expect(await decidedFacts(opened.map(({ id }) => id))).toHaveLength(11);
});

test('[F36] while a request is under way, another one under its key is refused without waiting for its end, on every address', async () => {
  const [decided, held] = await openReviews(2);
  const { userId } = await counter.cases.actor('first-1');
  const desk = await counter.as('first-1');
  await desk.post(`/tasks/${held?.taskId ?? ''}/claim`);
  const key = randomUUID();
  await counter.db.transaction(async (trx) => {
    await onceOnly(trx, { userId, key, digest: 'of another request' }, async () => 'its answer');
    // The first one holds its key until this block ends: whoever waited for it would never come out.
    expect(await decide('first-1', decided?.taskId ?? '', 'approve', key)).toMatchObject({ status: 409, body: refusedKey });
    expect(await desk.post(`/tasks/${held?.taskId ?? ''}/suspend`, { reason: '等待核实' }, { key })).toMatchObject({
      status: 409,
      body: refusedKey,
    });
  });
});

test('[F36] the same request that comes in the instant in which the first one lets its locks go is answered like it, not refused', async () => {
  const { userId } = await counter.cases.actor('first-1');
  const request = { userId, key: randomUUID(), digest: 'of the same request' };
  await onceOnly(counter.db, request, async () => 'its answer');
  let again: Promise<string> = Promise.resolve('');
  await counter.db.transaction(async (trx) => {
    // The lock of the request is let go already, that of the key not yet.
    await trx.raw(`select pg_advisory_xact_lock(${locksOfKey('cast(:userId as text)', 'cast(:key as text)', `''`).key})`, request);
    again = onceOnly(counter.db, request, async () => 'done twice');
    await trx.raw('select pg_sleep(0.2)');
  });
  expect(await again).toBe('its answer');
});
const refusedKey = { code: 'idempotency.otherRequest' };

/** Asked as the server's own user, who may see what others do. */
async function waitingForTheKey(): Promise<string[]> {
  return counter.db.transaction(async (trx) => {
    await trx.raw('set local role none');
    const { rows } = await trx.raw<{ rows: { query: string }[] }>(
      `select query from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and wait_event = 'advisory'`,
    );
    return rows.map(({ query }) => query);
  });
}

test('[F12] a server that is gone between two statements is told as unavailable, so that the same request comes again', async () => {
  const broken = await counter.db
    .transaction(async (trx) => {
      const connection = (await trx.client.acquireConnection()) as { connection: { stream: { destroy(error: Error): void } } };
      connection.connection.stream.destroy(new Error('gone'));
      await new Promise((resume) => setTimeout(resume, 200));
      await trx.raw('select 1');
    })
    .catch((error: unknown) => error);
  expect(toOfficeError(broken)).toBeInstanceOf(UnavailableError);
  expect(toOfficeError(new Error('Client has encountered a connection error and is not queryable'))).toBeInstanceOf(UnavailableError);
});
