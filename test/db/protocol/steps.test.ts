/** Steps and the clock of a procedure under hard conditions: facts that come in between, late steps, changed schemas. Real PostgreSQL, no Temporal. */
import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Actor } from '../../../db/accounts/users.ts';
import { recomputeDeadlines } from '../../../db/calendar/deadlines.ts';
import { closeRegion } from '../../../db/calendar/closures.ts';
import { closeDatabase, inTransaction, openDatabase, type Trx } from '../../../db/client.ts';
import { decideTask } from '../../../db/protocol/decisions.ts';
import { claimTask } from '../../../db/protocol/holding/claims.ts';
import { auditProcedure, findBrokenLink, lockProcedure } from '../../../db/protocol/procedures.ts';
import { recordApart } from '../../../db/protocol/reconciliation.ts';
import { lookAtClock } from '../../../db/protocol/alarms.ts';
import { readPlace, takeStep } from '../../../db/protocol/steps.ts';
import { openVault } from '../../../db/vault.ts';
import { type Place, type StepInput, waitFor } from '../../../workflows/domain/procedures.ts';
import { type Cases, county, firstReview, openCases } from '../../support/by-hand/cases.ts';
import { freshDatabase, waitForLock } from '../../support/servers.ts';

let database: Awaited<ReturnType<typeof freshDatabase>>;
let db: Knex;
let owner: Knex;
let cases: Cases;

const noActs = async () => ({});
const plain = { ...firstReview, step: 'review.first_review' };

function step(procedureId: string, stepNo: number, appliedNo: number, more: Partial<StepInput> = {}): StepInput {
  return { procedureId, stepNo, appliedNo, stage: 'review', step: 'first_review', acts: [], asks: [], cancels: [], flags: {}, ...more };
}

/** Closes the county's offices on a day. */
const close = async (day: string) => {
  const admin: Actor = { ...(await cases.actor('first-1')), grants: [{ role: 'system_admin', region: '350104', path: county.path }] };
  return closeRegion(db, admin, { region: '350104', firstDay: day, lastDay: day, kind: 'off', reason: 'typhoon', document: 'T-1' });
};

beforeAll(async () => {
  database = await freshDatabase();
  db = openDatabase(database.url, { max: 8 });
  owner = openDatabase(database.url, { owner: true, max: 2 });
  cases = await openCases(db, openVault({ keys: { k1: randomBytes(32) }, currentKid: 'k1', indexKey: randomBytes(32) }));
});

afterAll(async () => {
  await closeDatabase(owner);
  await closeDatabase(db);
  await database.drop();
});

describe('closing', () => {
  test('while a fact is unread a closing step does nothing at all, and the same step closes once it is read', async () => {
    const { id, taskIds } = await cases.open([plain, { ...plain, step: 'review.second_review' }]);
    await decideTask(db, await cases.actor('first-1'), { taskId: taskIds[0] ?? '', outcome: 'approve' });
    const performed: number[] = [];
    const perform = async () => {
      performed.push(1);
      return { ended: true };
    };
    const ending: Partial<StepInput> = { close: 'refused', acts: [{ act: 'closeClass', code: 'refused' }], flags: { said: 'end' } };
    const before = await db('procedures').where({ id }).first();

    const open = await takeStep(db, step(id, 2, 1, ending), perform);
    expect(open).toMatchObject({ status: 'open', appliedNo: 1, stepNo: 1, openSteps: ['review.second_review'] });
    expect(open.facts.map((fact) => fact.no)).toEqual([2]);
    expect(performed).toEqual([]);
    expect(await db('procedures').where({ id }).first()).toEqual(before);

    const closed = await takeStep(db, step(id, 2, 2, ending), perform);
    expect(closed).toMatchObject({ status: 'closed', outcome: 'refused', openSteps: [], flags: { ended: true } });
    expect(performed).toEqual([1]);
  });
});

describe('a step that only asks', () => {
  const second = { ...plain, step: 'review.second_review' };

  test('taken twenty times at once it is taken once, and all of them learn the same place', async () => {
    const { id } = await cases.open([plain]);
    const ask = step(id, 2, 1, { asks: [second], flags: { asked: true } });
    const places = await Promise.all(Array.from({ length: 20 }, () => takeStep(db, ask, noActs)));
    expect(new Set(places.map(({ openSteps }) => openSteps.toSorted().join()))).toEqual(new Set([`${plain.step},${second.step}`]));
    expect(places.every(({ flags, stepNo }) => flags.asked === true && stepNo === 2)).toBe(true);
    expect(await db('tasks').where({ procedure_id: id, step: second.step })).toHaveLength(1);
    expect(await db('audit_log').where({ procedure_id: id, act: 'procedure.step' })).toHaveLength(2);
    expect(await findBrokenLink(db, id)).toBeUndefined();
  });

  test('what is written about the procedure while the step waits is neither lost nor overtaken', async () => {
    const { id, taskIds } = await cases.open([plain]);
    const first = await cases.actor('first-1');
    let asked: Promise<Place> | undefined;
    await inTransaction(db, async (trx) => {
      await claimTask(trx as never, first, taskIds[0] ?? '');
      asked = takeStep(db, step(id, 2, 1, { asks: [second] }), noActs);
      await waitForLock(owner);
      await decideTask(trx as never, first, { taskId: taskIds[0] ?? '', outcome: 'approve' });
    });
    expect(await asked).toMatchObject({ appliedNo: 1, stepNo: 2, openSteps: [second.step], facts: [{ no: 2, kind: 'decided' }] });
    expect(await db('audit_log').where({ procedure_id: id }).orderBy('no').pluck('act')).toEqual(
      expect.arrayContaining(['task.claim', 'task.approve', 'procedure.step']),
    );
    expect(await findBrokenLink(db, id)).toBeUndefined();
  });

  test('a suspended procedure opens no task, and a year without its notice is asked for', async () => {
    const [suspended, late] = [await cases.open([plain]), await cases.open([plain])];
    await owner('procedures').where({ id: suspended.id }).update({ status: 'suspended' });
    expect((await takeStep(db, step(suspended.id, 2, 1, { asks: [second] }), noActs)).openSteps).toEqual([plain.step]);
    await takeStep(db, step(late.id, 2, 1, { asks: [{ ...second, workingDays: 260 }] }), noActs);
    expect(await db('procedures').where({ type: 'calendarNotice', subject_id: '2027' })).toHaveLength(1);
  });
});

describe('a step that acts', () => {
  test('whose act writes about the procedure past the step leaves nothing behind', async () => {
    const { id } = await cases.open([plain]);
    const past = step(id, 2, 1, { acts: [{ act: 'closeClass', code: 'refused' }], flags: { acted: true } });
    const perform = async (trx: Trx) => {
      await auditProcedure(trx, await lockProcedure(trx, id), undefined, { act: 'task.urge', subject: id });
      return {};
    };
    await expect(takeStep(db, past, perform)).rejects.toThrow('written past its step');
    expect(await db('procedures').where({ id }).first('step_no', 'audit_no')).toEqual({ step_no: 1, audit_no: 2 });
    expect(await findBrokenLink(db, id)).toBeUndefined();
  });
});

describe('waits', () => {
  test('a wait without a date has no alarm, goes on while its stage lasts, and ends with the stage', async () => {
    const { id, taskIds } = await cases.open([plain]);
    await decideTask(db, await cases.actor('first-1'), { taskId: taskIds[0] ?? '', outcome: 'approve' });
    const waiting = await takeStep(
      db,
      step(id, 2, 2, { stage: 'payment', step: 'payment', asks: [waitFor('payment.settlement')] }),
      noActs,
    );
    expect(waiting.openSteps).toEqual(['payment.settlement']);
    expect(waiting.alarmAtMs).toBeUndefined();
    expect((await takeStep(db, step(id, 3, 2, { stage: 'payment', step: 'payment' }), noActs)).openSteps).toEqual(['payment.settlement']);
    const left = await takeStep(db, step(id, 4, 2, { stage: 'paid_list', step: 'publish', asks: [plain] }), noActs);
    expect(left.openSteps).toEqual(['review.first_review']);
    expect(await db('tasks').where({ procedure_id: id, step: 'payment.settlement' }).first()).toMatchObject({
      status: 'cancelled',
      version: 2,
    });
  });

  test('an open procedure without a task is reported in any stage; one that waits, or was moved just now, is not', async () => {
    const [lost, waits, fresh] = [await cases.open([plain]), await cases.open([waitFor('payment.settlement')]), await cases.open([plain])];
    for (const { id } of [lost, fresh]) await takeStep(db, step(id, 2, 1, { stage: 'subsidy', cancels: [plain.step] }), noActs);
    await owner.raw(`update audit_log set recorded_at = recorded_at - interval '1 minute' where procedure_id = any(?)`, [
      [lost.id, waits.id],
    ]);
    expect(await recordApart(db)).toEqual([lost.id]);
    await takeStep(db, step(lost.id, 3, 1, { asks: [plain] }), noActs);
    expect(await recordApart(db)).toEqual([]);
    expect(await db('operation_findings').where({ procedure_id: lost.id }).whereNull('cleared_at')).toEqual([]);
  });
});

describe('the end of a period', () => {
  test('a wait for a day that has begun already rings at once', async () => {
    const begun = { ...waitFor('ready.beginning'), dueDate: '2026-03-02' };
    const { id, taskIds } = await cases.open([begun]);
    expect((await readPlace(db, id)).alarmAtMs).toBeLessThan(Date.now());
    expect((await lookAtClock(db, id)).facts).toEqual([{ no: 2, kind: 'expired', taskId: taskIds[0] }]);
  });

  test('a closure that moves the end of a peremptory period into the past lets it expire', async () => {
    const { id, taskIds } = await cases.open([{ ...plain, peremptory: true, workingDays: 2 }]);
    // Counted from the end of February: its last day is over as soon as it is computed again.
    await owner('tasks').where({ id: taskIds[0] }).update({ from_date: '2026-02-25' });
    await close('2026-06-17');
    await expect(decideTask(db, await cases.actor('first-1'), { taskId: taskIds[0] ?? '', outcome: 'approve' })).rejects.toMatchObject({
      code: 'task.expired',
    });
    expect((await lookAtClock(db, id)).facts).toEqual([{ no: 2, kind: 'expired', taskId: taskIds[0] }]);
    expect(await db('tasks').where({ id: taskIds[0] }).first('status')).toEqual({ status: 'expired' });
  });
});

describe('from when a period counts', () => {
  const days = async (id: string, name: string) => db('tasks').where({ procedure_id: id, step: name }).first('from_date', 'due_date');

  test('from the day of the act, however late the step is; the period of an applicant from the step that tells of it', async () => {
    const { id, taskIds } = await cases.open([plain]);
    await decideTask(db, await cases.actor('first-1'), { taskId: taskIds[0] ?? '', outcome: 'approve' });
    // Decided on Thursday, and Temporal was away until Monday.
    await owner('facts')
      .where({ procedure_id: id, no: 2 })
      .update({ at: new Date('2026-02-26T15:00:00+08:00') });
    const second = { ...plain, step: 'review.second_review', workingDays: 3 };
    const correction = { ...plain, step: 'review.correction', workingDays: 5, peremptory: true };
    await takeStep(db, step(id, 2, 2, { asks: [second, correction] }), noActs);
    expect(await days(id, 'review.second_review')).toEqual({ from_date: '2026-02-26', due_date: '2026-03-02' });
    expect(await days(id, 'review.correction')).toEqual({ from_date: '2026-03-02', due_date: '2026-03-09' });
  });
});

describe('a changed calendar', () => {
  test('locks one procedure at a time; what it did not reach is counted again later, and nothing twice', async () => {
    const [one, two] = [await cases.open([plain]), await cases.open([plain])];
    let held: Promise<unknown> = Promise.resolve();
    await inTransaction(db, async (trx) => {
      await lockProcedure(trx, two.id);
      held = close('2026-03-04');
      await waitForLock(owner);
      // The first is done and free, while the second is waited for.
      expect(await db('tasks').where({ id: one.taskIds[0] }).first('due_date')).toEqual({ due_date: '2026-03-06' });
      await owner.raw('select 1 from procedures where id = ? for update nowait', [one.id]);
      await trx('tasks').where({ id: two.taskIds[0] }).update({ rung: 1 });
    });
    await held;
    expect(await db('tasks').where({ id: two.taskIds[0] }).first('due_date', 'rung')).toEqual({ due_date: '2026-03-06', rung: 1 });
    await owner('tasks').where({ id: one.taskIds[0] }).update({ calendar_version: 'older', due_date: '2026-03-05' });
    const expected = [{ taskId: one.taskIds[0], before: '2026-03-05', after: '2026-03-06' }];
    expect(await recomputeDeadlines(db, undefined)).toEqual(expected);
    expect(await recomputeDeadlines(db, undefined)).toEqual([]);
  });

  test('a window in months is counted again, too', async () => {
    const { id } = await cases.open([{ ...plain, workingDays: undefined, months: 4, peremptory: true } as never]);
    expect(await days(id)).toBe('2026-07-02');
    await close('2026-07-02');
    expect(await days(id)).toBe('2026-07-03');
  });

  test('the list on show takes objections until the day on which its period ends', async () => {
    const [parent, period] = [await cases.open([plain]), 'disclosure-350104-9'];
    const wait = { ...waitFor('period.end'), workingDays: 5 };
    await cases.open([wait], { type: 'publicDisclosure', id: period });
    const shown = { number: '350104-9', list: 'subsidy', class_id: cases.classId, procedure_id: period, parent_procedure_id: parent.id };
    const dates = { from_date: '2026-03-02', due_date: '2026-03-10', due_at: new Date('2026-03-10T16:00:00Z'), working_days: 5 };
    const text = {
      region: '350104',
      blocks: true,
      title: 't',
      snapshot: '{}',
      digest: 'd',
      published_at: new Date('2026-03-02T02:00:00Z'),
    };
    await db('disclosures').insert({ ...shown, ...dates, ...text });
    await close('2026-03-09');
    const task = await db('tasks').where({ procedure_id: period }).first('due_date', 'due_at');
    expect(task.due_date).toBe('2026-03-11');
    expect(await db('disclosures').where({ procedure_id: period }).first('due_date', 'due_at')).toEqual(task);
  });

  async function days(id: string): Promise<string> {
    return (await db('tasks').where({ procedure_id: id }).first('due_date')).due_date;
  }
});

describe('the alarm', () => {
  test('a look sets the alarm by the open tasks, whatever was left behind, and takes it from a row that is not open', async () => {
    const [open, withdrawn] = [await cases.open([plain]), await cases.open([plain])];
    const ids = [open.id, withdrawn.id];
    await owner('procedures').whereIn('id', ids).update({ next_alarm_at: '2026-03-01T01:00:00Z' });
    await owner('procedures').where({ id: withdrawn.id }).update({ status: 'withdrawn' });
    const rung = await db('tasks').where({ id: open.taskIds[0] }).first('next_rung_at');
    expect((await lookAtClock(db, withdrawn.id)).alarmAtMs).toBeUndefined();
    expect((await lookAtClock(db, open.id)).alarmAtMs).toBeGreaterThan(Date.now());
    expect(await db('procedures').where({ id: open.id }).first('next_alarm_at')).toEqual({ next_alarm_at: rung.next_rung_at });
  });
});

describe('what changes while a decision waits for the lock', () => {
  test.each([
    ['its evidence', { version: 5 }, 'task.changed'],
    ['the end of its period', { due_at: new Date('2026-03-01T16:00:00Z') }, 'task.expired'],
  ])('%s: the decision is not taken', async (_what, change, code) => {
    const { id, taskIds } = await cases.open([{ ...plain, peremptory: true }]);
    const first = await cases.actor('first-1');
    let decided: Promise<unknown> = Promise.resolve();
    await inTransaction(db, async (trx) => {
      await lockProcedure(trx, id);
      decided = decideTask(db, first, { taskId: taskIds[0] ?? '', outcome: 'approve', version: 1 }).catch((error: unknown) => error);
      await waitForLock(owner);
      await trx('tasks').where({ id: taskIds[0] }).update(change);
    });
    expect(await decided).toMatchObject({ code });
    expect(await db('facts').where({ procedure_id: id, kind: 'decided' })).toEqual([]);
  });
});

describe('a class that comes back from correction', () => {
  test('is checked as it is when the upload of its roster, still under way, has ended', async () => {
    const correction = { ...plain, step: 'pre_training.correction', kind: 'correction', role: 'institution', level: 'own' } as const;
    const { taskIds } = await cases.open([{ ...correction, outcomes: ['resubmit'] }]);
    await owner('classes').where({ id: cases.classId }).update({ status: 'correction' });
    let resubmitted: Promise<unknown> = Promise.resolve();
    await inTransaction(db, async (trx) => {
      await trx('classes').where({ id: cases.classId }).forUpdate().first('id');
      await trx('verifications').delete();
      await trx('enrolments').where({ class_id: cases.classId }).delete();
      const decision = { taskId: taskIds[0] ?? '', outcome: 'resubmit' };
      resubmitted = decideTask(db, await cases.actor('school-1'), decision).catch((error: unknown) => error);
      await waitForLock(owner);
    });
    const { issues } = (await resubmitted) as { issues: { field: string; code: string }[] };
    expect(issues).toContainEqual({ field: 'roster', code: 'class.rosterMissing' });
  });
});

describe('a migration under a running product', () => {
  test('new columns disturb neither decisions nor steps on connections that are open already', async () => {
    const running = openDatabase(database.url, { max: 1 });
    const first = await cases.actor('first-1');
    const work = async (): Promise<string> => {
      const { id, taskIds } = await cases.open([plain]);
      await decideTask(running, first, { taskId: taskIds[0] ?? '', outcome: 'approve' });
      return (await takeStep(running, step(id, 2, 2, { asks: [plain] }), noActs)).openSteps.join();
    };
    try {
      expect(await work()).toBe(plain.step);
      await owner.raw(`alter table procedures add column added int not null default 0`);
      await owner.raw(`alter table tasks add column added int not null default 0`);
      expect(await work()).toBe(plain.step);
    } finally {
      await closeDatabase(running);
    }
  });
});
