/** The register of institutions, their archives and the catalogue of projects, over real HTTP: forbidden, conflicting, wrong, allowed. */
import { randomUUID } from 'node:crypto';
import { creditCodeCheck } from '../../workflows/domain/people/identity.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { has, issuesOf } from '../support/answers.ts';
import { demonstrationInstitutions } from '../../db/demonstration/registers.ts';
import { makeUscc } from '../../workflows/domain/people/identity.ts';
import { type Choices, draftClass, openProvince, type Province, returnClass } from '../support/province.ts';

type Item = { creditCode: string; name: string; kind: string; status: string; creditGrade?: string };
type List = { institutions: Item[]; total: number; next: string | null };
type Means = { no: number; name: string; active: boolean; version: number; ahead: number };
type Offer = Omit<Choices, 'venues'> & { venues: { id: string; name: string; capacity: number }[] };
type Timeline = { events: { act: string; title: string; name: string | null; class: string | null; reason: string | null }[] };

let province: Province;
beforeAll(async () => {
  province = await openProvince();
});
afterAll(async () => {
  await province?.close();
});

const codeOf = (key: string): string => demonstrationInstitutions.find((entry) => entry.key === key)?.creditCode ?? '';
const hasNot = (html: string, text: string) => expect(html.includes(text) ? `shows ${text}` : 'hidden').toBe('hidden');

async function open(path: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${province.origin}${path}`, { headers: { accept: 'application/json', ...headers }, redirect: 'manual' });
  const text = await response.text();
  return { status: response.status, text, body: (text.startsWith('{') ? JSON.parse(text) : {}) as Record<string, unknown> };
}

let serial = 500;
const entry = (more: Record<string, unknown> = {}) => {
  serial += 1;
  return {
    creditCode: makeUscc({ kind: '52', region: '350104', serial }),
    name: `仓山新立第${serial}职业培训学校`,
    kind: 'training',
    region: '350104',
    licenceScope: ['中式烹调师', '育婴员'],
    contact: '林主任 0591-83400000',
    confirmed: true,
    ...more,
  };
};

describe('the register', () => {
  test('[N1] officers list their subtree, by name, code, kind and region; another region sees none of it', async () => {
    const county = await province.as('cs-first-1');
    const all = (await county.get<List>('/institutions')).body;
    expect(all.institutions.map((item) => item.creditCode)).toEqual(
      expect.arrayContaining([codeOf('kangning'), codeOf('minjiang'), codeOf('renzheng')]),
    );
    expect(all.institutions.map((item) => item.creditCode)).not.toContain(codeOf('yunfan'));
    expect(all.institutions.find((item) => item.creditCode === codeOf('kangning'))).toMatchObject({ creditGrade: 'B', kind: 'training' });

    const neighbour = (await (await province.as('gl-first-1')).get<List>('/institutions')).body;
    const codesOf = (...keys: string[]): string[] => keys.map(codeOf).toSorted();
    expect(neighbour.institutions.map((item) => item.creditCode).toSorted()).toEqual(codesOf('yunfan', 'sanfang'));
    const city = await province.as('fz-first-1');
    const listed = async (query: string) =>
      (await city.get<List>(`/institutions?${query}`)).body.institutions.map((item) => item.creditCode);
    expect((await listed('region=350102')).toSorted()).toEqual(codesOf('yunfan', 'sanfang'));
    expect((await listed('kind=enterprise')).toSorted()).toEqual(codesOf('minjiang', 'hualin'));
    // A name in part, a code by its beginning.
    expect((await city.get<List>(`/institutions?q=${encodeURIComponent('康宁')}`)).body.total).toBe(1);
    expect((await city.get<List>(`/institutions?q=${codeOf('pingjia')}`)).body.institutions[0]?.creditCode).toBe(codeOf('pingjia'));
    expect((await city.get<List>(`/institutions?q=${codeOf('pingjia').slice(0, 17)}`)).body.total).toBe(1);
    expect((await city.get<List>(`/institutions?q=${codeOf('pingjia').slice(1, 17)}`)).body.total).toBe(0);

    // Page by page nothing is lost and nothing comes twice.
    const seen: string[] = [];
    let next: string | null = '';
    while (next !== null) {
      const page: List = (await city.get<List>(`/institutions?size=2${next ? `&after=${next}` : ''}`)).body;
      seen.push(...page.institutions.map((item) => item.creditCode));
      next = page.next;
    }
    expect(seen.toSorted()).toEqual(demonstrationInstitutions.map((item) => item.creditCode).toSorted());
  });

  test('[N12] everybody reads the directory without signing in: only its public columns', async () => {
    const listed = await open('/institutions');
    expect(listed.status).toBe(200);
    const items = (listed.body as unknown as List).institutions;
    expect(items).toHaveLength(demonstrationInstitutions.length);
    for (const item of items)
      expect(Object.keys(item).toSorted()).toEqual(['creditCode', 'kind', 'licenceScope', 'name', 'region', 'status']);
    await province
      .db('institutions')
      .where({ credit_code: codeOf('kangning') })
      .update({ contact: '陈老师 13900001111' });
    const shown = await open(`/institutions/${codeOf('kangning')}`);
    expect(Object.keys(shown.body).toSorted()).toEqual(['creditCode', 'kind', 'licenceScope', 'name', 'region', 'status']);
    const page = await open(`/institutions/${codeOf('kangning')}`, { accept: 'text/html' });
    has(page.text, '仓山康宁职业培训学校');
    hasNot(page.text, '13900001111');
    hasNot(page.text, '赵立新');
    for (const tab of ['teachers', 'venues', 'classes', 'papers', 'timeline'])
      expect((await open(`/institutions/${codeOf('kangning')}/${tab}`)).status).toBe(401);
  });

  test('[N12] [N29] everybody finds an institution by name, by its credit code or the beginning of it; among a thousand at once', async () => {
    const codeOfNumber = (n: number): string => {
      const head = `52350199${String(n).padStart(9, '0')}`;
      return head + creditCodeCheck(head);
    };
    await province.db('institutions').insert(
      Array.from({ length: 1_000 }, (_, at) => ({
        name: `闽江千校第${at + 1}培训学校`,
        kind: 'training',
        credit_code: codeOfNumber(at + 1),
        region: '350104',
        licence_scope: ['电工'],
        credit_grade: 'A',
      })),
    );
    const found = async (q: string) =>
      ((await open(`/institutions?q=${encodeURIComponent(q)}`)).body as List).institutions.map(({ creditCode }) => creditCode);
    expect(await found('千校第77培训')).toEqual([codeOfNumber(77)]);
    // Also those that have the form of an ID number, typed as they are printed.
    for (let n = 1; n <= 40; n += 1) expect(await found(codeOfNumber(n))).toEqual([codeOfNumber(n)]);
    expect(await found(` ${codeOfNumber(78).replace(/(.{8})(.{8})/, '$1 $2 ')} `)).toEqual([codeOfNumber(78)]);
    expect(await found('5235019900000007')).toHaveLength(10);
    expect(await found('52350')).toEqual([]);
    const { text } = await open('/institutions', { accept: 'text/html' });
    has(text, 'name="q"');
    has(
      (await open(`/institutions?q=${encodeURIComponent('千校第77培训')}`, { accept: 'text/html' })).text,
      `/institutions/${codeOfNumber(77)}`,
    );
    const times: number[] = [];
    for (let n = 0; n < 15; n++) {
      const begun = performance.now();
      await found(n % 2 === 0 ? '千校第5' : '5235019900');
      times.push(performance.now() - begun);
    }
    // The quickest third: other tests share the processors of this machine.
    expect(times.sort((a, b) => a - b)[4]).toBeLessThan(50);
    await province.db('institutions').whereLike('name', '闽江千校%').delete();
  });

  test('[N1] an officer of another region reads the public columns only, and no page behind them', async () => {
    const stranger = await province.as('gl-second-1');
    const shown = (await stranger.get(`/institutions/${codeOf('kangning')}`)).body;
    expect(shown).not.toHaveProperty('contact');
    expect(shown).not.toHaveProperty('figures');
    for (const tab of ['teachers', 'venues', 'classes', 'papers', 'timeline'])
      expect((await stranger.get(`/institutions/${codeOf('kangning')}/${tab}`)).status).toBe(404);
    const school = await province.as('shifan-1');
    expect((await school.get(`/institutions/${codeOf('kangning')}/teachers`)).status).toBe(404);
  });

  test('[N28] an institution is led to its own archive, and may look at what the public sees', async () => {
    const browser = await province.browser('kangning-1');
    expect((await browser.get('/institutions')).status).toBe(303);
    const own = await browser.get(`/institutions/${codeOf('kangning')}`);
    has(own.html, `/institutions/${codeOf('kangning')}/teachers`);
    const school = await province.as('kangning-1');
    expect((await school.get<List>('/institutions')).body.institutions.map((item) => item.creditCode)).toEqual([codeOf('kangning')]);
    expect((await school.get<List>('/institutions?view=public')).body.total).toBe(demonstrationInstitutions.length);
  });
});

describe('registering', () => {
  test('[N1] only a catalogue officer of the region registers; what is wrong is told at its field in the reader’s language', async () => {
    expect((await (await province.as('cs-first-1')).post('/institutions', entry())).status).toBe(403);
    expect((await (await province.as('kangning-1')).post('/institutions', entry())).status).toBe(403);
    const officer = await province.as('cs-catalogue-1');
    const right = makeUscc({ kind: '52', region: '350104', serial: 77 });
    const last = right.endsWith('1') ? '2' : '1';
    expect(issuesOf(await officer.post('/institutions', entry({ creditCode: right.slice(0, 17) + last })))).toEqual([
      ['creditCode', 'institution.creditCheck'],
    ]);
    expect(issuesOf(await officer.post('/institutions', entry({ creditCode: right.slice(0, 17) })))).toEqual([
      ['creditCode', 'institution.creditForm'],
    ]);
    expect(issuesOf(await officer.post('/institutions', entry({ region: '999999' })))).toEqual([['region', 'region.unknown']]);
    expect(issuesOf(await officer.post('/institutions', entry({ region: '350102' })))).toEqual([['region', 'institution.regionOutside']]);
    expect(issuesOf(await officer.post('/institutions', entry({ creditCode: codeOf('yunfan') })))).toEqual([
      ['creditCode', 'institution.registered'],
    ]);
    expect(issuesOf(await officer.post('/institutions', entry({ confirmed: false, licenceScope: [] })))).toEqual([
      ['licenceScope', 'chooseOne'],
      ['confirmed', 'institution.confirm'],
    ]);

    const browser = await province.browser('cs-catalogue-1');
    has((await browser.get('/institutions/new')).html, '统一社会信用代码');
    const form = {
      name: '仓山春晖职业培训学校',
      kind: 'training',
      region: '350104',
      licenceScope: '育婴员',
      creditGrade: 'B',
      confirmed: '1',
    };
    const wrong = await browser.post('/institutions', { ...form, creditCode: right.slice(0, 17) + last });
    expect(wrong.status).toBe(422);
    has(wrong.html, '校验码不正确');
    has(wrong.html, '仓山春晖职业培训学校');
    const english = await browser.post('/institutions?lang=en', { ...form, creditCode: right.slice(0, 17) + last });
    has(english.html, 'The check character of the credit code is wrong');
    expect(await province.db('institutions').where({ name: form.name }).first('id')).toBeUndefined();
  });

  test('[N1] a county’s upload is a signed act: on record with who and when, once, and its archive begins with it', async () => {
    const officer = await province.as('cs-catalogue-1');
    const body = entry();
    const key = randomUUID();
    // Blanks and small letters of a copied code do not matter.
    const made = await officer.post(
      '/institutions',
      { ...body, creditCode: ` ${body.creditCode.toLowerCase().replace(/^(.{8})/, '$1-')}` },
      { key },
    );
    expect([made.status, made.body]).toEqual([201, { creditCode: body.creditCode }]);
    const again = await officer.post(
      '/institutions',
      { ...body, creditCode: ` ${body.creditCode.toLowerCase().replace(/^(.{8})/, '$1-')}` },
      { key },
    );
    expect(again.body).toEqual({ creditCode: body.creditCode });
    const lines = await province
      .db('audit_log as a')
      .join('users as u', 'u.id', 'a.actor')
      .where('a.subject', `institution-${body.creditCode}`)
      .select('a.act', 'u.login', 'a.detail');
    expect(lines.map((line) => [line.act, line.login])).toEqual([['institution.register', 'cs-catalogue-1']]);
    expect(JSON.stringify(lines[0].detail)).not.toContain('林主任');
    const shown = await officer.get(`/institutions/${body.creditCode}`);
    expect(shown.body).toMatchObject({ status: 'listed', contact: '林主任 0591-83400000', acts: ['suspend', 'remove'], version: 1 });
    const page = await (await province.browser('cs-first-2')).get(`/institutions/${body.creditCode}`);
    const signer = await province.db('users').where({ login: 'cs-catalogue-1' }).first('name');
    has(page.html, `${signer.name} 上传并签署`);
    const timeline = (await officer.get<Timeline>(`/institutions/${body.creditCode}/timeline`)).body.events;
    expect(timeline.map((event) => [event.act, event.name])).toEqual([['institution.register', signer.name]]);
  });

  test('[N1] two officers who enter one code at once: one entry, and the other is told at the field', async () => {
    const body = entry({ name: '仓山同时职业培训学校' });
    const [first, second] = await Promise.all([
      (await province.as('cs-catalogue-1')).post('/institutions', body),
      (await province.as('cs-catalogue-2')).post('/institutions', body),
    ]);
    expect([first.status, second.status].toSorted()).toEqual([201, 422]);
    expect(issuesOf(first.status === 422 ? first : second)).toEqual([['creditCode', 'institution.registered']]);
  });

  test('[N1] licence data are corrected by the keeper of the register, with what was before on record; a stale form overwrites nothing', async () => {
    const officer = await province.as('cs-catalogue-1');
    const body = entry();
    await officer.post('/institutions', body);
    const licence = { name: `${body.name}（新）`, licenceScope: ['电工'], creditGrade: 'A', contact: body.contact };
    const path = `/institutions/${body.creditCode}/edit`;
    expect((await (await province.as('gl-catalogue-1')).post(path, licence)).status).toBe(403);
    expect((await officer.post(path, { ...licence, version: 1 })).body).toEqual({ creditCode: body.creditCode, version: 2 });
    const stale = await officer.post(path, { ...licence, creditGrade: 'C', version: 1 });
    expect([stale.status, stale.body['code']]).toEqual([409, 'form.stale']);
    const browser = await province.browser('cs-catalogue-2');
    const redrawn = await browser.post(path, { name: '别的名称', licenceScope: '焊工', creditGrade: 'D', version: '1' });
    expect(redrawn.status).toBe(409);
    has(redrawn.html, '别的名称');
    has(redrawn.html, `现已保存：${licence.name}`);
    expect((await officer.get(`/institutions/${body.creditCode}`)).body).toMatchObject({
      name: licence.name,
      creditGrade: 'A',
      version: 2,
    });
    const page = await browser.get(`/institutions/${body.creditCode}/timeline`);
    has(page.html, '信用等级：B → A');
  });
});

describe('suspending', () => {
  test('[N1] a suspended institution opens no class, until it is restored; both with reasons the institution reads', async () => {
    const officer = await province.as('gl-catalogue-1');
    const code = codeOf('yunfan');
    const school = await province.as('yunfan-1');
    const choices = (await school.get<Choices>('/classes/new')).body;
    const draft = { projectId: choices.projects[0]?.id, title: '茶艺师（五级）第 1 期' };
    const before = await draftClass(province, { login: 'yunfan-1', seed: 71, trainees: 5 });

    for (const login of ['gl-first-1', 'yunfan-1', 'cs-catalogue-1'])
      expect((await (await province.as(login)).post(`/institutions/${code}/suspend`, { reason: '越权' })).status).toBe(403);
    expect((await open(`/institutions/${code}`)).body['status']).toBe('listed');
    expect(issuesOf(await officer.post(`/institutions/${code}/suspend`, {}))).toEqual([['reason', 'required']]);
    const { version } = (await officer.get<{ version: number }>(`/institutions/${code}`)).body;
    const key = randomUUID();
    const act = { reason: '安全检查不合格，限期整改', version };
    const suspended = await officer.post(`/institutions/${code}/suspend`, act, { key });
    expect(suspended.body).toEqual({ creditCode: code, status: 'suspended', version: version + 1 });
    expect((await officer.post(`/institutions/${code}/suspend`, act, { key })).body).toEqual(suspended.body);
    const twice = await officer.post(`/institutions/${code}/suspend`, { reason: '再次暂停' });
    expect([twice.status, twice.body['code']]).toEqual([409, 'institution.notNow']);

    const refused = await school.post('/classes', draft);
    expect([refused.status, refused.body['code']]).toEqual([409, 'institution.notListed']);
    const stopped = await school.post(`/classes/${before}/submit`);
    expect([stopped.status, stopped.body['code']]).toEqual([409, 'institution.notListed']);
    has((await (await province.browser('yunfan-1')).get(`/institutions/${code}`)).html, '安全检查不合格，限期整改');
    expect((await open('/institutions?status=suspended')).body['institutions']).toMatchObject([{ creditCode: code, status: 'suspended' }]);

    expect((await officer.post(`/institutions/${code}/restore`, { reason: '整改验收合格' })).body).toMatchObject({ status: 'listed' });
    expect((await school.post('/classes', draft)).status).toBe(201);
    expect((await school.post(`/classes/${before}/submit`)).status).toBe(200);
    const events = (await officer.get<Timeline>(`/institutions/${code}/timeline`)).body.events;
    expect(events.filter((event) => event.act.startsWith('institution.')).map((event) => [event.act, event.reason])).toEqual([
      ['institution.restore', '整改验收合格'],
      ['institution.suspend', '安全检查不合格，限期整改'],
    ]);
  });

  test('[N12] who is removed leaves the public directory; the archive stays for the office', async () => {
    const officer = await province.as('cs-catalogue-1');
    const body = entry();
    await officer.post('/institutions', body);
    const browser = await province.browser('cs-catalogue-1');
    has((await browser.get(`/institutions/${body.creditCode}/remove`)).html, '确认移出');
    const removed = await browser.post(`/institutions/${body.creditCode}/remove`, { reason: '办学许可证到期未续', version: '1' });
    expect([removed.status, removed.location]).toEqual([303, `/institutions/${body.creditCode}`]);
    expect((await open(`/institutions/${body.creditCode}`)).status).toBe(404);
    expect((await open(`/institutions?q=${body.creditCode}`)).body['total']).toBe(0);
    expect((await officer.get(`/institutions/${body.creditCode}`)).body).toMatchObject({ status: 'removed', acts: ['restore'] });
    expect((await (await province.as('cs-first-1')).get<List>(`/institutions?q=${body.creditCode}`)).body.total).toBe(1);
  });
});

describe('its own data', () => {
  const path = (tab: string) => `/institutions/${codeOf('shifan')}/${tab}`;
  const teacher = { name: '罗春燕', qualification: '高级技师', occupations: ['电工'] };
  const venue = { name: '电工二车间', address: '仓山区建新镇 8 号', capacity: 36, equipment: '工位 36' };

  test('[N28] only the institution itself writes; what is wrong is told at its field', async () => {
    for (const login of ['kangning-1', 'cs-catalogue-1', 'cs-first-1']) {
      expect((await (await province.as(login)).post(path('teachers'), teacher)).status).toBe(403);
      expect((await (await province.as(login)).post(path('venues'), venue)).status).toBe(403);
    }
    const other = (await (await province.as('kangning-1')).get<{ venues: Means[] }>(`/institutions/${codeOf('kangning')}/venues`)).body
      .venues[0];
    const school = await province.as('shifan-1');
    // A number of somebody else's venue is no venue here.
    expect((await school.post(`${path('venues')}/${other?.no}`, venue)).status).toBe(404);
    expect(issuesOf(await school.post(path('teachers'), { ...teacher, name: '罗#1', qualification: '' }))).toEqual([
      ['name', 'roster.nameCharacters'],
      ['qualification', 'tooShort'],
    ]);
    expect(issuesOf(await school.post(path('teachers'), { ...teacher, occupations: ['茶艺师'] }))).toEqual([
      ['occupations', 'teacher.outsideScope'],
    ]);
    expect(issuesOf(await school.post(path('venues'), { ...venue, capacity: 0, name: '' }))).toEqual([
      ['name', 'required'],
      ['capacity', 'tooSmall'],
    ]);
    const browser = await province.browser('shifan-1');
    const drawn = await browser.post(path('teachers'), { name: '罗春燕', qualification: '高级技师' });
    expect(drawn.status).toBe(422);
    has(drawn.html, '任教职业：请选择一项');
    has(drawn.html, 'value="高级技师"');
  });

  test('[N28] teachers and venues are added, changed and taken out of use; a class is offered only those in use', async () => {
    const school = await province.as('shifan-1');
    const key = randomUUID();
    const added = await school.post<{ no: number }>(path('teachers'), teacher, { key });
    expect(added.status).toBe(201);
    expect((await school.post(path('teachers'), teacher, { key })).body).toEqual(added.body);
    expect(issuesOf(await school.post(path('teachers'), teacher))).toEqual([['name', 'teacher.twice']]);
    const room = await school.post<{ no: number }>(path('venues'), venue);
    const offered = async () => {
      const { teachers, venues } = (await school.get<Offer>('/classes/new')).body;
      return [teachers.some(({ name }) => name === teacher.name), venues.some(({ name }) => name === venue.name)];
    };
    expect(await offered()).toEqual([true, true]);

    const number = await draftClass(province, { login: 'shifan-1', seed: 72, trainees: 4 });
    const choices = (await school.get<Offer>('/classes/new')).body;
    const row = {
      day: '2026-03-24',
      half: 'morning',
      hours: 4,
      kind: 'theory',
      topic: '安全用电',
      teacherId: choices.teachers.find(({ name }) => name === teacher.name)?.id,
      venueId: choices.venues.find(({ name }) => name === venue.name)?.id,
    };
    expect((await school.post(`/classes/${number}/timetable/edit`, { sessions: [row] })).status).toBe(200);
    expect((await school.post(`${path('teachers')}/${added.body.no}`, { ...teacher, active: false, version: 1 })).body).toEqual({
      no: added.body.no,
      version: 2,
    });
    expect((await school.post(`${path('venues')}/${room.body.no}`, { ...venue, capacity: 40, active: false, version: 1 })).status).toBe(
      200,
    );
    expect(await offered()).toEqual([false, false]);
    expect(issuesOf(await school.post(`/classes/${number}/timetable/edit`, { sessions: [row] }))).toEqual([
      ['sessions.0.teacherId', 'class.teacher'],
      ['sessions.0.venueId', 'class.venue'],
    ]);
    // What was planned before is found at the submission.
    expect(issuesOf(await school.post(`/classes/${number}/submit`))).toEqual(
      expect.arrayContaining([
        ['sessions.0.teacherId', 'class.teacher'],
        ['sessions.0.venueId', 'class.venue'],
      ]),
    );
    expect(
      issuesOf(await school.post(`/classes/${number}/edit`, { projectId: choices.projects[0]?.id, title: '换场地', venueId: row.venueId })),
    ).toEqual([['venueId', 'class.venue']]);
    // Who looks later finds both, and every change with who made it.
    const officer = await province.as('cs-first-1');
    const { teachers } = (await officer.get<{ teachers: Means[] }>(path('teachers'))).body;
    expect(teachers.find(({ no }) => no === added.body.no)).toMatchObject({ name: teacher.name, active: false });
    const events = (await officer.get<Timeline>(path('timeline'))).body.events.filter((event) => /^(teacher|venue)\./.test(event.act));
    expect(events.slice(0, 4).map((event) => event.act)).toEqual(['venue.save', 'teacher.save', 'venue.add', 'teacher.add']);
    has((await (await province.browser('cs-first-1')).get(path('timeline'))).html, '容纳人数：36 → 40');
  });

  test('[N28] a form that somebody overtook overwrites nothing and shows what is there now', async () => {
    const school = await province.as('shifan-1');
    const made = (await school.post<{ no: number }>(path('venues'), { ...venue, name: '多功能厅' })).body;
    const address = `${path('venues')}/${made.no}`;
    expect((await school.post(address, { ...venue, name: '多功能厅', capacity: 70 }, { headers: { 'if-match': '"1"' } })).status).toBe(200);
    expect((await school.post(address, { ...venue, name: '多功能厅', capacity: 20 }, { headers: { 'if-match': '"1"' } })).status).toBe(412);
    const browser = await province.browser('shifan-2');
    const stale = await browser.post(address, { name: '多功能厅', address: venue.address, capacity: '20', active: '1', version: '1' });
    expect(stale.status).toBe(409);
    has(stale.html, '现已保存：70');
    has(stale.html, 'name="version" value="2"');
    const saved = await browser.post(address, { name: '多功能厅', address: venue.address, capacity: '20', active: '1', version: '2' });
    expect([saved.status, saved.location]).toEqual([303, path('venues')]);
  });

  test('[N30] who teaches in a submitted class keeps the name, and its room keeps the place: a replacement is a change of the class', async () => {
    await returnClass(province, 73);
    const school = await province.as('shifan-1');
    const busy = (
      await school.get<{ teachers: (Means & { qualification: string; occupations: string[] })[] }>(path('teachers'))
    ).body.teachers.find(({ ahead }) => ahead > 0);
    const used = { name: busy?.name, qualification: busy?.qualification, occupations: busy?.occupations };
    expect(issuesOf(await school.post(`${path('teachers')}/${busy?.no}`, { ...used, name: '李代课' }))).toEqual([
      ['name', 'teacher.nameFixed'],
    ]);
    expect((await school.post(`${path('teachers')}/${busy?.no}`, { ...used, qualification: '特级教师' })).status).toBe(200);
    const room = (await school.get<{ venues: (Means & { address: string; capacity: number })[] }>(path('venues'))).body.venues.find(
      ({ ahead }) => ahead > 0,
    );
    expect(
      issuesOf(await school.post(`${path('venues')}/${room?.no}`, { name: room?.name, address: '别处 1 号', capacity: room?.capacity })),
    ).toEqual([['address', 'venue.placeFixed']]);
  });

  test('[N1] the archive holds classes, papers and the whole history; drafts and supervision stay where they belong', async () => {
    const school = await province.as('shifan-1');
    const number = await returnClass(province, 74);
    const draft = await draftClass(province, { login: 'shifan-1', seed: 75, trainees: 0 });
    const officer = await province.as('cs-audit-1');
    const numbers = (body: { classes: { number: string }[] }) => body.classes.map((line) => line.number);
    type Classes = { classes: { number: string; status: string; headcount: number }[] };
    const seen = (await officer.get<Classes>(path('classes'))).body;
    expect(seen.classes.find((line) => line.number === number)).toMatchObject({ status: 'correction', headcount: 4 });
    expect(numbers(seen)).not.toContain(draft);
    expect(numbers((await school.get<Classes>(path('classes'))).body)).toContain(draft);
    const papers = (await officer.get<{ papers: { kind: string; class: string }[] }>(path('papers'))).body.papers;
    expect(papers).toEqual(expect.arrayContaining([expect.objectContaining({ kind: 'correction_notice', class: number })]));
    const events = (await officer.get<Timeline>(path('timeline'))).body.events;
    expect(events.filter((event) => event.class === number).map((event) => event.act)).toEqual(
      expect.arrayContaining(['class.draft', 'class.submit', 'task.return']),
    );
    expect(events.some((event) => event.class === draft)).toBe(false);
    const detail = (await officer.get<{ figures: Record<string, number> }>(`/institutions/${codeOf('shifan')}`)).body;
    expect(detail.figures).toMatchObject({ classes: seen.classes.length, passPercent: null, paidFen: 0, findings: 0 });
    // The body that assesses finds the classes that it examines.
    const assessor = await province.as('pingjia-1');
    const examined = (
      await assessor.get<{ classes: { number: string; examines: boolean }[] }>(`/institutions/${codeOf('pingjia')}/classes`)
    ).body;
    expect(examined.classes.every((line) => line.examines)).toBe(true);
  });
});

describe('the catalogue', () => {
  test('[N11] everybody reads the projects in force with department, fund, hours and the standard with its source', async () => {
    const listed = (await open('/projects')).body as { projects: Record<string, unknown>[] };
    const cook = listed.projects.find((project) => project['name'] === '中式烹调师（五级）');
    expect(cook).toMatchObject({
      code: 'FJ-2026-001',
      level: 5,
      hoursMin: 60,
      fund: 'employment_subsidy',
      department: '人力资源和社会保障局',
      responsible: '职业能力建设科',
      packId: 'fujian-2022',
      standard: { fen: 70_000, sourced: true },
    });
    expect(JSON.stringify(cook?.['standard'])).toContain('福建省职业技能培训补贴标准');
    expect(((await open('/projects?level=4')).body['projects'] as { level: number }[]).map((project) => project.level)).toEqual([4, 4]);
    const page = await open('/projects', { accept: 'text/html' });
    has(page.text, '¥700.00');

    await province.db('catalogue_projects').where({ code: 'FJ-2026-006' }).update({ valid_to: '2026-03-01' });
    expect(((await open('/projects')).body['projects'] as { code: string }[]).map((project) => project.code)).not.toContain('FJ-2026-006');
    expect((await open('/projects/FJ-2026-006')).body).toMatchObject({ inForce: false });
    expect((await open('/projects/FJ-0000-000')).status).toBe(404);
  });

  test('[N19] a project says what each group is paid, by which formula and text, and who may hold it', async () => {
    const shown = (await open('/projects/FJ-2026-001')).body as {
      standards: { groups: string[]; amountFen: number; formula: string; source: string; sourced: boolean }[];
      institutions: { creditCode: string }[];
    };
    expect(shown.standards.map((standard) => [standard.groups.length, standard.amountFen, standard.formula, standard.sourced])).toEqual([
      [0, 70_000, '¥700.00', true],
      [6, 84_000, '¥700.00 × 120% = ¥840.00', false],
    ]);
    const bodies = shown.institutions.map((body) => body.creditCode);
    expect(bodies).toEqual(expect.arrayContaining([codeOf('kangning'), codeOf('shifan'), codeOf('pingjia')]));
    expect(bodies).not.toContain(codeOf('yunfan'));
  });
});
