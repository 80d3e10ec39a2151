/** Boards counted ahead: right at the instant that they say, only for large regions, not read when too old. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keepBoards } from '../../db/views/kept-boards.ts';
import { type CounterOfTests, openCounter } from '../support/counter.ts';

let counter: CounterOfTests;
beforeAll(async () => {
  counter = await openCounter();
});
afterAll(() => counter?.close());

type Board = { asOf: string; countedAhead: boolean; figures: { overdue: number; later: number; soon: number } };
const open = ({ overdue, soon, later }: Board['figures']): number => overdue + soon + later;

test('[F04] the board of a large region is what the worker counted, until it is counted again or for this reader', async () => {
  const supervisor = await counter.as('supervise-1');
  const read = async (path = '/board'): Promise<Board> => (await supervisor.get<Board>(path)).body;
  await counter.openReview();
  // A region has several supervisors and one board.
  const { userId } = await counter.cases.actor('first-2');
  await counter.db('grants').insert({ user_id: userId, role: 'supervisor', region: '350104' });
  // Nothing here is large by itself.
  expect(await keepBoards(counter.db, { everyMs: 0 })).toEqual([]);
  expect(await read()).toMatchObject({ countedAhead: false });

  expect(await keepBoards(counter.db, { from: 0, everyMs: 0 })).toContain('350104');
  const kept = await read();
  expect(kept.countedAhead).toBe(true);
  await counter.openReview();
  expect(await read()).toEqual(kept);
  const now = await read('/board?now=1');
  expect(now.countedAhead).toBe(false);
  expect(open(now.figures)).toBe(open(kept.figures) + 1);
  expect((await counter.browse('supervise-1', '/board')).html).toContain('统计于');

  // Of two workers only one counts within the minute.
  expect(await keepBoards(counter.db, { from: 0 })).toEqual([]);
  expect(await keepBoards(counter.db, { from: 0, everyMs: 0 })).toContain('350104');
  const again = await read();
  expect(again.countedAhead).toBe(true);
  expect({ ...again, asOf: '' }).toEqual({ ...now, asOf: '', countedAhead: true });

  await counter.db('kept_boards').update({ counted_at: counter.db.raw(`counted_at - interval '3 minutes'`) });
  expect(await read()).toMatchObject({ countedAhead: false });
});
