/** The reconciler against the real Temporal: it leaves healthy runs alone, starts lost ones anew, writes down what it cannot mend, and two people mend it. */
import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { reconcile } from '../../activities/relay/reconciler.ts';
import { closeDatabase, inTransaction, openDatabase } from '../../db/client.ts';
import { samplePeople } from '../../db/formats/sample-rosters.ts';
import fujianPack from '../../db/policy-packs/fujian-2022.json' with { type: 'json' };
import { lockProcedure, openProcedure, writeFact } from '../../db/protocol/procedures.ts';
import { DEFAULT_NAMESPACE, procedureWorkflowId } from '../../temporal.config.ts';
import { termsOf } from '../../workflows/domain/policy/policy.ts';
import { readPolicyPack } from '../../workflows/domain/policy/policy-reader.ts';
import type { ProcedureType } from '../../workflows/domain/procedures.ts';
import { type Office, openOffice } from '../support/office.ts';
import { draftClass } from '../support/province.ts';

type Operations = {
  inOrder: boolean;
  checks: { code: string; count: number; items: { procedureId: string; number: string; detail: Record<string, string | number> }[] }[];
  builds: { buildId: string; inService: boolean; examples: { number: string }[] }[];
};

let office: Office;
let connection: Connection;
let client: Client;
let db: ReturnType<typeof openDatabase>;
const log = pino({ level: 'silent' });

beforeAll(async () => {
  office = await openOffice();
  // The turns are taken here, so that the product's own reconciler does not come in between.
  await office.db.raw(`update reconciler_turns set began_at = clock_timestamp() + interval '1 day'`);
  db = openDatabase(office.product.databaseUrl, { max: 4 });
  connection = await Connection.connect({ address: inject('temporalAddress') });
  client = new Client({ connection, namespace: DEFAULT_NAMESPACE });
});
afterAll(async () => {
  if (db) await closeDatabase(db);
  await connection?.close();
  await office?.close();
});

const turn = (over: Connection = connection): Promise<string[]> =>
  reconcile({ db, connection: over, namespace: DEFAULT_NAMESPACE, taskQueue: office.taskQueue, log });

/** Whether the run goes on: no run yet, or one that ended, does not. */
const runs = async (id: string): Promise<boolean> => {
  try {
    return (await runOf(id).describe()).status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
};

const runOf = (id: string) => client.workflow.getHandle(procedureWorkflowId(id, office.taskQueue));

async function until<T>(what: () => Promise<T | undefined | false>, seconds = 30): Promise<T> {
  for (let left = seconds * 10; left > 0; left -= 1) {
    const found = await what();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('it did not come about');
}

const openTask = (procedureId: string, role: string): Promise<string> =>
  until(async () => (await office.db('tasks').where({ procedure_id: procedureId, role, status: 'open' }).first('id'))?.id);

/** A class before its first reviewer, quiet for longer than any grace. */
async function submittedClass(): Promise<{ id: string; number: string; taskId: string }> {
  const number = await draftClass(office, { trainees: 2, seed: Math.floor(Math.random() * 1_000) });
  const school = await office.as('kangning-1');
  expect((await school.post(`/classes/${number}/submit`)).status).toBe(200);
  const id = `class-${number}`;
  const taskId = await openTask(id, 'first_reviewer');
  await quiet(id);
  return { id, number, taskId };
}

async function quiet(id: string): Promise<void> {
  await until(async () => (await office.db('outbox').where({ procedure_id: id }).first('id')) === undefined);
  for (const table of ['facts', 'audit_log'])
    await office
      .db(table)
      .where({ procedure_id: id })
      .update({ recorded_at: office.db.raw(`clock_timestamp() - interval '5 minutes'`) });
}

async function look(): Promise<Operations> {
  return (await (await office.as('system-1')).get<Operations>('/admin/operations')).body;
}

const found = (operations: Operations, code: string): Operations['checks'][number]['items'] =>
  operations.checks.find((check) => check.code === code)?.items ?? [];

async function decide(taskId: string): Promise<void> {
  const decided = await (await office.as('cs-first-1')).post(`/tasks/${taskId}/decide`, { outcome: 'approve' });
  expect(decided.status, JSON.stringify(decided.body)).toBe(200);
}

/** By two people, as the pages do it. */
async function repair(procedureId: string, kind: 'ring' | 'restart'): Promise<void> {
  const [asker, other] = [await office.as('system-1'), await office.as('system-2')];
  const asked = await asker.post<{ repairId: string }>('/admin/operations/repairs', { procedureId, kind, reason: '运行停住了' });
  expect(asked.status).toBe(201);
  const path = `/admin/operations/repairs/${asked.body.repairId}/confirm`;
  expect((await asker.post(path)).body).toMatchObject({ status: 403, code: 'repair.own' });
  expect((await other.post(path)).status).toBe(200);
}

describe('the reconciler', () => {
  test('[F02] healthy runs are not rung and nothing is found; [F13] the build that took their last step is on record', async () => {
    const { id, number, taskId } = await submittedClass();
    // What the run still does by itself after it has opened the task is over.
    let historyLength = 0;
    await until(async () => {
      const before = historyLength;
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      historyLength = (await runOf(id).describe()).historyLength;
      return historyLength === before;
    });
    expect(await turn()).toEqual([]);
    expect(await turn()).toEqual([]);
    expect((await runOf(id).describe()).historyLength).toBe(historyLength);
    const operations = await look();
    expect(operations.checks.filter(({ code, count }) => count > 0 && code !== 'provisional')).toEqual([]);
    expect(operations.inOrder).toBe(true);
    const build = operations.builds.find(({ examples }) => examples.some((example) => example.number === number));
    expect(build?.buildId).toMatch(/^@temporalio\/worker@\d/);
    await decide(taskId);
    await openTask(id, 'second_reviewer');
  });

  test('[F02] [F14] a run that was ended by force starts anew by itself once; ended again it is named, and goes on when two people repair it', async () => {
    const { id, number, taskId } = await submittedClass();
    await runOf(id).terminate('planted');
    expect(await turn()).toEqual([id]);
    await until(() => runs(id));
    await quiet(id);
    expect(await turn()).toEqual([]);
    expect((await look()).inOrder).toBe(true);

    await runOf(id).terminate('planted');
    expect(await turn()).toEqual([]);
    const stopped = await look();
    expect(stopped.inOrder).toBe(false);
    expect(found(stopped, 'runEnded')).toMatchObject([{ procedureId: id, number, detail: { status: 'TERMINATED', rings: 1 } }]);

    await repair(id, 'ring');
    await until(() => runs(id));
    await quiet(id);
    await turn();
    expect((await look()).inOrder).toBe(true);
    await decide(taskId);
    await openTask(id, 'second_reviewer');
  });

  test('[F14] a run is started anew by two people: another run, the same place, and the procedure goes on', async () => {
    const { id, taskId } = await submittedClass();
    const before = await runOf(id).describe();
    await repair(id, 'restart');
    const after = await until(async () => {
      const now = await runOf(id).describe();
      return now.runId !== before.runId && now.status.name === 'RUNNING' && now;
    });
    expect(after.runId).not.toBe(before.runId);
    expect(await office.db('tasks').where({ procedure_id: id, status: 'open' }).pluck('id')).toContain(taskId);
    await decide(taskId);
    await openTask(id, 'second_reviewer');
    expect(await office.db('tasks').where({ procedure_id: id, role: 'first_reviewer' })).toHaveLength(1);
  });

  test('[F15] rosters that nobody confirmed or fetched within the hour are gone with the next turn; younger ones stay', async () => {
    const number = await draftClass(office, { trainees: 2, seed: 701 });
    const school = await office.as('kangning-1');
    const path = `/classes/${number}/roster`;
    const keep = async () => (await school.post<{ upload: string }>(path, { trainees: samplePeople(2, 702), compare: true })).body.upload;
    const refuse = () => school.upload(path, 'file', { name: '花名册.csv', content: Buffer.from('姓名,证件号码\n王小明,123\n') });
    const old = await keep();
    expect((await refuse()).status).toBe(422);
    const tables = ['roster_uploads', 'roster_rejections'];
    for (const table of tables) await office.db(table).update({ created_at: office.db.raw(`now() - interval '61 minutes'`) });
    const young = await keep();
    expect((await refuse()).status).toBe(422);
    await turn();
    expect(await office.db('roster_uploads').pluck('id')).toEqual([young]);
    expect(await office.db('roster_rejections')).toHaveLength(1);
    expect((await school.get(`${path}/uploads/${old}`)).status).toBe(404);
    expect((await school.get(`${path}/uploads/${young}`)).status).toBe(200);
  });

  test('[F02] a procedure of which Temporal knows nothing is found and started', async () => {
    const id = await plantProcedure('calendarNotice', '2031');
    await office.db('outbox').where({ procedure_id: id }).delete();
    expect(await turn()).toEqual([id]);
    await until(() => runs(id));
    await until(async () => (await office.db('procedures').where({ id }).first('applied_no'))?.applied_no === 1);
    await quiet(id);
    expect(await turn()).toEqual([]);
  });

  test('[F14] a programming error is named with its count, and its run is not flooded with bells', async () => {
    const id = await plantProcedure('noSuchProcedure' as ProcedureType, '2032');
    try {
      const failing = await until(async () => {
        await turn();
        const items = found(await look(), 'runFailing');
        return items.length > 0 && items;
      }, 60);
      expect(failing).toMatchObject([{ procedureId: id, number: '2032', detail: { attempt: expect.toSatisfy((n: number) => n >= 3) } }]);
      expect((await look()).inOrder).toBe(false);
      const { rings } = await office.db('operation_findings').where({ procedure_id: id, code: 'standing_still' }).first('rings');
      expect(rings).toBeGreaterThan(0);
      expect(rings).toBeLessThan(4);
    } finally {
      await runOf(id).terminate('planted');
      await office.db('procedures').where({ id }).update({ status: 'closed', closed_at: office.db.fn.now(), applied_no: 1 });
    }
    await turn();
    expect((await look()).inOrder).toBe(true);
  });

  test('[F14] an act of the office that is tried again and again is named with its count, and goes on by itself once its cause is gone', async () => {
    const { id, number, taskId } = await submittedClass();
    await office.db.raw(`create function planted() returns trigger language plpgsql as $$ begin raise exception 'planted'; end $$`);
    await office.db.raw(
      `create trigger planted before insert on tasks for each row when (new.procedure_id = '${id}') execute function planted()`,
    );
    try {
      await decide(taskId);
      const retrying = await until(async () => {
        await quiet(id).catch(() => undefined);
        await turn();
        const items = found(await look(), 'runRetrying');
        return items.length > 0 && items;
      }, 90);
      const detail = { activity: expect.stringMatching(/^\w+$/), attempt: expect.toSatisfy((n: number) => n >= 5) };
      expect(retrying).toMatchObject([{ procedureId: id, number, detail }]);
    } finally {
      await office.db.raw('drop trigger planted on tasks');
      await office.db.raw('drop function planted()');
    }
    await openTask(id, 'second_reviewer');
    await quiet(id);
    await turn();
    expect(found(await look(), 'runRetrying')).toEqual([]);
  }, 150_000);

  test('[F14] when Temporal gives no answer the turn ends all the same and says so', async () => {
    const nowhere = Connection.lazy({ address: '127.0.0.1:1' });
    try {
      await turn(nowhere);
      const silent = await look();
      expect(silent.inOrder).toBe(false);
      expect(silent.checks.find(({ code }) => code === 'temporal')?.count).toBe(1);
    } finally {
      await nowhere.close().catch(() => undefined);
    }
    await turn();
    expect((await look()).inOrder).toBe(true);
  });
});

/** A procedure by its row alone, with its first fact and its bell. */
async function plantProcedure(type: ProcedureType, number: string): Promise<string> {
  const id = `calendar-350000-${number}`;
  await inTransaction(office.db, async (trx) => {
    const terms = termsOf(readPolicyPack(fujianPack));
    await openProcedure(trx, {
      id,
      type,
      subjectId: number,
      region: '350000',
      number,
      title: `${number} 年`,
      institutionName: '',
      terms,
      flags: { year: Number(number) },
    });
    await writeFact(trx, await lockProcedure(trx, id), { kind: 'submitted' }, { act: 'calendar.ask', subject: id });
  });
  await office
    .db('facts')
    .where({ procedure_id: id })
    .update({ recorded_at: office.db.raw(`clock_timestamp() - interval '5 minutes'`) });
  return id;
}
