/** A year in seconds: the robot lives with several classes over the end of a year, and the totals are right to the fen. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { liveYear, type Totals, type YearResult } from '../../start/demonstration/year.ts';
import { findFaults } from '../faults/invariants.ts';
import { type Office, openOffice } from '../support/office.ts';

let office: Office;
let result: YearResult;

beforeAll(async () => {
  office = await openOffice({ begin: new Date('2026-11-23T09:00:00+08:00') });
});
afterAll(() => office?.close());

test('[F38] four classes live over the end of the year, late, returned, objected to and refused, and everything adds up', {
  timeout: 300_000,
}, async () => {
  result = await liveYear({
    origin: office.origin,
    classes: 4,
    from: '2026-11-23',
    spread: 8,
    turns: ['bankReturn', 'lateReview', 'objectionUpheld', 'refused'],
  });
  expect(result.wrong).toEqual([]);
  expect(result.to > '2027-01-11').toBe(true);
  const { classes, rungs, ledger, money, deadlines } = result.totals;
  expect(classes).toEqual({ paid: 3, refused: 1 });
  expect(rungs['overdue']).toBeGreaterThan(0);
  expect(money['returnedLines']).toBe(1);
  // The person against whom the objection was upheld is left out.
  expect(money['paidFen']).toBeLessThan(money['claimedFen'] ?? 0);
  expect(ledger['paidFen']).toBe(money['paidFen']);
  expect(deadlines['counted']).toBeGreaterThan(60);
  const years = await office.db('ledger_accounts').where({ kind: 'paid' }).where('balance_fen', '>', 0).distinct().pluck('year');
  expect(years.toSorted()).toEqual([2026, 2027]);
  expect(await findFaults(office.db)).toEqual([]);
});

test('[F38] the totals name a deadline that fell on a Saturday, and money that is not where the ledger has it', async () => {
  const { id, due_date: right } = await office.db('tasks').where({ kind: 'review', provisional: false }).first('id', 'due_date');
  await office.db('tasks').where({ id }).update({ due_date: '2026-12-12' });
  const line = await office.db('payment_lines').where({ status: 'paid' }).first('id', 'amount_fen');
  await office
    .db('payment_lines')
    .where({ id: line.id })
    .update({ amount_fen: Number(line.amount_fen) + 1 });
  const answer = await fetch(`${office.origin}/clock/totals`, { headers: { accept: 'application/json' } });
  const { faults } = (await answer.json()) as Totals;
  expect(faults).toMatchObject({ deadlinesOnNonWorkingDays: 1, paidLinesOutsideTheLedgerFen: 1 });
  await office.db('tasks').where({ id }).update({ due_date: right });
});

test('[F38] a year that lies behind the business clock is refused, and the clock stays where it is', async () => {
  const options = { origin: office.origin, classes: 1, from: '2026-06-01' };
  await expect(liveYear(options)).rejects.toThrow('SHIMING_DEMO_BEGIN=2026-06-01');
});
