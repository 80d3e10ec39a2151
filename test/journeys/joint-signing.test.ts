/**
 * A county whose own pack asks for several signatures: one of two reviewers suffices for the first review (或签), and the approver signs together with
 * finance (会签). No workflow file knows about it. With a whole procedure and the real Temporal.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import fujianPack from '../../db/policy-packs/fujian-2022.json' with { type: 'json' };
import { findBrokenLink, ringProcedures } from '../../db/protocol/procedures.ts';
import { pause } from '../../start/demonstration/requests.ts';
import { createRobot, type Robot } from '../../start/demonstration/robot.ts';
import { trainingDays } from '../../start/demonstration/training-days.ts';
import { type Office, openOffice, putInForce } from '../support/office.ts';

const finance = { role: 'finance_officer', level: 'county' };
const approval = { step: 'approval', role: 'approver', level: 'county', workingDays: 4, joint: { mode: 'all', with: [finance] } };
const sourced = { source: '仓山区人社、财政联合通知', sourced: true };
const pack = {
  ...fujianPack,
  id: 'cangshan-joint-2026',
  region: '350104',
  values: {
    ...fujianPack.values,
    'reviews.preTraining': {
      ...sourced,
      value: [
        {
          step: 'first_review',
          role: 'first_reviewer',
          level: 'county',
          workingDays: 2,
          joint: { mode: 'any', with: [{ role: 'second_reviewer', level: 'county' }] },
        },
        approval,
      ],
    },
    'reviews.approval': { ...sourced, value: [approval] },
  },
};

let office: Office;
let robot: Robot;
beforeAll(async () => {
  office = await openOffice();
  await putInForce(office, pack);
  robot = createRobot({
    origin: office.origin,
    patienceMs: 30_000,
    // Finance signs beside the approver by its second officer; the first one confirms the request for funds.
    choose: ({ role, step }) => (role === 'finance_officer' && step.includes('.and-') ? 'leave' : undefined),
  });
});
afterAll(() => office?.close());

async function submit(title: string, seed: number, from = '2026-04-06'): Promise<string> {
  const days = trainingDays(from, 8);
  return robot.submitClass({ login: 'kangning-1', title, startDate: days[0] ?? '', days, trainees: 2, seed });
}

async function until(taskId: string, status = 'open'): Promise<void> {
  for (let left = 400; left > 0; left -= 1) {
    if ((await office.db('tasks').where({ id: taskId }).first('status'))?.status === status) return;
    await pause(100);
  }
  throw new Error(`${taskId} did not become ${status}`);
}

const act = async (login: string, taskId: string, path: string, body: Record<string, unknown> = {}) =>
  (await office.as(login)).post<Record<string, unknown>>(`/tasks/${taskId}/${path}`, body);
const decide = (login: string, taskId: string, outcome = 'approve', reason = '已核对材料，意见如上') =>
  act(login, taskId, 'decide', { outcome, reason });

async function pageOf(login: string, path: string): Promise<string> {
  const { token } = await office.as(login);
  const answer = await fetch(`${office.origin}${path}`, { headers: { accept: 'text/html', cookie: `shiming-session=${token}` } });
  expect(answer.status).toBe(200);
  return answer.text();
}

const openSteps = async (id: string): Promise<string[]> =>
  (await office.db('tasks').where({ procedure_id: id, status: 'open' }).pluck<string[]>('step')).sort();

async function stands(id: string, stage: string): Promise<void> {
  for (let left = 400; left > 0; left -= 1) {
    if ((await office.db('procedures').where({ id }).first('stage'))?.stage === stage) return;
    await pause(100);
  }
  throw new Error(`${id} did not reach ${stage}`);
}

test('[F06] one of two reviewers suffices, approver and finance decide together: a refusal proposed, overruled, a return, and both at the same moment', {
  timeout: 240_000,
}, async () => {
  const number = await submit('会签一班', 61);
  const id = `class-${number}`;
  const of = (step: string, round = 1) => `${id}/pre_training.${step}/${round}`;
  expect(await pageOf('cs-catalogue-1', '/packs/cangshan-joint-2026')).toContain('会签：');

  // 或签: the second reviewer is first; the first reviewer reads why there is nothing left to do.
  await until(of('first_review'));
  await until(of('first_review.or-1'));
  expect((await decide('cs-second-1', of('first_review.or-1'))).status).toBe(200);
  expect((await decide('cs-first-1', of('first_review'))).body).toMatchObject({ status: 409, code: 'signer.ended' });
  await until(of('approval.and-1'));
  expect(await openSteps(id)).toEqual(['pre_training.approval', 'pre_training.approval.and-1']);

  // Nobody has looked at what follows: it is taken back, and both are asked again.
  expect((await act('cs-second-1', of('first_review.or-1'), 'take-back', { reason: '看错了一份材料' })).status).toBe(200);
  await until(of('first_review', 2));
  await until(of('first_review.or-1', 2));
  expect(await openSteps(id)).toEqual(['pre_training.first_review', 'pre_training.first_review.or-1']);
  expect((await decide('cs-first-1', of('first_review', 2))).status).toBe(200);

  // 会签: the approver signs; a run that is lost now goes on from the record. Finance proposes a refusal, which the approver overrules.
  await until(of('approval', 2));
  expect((await decide('cs-approve-1', of('approval', 2), 'approve', '同意，请财政会签')).status).toBe(200);
  await ringProcedures(office.db, [id], 'restart');
  expect(await pageOf('cs-finance-2', `/tasks/${of('approval.and-1', 2)}`)).toContain('同意，请财政会签');
  expect((await decide('cs-finance-2', of('approval.and-1', 2), 'propose_refusal')).status).toBe(200);
  await until(of('approval', 3));
  expect(await openSteps(id)).toEqual(['pre_training.approval']);
  expect((await decide('cs-approve-1', of('approval', 3), 'sign_again', '材料齐全，请财政再核')).status).toBe(200);
  await until(of('approval.and-1', 3));

  // A return by one of them goes to the institution; what it corrected is signed by both again.
  const list = { outcome: 'return', reason: '请补充每日安排', items: [{ field: 'plan', text: '请补充每日安排' }] };
  expect((await act('cs-finance-2', of('approval.and-1', 3), 'decide', list)).body).toMatchObject({ outcome: 'return' });
  expect((await decide('cs-approve-1', of('approval', 4))).body).toMatchObject({ code: 'signer.ended' });
  await until(of('correction'));
  await robot.work(new Set(['会签一班']));
  await until(of('approval', 5));
  const both = await Promise.all([decide('cs-approve-1', of('approval', 5)), decide('cs-finance-2', of('approval.and-1', 4))]);
  expect(both.map(({ status }) => status)).toEqual([200, 200]);
  await stands(id, 'plan');
  expect(await office.db('papers').where({ procedure_id: id, kind: 'opening_review' })).toHaveLength(1);
  const { id: paper } = await office.db('papers').where({ procedure_id: id, kind: 'opening_review' }).first('id');
  const printed = await pageOf('cs-first-1', `/papers/${paper}`);
  const names = await office.db('users').whereIn('login', ['cs-approve-1', 'cs-finance-2']).pluck('name');
  for (const name of [...names, '（会签）']) expect(printed).toContain(name);
  expect(await findBrokenLink(office.db, id)).toBeUndefined();
});

test('[F05] whoever signed the approval for finance signs nothing more of the claim; the money is committed once, with the last signature', {
  timeout: 300_000,
}, async () => {
  const number = await submit('会签二班', 62, '2026-04-13');
  const signed: string[] = [];
  // Finance signs its part whenever it is asked; everything else goes its way.
  const walking = { done: false };
  const signing = (async () => {
    while (!walking.done) {
      for (const task of await office
        .db('tasks')
        .where({ status: 'open', subject_title: '会签二班' })
        .whereLike('step', '%.and-%')
        .select('id', 'step')) {
        if (task.step === 'approval.approval.and-1') {
          const leader = task.id.replace('.and-1', '');
          const lead = await office.db('tasks').where({ id: leader }).first('status');
          // The approver first, so that the last signature is that of finance.
          if (lead.status === 'open') continue;
          expect(await office.db('payment_lines').where({ committed: true })).toEqual([]);
        }
        expect((await decide('cs-finance-2', task.id)).status).toBe(200);
        signed.push(task.step);
      }
      await pause(200);
    }
  })();
  await robot.walk([number], { ms: 240_000 }).finally(() => {
    walking.done = true;
  });
  await signing;
  expect(signed).toEqual(['pre_training.approval.and-1', 'approval.approval.and-1']);
  const application = await office.db('subsidy_applications').first('procedure_id', 'status', 'approved_fen');
  expect(application.approved_fen).toBeGreaterThan(0);
  const signers = await office.db('signatures').where({ scope: application.procedure_id }).select('user_id', 'step');
  expect(new Set(signers.map((one) => one.user_id)).size).toBe(signers.length);
  expect(signers.map((one) => one.step)).toEqual(expect.arrayContaining(['approval.approval', 'approval.approval.and-1', 'funds.confirm']));
  const decided = await office
    .db('facts')
    .where({ procedure_id: application.procedure_id })
    .whereLike('task_id', '%/approval.approval%')
    .orderBy('no')
    .select('kind', 'outcome');
  expect(decided).toEqual([
    { kind: 'signed', outcome: 'approve' },
    { kind: 'decided', outcome: 'approve' },
  ]);
});

test('[F06] a class that is withdrawn between two signatures ends both tasks', { timeout: 120_000 }, async () => {
  const number = await submit('会签三班', 63, '2026-08-03');
  const id = `class-${number}`;
  await until(`${id}/pre_training.first_review/1`);
  expect((await decide('cs-first-1', `${id}/pre_training.first_review/1`)).status).toBe(200);
  await until(`${id}/pre_training.approval.and-1/1`);
  expect((await decide('cs-approve-1', `${id}/pre_training.approval/1`)).status).toBe(200);
  expect((await (await office.as('kangning-1')).post(`/classes/${number}/withdraw`, { reason: '生源不足，不再开班' })).status).toBe(200);
  expect((await decide('cs-finance-2', `${id}/pre_training.approval.and-1/1`)).body).toMatchObject({ status: 409, code: 'task.cancelled' });
  for (let left = 300; left > 0 && (await office.db('procedures').where({ id }).first('status')).status !== 'closed'; left -= 1)
    await pause(100);
  expect(await office.db('procedures').where({ id }).first('status', 'outcome')).toEqual({ status: 'closed', outcome: 'withdrawn' });
});
