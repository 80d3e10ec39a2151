/** A procedure that is looked at very often: its run starts anew before its history grows out of bounds, and goes on where it stood. Real Temporal. */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inTransaction } from '../../db/client.ts';
import { lockProcedure, openProcedure, writeFact } from '../../db/protocol/procedures.ts';
import { getPolicyPack } from '../../db/catalogue/policy-packs.ts';
import { procedureWorkflowId, temporalSettings } from '../../temporal.config.ts';
import { termsOf } from '../../workflows/domain/policy/policy.ts';
import { type Office, openOffice } from '../support/office.ts';

/** Temporal suggests a new run from 4,096 events on. */
const LOOKS = 4_300;
const id = 'calendar-350000-2099';

let office: Office;
beforeAll(async () => {
  office = await openOffice();
});
afterAll(async () => {
  await office?.close();
});

test('[F02] thousands of looks end in a new run at the same place', { timeout: 150_000 }, async () => {
  const terms = termsOf(await getPolicyPack(office.db, 'fujian-2022'));
  await inTransaction(office.db, async (trx) => {
    const words = { number: '2099', title: '2099', institutionName: '' };
    await openProcedure(trx, { id, type: 'calendarNotice', subjectId: '2099', region: '350000', terms, flags: { year: 2099 }, ...words });
    await writeFact(trx, await lockProcedure(trx, id), { kind: 'submitted' }, { act: 'calendar.ask', subject: id });
  });
  const task = { procedure_id: id, step: 'notice.load', status: 'open' };
  await until(async () => (await office.db('tasks').where(task).first('id')) !== undefined);

  const connection = await Connection.connect({ address: office.product.temporalAddress });
  try {
    const handle = new Client({ connection, namespace: temporalSettings().namespace }).workflow.getHandle(
      procedureWorkflowId(id, office.taskQueue),
    );
    const first = (await handle.describe()).runId;
    const look = (): Promise<void> => handle.signal('fact', { no: 0, kind: 'look' });
    for (let sent = 0; sent < LOOKS; sent += 50) await Promise.all(Array.from({ length: 50 }, look));
    await until(async () => {
      await look();
      return (await handle.describe()).runId !== first;
    });
    expect((await handle.describe()).status.name).toBe('RUNNING');
    expect(await office.db('tasks').where(task)).toHaveLength(1);
  } finally {
    await connection.close();
  }
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 30_000; !(await holds()); ) {
    if (Date.now() > end) throw new Error('it did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
