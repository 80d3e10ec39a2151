/** Lists of corrections (补正清单): told once, only the listed parts open, each point answered. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { has, issuesOf } from '../../support/answers.ts';
import { sampleMaterial } from '../../../db/formats/sample-materials.ts';
import { cleanRosterCsv } from '../../../db/formats/sample-rosters.ts';
import { type Choices, openProvince, type Province } from '../../support/province.ts';
import { correctionsOf, hasNot, told, LOGIN } from '../../support/by-hand/corrections.ts';

let province: Province;
beforeAll(async () => {
  province = await openProvince();
});
afterAll(async () => {
  await province?.close();
});

const { underReview, decideFirst, sendBack, savedForm, timetable, roster, listOf } = correctionsOf(() => province);
let pages = 0;
/** A document like no other. */
function pdf() {
  pages += 1;
  return { name: `补正 ${pages}.pdf`, content: Buffer.from(`%PDF-1.4\n% ${pages}\n%%EOF\n`) };
}

describe('what is on the list opens, nothing else', () => {
  test('[F08] an edit outside the list is refused at its field, over REST and on the page; unchanged fields are taken as unchanged', async () => {
    const number = await underReview(41);
    await sendBack(number, [{ field: 'plan', text: '补充每日安排' }]);
    const school = await province.as(LOGIN);
    const browser = await province.browser(LOGIN);
    const saved = await savedForm(number);
    const refused = await school.post(`/classes/${number}/edit`, {
      ...saved,
      plan: '逐日安排',
      startDate: '2027-03-01',
      endDate: '2027-03-12',
    });
    expect([refused.status, issuesOf(refused)]).toEqual([
      422,
      [
        ['startDate', 'correction.locked'],
        ['endDate', 'correction.locked'],
      ],
    ]);
    expect(told(refused)).toContain('班次名称与教学计划');
    expect((await savedForm(number)).plan).toBe(saved.plan);
    const page = await browser.post(`/classes/${number}/edit`, { ...saved, assessorId: '', venueId: '' });
    expect(page.status).toBe(422);
    has(page.html, '不在补正清单内');
    expect((await school.post(`/classes/${number}/edit`, { ...saved, plan: '逐日安排：第一周理论。' })).status).toBe(200);

    const form = (await browser.get(`/classes/${number}/edit`)).html;
    has(form, '<textarea id="f-plan"');
    hasNot(form, 'id="f-venueId"');
    has(form, `<input type="hidden" name="venueId" value="${saved.venueId}">`);
    has(form, '本次补正只开放：班次名称与教学计划');

    const sessions = await timetable(number);
    expect((await school.post(`/classes/${number}/timetable/edit`, { sessions })).status).toBe(200);
    const moved = sessions.map((session, at) => (at === 0 ? { ...session, topic: '另一讲' } : session));
    expect(issuesOf(await school.post(`/classes/${number}/timetable/edit`, { sessions: moved }))).toEqual([
      ['sessions.0.topic', 'correction.locked'],
    ]);
    expect(issuesOf(await school.post(`/classes/${number}/timetable/edit`, { sessions: sessions.slice(1) }))).toEqual([
      ['sessions', 'correction.locked'],
    ]);
    expect((await timetable(number)).map((session) => session.topic)).toEqual(sessions.map((session) => session.topic));
    hasNot((await browser.get(`/classes/${number}/timetable/edit`)).html, 'type="date"');

    expect((await school.upload(`/classes/${number}/roster`, 'file', { name: '花名册.csv', content: cleanRosterCsv(4, 41) })).status).toBe(
      200,
    );
    const grown = await school.upload(`/classes/${number}/roster`, 'file', { name: '花名册.csv', content: cleanRosterCsv(5, 41) });
    expect([grown.status, issuesOf(grown)]).toEqual([
      422,
      [[expect.stringMatching(/^rows\.\d+\.idNumber$/), 'correction.lockedPersonAdded']],
    ]);
    const onPage = await browser.upload(`/classes/${number}/roster`, { name: '花名册.csv', content: cleanRosterCsv(3, 41) });
    expect(onPage.status).toBe(422);
    has(onPage.html, '名册第 4 号不在补正清单内，不能删去');
    expect(await roster(number)).toHaveLength(4);
    hasNot((await browser.get(`/classes/${number}/roster`)).html, 'type="file"');

    const attached = await school.upload(`/classes/${number}/materials`, 'file', sampleMaterial('other'), { kind: 'other' });
    expect([attached.status, issuesOf(attached)]).toEqual([422, [['kind', 'correction.locked']]]);
    const { materials } = (await school.get<{ materials: { id: string }[] }>(`/classes/${number}/materials`)).body;
    const removed = await school.post(`/classes/${number}/materials/${materials[0]?.id}/remove`);
    expect([removed.status, issuesOf(removed)]).toEqual([422, [['replaces', 'correction.locked']]]);
    hasNot((await browser.get(`/classes/${number}/materials`)).html, 'type="file"');
  });

  test('[F08] a return before the training needs a list; each point opens its own part: teachers, one kind of material, one material', async () => {
    const number = await underReview(42);
    expect(issuesOf(await decideFirst(number, { outcome: 'return', reason: '材料不齐' }))).toEqual([['items', 'correction.itemsMissing']]);
    expect(issuesOf(await decideFirst(number, { outcome: 'return', items: [{ field: 'whatever', text: '补正' }] }))).toEqual([
      ['items.0.part', 'correction.part'],
    ]);
    const school = await province.as(LOGIN);
    type Materials = { materials: { id: string; kind: string }[] };
    const { materials } = (await school.get<Materials>(`/classes/${number}/materials`)).body;
    const venue = materials.find((material) => material.kind === 'venue');
    const plan = materials.find((material) => material.kind === 'plan');
    await sendBack(number, [
      { field: 'teachers', text: '更换教师' },
      { field: 'materials', part: 'material_kind:teachers', text: '师资证明看不清' },
      { field: 'materials', part: `material:${venue?.id}`, text: '场地照片过期' },
    ]);
    const sessions = await timetable(number);
    const other = (await school.get<Choices>('/classes/new')).body.teachers.find((teacher) => teacher.id !== sessions[0]?.teacherId);
    const substitute = sessions.map((session, at) => (at === 0 ? { ...session, teacherId: other?.id } : session));
    expect((await school.post(`/classes/${number}/timetable/edit`, { sessions: substitute })).status).toBe(200);
    const longer = substitute.map((session, at) => (at === 1 ? { ...session, hours: 3 } : session));
    expect(issuesOf(await school.post(`/classes/${number}/timetable/edit`, { sessions: longer }))).toEqual([
      ['sessions.1.hours', 'correction.locked'],
    ]);

    const attach = (kind: string, more = {}) =>
      school.upload<{ id: string }>(`/classes/${number}/materials`, 'file', pdf(), { kind, ...more });
    expect((await attach('teachers')).status).toBe(201);
    expect(issuesOf(await attach('plan', { replaces: plan?.id }))).toEqual([['kind', 'correction.locked']]);
    expect(issuesOf(await attach('teachers', { replaces: plan?.id }))).toEqual([['replaces', 'correction.locked']]);
    const replaced = await attach('venue', { replaces: venue?.id });
    expect(replaced.status).toBe(201);
    expect((await school.post(`/classes/${number}/materials/${replaced.body.id}/remove`)).status).toBe(200);
    expect(issuesOf(await school.post(`/classes/${number}/materials/${plan?.id}/remove`))).toEqual([['replaces', 'correction.locked']]);
  });
});

describe('answers', () => {
  test('[F08] every point is answered before it goes back; open ones are told at their place, and answers can be kept before', async () => {
    const number = await underReview(45);
    await sendBack(number, [
      { field: 'plan', text: '补充每日安排' },
      { field: 'assessor', text: '另选评价机构' },
    ]);
    const school = await province.as(LOGIN);
    const browser = await province.browser(LOGIN);
    const task = `/tasks/class-${number}/pre_training.correction/1`;
    const page = (await browser.get(`/classes/${number}`)).html;
    has(page, '已答复 0 / 2');
    has(page, 'name="answers[1][text]"');
    has(page, '已审定，不开放');
    expect(issuesOf(await school.post(`/classes/${number}/resubmit`))).toEqual([
      ['answers.0.done', 'correction.unanswered'],
      ['answers.1.done', 'correction.unanswered'],
    ]);
    const kept = await school.post(`${task}/answers`, { answers: [{ no: 1, text: '已补充' }] });
    expect([kept.status, kept.body]).toEqual([200, { answered: 1, open: 1 }]);
    expect((await (await province.as('kangning-1')).post(`${task}/answers`, { answers: [{ no: 1, done: true }] })).status).toBe(404);
    const refused = await browser.post(`/classes/${number}/resubmit`, {
      'answers[0][no]': '1',
      'answers[0][text]': '改写的答复',
      'answers[1][no]': '2',
    });
    expect(refused.status).toBe(422);
    has(refused.html, '第 2 项还没有答复');
    has(refused.html, 'href="#f-answers.1.done"');
    has(refused.html, '改写的答复');
    expect((await listOf(number)).map((item) => [item.no, item.status, item.answer])).toEqual([
      [1, 'answered', '已补充'],
      [2, 'open', null],
    ]);
    // The page of the task is the same gate.
    expect(issuesOf(await school.post(`${task}/decide`, { outcome: 'resubmit' }))).toEqual([['answers.1.done', 'correction.unanswered']]);
    has((await browser.get(task)).html, 'name="answers[0][done]"');
    const sent = await browser.post(`/classes/${number}/resubmit`, {
      'answers[0][no]': '1',
      'answers[0][done]': '1',
      'answers[1][no]': '2',
      'answers[1][done]': '1',
    });
    expect(sent.status).toBe(303);
  });
});
