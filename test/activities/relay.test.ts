/** How the relay hears of new lines: a listener that survives the server, and a bell after every COMMIT that wrote one. Real PostgreSQL, no Temporal. */
import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import pino from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { listenForBells } from '../../activities/relay/relay.ts';
import { closeDatabase, inTransaction, openDatabase } from '../../db/client.ts';
import { decideTask } from '../../db/protocol/decisions.ts';
import { lockProcedure, ringProcedures, writeFact } from '../../db/protocol/procedures.ts';
import { openVault } from '../../db/vault.ts';
import { type Cases, firstReview, openCases } from '../support/by-hand/cases.ts';
import { freshDatabase } from '../support/servers.ts';

let database: Awaited<ReturnType<typeof freshDatabase>>;
let db: Knex;
let cases: Cases;
let bells = 0;
let bell: ReturnType<typeof listenForBells>;

beforeAll(async () => {
  database = await freshDatabase();
  db = openDatabase(database.url, { max: 4 });
  cases = await openCases(db, openVault({ keys: { k1: randomBytes(32) }, currentKid: 'k1', indexKey: randomBytes(32) }));
  bell = listenForBells({ databaseUrl: database.url, log: pino({ level: 'silent' }) }, () => {
    bells += 1;
  });
  await until(() => bell.connected());
});
afterAll(async () => {
  await bell.close();
  await closeDatabase(db);
  await database.drop();
});
beforeEach(async () => {
  await pause(300);
  bells = 0;
});

describe('the bell', () => {
  const plain = { ...firstReview, step: 'review.first_review' };

  test('rings after a decision, after a fact and after a ring, and not for what was rolled back', async () => {
    const { id, taskIds } = await cases.open([plain]);
    for (const act of [
      () => cases.actor('first-1').then((actor) => decideTask(db, actor, { taskId: taskIds[0] ?? '', outcome: 'approve' })),
      () => inTransaction(db, (trx) => fact(trx, id)),
      () => ringProcedures(db, [id]),
    ]) {
      await pause(300);
      const before = bells;
      await act();
      await until(() => bells > before);
    }
    await pause(300);
    const before = bells;
    await expect(inTransaction(db, async (trx) => fact(trx, id).then(() => Promise.reject(new Error('no'))))).rejects.toThrow('no');
    await pause(300);
    expect(bells).toBe(before);
  });

  test('rings again for what is written within the pause after a bell', async () => {
    const { id } = await cases.open([plain]);
    await pause(300);
    bells = 0;
    await Promise.all([ringProcedures(db, [id]), ringProcedures(db, [id]), ringProcedures(db, [id])]);
    await until(() => bells === 2);
    await pause(100);
    expect(bells).toBe(2);
  });
});

test('a listener whose connection is cut comes back as one, and none is left when it closes', async () => {
  const cut = `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'shiming-relay-bell' and datname = current_database()`;
  const owner = openDatabase(database.url, { owner: true, max: 1 });
  const count = async (): Promise<number> => Number((await owner.raw(cut.replace('pg_terminate_backend(pid)', 'pid'))).rowCount);
  try {
    for (let round = 0; round < 2; round += 1) {
      expect(await count()).toBe(1);
      await owner.raw(cut);
      await until(() => !bell.connected());
      await until(() => bell.connected());
      await pause(1_500);
    }
    expect(await count()).toBe(1);
    await bell.close();
    await pause(1_200);
    expect(await count()).toBe(0);
  } finally {
    await closeDatabase(owner);
  }
});

async function fact(trx: Knex.Transaction, id: string): Promise<void> {
  await writeFact(trx, await lockProcedure(trx, id), { kind: 'change_requested', outcome: 'date' }, { act: 'test.fact', subject: id });
}

async function until(holds: () => boolean): Promise<void> {
  for (let left = 500; left > 0 && !holds(); left -= 1) await pause(20);
  expect(holds()).toBe(true);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
