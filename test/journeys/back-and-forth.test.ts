/** Ways back within the office, with a whole procedure: a decision taken back while nobody has looked at what follows, a file sent back to an earlier review. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findBrokenLink } from '../../db/protocol/procedures.ts';
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

const officers = { first_review: 'cs-first-1', second_review: 'cs-second-1', approval: 'cs-approve-1' } as const;
type Step = keyof typeof officers;
type TaskNow = { status: string; due_date: string; days_used: number; outcomes: string[] };

async function submit(title: string, seed: number, from: string): Promise<string> {
  const robot = createRobot({ origin: office.origin, patienceMs: 30_000 });
  const days = trainingDays(from, 8);
  const number = await robot.submitClass({ login: 'kangning-1', title, startDate: days[0] ?? '', days, trainees: 2, seed });
  return `class-${number}`;
}

async function waitFor(id: string, step: Step, round: number, status = 'open'): Promise<TaskNow> {
  for (let left = 400; left > 0; left -= 1) {
    const task = await office
      .db('tasks')
      .where({ id: `${id}/pre_training.${step}/${round}` })
      .first('status', 'due_date', 'days_used', 'outcomes');
    if (task?.status === status) return task;
    await pause(100);
  }
  throw new Error(`${step}/${round} did not become ${status}`);
}

async function decide(id: string, step: Step, round: number, outcome: string, reason = '同意办理') {
  const officer = await office.as(officers[step]);
  return officer.post(`/tasks/${id}/pre_training.${step}/${round}/decide`, { outcome, reason });
}

async function pageOf(login: string, path: string): Promise<string> {
  const { token } = await office.as(login);
  const answer = await fetch(`${office.origin}${path}`, { headers: { accept: 'text/html', cookie: `shiming-session=${token}` } });
  expect(answer.status).toBe(200);
  return answer.text();
}

async function takeBack(id: string, step: Step, round: number) {
  return (await office.as(officers[step])).post(`/tasks/${id}/pre_training.${step}/${round}/take-back`, { reason: '看错了一份材料' });
}

test('[F06] a decision is taken back while nobody has read what follows; the step opens again and its clock goes on', {
  timeout: 180_000,
}, async () => {
  const id = await submit('取回', 51, '2026-04-06');
  const before = await waitFor(id, 'first_review', 1);
  expect((await takeBack(id, 'first_review', 1)).body).toMatchObject({ status: 409, code: 'task.notDecided' });
  expect((await decide(id, 'first_review', 1, 'approve')).status).toBe(200);
  await waitFor(id, 'second_review', 1);
  // The institution and other officers have no part in it; a look by the decider does not count as reading.
  expect(
    (await (await office.as('cs-first-2')).post(`/tasks/${id}/pre_training.first_review/1/take-back`, { reason: '试试' })).body,
  ).toMatchObject({
    code: 'task.decided',
  });
  expect((await (await office.as('cs-first-1')).get(`/tasks/${id}/pre_training.second_review/1`)).status).toBe(200);
  expect((await takeBack(id, 'first_review', 1)).status).toBe(200);
  expect((await decide(id, 'second_review', 1, 'approve')).body).toMatchObject({ status: 409, code: 'task.cancelled' });
  expect(await waitFor(id, 'first_review', 2)).toMatchObject({ due_date: before.due_date });
  expect((await takeBack(id, 'first_review', 1)).body).toMatchObject({ code: 'takeBack.moved' });

  // Once somebody has opened what follows, it stands.
  expect((await decide(id, 'first_review', 2, 'approve')).status).toBe(200);
  await waitFor(id, 'second_review', 2);
  await (await office.as('cs-second-1')).get(`/tasks/${id}/pre_training.second_review/2`);
  expect((await takeBack(id, 'first_review', 2)).body).toMatchObject({ status: 409, code: 'takeBack.read' });

  // The approver sends the file to the first review, past the second, without troubling the institution.
  expect((await decide(id, 'second_review', 2, 'approve')).status).toBe(200);
  const approval = await waitFor(id, 'approval', 1);
  expect(approval.outcomes).toEqual(['approve', 'return', 'back_to_1', 'back_to_2', 'refuse']);
  expect((await decide(id, 'approval', 1, 'back_to_1', '')).body).toMatchObject({ status: 422, issues: [{ field: 'reason' }] });
  // Sent to the wrong desk: as long as nobody has opened it there, that is taken back too, and the earlier reviews stand.
  expect((await decide(id, 'approval', 1, 'back_to_1', '退错了')).status).toBe(200);
  await waitFor(id, 'first_review', 3);
  expect((await takeBack(id, 'approval', 1)).status).toBe(200);
  expect(await waitFor(id, 'approval', 2)).toMatchObject({ outcomes: approval.outcomes });
  expect(await office.db('tasks').where({ procedure_id: id, status: 'open' }).pluck('step')).toEqual(['pre_training.approval']);
  expect((await decide(id, 'first_review', 3, 'approve')).body).toMatchObject({ status: 409, code: 'task.cancelled' });

  expect((await decide(id, 'approval', 2, 'back_to_1', '教师资质未核实')).status).toBe(200);
  await waitFor(id, 'first_review', 4);
  expect(await pageOf('cs-first-1', `/tasks/${id}/pre_training.first_review/4`)).toContain('教师资质未核实');
  expect(await pageOf('kangning-1', `/tasks/${id}/pre_training.first_review/4`)).not.toContain('教师资质未核实');
  expect((await takeBack(id, 'approval', 2)).body).toMatchObject({ status: 409, code: 'takeBack.read' });
  expect(await office.db('tasks').where({ procedure_id: id, status: 'open' }).pluck('step')).toEqual(['pre_training.first_review']);
  expect(await office.db('papers').where({ procedure_id: id, kind: 'correction_notice' })).toEqual([]);

  // The same people go on; the last review of the table moves the case on for good.
  for (const [step, round] of [
    ['first_review', 4],
    ['second_review', 3],
    ['approval', 3],
  ] as const) {
    await waitFor(id, step, round);
    expect((await decide(id, step, round, 'approve')).status).toBe(200);
  }
  expect((await takeBack(id, 'approval', 3)).body).toMatchObject({ status: 409, code: 'takeBack.last' });
  for (let left = 200; left > 0 && (await office.db('procedures').where({ id }).first('stage')).stage !== 'plan'; left -= 1)
    await pause(100);
  expect(await office.db('procedures').where({ id }).first('stage', 'status')).toEqual({ stage: 'plan', status: 'open' });
  // What goes out on paper are the reviews that stand: nothing of what was taken back or sent back inside the office.
  const { content } = await office.db('papers').where({ procedure_id: id, kind: 'opening_review' }).first('content');
  expect(content.reviews.map(({ step, outcome }: { step: string; outcome: string }) => [step, outcome])).toEqual([
    ['pre_training.first_review', 'passed_on'],
    ['pre_training.second_review', 'passed_on'],
    ['pre_training.approval', 'approve'],
  ]);
  expect(JSON.stringify(content)).not.toContain('教师资质未核实');
  expect(await findBrokenLink(office.db, id)).toBeUndefined();
});

test('[F06] a decision is taken back before the procedure has taken account of it, again and again', { timeout: 180_000 }, async () => {
  const id = await submit('连续取回', 52, '2026-05-11');
  for (let round = 1; round <= 5; round += 1) {
    await waitFor(id, 'first_review', round);
    expect((await decide(id, 'first_review', round, 'approve')).status).toBe(200);
    expect((await takeBack(id, 'first_review', round)).status).toBe(200);
    // Whoever is quicker than the procedure finds the task closed, on its way out, or not there.
    const quick = await decide(id, 'second_review', round, 'approve');
    expect(['task.unknown', 'task.cancelled', 'takeBack.moving']).toContain(quick.body['code']);
  }
  await waitFor(id, 'first_review', 6);
  expect(await office.db('tasks').where({ procedure_id: id, status: 'open' }).pluck('step')).toEqual(['pre_training.first_review']);
  expect(
    (await office.db('tasks').where({ procedure_id: id }).whereLike('step', '%second_review').pluck('status')).every(
      (one) => one === 'cancelled',
    ),
  ).toBe(true);
  const { applied_no: applied, fact_no: no } = await office.db('procedures').where({ id }).first('applied_no', 'fact_no');
  expect(applied).toBe(no);
});

test('[F05] an opinion on what follows makes it read; it binds to its step, in every round, and keeps from every other one', {
  timeout: 180_000,
}, async () => {
  const id = await submit('意见与取回', 53, '2026-05-11');
  await waitFor(id, 'first_review', 1);
  expect((await decide(id, 'first_review', 1, 'approve')).status).toBe(200);
  await waitFor(id, 'second_review', 1);
  const path = `/tasks/${id}/pre_training.second_review`;
  const [holder, colleague] = await Promise.all([office.as('cs-second-1'), office.as('cs-second-2')]);
  const delegate = await office.db('users').where({ login: 'cs-second-2' }).first('id');
  expect((await holder.post(`${path}/1/claim`)).status).toBe(200);
  expect((await holder.post(`${path}/1/delegate`, { to: delegate.id, question: '学时够吗？' })).status).toBe(200);
  expect((await colleague.post(`${path}/1/opinion`, { opinion: '够。' })).status).toBe(200);
  expect((await holder.post(`${path}/1/release`)).status).toBe(200);
  expect(
    await office
      .db('tasks')
      .where({ id: `${id}/pre_training.second_review/1` })
      .first('claimed_by', 'read_at'),
  ).toEqual({
    claimed_by: null,
    read_at: null,
  });
  expect((await takeBack(id, 'first_review', 1)).body).toMatchObject({ status: 409, code: 'takeBack.read' });

  expect((await decide(id, 'second_review', 1, 'back_to_1', '教师资质再核')).status).toBe(200);
  await waitFor(id, 'first_review', 2);
  expect((await decide(id, 'first_review', 2, 'approve')).status).toBe(200);
  await waitFor(id, 'second_review', 2);
  await office.db('grants').insert({ user_id: delegate.id, role: 'approver', region: '350104' });
  expect((await colleague.post(`${path}/2/decide`, { outcome: 'approve', reason: '同意' })).status).toBe(200);
  await waitFor(id, 'approval', 1);
  const other = await colleague.post(`/tasks/${id}/pre_training.approval/1/decide`, { outcome: 'approve', reason: '同意' });
  expect(other.body).toMatchObject({ status: 403, code: 'task.fourEyes' });
});
