/** The parts of a case beside its decision: each under its own address, with what the reader has not opened. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attendance, inspection } from '../../support/by-hand/asks.ts';
import { firstReview } from '../../support/by-hand/cases.ts';
import { openProvince, type Province, returnClass } from '../../support/province.ts';

let province: Province;
let number: string;
beforeAll(async () => {
  province = await openProvince();
  number = await returnClass(province, 71);
  await province.step(`class-${number}`, 'pre_training', {
    asks: [firstReview],
  });
});
afterAll(async () => {
  await province?.close();
});

const path = (part: string) => `/tasks/class-${number}/pre_training.first_review/2${part === 'overview' ? '' : `?part=${part}`}`;
const tabsOf = (html: string) =>
  [
    ...html.matchAll(
      /<a href="([^"]+)"( data-part="(\w+)")( aria-current="page")?>([^<]*?)(?: <span class="badge amber">([^<]+)<\/span>)?<\/a>/g,
    ),
  ].map(([, href, , part, current, label, mark]) => ({ href, part, current: current !== undefined, label: label?.trim(), mark }));

describe('parts of a case', () => {
  test('[N14] each part is an address of its own, beside the decision; the present one is marked', async () => {
    const browser = await province.browser('cs-first-1');
    for (const [part, words] of [
      ['overview', '课程表'],
      ['materials', '点击材料名'],
      ['checks', '联网核查'],
      ['timeline', '提交审核'],
      ['messages', '写给机构'],
      ['money', '金额与依据'],
    ] as const) {
      const { status, html } = await browser.get(path(part));
      expect([part, status, html.includes(words)]).toEqual([part, 200, true]);
      expect([part, html.includes('name="outcome" value="approve"')]).toEqual([part, true]);
      expect(tabsOf(html).filter((tab) => tab.current)).toMatchObject([{ part }]);
    }
    const { html } = await browser.get(path('overview'));
    expect(tabsOf(html).map((tab) => tab.label)).toEqual(['概览', '材料 3', '核查', '时间线', '沟通', '资金']);
    expect((await browser.get(`${path('overview')}?part=elsewhere`)).status).toBe(422);
  });

  test('[F08] what the reviewer has not opened is marked until it is opened', async () => {
    const browser = await province.browser('cs-second-1');
    expect(tabsOf((await browser.get(path('overview'))).html).find((tab) => tab.part === 'materials')?.mark).toBe('3 份未看');
    const { id } = await province.db('class_materials').orderBy('id').first('id');
    expect((await browser.get(`/materials/${id}`)).status).toBe(200);
    expect(tabsOf((await browser.get(path('overview'))).html).find((tab) => tab.part === 'materials')?.mark).toBe('2 份未看');

    await (await province.as('shifan-1')).post(`/classes/${number}/messages`, { text: '已补充每日安排，请复核。' });
    const marked = async () => tabsOf((await browser.get(path('overview'))).html).find((tab) => tab.part === 'messages')?.mark;
    expect(await marked()).toBe('1 条未读留言');
    await browser.get(path('messages'));
    expect(await marked()).toBeUndefined();
  });

  test('[N7] what happens next is told from the pack, to the office and to the institution', async () => {
    const { html } = await (await province.browser('cs-first-1')).get(path('overview'));
    const next = html.slice(html.indexOf('id="ahead"'));
    expect(['培训前复核', '培训前审批', '公开培训计划'].every((words) => next.includes(words))).toBe(true);
    const own = (await (await province.browser('shifan-1')).get(`/classes/${number}`)).html;
    expect(own.includes('id="ahead"')).toBe(true);
  });

  test('a message that is written on a case comes back to it; no form stands within another', async () => {
    const browser = await province.browser('cs-first-1');
    const { html } = await browser.get(path('messages'));
    let depth = 0;
    for (const [tag] of html.matchAll(/<\/?form\b/g)) {
      depth += tag === '<form' ? 1 : -1;
      expect(depth).toBeLessThanOrEqual(1);
    }
    const back = /id="write"[^]*?name="back" value="([^"]+)"/.exec(html)?.[1]?.replaceAll('&#x3D;', '=').replaceAll('&amp;', '&') ?? '';
    expect((await browser.post(`/classes/${number}/messages`, { text: '收到。', back })).location).toBe(path('messages'));
  });

  test('what the office does among itself is on the record of the class, and on no page of its institution', async () => {
    const officer = await province.as('cs-first-1');
    await officer.post(`${path('overview')}/claim`);
    expect((await officer.post(`${path('overview')}/suspend`, { reason: '疑似冒名，先请公安核实' })).status).toBe(200);
    expect((await officer.post(`${path('overview')}/resume`)).status).toBe(200);
    const asks = async (login: string): Promise<boolean[]> => {
      const browser = await province.browser(login);
      const pages = await Promise.all([`/classes/${number}`, `/classes/${number}/timeline`].map((at) => browser.get(at)));
      expect(pages.map(({ status }) => status)).toEqual([200, 200]);
      return pages.map(({ html }) => html.includes('疑似冒名'));
    };
    expect(await asks('cs-second-1')).toEqual([true, true]);
    expect(await asks('shifan-1')).toEqual([false, false]);
  });

  test('[N7] what is open beside a task stands among what the class waits for, and not among what comes after it', async () => {
    await province.step(`class-${number}`, 'training', { asks: [inspection, attendance] });
    const { html } = await (await province.browser('cs-inspect-1')).get(`/tasks/class-${number}/training.inspection/1`);
    const [before = '', ahead = ''] = html.split('id="ahead"');
    expect(before).toContain('上报考勤');
    const next = ahead.slice(0, ahead.indexOf('</section>'));
    expect(next).toContain('公开');
    expect(next).not.toContain('上报考勤');
    await province
      .db('tasks')
      .where({ procedure_id: `class-${number}`, status: 'open' })
      .update({ status: 'cancelled' });
  });

  test('[N7] what happens next on a task that was settled follows from where the procedure stands, not from that task', async () => {
    await province.step(`class-${number}`, 'results', {
      asks: [{ step: 'results.entry', kind: 'results', role: 'assessor', level: 'own', outcomes: ['submit'], workingDays: 5 }],
    });
    const { html } = await (await province.browser('cs-first-1')).get(`/tasks/class-${number}/pre_training.first_review/1`);
    const next = html.slice(html.indexOf('id="ahead"'));
    expect(/<strong>([^<]+)</.exec(next)?.[1]).toBe('备案初审');
    expect(next).not.toContain('培训前审批');
  });
});
