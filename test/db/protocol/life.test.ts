/** The life of a procedure: started once, told while it is not closed, withdrawn with a reason; it knows who started it. */
import type { Knex } from 'knex';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closeDatabase, inTransaction, openDatabase } from '../../../db/client.ts';
import { loadDemonstration } from '../../../db/demonstration/load.ts';
import { getPolicyPack } from '../../../db/catalogue/policy-packs.ts';
import { inheritFrom, startProcedure, tellProcedure, withdrawProcedure } from '../../../db/protocol/life.ts';
import { lockProcedure } from '../../../db/protocol/procedures.ts';
import { termsOf } from '../../../workflows/domain/policy/policy.ts';
import { numberOf, procedureIdOf } from '../../../workflows/domain/procedures.ts';
import { freshDatabase } from '../../support/servers.ts';

let database: Awaited<ReturnType<typeof freshDatabase>>;
let db: Knex;
let owner: Knex;

beforeAll(async () => {
  database = await freshDatabase();
  db = openDatabase(database.url, { max: 4 });
  owner = openDatabase(database.url, { owner: true, max: 2 });
  await loadDemonstration(db, { passwordHash: 'none', clockSpeed: 1 });
});
afterAll(async () => {
  await closeDatabase(owner);
  await closeDatabase(db);
  await database.drop();
});

async function start(number: string): Promise<{ id: string; started: boolean }> {
  const id = procedureIdOf('trainingClass', number);
  const terms = termsOf(await getPolicyPack(db, 'fujian-2022'));
  const words = { number, title: number, institutionName: '示范学校' };
  const started = await inTransaction(db, (trx) =>
    startProcedure(
      trx,
      { id, type: 'trainingClass', subjectId: number, region: '350104', ...words, terms },
      { audit: { act: 'class.submit' } },
    ),
  );
  return { id, started };
}

const facts = (id: string): Promise<string[]> => db('facts').where({ procedure_id: id }).orderBy('no').pluck('kind');
const told = (id: string): Promise<void> =>
  inTransaction(db, (trx) =>
    tellProcedure(trx, id, { kind: 'application_closed', outcome: 'paid' }, { act: 'application.close', subject: id }),
  );

test('a procedure is started once', async () => {
  const { id, started } = await start('life-1');
  expect(started).toBe(true);
  expect((await start('life-1')).started).toBe(false);
  expect(await facts(id)).toEqual(['submitted']);
  expect(await db('outbox').where({ procedure_id: id })).toHaveLength(1);
});

test('a suspended procedure is told what happened meanwhile, a closed one is not', async () => {
  const { id } = await start('life-2');
  await owner('procedures').where({ id }).update({ status: 'suspended' });
  await told(id);
  expect(await facts(id)).toEqual(['submitted', 'application_closed']);
  await owner('procedures').where({ id }).update({ status: 'closed', closed_at: owner.fn.now() });
  await told(id);
  expect(await facts(id)).toEqual(['submitted', 'application_closed']);
});

test('it is withdrawn with a reason, and once', async () => {
  const { id } = await start('life-3');
  const withdraw = (reason: string) =>
    inTransaction(db, async (trx) =>
      withdrawProcedure(trx, await lockProcedure(trx, id), { actor: undefined, reason, act: 'class.withdraw' }),
    );
  await expect(withdraw(' ')).rejects.toMatchObject({ issues: [{ field: 'reason', code: 'task.reasonMissing' }] });
  await withdraw('计划有变');
  await expect(withdraw('计划有变')).rejects.toMatchObject({ code: 'procedure.closed' });
  expect(await facts(id)).toEqual(['submitted', 'withdrawn']);
});

test('a procedure knows the one that started it', async () => {
  const { id } = await start('life-4');
  const child = procedureIdOf('objection', 'life-5');
  await inTransaction(db, async (trx) => {
    const parent = await lockProcedure(trx, id);
    const opening = { id: child, type: 'objection', ...inheritFrom(parent), subjectId: 'life-5', number: 'life-5' } as const;
    await startProcedure(trx, opening, { audit: { act: 'objection.raise' } });
  });
  expect(await db('procedures').where({ id: child }).first('parent_id', 'region', 'subject_title')).toEqual({
    parent_id: id,
    region: '350104',
    subject_title: 'life-4',
  });
  expect([numberOf('objection', child), numberOf('trainingClass', child)]).toEqual(['life-5', undefined]);
});
