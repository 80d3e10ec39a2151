/**
 * A county whose own pack asks for two signatures under changes (变更): one of two reviewers suffices for the first look (或签), and the approver signs together
 * with finance (会签). No workflow file knows about it. With a whole procedure and the real Temporal.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import fujianPack from '../../db/policy-packs/fujian-2022.json' with { type: 'json' };
import { findBrokenLink, ringProcedures } from '../../db/protocol/procedures.ts';
import { pause } from '../../start/demonstration/requests.ts';
import { createRobot, type Robot } from '../../start/demonstration/robot.ts';
import { trainingDays } from '../../start/demonstration/training-days.ts';
import { type Office, openOffice, putInForce } from '../support/office.ts';

const review = { role: 'second_reviewer', level: 'county' };
const finance = { role: 'finance_officer', level: 'county' };
const pack = {
  ...fujianPack,
  id: 'cangshan-changes-2026',
  region: '350104',
  values: {
    ...fujianPack.values,
    'reviews.change': {
      source: '仓山区人社、财政联合通知',
      sourced: true,
      value: [
        { step: 'first_review', role: 'first_reviewer', level: 'county', workingDays: 2, joint: { mode: 'any', with: [review] } },
        { step: 'approval', role: 'approver', level: 'county', workingDays: 2, joint: { mode: 'all', with: [finance] } },
      ],
    },
  },
};
const TITLE = '变更会签班';

let office: Office;
let robot: Robot;
let number: string;
let id: string;

beforeAll(async () => {
  office = await openOffice();
  await putInForce(office, pack);
  robot = createRobot({
    origin: office.origin,
    patienceMs: 30_000,
    choose: ({ step }) => (step.startsWith('change-') ? 'leave' : undefined),
  });
  const days = trainingDays('2026-04-06', 8);
  number = await robot.submitClass({ login: 'kangning-1', title: TITLE, startDate: days[0] ?? '', days, trainees: 2, seed: 71 });
  id = `class-${number}`;
  await until(async () => {
    await robot.work(new Set([TITLE]));
    return (await office.db('classes').where({ number }).first('status')).status === 'ready';
  });
}, 180_000);
afterAll(() => office?.close());

async function until<T>(look: () => Promise<T | undefined | false>): Promise<T> {
  for (let left = 600; left > 0; left -= 1) {
    const found = await look();
    if (found) return found;
    await pause(100);
  }
  throw new Error('it did not come about');
}

const opened = (taskId: string) =>
  until(async () => (await office.db('tasks').where({ id: taskId, status: 'open' }).first('id')) !== undefined);
const decide = async (login: string, taskId: string, outcome = 'approve') =>
  (await office.as(login)).post<Record<string, unknown>>(`/tasks/${taskId}/decide`, { outcome, reason: '已核对，意见如上' });

async function pageOf(login: string, path: string): Promise<string> {
  const { token } = await office.as(login);
  const answer = await fetch(`${office.origin}${path}`, { headers: { accept: 'text/html', cookie: `shiming-session=${token}` } });
  expect(answer.status).toBe(200);
  return answer.text();
}

/** Asks for a change; returns the ids of its tasks by their step. */
async function ask(change: Record<string, unknown>): Promise<{ no: number; of(this: void, step: string): string }> {
  const asked = await (await office.as('kangning-1')).post<{ changeNo: number }>(`/classes/${number}/changes`, {
    reason: '教师生病',
    ...change,
  });
  expect(asked.status, JSON.stringify(asked.body)).toBe(201);
  const no = asked.body.changeNo;
  return { no, of: (step) => `${id}/change-${no}.${step}/1` };
}

const statusOf = async (no: number): Promise<string> => (await office.db('class_changes').where({ fact_no: no }).first('status')).status;
const settled = (no: number, status: string) => until(async () => (await statusOf(no)) === status);
const kindsOf = (no: number): Promise<string[]> =>
  office.db('facts').where({ procedure_id: id }).whereLike('task_id', `${id}/change-${no}.%`).orderBy('no').pluck('kind');

test('[F06] [N30] a change of teacher is applied with the last signature, not before; one of two suffices where the pack says so', {
  timeout: 120_000,
}, async () => {
  const [session] = await office
    .db('class_sessions as s')
    .join('classes as c', 'c.id', 's.class_id')
    .where('c.number', number)
    .orderBy('s.day')
    .select('s.id', 's.teacher_id');
  const other = await office
    .db('teachers as t')
    .join('classes as c', 'c.institution_id', 't.institution_id')
    .join('catalogue_projects as p', 'p.id', 'c.project_id')
    .where('c.number', number)
    .where('t.active', true)
    .whereNot('t.id', session.teacher_id)
    .whereRaw('p.occupation = any(t.occupations)')
    .first('t.id');
  const teacherOf = async (): Promise<string> =>
    (await office.db('class_sessions').where({ id: session.id }).first('teacher_id')).teacher_id;
  const { no, of } = await ask({ kind: 'teacher', sessionIds: [session.id], teacherId: other.id });

  // 或签: the second reviewer is first, and the first reviewer reads why there is nothing left to do.
  await opened(of('first_review'));
  await opened(of('first_review.or-1'));
  expect((await decide('cs-second-1', of('first_review.or-1'))).status).toBe(200);
  expect((await decide('cs-first-1', of('first_review'))).body).toMatchObject({ status: 409, code: 'signer.ended' });

  // 会签: finance signs first, then the approver decides it; a run that is lost in between goes on from the record.
  await opened(of('approval.and-1'));
  expect(await pageOf('cs-approve-1', `/tasks/${of('approval')}`)).toContain('会签 0/2');
  expect((await decide('cs-finance-2', of('approval.and-1'))).status).toBe(200);
  // Taken back it is asked again, by itself.
  const back = await (await office.as('cs-finance-2')).post(`/tasks/${of('approval.and-1')}/take-back`, { reason: '看错了一份材料' });
  expect(back.status, JSON.stringify(back.body)).toBe(200);
  const again = of('approval.and-1').replace(/1$/, '2');
  await opened(again);
  expect((await office.db('tasks').where({ procedure_id: id, status: 'open' }).whereLike('step', 'change-%').pluck('id')).sort()).toEqual(
    [of('approval'), again].sort(),
  );
  expect((await decide('cs-finance-2', again)).status).toBe(200);
  await ringProcedures(office.db, [id], 'restart');
  await until(async () => (await office.db('procedures').where({ id }).whereRaw('applied_no = fact_no').first('id')) !== undefined);
  expect([await statusOf(no), await teacherOf()]).toEqual(['requested', session.teacher_id]);
  expect(await pageOf('cs-approve-1', `/tasks/${of('approval')}`)).toContain('会签 1/2');
  expect((await decide('cs-approve-1', of('approval'))).status).toBe(200);
  await settled(no, 'approved');
  expect(await teacherOf()).toBe(other.id);
  expect(await kindsOf(no)).toEqual(['decided', 'signed', 'taken_back', 'signed', 'decided']);
  const listed = await (await office.as('cs-first-1')).get<{ changes: { no: number; decisions: unknown[] }[] }>(
    `/classes/${number}/changes`,
  );
  expect(listed.body.changes.find((one) => one.no === no)?.decisions).toHaveLength(3);
  // Everybody who signed it stands beside the change, for the office and for the institution.
  const names = await office.db('users').whereIn('login', ['cs-second-1', 'cs-finance-2', 'cs-approve-1']).pluck<string[]>('name');
  for (const login of ['cs-first-1', 'kangning-1']) {
    const html = await pageOf(login, `/classes/${number}/changes`);
    for (const name of names) expect([login, html.includes(name) ? name : 'missing']).toEqual([login, name]);
  }
});

test('[F06] [N30] one of several refuses: the change is refused once, and who had still to sign learns so', {
  timeout: 60_000,
}, async () => {
  const { no, of } = await ask({ kind: 'date', days: 7 });
  await opened(of('first_review'));
  expect((await decide('cs-first-1', of('first_review'))).status).toBe(200);
  await opened(of('approval'));
  expect((await decide('cs-finance-2', of('approval.and-1'), 'refuse')).status).toBe(200);
  expect((await decide('cs-approve-1', of('approval'))).body).toMatchObject({ status: 409, code: 'signer.ended' });
  await settled(no, 'refused');
  expect(await kindsOf(no)).toEqual(['decided', 'decided']);
  expect(await office.db('tasks').where({ procedure_id: id, status: 'open' }).whereLike('step', 'change-%')).toEqual([]);
});

test('[F06] [N30] the class moves once when both sign at the same moment; nobody signs two rows', { timeout: 60_000 }, async () => {
  const before = (await office.db('classes').where({ number }).first('start_date')).start_date as string;
  const { no, of } = await ask({ kind: 'date', days: 7 });
  await opened(of('first_review'));
  expect((await decide('cs-first-1', of('first_review'))).status).toBe(200);
  await opened(of('approval.and-1'));
  const both = await Promise.all([decide('cs-approve-1', of('approval')), decide('cs-finance-1', of('approval.and-1'))]);
  expect(both.map(({ status }) => status)).toEqual([200, 200]);
  await settled(no, 'approved');
  const moved = (await office.db('classes').where({ number }).first('start_date')).start_date as string;
  expect(Date.parse(moved) - Date.parse(before)).toBe(7 * 86_400_000);
  expect(await kindsOf(no)).toEqual(['decided', 'signed', 'decided']);
  const signed = await office
    .db('signatures')
    .where({ scope: `${id}/change-${no}` })
    .select('user_id', 'step');
  expect([signed.length, new Set(signed.map((one) => one.user_id)).size]).toEqual([3, 3]);
  expect(await findBrokenLink(office.db, id)).toBeUndefined();
});

test('[F06] [N30] a class that is withdrawn between two signatures ends the change with it', { timeout: 60_000 }, async () => {
  const { no, of } = await ask({ kind: 'date', days: 7 });
  await opened(of('first_review'));
  expect((await decide('cs-first-1', of('first_review'))).status).toBe(200);
  await opened(of('approval.and-1'));
  expect((await decide('cs-approve-1', of('approval'))).status).toBe(200);
  expect((await (await office.as('kangning-1')).post(`/classes/${number}/withdraw`, { reason: '生源不足，不再开班' })).status).toBe(200);
  expect((await decide('cs-finance-2', of('approval.and-1'))).status).toBe(409);
  await until(async () => (await office.db('procedures').where({ id, status: 'closed' }).first('id')) !== undefined);
  expect(await statusOf(no)).not.toBe('approved');
  expect(await office.db('tasks').where({ procedure_id: id, status: 'open' })).toEqual([]);
});
