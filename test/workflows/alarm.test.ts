/** The bell of what the clock wrote may reach a run before its own look does: it goes on all the same. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lookAtClock } from '../../db/protocol/alarms.ts';
import { createRobot, pause } from '../../start/demonstration/robot.ts';
import { trainingDays } from '../../start/demonstration/training-days.ts';
import { type Office, openOffice } from '../support/office.ts';

let office: Office;

beforeAll(async () => {
  office = await openOffice();
});
afterAll(async () => {
  await office?.close();
});

async function until(condition: () => Promise<boolean>, withinMs: number): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error('it did not happen in time');
    await pause(100);
  }
}

test('[F01] the first day that a bell tells of before the alarm rings begins the training', { timeout: 90_000 }, async () => {
  const robot = createRobot({ origin: office.origin, patienceMs: 20_000 });
  const days = trainingDays('2026-04-06', 8);
  const number = await robot.submitClass({ login: 'kangning-1', title: '先铃后闹', startDate: days[0] ?? '', days, trainees: 2, seed: 31 });
  const id = `class-${number}`;
  const stage = async () => (await office.db('procedures').where({ id }).first('stage'))?.stage;
  await until(async () => {
    await robot.work();
    return (await stage()) === 'ready';
  }, 60_000);
  await until(
    async () =>
      (await office
        .db('tasks')
        .where({ id: `${id}/ready.beginning/1`, status: 'open' })
        .first('id')) !== undefined,
    10_000,
  );

  // The business clock passes the first day without a word to the run, and somebody else's look writes that it came.
  await office.db.raw(`update clock set business_epoch = '${days[0]}T02:00:00Z', real_epoch = clock_timestamp()`);
  await lookAtClock(office.db, id);
  expect(await office.db('facts').where({ procedure_id: id, kind: 'expired' }).count('* as n')).toEqual([{ n: 1 }]);
  await until(async () => (await stage()) === 'training', 15_000);
});
