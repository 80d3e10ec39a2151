/** Every page that the document of addresses names, as who may see it, in both languages on a telephone; the main page of each role without JavaScript and by keyboard alone. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cleanRosterCsv } from '../../db/formats/sample-rosters.ts';
import { roles } from '../../workflows/domain/roles.ts';
import { taskKinds } from '../../workflows/domain/task-kinds.ts';
import { browserAvailable, launchBrowser } from '../support/browser/browser.ts';
import { type Office, openOffice } from '../support/office.ts';
import { accountOf, createLooker, listPages, pageLocales, type PageVisit } from '../support/browser/pages.ts';
import { makeTour, type Tour } from '../support/browser/tour.ts';

describe.skipIf(!browserAvailable())('every page', () => {
  let office: Office;
  let browser: Browser;
  let looker: ReturnType<typeof createLooker>;
  let tour: Tour;
  const problems: string[] = [];

  async function look(visit: PageVisit): Promise<void> {
    await Promise.all(pageLocales.map(async (locale) => problems.push(...(await looker.look(visit, locale)))));
  }

  beforeAll(async () => {
    office = await openOffice();
    browser = await launchBrowser();
    looker = createLooker(browser, office.origin, async (login) => (await office.as(login)).token);
    tour = await makeTour(office, (login, task) => look({ path: `/tasks/${task.id}`, login }));
  }, 400_000);
  afterAll(async () => {
    await browser?.close();
    await office?.close();
  });

  test('tasks of every kind, open, to the person whose they are', async () => {
    const notice = await office.db('tasks').where({ kind: 'calendar_notice', status: 'open' }).first('id');
    await look({ path: `/tasks/${notice.id}`, login: 'system-1' });
    expect([...tour.kinds, 'calendar_notice'].sort()).toEqual(taskKinds.filter((kind) => kind !== 'wait').sort());
    expect(problems.splice(0)).toEqual([]);
  });

  test('no violation of WCAG 2.2 AA, no page over 100 kB, nothing wider than a telephone, no id twice', { timeout: 600_000 }, async () => {
    const addresses = await listPages(office.origin);
    const known = await visitsOf(office, tour);
    const missing = addresses.filter(({ pattern, roles: who }) => !known.has(pattern) && (pattern.includes('{') || who.length === 0));
    expect(missing.map(({ pattern }) => pattern)).toEqual([]);
    for (const { pattern, roles: who } of addresses) {
      const login = who[0] && accountOf[who[0]];
      for (const visit of known.get(pattern) ?? [{ path: pattern, login }]) await look({ login, ...visit });
    }
    expect(problems.splice(0)).toEqual([]);
  });

  test.each([...roles])('the main page of %s without JavaScript: every control is a link or belongs to a form', async (role) => {
    const context = await looker.contextFor(accountOf[role], { javaScriptEnabled: false });
    const page = await context.newPage();
    expect((await page.goto(`${office.origin}${await homeOf(role)}?lang=en`))?.status()).toBe(200);
    expect(await page.locator('main h1').count()).toBe(1);
    const dead = await page.evaluate(
      `[...document.querySelectorAll('button, input, select, textarea')]
         .filter((one) => one.checkVisibility() && (!one.form || one.type === 'button')).map((one) => one.outerHTML.slice(0, 120))`,
    );
    expect(dead).toEqual([]);
    await context.close();
  });

  test.each([...roles])(
    'the main page of %s by keyboard alone: past the navigation, to everything, with the focus in sight',
    async (role) => {
      const context = await looker.contextFor(accountOf[role], { viewport: { width: 1440, height: 900 } });
      const page = await context.newPage();
      await page.goto(`${office.origin}${await homeOf(role)}`);
      await page.keyboard.press('Tab');
      expect(await page.evaluate('document.activeElement.className')).toBe('skip');
      expect(await unreached(page)).toEqual([]);
      await page.reload();
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.keyboard.press('Tab');
      expect(await page.evaluate(`document.activeElement.closest('main') !== null`)).toBe(true);
      await context.close();
    },
  );

  async function homeOf(role: keyof typeof accountOf): Promise<string> {
    const answer = await fetch(`${office.origin}/demo/switch`, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/json' },
      body: JSON.stringify({ login: accountOf[role] }),
    });
    return ((await answer.json()) as { home: string }).home;
  }
});

/** What is shown and can be used, but is not reached by Tab or not marked when it is. */
async function unreached(page: Page): Promise<unknown> {
  const count = Number(
    await page.evaluate(`(() => {
      const all = [...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
        .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.disabled && one.type !== 'hidden');
      window.waiting = new Set(all);
      window.unmarked = [];
      // One stop serves a group of radio buttons.
      for (const one of all) if (one.type === 'radio' && one !== all.find((other) => other.name === one.name && other.form === one.form)) waiting.delete(one);
      document.addEventListener('focusin', ({ target }) => {
        const radio = target.type === 'radio' && all.find((other) => other.name === target.name && other.form === target.form);
        waiting.delete(radio || target);
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(target);
        if ((outlineStyle === 'none' || outlineWidth === '0px') && boxShadow === 'none') unmarked.push(target.outerHTML.slice(0, 120));
      });
      return all.length;
    })()`),
  );
  for (let at = 0; at < count + 2; at += 1) await page.keyboard.press('Tab');
  return page.evaluate(
    `[...waiting].filter((one) => !one.classList.contains('skip')).map((one) => one.outerHTML.slice(0, 160)).concat(unmarked)`,
  );
}

/** Addresses that need a name in them or somebody in particular; several where a page has several faces. */
async function visitsOf(office: Office, { paid, waiting, draft }: Tour): Promise<ReadonlyMap<string, PageVisit[]>> {
  const { db } = office;
  const school = accountOf.institution;
  const officer = accountOf.first_reviewer;
  const value = async (table: string, column: string, where: Record<string, unknown> = {}): Promise<string> =>
    String((await db(table).where(where).first(column))?.[column]);
  const creditCode = String(
    (
      await db('institutions')
        .whereIn('id', db('users').where({ login: school }).select('institution_id'))
        .first('credit_code')
    ).credit_code,
  );
  const suspended = await value('institutions', 'credit_code', { status: 'suspended' });
  const application = await value('subsidy_applications', 'number');
  const batch = await value('payment_batches', 'number');
  const task = await value('tasks', 'id', { status: 'open', kind: 'review', subject_number: waiting });
  const decided = await value('tasks', 'id', { status: 'decided', kind: 'review', subject_number: paid });
  const first = await office.as(officer);
  const job = (await first.post<{ id: string }>('/tasks/bulk', { act: 'claim', selected: [task] })).body.id;
  const system = await office.as('system-1');
  const account = await value('users', 'id', { login: 'cs-first-2' });
  const { body: link } = await system.post<{ setUpLink: string }>(`/admin/accounts/${account}/link`);
  const { body: closure } = await system.post<{ id: string }>('/admin/calendar/closures', {
    region: '350104',
    firstDay: '2026-08-03',
    kind: 'off',
    reason: '台风停办',
    document: '仓山防汛〔2026〕4号',
  });
  const picture = await value('class_materials', 'id', { type: 'image/png' });
  const papers = await db('papers').distinctOn('kind').select<{ id: string }[]>('id');
  const lists = await db('disclosures').distinctOn('list').select<{ number: string }[]>('number');
  const visits = new Map<string, PageVisit[]>();
  const add = (pattern: string, ...more: PageVisit[]) => visits.set(pattern, more);

  add('/', { path: '/' }, { path: '/', login: officer });
  add('/sign-in', { path: '/sign-in' });
  add('/sign-in/resume', { path: '/sign-in/resume', login: school });
  add('/set-up/{token}', { path: new URL(link.setUpLink, 'http://localhost').pathname });
  add('/account', { path: '/account', login: officer });
  add('/disclosures', { path: '/disclosures' });
  add('/disclosures/{number}', ...lists.map(({ number }) => ({ path: `/disclosures/${number}` })));
  add('/objections/{receipt}', { path: `/objections/${await value('objections', 'receipt')}` });
  add('/clock', { path: '/clock' }, { path: '/clock', login: officer });
  // For programs alone.
  add('/clock/totals');
  add(
    '/admin/letters/{channel}/{name}',
    ...['mail/correction', 'mail/digest', 'sms/urge'].map((name) => ({ path: `/admin/letters/${name}`, login: 'system-1' })),
  );
  // Leads to what it tells of.
  add('/notices', { path: '/notices', login: officer }, { path: '/notices', login: school });
  add('/notices/{id}');
  add('/simulators', { path: '/simulators', login: officer });
  add('/projects', { path: '/projects' }, { path: '/projects', login: accountOf.catalogue_officer });
  for (const part of ['', '/edit']) add(`/projects/{code}${part}`, { path: `/projects/FJ-2026-001${part}`, login: 'fj-catalogue-1' });
  add('/packs', { path: '/packs', login: accountOf.catalogue_officer });
  add('/packs/{id}', { path: '/packs/fujian-2022', login: officer });
  add('/packs/uploads/{id}', { path: `/packs/uploads/${await value('pack_uploads', 'id')}`, login: 'cs-catalogue-2' });
  add('/institutions', { path: '/institutions' }, { path: '/institutions', login: officer });
  add('/institutions/{creditCode}', ...[undefined, officer, school].map((login) => ({ path: `/institutions/${creditCode}`, login })));
  for (const part of ['edit', 'suspend', 'remove'])
    add(`/institutions/{creditCode}/${part}`, { path: `/institutions/${creditCode}/${part}` });
  add('/institutions/{creditCode}/restore', { path: `/institutions/${suspended}/restore` });
  for (const part of ['classes', 'papers', 'timeline', 'teachers', 'venues'])
    add(`/institutions/{creditCode}/${part}`, { path: `/institutions/${creditCode}/${part}`, login: school });
  for (const part of ['teachers', 'venues']) {
    add(`/institutions/{creditCode}/${part}/new`, { path: `/institutions/${creditCode}/${part}/new` });
    add(`/institutions/{creditCode}/${part}/{no}`, { path: `/institutions/${creditCode}/${part}/1` });
  }
  add('/tasks', { path: '/tasks', login: officer }, { path: '/tasks?select=all', login: officer }, { path: '/tasks', login: school });
  for (const part of ['next', 'views']) add(`/tasks/${part}`, { path: `/tasks/${part}`, login: officer });
  add('/tasks/{procedure}/{step}/{round}', { path: `/tasks/${task}`, login: officer }, { path: `/tasks/${decided}`, login: officer });
  add('/tasks/bulk/{job}', { path: `/tasks/bulk/${job}` });
  add('/subsidies/{number}', { path: `/subsidies/${application}`, login: school }, { path: `/subsidies/${application}`, login: officer });
  add('/payments/{number}', { path: `/payments/${batch}` });
  add('/papers/{id}', ...papers.map(({ id }) => ({ path: `/papers/${id}`, login: officer })));
  add('/materials/{id}/picture', { path: `/materials/${picture}/picture`, login: school });
  add('/admin/calendar/closures/{id}/withdraw', { path: `/admin/calendar/closures/${closure.id}/withdraw`, login: 'system-1' });
  add('/admin/accounts/{id}', { path: `/admin/accounts/${account}`, login: 'system-1' });
  add(
    '/classes/{number}',
    ...[paid, waiting, draft].map((number) => ({ path: `/classes/${number}`, login: number === waiting ? 'shifan-1' : school })),
    {
      path: `/classes/${waiting}`,
      login: officer,
    },
  );
  add('/classes/{number}/withdraw', { path: `/classes/${waiting}/withdraw`, login: 'shifan-1' });
  for (const part of ['edit', 'timetable/edit', 'roster/people/new'])
    add(`/classes/{number}/${part}`, { path: `/classes/${draft}/${part}` });
  add(
    '/classes/{number}/roster/earlier',
    { path: `/classes/${draft}/roster/earlier` },
    { path: `/classes/${draft}/roster/earlier?from=${paid}` },
  );
  const own = await office.as(school);
  const drafted = (await own.get<{ trainees: { id: string }[] }>(`/classes/${draft}/roster`)).body.trainees;
  add('/classes/{number}/roster/people/{id}', { path: `/classes/${draft}/roster/people/${drafted[0]?.id}` });
  const { body: upload } = await own.upload<{ upload: string }>(
    `/classes/${draft}/roster`,
    'file',
    { name: '花名册.csv', content: cleanRosterCsv(4, 9_167) },
    { compare: '1' },
  );
  add('/classes/{number}/roster/uploads/{id}', { path: `/classes/${draft}/roster/uploads/${upload.upload}` });
  for (const part of [
    'claim',
    'roster',
    'materials',
    'checks',
    'money',
    'papers',
    'timeline',
    'timetable',
    'attendance',
    'changes',
    'messages',
    'inspections',
    'results',
  ])
    add(
      `/classes/{number}/${part}`,
      { path: `/classes/${paid}/${part}`, login: school },
      { path: `/classes/${part === 'claim' ? paid : waiting}/${part}`, login: officer },
    );
  add('/classes/{number}/copies', { path: `/classes/${waiting}/copies`, login: officer });
  add('/classes/{number}/verifications', { path: `/classes/${waiting}/verifications`, login: officer });
  const { body: reference } = await first.get<{ nouns: { noun: string }[] }>('/api-docs');
  add('/api-docs', { path: '/api-docs' });
  add('/api-docs/{noun}', ...reference.nouns.map(({ noun }) => ({ path: `/api-docs/${noun}` })));
  return visits;
}
