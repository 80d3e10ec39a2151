/** Lists that were once cut off at a fixed number: each is reached to its first line, by programs and on pages, in both languages. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { draftClass, openProvince, type Province } from '../support/province.ts';
import { pagersOf, walkAnswers, walkPages } from '../support/list-pages.ts';

type Line = { id: string };
const linesOf =
  (name: string) =>
  (answer: Record<string, unknown>): Line[] =>
    answer[name] as Line[];
const lengths = (pages: readonly unknown[][]): number[] => pages.map(({ length }) => length);
const distinct = (pages: readonly Line[][]): number => new Set(pages.flat().map(({ id }) => id)).size;

let province: Province;
const ids: Record<string, string> = {};
beforeAll(async () => {
  province = await openProvince();
  for (const { id, login } of await province.db('users').select('id', 'login')) ids[login] = id;
}, 60_000);
afterAll(() => province?.close());

describe('earlier benefits', () => {
  const uploads = 123;
  const benefits = 230;
  const linesOfUploads = { place: 'uploadsAfter', next: 'uploadsNext' };

  beforeAll(async () => {
    const [person] = await province
      .db('people')
      .insert({
        id_index: Buffer.from('list-ends'),
        id_sealed: 'x',
        id_masked: '3501**********0011',
        name: '林测试',
        birth_date: '1990-03-07',
      })
      .returning('id');
    const files = Array.from({ length: uploads }, (_, n) => ({
      id: randomUUID(),
      region: n === 0 ? '350102' : '350104',
      file_name: `台账-${n}.csv`,
      digest: `${n}`.padStart(64, '0'),
      row_count: 1,
      added_count: 1,
      uploaded_by: ids['cs-first-1'],
      // Many of one instant.
      uploaded_at: `2026-02-0${1 + Math.floor(n / 50)}T09:00:00.000123+08:00`,
    }));
    await province.db.batchInsert('prior_benefit_uploads', files);
    const rows = Array.from({ length: benefits }, (_, n) => ({
      person_id: person.id,
      year: n < 20 ? 2019 : 2025,
      occupation: n % 2 ? '电工' : '焊工',
      level: 4,
      amount_fen: 10_000 + n,
      institution: '榕城学校',
      paid_on: n < 10 ? null : n < 20 ? '2019-06-01' : `2025-0${1 + (n % 3)}-01`,
      region: n < 5 ? '350102' : '350104',
      source: '台账',
      upload_id: files[0]?.id,
    }));
    await province.db.batchInsert('prior_benefits', rows);
  });

  test('[N3] files and benefits, each by pages of its own; what has no day stands at the end of its year', async () => {
    const files = await walkAnswers(province, 'fz-catalogue-1', '/prior-benefits', linesOf('uploads'), linesOfUploads);
    expect(lengths(files)).toEqual([50, 50, 23]);
    expect(distinct(files)).toBe(uploads);
    const found = await walkAnswers(province, 'fz-catalogue-1', '/prior-benefits', linesOf('benefits'));
    expect(lengths(found)).toEqual([100, 100, 30]);
    expect(distinct(found)).toBe(benefits);
    const last = found.flat().slice(-20) as (Line & { year: number; paidOn: string | null })[];
    expect(last.map(({ year, paidOn }) => `${year} ${paidOn}`)).toEqual([
      ...Array(10).fill('2019 2019-06-01'),
      ...Array(10).fill('2019 null'),
    ]);
    // The county sees its own, and to the end as well.
    expect(lengths(await walkAnswers(province, 'cs-first-1', '/prior-benefits', linesOf('benefits')))).toEqual([100, 100, 25]);
  });

  test('[N3] filters by year, region and words count in the total and stay from page to page; a number of a person is refused', async () => {
    const reader = await province.as('fz-catalogue-1');
    const total = async (query: string) => (await reader.get<{ total: number }>(`/prior-benefits?${query}`)).body.total;
    expect([
      await total('year=2019'),
      await total('region=350102'),
      await total('region=350100'),
      await total(`q=${encodeURIComponent('焊')}`),
    ]).toEqual([20, 5, benefits, 115]);
    expect([await total('year=2019&region=350104'), await total('q=%25'), await total('year=2031')]).toEqual([15, 0, 0]);
    expect(
      lengths(
        await walkAnswers(province, 'fz-catalogue-1', `/prior-benefits?q=${encodeURIComponent('焊工')}&year=2025`, linesOf('benefits')),
      ),
    ).toEqual([100, 5]);
    expect(await reader.get('/prior-benefits?q=350104199003071229')).toMatchObject({ status: 422 });
    // Of a region that is not the reader's nothing is found.
    expect((await (await province.as('cs-first-1')).get<{ total: number }>('/prior-benefits?region=350102')).body.total).toBe(0);
  });

  test.each([
    ['', '已上传的文件', '记录'],
    ['&lang=en', 'Files', 'Records'],
  ])('[N3] on the page without script%s', async (lang, files, records) => {
    const visitor = await province.browser('fz-catalogue-1');
    const uploaded = await walkPages(visitor, `/prior-benefits?year=2025${lang}`, files);
    expect(uploaded).toHaveLength(3);
    const names = uploaded.flatMap((html) => html.match(/台账-\d+\.csv/g) ?? []);
    expect([names.length, new Set(names).size]).toEqual([uploads, uploads]);
    const found = await walkPages(visitor, `/prior-benefits?q=${encodeURIComponent('工')}${lang}`, records);
    expect(found).toHaveLength(3);
    expect(found.at(-1)).toMatch(/2019/);
    // Both at once: the one goes on, the other stays where it is, and the filter too.
    const [first, second] = pagersOf(found[1] ?? '');
    expect(first?.next).toMatch(/^\/prior-benefits\?q=.*&after=[^&]+&uploadsAfter=[^&#]+#uploads$/);
    expect(second?.first).toMatch(/^\/prior-benefits\?q=[^&]+#benefits$/);
  });
});

describe('grants and what is asked for', () => {
  beforeAll(async () => {
    const regions: string[] = await province.db('regions').orderBy('code').pluck('code');
    const roles = [
      'first_reviewer',
      'second_reviewer',
      'approver',
      'inspector',
      'supervisor',
      'auditor',
      'finance_officer',
      'payment_officer',
    ];
    const pairs = regions.flatMap((region) => roles.map((role) => ({ region, role, user_id: ids['gl-first-1'] })));
    const requests = pairs.slice(0, 115).map((pair, n) => ({
      ...pair,
      valid_from: '2026-03-02',
      reason: `第 ${n} 次`,
      requested_by: ids['security-1'],
      requested_at: `2026-02-0${1 + Math.floor(n / 40)}T09:00:00+08:00`,
    }));
    await province.db.batchInsert('grant_requests', requests);
    const former = pairs.slice(0, 60).map((pair) => ({ ...pair, valid_from: '2020-01-01', valid_to: '2020-02-01' }));
    await province.db.batchInsert('grants', former);
  });

  test('[F37] whatever waits for a second person is reached, the oldest first, beside the grants', async () => {
    const waiting = (await walkAnswers(province, 'security-2', '/admin/grants', linesOf('requests'), {
      place: 'requestsAfter',
      next: 'requestsNext',
    })) as {
      id: string;
      requestedAt: string;
    }[][];
    expect(lengths(waiting)).toEqual([50, 50, 15]);
    expect(distinct(waiting)).toBe(115);
    const times = waiting.flat().map(({ requestedAt }) => requestedAt);
    expect(times).toEqual([...times].sort());
  });

  test('[F37] of one account: its grants, those that are over with them, and what is asked for it', async () => {
    const path = `/admin/accounts/${ids['gl-first-1']}`;
    const grants = await walkAnswers(province, 'security-1', path, linesOf('grants'));
    expect(lengths(grants)).toEqual([50, 11]);
    expect(distinct(grants)).toBe(61);
    const asked = await walkAnswers(province, 'system-1', path, linesOf('requests'), { place: 'requestsAfter', next: 'requestsNext' });
    expect(lengths(asked)).toEqual([50, 50, 15]);
  });

  test.each([
    ['', '待确认', '现有权限', '权限'],
    ['lang=en', 'Waiting for confirmation', 'Grants in force and to come', 'Grants'],
  ])('[F37] on the pages without script %s', async (lang, waiting, inForce, grants) => {
    const visitor = await province.browser('security-2');
    const pages = await walkPages(visitor, `/admin/grants?role=first_reviewer&${lang}`, waiting);
    expect(pages).toHaveLength(3);
    expect(new Set(pages.flatMap((html) => html.match(/\/admin\/grants\/requests\/[0-9a-f-]+\/confirm/g) ?? [])).size).toBe(115);
    expect(pagersOf(pages[1] ?? '')[0]?.first).toBe('/admin/grants?role=first_reviewer#requests');
    const living = await walkAnswers(province, 'security-2', '/admin/grants', linesOf('grants'));
    expect(living.length).toBeGreaterThan(1);
    expect(await walkPages(visitor, `/admin/grants?${lang}`, inForce)).toHaveLength(living.length);
    expect(await walkPages(visitor, `/admin/accounts/${ids['gl-first-1']}?${lang}`, waiting)).toHaveLength(3);
    expect(await walkPages(visitor, `/admin/accounts/${ids['gl-first-1']}?${lang}`, grants)).toHaveLength(2);
  });
});

test('[F09] substitutions in force and to come, the earliest first; the account and the board show the first of them and lead to the rest', async () => {
  const before = (await walkAnswers(province, 'cs-supervise-1', '/substitutions', linesOf('substitutions'))).flat().length;
  const rows = Array.from({ length: 70 }, (_, n) => ({
    principal: ids['cs-first-1'],
    substitute: ids['cs-first-2'],
    role: 'first_reviewer',
    region: '350104',
    valid_from: n < 60 ? '2099-01-01' : '2098-01-01',
    valid_to: '2099-02-01',
    reason: `出差 ${n}`,
    named_by: ids['cs-first-1'],
    named_at: '2026-03-02T09:00:00+08:00',
  }));
  await province.db.batchInsert('substitutions', rows);
  for (const login of ['cs-first-1', 'cs-supervise-1']) {
    const pages = (await walkAnswers(province, login, '/substitutions', linesOf('substitutions'))) as (Line & { from: string })[][];
    expect(pages.length).toBe(2);
    expect(distinct(pages)).toBeGreaterThanOrEqual(70);
    const begins = pages.flat().map(({ from }) => from);
    expect(begins).toEqual([...begins].sort());
  }
  expect((await walkAnswers(province, 'cs-supervise-1', '/substitutions', linesOf('substitutions'))).flat().length).toBe(before + 70);
  const visitor = await province.browser('cs-supervise-1');
  for (const lang of ['', '?lang=en']) expect(await walkPages(visitor, `/substitutions${lang}`)).toHaveLength(2);
  const board = (await visitor.get('/board?lang=en')).html;
  expect([board.match(/出差 \d+/g)?.length, board.includes('All substitutes')]).toEqual([20 - before, true]);
  expect((await (await province.browser('cs-first-2')).get('/account')).html).toContain('全部代理');
  expect((await (await province.browser('cs-approve-1')).get('/account')).html).not.toContain('全部代理');
});

test('[N9] closures that hold in a region and those below it, each by pages of its own', async () => {
  const closure = (region: string, day: string) => ({
    region,
    first_day: day,
    last_day: day,
    kind: 'off',
    reason: '台风停工',
    document: '榕政〔2026〕1号',
    entered_by: ids['system-1'],
    entered_at: '2026-03-02T09:00:00+08:00',
    withdrawn_by: ids['system-1'],
    withdrawn_at: '2026-03-03T09:00:00+08:00',
    withdrawn_reason: '台风未至',
    withdrawn_document: '榕政〔2026〕2号',
  });
  const dayOf = (n: number): string => `2025-0${1 + (n % 9)}-1${n % 7}`;
  await province.db.batchInsert(
    'calendar_closures',
    Array.from({ length: 180 }, (_, n) => closure(n < 70 ? '350000' : '350104', dayOf(n))),
  );
  const path = '/admin/calendar?region=350000';
  const here = (await walkAnswers(province, 'system-1', path, linesOf('closures'))) as (Line & { firstDay: string })[][];
  expect(here.length).toBe(2);
  expect(distinct(here)).toBe(here.flat().length);
  const days = here.flat().map(({ firstDay }) => firstDay);
  expect(days).toEqual([...days].sort().reverse());
  const below = await walkAnswers(province, 'system-1', path, linesOf('closuresBelow'), { place: 'belowAfter', next: 'belowNext' });
  expect(below.length).toBe(3);
  expect(distinct(below)).toBeGreaterThanOrEqual(110);
  const visitor = await province.browser('system-1');
  for (const [lang, name] of [
    ['', '下级地区录入的'],
    ['&lang=en', 'Entered below it'],
  ]) {
    const pages = await walkPages(visitor, `${path}${lang}`, name);
    expect(pages).toHaveLength(3);
    expect(pagersOf(pages[1] ?? '')[1]?.first).toBe('/admin/calendar?region=350000#closures-below');
  }
});

test('[N3] paying accounts: all that waits and all in use, then what was, to the first one', async () => {
  const before = (await walkAnswers(province, 'cs-pay-1', '/paying-accounts', linesOf('accounts'))).flat().length;
  const proposal = (n: number) => ({
    region: '350104',
    fund: 'special_account',
    name: '福州市仓山区财政局',
    account: `6228480${String(n).padStart(9, '0')}`,
    bank_template: 'common',
    reason: `第 ${n} 次`,
    status: n === 0 ? 'proposed' : 'refused',
    proposed_by: ids['cs-pay-1'],
    proposed_at: n === 0 ? '2024-01-02T09:00:00+08:00' : '2026-02-02T09:00:00+08:00',
    decided_by: n === 0 ? null : ids['cs-pay-2'],
    decided_at: n === 0 ? null : '2026-02-03T09:00:00+08:00',
  });
  await province.db.batchInsert(
    'paying_account_proposals',
    Array.from({ length: 121 }, (_, n) => proposal(n)),
  );
  const pages = (await walkAnswers(province, 'cs-pay-1', '/paying-accounts', linesOf('accounts'))) as (Line & { status: string })[][];
  expect(lengths(pages).slice(1)).toEqual([50, 20]);
  expect(pages[0]?.[0]?.status).toBe('proposed');
  expect(
    pages
      .slice(1)
      .flat()
      .every(({ status }) => status === 'refused'),
  ).toBe(true);
  expect(pages.flat().length).toBe(before + 121);
  const visitor = await province.browser('cs-pay-1');
  for (const lang of ['', '?lang=en']) expect(await walkPages(visitor, `/paying-accounts${lang}`)).toHaveLength(3);
});

test('[F06] copies of a class, back to the first one, with the page that one came from', async () => {
  const number = await draftClass(province, { seed: 61, trainees: 4 });
  await (await province.as('kangning-1')).post(`/classes/${number}/submit`);
  const sender = await province.as('cs-first-1');
  for (let n = 0; n < 23; n += 1)
    expect((await sender.post(`/classes/${number}/copies`, { to: [ids['cs-first-2']], remark: `第 ${n} 次抄送` })).status).toBe(201);
  const pages = await walkAnswers(
    province,
    'cs-first-1',
    `/classes/${number}/copies`,
    (answer) => (answer['copies'] as { remark: string }[]).map(({ remark }) => remark),
    { place: 'before' },
  );
  expect(lengths(pages)).toEqual([20, 3]);
  expect(pages[1]?.at(-1)).toBe('第 0 次抄送');
  const visitor = await province.browser('cs-first-1');
  for (const lang of ['', '&lang=en']) {
    const seen = await walkPages(visitor, `/classes/${number}/copies?back=/classes/${number}${lang}`);
    expect(seen).toHaveLength(2);
    expect(seen[1]).toContain('第 0 次抄送');
    expect(pagersOf(seen[1] ?? '')[0]?.first).toBe(`/classes/${number}/copies?back=%2Fclasses%2F${number}#earlier`);
  }
});

describe('policy packs', () => {
  const waiting = 123;
  const past = 130;

  beforeAll(async () => {
    const regions: string[] = await province.db('regions').where({ level: 'county' }).orderBy('code').pluck('code');
    const content = (id: string) => JSON.stringify({ name: { zh: `政策包 ${id}`, en: `Pack ${id}` } });
    const versions = Array.from({ length: past }, (_, n) => ({
      id: `former-${n}`,
      region: regions[n % regions.length],
      valid_from: `20${10 + Math.floor(n / regions.length / 9)}-0${1 + (Math.floor(n / regions.length) % 9)}-01`,
      // Of each region the last one of these is over by its own text.
      valid_to: '2025-01-01',
      content: content(`former-${n}`),
      digest: 'x',
    }));
    await province.db.batchInsert('policy_packs', versions);
    await province
      .db('policy_packs')
      .insert({ id: 'coming-1', region: regions[0], valid_from: '2099-01-01', content: content('coming-1'), digest: 'x' });
    const uploads = Array.from({ length: waiting }, (_, n) => ({
      pack_id: `waits-${n}`,
      region: n < 3 ? '350102' : '350104',
      content: content(`waits-${n}`),
      digest: 'x',
      file_name: '政策包.json',
      proposed_by: ids['cs-catalogue-1'],
      // Many of one instant.
      proposed_at: `2026-02-0${1 + Math.floor(n / 60)}T09:00:00.000123+08:00`,
    }));
    await province.db.batchInsert('pack_uploads', uploads);
  });

  test('[N7] every version to the first one, what is over after all else, and of each region the latest first', async () => {
    const before = await province.db('policy_packs').whereRaw("id not like 'former-%'").pluck<string[]>('id');
    type Version = Line & { state: string; region: string; validFrom: string };
    const pages = (await walkAnswers(province, 'cs-first-1', '/packs', linesOf('packs'))) as Version[][];
    expect(lengths(pages)).toEqual([50, 50, before.length + past - 100]);
    const found = pages.flat();
    expect(distinct(pages)).toBe(before.length + past);
    expect(found.map(({ id }) => id)).toEqual(expect.arrayContaining(before));
    const places = found.map(({ state, region, validFrom }) => ({ last: state === 'over', region, validFrom }));
    const ordered = [...places].sort(
      (a, b) =>
        Number(a.last) - Number(b.last) || (a.region < b.region ? -1 : a.region > b.region ? 1 : a.validFrom < b.validFrom ? 1 : -1),
    );
    expect(places).toEqual(ordered);
    expect(new Set(found.map(({ state }) => state))).toEqual(new Set(['future', 'inForce', 'over']));
  });

  test('[N7] places that nobody gave out begin from the top', async () => {
    const reader = await province.as('cs-first-1');
    const idsOf = async (parts: unknown): Promise<string[]> => {
      const place = Buffer.from(JSON.stringify(parts)).toString('base64url');
      const { status, body } = await reader.get<{ packs: Line[] }>(`/packs?after=${place}`);
      expect([JSON.stringify(parts), status]).toEqual([JSON.stringify(parts), 200]);
      return body.packs.map(({ id }) => id);
    };
    const top = (await reader.get<{ packs: Line[] }>('/packs')).body.packs.map(({ id }) => id);
    for (const wrong of [
      [true, '350104', '2026-02-30'],
      [true, '350104', '0000-01-01'],
      ['true', '350104', '2026-02-01'],
      [true, "350104'", '2026-02-01'],
      [true, '350104'],
    ])
      expect(await idsOf(wrong)).toEqual(top);
    expect(await idsOf([true, '999999', '1000-01-01'])).toEqual([]);
  });

  test('[N7] what waits, the oldest first, to its end; the county sees its own', async () => {
    const linesOfWaiting = { place: 'waitingAfter', next: 'waitingNext' };
    const all = await walkAnswers(province, 'fz-catalogue-1', '/packs', linesOf('waiting'), linesOfWaiting);
    expect(lengths(all)).toEqual([50, 50, 23]);
    expect(distinct(all)).toBe(waiting);
    const times = (all.flat() as (Line & { proposedAt: string })[]).map(({ proposedAt }) => proposedAt);
    expect(times).toEqual([...times].sort());
    expect(lengths(await walkAnswers(province, 'cs-catalogue-1', '/packs', linesOf('waiting'), linesOfWaiting))).toEqual([50, 50, 20]);
    expect(lengths(await walkAnswers(province, 'cs-first-1', '/packs', linesOf('waiting'), linesOfWaiting))).toEqual([0]);
  });

  test.each([
    ['', '待生效', '全部版本'],
    ['?lang=en', 'Waiting to be put in force', 'All versions'],
  ])('[N7] on the page without script %s', async (lang, waits, versions) => {
    const visitor = await province.browser('fz-catalogue-1');
    const pages = await walkPages(visitor, `/packs${lang}`, waits);
    expect(pages).toHaveLength(3);
    expect(new Set(pages.flatMap((html) => html.match(/\/packs\/uploads\/[0-9a-f-]{36}/g) ?? [])).size).toBe(waiting);
    const found = await walkPages(visitor, `/packs${lang}`, versions);
    expect(found).toHaveLength(3);
    expect(new Set(found.flatMap((html) => html.match(/\/packs\/former-\d+/g) ?? [])).size).toBe(past);
    // The one goes on, the other stays where it is.
    const [first, second] = pagersOf(found[1] ?? '');
    expect(first?.next).toMatch(/^\/packs\?after=[^&]+&waitingAfter=[^&#]+#waiting$/);
    expect(second?.first).toBe('/packs#versions');
  });
});
