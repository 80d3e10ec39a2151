/** Bells and looks in any order: a run goes on from where its procedure stands on record, whatever it heard of it first. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { procedureActivities } from '../../activities/procedures.ts';
import { lookAtClock } from '../../db/protocol/alarms.ts';
import { ringProcedures } from '../../db/protocol/procedures.ts';
import { pause } from '../../start/demonstration/requests.ts';
import { createRobot } from '../../start/demonstration/robot.ts';
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

test('[F02] a run whose step is on record without its knowing, and which looks before it hears why, goes on from there', {
  timeout: 90_000,
}, async () => {
  const robot = createRobot({ origin: office.origin, patienceMs: 20_000 });
  const days = trainingDays('2026-06-01', 8);
  const number = await robot.submitClass({ login: 'shifan-1', title: '先走后知', startDate: days[0] ?? '', days, trainees: 2, seed: 32 });
  const id = `class-${number}`;
  const place = () => office.db('procedures').where({ id }).first('stage', 'fact_no', 'applied_no', 'step_no');
  await until(async () => {
    if ((await place())?.stage !== 'plan') await robot.work();
    return (await place())?.stage === 'plan';
  }, 60_000);
  // The bell of the publication waits.
  await office.db.raw(`create function hold_bell() returns trigger language plpgsql as $$ begin new.next_at := clock_timestamp() + interval '1 hour'; return new; end $$;
    create trigger hold_bell before insert on outbox for each row when (new.procedure_id = '${id}' and new.kind = 'decided') execute function hold_bell()`);
  const task = `${id}/plan.publish/1`;
  await until(async () => (await office.db('tasks').where({ id: task, status: 'open' }).first('id')) !== undefined, 10_000);
  await until(async () => {
    await robot.work();
    return (await office.db('tasks').where({ id: task, status: 'decided' }).first('id')) !== undefined;
  }, 20_000);
  await office.db.raw('drop trigger hold_bell on outbox; drop function hold_bell()');
  // The step was taken, and what the run knew of it was lost together with its task.
  const before = await place();
  const beginning = { step: 'ready.beginning', kind: 'wait', role: 'clock', level: 'own', outcomes: [], dueDate: days[0] } as never;
  await procedureActivities({ db: office.db } as never).takeStep({
    procedureId: id,
    stepNo: before.step_no + 1,
    appliedNo: before.fact_no,
    stage: 'ready',
    step: 'ready',
    acts: [{ act: 'setClassStatus', code: 'ready' }],
    asks: [beginning],
    cancels: [],
    flags: {},
  });
  await ringProcedures(office.db, [id]);
  await office.db.raw(`update clock set business_epoch = '${days[0]}T02:00:00Z', real_epoch = clock_timestamp()`);
  await lookAtClock(office.db, id);
  await until(async () => (await place()).stage === 'training', 20_000);
  await office.db('outbox').where({ procedure_id: id }).update({ next_at: office.db.fn.now() });
  await until(async () => (await office.db('outbox').where({ procedure_id: id }).first('id')) === undefined, 10_000);
  expect(await office.db('tasks').where({ procedure_id: id, status: 'open' }).pluck('step')).toContain('training.attendance');
});
