/** Labels that an office puts on its cases (标签): who puts them on, who reads them, on record; the list that is limited to one. Real PostgreSQL, no Temporal. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findBrokenLink } from '../../../db/protocol/procedures.ts';
import { type CounterOfTests, openCounter } from '../../support/counter.ts';
import { firstReview } from '../../support/by-hand/cases.ts';
import { listenTo, until } from '../../support/streams.ts';

let counter: CounterOfTests;
beforeAll(async () => {
  counter = await openCounter();
});
afterAll(() => counter?.close());

type Labelled = { labels: string[]; timeline: { act: string }[] };
type Inbox = { tasks: { id: string; labels: string[] }[]; counts: { total: number } };
const lines = (id: string) => counter.db('audit_log').where({ procedure_id: id }).whereLike('act', 'case.%').orderBy('no');
const read = async (login: string, taskId: string) => (await (await counter.as(login)).get<Labelled>(`/tasks/${taskId}`)).body;

test('[F11] officers of an office label a case, once however often, at most five; another office and the institution see none', async () => {
  const { id, taskId } = await counter.openReview();
  const path = `/tasks/${taskId}/labels`;
  const [one, two] = [await counter.as('first-1'), await counter.as('second-1')];
  expect((await one.post(path, { label: ' 待补社保 ' })).body).toEqual({ taskId, labels: ['待补社保'] });
  // Two at once, of one office.
  await Promise.all([one.post(path, { label: '等领导签字' }), two.post(path, { label: '等领导签字' })]);
  expect((await two.post(path, { label: '待补社保' })).body).toEqual({ taskId, labels: ['待补社保', '等领导签字'] });
  expect((await lines(id)).map(({ act, detail }) => [act, detail])).toEqual([
    ['case.label', { office: '350104', label: '待补社保' }],
    ['case.label', { office: '350104', label: '等领导签字' }],
  ]);
  // Whoever reads cases of the office reads its labels; the office above has its own, and the institution none.
  expect((await read('supervise-1', taskId)).labels).toEqual(['待补社保', '等领导签字']);
  expect((await read('audit-1', taskId)).labels).toEqual([]);
  const above = await counter.as('city-supervise-1');
  expect((await read('city-supervise-1', taskId)).labels).toEqual([]);
  expect((await above.post(path, { label: '市里关注' })).body).toEqual({ taskId, labels: ['市里关注'] });
  expect((await read('first-1', taskId)).labels).toEqual(['待补社保', '等领导签字']);
  const page = async (login: string) => (await counter.browse(login, `/tasks/${taskId}`)).html;
  expect(await page('first-1')).not.toContain('市里关注');
  expect(await page('city-supervise-1')).not.toContain('待补社保');
  const school = await read('school-1', taskId);
  expect(school.labels).toEqual([]);
  expect(school.timeline.map(({ act }) => act).filter((act) => act.startsWith('case.'))).toEqual([]);
  expect(await page('school-1')).not.toMatch(/待补社保|市里关注|贴标签/);
  // Their own timeline alone.
  expect((await read('first-1', taskId)).timeline.filter(({ act }) => act === 'case.label')).toHaveLength(2);

  for (const label of ['三', '四']) await one.post(path, { label });
  const many = await Promise.all(['五', '六'].map(async (label) => (await one.post(path, { label })).status));
  expect(many.sort()).toEqual([200, 422]);
  expect((await one.post(path, { label: '七' })).body).toMatchObject({ issues: [{ field: 'label', code: 'label.tooMany' }] });
  expect((await one.post(path, { label: '一二三四五六七八九十一二三' })).status).toBe(422);
  expect((await one.post(path, { label: '' })).status).toBe(422);
  expect((await one.post(path, { label: '13800138000' })).body).toMatchObject({ status: 422, issues: [{ field: 'label' }] });

  expect((await two.post(`${path}/remove`, { label: '三' })).status).toBe(200);
  expect((await two.post(`${path}/remove`, { label: '三' })).status).toBe(200);
  expect((await above.post(`${path}/remove`, { label: '四' })).body).toEqual({ taskId, labels: ['市里关注'] });
  expect((await lines(id)).filter(({ act }) => act === 'case.unlabel').map(({ detail }) => detail)).toEqual([
    { office: '350104', label: '三' },
  ]);
  expect((await read('first-1', taskId)).labels).toHaveLength(4);
  expect(await findBrokenLink(counter.db, id)).toBeUndefined();
});

test('[F11] whoever may not read the task learns nothing of it; institutions and auditors label nothing; what has ended keeps its labels', async () => {
  const { id, taskId } = await counter.openReview();
  const answer = async (login: string, what = '/labels') => {
    const { status, body } = await (await counter.as(login)).post(`/tasks/${taskId}${what}`, { label: '待补社保' });
    return [login, status, body['code']];
  };
  expect(await Promise.all(['other-first-1', 'school-1', 'audit-1'].map((login) => answer(login)))).toEqual([
    ['other-first-1', 404, 'task.unknown'],
    ['school-1', 403, 'label.notOffice'],
    ['audit-1', 403, 'label.notOffice'],
  ]);
  expect(await answer('other-first-1', '/labels/remove')).toEqual(['other-first-1', 404, 'task.unknown']);
  expect(await answer('school-1', '/labels/remove')).toEqual(['school-1', 403, 'label.notOffice']);
  expect(await lines(id)).toEqual([]);
  await answer('first-1');
  await counter.db('procedures').where({ id }).update({ status: 'closed', outcome: 'paid', closed_at: new Date() });
  expect(await answer('first-1', '/labels/remove')).toEqual(['first-1', 409, 'label.closed']);
  expect((await read('first-1', taskId)).labels).toEqual(['待补社保']);
});

test('[F11] a list of one label has an address, is saved and exported, and stays within the own offices', async () => {
  const [one, other] = [await counter.openReview(), await counter.openReview()];
  const first = await counter.as('first-1');
  await first.post(`/tasks/${one.taskId}/labels`, { label: '实地再看' });
  await (await counter.as('city-supervise-1')).post(`/tasks/${other.taskId}/labels`, { label: '实地再看' });
  const query = `label=${encodeURIComponent('实地再看')}`;
  const own = (await first.get<Inbox>(`/tasks?${query}`)).body;
  expect([own.tasks.map(({ id, labels }) => [id, labels]), own.counts.total]).toEqual([[[one.taskId, ['实地再看']]], 1]);
  const above = await counter.as('city-supervise-1');
  for (const list of [`view=region&${query}`, `view=region&q=350104&${query}`])
    expect((await above.get<Inbox>(`/tasks?${list}`)).body.tasks.map(({ id }) => id)).toEqual([other.taskId]);
  const page = (await counter.browse('first-1', `/tasks?${query}`)).html;
  expect(page).toContain('标签：实地再看');
  expect(page).toMatch(/data-labels> <span class="badge blue">实地再看</);
  expect((await first.post<{ list: string }>('/tasks/views', { name: '再看', list: query })).body.list).toBe(query);
  const csv = (await counter.browse('first-1', `/tasks/export.csv?${query}`)).html.trim().split('\r\n');
  expect(csv).toHaveLength(2);
  expect(csv[1]).toContain('实地再看');
  expect((await first.get('/tasks/next?' + query)).body).toEqual({ taskId: one.taskId });
});

test('[F11] labelling works without script, back to the list that the page came from; what is refused is kept', async () => {
  const { taskId } = await counter.openReview();
  const path = `/tasks/${taskId}/labels`;
  const refused = await counter.browse('first-1', path, { label: '13800138000' });
  expect([refused.status, refused.html.includes('id="f-label.label"')]).toEqual([422, true]);
  const done = await counter.browse('first-1', path, { label: '等领导签字', list: 'urgency=later' });
  expect([done.status, done.location]).toEqual([303, `/tasks/${taskId}?urgency=later`]);
  const page = (await counter.browse('first-1', `/tasks/${taskId}`)).html;
  expect(page).toContain('action="/tasks/' + taskId + '/labels/remove"');
  // Offered where it does not stand yet.
  const another = await counter.openReview();
  expect((await counter.browse('first-1', `/tasks/${another.taskId}`)).html).toContain('<option value="等领导签字">');
  expect((await counter.browse('first-1', `${path}/remove`, { label: '等领导签字' })).status).toBe(303);
  expect((await read('first-1', taskId)).labels).toEqual([]);
});

test('[F11] an open list hears of marks and of the labels of its own office', async () => {
  const { taskId } = await counter.openReview();
  const [own, above] = await Promise.all([
    listenTo(counter, 'first-1', '/tasks/events'),
    listenTo(counter, 'city-supervise-1', '/tasks/events?view=region'),
  ]);
  // The first look finds out where the record stands.
  await new Promise((resolve) => setTimeout(resolve, 2_200));
  await (await counter.as('first-1')).post(`/tasks/${taskId}/labels`, { label: '待补社保' });
  await (await counter.as('supervise-1')).post(`/tasks/${taskId}/priority`, { priority: true, reason: '企业急需' });
  type Told = { id: string; labels?: string[]; priority?: string; priorityReason?: string };
  const last = (stream: typeof own): Told | undefined => stream.told.findLast((task) => task.id === taskId);
  await until(() => last(own)?.priority === '加急' && last(above)?.priority === '加急');
  expect(last(own)).toMatchObject({ labels: ['待补社保'], priorityReason: '企业急需' });
  expect(last(above)).toMatchObject({ labels: [] });
  own.stop();
  above.stop();
}, 40_000);

test('[F11] the page of a class says beside a step, and in its timeline, what the office marked, labelled and proposed; the institution learns none of it', async () => {
  const { taskIds } = await counter.cases.open([firstReview, { ...firstReview, step: 'pre_training.second_review' }]);
  const [first = '', second = ''] = taskIds;
  const path = `/classes/${counter.cases.classNumber}`;
  await (await counter.as('first-1')).post(`/tasks/${second}/labels`, { label: '核对机时' });
  await (await counter.as('city-supervise-1')).post(`/tasks/${second}/labels`, { label: '市里挂牌' });
  await (await counter.as('supervise-1')).post(`/tasks/${second}/priority`, { priority: true, reason: '月底前须开班' });
  await (await counter.as('first-1')).post(`/tasks/${first}/decide`, { outcome: 'propose_refusal', reason: '场地面积不足' });
  const page = async (login: string, part = '') => (await counter.browse(login, `${path}${part}`)).html;
  const office = await page('second-1');
  expect(office).toMatch(/加急<\/span> 月底前须开班[\s\S]*<span class="badge blue">核对机时<\/span>/);
  expect(office).toMatch(/<span class="badge red">[^<]*拟不予通过<\/span> 场地面积不足/);
  expect(await page('second-1', '/timeline')).toMatch(/贴标签[\s\S]{0,200}核对机时/);
  for (const part of ['', '/timeline']) {
    expect(await page('second-1', part)).not.toContain('市里挂牌');
    expect(await page('school-1', part)).not.toMatch(/月底前须开班|核对机时|市里挂牌|场地面积不足|拟不予/);
  }
});
