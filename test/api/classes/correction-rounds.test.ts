/** Rounds of corrections: old and new beside each other, what was approved stays. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { has, issuesOf } from '../../support/answers.ts';
import { openProvince, type Province } from '../../support/province.ts';
import { correctionsOf, type Item, LOGIN } from '../../support/by-hand/corrections.ts';

let province: Province;
beforeAll(async () => {
  province = await openProvince();
});
afterAll(async () => {
  await province?.close();
});

const { underReview, firstReview, decideFirst, sendBack, takeBack, resubmit, savedForm, timetable, listOf } = correctionsOf(() => province);

describe('the next round', () => {
  test('[F08] old and new beside each other, each answer accepted or asked again, what was in order keeps its mark; a new demand needs a reason', async () => {
    const number = await underReview(46);
    const officer = await province.as('cs-first-1');
    const browser = await province.browser('cs-first-1');
    await sendBack(
      number,
      [
        { field: 'plan', text: '补充每日安排' },
        { field: 'teachers', text: '更换教师', part: 'timetable' },
      ],
      1,
      {},
    );
    const school = await province.as(LOGIN);
    const saved = await savedForm(number);
    await school.post(`/classes/${number}/edit`, { ...saved, plan: '逐日安排见附件。' });
    const sessions = await timetable(number);
    await school.post(`/classes/${number}/timetable/edit`, {
      sessions: sessions.map((session, at) => (at === 0 ? { ...session, topic: '安全生产' } : session)),
    });
    await resubmit(number, [
      { no: 1, text: '已逐日写明' },
      { no: 2, done: true },
    ]);

    const task = firstReview(number, 2);
    const { corrections } = (await officer.get<{ corrections: { round: number; items: Item[] } }>(task)).body;
    expect(corrections.items.map((item) => item.changes?.map(({ label, before, after }) => [label, before, after]))).toMatchObject([
      [['教学计划', saved.plan, '逐日安排见附件。']],
      [[expect.any(String), expect.stringContaining('第 1 讲'), expect.stringContaining('安全生产')]],
    ]);
    const page = (await browser.get(task)).html;
    has(page, '已逐日写明');
    has(page, `<del>${saved.plan}</del>`);
    has(page, '<ins>逐日安排见附件。</ins>');
    // Neither listed nor touched: the mark of the first round stands. What a listed part touches is looked at anew.
    has(page, '未提出');
    const marks = [...page.matchAll(/name="items\[(\d+)\]\[field\]" value="(\w+)"[\s\S]*?value="pass"( checked)?>/g)].map((match) => [
      match[2],
      match[3] !== undefined,
    ]);
    expect(Object.fromEntries(marks)).toMatchObject({
      plan: false,
      teachers: false,
      hours: false,
      identity: true,
      scope: true,
      materials: true,
    });

    const [plan, teachers] = corrections.items;
    expect(issuesOf(await decideFirst(number, { outcome: 'return', items: [{ field: 'teachers', text: '教师仍不符' }] }, 2))).toEqual([
      ['judged.0.mark', 'correction.unjudged'],
      ['judged.1.mark', 'correction.unjudged'],
    ]);
    expect(issuesOf(await decideFirst(number, { outcome: 'approve', judged: [{ item: plan?.id, mark: 'again' }] }, 2))).toEqual([
      ['outcome', 'task.marked'],
    ]);
    const judged = [
      { item: plan?.id, mark: 'accepted' },
      { item: teachers?.id, mark: 'again', text: '教师资格证仍未见' },
    ];
    const late = { field: 'venue', text: '场地面积不足' };
    expect(issuesOf(await decideFirst(number, { outcome: 'return', judged, items: [late] }, 2))).toEqual([
      ['items.0.why', 'correction.whyMissing'],
    ]);
    const refused = await browser.post(`${task}/decide`, {
      outcome: 'return',
      checklist: '1',
      'judged[0][item]': plan?.id ?? '',
      'judged[0][mark]': 'accepted',
      'judged[1][item]': teachers?.id ?? '',
      'judged[1][mark]': 'again',
      'items[12][field]': 'other',
      'items[12][mark]': 'extra',
      'items[12][part]': 'dates',
      'items[12][text]': '日期与节假日冲突',
    });
    expect(refused.status).toBe(422);
    has(refused.html, '上一轮没有告知这一事项');
    has(refused.html, '日期与节假日冲突');
    await sendBack(number, [{ ...late, why: '首轮时场地证明尚未核到' }], 2, { judged });

    expect((await listOf(number)).map(({ part, demand, status }) => [part, demand, status])).toEqual([
      ['timetable', '教师资格证仍未见', 'open'],
      ['venue', '场地面积不足', 'open'],
    ]);
    const first = await province
      .db('correction_items')
      .where({ task_id: `class-${number}/pre_training.first_review/1` })
      .orderBy('no')
      .select('status');
    expect(first.map((item) => item.status)).toEqual(['accepted', 'again']);
    const notice = await province
      .db('papers')
      .where({ procedure_id: `class-${number}`, kind: 'correction_notice' })
      .orderBy('issued_at', 'desc')
      .first('id');
    const paper = (await browser.get(`/papers/${notice.id}`)).html;
    has(paper, '首轮时场地证明尚未核到');
    has(paper, '教师资格证仍未见');
    // The plan was accepted: it is closed again.
    expect(issuesOf(await school.post(`/classes/${number}/edit`, { ...(await savedForm(number)), plan: '再改一次' }))).toEqual([
      ['plan', 'correction.locked'],
    ]);
    await resubmit(number, [
      { no: 1, done: true },
      { no: 2, done: true },
    ]);
    expect((await decideFirst(number, { outcome: 'return', judged: [], items: [] }, 3)).status).toBe(422);
  });

  test('[F08] the officer’s own marks are remembered by name, and an approval accepts what was answered', async () => {
    const number = await underReview(47);
    const browser = await province.browser('cs-first-1');
    const sent = await browser.post(`${firstReview(number)}/decide`, {
      outcome: 'return',
      checklist: '1',
      'items[0][field]': 'plan',
      'items[0][mark]': 'return',
      'items[0][text]': '补充每日安排',
      'items[1][field]': 'dates',
      'items[1][mark]': 'pass',
      'items[1][text]': '',
    });
    expect(sent.status).toBe(303);
    await takeBack(number, 1);
    await resubmit(number, [{ no: 1, done: true }]);
    const reviewer = await province.db('users').where({ login: 'cs-first-1' }).first('name');
    const page = (await browser.get(firstReview(number, 2))).html;
    has(page, `第 1 轮 ${reviewer.name} 已认可`);
    has(page, '没有变化');
    const row = await province.db('classes').where({ number }).first('id');
    await province.db.raw(
      `insert into verifications (enrolment_id, register, result, asked_at, answered_at)
       select e.id, r, 'yes', now(), now() from enrolments e, unnest(array['identity', 'insurance', 'duplicate']) r where e.class_id = ?`,
      [row.id],
    );
    expect((await decideFirst(number, { outcome: 'approve' }, 2)).status).toBe(200);
    const items = await province
      .db('correction_items')
      .where({ task_id: `class-${number}/pre_training.first_review/1` })
      .select('status', 'judged_by');
    expect(items).toMatchObject([{ status: 'accepted', judged_by: expect.any(String) }]);
  });
});
