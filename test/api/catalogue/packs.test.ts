/** Policy packs over real HTTP: uploaded by one catalogue officer, put in force by another, never changed; the pack decides who reviews (N7). */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadWords } from '../../../api/pages/i18n.ts';
import fujianPack from '../../../db/policy-packs/fujian-2022.json' with { type: 'json' };
import type { Answer } from '../../../start/demonstration/person.ts';
import { draftClass, openProvince, type Province } from '../../support/province.ts';

let province: Province;
beforeAll(async () => {
  province = await openProvince();
}, 60_000);
afterAll(() => province?.close());

type Issue = { field: string; code: string };
const issuesOf = (answer: Answer): string[] => ((answer.body['issues'] ?? []) as Issue[]).map(({ field, code }) => `${field} ${code}`);
const today = '2026-03-02';
const district = '350104';
let serial = 0;
/** A county's own pack without second review; `change` goes into its values. */
function packOf(more: Record<string, unknown> = {}, values: Record<string, unknown> = {}) {
  serial += 1;
  const preTraining = {
    ...fujianPack.values['reviews.preTraining'],
    value: [
      { step: 'first_review', role: 'first_reviewer', level: 'county', workingDays: 2 },
      { step: 'approval', role: 'approver', level: 'county', workingDays: 4 },
    ],
  };
  return {
    ...fujianPack,
    id: `cangshan-2026-${serial}`,
    region: district,
    values: { ...fujianPack.values, 'reviews.preTraining': preTraining, ...values },
    ...more,
  };
}
async function uploaded(pack: unknown, login = 'cs-catalogue-1'): Promise<string> {
  const made = await (await province.as(login)).post<{ uploadId: string }>('/packs', pack);
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  return made.body.uploadId;
}
const confirm = async (uploadId: string, from: string, login = 'cs-catalogue-2') =>
  (await province.as(login)).post(`/packs/uploads/${uploadId}/confirm`, { from });

describe('uploading', () => {
  test('[N7] only catalogue officers upload, and only for the own regions; others do not see what waits', async () => {
    for (const login of ['cs-approve-1', 'cs-finance-1', 'cs-audit-1', 'kangning-1', 'system-1'])
      expect((await (await province.as(login)).post('/packs', packOf())).status, login).toBe(403);
    for (const region of ['350102', '350000', '990000'])
      expect(issuesOf(await (await province.as('cs-catalogue-1')).post('/packs', packOf({ region })))).toEqual(['region region.outside']);
    const id = await uploaded(packOf());
    expect((await (await province.as('gl-catalogue-1')).get(`/packs/uploads/${id}`)).status).toBe(404);
    expect((await (await province.as('cs-approve-1')).get(`/packs/uploads/${id}`)).status).toBe(403);
    expect((await confirm(id, today, 'gl-catalogue-1')).status).toBe(404);
    expect((await confirm(id, today, 'cs-approve-1')).status).toBe(403);
    expect((await confirm(randomUUID(), today)).status).toBe(404);
    expect((await (await province.as('cs-catalogue-2')).post(`/packs/uploads/${id}/refuse`)).body).toEqual({ status: 'refused' });
    expect((await confirm(id, today, 'fz-catalogue-1')).body).toMatchObject({ status: 409, code: 'proposal.refused' });
  });

  test('[N7] what is wrong is told at its path, to programs and in the browser, and nothing is saved', async () => {
    const officer = await province.as('cs-catalogue-1');
    const wrong = packOf(
      { levels: ['county', 'village'] },
      { age: { value: { min: 'young', maleBelow: 60, femaleBelow: 55 }, source: '', sourced: true }, lottery: { value: 1 } },
    );
    const told = [
      'levels.1 pack.choice',
      'values.age.value.min pack.type',
      'values.age.source pack.missing',
      'values.lottery pack.unknownKey',
    ];
    expect(issuesOf(await officer.post('/packs', wrong))).toEqual(told);
    expect(issuesOf(await officer.post('/packs', {})).length).toBeGreaterThan(5);
    expect(issuesOf(await officer.post('/packs', packOf({ id: 'New Pack' })))).toEqual(['id pack.id']);
    expect(issuesOf(await officer.post('/packs', packOf({ id: 'fujian-2022' })))).toEqual(['id pack.taken']);
    const waiting = packOf();
    await uploaded(waiting);
    expect(issuesOf(await officer.post('/packs', waiting))).toEqual(['id pack.waiting']);
    const before = await province.db('pack_uploads').count('id as n');
    const browser = await province.browser('cs-catalogue-1');
    for (const [lang, words] of [
      ['zh-CN', '类型不正确'],
      ['en', 'mistakes'],
    ] as const) {
      const page = await browser.upload(`/packs?lang=${lang}`, { name: '政策包.json', content: JSON.stringify(wrong) });
      expect(page.status).toBe(422);
      expect(page.html).toContain('values.age.value.min');
      expect(page.html).toContain(words);
    }
    for (const [content, words] of [
      ['{"id": ', 'JSON'],
      [Buffer.from([0xff, 0xfe, 0, 1]), 'JSON'],
      [JSON.stringify({ ...wrong, source: 'a\u0000b' }), '无法保存'],
      ['[]', '类型'],
    ] as const) {
      const page = await browser.upload('/packs?lang=zh-CN', { name: 'x.json', content });
      expect(page.status, String(content)).toBe(422);
      expect(page.html).toContain(words);
    }
    expect((await browser.post('/packs', {})).status).toBe(422);
    expect(await province.db('pack_uploads').count('id as n')).toEqual(before);
  });

  test('[N19] the preview says who reviews, how long, what blocks and what is paid; what has no source is marked', async () => {
    const browser = await province.browser('cs-catalogue-1');
    const pack = packOf();
    const made = await browser.upload('/packs', { name: '仓山.json', content: JSON.stringify(pack) });
    expect(made.status, made.html).toBe(303);
    const zh = (await browser.get(`${made.location}?lang=zh-CN`)).html;
    expect(zh).toContain('审批：县级 · 审批 · 4 个工作日');
    expect(zh).toContain('公示：期满前不往下办');
    expect(zh).toContain('五级（初级工） ¥700.00');
    expect(zh).toContain(fujianPack.values['training.byLevelFen'].source);
    const unsourced = Object.values(pack.values).filter((value) => !value.sourced).length;
    expect(zh.match(/依据待补<\/strong>/g)).toHaveLength(unsourced);
    const en = (await browser.get(`${made.location}?lang=en`)).html;
    expect(en).toContain('county');
    expect(en).not.toMatch(/packs\.[a-z]/i);
    expect(zh).not.toMatch(/packs\.(keys|parts|levels)/);
    expect(zh, 'who uploaded it does not put it in force').not.toContain('/confirm"');
    expect((await (await province.browser('cs-catalogue-2')).get(made.location ?? '')).html).toContain('/confirm"');
    expect((await browser.post(`${made.location}/refuse`)).status).toBe(303);
    expect((await province.db('pack_uploads').where({ pack_id: pack.id }).first('status')).status).toBe('withdrawn');
  });
});

test('[N19] every value that any pack here holds has its name in the preview', () => {
  const words = loadWords();
  const folder = 'db/policy-packs';
  const keys = readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => Object.keys((JSON.parse(readFileSync(join(folder, name), 'utf8')) as { values: object }).values))
    .filter((key) => !/^(reviews|disclosures)\./.test(key));
  expect(keys.length).toBeGreaterThan(60);
  expect([...new Set(keys)].filter((key) => !words.has(`packs.keys.${key.replaceAll('.', '_')}`))).toEqual([]);
});

describe('putting in force', () => {
  test('[N7] a second catalogue officer of the same or a superior region does it, from a day that is not over', async () => {
    const id = await uploaded(packOf({ to: '2027-01-01' }));
    expect((await confirm(id, today, 'cs-catalogue-1')).body).toMatchObject({ status: 403, code: 'proposal.own' });
    expect(issuesOf(await confirm(id, '2026-03-01'))).toEqual(['from pack.past']);
    expect(issuesOf(await confirm(id, '2027-01-01'))).toEqual(['from pack.over']);
    expect(issuesOf(await confirm(id, 'soon'))).toEqual(['from date']);
    const page = await (await province.browser('cs-catalogue-2')).post(`/packs/uploads/${id}/confirm`, { from: '2026-02-01' });
    expect(page.status).toBe(422);
    expect(page.html).toContain('value="2026-02-01"');
    const answers = await Promise.all([confirm(id, '2026-12-01'), confirm(id, '2026-12-01', 'fj-catalogue-1')]);
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409]);
    expect(issuesOf(await confirm(await uploaded(packOf()), '2026-12-01'))).toEqual(['from pack.sameDay']);
    await expect(
      province
        .db('pack_uploads')
        .where({ id })
        .update({ decided_by: province.db.ref('proposed_by') }),
      'the table refuses one person too',
    ).rejects.toThrow(/pack_uploads_two_people/);
  });

  test('[F36] an upload is read with its version, and decided only as what it was read', async () => {
    const id = await uploaded(packOf());
    const second = await province.as('cs-catalogue-2');
    const read = await second.get(`/packs/uploads/${id}`);
    expect(read.headers.get('etag')).toBe('"1"');
    const send = (act: string, tag: string) =>
      second.post(`/packs/uploads/${id}/${act}`, { from: today }, { headers: { 'if-match': tag } });
    for (const act of ['confirm', 'refuse']) expect((await send(act, '"2"')).body).toMatchObject({ status: 412, code: 'form.stale' });
    expect((await send('refuse', '"1"')).status).toBe(200);
    expect((await send('refuse', '"1"')).body).toMatchObject({ status: 409, code: 'proposal.refused' });
    expect((await second.get(`/packs/uploads/${id}`)).headers.get('etag')).toBe('"2"');
  });

  test('[N7] a pack in force is never changed, and everybody signed in reads it with its digest and who answers for it', async () => {
    const pack = packOf({}, {});
    expect((await confirm(await uploaded(pack), '2026-11-02', 'fz-catalogue-1')).status).toBe(200);
    const answer = await (await province.as('kangning-1')).get<Record<string, unknown>>(`/packs/${pack.id}`);
    const names = await province.db('users').whereIn('login', ['cs-catalogue-1', 'fz-catalogue-1']).orderBy('login').pluck('name');
    expect(answer.body).toMatchObject({
      state: 'future',
      validFrom: '2026-11-02',
      proposedBy: names[0],
      decidedBy: names[1],
      content: pack,
    });
    expect(String(answer.body['digest'])).toMatch(/^[\w-]{43}$/);
    expect(JSON.parse(String(await (await province.as('kangning-1')).download(`/packs/${pack.id}/file`)))).toEqual(pack);
    expect((await (await province.browser('cs-catalogue-1')).get('/packs')).html).toContain('href="/packs/new"');
    const html = (await (await province.browser('cs-first-1')).get('/packs')).html;
    expect(html).toContain(`${names[0]} → ${names[1]}`);
    expect(html).not.toContain('href="/packs/new"');
    expect((await fetch(`${province.origin}/packs`, { headers: { accept: 'application/json' } })).status).toBe(401);
    await expect(
      province.db.transaction(async (trx) => {
        await trx.raw('set local role shiming_app');
        await trx('policy_packs').where({ id: pack.id }).update({ content: '{}' });
      }),
    ).rejects.toThrow(/permission denied/);
  });

  test('[N7] the pack decides who reviews: new classes follow the new one, classes that were open keep theirs', async () => {
    const submit = async (number: string) => {
      const answer = await (await province.as('kangning-1')).post(`/classes/${number}/submit`);
      expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    };
    const rolesOf = async (number: string) => {
      const { terms } = await province
        .db('procedures')
        .where({ id: `class-${number}` })
        .first('terms');
      return terms.reviews.preTraining.map((step: { role: string }) => step.role);
    };
    const before = await draftClass(province, { seed: 901, trainees: 4 });
    const drafted = await draftClass(province, { seed: 902, trainees: 4 });
    await submit(before);
    const pack = packOf();
    expect((await confirm(await uploaded(pack), today)).status).toBe(200);
    const after = await draftClass(province, { seed: 903, trainees: 4 });
    for (const number of [drafted, after]) await submit(number);
    expect(await rolesOf(before)).toEqual(['first_reviewer', 'second_reviewer', 'approver']);
    expect(await rolesOf(drafted)).toEqual(['first_reviewer', 'second_reviewer', 'approver']);
    expect(await rolesOf(after)).toEqual(['first_reviewer', 'approver']);
    const packs = await province.db('classes').whereIn('number', [before, drafted, after]).orderBy('number').pluck('pack_id');
    expect(packs).toEqual(['fujian-2022', 'fujian-2022', pack.id]);
  });
});
