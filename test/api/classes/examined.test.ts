/** A class as its assessment body reads it: whom it examines, when and where, attendance and results; over HTTP, as pages and as JSON. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { results } from '../../support/by-hand/asks.ts';
import { openProvince, type Province, returnClass } from '../../support/province.ts';

let province: Province;
let number: string;
beforeAll(async () => {
  province = await openProvince();
  number = await returnClass(province, 91);
  await province.step(`class-${number}`, 'results', { asks: [results] });
});
afterAll(() => province?.close());

type Trainee = Record<string, unknown> & { name: string; idMasked: string; phoneMasked: string; accountMasked: string; bank: string };
type Roster = { trainees: Trainee[] };
type Detail = { amountFen: number | null; headcount: number; correction: unknown; tasks: { role: string; mine: boolean }[] };
const roster = async (login: string) => (await (await province.as(login)).get<Roster>(`/classes/${number}/roster`)).body.trainees;
const detail = async (login: string) => (await (await province.as(login)).get<Detail>(`/classes/${number}`)).body;
const TABS = ['materials', 'checks', 'money', 'papers', 'messages', 'timeline', 'verifications'];
const yuan = (fen: number): string => new Intl.NumberFormat('zh-CN', { minimumFractionDigits: 2 }).format(fen / 100);

test('[N2] the assessment body reads names, seats and masked numbers of a roster; no telephone, account, group, verdict or amount, as page or JSON', async () => {
  const [own, examined] = [await roster('shifan-1'), await roster('pingjia-1')];
  expect(own.length).toBeGreaterThan(0);
  expect(examined.map(({ name, idMasked }) => [name, idMasked])).toEqual(own.map(({ name, idMasked }) => [name, idMasked]));
  for (const person of examined) expect(Object.keys(person).sort()).toEqual(['id', 'idMasked', 'name', 'seat', 'status']);
  const { html } = await (await province.browser('pingjia-1')).get(`/classes/${number}/roster`);
  expect(html).toContain(own[0]?.name);
  for (const { phoneMasked, accountMasked } of own) for (const said of [phoneMasked, accountMasked]) expect(html).not.toContain(said);
  // What is looked for does stand on the page of its institution.
  const theirs = (await (await province.browser('shifan-1')).get(`/classes/${number}/roster`)).html;
  expect(theirs).toContain(own[0]?.phoneMasked);
  expect(theirs).toContain(own[0]?.accountMasked);
});

test('[N4] it opens the pages that it examines by, and is offered no others: materials, registers, money, papers and the record are unknown to it', async () => {
  const assessor = await province.as('pingjia-1');
  const browser = await province.browser('pingjia-1');
  for (const page of ['', '/roster', '/timetable', '/attendance', '/results']) {
    const { status, html } = await browser.get(`/classes/${number}${page}`);
    expect([page, status]).toEqual([page, 200]);
    for (const tab of TABS) expect([page, tab, html.includes(`/classes/${number}/${tab}"`)]).toEqual([page, tab, false]);
  }
  const statuses = async (login: string): Promise<number[]> => {
    const person = await province.as(login);
    return Promise.all(TABS.map(async (tab) => (await person.get(`/classes/${number}/${tab}`)).status));
  };
  expect(await statuses('pingjia-1')).toEqual(TABS.map((tab) => (tab === 'messages' ? 403 : 404)));
  expect((await statuses('cs-first-1')).every((status) => status === 200)).toBe(true);
  const material = await province
    .db('class_materials as m')
    .join('classes as c', 'c.id', 'm.class_id')
    .where('c.number', number)
    .first('m.id');
  expect((await assessor.get(`/materials/${material.id}`)).status).toBe(404);
  expect((await assessor.get(`/materials/${material.id}/picture`)).status).toBe(404);
  expect(await province.db('material_views').where({ material_id: material.id })).toEqual([]);
});

test('[N2] neither the class, the lists nor its own task tell it amounts, what the office asked of the school, or who reviews', async () => {
  const [own, examined] = [await detail('shifan-1'), await detail('pingjia-1')];
  const amount = own.amountFen ?? 0;
  expect(amount).toBeGreaterThan(0);
  expect(own.correction).not.toBeNull();
  expect(examined).toMatchObject({ amountFen: null, correction: null, headcount: own.headcount });
  expect(examined.tasks).toMatchObject([{ role: 'assessor', mine: true }]);
  const assessor = await province.as('pingjia-1');
  const { classes } = (await assessor.get<{ classes: { number: string; amountFen: number | null }[] }>('/classes')).body;
  expect(classes).toMatchObject([{ number, amountFen: null }]);
  const place = (await assessor.get<{ classes: Record<string, unknown>[] }>('/workplace')).body;
  expect(place.classes).toMatchObject([{ number, expectedFen: null, claimedFen: null, approvedFen: null, paidFen: 0, application: null }]);
  const { tasks } = (await assessor.get<{ tasks: { id: string; amountFen: number | null }[] }>('/tasks')).body;
  expect(tasks).toMatchObject([{ amountFen: null }]);
  const path = `/tasks/${tasks[0]?.id}`;
  const { body } = await assessor.get<{ amountFen: number | null; timeline: { reason: string | null }[] }>(path);
  expect(body.amountFen).toBeNull();
  const browser = await province.browser('pingjia-1');
  const pages = await Promise.all(
    [
      `/classes/${number}`,
      '/classes',
      '/workplace',
      '/tasks',
      path,
      `${path}?part=money`,
      `${path}?part=checks`,
      `${path}?part=timeline`,
    ].map(async (at) => [at, (await browser.get(at)).html] as const),
  );
  const school = (await (await province.browser('shifan-1')).get(`/classes/${number}`)).html;
  const asked = '补充每日安排';
  for (const [at, html] of pages)
    expect([at, html.includes(number), html.includes(yuan(amount)), html.includes(asked)]).toEqual([at, true, false, false]);
  expect([school.includes(yuan(amount)), school.includes(asked)]).toEqual([true, true]);
});

test('[N2] its list as a file has no amounts, and neither attendance nor results say why somebody left', async () => {
  const { id } = await province.db('classes').where({ number }).first('id');
  const [gone] = await province
    .db('enrolments')
    .where({ class_id: id })
    .orderBy('seat')
    .limit(1)
    .update({ status: 'dropped', status_reason: '因家庭原因' })
    .returning(['id']);
  const reason = async (login: string): Promise<unknown> => {
    const { body } = await (await province.as(login)).get<{ trainees: { id: string; reason: string | null }[] }>(
      `/classes/${number}/attendance`,
    );
    return body.trainees.find((trainee) => trainee.id === gone?.id)?.reason;
  };
  expect([await reason('shifan-1'), await reason('pingjia-1')]).toEqual(['因家庭原因', null]);
  const assessor = await province.as('pingjia-1');
  const { body: list } = await assessor.get<{ tasks: { id: string }[] }>('/tasks');
  expect(JSON.stringify((await assessor.get(`/tasks/${list.tasks[0]?.id}`)).body)).not.toContain('因家庭原因');
  const browser = await province.browser('pingjia-1');
  const { html: csv } = await browser.get('/tasks/export.csv');
  const amount = (((await detail('shifan-1')).amountFen ?? 0) / 100).toFixed(2);
  expect(csv).toContain(number);
  expect(csv).not.toContain(amount);
});
