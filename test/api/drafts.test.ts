/** Drafts that save themselves: kept as they are typed, sealed, given back to the same person, gone once they are sent. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { has } from '../support/answers.ts';
import { type CounterOfTests, openCounter } from '../support/counter.ts';
import { type Choices, draftClass, openProvince, type Province, returnClass } from '../support/province.ts';

let province: Province;
beforeAll(async () => {
  province = await openProvince();
});
afterAll(async () => {
  await province?.close();
});

const RESTORED = '已恢复';

describe('drafts', () => {
  test('[N28] what was typed into a new class is there on return, for that person alone, and gone once the class is drafted', async () => {
    const school = await province.as('kangning-1');
    const browser = await province.browser('kangning-1');
    has((await browser.get('/classes/new')).html, 'data-keep="/drafts/new-class"');
    const kept = await school.post<{ savedAt: string; words: string }>('/drafts/new-class', { title: '写到一半的班次', plan: '第一周' });
    expect(kept.status).toBe(200);
    expect(kept.body.words).toContain('草稿已保存');
    const back = (await browser.get('/classes/new')).html;
    for (const words of [RESTORED, '放弃', '写到一半的班次', '第一周']) has(back, words);
    expect((await (await province.browser('shifan-1')).get('/classes/new')).html).not.toContain('写到一半的班次');
    const rows = await province.db('kept_drafts');
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain('写到一半');

    const { projects } = (await school.get<Choices>('/classes/new')).body;
    expect((await school.post('/classes', { projectId: projects[0]?.id, title: '写完的班次' })).status).toBe(201);
    expect((await browser.get('/classes/new')).html).not.toContain(RESTORED);
    expect(await province.db('kept_drafts')).toHaveLength(0);
  });

  test('[N28] a draft that says what is saved is no draft; one that is thrown away is gone', async () => {
    const number = await draftClass(province, { login: 'kangning-1', seed: 81, trainees: 0, materials: false });
    const school = await province.as('kangning-1');
    const browser = await province.browser('kangning-1');
    const { saved } = (await school.get<{ saved: Record<string, string> }>(`/classes/${number}/edit`)).body;
    await school.post(`/drafts/class-${number}`, { ...saved, version: '1' });
    expect((await browser.get(`/classes/${number}/edit`)).html).not.toContain(RESTORED);
    await school.post(`/drafts/class-${number}`, { ...saved, plan: '改了一半的计划' });
    has((await browser.get(`/classes/${number}/edit`)).html, '改了一半的计划');
    const dropped = await browser.post(`/drafts/class-${number}/drop`);
    expect([dropped.status, dropped.location]).toEqual([303, `/classes/${number}/edit`]);
    expect((await browser.get(`/classes/${number}/edit`)).html).not.toContain('改了一半的计划');
  });

  test('of one person so many forms are kept and so much of each; the refusal says so, and what is kept can still be replaced', async () => {
    const school = await province.as('yunfan-1');
    type Refusal = { code: string; detail: string; issues?: { code: string; message: string }[] };
    const number = await draftClass(province, { login: 'yunfan-1', seed: 84, trainees: 0, materials: false });
    const form = (n: number): string => `/drafts/correction-${number}-${n}`;
    const long = await school.post<Refusal>(form(1), { remark: '长'.repeat(60_000) });
    expect([long.status, long.body.issues?.[0]?.code]).toEqual([422, 'draft.tooLong']);
    const all = await Promise.all(Array.from({ length: 45 }, (_, n) => school.post<Refusal>(form(n + 1), { remark: `第 ${n}` })));
    expect(all.filter((answer) => answer.status === 200)).toHaveLength(40);
    const refused = all.find((answer) => answer.status !== 200);
    expect([refused?.status, refused?.body.code]).toEqual([409, 'draft.tooMany']);
    expect(refused?.body.detail).toContain('40');
    const kept = all.findIndex((answer) => answer.status === 200) + 1;
    expect((await school.post(form(kept), { remark: '再写一些' })).status).toBe(200);
    expect((await school.post(`${form(kept)}/drop`)).status).toBe(200);
    expect((await school.post(form(46), { remark: '腾出来了' })).status).toBe(200);
    await province.db('kept_drafts').where('form', 'like', `correction-${number}-%`).delete();
  });

  test('[F08] answers to a list of corrections are kept by round, and gone with the file', async () => {
    const number = await returnClass(province, 82);
    const school = await province.as('shifan-1');
    const browser = await province.browser('shifan-1');
    has((await browser.get(`/classes/${number}`)).html, `data-keep="/drafts/correction-${number}-1"`);
    const typed = { remark: '正在更正', answers: [{ no: '1', done: '1', text: '已写到第三天' }] };
    expect((await school.post(`/drafts/correction-${number}-1`, typed)).status).toBe(200);
    const { html } = await browser.get(`/classes/${number}`);
    for (const words of [RESTORED, '正在更正', '已写到第三天']) has(html, words);
    expect(/name="answers\[0\]\[done\]"[^>]* checked/.test(html)).toBe(true);
    expect((await school.post(`/classes/${number}/resubmit`, { answers: [{ no: 1, done: true }] })).status).toBe(200);
    expect(await province.db('kept_drafts').where('form', 'like', 'correction-%')).toHaveLength(0);
  });

  test('nobody keeps anything about the class of another, nor without end', async () => {
    const number = await returnClass(province, 83);
    const other = await province.as('kangning-1');
    expect((await other.post(`/drafts/class-${number}`, { plan: 'x' })).status).toBe(404);
    expect((await (await province.as('cs-first-1')).post('/drafts/new-class', { plan: 'x' })).status).toBe(403);
    expect((await other.post('/drafts/new-class', { plan: '长'.repeat(70_000) })).status).toBe(422);
    expect((await other.post('/drafts/anything', { plan: 'x' })).status).toBe(404);
  });
});

describe('a decision as typed so far', () => {
  let counter: CounterOfTests;
  beforeAll(async () => {
    counter = await openCounter();
  });
  afterAll(() => counter?.close());
  const keepAt = (taskId: string): string => `/drafts/task-${taskId.replaceAll('/', '~')}`;
  const place = (taskId: string) => counter.db('kept_drafts').where({ form: keepAt(taskId).slice('/drafts/'.length) });

  test('[N28] the button that takes a task takes what was written along, without script, and leads to the form', async () => {
    const { taskId } = await counter.openReview();
    const page = (await counter.browse('first-1', `/tasks/${taskId}`)).html;
    expect(page).toContain(`form="decide" formaction="/tasks/${taskId}/claim"`);
    expect(page).toContain(`data-keep="${keepAt(taskId)}"`);
    const form = { version: '1', list: 'view=mine', seen: '0', reason: '写了一半的意见' };
    const taken = await counter.browse('first-1', `/tasks/${taskId}/claim`, form);
    expect([taken.status, taken.location]).toEqual([303, `/tasks/${taskId}?view=mine#decide`]);
    const after = (await counter.browse('first-1', `/tasks/${taskId}`)).html;
    for (const words of ['写了一半的意见', RESTORED]) has(after, words);
    expect(JSON.stringify(await place(taskId))).not.toContain('写了一半');
    // Nothing of it is for others, and nothing is kept of a form in which nothing was typed.
    expect((await counter.browse('first-2', `/tasks/${taskId}`)).html).not.toContain('写了一半');
    const other = await counter.openReview();
    await counter.browse('first-1', `/tasks/${other.taskId}/claim`, { version: '1', list: '', seen: '0', 'items[0][field]': 'plan' });
    expect(await place(other.taskId)).toEqual([]);
  });

  test('[N28] what is kept of a decision stands beside a refused label and goes with the decision; others keep none', async () => {
    const { taskId } = await counter.openReview();
    const officer = await counter.as('first-1');
    expect((await officer.post(keepAt(taskId), { reason: '材料已核', version: '1', seen: '3' })).status).toBe(200);
    const refused = await counter.browse('first-1', `/tasks/${taskId}/labels`, { label: '' });
    expect(refused.status).toBe(422);
    has(refused.html, '材料已核');
    expect((await (await counter.as('other-supervise-1')).post(keepAt(taskId), { reason: '旁人' })).status).toBe(404);
    expect((await officer.post('/drafts/new-class', { title: '不是机构' })).status).toBe(403);
    expect((await officer.post(`/tasks/${taskId}/decide`, { outcome: 'approve' })).status).toBe(200);
    expect(await place(taskId)).toEqual([]);
  });

  test('[N28] what stands beside the decision goes out with it, without script: what was written is there afterwards, done or refused', async () => {
    const { taskId } = await counter.openReview();
    const typed = { version: '1', list: 'view=mine', seen: '0', reason: '写到一半的理由', 'label[label]': '', 'suspend[reason]': '' };
    const reasonOf = (html: string) => /<textarea[^>]*name="reason"[^>]*>([^<]*)</.exec(html)?.[1]?.trim();
    const post = (act: string, fields: Record<string, string>) =>
      counter.browse('first-1', `/tasks/${taskId}/${act}`, { ...typed, ...fields });
    const open = async () => (await counter.browse('first-1', `/tasks/${taskId}`)).html;
    const first = await open();
    for (const act of ['labels', 'claim']) has(first, `form="decide" formaction="/tasks/${taskId}/${act}"`);

    const labelled = await post('labels', { 'label[label]': '重点项目' });
    expect([labelled.status, labelled.location]).toEqual([303, `/tasks/${taskId}?view=mine`]);
    const after = await open();
    expect(reasonOf(after)).toBe('写到一半的理由');
    has(after, `formaction="/tasks/${taskId}/labels/remove" formnovalidate name="unlabel[label]" value="重点项目"`);
    // What is newer takes the place of what was kept, and the words of the other form are none of the decision.
    const refused = await post('labels', { reason: '又写了几句', 'label[label]': '', 'suspend[reason]': '等补充材料' });
    expect([refused.status, reasonOf(refused.html)]).toEqual([422, '又写了几句']);
    has(refused.html, 'id="f-label.label"');
    expect((await post('labels/remove', { reason: '又写了几句', 'unlabel[label]': '重点项目' })).status).toBe(303);
    expect(await counter.db('case_labels').where({ label: '重点项目' })).toEqual([]);
    expect(reasonOf(await open())).toBe('又写了几句');

    await post('claim', {});
    const held = await open();
    for (const act of ['delegate', 'suspend', 'release']) has(held, `formaction="/tasks/${taskId}/${act}"`);
    const idle = await post('suspend', { reason: '第三稿', 'suspend[reason]': '等' });
    expect([idle.status, reasonOf(idle.html)]).toEqual([422, '第三稿']);
    expect(idle.html).toMatch(/id="f-suspend\.reason"[^>]* value="等"/);
    expect((await post('suspend', { reason: '第三稿', 'suspend[reason]': '等待机构补充说明' })).status).toBe(303);
    expect((await counter.db('tasks').where({ id: taskId }).first('suspended_reason')).suspended_reason).toBe('等待机构补充说明');
    expect((await counter.browse('first-1', `/tasks/${taskId}/resume`, {})).status).toBe(303);
    expect(reasonOf(await open())).toBe('第三稿');
    const back = await post('release', { reason: '第四稿', 'release[now]': '1' });
    expect([back.status, back.location]).toEqual([303, '/tasks?view=mine']);
    expect(reasonOf(await open())).toBe('第四稿');
    // Before the page is left in another way it can be kept by a button of its own.
    has(await open(), `<noscript><button class="button" formaction="${keepAt(taskId)}"`);
    const kept = await counter.browse('first-1', keepAt(taskId), { ...typed, reason: '第五稿' });
    expect([kept.status, kept.location]).toEqual([303, `/tasks/${taskId}?view=mine#decide`]);
    expect(reasonOf(await open())).toBe('第五稿');
  });

  test('[N28] forms beside the decision that went out alone keep nothing of it', async () => {
    const { taskId } = await counter.openReview();
    expect((await counter.browse('first-1', `/tasks/${taskId}/labels`, { label: '单独' })).status).toBe(303);
    expect(
      (
        await counter.browse('supervise-1', `/tasks/${taskId}/priority`, {
          'prioritise[priority]': '1',
          'prioritise[reason]': '企业急需用工',
        })
      ).status,
    ).toBe(303);
    expect((await counter.browse('supervise-1', `/tasks/${taskId}/urge`, { 'urge[now]': '1' })).status).toBe(303);
    expect(await place(taskId)).toEqual([]);
    // Of a program's body nothing is taken for what somebody typed.
    const officer = await counter.as('first-1');
    await officer.post(`/tasks/${taskId}/labels`, { label: { label: '程序' }, reason: '不是草稿' });
    expect(await place(taskId)).toEqual([]);
  });
});
