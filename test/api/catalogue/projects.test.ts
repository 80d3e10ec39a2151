/** The catalogue of projects (N11) over real HTTP: entered, revised and ended by the catalogue officer; what classes used is never edited. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Answer } from '../../../start/demonstration/person.ts';
import { type Choices, openProvince, type Province } from '../../support/province.ts';

let province: Province;
beforeAll(async () => {
  province = await openProvince();
}, 60_000);
afterAll(() => province?.close());

type Issue = { field: string; code: string };
const issuesOf = (answer: Answer): string[] =>
  ((answer.body['issues'] ?? []) as Issue[]).map(({ field, code }) => `${field} ${code}`).sort();
let serial = 0;
const fresh = (more: Record<string, unknown> = {}) => {
  serial += 1;
  return {
    code: `CS-2026-${serial}`,
    name: `焊工（四级）第 ${serial} 种`,
    occupation: '焊工',
    level: 4,
    kind: 'certificate',
    fund: 'employment_subsidy',
    department: '仓山区人力资源和社会保障局',
    responsible: '职业能力建设股',
    region: '350104',
    hoursMin: 80,
    validFrom: '2026-03-01',
    ...more,
  };
};
const officer = async (login = 'cs-catalogue-1') => province.as(login);
async function added(project: ReturnType<typeof fresh>): Promise<string> {
  const made = await (await officer()).post('/projects', project);
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  return project.code;
}
const offeredTo = async (login: string) => (await (await province.as(login)).get<Choices>('/classes/new')).body.projects;

describe('[N11] the catalogue of projects', () => {
  test('[N11] only the catalogue officer of the region enters, revises and ends', async () => {
    for (const login of ['cs-approve-1', 'cs-finance-1', 'kangning-1', 'cs-audit-1'])
      expect((await (await province.as(login)).post('/projects', fresh())).status, login).toBe(403);
    for (const region of ['350102', '350000', '990000'])
      expect(issuesOf(await (await officer()).post('/projects', fresh({ region })))).toEqual(['region region.outside']);
    const code = await added(fresh());
    const gulou = await officer('gl-catalogue-1');
    expect((await gulou.post(`/projects/${code}/edit`, fresh({ region: '350102', validFrom: '2026-04-01' }))).status).toBe(404);
    expect((await gulou.post(`/projects/${code}/end`, { validTo: '2026-04-01', reason: '越权' })).status).toBe(404);
    expect((await gulou.get(`/projects/${code}/edit`)).status).toBe(404);
    expect((await gulou.post('/projects/FJ-2026-001/end', { validTo: '2026-04-01', reason: '越权' })).status).toBe(404);
  });

  test('[N11] bad input is told at its field, and the browser keeps what was entered', async () => {
    expect(
      issuesOf(
        await (await officer()).post('/projects', fresh({ code: 'x', hoursMin: 0, fund: 'lottery', validFrom: 'soon', name: 'a\nb' })),
      ),
    ).toEqual(['code project.code', 'fund notOffered', 'hoursMin tooSmall', 'name oneLine', 'validFrom date']);
    expect(issuesOf(await (await officer()).post('/projects', fresh({ level: undefined })))).toEqual(['level project.level']);
    expect(issuesOf(await (await officer()).post('/projects', fresh({ kind: 'single_ability' })))).toEqual(['level project.level']);
    expect(issuesOf(await (await officer()).post('/projects', fresh({ validTo: '2026-03-01' })))).toEqual(['validTo project.period']);
    expect(issuesOf(await (await officer()).post('/projects', fresh({ code: 'FJ-2026-001' })))).toEqual(['code project.taken']);
    const browser = await province.browser('cs-catalogue-1');
    const entered = Object.fromEntries(Object.entries(fresh({ hoursMin: 'viele' })).map(([name, value]) => [name, String(value)]));
    for (const lang of ['zh-CN', 'en']) {
      const page = await browser.post(`/projects?lang=${lang}`, entered);
      expect(page.status).toBe(422);
      expect(page.html).toContain(`value="${entered['name']}"`);
      expect(page.html).toContain('<option value="4" selected>');
    }
  });

  test('[N11] a project is offered in its region and below it, to nobody else, and everybody reads it', async () => {
    const project = fresh();
    await added(project);
    expect((await offeredTo('kangning-1')).map(({ name }) => name)).toContain(project.name);
    const elsewhere = fresh({ region: '350102' });
    expect((await (await officer('gl-catalogue-1')).post('/projects', elsewhere)).status).toBe(201);
    expect((await offeredTo('kangning-1')).map(({ name }) => name)).not.toContain(elsewhere.name);
    const { id } = await province.db('catalogue_projects').where({ code: elsewhere.code }).first('id');
    const tried = await (await province.as('kangning-1')).post('/classes', { projectId: id, title: '邻区项目班' });
    expect(issuesOf(tried)).toEqual(['projectId class.project']);
    const seen = await fetch(`${province.origin}/projects/${project.code}`, { headers: { accept: 'application/json' } });
    expect(await seen.json()).toMatchObject({ code: project.code, version: 1, department: project.department, inForce: true });
    const audit = await province
      .db('audit_log')
      .where({ subject: `project-${project.code}` })
      .first('act', 'detail');
    expect(audit).toMatchObject({ act: 'project.add', detail: { name: project.name, version: 1 } });
  });

  test('[N11] a changed project is a new version: classes keep theirs, new ones follow the new one', async () => {
    const project = fresh();
    const code = await added(project);
    const school = await province.as('kangning-1');
    const projectId = (await offeredTo('kangning-1')).find(({ name }) => name === project.name)?.id;
    const made = await school.post<{ number: string }>('/classes', { projectId, title: '旧版班' });
    expect(made.status).toBe(201);
    const { code: _code, ...next } = { ...project, hoursMin: 120, name: `${project.name}（修订）` };
    const person = await officer('cs-catalogue-2');
    expect(issuesOf(await person.post(`/projects/${code}/edit`, { ...next, validFrom: '2026-03-01' }))).toEqual(['validFrom project.past']);
    const revised = await Promise.all([
      person.post(`/projects/${code}/edit`, { ...next, validFrom: '2026-03-02' }),
      (await officer()).post(`/projects/${code}/edit`, { ...next, validFrom: '2026-03-02' }),
    ]);
    expect(revised.map(({ status }) => status).sort()).toEqual([200, 422]);
    const offered = (await offeredTo('kangning-1')).map(({ name }) => name);
    expect(offered).toContain(next.name);
    expect(offered).not.toContain(project.name);
    const kept = await province
      .db('classes as c')
      .join('catalogue_projects as j', 'j.id', 'c.project_id')
      .where('c.number', made.body.number)
      .first('j.name', 'j.version', 'j.hours_min');
    expect(kept).toEqual({ name: project.name, version: 1, hours_min: 80 });
    const shown = await person.get(`/projects/${code}`);
    expect(shown.body).toMatchObject({
      version: 2,
      hoursMin: 120,
      versions: [
        { version: 2, validFrom: '2026-03-02', validTo: null },
        { version: 1, validFrom: '2026-03-01', validTo: '2026-03-02' },
      ],
    });
    await expect(
      province.db.transaction(async (trx) => {
        await trx.raw('set local role shiming_app');
        await trx('catalogue_projects').where({ code }).update({ hours_min: 1 });
      }),
    ).rejects.toThrow(/permission denied/);
  });

  test('[F36] what somebody else revised meanwhile is not revised over: If-Match for programs, the version of the form for browsers', async () => {
    const code = await added(fresh());
    const keeper = await officer();
    const seen = await keeper.get(`/projects/${code}`);
    expect(seen.headers.get('etag')).toBe('"1"');
    const revision = (validFrom: string) => {
      const { code: _code, ...entry } = fresh({ validFrom });
      return entry;
    };
    const first = await keeper.post(`/projects/${code}/edit`, revision('2026-05-01'), { headers: { 'if-match': '"1"' } });
    expect([first.status, first.body]).toEqual([200, { code, version: 2 }]);
    const late = await keeper.post(`/projects/${code}/edit`, revision('2026-06-01'), { headers: { 'if-match': '"1"' } });
    expect([late.status, late.body['code']]).toEqual([412, 'form.stale']);
    const end = { validTo: '2026-09-01', reason: '目录调整' };
    expect((await keeper.post(`/projects/${code}/end`, end, { headers: { 'if-match': '"1"' } })).status).toBe(412);
    expect((await keeper.post(`/projects/${code}/end`, { ...end, version: 1 })).status).toBe(409);
    const browser = await province.browser('cs-catalogue-1');
    expect((await browser.get(`/projects/${code}/edit`)).html).toContain('name="version" value="2"');
    expect((await keeper.post(`/projects/${code}/end`, end, { headers: { 'if-match': '"2"' } })).status).toBe(200);
  });

  test('[N11] an ended project opens no class any more and says why', async () => {
    const project = fresh();
    const code = await added(project);
    const browser = await province.browser('cs-catalogue-1');
    expect((await browser.get('/projects')).html).toContain('href="/projects/new"');
    expect((await browser.get(`/projects/${code}`)).html).toContain(`href="/projects/${code}/edit"`);
    expect((await (await province.browser('gl-catalogue-1')).get(`/projects/${code}`)).html).not.toContain(`/projects/${code}/edit`);
    expect((await browser.get(`/projects/${code}/edit`)).html).toContain(`/projects/${code}/end`);
    expect((await browser.post(`/projects/${code}/end`, { validTo: '2026-02-01', reason: '过早' })).status).toBe(422);
    expect((await browser.post(`/projects/${code}/end`, { validTo: '2026-03-02', reason: '并入省级目录' })).status).toBe(303);
    expect((await offeredTo('kangning-1')).map(({ name }) => name)).not.toContain(project.name);
    expect((await (await officer()).post(`/projects/${code}/end`, { validTo: '2026-03-09', reason: '再次' })).body).toMatchObject({
      status: 409,
      code: 'project.ended',
    });
    const { validFrom: _from, code: _code, ...again } = project;
    expect((await (await officer()).post(`/projects/${code}/edit`, { ...again, validFrom: '2026-03-10' })).body).toMatchObject({
      version: 2,
    });
    expect((await (await province.browser('kangning-1')).get(`/projects/${code}`)).html).toContain('并入省级目录');
  });
});
