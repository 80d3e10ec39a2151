/** Local closures over HTTP: what a closure would move is shown before it is entered, and then exactly that is moved. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { draftClass, openProvince, type Province } from '../support/province.ts';
import { firstReview } from '../support/cases.ts';

type Preview = { count: number; earlier: number; first: { taskId: string; before: string; after: string }[] };
type Moved = { moved: { taskId: string; before: string; after: string }[] };

let province: Province;
const tasks: string[] = [];
beforeAll(async () => {
  province = await openProvince();
  // Monday, 2 March: three working days end on Thursday, one on Tuesday.
  for (const [seed, workingDays] of [
    [1, 3],
    [2, 3],
    [3, 1],
  ] as const) {
    const number = await draftClass(province, { seed, fortnight: seed, trainees: 2 });
    await (await province.as('kangning-1')).post(`/classes/${number}/submit`);
    await province.step(`class-${number}`, 'pre_training', { asks: [{ ...firstReview, workingDays }] });
    tasks.push(`class-${number}/${firstReview.step}/1`);
  }
}, 120_000);
afterAll(() => province?.close());

const typhoon = { date: '2026-03-04', kind: 'off', note: '台风停工一日' };
const dueDates = async () => Object.fromEntries((await province.db('tasks').select('id', 'due_date')).map((row) => [row.id, row.due_date]));

test('[F03] a closure shows the deadlines that it moves, changes nothing until it is confirmed, and then moves just these with their alarms', async () => {
  const admin = await province.as('system-1');
  const before = await dueDates();
  expect(before).toEqual({ [tasks[0] ?? '']: '2026-03-05', [tasks[1] ?? '']: '2026-03-05', [tasks[2] ?? '']: '2026-03-03' });
  const preview = (await admin.post<Preview>('/admin/calendar/closures/preview', typhoon)).body;
  expect(preview).toMatchObject({ count: 2, earlier: 0 });
  expect(preview.first.map(({ taskId, before: old, after }) => [taskId, old, after])).toEqual(
    tasks.slice(0, 2).map((id) => [id, '2026-03-05', '2026-03-06']),
  );
  expect(await dueDates()).toEqual(before);
  expect(await province.db('calendar_days')).toEqual([]);
  const alarms = () => province.db('procedures').where({ status: 'open' }).orderBy('id').pluck('next_alarm_at');
  const rung = await alarms();
  // The rung that tells the section head, one working day after the due day.
  const reported = async () => new Date((await province.db('tasks').where({ id: tasks[2] }).first('rungs')).rungs[2]);
  expect(await reported()).toEqual(new Date('2026-03-04T01:00:00Z'));

  const confirmed = (await admin.post<Moved>('/admin/calendar/closures', typhoon)).body;
  expect([...confirmed.moved].sort((a, b) => a.taskId.localeCompare(b.taskId))).toEqual(
    tasks.slice(0, 2).map((taskId) => ({ taskId, before: '2026-03-05', after: '2026-03-06' })),
  );
  expect(await dueDates()).toEqual({ ...before, [tasks[0] ?? '']: '2026-03-06', [tasks[1] ?? '']: '2026-03-06' });
  const later = await alarms();
  expect(later[0].getTime()).toBeGreaterThan(rung[0].getTime());
  // Nobody is told of an overdue task on a day on which the office is closed.
  expect(await reported()).toEqual(new Date('2026-03-05T01:00:00Z'));
  const rings = await province.db('tasks').where({ id: tasks[0] }).first('rungs', 'next_rung_at');
  expect(later[0]).toEqual(rings.next_rung_at);
});

test('a make-up day brings deadlines forward, and the page says how many', async () => {
  const browser = await province.browser('system-1');
  const shown = await browser.post('/admin/calendar/closures/preview', { date: '2026-03-04', kind: 'work', note: '照常办公' });
  expect(shown.status).toBe(200);
  expect(shown.html).toContain('2 个');
  expect(shown.html).toContain('其中 2 个提前');
  expect(shown.html).toContain('action="/admin/calendar/closures"');
  const wrong = await browser.post('/admin/calendar/closures/preview', { date: 'x', kind: 'off', note: '台风停工' });
  expect(wrong.status).toBe(422);
  expect((await (await province.as('cs-first-1')).post('/admin/calendar/closures/preview', typhoon)).status).toBe(403);
});
