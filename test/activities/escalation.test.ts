/** The last rung of the clock finds somebody: the supervisors above, or the approvers of the office. A step with an act that is unknown here waits for another worker. */
import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { procedureActivities } from '../../activities/procedures.ts';
import { closeDatabase, openDatabase } from '../../db/client.ts';
import { lookAtClock } from '../../db/protocol/alarms.ts';
import { readPlace } from '../../db/protocol/steps.ts';
import { openVault } from '../../db/vault.ts';
import { type Cases, firstReview, openCases } from '../support/by-hand/cases.ts';
import { freshDatabase } from '../support/servers.ts';
import type { OfficeAct } from '../../workflows/domain/office-acts.ts';

const vault = openVault({ keys: { k1: randomBytes(32) }, currentKid: 'k1', indexKey: randomBytes(32) });
const plain = { ...firstReview, step: 'review.first_review' };
let database: Awaited<ReturnType<typeof freshDatabase>>;
let db: Knex;
let owner: Knex;
let cases: Cases;

beforeAll(async () => {
  database = await freshDatabase();
  db = openDatabase(database.url, { max: 4 });
  owner = openDatabase(database.url, { owner: true, max: 1 });
  cases = await openCases(db, vault);
});
afterAll(async () => {
  await closeDatabase(owner);
  await closeDatabase(db);
  await database.drop();
});

/** Lets the last rung of a review ring and answers it. Returns who gets the mail. */
async function superiorsMailed(): Promise<string[]> {
  const { id, taskIds } = await cases.open([plain]);
  await owner('tasks')
    .where({ id: taskIds[0] })
    .update({ rung: 4, next_rung_at: owner.raw(`business_now() - interval '1 second'`) });
  const [fact] = (await lookAtClock(db, id)).facts;
  expect(fact).toMatchObject({ kind: 'rung', outcome: 'superior' });
  const acts: OfficeAct[] = [{ act: 'answerRung', factNo: fact?.no ?? 0, taskId: taskIds[0] ?? '' }];
  await take(id, fact?.no ?? 0, acts);
  return db('mails as m')
    .join('users as u', 'u.id', 'm.user_id')
    .where({ template: 'escalation' })
    .whereLike('dedupe', `${id}/%`)
    .pluck('u.login');
}

function take(procedureId: string, appliedNo: number, acts: OfficeAct[]) {
  const input = { procedureId, stepNo: 2, appliedNo, stage: 'review', step: 'first_review', acts, asks: [], cancels: [], flags: {} };
  return procedureActivities({ db, vault } as never).takeStep(input);
}

test('[F04] the last rung goes to the supervisors above, and where there are none to the approvers of the office', async () => {
  expect(await superiorsMailed()).toEqual(['city-supervise-1']);
  await owner('users').where({ login: 'city-supervise-1' }).update({ active: false });
  expect(await superiorsMailed()).toEqual(['approve-1']);
});

test('an act that this worker does not know is tried again elsewhere: nothing is changed and the run does not fail', async () => {
  const { id } = await cases.open([plain]);
  const before = await readPlace(db, id);
  await expect(take(id, 1, [{ act: 'actOfTomorrow' } as never])).rejects.toMatchObject({ type: 'UnknownAct', nonRetryable: false });
  expect(await readPlace(db, id)).toEqual(before);
});
