/** The inbox in a browser: keys and boxes, an act on many tasks, news of an open list and of the notices in the header; without Temporal. */
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserAvailable, launchBrowser } from '../support/browser/browser.ts';
import { type CounterOfTests, openCounter } from '../support/counter.ts';

describe.skipIf(!browserAvailable())('the inbox in a browser', () => {
  let counter: CounterOfTests;
  let browser: Browser;
  beforeAll(async () => {
    counter = await openCounter();
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await counter?.close();
  });

  async function openAs(login: string, width = 1440): Promise<{ context: BrowserContext; page: Page }> {
    const context = await browser.newContext({ viewport: { width, height: 900 } });
    const { token } = await counter.as(login);
    await context.addCookies([{ name: 'shiming-session', value: token, url: counter.origin }]);
    return { context, page: await context.newPage() };
  }

  test('[F07] x ticks, the bar counts, preview and confirmation are two presses of a button', async () => {
    const reviews = await Promise.all([counter.openReview(), counter.openReview(), counter.openReview()]);
    const { context, page } = await openAs('first-1');
    await page.goto(`${counter.origin}/tasks`);
    expect(await page.locator('.selection-bar').isVisible()).toBe(false);
    for (const key of ['j', 'x', 'j', 'x']) await page.keyboard.press(key);
    expect(await page.textContent('.selection-bar strong')).toMatch(/已选\s*2\s*件/);
    await page.keyboard.press('x');
    expect(await page.textContent('.selection-bar strong')).toMatch(/已选\s*1\s*件/);
    // The box of the whole page says what the rows say, and the other way round.
    const whole = page.locator('[data-select-all]');
    const isHalf = () => whole.evaluate((box: { indeterminate?: boolean }) => box.indeterminate);
    expect([await whole.isChecked(), await isHalf()]).toEqual([false, true]);
    for (const box of await page.locator('input[name=selected]').all()) await box.check();
    expect([await whole.isChecked(), await isHalf()]).toEqual([true, false]);
    await page.locator('input[name=selected]').first().uncheck();
    expect([await whole.isChecked(), await isHalf()]).toEqual([false, true]);
    await whole.check();
    expect(await page.locator('input[name=selected]:not(:checked)').count()).toBe(0);
    await page.click('button[value=approve]');
    await page.waitForURL(/\/tasks\/bulk\//);
    expect(await page.textContent('main')).toContain('现在还没有办理');
    const decided = () =>
      counter
        .db('facts')
        .whereIn(
          'procedure_id',
          reviews.map((review) => review.id),
        )
        .where({ kind: 'decided' });
    expect(await decided()).toHaveLength(0);
    await page.click('.decision-bar button');
    await page.waitForSelector('.notice.success');
    expect(await page.textContent('.notice.success')).toContain('已通过 3 件');
    expect(await decided()).toHaveLength(3);
    await context.close();
  }, 120_000);

  test('[F11] an open list shows in place who took a task, and counts what is gone until it is fetched again', async () => {
    const [held, gone] = await Promise.all([counter.openReview(), counter.openReview()]);
    const { context, page } = await openAs('first-1');
    await page.goto(`${counter.origin}/tasks`);
    const figures = async () => [await page.textContent('[data-figure-of="total"]'), await page.textContent('[data-figure="tasks"]')];
    const at = Number((await figures())[1]);
    expect(await figures()).toEqual([`共 ${at} 件，其中我的 0 件`, String(at)]);
    const colleague = await counter.as('first-2');
    await colleague.post(`/tasks/${held.taskId}/claim`);
    await page.waitForSelector(`tr[data-task="${held.taskId}"] [data-holder]:has-text("李静")`);
    expect(await page.locator('[data-live]').isVisible()).toBe(false);
    await page.check(`input[value="${gone.taskId}"]`);
    await colleague.post(`/tasks/${gone.taskId}/decide`, { outcome: 'approve' });
    await page.waitForSelector('[data-live]:visible');
    expect(await page.textContent('[data-live]')).toMatch(/1 条有变化 · 刷新/);
    // The figures follow by themselves: the colleague's task stands in the queue, and waits for nobody else any more.
    await page.waitForFunction(`document.querySelector('[data-figure-of="total"]').textContent === '共 ${at - 1} 件，其中我的 0 件'`);
    expect((await figures())[1]).toBe(String(at - 2));
    // What comes and goes again before anybody fetches it has not changed the list.
    const brief = await counter.openReview();
    await page.waitForSelector('[data-live]:has-text("2 条有变化")');
    await colleague.post(`/tasks/${brief.taskId}/decide`, { outcome: 'approve' });
    await page.waitForSelector('[data-live]:has-text("1 条有变化")');
    expect(await page.isDisabled(`input[value="${gone.taskId}"]`)).toBe(true);
    expect(await page.locator('.selection-bar').isVisible()).toBe(false);
    // Suspended it leaves the queue, resumed it is back, without a word about changes.
    await (await counter.as('supervise-1')).post(`/tasks/${held.taskId}/suspend`, { reason: '等待补充文件' });
    await page.waitForSelector(`tr.removed[data-task="${held.taskId}"] .badge:has-text("已挂起")`);
    await (await counter.as('supervise-1')).post(`/tasks/${held.taskId}/resume`);
    await page.waitForSelector(`tr[data-task="${held.taskId}"]:not(.removed)`);
    await page.waitForSelector('[data-live]:has-text("1 条有变化")');
    await page.click('[data-live] a');
    await page.waitForLoadState();
    expect(await page.locator(`tr[data-task="${gone.taskId}"]`).count()).toBe(0);
    await context.close();
  }, 120_000);

  test('[F11] what a supervisor marks goes to its group on an open list at once, and back when the mark is taken off', async () => {
    const opened = await Promise.all([counter.openReview(), counter.openReview(), counter.openReview()]);
    const { context, page } = await openAs('first-1');
    await page.goto(`${counter.origin}/tasks`);
    const ids = () => page.locator('tr[data-task]').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-task') ?? ''));
    const before = await ids();
    const marked = before.findLast((id) => opened.some(({ taskId }) => taskId === id)) ?? '';
    const group = async () =>
      page.locator(`tr[data-task="${marked}"]`).evaluate((row) => row.closest('tbody')?.querySelector('.group')?.textContent?.trim());
    const at = await group();
    expect(at).not.toContain('加急');
    const boss = await counter.as('supervise-1');
    expect((await boss.post(`/tasks/${marked}/priority`, { priority: true, reason: '上级交办，月底前办结' })).status).toBe(200);
    await page.waitForSelector(`tbody[data-group="priority"] tr[data-task="${marked}"]`);
    expect(await ids()).toEqual([marked, ...before.filter((id) => id !== marked)]);
    await page.waitForSelector('tbody[data-group="priority"] [data-figure-of="priority"]:has-text("1 件")');
    expect(await group()).toContain('加急');
    expect(await page.textContent(`tr[data-task="${marked}"] [data-priority]`)).toContain('上级交办，月底前办结');
    expect(await page.locator('[data-live]').isVisible()).toBe(false);
    expect((await boss.post(`/tasks/${marked}/priority`, { priority: false, reason: '已不再紧急处理' })).status).toBe(200);
    await page.waitForSelector('tbody[data-group="priority"]', { state: 'detached' });
    expect(await ids()).toEqual(before);
    expect((await group())?.slice(0, 3)).toBe(at?.slice(0, 3));
    await context.close();
  }, 120_000);

  test('[F06] the header counts an unread notice as it comes, on a list and on any other page, and says so once', async () => {
    const { context, page } = await openAs('second-1');
    const other = await context.newPage();
    const streams: string[] = [];
    for (const one of [page, other])
      one.on('request', (asked) => asked.resourceType() === 'eventsource' && streams.push(new URL(asked.url()).pathname));
    await page.goto(`${counter.origin}/tasks`);
    await other.goto(`${counter.origin}/account`);
    await other.waitForTimeout(3_500);
    expect(streams.sort()).toEqual(['/notices/events', '/tasks/events']);
    const badge = '.masthead [data-unread]';
    for (const one of [page, other]) expect(await one.locator(badge).isVisible()).toBe(false);
    const { userId: to } = await counter.cases.actor('second-1');
    const named = () =>
      counter.db('notices').insert({
        user_id: to,
        occasion: 'substitution.named',
        key: `live/${Math.random()}`,
        params: JSON.stringify({ from: '2026-03-02', until: '2026-03-03' }),
        created_at: counter.db.raw('business_now()'),
      });
    await named();
    for (const one of [page, other]) {
      await one.waitForSelector(`${badge}:visible`);
      expect(await one.textContent(badge)).toBe('11 条未读通知');
      await one.waitForSelector('[data-unread-news]:has-text("1 条未读通知")', { state: 'attached' });
    }
    // A second one soon after is shown, and not read aloud yet.
    await named();
    await other.waitForSelector(`${badge}:has-text("2 条未读通知")`);
    await other.waitForTimeout(500);
    expect(await other.textContent('[data-unread-news]')).toBe('1 条未读通知');
    await other.click('.masthead a[href="/notices"]');
    await other.click('.page-header button');
    await other.waitForLoadState();
    expect(await other.locator(badge).isVisible()).toBe(false);
    await page.waitForSelector(badge, { state: 'hidden' });
    await context.close();
  }, 120_000);

  test('an ID number typed into the search does not get into an address', async () => {
    const { context, page } = await openAs('first-1');
    await page.goto(`${counter.origin}/tasks`);
    await page.fill('input[name=q]', '350104199003071229');
    await page.keyboard.press('Enter');
    await page.waitForTimeout(500);
    expect(page.url()).toBe(`${counter.origin}/tasks`);
    await context.close();
  }, 60_000);

  test('lists with boxes, preview, saved views and the search for a person: WCAG 2.2 AA in both languages, nothing wider than a telephone', async () => {
    const one = await counter.as('first-1');
    const { taskId } = await counter.openReview();
    const job = (await one.post<{ id: string }>('/tasks/bulk', { act: 'approve', selected: [taskId] })).body;
    const done = (await one.post<{ id: string }>('/tasks/bulk', { act: 'claim', selected: [taskId] })).body;
    await one.post(`/tasks/bulk/${done.id}/confirm`, {}, { headers: { prefer: 'wait=5' } });
    await one.post('/tasks/views', { name: '今明到期', list: 'urgency=soon' });
    const problems: string[] = [];
    for (const path of [
      '/tasks?select=page',
      '/tasks?select=all',
      `/tasks/bulk/${job.id}`,
      `/tasks/bulk/${done.id}`,
      '/tasks/views',
      '/tasks/by-person',
    ]) {
      for (const locale of ['zh-CN', 'en']) {
        const { context, page } = await openAs('first-1', 390);
        await page.goto(`${counter.origin}${path}${path.includes('?') ? '&' : '?'}lang=${locale}`);
        const overflow = Number(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'));
        if (overflow > 1) problems.push(`${path} ${locale}: ${overflow} px wider than 390`);
        const found = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
        for (const { id, nodes } of found.violations)
          problems.push(`${path} ${locale}: ${id} ${nodes.map((node) => node.target.join(' ')).join(', ')}`);
        await context.close();
      }
    }
    expect(problems).toEqual([]);
  }, 240_000);
});
