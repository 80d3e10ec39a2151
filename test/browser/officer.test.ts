/** An officer and an institution at work in a real browser, at both widths, in both languages, with and without JavaScript. */
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRobot, type Robot } from '../../start/demonstration/robot.ts';
import { trainingDays } from '../../start/demonstration/training-days.ts';
import { demonstrationPassword } from '../../start/product.ts';
import { browserAvailable, launchBrowser } from '../support/browser/browser.ts';
import { type Office, openOffice } from '../support/office.ts';

const days = trainingDays('2026-03-23', 10);

describe.skipIf(!browserAvailable())('in the browser', () => {
  let office: Office;
  let robot: Robot;
  let browser: Browser;
  let number: string;

  beforeAll(async () => {
    office = await openOffice();
    robot = createRobot({ origin: office.origin, patienceMs: 20_000 });
    browser = await launchBrowser();
    number = await robot.submitClass({
      login: 'kangning-1',
      title: '中式烹调师（五级）第 1 期',
      startDate: days[0] ?? '',
      days,
      trainees: 20,
      seed: 5,
      project: '中式烹调师（五级）',
    });
    await robot.submitClass({
      login: 'shifan-1',
      title: '电工（三级）第 2 期',
      startDate: days[0] ?? '',
      days: [...days, '2026-04-07', '2026-04-08', '2026-04-09'],
      trainees: 12,
      seed: 6,
      project: '电工（三级）',
    });
    const until = Date.now() + 30_000;
    while ((await office.db('tasks').where({ status: 'open', role: 'first_reviewer' })).length < 2 && Date.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 100));
  });
  afterAll(async () => {
    await browser?.close();
    await office?.close();
  });

  async function signIn(context: BrowserContext, login: string): Promise<Page> {
    const page = await context.newPage();
    await page.goto(`${office.origin}/sign-in`);
    await page.fill('input[name=login]', login);
    await page.fill('input[name=password]', demonstrationPassword);
    await page.click('form[action="/sign-in"] button, main form button[type=submit]');
    return page;
  }

  async function violations(page: Page): Promise<string[]> {
    const found = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
    return found.violations.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.target.join(' ')).join(', ')}`);
  }

  test('a wrong password is told at its field and signs nobody in', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${office.origin}/sign-in`);
    await page.fill('input[name=login]', 'cs-first-1');
    await page.fill('input[name=password]', 'wrong');
    await page.click('main form button[type=submit]');
    expect(await page.textContent('main')).toContain('账号或口令不正确');
    expect(await page.inputValue('input[name=login]')).toBe('cs-first-1');
    await context.close();
  });

  test('[N7] an officer signs in, sees the queue of the own office, opens a case and approves it, without JavaScript', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 1440, height: 1000 } });
    const page = await signIn(context, 'cs-first-1');
    await page.waitForURL('**/tasks');
    expect(await page.textContent('main')).toContain('中式烹调师（五级）第 1 期');
    await page.click('a:has-text("中式烹调师（五级）第 1 期")');
    expect(await page.textContent('main')).toContain(number);
    expect(await page.content()).not.toMatch(/\d{17}[\dX]/);
    await page.click('button[name=outcome][value=approve]');
    await page.check('input[name=confirmUnmarked]');
    await page.click('button[name=outcome][value=approve]');
    await page.waitForURL(/\/tasks(\?|$|\/(?!.*decide))/);
    const task = await office.db('tasks').where({ step: 'pre_training.first_review', subject_number: number }).first('status', 'outcome');
    expect(task).toEqual({ status: 'decided', outcome: 'approve' });
    await context.close();
  });

  test('by keyboard alone: from the inbox into a case, past the roster to the decision, which no single key takes', async () => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await signIn(context, 'cs-first-2');
    await page.waitForURL('**/tasks');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForURL(/pre_training\.first_review/);
    expect(await page.title()).toMatch(/^培训前初审 · /);
    await page.keyboard.press('Tab');
    await page.keyboard.press('d');
    expect(await page.evaluate('document.activeElement.value')).toBe('approve');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.error-summary');
    expect(await page.textContent('.error-summary a')).toContain('理由');
    expect(await page.evaluate('document.activeElement.className')).toBe('error-summary');
    await context.close();
  });

  test('on a telephone the acts of a case are at hand without scrolling', async () => {
    const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
    const page = await signIn(context, 'cs-first-2');
    await page.waitForURL('**/tasks');
    await page.click('table.list a.title');
    const box = await page.locator('button[value=approve]').boundingBox();
    expect(box && box.y + box.height).toBeLessThanOrEqual(844);
    await context.close();
  });

  test('[N28] links within a case lead to what they name; a key takes the task, what was written stays and the focus is on the form', async () => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await signIn(context, 'cs-first-2');
    await page.waitForURL('**/tasks');
    const { id } = await office
      .db('tasks')
      .where({ status: 'open', role: 'first_reviewer', kind: 'review' })
      .whereNull('claimed_by')
      .first('id');
    await page.goto(`${office.origin}/tasks/${id}`);
    for (const target of ['checks', 'decision']) {
      await page.focus(`.page-header a.skip[href="#${target}"]`);
      await page.keyboard.press('Enter');
      await page.waitForFunction(`location.hash === '#${target}'`);
      // Longer than a part takes to come, which would take the focus with it.
      await page.waitForLoadState('networkidle');
      expect(await page.evaluate('document.activeElement.id')).toBe(target);
    }
    await page.fill('textarea[name="reason"]', '认领前写的意见');
    await page.focus('#decision');
    await page.keyboard.press('t');
    await page.waitForURL('**#decide');
    expect(await office.db('tasks').where({ id }).first('claimed_by')).not.toEqual({ claimed_by: null });
    expect(await page.inputValue('textarea[name="reason"]')).toBe('认领前写的意见');
    expect(await page.evaluate('document.activeElement.id')).toBe('decide');
    expect(await page.evaluate(`document.querySelector('.flash').getBoundingClientRect().top >= 0`)).toBe(true);
    expect(await violations(page)).toEqual([]);
    await page.click('button[formaction$="/release"]');
    await page.waitForURL('**/tasks**');
    await context.close();
  });

  test('[N28] without JavaScript what stands beside the decision goes out with it, and a button keeps it; Enter in a field does none of it', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 1440, height: 900 } });
    const page = await signIn(context, 'cs-first-1');
    await page.waitForURL('**/tasks');
    const { id } = await office.db('tasks').where({ status: 'open', role: 'first_reviewer', kind: 'review' }).first('id');
    await page.goto(`${office.origin}/tasks/${id}`);
    await page.fill('textarea[name="reason"]', '没有脚本时写的意见');
    await page.fill('input[name="label[label]"]', '重点项目');
    await page.press('input[name="label[label]"]', 'Enter');
    expect(await office.db('case_labels')).toEqual([]);
    await page.click('button[formaction$="/labels"]');
    await page.waitForSelector('button[name="unlabel[label]"]');
    expect(await page.inputValue('textarea[name="reason"]')).toBe('没有脚本时写的意见');
    await page.fill('textarea[name="reason"]', '又添了一句');
    await page.click('noscript button[formaction^="/drafts/"]');
    await page.waitForURL('**#decide');
    expect(await page.inputValue('textarea[name="reason"]')).toBe('又添了一句');
    await page.click('button[name="unlabel[label]"]');
    await page.waitForSelector('button[name="unlabel[label]"]', { state: 'detached' });
    expect(await page.inputValue('textarea[name="reason"]')).toBe('又添了一句');
    await page.click('.draft-restored button');
    await page.waitForSelector('.draft-restored', { state: 'detached' });
    await context.close();

    // With it, Enter presses the button beside the field.
    const scripted = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const again = await signIn(scripted, 'cs-first-1');
    await again.waitForURL('**/tasks');
    await again.goto(`${office.origin}/tasks/${id}`);
    await again.fill('input[name="label[label]"]', '加急备查');
    await again.press('input[name="label[label]"]', 'Enter');
    await again.waitForSelector('button[name="unlabel[label]"]');
    await scripted.close();
  });

  test('[N14] the parts of a case change in place by keyboard: what was typed into the decision stays, also after a message went out', async () => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await signIn(context, 'cs-first-1');
    const { id } = await office.db('tasks').where({ status: 'open', role: 'first_reviewer', kind: 'review' }).first('id');
    await page.goto(`${office.origin}/tasks/${id}`);
    await page.fill('textarea[name="reason"]', '写了一半的意见');
    await page.focus('.tabs a[data-part="messages"]');
    await page.keyboard.press('Enter');
    await page.waitForURL('**part=messages');
    await page.fill('.message-form textarea', '请补充第 3 讲的教师。');
    await page.click('.message-form button');
    await page.waitForSelector('.messages > li.office');
    expect(await page.inputValue('textarea[name="reason"]')).toBe('写了一半的意见');
    // What is refused is said at the field, with what was written; the decision stays.
    await page.fill('.message-form textarea', '身份证 11010519491231002X');
    await page.click('.message-form button');
    await page.waitForSelector('.message-form .error-text');
    expect(await page.inputValue('.message-form textarea')).toContain('身份证');
    expect(await page.inputValue('textarea[name="reason"]')).toBe('写了一半的意见');
    await page.goBack();
    await page.waitForSelector('#part iframe[name="material"]', { state: 'attached' });
    expect(await page.inputValue('textarea[name="reason"]')).toBe('写了一半的意见');
    for (const part of ['materials', 'checks', 'timeline', 'messages', 'money']) {
      await page.click(`.tabs a[data-part="${part}"]`);
      await page.waitForSelector(`.tabs a[data-part="${part}"][aria-current]`);
      expect([part, await violations(page)]).toEqual([part, []]);
    }
    await context.close();
  });

  test('[N28] a class form keeps itself on the server as it is typed and is back on return; the browser holds nothing', async () => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await signIn(context, 'kangning-1');
    await page.goto(`${office.origin}/classes/new`);
    await page.fill('#f-title', '写到一半的班次');
    await page.fill('#f-plan', '第一周理论');
    await page.focus('#f-title');
    await page.waitForSelector('[data-keep-state="class-form"]:not(:empty)');
    expect(await page.textContent('[data-keep-state="class-form"]')).toContain('草稿已保存');
    expect(await page.evaluate('localStorage.length + sessionStorage.length')).toBe(0);
    await page.goto(`${office.origin}/workplace`);
    await page.goto(`${office.origin}/classes/new`);
    expect([await page.inputValue('#f-title'), await page.inputValue('#f-plan')]).toEqual(['写到一半的班次', '第一周理论']);
    expect(await violations(page)).toEqual([]);
    await page.click('.draft-restored button');
    await page.waitForSelector('.draft-restored', { state: 'detached' });
    expect(await page.inputValue('#f-title')).toBe('');
    await context.close();
  });

  test('the pages of officer, supervisor, institution and public: no violation of WCAG 2.2 AA, nothing wider than a telephone', async () => {
    const visits: [login: string | undefined, path: string][] = [
      ['cs-first-1', '/tasks'],
      ['cs-supervise-1', '/board'],
      ['kangning-1', '/workplace'],
      ['kangning-1', '/classes'],
      ['kangning-1', `/classes/${number}`],
      ['cs-first-1', `/classes/${number}/attendance`],
      ['cs-first-1', `/classes/${number}/roster`],
      [undefined, '/'],
      [undefined, '/disclosures'],
    ];
    const problems: string[] = [];
    for (const [login, path] of visits) {
      for (const locale of ['zh-CN', 'en']) {
        const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
        const page = login ? await signIn(context, login) : await context.newPage();
        await page.goto(`${office.origin}${path}?lang=${locale}`);
        const overflow = Number(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'));
        if (overflow > 1) problems.push(`${path} ${locale}: ${overflow} px wider than 390`);
        problems.push(...(await violations(page)).map((violation) => `${path} ${locale}: ${violation}`));
        await context.close();
      }
    }
    expect(problems).toEqual([]);
  }, 180_000);
});
