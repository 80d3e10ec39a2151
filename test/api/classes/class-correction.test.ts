/** Classes returned for correction, corrected, taken back; their timeline and words in both languages. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { has, type Issues, issuesOf } from '../../support/answers.ts';
import { type Choices, draftClass, openProvince, type Province, returnClass } from '../../support/province.ts';
import type { Ask } from '../../../workflows/domain/procedures.ts';

type Detail = {
  status: string;
  version: number;
  headcount: number;
  amountFen: number;
  acts: string[];
  outstanding: { field: string; code: string }[];
  tasks: { id: string; mine: boolean }[];
  moving: boolean;
};

let province: Province;
beforeAll(async () => {
  province = await openProvince();
});
afterAll(async () => {
  await province?.close();
});

describe('returned for correction', () => {
  test('[N14] the page shows the list of what to correct with its notice; after the correction the same task is answered once', async () => {
    const number = await returnClass(province, 12);
    const school = await province.as('shifan-1');
    const browser = await province.browser('shifan-1');
    const page = await browser.get(`/classes/${number}`);
    has(page.html, '补充每日安排');
    has(page.html, '补正完毕，重新提交');
    has(page.html, '3月9日');
    const detail = (await school.get<Detail>(`/classes/${number}`)).body;
    expect(detail).toMatchObject({ status: 'correction', acts: ['edit', 'withdraw'] });
    expect(detail.tasks).toMatchObject([{ id: `class-${number}/pre_training.correction/1`, mine: true }]);

    const { saved } = (await school.get<{ saved: Record<string, string> }>(`/classes/${number}/edit`)).body;
    const other = (await school.get<Choices>('/classes/new')).body.projects.find((project) => project.id !== saved['projectId']);
    expect(issuesOf(await school.post(`/classes/${number}/edit`, { ...saved, projectId: other?.id }))).toEqual([
      ['projectId', 'class.projectFixed'],
    ]);
    expect((await school.post(`/classes/${number}/edit`, { ...saved, plan: '' })).status).toBe(200);
    const refused = await browser.post(`/classes/${number}/resubmit`, { remark: '写好的补正说明' });
    expect(refused.status).toBe(422);
    has(refused.html, '请填写教学计划');
    has(refused.html, '写好的补正说明');

    expect((await school.post(`/classes/${number}/edit`, { ...saved, plan: '逐日安排：第一周理论，第二周实操。' })).status).toBe(200);
    const key = randomUUID();
    const answers = await Promise.all([
      school.post(`/classes/${number}/resubmit`, { remark: '已补充每日安排', answers: [{ no: 1, done: true }] }, { key }),
      school.post(`/classes/${number}/resubmit`, { remark: '已补充每日安排', answers: [{ no: 1, done: true }] }, { key }),
    ]);
    expect(answers.map((answer) => answer.status)).toEqual([200, 200]);
    expect(await province.db('facts').where({ procedure_id: `class-${number}`, outcome: 'resubmit' })).toHaveLength(1);
    expect((await school.get<Detail>(`/classes/${number}`)).body).toMatchObject({ status: 'in_review', acts: ['withdraw'] });
    expect((await school.post<Issues>(`/classes/${number}/edit`, saved)).body.code).toBe('class.notNow');
    expect((await school.post<Issues>(`/classes/${number}/resubmit`)).body.code).toBe('task.decided');
  });

  test('after the period the correction is refused, however late the alarm is', async () => {
    const number = await returnClass(province, 13);
    const school = await province.as('shifan-1');
    await province
      .db('tasks')
      .where({ id: `class-${number}/pre_training.correction/1` })
      .update({ due_at: province.db.raw(`business_now() - interval '1 second'`) });
    const late = await school.post<Issues>(`/classes/${number}/resubmit`);
    expect([late.status, late.body.code]).toEqual([409, 'task.expired']);
  });
});

describe('taking back', () => {
  test('[N28] with a reason on a page to confirm; open tasks end at once, and only once', async () => {
    const number = await returnClass(province, 14);
    const browser = await province.browser('shifan-1');
    expect((await browser.get(`/classes/${number}/withdraw`)).html).toContain('确认撤回');
    const without = await browser.post(`/classes/${number}/withdraw`, { reason: '' });
    expect(without.status).toBe(422);
    has(without.html, 'f-reason');
    const done = await browser.post(`/classes/${number}/withdraw`, { reason: '场地装修，改期另报' });
    expect(done.status).toBe(303);
    expect(await province.db('tasks').where({ procedure_id: `class-${number}`, status: 'open' })).toHaveLength(0);
    expect((await browser.get(`/classes/${number}`)).html).toContain('场地装修，改期另报');
    const again = await (await province.as('shifan-1')).post<Issues>(`/classes/${number}/withdraw`, { reason: '再撤一次' });
    expect([again.status, again.body.code]).toEqual([409, 'class.notNow']);
    const draft = await draftClass(province, { seed: 15, trainees: 0 });
    expect((await (await province.as('kangning-1')).post(`/classes/${draft}/withdraw`, { reason: '草稿不必撤回' })).status).toBe(409);
  });

  test('[N4] the timeline tells all of it, newest first', async () => {
    const number = await returnClass(province, 16);
    type Events = { events: { act: string; title: string; reason: string | null }[] };
    const { events } = (await (await province.as('shifan-1')).get<Events>(`/classes/${number}/timeline`)).body;
    const told = events.map((event) => event.act);
    expect(told.filter((act) => act.startsWith('class.'))).toEqual(['class.submit', 'class.roster', 'class.timetable', 'class.draft']);
    expect(events.find((event) => event.act === 'task.return')).toMatchObject({ reason: '教学计划过于简略' });
    expect(events.every((event) => !/^[a-z]+\.[a-z]/.test(event.title))).toBe(true);
  });
});

describe('words', () => {
  test('every page of a class speaks both languages', async () => {
    const number = await returnClass(province, 18);
    for (const login of ['shifan-1', 'cs-first-1']) {
      const browser = await province.browser(login);
      for (const path of [
        '/classes',
        `/classes/${number}`,
        ...['roster', 'timetable', 'materials', 'checks', 'money', 'papers', 'timeline'].map((tab) => `/classes/${number}/${tab}`),
        ...(login === 'shifan-1'
          ? ['/classes/new', `/classes/${number}/edit`, `/classes/${number}/timetable/edit`, `/classes/${number}/withdraw`]
          : []),
      ]) {
        for (const lang of ['zh-CN', 'en']) {
          const page = await browser.get(`${path}?lang=${lang}`);
          expect([path, lang, page.status]).toEqual([path, lang, 200]);
          expect(page.html.replace(/<[^>]*>/g, ' ')).not.toMatch(
            /\b(classes|roster|papers|materials|tasks|common|errors|calculator)\.[a-z][\w.]*/i,
          );
        }
      }
    }
  });
});

describe('what goes out', () => {
  test('the institution learns the decision, not what was proposed inside the office nor how its work was arranged', async () => {
    const number = await draftClass(province, { seed: 19, login: 'shifan-1', trainees: 2 });
    const school = await province.as('shifan-1');
    await school.post(`/classes/${number}/submit`);
    const id = `class-${number}`;
    const review: Ask = {
      step: 'pre_training.first_review',
      kind: 'review',
      role: 'first_reviewer',
      level: 'county',
      outcomes: ['approve', 'return', 'propose_refusal'],
    };
    await province.step(id, 'pre_training', { asks: [review] });
    const officer = await province.as('cs-first-1');
    const task = `/tasks/${id}/pre_training.first_review/1`;
    await officer.post(`${task}/claim`);
    expect((await officer.post(`${task}/decide`, { outcome: 'propose_refusal', reason: '涉嫌虚假培训，待核实' })).status).toBe(200);
    type Told = { events?: { act: string }[] };
    for (const tab of ['', '/timeline', '/checks']) {
      const outside = JSON.stringify((await school.get(`/classes/${number}${tab}`)).body);
      expect([tab, /虚假培训|拟不予通过|propose_refusal|task\.claim/.test(outside)]).toEqual([tab, false]);
    }
    expect((await officer.get<Told>(`/classes/${number}/timeline`)).body.events?.map((event) => event.act)).toEqual(
      expect.arrayContaining(['task.claim', 'task.propose_refusal']),
    );
    expect(JSON.stringify((await officer.get(`/classes/${number}/checks`)).body)).toContain('涉嫌虚假培训');
  });
});
