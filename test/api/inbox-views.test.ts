/** The inbox beyond its list: saved views, a list as a file, tasks of one person; real PostgreSQL, no Temporal. */
import { randomUUID } from 'node:crypto';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { issuePaper } from '../../db/papers.ts';
import { newestLine } from '../../db/views/inbox/task-changes.ts';
import { makeId } from '../../workflows/domain/people/identity.ts';
import { firstReview } from '../support/by-hand/cases.ts';
import { type CounterOfTests, openCounter } from '../support/counter.ts';
import { listenTo, until } from '../support/streams.ts';

let counter: CounterOfTests;
beforeAll(async () => {
  counter = await openCounter();
});
afterAll(() => counter?.close());

type SavedView = { id: string; name: string; href: string };

describe('saved views', () => {
  test('[F10] the panel of a region offers the officers of the own offices who have something open, and nobody else', async () => {
    const offered = async (login: string, query = '?view=region') =>
      /<select[^>]*name="holder"[\s\S]*?<\/select>/.exec((await counter.browse(login, `/tasks${query}`)).html)?.[0] ?? '';
    const here = (await counter.cases.open([firstReview])).taskIds[0] ?? '';
    const there = (await counter.cases.open([firstReview], { region: '350102' })).taskIds[0] ?? '';
    const people = await Promise.all(['first-1', 'first-2', 'other-first-1'].map((login) => counter.cases.actor(login)));
    const [own = '', idle = '', elsewhere = ''] = people.map(({ userId }) => `value="${userId}"`);
    await (await counter.as('first-1')).post(`/tasks/${here}/claim`);
    expect((await (await counter.as('other-first-1')).post(`/tasks/${there}/claim`)).status).toBe(200);
    const county = await offered('supervise-1');
    expect(county).toContain(own);
    expect(county).toContain('仓山区');
    for (const unknown of [idle, elsewhere]) expect(county).not.toContain(unknown);
    const city = await offered('city-supervise-1');
    for (const known of [own, elsewhere]) expect(city).toContain(known);
    expect(await offered('city-supervise-1', `?view=region&holder=${people[0]?.userId}`)).toContain(`${own} selected`);
    // A list of the own queue, and an institution, are offered nobody.
    expect(await offered('first-1', '')).toBe('');
    expect(await offered('school-1', '?view=region')).toBe('');
    await (await counter.as('first-1')).post(`/tasks/${here}/release`);
    expect(await offered('supervise-1')).not.toContain(own);
  });

  test('[F11] a filter under a name: a chip above the list, the address stays shareable, renamed, deleted', async () => {
    await counter.cases.open([firstReview], { title: '电工（三级）第 1 期' });
    const list = await counter.browse('first-1', '/tasks?q=%E7%94%B5%E5%B7%A5');
    expect(list.html).toContain('保存当前筛选');
    const saved = await counter.browse('first-1', '/tasks/views', { name: '电工班', list: 'q=%E7%94%B5%E5%B7%A5' });
    expect(saved).toMatchObject({ status: 303, location: '/tasks?q=%E7%94%B5%E5%B7%A5' });
    const page = await counter.browse('first-1', '/tasks');
    expect(page.html).toMatch(/<a class="chip off" href="\/tasks\?q&#x3D;%E7%94%B5%E5%B7%A5">电工班<\/a>/);
    const one = await counter.as('first-1');
    expect((await one.get<{ savedViews: SavedView[] }>('/tasks')).body.savedViews).toMatchObject([{ name: '电工班' }]);
    // Nobody else has it, and nobody else changes it.
    const other = await counter.as('first-2');
    expect((await other.get<{ views: SavedView[] }>('/tasks/views')).body.views).toEqual([]);
    const [view] = (await one.get<{ views: SavedView[] }>('/tasks/views')).body.views;
    expect((await other.post(`/tasks/views/${view?.id}/rename`, { name: '别人的' })).status).toBe(404);
    await other.post(`/tasks/views/${view?.id}/delete`);
    expect((await one.post<SavedView>(`/tasks/views/${view?.id}/rename`, { name: '急件' })).body).toMatchObject({
      name: '急件',
      href: view?.href,
    });
    const manage = await counter.browse('first-1', '/tasks/views');
    expect(manage.html).toContain('包含：电工');
    await one.post(`/tasks/views/${view?.id}/delete`);
    expect((await one.get<{ views: SavedView[] }>('/tasks/views')).body.views).toEqual([]);
  });

  test('[F10] region, day and officer are filters like the others: chosen in the panel, shown as chips, kept in the address, saved, exported', async () => {
    const { taskIds } = await counter.cases.open([firstReview], { title: '仓山的一个班' });
    const taskId = taskIds[0] ?? '';
    const { userId } = await counter.cases.actor('first-1');
    await (await counter.as('first-1')).post(`/tasks/${taskId}/claim`);
    const boss = await counter.as('city-supervise-1');
    const found = async (query: string) =>
      (await boss.get<{ tasks: { id: string }[]; counts: { total: number } }>(`/tasks?view=region&${query}`)).body;
    expect((await found('region=350104')).tasks.map(({ id }) => id)).toContain(taskId);
    expect((await found('region=350102')).tasks.map(({ id }) => id)).not.toContain(taskId);
    expect((await found('region=350104&dueBy=2026-03-02')).tasks.map(({ id }) => id)).not.toContain(taskId);
    expect((await found('region=350104&dueBy=2026-12-31')).tasks.map(({ id }) => id)).toContain(taskId);
    expect(await found(`holder=${userId}`)).toMatchObject({ tasks: [{ id: taskId }], counts: { total: 1 } });
    // Nobody learns from the filter who sits in another office, an institution nobody at all.
    expect((await counter.browse('first-2', `/tasks?holder=${userId}`)).html).toContain('办理人：周明');
    for (const login of ['other-first-1', 'school-1'])
      expect((await counter.browse(login, `/tasks?holder=${userId}`)).html).not.toContain('办理人：周明');
    expect((await counter.browse('school-1', `/tasks?holder=${userId}`)).html).not.toContain('办理人：');
    // An invented place in a list begins from the top.
    for (const place of [
      ['2026-01-01 1:1+99:99:99', 'x'],
      ['2026-01-01 01:01:01+99:99:99', 'x'],
      ['2026-02-31 01:01:01+08', 'x'],
      ['2026-01-01 25:01:01+08', 'x'],
      ['2026-01-01 01:01:01+08', 'a\u0000'],
      [{}, []],
    ])
      expect(await found(`holder=${userId}&after=${Buffer.from(JSON.stringify(place)).toString('base64url')}`)).toMatchObject({
        counts: { total: 1 },
      });
    expect((await boss.get('/tasks?view=region&region=x')).status).toBe(422);

    const list = `view=region&region=350104&dueBy=2026-12-31&holder=${userId}`;
    const page = await counter.browse('city-supervise-1', `/tasks?${list}`);
    expect(page.html).toMatch(/<option value="350104" selected>仓山区<\/option>/);
    expect(page.html).toContain('name="dueBy" value="2026-12-31"');
    for (const [words, without] of [
      ['地区：仓山区', `view=region&dueBy=2026-12-31&holder=${userId}`],
      ['12月31日（周四）及以前到期', `view=region&region=350104&holder=${userId}`],
      ['办理人：周明', 'view=region&region=350104&dueBy=2026-12-31'],
    ]) {
      const chip = page.html.split('<a class="chip"').find((one) => one.includes(`>${words} <`)) ?? '';
      const href = /href="([^"]+)"/.exec(chip)?.[1]?.replaceAll('&amp;', '&').replaceAll('&#x3D;', '=');
      expect(new URLSearchParams(href?.split('?')[1])).toEqual(new URLSearchParams(without));
    }
    // The board leads from an officer to what this officer has.
    expect((await counter.browse('supervise-1', '/board?now=1')).html).toContain(`/tasks?view=region&amp;holder=${userId}`);
    await boss.post('/tasks/views', { name: '仓山年内', list });
    expect((await counter.browse('city-supervise-1', '/tasks/views')).html).toContain('地区：仓山区');
    const file = await fetch(`${counter.origin}/tasks/export.csv?${list}`, { headers: { authorization: `Bearer ${boss.token}` } });
    expect((await file.text()).match(/仓山的一个班/g)).toHaveLength(1);
    // An officer of a county has no county to choose, an institution neither.
    for (const login of ['first-1', 'school-1']) expect((await counter.browse(login, '/tasks')).html).not.toContain('name="region"');
  });

  test('[F10] tasks are found by the number of a paper of their class, in the own queue, in the region and on an open list', async () => {
    const { taskIds } = await counter.cases.open([firstReview], { title: '持文书来问的班' });
    const taskId = taskIds[0] ?? '';
    const paper = await counter.db.transaction(async (trx) => {
      const { procedure_id: procedureId } = await trx('tasks').where({ id: taskId }).first('procedure_id');
      const { classId } = counter.cases;
      return issuePaper(trx, { kind: 'correction_notice', classId, procedureId, region: '350104', content: {} });
    });
    const typed = encodeURIComponent(paper.number.replace('〔', '[').replace('〕', ']'));
    for (const [login, query] of [
      ['first-1', `q=${typed}`],
      ['supervise-1', `view=region&q=${typed}`],
    ] as const) {
      const { tasks } = (await (await counter.as(login)).get<{ tasks: { id: string }[] }>(`/tasks?${query}`)).body;
      expect([login, tasks.map(({ id }) => id).includes(taskId)]).toEqual([login, true]);
      const none = await (await counter.as(login)).get<{ tasks: unknown[] }>(`/tasks?${query.replace('2026', '2025')}`);
      expect([login, none.body.tasks]).toEqual([login, []]);
    }
    const list = await listenTo(counter, 'first-1', `/tasks/events?q=${typed}&since=${(await newestLine(counter.db)).toString()}`);
    await (await counter.as('first-2')).post(`/tasks/${taskId}/claim`);
    await until(() => list.told.some((task) => task.id === taskId && task.holder === '李静'));
    list.stop();
  });

  test('[F11] at most twenty; the same name replaces; a name that is taken, none, one too long', async () => {
    const one = await counter.as('second-1');
    const answers = await Promise.all(
      Array.from({ length: 22 }, (_, at) => one.post('/tasks/views', { name: `第 ${at} 个`, list: `q=${at}` })),
    );
    expect(answers.filter((answer) => answer.status === 201)).toHaveLength(20);
    expect(answers.find((answer) => answer.status === 422)?.body).toMatchObject({ issues: [{ field: 'name', code: 'savedView.tooMany' }] });
    const { views } = (await one.get<{ views: SavedView[] }>('/tasks/views')).body;
    expect(views).toHaveLength(20);
    expect((await one.post<SavedView>('/tasks/views', { name: views[0]?.name, list: 'urgency=soon&bad=1' })).body.href).toBe(
      '/tasks?urgency=soon',
    );
    expect((await one.post(`/tasks/views/${views[0]?.id}/rename`, { name: views[1]?.name })).body).toMatchObject({
      issues: [{ field: 'name', code: 'savedView.taken' }],
    });
    for (const name of ['', ' ', 'x'.repeat(41)]) expect((await one.post('/tasks/views', { name })).status).toBe(422);
  });
});

describe('a list as a file', () => {
  test('[F11] what is on screen as CSV: its mark, formulas made harmless, the own scope, on record', async () => {
    await counter.cases.open([firstReview], { title: '=1+1', institution: '@导出学校', id: `class-${randomUUID()}` });
    await counter.cases.open([firstReview], { title: '平常班次', institution: '@导出学校', id: `class-${randomUUID()}` });
    await counter.cases.open([{ ...firstReview }], {
      title: '外县班次',
      institution: '@导出学校',
      region: '350102',
      id: `class-${randomUUID()}`,
    });
    const one = await counter.as('first-1');
    const query = `q=${encodeURIComponent('@导出')}`;
    const content = await one.download(`/tasks/export.csv?${query}`);
    expect(content.subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
    const rows = parse(content, { bom: true }) as string[][];
    expect(rows[0]).toEqual([
      '事项',
      '编号',
      '第几次',
      '机构',
      '环节',
      '人数',
      '金额（元）',
      '紧急程度',
      '时限',
      '截止日',
      '加急',
      '标签',
      '催办',
      '办理人',
    ]);
    expect(rows).toHaveLength(3);
    expect(new Set(rows.slice(1).map((row) => row[0]))).toEqual(new Set(["'=1+1", '平常班次']));
    expect(rows[1]?.[3]).toBe("'@导出学校");
    expect(rows[1]?.[6]).toBe('2100.00');
    expect(content.toString('utf8')).not.toMatch(/\d{17}[\dX]/);
    const lines = await counter.db('audit_log').where({ act: 'inbox.export', actor: (await counter.cases.actor('first-1')).userId });
    expect(lines).toHaveLength(1);
    expect(lines[0]?.detail).toEqual({ view: 'queue', text: true });
    const page = await counter.browse('first-1', `/tasks?${query}`);
    expect(page.html).toContain('/tasks/export.csv?q');
  });

  test('[F11] no more than ten thousand rows, in the order of the list', async () => {
    await counter.db.raw(
      `insert into procedures (id, type, subject_id, region, region_path, subject_number, subject_title, institution_name, terms, opened_at)
       values ('many', 'objection', 'none', '350102', '350000/350100/350102', 'many', 'many', 'many', '{}', business_now())`,
    );
    await counter.db.raw(
      `insert into tasks (id, procedure_id, step, round, kind, role, office, office_path, outcomes, subject_number, subject_title, institution_name, opened_at, from_date,
                          working_days, due_date, due_at, calendar_version)
       select 'many/a.b/' || n, 'many', 'a.b', n, 'review', 'first_reviewer', '350102', '350000/350100/350102', '{approve}', 'many', 'n ' || n, 'many', business_now(),
              business_today(), 5, business_today() + n % 40, business_now() + (n % 40) * interval '1 day', 'test' from generate_series(1, 10050) n`,
    );
    await counter.db.raw('analyze tasks');
    const rows = parse(await (await counter.as('other-first-1')).download('/tasks/export.csv'), { bom: true }) as string[][];
    expect(rows).toHaveLength(10_001);
    const dates = rows.slice(1).map((row) => row[9] ?? '');
    expect(dates).toEqual([...dates].sort());
    expect(new Set(rows.map((row) => row[0])).size).toBeGreaterThan(10_000);
  });
});

describe('tasks of one person', () => {
  const known = makeId({ region: '350104', birth: '1990-03-07', serial: 122 });
  const unknown = makeId({ region: '350104', birth: '1991-03-07', serial: 7 });

  test('[N2] by exact ID number and for a purpose: within the own region, on record, never in an address', async () => {
    const { taskIds } = await counter.cases.open([firstReview], { title: '查人班' });
    const one = await counter.as('first-1');
    const found = await one.post<{ person: { name: string; idMasked: string } | null; tasks: { id: string; status: string }[] }>(
      '/tasks/by-person',
      // As people type it: full width, blanks, small x.
      { idNumber: ` ${known.slice(0, 6)} ${known.slice(6)} `, purpose: '核对投诉' },
    );
    expect(found.status).toBe(200);
    expect(found.body.person).toMatchObject({ name: '林小燕', idMasked: expect.stringContaining('*') });
    expect(found.body.tasks.map((task) => task.id)).toContain(taskIds[0]);
    const [line] = await counter.db('audit_log').where({ act: 'person.search' });
    expect(line.detail).toEqual({ purpose: '核对投诉', tasks: found.body.tasks.length });
    expect(line.subject).toMatch(/^person-[0-9a-f-]{36}$/);
    expect(JSON.stringify(line)).not.toContain(known);
    await counter.db('tasks').where({ office: '350102' }).update({ class_id: null });
    // Somebody of another county learns nothing, not even that the person is known.
    const stranger = await (await counter.as('other-first-1')).post('/tasks/by-person', { idNumber: known, purpose: '核对' });
    expect(stranger.body).toEqual({ person: null, tasks: [] });
    expect((await one.post('/tasks/by-person', { idNumber: unknown, purpose: '核对' })).body).toEqual({ person: null, tasks: [] });
    expect(await counter.db('audit_log').where({ act: 'person.search', subject: 'person-unknown' })).toHaveLength(2);
  });

  test('a purpose is needed, the number must be sound, and institutions do not look people up', async () => {
    const one = await counter.as('first-1');
    expect((await one.post('/tasks/by-person', { idNumber: known })).body).toMatchObject({
      issues: [{ field: 'purpose', code: 'required' }],
    });
    expect((await one.post('/tasks/by-person', { idNumber: '350104199003071221', purpose: '核对' })).body).toMatchObject({
      issues: [{ field: 'idNumber', code: 'id.checkDigit' }],
    });
    expect((await (await counter.as('school-1')).post('/tasks/by-person', { idNumber: known, purpose: '核对' })).status).toBe(403);
    expect((await counter.browse('first-1', '/tasks/by-person')).html).toContain('每次查询都会留痕');
    const page = await counter.browse('first-1', '/tasks/by-person', { idNumber: known, purpose: '核对' });
    expect(page.status).toBe(200);
    expect(page.html).toContain('林小燕');
    expect(page.html).toContain('查人班');
  });
});
