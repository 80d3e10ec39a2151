/** One class with thirty trainees, over HTTP, from its draft to the payment confirmed by the bank: with a return, an overdue escalation and a failed line. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CaseDetail } from '../../api/tasks/schemas.ts';
import { pause } from '../../start/demonstration/requests.ts';
import { createRobot, type Robot } from '../../start/demonstration/robot.ts';
import { trainingDays } from '../../start/demonstration/training-days.ts';
import { findFaults } from '../faults/invariants.ts';
import { captureHistories } from '../replay/capture.ts';
import { readHistories } from '../support/histories.ts';
import { type Office, openOffice } from '../support/office.ts';

let office: Office;
let robot: Robot;
let number: string;
let application: string;

const days = trainingDays('2026-03-23', 10);
type Listed = { tasks: { id: string; kind: string; step: string; number: string; due: { state: string; of: number | null } }[] };

beforeAll(async () => {
  office = await openOffice();
  robot = createRobot({ origin: office.origin, patienceMs: 20_000, failing: (batch) => (batch.endsWith('00001') ? 1 : 0) });
});
afterAll(async () => {
  await office?.close();
});

/** Waits until this account has an open task of the class at this step. */
async function taskAt(login: string, step: string, within = 20_000): Promise<Listed['tasks'][number]> {
  const person = await robot.as(login);
  const until = Date.now() + within;
  for (;;) {
    const { tasks } = await robot.get<Listed>(person, '/tasks?size=100');
    const found = tasks.find((task) => task.step === step);
    if (found) return found;
    if (Date.now() > until) throw new Error(`${login} has no task ${step}: ${tasks.map((task) => task.step).join(', ')}`);
    await pause(60);
  }
}

async function decide(login: string, step: string, body: Record<string, unknown>): Promise<void> {
  const task = await taskAt(login, step);
  const answer = await robot.post<{ outcome: string }>(await robot.as(login), `/tasks/${task.id}/decide`, body);
  expect(answer.body.outcome).toBe(body.outcome);
}

async function statusOf(): Promise<string> {
  return (await robot.get<{ status: string }>(await robot.as('kangning-1'), `/classes/${number}`)).status;
}

async function until(condition: () => Promise<boolean>, within = 20_000): Promise<void> {
  const end = Date.now() + within;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error('it did not happen in time');
    await pause(60);
  }
}

describe.sequential('the life of a class', { timeout: 120_000 }, () => {
  test('[N28] an institution enters a class with thirty trainees itself and submits it', async () => {
    number = await robot.submitClass({
      login: 'kangning-1',
      title: '中式烹调师（五级）第 11 期',
      startDate: days[0] ?? '',
      days,
      trainees: 30,
      seed: 11,
      project: '中式烹调师（五级）',
    });
    const shown = await robot.get<{ status: string; headcount: number }>(await robot.as('kangning-1'), `/classes/${number}`);
    expect(shown).toMatchObject({ status: 'in_review', headcount: 30 });
  });

  test('[N14] the review returns it with reasons, the institution corrects and sends it again, the same step goes on', async () => {
    await decide('cs-first-1', 'pre_training.first_review', {
      outcome: 'return',
      reason: '教学计划过于简略，请补充每日安排。',
      items: [{ field: 'plan', text: '补充每日安排' }],
    });
    await until(async () => (await statusOf()) === 'correction');
    const institution = await robot.as('kangning-1');
    const head = await robot.get<Record<string, unknown>>(institution, `/classes/${number}/edit`);
    const saved = head.saved as Record<string, string>;
    await robot.post(institution, `/classes/${number}/edit`, { ...saved, plan: '第一周理论，第二周实操，逐日考勤，结业考核。' });
    await robot.post(institution, `/classes/${number}/resubmit`, { answers: [{ no: 1, text: '已补充每日安排' }] });
    const again = await taskAt('cs-first-1', 'pre_training.first_review');
    expect(again.id.endsWith('/2')).toBe(true);
    const papers = await office.db('papers').where({ kind: 'correction_notice' }).select('number', 'content');
    expect(papers).toHaveLength(1);
  });

  test('[N7] first and second review and approval by three people of the county', async () => {
    await decide('cs-first-1', 'pre_training.first_review', { outcome: 'approve' });
    const second = await taskAt('cs-second-1', 'pre_training.second_review');
    expect(second.due.of).toBeGreaterThan(0);
    await decide('cs-second-1', 'pre_training.second_review', { outcome: 'approve' });
  });

  test('[N7] an approval that is left lying is escalated to the supervisor, with a mail, and can still be given', async () => {
    const task = await taskAt('cs-approve-1', 'pre_training.approval');
    for (let at = 0; at < 3; at += 1) {
      await office.jump();
      await pause(400);
    }
    await until(async () => (await office.db('facts').where({ task_id: task.id, kind: 'rung', outcome: 'overdue' })).length === 1);
    await until(async () => (await office.db('mails').where({ template: 'overdue' })).length >= 2);
    const board = await (await robot.as('cs-supervise-1')).get<Record<string, unknown>>('/board');
    expect(board.status).toBe(200);
    expect(JSON.stringify(board.body)).toContain(number);
    await decide('cs-approve-1', 'pre_training.approval', { outcome: 'approve' });
  });

  test('[N28] the institution publishes the plan after seeing what the public will see', async () => {
    await decide('kangning-1', 'plan.publish', { outcome: 'publish' });
    const list = await fetch(`${office.origin}/disclosures?list=plan`, { headers: { accept: 'application/json' } }).then(
      (answer) => answer.json() as Promise<{ disclosures: { number: string; headcount: number }[] }>,
    );
    expect(list.disclosures[0]?.headcount).toBe(30);
    const shown = await fetch(`${office.origin}/disclosures/${list.disclosures[0]?.number}`, {
      headers: { accept: 'application/json' },
    }).then((answer) => answer.text());
    expect(shown).not.toMatch(/\d{17}[\dX]/);
  });

  test('[N15] training: inspection with a finding and its rectification, attendance', async () => {
    await until(async () => {
      const { tasks } = await robot.get<Listed>(await robot.as('cs-inspect-1'), '/tasks');
      if (tasks.some((task) => task.step === 'training.inspection')) return true;
      await office.jump().catch(() => undefined);
      await pause(300);
      return false;
    }, 40_000);
    await decide('cs-inspect-1', 'training.inspection', {
      outcome: 'finding',
      reason: '三名学员未到课且无请假手续。',
      method: 'visit',
      presentCount: 27,
      remark: '三名学员未到课',
      companion: '林某',
    });
    await decide('kangning-1', 'training.rectification', {
      outcome: 'rectify',
      reason: '已补办请假并加强考勤。',
      answer: '已补办请假并加强考勤。',
    });
    await decide('cs-inspect-1', 'training.reinspection', { outcome: 'rectified', method: 'video', presentCount: 30, remark: '已整改' });
    expect(await statusOf()).toBe('in_training');
  });

  test('[N30] a drop-out and a change of teacher are reviewed tasks, and later facts use them', async () => {
    const institution = await robot.as('kangning-1');
    const sheet = await robot.get<{ trainees: { id: string; seat: number }[] }>(institution, `/classes/${number}/attendance`);
    const last = sheet.trainees.at(-1);
    await robot.post(institution, `/classes/${number}/changes`, { kind: 'drop_out', enrolmentId: last?.id, reason: '学员因病退出培训' });
    const { tasks } = await waitFor(async () => {
      const listed = await robot.get<Listed>(await robot.as('cs-first-1'), '/tasks');
      return listed.tasks.some((task) => task.kind === 'change_review') ? listed : undefined;
    });
    for (const task of tasks.filter((one) => one.kind === 'change_review'))
      await robot.post(await robot.as('cs-first-1'), `/tasks/${task.id}/decide`, { outcome: 'approve' });
    await until(async () => {
      for (const login of ['cs-second-1', 'cs-approve-1']) {
        const listed = await robot.get<Listed>(await robot.as(login), '/tasks');
        for (const task of listed.tasks.filter((one) => one.kind === 'change_review'))
          await robot.post(await robot.as(login), `/tasks/${task.id}/decide`, { outcome: 'approve' }, [200, 409]);
      }
      return (await office.db('enrolments').where({ id: last?.id, status: 'dropped' }).first('id')) !== undefined;
    });
    expect(await office.db('class_changes').select('kind', 'status')).toEqual([{ kind: 'drop_out', status: 'approved' }]);
  });

  test('[N16] results and certificates by the assessment body, filing and its review', async () => {
    await robotUntil(async () => ['filed', 'claimed'].includes(await statusOf()));
    expect(await office.db('filed_enrolments').count('* as count').first()).toMatchObject({ count: 29 });
  });

  test('[N8] the claim holds one line for each filed trainee and for nobody else', async () => {
    await robotUntil(async () => {
      const row = await office.db('subsidy_applications').first('number', 'status');
      application = row?.number ?? '';
      return row !== undefined;
    });
    const lines = await office.db('payment_lines').select('amount_fen', 'standard_fen', 'percent');
    expect(lines).toHaveLength(29);
    expect(lines.every((line) => line.amount_fen === Math.round((line.standard_fen * Number(line.percent)) / 100))).toBe(true);
    const stranger = await office.db('enrolments').where({ status: 'dropped' }).first('class_id', 'person_id', 'id');
    const row = await office.db('payment_lines').first();
    await expect(
      office
        .db('payment_lines')
        .insert({ ...row, id: undefined, trace: JSON.stringify(row.trace), person_id: stranger.person_id, enrolment_id: stranger.id }),
    ).rejects.toMatchObject({ code: '23503' });
  });

  test('[N9] an objection to the notice holds one person; dismissed, it holds nobody', async () => {
    await robotUntil(async () => (await office.db('disclosures').where({ list: 'subsidy', status: 'open' }).first('number')) !== undefined);
    const notice = await office.db('disclosures').where({ list: 'subsidy' }).first('number');
    const raised = await fetch(`${office.origin}/disclosures/${notice.number}/objections`, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/json' },
      body: JSON.stringify({ seat: 3, grounds: '该学员培训期间在外地工作，请核查。' }),
    });
    expect(raised.status).toBe(201);
    const { receipt } = (await raised.json()) as { receipt: string };
    expect(await office.db('enrolments').whereNotNull('held_by')).toHaveLength(1);
    const official =
      (await office.db('tasks').where({ kind: 'objection_review', status: 'open' }).first('role')) ??
      (await waitFor(async () => office.db('tasks').where({ kind: 'objection_review', status: 'open' }).first('role')));
    expect(official.role).toBeTruthy();
    await robotUntil(async () => (await office.db('objections').where({ receipt, status: 'dismissed' }).first('id')) !== undefined);
    await until(async () => (await office.db('enrolments').whereNotNull('held_by')).length === 0);
    const state = await fetch(`${office.origin}/objections/${receipt}`, { headers: { accept: 'application/json' } }).then(
      (answer) => answer.json() as Promise<{ status: string }>,
    );
    expect(state.status).toBe('dismissed');
  });

  test('[F01] it walks through notice, approval, funds, batches with a returned line, to the payment', { timeout: 150_000 }, async () => {
    await robot.walk([number], { ms: 130_000 });
    expect(await statusOf()).toBe('paid');
    const attempts = await office.db('payment_attempts').select('status');
    expect(attempts.filter((attempt) => attempt.status === 'paid')).toHaveLength(29);
    expect(attempts.filter((attempt) => attempt.status === 'failed')).toHaveLength(1);
    const shown = await robot.get<{ status: string; lines: { status: string }[] }>(
      await robot.as('cs-first-1'),
      `/subsidies/${application}`,
    );
    expect(shown.lines.every((line) => line.status === 'paid')).toBe(true);
  });

  test('[F02] afterwards no task is orphaned or doubled, the ledger adds up, every chain is whole', async () => {
    expect(await findFaults(office.db)).toEqual([]);
  });

  test('[F36] every task that it had is read as the document says, the evidence of each by the schema of its kind', async () => {
    const auditor = await robot.as('fj-audit-1');
    const tasks: { id: string; kind: string }[] = await office.db('tasks').where('kind', '<>', 'wait').select('id', 'kind');
    const found = new Map<string, Set<string>>();
    for (const { id, kind } of tasks) {
      const read = CaseDetail.safeParse(await robot.get(auditor, `/tasks/${id}`));
      expect(read.error?.issues ?? [], id).toEqual([]);
      const evidence = read.data?.evidence.kind ?? '';
      found.set(kind, (found.get(kind) ?? new Set<string>()).add(evidence));
    }
    expect(Object.fromEntries([...found].map(([kind, kinds]) => [kind, [...kinds].sort().join(' ')]))).toMatchObject({
      account_correction: 'none',
      attendance: 'attendance',
      bank_answer: 'none',
      batch_check: 'batch',
      batch_make: 'claim',
      batch_release: 'batch',
      change_review: 'change',
      claim: 'none',
      correction: 'correction',
      funds: 'claim',
      inspection: 'inspection',
      objection_review: 'objection',
      publish: 'preview',
      rectification: 'inspection',
      results: 'results',
      review: 'claim filing plan_review',
    });
  });

  test('[N4] the histories of its runs hold no personal data', async () => {
    const procedures = await office.db('procedures').select<{ id: string }[]>('id');
    const found = await readHistories(
      office.product.temporalAddress,
      office.taskQueue,
      procedures.map((one) => one.id),
    );
    const text = [...found.values()].map((history) => history.toString('utf8')).join('\n');
    if (process.env.CAPTURE_HISTORIES)
      await captureHistories(office.db, office.product.temporalAddress, office.taskQueue, 'paid-with-return-and-failed-line');
    const people = await office.db('people').select<{ name: string }[]>('name');
    expect(text.length).toBeGreaterThan(10_000);
    expect(text).not.toMatch(/\d{17}[\dX]/);
    for (const { name } of people) expect(text).not.toContain(name);
  });
});

/** The robot does what everybody has to do until something holds. */
async function robotUntil(condition: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 100_000;
  let idle = 0;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`it did not happen in time; the class is ${await statusOf()}`);
    if ((await robot.work()) > 0) idle = 0;
    else if ((idle += 1) >= 4) {
      idle = 0;
      await robot.jump();
    }
    await pause(100);
  }
}

async function waitFor<T>(find: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + 20_000;
  for (;;) {
    const found = await find();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error('it did not happen in time');
    await pause(60);
  }
}
