/** Objections of the public over HTTP: nobody is signed in, and a double click is one objection. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitFor } from '../../workflows/domain/procedures.ts';
import { type CounterOfTests, openCounter, plainReview } from '../support/counter.ts';

let counter: CounterOfTests;
beforeAll(async () => {
  counter = await openCounter();
});
afterAll(() => counter?.close());

test('[N20] the same form sent twice is one objection with one receipt; another form under the same key is another one', async () => {
  const { cases, db } = counter;
  const [parent, period] = [await cases.open([plainReview]), 'disclosure-350104-2026-77777'];
  await cases.open([{ ...waitFor('period.end'), workingDays: 5 }], { type: 'publicDisclosure', id: period });
  const shown = {
    number: '350104-2026-77777',
    list: 'subsidy',
    class_id: cases.classId,
    procedure_id: period,
    parent_procedure_id: parent.id,
  };
  const dates = { from_date: '2026-03-02', due_date: '2026-03-09', due_at: new Date('2026-03-09T16:00:00Z'), working_days: 5 };
  const text = { region: '350104', blocks: true, title: 't', snapshot: '{}', digest: 'd', published_at: new Date('2026-03-02T02:00:00Z') };
  await db('disclosures').insert({ ...shown, ...dates, ...text });
  const object = async (grounds: string): Promise<string> => {
    const answer = await fetch(`${counter.origin}/disclosures/${shown.number}/objections`, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/json', 'idempotency-key': 'one-form' },
      body: JSON.stringify({ grounds, seat: 1 }),
    });
    expect(answer.status).toBe(201);
    return ((await answer.json()) as { receipt: string }).receipt;
  };
  const [first, again] = await Promise.all([object('此人没有参加培训，请核实。'), object('此人没有参加培训，请核实。')]);
  expect(again).toBe(first);
  expect(await db('objections')).toHaveLength(1);
  expect(await object('此人在别处领取过同样的补贴。')).not.toBe(first);
  expect(await db('objections')).toHaveLength(2);
});
