/** What the public sees and may do without signing in: lists, and objections with their receipt. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inTransaction } from '../../db/client.ts';
import { publish } from '../../db/disclosures.ts';
import { lockProcedure } from '../../db/protocol/procedures.ts';
import { draftClass, openProvince, type Province } from '../support/province.ts';
import type { Ask } from '../../workflows/domain/procedures.ts';

let province: Province;
let number = '';
beforeAll(async () => {
  province = await openProvince();
  number = await published(81);
});
afterAll(() => province.close());

/** A submitted class of 示范 whose plan is on show. Returns the number of the list. */
async function published(seed: number): Promise<string> {
  const classNumber = await draftClass(province, { seed, login: 'shifan-1', trainees: 4 });
  await (await province.as('shifan-1')).post(`/classes/${classNumber}/submit`);
  const { id } = await province.db('users').where({ login: 'shifan-1' }).first('id');
  const list = await inTransaction(province.db, async (trx) =>
    publish(
      trx,
      await lockProcedure(trx, `class-${classNumber}`),
      'plan',
      {
        classNumber,
        classTitle: '公开的班次',
        institution: '示范',
        project: '中式烹调师',
        startDate: null,
        endDate: null,
        department: '人社',
        facts: [],
        people: [{ seat: 1, name: '张*', id: '3501**********0011' }],
      },
      id,
    ),
  );
  return list.number;
}

async function object(body: Record<string, unknown>, headers: Record<string, string> = {}) {
  const response = await fetch(`${province.origin}/disclosures/${number}/objections`, {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as { receipt: string; code?: string } };
}
const look = async (receipt: string) =>
  (await fetch(`${province.origin}/objections/${encodeURIComponent(receipt)}`, { headers: { accept: 'application/json' } })).status;
const raised = async (): Promise<number> => Number((await province.db('objections').count('id as n'))[0]?.n);

test('[N9] a list is a line of the register with its snapshot', async () => {
  const answer = await fetch(`${province.origin}/disclosures/${number}`, { headers: { accept: 'application/json' } });
  expect(await answer.json()).toMatchObject({ number, institution: '示范', headcount: 1, region: '350104' });
});

test('[N20] the receipt of an objection cannot be guessed from its number; who has it sees the answer', async () => {
  const { status, body } = await object({ seat: 1, grounds: '此人当时不在本县' });
  expect(status).toBe(201);
  expect(body.receipt).toMatch(/^YY350104-2026-\d{5}-[2-9A-HJ-NP-Z]{10}$/);
  expect(await look(body.receipt)).toBe(200);
  expect(await look(` ${body.receipt.toLowerCase()} `)).toBe(200);
  const counted = body.receipt.slice(0, 'YY350104-2026-00001'.length);
  for (const guess of [counted, `${counted}-`, `${counted}-%`, `${counted}-2222222222`]) expect(await look(guess), guess).toBe(404);
});

test('a double click raises one objection; another key another one; a key opens nobody else’s receipt', async () => {
  const before = await raised();
  const key = { 'idempotency-key': randomUUID() };
  const grounds = '名单中有人没有参加培训';
  const answers = await Promise.all([1, 2, 3].map(() => object({ grounds }, key)));
  expect(new Set(answers.map((answer) => answer.body.receipt)).size).toBe(1);
  expect(await raised()).toBe(before + 1);
  const other = await object({ grounds: '另一件事情，另一个理由' }, key);
  expect(other.status).toBe(201);
  expect(other.body.receipt).not.toBe(answers[0]?.body.receipt);
});

test('what an objector wrote is for the office, not for the institution that it is about', async () => {
  const { procedure_id: id } = await province.db('objections').orderBy('raised_at').first('procedure_id');
  const review: Ask = {
    step: 'objection.decide',
    kind: 'objection_review',
    role: 'first_reviewer',
    level: 'county',
    outcomes: ['uphold', 'dismiss'],
  };
  await province.step(id, 'objection', { asks: [review] });
  expect((await (await province.as('cs-first-1')).get(`/tasks/${id}/objection.decide/1`)).status).toBe(200);
  expect((await (await province.as('shifan-1')).get(`/tasks/${id}/objection.decide/1`)).status).toBe(404);
});

test('nobody raises them by the hundred, whatever address a header claims', async () => {
  const statuses = new Set<number>();
  for (let at = 0; at < 40; at += 1)
    statuses.add((await object({ grounds: `第 ${at} 个理由，各不相同` }, { 'x-forwarded-for': `10.0.0.${at}` })).status);
  expect([...statuses].sort()).toEqual([201, 429]);
  expect(await raised()).toBeLessThanOrEqual(30);
});
