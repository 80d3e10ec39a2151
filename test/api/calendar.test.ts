/** Closures of regions over HTTP: what one would move is shown before it is entered, then exactly that is moved, there and nowhere else. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { draftClass, openProvince, type Province } from '../support/province.ts';
import { firstReview } from '../support/by-hand/cases.ts';

type Preview = {
  count: number;
  earlier: number;
  provisional: number;
  offices: { office: string; count: number }[];
  first: { taskId: string; office: string; before: string; after: string; provisional: boolean }[];
};
type Moved = { id: string; moved: { taskId: string; before: string; after: string }[] };

const CANGSHAN = '350104';
const GULOU = '350102';
const XIANG_AN = '350213';
const FUZHOU = '350100';
const PROVINCE = '350000';

let province: Province;
/** Three of Cangshan, due on Thursday, Thursday and Tuesday; then the neighbour in the city, and a county of another city, due on Thursday. */
const tasks: string[] = [];
beforeAll(async () => {
  province = await openProvince();
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
  const [like] = await province.db('procedures').where({ type: 'trainingClass' }).limit(1);
  for (const region of [GULOU, XIANG_AN]) {
    const { path } = await province.db('regions').where({ code: region }).first('path');
    const id = `class-${region}-2026-90001`;
    const place = { id, region, region_path: path, subject_number: `${region}-2026-90001`, fact_no: 0, applied_no: 0, step_no: 0 };
    await province
      .db('procedures')
      .insert({ ...like, ...place, terms: JSON.stringify(like.terms), flags: '{}', audit_no: 0, audit_hash: '' });
    await province.step(id, 'pre_training', { asks: [{ ...firstReview, workingDays: 3 }] });
    tasks.push(`${id}/${firstReview.step}/1`);
  }
}, 120_000);
afterAll(() => province?.close());

const flood = { region: CANGSHAN, firstDay: '2026-03-04', kind: 'off', reason: '内涝停办', document: '仓山防汛〔2026〕3号' };
const dueDates = async () => {
  const rows: { id: string; due_date: string }[] = await province.db('tasks').whereIn('id', tasks).select('id', 'due_date');
  return tasks.map((id) => rows.find((row) => row.id === id)?.due_date);
};
const alarm = async (task: string | undefined) =>
  (
    await province
      .db('procedures')
      .where({ id: task?.split('/')[0] })
      .first('next_alarm_at')
  ).next_alarm_at.getTime();
const versions = async () => {
  const rows: { id: string; calendar_version: string }[] = await province.db('tasks').whereIn('id', tasks).select('id', 'calendar_version');
  return tasks.map((id) => rows.find((row) => row.id === id)?.calendar_version);
};
const preview = async (closure: object) =>
  (await (await province.as('system-1')).post<Preview>('/admin/calendar/closures/preview', closure)).body;

const untouched = ['2026-03-05', '2026-03-05', '2026-03-03', '2026-03-05', '2026-03-05'];
const flooded = ['2026-03-06', '2026-03-06', '2026-03-03', '2026-03-05', '2026-03-05'];
let entered = '';

test('[F03] a closure of a county shows the deadlines that it moves, changes nothing until it is confirmed, and then moves just these with their alarms', async () => {
  const admin = await province.as('system-1');
  expect(await dueDates()).toEqual(untouched);
  const shown = await preview(flood);
  expect(shown).toMatchObject({ count: 2, earlier: 0, provisional: 0, offices: [{ office: CANGSHAN, count: 2 }] });
  const expected = tasks.slice(0, 2).map((taskId) => ({ taskId, before: '2026-03-05', after: '2026-03-06' }));
  expect(shown.first.map(({ taskId, before, after }) => ({ taskId, before, after }))).toEqual(expected);
  expect(await dueDates()).toEqual(untouched);
  expect(await province.db('calendar_closures')).toEqual([]);
  const rung = [await alarm(tasks[0]), await alarm(tasks[3])];
  // The rung that tells the section head, one working day after the due day.
  const reported = async () => new Date((await province.db('tasks').where({ id: tasks[2] }).first('rungs')).rungs[2]);
  expect(await reported()).toEqual(new Date('2026-03-04T01:00:00Z'));

  const confirmed = await admin.post<Moved>('/admin/calendar/closures', flood);
  expect(confirmed.status).toBe(201);
  entered = confirmed.body.id;
  expect([...confirmed.body.moved].sort((a, b) => a.taskId.localeCompare(b.taskId))).toEqual(expected);
  expect(await dueDates()).toEqual(flooded);
  expect(await alarm(tasks[0])).toBeGreaterThan(rung[0]);
  // Nobody is told of an overdue task on a day on which the office is closed.
  expect(await reported()).toEqual(new Date('2026-03-05T01:00:00Z'));
  expect(await alarm(tasks[0])).toBe((await province.db('tasks').where({ id: tasks[0] }).first('next_rung_at')).next_rung_at.getTime());
  // The neighbour waits for the same day and the same alarm as before, and its run was not rung.
  expect(await alarm(tasks[3])).toBe(rung[1]);
  expect(await province.db('outbox').where({ procedure_id: tasks[3]?.split('/')[0], no: 0 })).toEqual([]);
  const [here, , , neighbour] = await versions();
  expect(here).toMatch(/^cn-2019-2026@350104\+[0-9a-f]{8}$/);
  expect(neighbour).toBe('cn-2019-2026');
});

test('[F03] 第 n/m 个工作日 of a row is counted by the days of its office, also for a reader of the whole city', async () => {
  await province.db.raw(`update clock set business_epoch = '2026-03-05T02:00:00Z', real_epoch = clock_timestamp()`);
  const supervisor = await province.as('fz-supervise-1');
  type Row = { id: string; due: { day: number; of: number; words: string } };
  const { body } = await supervisor.get<{ tasks: Row[] }>('/tasks?view=region&size=50');
  const day = (id: string | undefined) => body.tasks.find((task) => task.id === id)?.due;
  // Tuesday, (closed), Thursday against Tuesday, Wednesday, Thursday.
  expect(day(tasks[0])).toMatchObject({ day: 2, of: 3, words: '明天到期' });
  expect(day(tasks[3])).toMatchObject({ day: 3, of: 3, words: '今天到期' });
  await province.db.raw(`update clock set business_epoch = '2026-03-02T02:00:00Z', real_epoch = clock_timestamp()`);
});

test('[F03] what closes a city or the province closes every county below it; the nearer region has the last word about a day', async () => {
  const admin = await province.as('system-1');
  const day = { ...flood, firstDay: '2026-03-05' };
  expect((await preview({ ...day, region: FUZHOU })).offices).toEqual([
    { office: CANGSHAN, officeZh: expect.any(String), officeEn: expect.any(String), count: 2 },
    { office: GULOU, officeZh: expect.any(String), officeEn: expect.any(String), count: 1 },
  ]);
  expect((await preview({ ...day, region: PROVINCE })).offices.map(({ office }) => office)).toEqual([CANGSHAN, GULOU, XIANG_AN]);
  const city = (await admin.post<Moved>('/admin/calendar/closures', { ...day, region: FUZHOU })).body;
  expect(await dueDates()).toEqual(['2026-03-09', '2026-03-09', '2026-03-03', '2026-03-06', '2026-03-05']);
  // The neighbour works on that day all the same.
  const works = { ...day, region: GULOU, kind: 'work', reason: '照常办公' };
  expect(await preview(works)).toMatchObject({ count: 1, earlier: 1 });
  const own = (await admin.post<Moved>('/admin/calendar/closures', works)).body;
  expect(await dueDates()).toEqual(['2026-03-09', '2026-03-09', '2026-03-03', '2026-03-05', '2026-03-05']);
  for (const { id } of [own, city])
    expect((await admin.post(`/admin/calendar/closures/${id}/withdraw`, { reason: '已恢复', document: '榕防汛〔2026〕9号' })).status).toBe(
      200,
    );
  expect(await dueDates()).toEqual(flooded);
  expect((await versions()).slice(3)).toEqual(['cn-2019-2026', 'cn-2019-2026']);
});

test('[F03] a withdrawal is previewed, moves the deadlines back with their alarms, and stays on record with its reason; once', async () => {
  const admin = await province.as('system-1');
  const later = await alarm(tasks[0]);
  const shown = (await admin.get<Preview>(`/admin/calendar/closures/${entered}/withdraw`)).body;
  expect(shown).toMatchObject({ count: 2, earlier: 2, offices: [{ office: CANGSHAN, count: 2 }] });
  expect(shown.first[0]).toMatchObject({ before: '2026-03-06', after: '2026-03-05' });
  expect(await dueDates()).toEqual(flooded);
  const page = await (await province.browser('system-1')).get(`/admin/calendar/closures/${entered}/withdraw`);
  expect(page.html).toContain('其中 2 个提前');
  expect((await admin.post(`/admin/calendar/closures/${entered}/withdraw`, { reason: '', document: 'x' })).status).toBe(422);
  const basis = { reason: '汛情解除', document: '仓山防汛〔2026〕5号' };
  expect((await admin.post<Moved>(`/admin/calendar/closures/${entered}/withdraw`, basis)).body.moved).toHaveLength(2);
  expect(await dueDates()).toEqual(untouched);
  expect(await alarm(tasks[0])).toBeLessThan(later);
  expect((await admin.post(`/admin/calendar/closures/${entered}/withdraw`, basis)).status).toBe(409);
  type Listed = { closures: { id: string; withdrawn: { reason: string; document: string } | null }[] };
  const listed = (await admin.get<Listed>(`/admin/calendar?region=${CANGSHAN}`)).body.closures.find(({ id }) => id === entered);
  expect(listed?.withdrawn).toMatchObject(basis);
  const lines = await province
    .db('audit_log')
    .where({ subject: `closure-${entered}` })
    .orderBy('id')
    .pluck('act');
  expect(lines).toEqual(['calendar.closure', 'calendar.withdraw']);
});

test('[F03] a period whose new day lies in a year without notice is told as provisional', async () => {
  await province.db('tasks').where({ id: tasks[0] }).update({ working_days: 212, from_date: '2026-03-02', due_date: '2026-12-31' });
  const shown = await preview({ ...flood, firstDay: '2026-12-30', lastDay: '2026-12-31' });
  expect(shown).toMatchObject({ count: 1, provisional: 1 });
  expect(shown.first[0]).toMatchObject({ provisional: true });
});

test('[F03] the official notice of a year shows the deadlines that it moves, changes nothing until it is loaded, and then moves just these', async () => {
  const admin = await province.as('system-1');
  const notice = {
    year: 2027,
    source: '国办发明电〔2026〕7号',
    days: ['2027-01-01', '2027-01-02', '2027-01-03', '2027-01-04'].map((date) => ({ date, kind: 'off' })),
  };
  await province
    .db('tasks')
    .where({ id: tasks[0] })
    .update({ working_days: 10, months: null, from_date: '2026-12-28', due_date: '2027-01-12', days_used: 0, provisional: true });
  const shown = (await admin.post<Preview>('/admin/calendar/years/preview', notice)).body;
  expect(shown).toMatchObject({ count: 1, earlier: 0, provisional: 0, offices: [{ office: CANGSHAN, count: 1 }] });
  const expected = [{ taskId: tasks[0], before: '2027-01-12', after: '2027-01-13' }];
  expect(shown.first.map(({ taskId, before, after }) => ({ taskId, before, after }))).toEqual(expected);
  expect((await dueDates())[0]).toBe('2027-01-12');
  expect(await province.db('calendar_years')).toEqual([]);
  const browser = await province.browser('system-1');
  const lines = notice.days.map(({ date }) => `${date} 休`).join('\n');
  const page = await browser.post('/admin/calendar/years/preview', { year: '2027', source: notice.source, days: lines });
  for (const words of ['2027 年节假日安排：预览', '放假 4 天，补班 0 天', '1月13日']) expect(page.html).toContain(words);

  const loaded = await admin.post<Moved>('/admin/calendar/years', notice);
  expect(loaded.body.moved.filter(({ taskId }) => taskId === tasks[0])).toEqual(expected);
  expect((await dueDates())[0]).toBe('2027-01-13');
  const again = await admin.post<{ code: string }>('/admin/calendar/years/preview', notice);
  expect([again.status, again.body.code]).toEqual([409, 'calendar.loaded']);
});

test('[F03] a notice changes no day of a year on record, reaches into a neighbouring year by its edge alone, names a day once, and its source is a line of words', async () => {
  const admin = await province.as('system-1');
  type Refusal = { code: string; issues?: { field: string; code: string }[] };
  const before = await province.db('calendar_days').orderBy('day');
  const refusal = async (more: object) => {
    const notice = { year: 2028, source: '国办发明电〔2027〕7号', days: [], ...more };
    const answers: unknown[] = [];
    for (const path of ['/admin/calendar/years/preview', '/admin/calendar/years']) {
      const { status, body } = await admin.post<Refusal>(path, notice);
      answers.push([status, ...(body.issues?.map(({ field, code }) => `${field} ${code}`) ?? [body.code])].join(' '));
    }
    expect(answers[0]).toBe(answers[1]);
    return answers[0];
  };
  const day = (date: string, kind = 'off') => ({ date, kind });
  // Built in, and loaded by the test before.
  for (const year of [2019, 2026, 2027]) expect(await refusal({ year })).toBe('409 calendar.loaded');
  expect(await refusal({ days: [day('2027-01-01', 'work')] })).toBe('422 days calendar.otherYear');
  expect(await refusal({ days: [day('2029-02-01')] })).toBe('422 days calendar.otherYear');
  expect(await refusal({ days: [day('2028-01-03'), day('2028-01-03', 'work')] })).toBe('422 days calendar.twice');
  expect(await refusal({ source: '联系人 13800138000' })).toBe('422 source personal.phone');
  expect(await refusal({ source: '国办\u202e发' })).toBe('422 source oneLine');
  expect(await province.db('calendar_days').orderBy('day')).toEqual(before);

  const first = { year: 2029, source: '国办发明电〔2028〕7号', days: [day('2028-12-31'), day('2029-01-01')] };
  expect((await admin.post('/admin/calendar/years', first)).status).toBe(200);
  expect(await refusal({ days: [day('2028-12-31', 'work')] })).toBe('422 days calendar.dayKnown');
  expect(await refusal({ days: [day('2029-01-01')] })).toBe('422 days calendar.dayLoaded');
  // 2027 is loaded, and its last day is the notice of 2028 to tell.
  const second = { year: 2028, source: '国办发明电〔2027〕7号', days: [day('2027-12-31'), day('2028-12-31'), day('2028-01-03')] };
  expect((await admin.post('/admin/calendar/years', second)).status).toBe(200);
  expect(await province.db('calendar_days').where({ day: '2028-12-31' }).first('kind', 'source')).toEqual({
    kind: 'off',
    source: first.source,
  });
});

test('[F03] [F28] a notice sent again under its key is answered as at first, another under that key and one at the same moment are refused in words', async () => {
  const admin = await province.as('system-1');
  type Answer = { moved?: { taskId: string; before: string; after: string }[]; code?: string };
  const path = '/admin/calendar/years';
  const notice = { year: 2031, source: '国办发明电〔2030〕7号', days: ['2031-01-01', '2031-01-02'].map((date) => ({ date, kind: 'off' })) };
  await province
    .db('tasks')
    .where({ id: tasks[0] })
    .update({ working_days: 10, months: null, from_date: '2030-12-30', due_date: '2031-01-14', days_used: 0, provisional: true });
  const key = 'notice-of-2031';
  const first = await admin.post<Answer>(path, notice, { key });
  expect(first.status).toBe(200);
  expect(first.body.moved?.map(({ taskId }) => taskId)).toContain(tasks[0]);
  expect((await admin.post<Answer>(path, notice, { key })).body).toEqual(first.body);
  const other = await admin.post<Answer>(path, { ...notice, year: 2032, days: [] }, { key });
  expect([other.status, other.body.code]).toEqual([409, 'idempotency.otherRequest']);

  const next = { ...notice, year: 2032, days: [] };
  const answers = await Promise.all([1, 2, 3].map(() => admin.post<Answer>(path, next)));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
  expect(new Set(answers.flatMap(({ body }) => body.code ?? []))).toEqual(new Set(['calendar.loaded']));
  const same = await Promise.all([1, 2, 3].map(() => admin.post<Answer>(path, { ...next, year: 2033 }, { key: 'notice-of-2033' })));
  expect(same.map(({ status }) => status)).toEqual([200, 200, 200]);
  const lines = await province
    .db('audit_log')
    .where({ act: 'calendar.notice' })
    .whereIn('subject', ['year-2031', 'year-2032', 'year-2033']);
  expect(lines).toHaveLength(3);
});

test('[F03] [F28] a closure and its withdrawal sent again under their keys name the deadlines that they moved at first', async () => {
  const admin = await province.as('system-1');
  await province
    .db('tasks')
    .where({ id: tasks[0] })
    .update({ working_days: 3, from_date: '2026-03-02', due_date: '2026-03-05', provisional: false });
  const closure = { ...flood, firstDay: '2026-03-05' };
  const twice = async (path: string, body: object, key: string) => {
    const [first, again] = [await admin.post<Moved>(path, body, { key }), await admin.post<Moved>(path, body, { key })];
    expect([again.status, again.body]).toEqual([first.status, first.body]);
    expect(first.body.moved.map(({ taskId }) => taskId)).toContain(tasks[0]);
    return first.body;
  };
  const { id } = await twice('/admin/calendar/closures', closure, 'closed-once');
  await twice(`/admin/calendar/closures/${id}/withdraw`, { reason: '汛情解除', document: '仓山防汛〔2026〕6号' }, 'withdrawn-once');
});

test('[F03] who administers a part of the province neither loads the notice of a year nor previews one, and has no form for it', async () => {
  const admin = await province.as('system-1');
  const browser = await province.browser('system-1');
  const form = 'action="/admin/calendar/years/preview"';
  expect((await browser.get('/admin/calendar')).html).toContain(form);
  for (const region of [CANGSHAN, FUZHOU]) {
    await province.db('grants').where({ role: 'system_admin' }).update({ region });
    for (const path of ['/admin/calendar/years/preview', '/admin/calendar/years']) {
      const { status, body } = await admin.post<{ code: string }>(path, { year: 2030, source: '国办发明电〔2029〕7号', days: [] });
      expect([status, body.code]).toEqual([403, 'calendar.outside']);
    }
    const { html } = await browser.get('/admin/calendar');
    expect(html).toContain('/admin/calendar/closures/preview');
    expect(html).not.toContain(form);
  }
  await province.db('grants').where({ role: 'system_admin' }).update({ region: PROVINCE });
  expect(await province.db('calendar_years').where({ year: 2030 })).toEqual([]);
});

test('[F03] only within the own regions, on days that are some, and not twice on a day of a region', async () => {
  const admin = await province.as('system-1');
  await province.db('grants').where({ role: 'system_admin' }).update({ region: FUZHOU });
  expect((await admin.post('/admin/calendar/closures', { ...flood, region: PROVINCE })).status).toBe(403);
  expect((await admin.post('/admin/calendar/closures/preview', { ...flood, region: XIANG_AN })).status).toBe(403);
  expect((await admin.get(`/admin/calendar?region=${PROVINCE}`)).status).toBe(403);
  expect((await admin.post('/admin/calendar/closures', { ...flood, region: '999999' })).status).toBe(404);
  expect((await (await province.as('cs-first-1')).post('/admin/calendar/closures/preview', flood)).status).toBe(403);
  const refusal = async (more: object) => {
    const { status, body } = await admin.post<{ issues: { field: string; code: string }[] }>('/admin/calendar/closures', {
      ...flood,
      ...more,
    });
    return [status, ...body.issues.map(({ field, code }) => `${field} ${code}`)];
  };
  expect(await refusal({ lastDay: '2026-03-03' })).toEqual([422, 'lastDay calendar.order']);
  expect(await refusal({ lastDay: '2026-05-03' })).toEqual([422, 'lastDay calendar.long']);
  expect(await refusal({ document: '' })).toEqual([422, expect.stringMatching(/^document /)]);
  expect((await admin.post('/admin/calendar/closures', { ...flood, lastDay: '2026-03-05' })).status).toBe(201);
  expect(await refusal({ firstDay: '2026-03-05', kind: 'work' })).toEqual([422, 'firstDay calendar.overlap']);
  const page = await (await province.browser('system-1')).post('/admin/calendar/closures/preview', { ...flood, firstDay: '2026-03-05' });
  expect(page.status).toBe(422);
  expect(page.html).toContain('请先撤销');
});

test('[F03] from the preview a form comes back with what was entered, and an error names the field as the form does', async () => {
  const browser = await province.browser('system-1');
  const shown = await browser.post('/admin/calendar/closures/preview', { ...flood, firstDay: '2026-06-03', lastDay: '2026-06-03' });
  const [, back = ''] = /href="([^"]+)#new-closure"/.exec(shown.html) ?? [];
  const page = await browser.get(back.replaceAll('&amp;', '&').replaceAll('&#x3D;', '='));
  expect(page.status).toBe(200);
  for (const kept of ['2026-06-03', flood.reason, flood.document]) expect(page.html).toContain(`value="${kept}"`);
  expect((await browser.post('/admin/calendar/closures/preview', { ...flood, firstDay: '' })).html).toContain('起始日：必填');
});
