/** Classes over real HTTP, from the draft to the submission: the institution's side needs no workflow running. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { has, type Issues, issuesOf } from '../../support/answers.ts';
import { draftClass, openProvince, type Choices, type Province } from '../../support/province.ts';

type Detail = { version: number; amountFen: number; outstanding: { field: string; code: string }[] };

let province: Province;
beforeAll(async () => {
  province = await openProvince();
});
afterAll(async () => {
  await province?.close();
});

describe('drafting', () => {
  test('[N28] an institution drafts, completes and submits by REST; the page says what is missing until nothing is', async () => {
    const school = await province.as('kangning-1');
    const choices = (await school.get<Choices>('/classes/new')).body;
    const made = await school.post<{ number: string }>('/classes', {
      projectId: choices.projects[0]?.id,
      title: '中式烹调师（五级）第 1 期',
    });
    expect(made.status).toBe(201);
    const { number } = made.body;
    expect(number).toMatch(/^PX350104-2026-\d{5}$/);
    const fresh = (await school.get<Detail>(`/classes/${number}`)).body;
    expect(fresh).toMatchObject({ status: 'draft', acts: ['edit', 'submit'] });
    expect(fresh.outstanding.map((issue) => issue.field)).toEqual([
      'plan',
      'startDate',
      'endDate',
      'venueId',
      'assessorId',
      'roster',
      'sessions',
      'materials.plan',
      'materials.teachers',
      'materials.venue',
    ]);

    const complete = await draftClass(province, { seed: 2 });
    const ready = (await school.get<Detail>(`/classes/${complete}`)).body;
    expect(ready).toMatchObject({ headcount: 10, outstanding: [] });
    expect(ready.amountFen).toBeGreaterThan(0);
    expect((await school.post(`/classes/${complete}/submit`, { version: ready.version })).body).toEqual({
      number: complete,
      procedure: `class-${complete}`,
    });
    expect((await school.get<Detail>(`/classes/${complete}`)).body).toMatchObject({
      status: 'in_review',
      acts: ['withdraw'],
      moving: true,
    });
    expect(
      await province
        .db('outbox')
        .where({ procedure_id: `class-${complete}` })
        .select('kind', 'no'),
    ).toEqual([{ kind: 'submitted', no: 1 }]);
  });

  test('[N28] the same by forms in a browser, without script', async () => {
    const browser = await province.browser('kangning-1');
    const form = await browser.get('/classes/new');
    expect(form.status).toBe(200);
    const project = /<option value="([0-9a-f-]{36})"/.exec(form.html)?.[1] ?? '';
    const drafted = await browser.post('/classes', {
      projectId: project,
      title: '育婴员（五级）春季班',
      plan: '',
      startDate: '',
      endDate: '',
      venueId: '',
      assessorId: '',
    });
    expect(drafted.status).toBe(303);
    const path = drafted.location ?? '';
    expect(path).toMatch(/^\/classes\/PX350104-2026-\d{5}$/);
    const page = await browser.get(path);
    has(page.html, '育婴员（五级）春季班');
    has(page.html, '评价机构：必填');
    const refused = await browser.post(`${path}/submit`, { version: '1' });
    expect(refused.status).toBe(422);
    has(refused.html, '还不能提交');
    has(refused.html, `href="${path}/edit?check&#x3D;1#f-plan"`);
    const marked = await browser.get(`${path}/edit?check=1`);
    has(marked.html, '请填写教学计划');
  });

  test('[N11] an unknown project, one that has ended, a venue of somebody else and dates the wrong way round are told at their fields', async () => {
    const school = await province.as('kangning-1');
    const choices = (await school.get<Choices>('/classes/new')).body;
    const foreign = await province
      .db('venues')
      .whereNotIn(
        'id',
        choices.venues.map((venue) => venue.id),
      )
      .first('id');
    const wrong = {
      projectId: randomUUID(),
      title: '错误的班',
      startDate: '2026-04-10',
      endDate: '2026-04-01',
      venueId: foreign.id,
      assessorId: randomUUID(),
    };
    const answer = await school.post('/classes', wrong);
    expect(answer.status).toBe(422);
    expect(issuesOf(answer)).toEqual([
      ['projectId', 'class.project'],
      ['endDate', 'class.datesOrder'],
      ['venueId', 'class.venue'],
      ['assessorId', 'class.assessor'],
    ]);
    const [ended] = await province
      .db('catalogue_projects')
      .insert({
        code: 'OLD',
        name: '旧项目',
        occupation: '电工',
        level: 5,
        kind: 'certificate',
        fund: 'employment_subsidy',
        department: '人社',
        responsible: '职建科',
        region: '350000',
        hours_min: 60,
        valid_from: '2020-01-01',
        valid_to: '2021-01-01',
      })
      .returning('id');
    expect(issuesOf(await school.post('/classes', { projectId: ended.id, title: '旧项目班' }))).toEqual([['projectId', 'class.project']]);
    expect(issuesOf(await school.post('/classes', { title: '没有项目' }))).toEqual([['projectId', 'required']]);
    expect(issuesOf(await school.post('/classes', { projectId: 'no uuid', title: '一', startDate: '2026-02-30' }))).toEqual([
      ['projectId', 'identifier'],
      ['title', 'tooShort'],
      ['startDate', 'date'],
    ]);
    expect(await province.db('classes').where({ title: '错误的班' })).toHaveLength(0);
  });

  test('[N14] a timetable comes back with what was typed and the errors at their rows; empty rows are left out; a proposal fills it', async () => {
    const number = await draftClass(province, { seed: 3, trainees: 0, fortnight: 12 });
    const browser = await province.browser('kangning-1');
    const [teacher] = (await (await province.as('kangning-1')).get<Choices>('/classes/new')).body.teachers;
    const rows = {
      'sessions[0][day]': '',
      'sessions[0][topic]': '',
      'sessions[0][hours]': '',
      'sessions[0][half]': 'morning',
      'sessions[0][kind]': 'theory',
      'sessions[0][teacherId]': '',
      'sessions[0][venueId]': '',
      'sessions[1][day]': '2026-09-08',
      'sessions[1][topic]': '刀工基础',
      'sessions[1][hours]': '9',
      'sessions[1][half]': 'morning',
      'sessions[1][kind]': 'practice',
      'sessions[1][teacherId]': teacher?.id ?? '',
      'sessions[1][venueId]': '',
    };
    const refused = await browser.post(`/classes/${number}/timetable/edit`, rows);
    expect(refused.status).toBe(422);
    has(refused.html, 'value="刀工基础"');
    has(refused.html, 'href="#f-sessions.0.hours"');
    has(refused.html, 'href="#f-sessions.0.venueId"');
    expect(await province.db('class_sessions as s').join('classes as c', 'c.id', 's.class_id').where('c.number', number)).toHaveLength(16);

    const proposed = await browser.post(`/classes/${number}/timetable/draft`, {
      ...rows,
      act: 'propose',
      hours: '60',
      hoursPerHalf: '4',
      theoryPercent: '40',
      'teacherIds[]': teacher?.id ?? '',
      venueId: (await province.db('classes').where({ number }).first('venue_id')).venue_id,
    });
    expect(proposed.status).toBe(200);
    has(proposed.html, '已排 15 节、60 课时');
    const more = await browser.post(`/classes/${number}/timetable/draft`, { ...rows, act: 'rows' });
    has(more.html, 'sessions[12][day]');
    has(more.html, 'value="刀工基础"');
  });
});

describe('submitting', () => {
  test('[N14] too late, too few hours, sessions outside the dates: everything at once, and nothing is half done', async () => {
    const number = await draftClass(province, { seed: 4 });
    const school = await province.as('kangning-1');
    const saved = (await school.get<{ saved: Record<string, string> }>(`/classes/${number}/edit`)).body.saved;
    await school.post(`/classes/${number}/edit`, { ...saved, startDate: '2026-03-04', endDate: '2026-03-27' });
    const answer = await school.post(`/classes/${number}/submit`);
    expect(answer.status).toBe(422);
    expect(issuesOf(answer)).toContainEqual(['startDate', 'timetable.lead']);
    expect(issuesOf(answer)).toContainEqual(['sessions.10.day', 'timetable.outsideDates']);
    expect(await province.db('procedures').where({ id: `class-${number}` })).toHaveLength(0);
    expect(await province.db('facts').where({ procedure_id: `class-${number}` })).toHaveLength(0);
  });

  test('[N14] a teacher or a trainee cannot be in two classes at once', async () => {
    const first = await draftClass(province, { seed: 5, login: 'yunfan-1', trainees: 3, fortnight: 0 });
    const school = await province.as('yunfan-1');
    const second = await draftClass(province, { seed: 5, login: 'yunfan-1', trainees: 3, fortnight: 0 });
    expect((await school.post(`/classes/${first}/submit`)).status).toBe(200);
    const answer = await school.post(`/classes/${second}/submit`);
    expect(answer.status).toBe(422);
    const found = issuesOf(answer);
    expect(found).toContainEqual(['sessions.0.teacherId', 'timetable.teacherBusy']);
    expect(found).toContainEqual(['sessions.0.venueId', 'timetable.venueBusy']);
    expect(found).toContainEqual(['roster.1', 'class.personElsewhere']);
  });

  test('of two classes with the same teachers submitted at the same moment one passes', async () => {
    const school = await province.as('minjiang-1');
    const numbers = [
      await draftClass(province, { seed: 51, login: 'minjiang-1', trainees: 3, fortnight: 0 }),
      await draftClass(province, { seed: 52, login: 'minjiang-1', trainees: 3, fortnight: 0 }),
    ];
    const answers = await Promise.all(numbers.map((number) => school.post(`/classes/${number}/submit`)));
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 422]);
  });

  test('sent twice under one key it is submitted once; sent again it is too late', async () => {
    const number = await draftClass(province, { seed: 6, login: 'yunfan-1', trainees: 2 });
    const school = await province.as('yunfan-1');
    const key = randomUUID();
    const answers = await Promise.all([
      school.post(`/classes/${number}/submit`, {}, { key }),
      school.post(`/classes/${number}/submit`, {}, { key }),
    ]);
    expect(answers.map((answer) => [answer.status, JSON.stringify(answer.body)])).toEqual([
      [200, JSON.stringify({ number, procedure: `class-${number}` })],
      [200, JSON.stringify({ number, procedure: `class-${number}` })],
    ]);
    expect(await province.db('facts').where({ procedure_id: `class-${number}` })).toHaveLength(1);
    const again = await school.post<Issues>(`/classes/${number}/submit`);
    expect([again.status, again.body.code]).toEqual([409, 'class.notNow']);
    const draftKey = randomUUID();
    const choices = (await school.get<Choices>('/classes/new')).body;
    const form = { projectId: choices.projects[0]?.id, title: '只应有一个' };
    await Promise.all([school.post('/classes', form, { key: draftKey }), school.post('/classes', form, { key: draftKey })]);
    expect(await province.db('classes').where({ title: '只应有一个' })).toHaveLength(1);
    expect((await school.post('/classes', { ...form, title: '另一个内容' }, { key: draftKey })).status).toBe(409);
  });

  test('a stale form is refused with what the colleague saved, and keeps what was typed', async () => {
    const number = await draftClass(province, { seed: 7, trainees: 0 });
    const colleague = await province.as('kangning-2');
    const browser = await province.browser('kangning-1');
    const { saved, version } = (await colleague.get<{ saved: Record<string, string>; version: number }>(`/classes/${number}/edit`)).body;
    expect((await colleague.post(`/classes/${number}/edit`, { ...saved, title: '同事改过的名称', version })).status).toBe(200);
    const stale = await browser.post(`/classes/${number}/edit`, {
      ...saved,
      title: '我改的名称',
      plan: '我写的计划',
      version: String(version),
    });
    expect(stale.status).toBe(409);
    has(stale.html, 'value="我改的名称"');
    has(stale.html, '我写的计划');
    has(stale.html, '现已保存：同事改过的名称');
    expect((await colleague.post<Issues>(`/classes/${number}/edit`, { ...saved, version })).body.code).toBe('form.stale');
    expect((await colleague.post<Issues>(`/classes/${number}/edit`, saved, { headers: { 'if-match': `"${version}"` } })).status).toBe(412);
    const timetable = await browser.post(`/classes/${number}/timetable/edit`, {
      version: String(version),
      'sessions[0][day]': '2026-03-25',
      'sessions[0][topic]': '我排的课',
      'sessions[0][hours]': '4',
      'sessions[0][half]': 'morning',
      'sessions[0][kind]': 'theory',
      'sessions[0][teacherId]': (
        await province
          .db('teachers as t')
          .join('institutions as i', 'i.id', 't.institution_id')
          .where('i.name', 'like', '%康宁%')
          .first('t.id')
      ).id,
      'sessions[0][venueId]': saved['venueId'] ?? '',
    });
    expect(timetable.status).toBe(409);
    has(timetable.html, 'value="我排的课"');
    expect((await province.db('classes').where({ number }).first('title')).title).toBe('同事改过的名称');
  });

  test('a session that ended in the middle of the form keeps what was typed', async () => {
    const number = await draftClass(province, { seed: 8, trainees: 0 });
    const browser = await province.browser('kangning-1');
    await browser.expire();
    const refused = await browser.post(`/classes/${number}/edit`, { title: '写了一半的名称', plan: '写了很久的计划' });
    expect(refused.status).toBe(303);
    expect(refused.location).toMatch(/^\/sign-in/);
    const kept = refused.setCookies.find((cookie) => cookie.startsWith('shiming-kept='))?.split(';')[0] ?? '';
    const headers = { cookie: kept, accept: 'text/html', origin: province.origin, 'sec-fetch-site': 'same-origin' };
    const signed = await fetch(`${province.origin}/demo/switch`, {
      method: 'POST',
      headers,
      body: new URLSearchParams({ login: 'kangning-1' }),
      redirect: 'manual',
    });
    const session =
      signed.headers
        .getSetCookie()
        .find((cookie) => cookie.startsWith('shiming-session='))
        ?.split(';')[0] ?? '';
    const resumed = await (
      await fetch(`${province.origin}/sign-in/resume`, { headers: { accept: 'text/html', cookie: `${session}; ${kept}` } })
    ).text();
    expect(resumed).toContain('写了很久的计划');
    expect(resumed).toContain(`action="/classes/${number}/edit"`);
  });
});

describe('who sees and does what', () => {
  test('[N7] a draft is its institution’s own; submitted, the county and those above it see it, others find nothing', async () => {
    const number = await draftClass(province, { seed: 9, login: 'shifan-1' });
    const statusFor = async (login: string, path = `/classes/${number}`) => (await (await province.as(login)).get(path)).status;
    expect(await statusFor('shifan-2')).toBe(200);
    for (const login of ['kangning-1', 'cs-first-1', 'fj-audit-1', 'pingjia-1'])
      expect([login, await statusFor(login)]).toEqual([login, 404]);
    await (await province.as('shifan-1')).post(`/classes/${number}/submit`);
    for (const login of ['cs-first-1', 'cs-audit-1', 'fz-supervise-1', 'fj-catalogue-1', 'pingjia-1'])
      expect([login, await statusFor(login)]).toEqual([login, 200]);
    for (const login of ['kangning-1', 'gl-first-1', 'renzheng-1']) {
      for (const tab of ['', '/roster', '/timetable', '/checks', '/money', '/papers', '/timeline'])
        expect([login, tab, await statusFor(login, `/classes/${number}${tab}`)]).toEqual([login, tab, 404]);
    }
    expect(await statusFor('system-1')).toBe(404);
    expect(await statusFor('cs-first-1', '/classes/PX350104-2026-99999')).toBe(404);
    expect(await statusFor('cs-first-1', '/classes/..%2f')).toBe(404);
    expect((await fetch(`${province.origin}/classes/${number}`, { headers: { accept: 'application/json' } })).status).toBe(401);
  });

  test('an officer changes nothing in a class, another institution finds none', async () => {
    const number = await draftClass(province, { seed: 10, trainees: 0 });
    const form = { projectId: randomUUID(), title: '别人的班' };
    for (const [login, status] of [
      ['cs-first-1', 403],
      ['cs-audit-1', 403],
      ['pingjia-1', 403],
      ['yunfan-1', 404],
    ] as const) {
      const person = await province.as(login);
      for (const [path, body] of [
        ['edit', form],
        ['timetable/edit', { sessions: [] }],
        ['submit', {}],
        ['withdraw', { reason: '试一试' }],
        ['resubmit', {}],
        ['roster', { trainees: [{ name: '张三', idNumber: '1', phone: '1', group: '1', account: '1' }] }],
      ] as const) {
        const answer = await person.post(`/classes/${number}/${path}`, body);
        expect([login, path, answer.status]).toEqual([login, path, status]);
      }
    }
    expect((await (await province.as('cs-first-1')).post('/classes', form)).status).toBe(403);
    expect((await (await province.as('cs-first-1')).get('/classes/new')).status).toBe(403);
  });

  test('[N28] the list: own classes for the institution, the subtree for officers, search, status, page after page', async () => {
    const school = await province.as('kangning-2');
    for (let at = 1; at <= 4; at += 1) {
      const choices = (await school.get<Choices>('/classes/new')).body;
      await school.post('/classes', { projectId: choices.projects[0]?.id, title: `分页班 ${at}` });
    }
    type List = { classes: { number: string; title: string; institution: string; status: string }[]; next: string | null };
    const all = (await school.get<List>('/classes?size=100')).body.classes;
    expect(new Set(all.map((line) => line.institution))).toEqual(new Set(['仓山康宁职业培训学校']));
    const paged: string[] = [];
    let next: string | null = '';
    while (next !== null) {
      const { classes, next: more }: List = (await school.get<List>(`/classes?size=3${next ? `&after=${next}` : ''}`)).body;
      paged.push(...classes.map((line) => line.number));
      next = more;
    }
    expect(paged).toEqual(all.map((line) => line.number));
    expect((await school.get<List>('/classes?q=%E5%88%86%E9%A1%B5')).body.classes).toHaveLength(4);
    expect((await school.get<List>('/classes?q=%25')).body.classes).toHaveLength(0);
    expect(
      (await school.get<List>('/classes?status=draft&q=%E5%88%86%E9%A1%B5%E7%8F%AD%203')).body.classes.map((line) => line.title),
    ).toEqual(['分页班 3']);
    const officer = (await (await province.as('cs-second-1')).get<List>('/classes?size=100')).body.classes;
    expect(officer.length).toBeGreaterThan(0);
    expect(officer.every((line) => line.status !== 'draft')).toBe(true);
    expect((await (await province.as('fz-second-1')).get<List>('/classes?size=100')).body.classes.length).toBeGreaterThanOrEqual(
      officer.length,
    );
    expect((await school.get('/classes?status=nonsense')).status).toBe(422);
    expect((await (await province.browser('kangning-1')).get('/classes')).html).toContain('新建班次');
    expect((await (await province.browser('cs-first-1')).get('/classes')).html).not.toContain('新建班次');
  });
});
