/** Grants by two people, and three administrators who decide no case, over real HTTP, as programs and as browsers. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { officerRoles } from '../../../workflows/domain/roles.ts';
import type { Answer } from '../../../start/demonstration/person.ts';
import { firstReview } from '../../support/by-hand/cases.ts';
import { draftClass, openProvince, type Province } from '../../support/province.ts';
import { accountsIn, issuesOf } from './account-makers.ts';

let province: Province;
const { idOf, newAccount, settled, granted, askForRole } = accountsIn(() => province);

beforeAll(async () => {
  province = await openProvince();
}, 60_000);
afterAll(() => province?.close());

describe('[F37] grants by two people', () => {
  test('[F37] only security administrators ask, confirm and revoke', async () => {
    const { login } = await newAccount();
    const asked = await askForRole(login, 'inspector');
    for (const who of ['system-1', 'auditadmin-1', 'fj-approve-1', 'kangning-1']) {
      const person = await province.as(who);
      expect((await person.post('/admin/grants', { login, role: 'inspector', region: '350104', reason: '任命' })).status).toBe(403);
      expect((await person.post(`/admin/grants/requests/${asked.body.requestId}/confirm`)).status).toBe(403);
      expect((await person.post('/admin/grants/1/revoke', { reason: '任命' })).status).toBe(403);
      expect((await person.get('/admin/grants')).status).toBe(403);
    }
  });

  test('[F37] who asked cannot confirm, nobody grants to oneself, and the beneficiary cannot confirm', async () => {
    const first = await province.as('security-1');
    const self = await first.post('/admin/grants', { login: 'security-1', role: 'approver', region: '350104', reason: '任命' });
    expect([self.status, issuesOf(self)]).toEqual([422, [['login', 'grant.oneself']]]);
    const { login } = await newAccount();
    const asked = await first.post<{ requestId: string }>('/admin/grants', { login, role: 'approver', region: '350104', reason: '任命' });
    const own = await first.post(`/admin/grants/requests/${asked.body.requestId}/confirm`);
    expect([own.status, own.body['code']]).toEqual([403, 'grant.ownRequest']);
    const page = await (await province.browser('security-1')).get('/admin/grants');
    expect(page.html).not.toContain(`/admin/grants/requests/${asked.body.requestId}/confirm`);
    expect((await (await province.browser('security-2')).get('/admin/grants')).html).toContain(
      `/admin/grants/requests/${asked.body.requestId}/confirm`,
    );
    const forOther = await first.post<{ requestId: string }>('/admin/grants', {
      login: 'security-2',
      role: 'security_admin',
      region: '350100',
      reason: '兼管',
    });
    const beneficiary = await (await province.as('security-2')).post(`/admin/grants/requests/${forOther.body.requestId}/confirm`);
    expect([beneficiary.status, beneficiary.body['code']]).toEqual([403, 'grant.oneself']);
    expect(await province.db('grants').where({ user_id: await idOf(login) })).toHaveLength(0);
  });

  test('[F37] twenty confirmations at once make one grant, and it works from the next request on', async () => {
    const { id, login, person } = await settled();
    expect((await person.get('/tasks')).body['items'] ?? []).toEqual([]);
    const asked = await askForRole(login, 'first_reviewer');
    const second = await province.as('security-2');
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => second.post(`/admin/grants/requests/${asked.body.requestId}/confirm`)),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status, body }) => status === 409 && body['code'] === 'grant.confirmed')).toHaveLength(19);
    const grants = await province.db('grants').where({ user_id: id });
    expect(grants).toHaveLength(1);
    expect(grants[0]).toMatchObject({
      granted_by: await idOf('security-1'),
      confirmed_by: await idOf('security-2'),
      request_id: asked.body.requestId,
    });
    expect((await person.get('/account')).body['grants']).toEqual([{ role: 'first_reviewer', region: '350104' }]);
  });

  test('[F37] the same confirmation under one Idempotency-Key gets one answer', async () => {
    const { login } = await newAccount();
    const asked = await askForRole(login, 'inspector');
    const second = await province.as('security-2');
    const key = randomUUID();
    const answers = await Promise.all(
      [1, 2, 3].map(() => second.post(`/admin/grants/requests/${asked.body.requestId}/confirm`, {}, { key })),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(new Set(answers.map(({ body }) => body['grantId'])).size).toBe(1);
  });

  test('[F37] one person is enough to revoke, and the next request is answered without the role', async () => {
    const { login, person } = await settled();
    const grant = await granted(login, 'supervisor');
    expect((await person.get('/board')).status).toBe(200);
    const revoked = await (await province.as('security-1')).post(`/admin/grants/${grant}/revoke`, { reason: '轮岗' });
    expect(revoked.status).toBe(200);
    expect((await person.get('/board')).status).toBe(403);
    expect((await (await province.as('security-2')).post(`/admin/grants/${grant}/revoke`, { reason: '再次' })).status).toBe(409);
    expect(issuesOf(await (await province.as('security-1')).post(`/admin/grants/${grant}/revoke`, {}))).toEqual([['reason', 'required']]);
  });

  test('[F37] an installation cannot lock itself out: of two security administrators neither is revoked nor closed, until a third is there', async () => {
    const [one, other] = [await province.as('security-1'), await province.as('security-2')];
    const row = await province
      .db('grants as g')
      .join('users as u', 'u.id', 'g.user_id')
      .where('u.login', 'security-2')
      .first('g.id', 'u.id as user');
    const revoke = () => one.post(`/admin/grants/${row.id}/revoke`, { reason: '轮岗' });
    expect((await revoke()).body).toMatchObject({ status: 409, code: 'grant.lastAdministrators' });
    const closed = await (await province.as('system-1')).post(`/admin/accounts/${row.user}/deactivate`, { reason: '离职' });
    expect(closed.body).toMatchObject({ status: 409, code: 'grant.lastAdministrators' });
    expect((await other.get('/admin/grants')).status).toBe(200);
    // One of a county counts for the county alone.
    const county = await settled();
    await granted(county.login, 'security_admin', '350104');
    expect((await revoke()).status).toBe(409);
    const third = await settled();
    const grant = await granted(third.login, 'security_admin', '350000');
    const both = await Promise.all([revoke(), one.post(`/admin/grants/${grant}/revoke`, { reason: '同时' })]);
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 409]);
    await province.db('grants').where({ id: row.id }).update({ valid_to: null, revoked_by: null, revoked_at: null, revoke_reason: null });
  });

  test('[F37] a grant to come does nothing before its day, and a period that ends before it begins is refused', async () => {
    const { login, person } = await settled();
    const first = await province.as('security-1');
    const ask = (more: Record<string, string>) =>
      first.post<{ requestId: string }>('/admin/grants', { login, role: 'supervisor', region: '350104', reason: '任命', ...more });
    expect(issuesOf(await ask({ validFrom: '2020-01-01' }))).toEqual([['validFrom', 'grant.past']]);
    expect(issuesOf(await ask({ validFrom: '2031-01-01', validTo: '2031-01-01' }))).toEqual([['validTo', 'grant.period']]);
    const asked = await ask({ validFrom: '2031-01-01', validTo: '2032-01-01' });
    expect(asked.status).toBe(201);
    expect(((await ask({ validFrom: '2031-01-01' })) as Answer).body['code']).toBe('grant.requested');
    await (await province.as('security-2')).post(`/admin/grants/requests/${asked.body.requestId}/confirm`);
    expect((await person.get('/board')).status).toBe(403);
  });

  test('[F37] grants stay inside the administrator’s own subtree, region and account', async () => {
    const county = await settled();
    await granted(county.login, 'security_admin', '350104');
    const { login } = await newAccount();
    const away = await newAccount({ region: '350102' });
    const ask = (more: Record<string, string>) =>
      county.person.post('/admin/grants', { login, role: 'inspector', region: '350104', reason: '任命', ...more });
    expect(issuesOf(await ask({ region: '350100' }))).toEqual([['region', 'grant.outside']]);
    expect(issuesOf(await ask({ login: away.login }))).toEqual([['login', 'grant.account']]);
    expect((await ask({})).status).toBe(201);
    const above = await askForRole(login, 'inspector', '350100');
    expect((await county.person.post(`/admin/grants/requests/${above.body.requestId}/confirm`)).status).toBe(404);
  });

  test('[F37] administrators stand apart: no second administrator role, no role that decides, said at the field', async () => {
    const first = await province.as('security-1');
    const ask = (login: string, role: string) => first.post('/admin/grants', { login, role, region: '350000', reason: '任命' });
    for (const role of ['security_admin', 'audit_admin', ...officerRoles])
      expect(issuesOf(await ask('system-2', role)), role).toEqual([['role', 'grant.apart']]);
    for (const role of ['system_admin', 'audit_admin', 'approver'])
      expect(issuesOf(await ask('security-2', role)), role).toEqual([['role', 'grant.apart']]);
    for (const role of ['system_admin', 'security_admin', 'supervisor'])
      expect(issuesOf(await ask('auditadmin-2', role)), role).toEqual([['role', 'grant.apart']]);
    for (const role of ['system_admin', 'security_admin', 'audit_admin'])
      expect(issuesOf(await ask('cs-first-1', role)), role).toEqual([['role', 'grant.apart']]);
    expect(issuesOf(await ask('cs-first-1', 'institution'))).toEqual([['role', 'grant.institutionAccount']]);
    expect(issuesOf(await ask('kangning-1', 'approver'))).toEqual([['role', 'grant.officeAccount']]);
    expect(issuesOf(await ask('kangning-1', 'system_admin'))).toEqual([['role', 'grant.officeAccount']]);
    const page = await (await province.browser('security-1')).post('/admin/grants?lang=en', {
      login: 'cs-first-1',
      role: 'system_admin',
      region: '350000',
      reason: 'x y',
    });
    expect([page.status, page.html.includes('stands alone'), page.html.includes('First reviewer')]).toEqual([422, true, true]);
  });

  test('[F37] two requests that exclude each other: the second cannot be confirmed', async () => {
    const { id, login } = await newAccount();
    const first = await province.as('security-1');
    const ask = (role: string) => first.post<{ requestId: string }>('/admin/grants', { login, role, region: '350104', reason: '任命' });
    const [one, two] = [await ask('system_admin'), await ask('approver')];
    const second = await province.as('security-2');
    const answers = await Promise.all([one, two].map(({ body }) => second.post(`/admin/grants/requests/${body.requestId}/confirm`)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 422]);
    expect(await province.db('grants').where({ user_id: id })).toHaveLength(1);
  });
});

describe('[F37] no administrator decides a case', () => {
  test('[F37] through no entry point, page or REST', async () => {
    const number = await draftClass(province, { trainees: 3, seed: 51 });
    expect((await (await province.as('kangning-1')).post(`/classes/${number}/submit`)).status).toBe(200);
    const id = `class-${number}`;
    await province.step(id, 'pre_training', {
      asks: [firstReview],
    });
    const task = `${id}/pre_training.first_review/1`;
    const before = await province.db('facts').where({ procedure_id: id });
    for (const login of ['system-1', 'security-1', 'auditadmin-1']) {
      const person = await province.as(login);
      const browser = await province.browser(login);
      for (const path of [
        `/tasks/${task}/decide`,
        `/tasks/${task}/claim`,
        `/tasks/${task}/urge`,
        `/tasks/${task}/reassign`,
        `/tasks/${task}/escalate`,
        `/classes/${number}/submit`,
        `/classes/${number}/withdraw`,
        `/classes/${number}/changes`,
      ]) {
        const body = { outcome: 'approve', version: '1', reason: '越权试一试', to: await idOf('cs-first-2') };
        expect([403, 404], `${login} ${path}`).toContain((await person.post(path, body)).status);
        expect([403, 404], `${login} ${path} as a page`).toContain((await browser.post(path, body)).status);
      }
      for (const path of [`/tasks/${task}`, `/classes/${number}`, `/classes/${number}/roster`, '/payments', '/funds', '/board'])
        expect([403, 404], `${login} ${path}`).toContain((await browser.get(path)).status);
    }
    expect(await province.db('facts').where({ procedure_id: id })).toEqual(before);
    expect((await province.db('tasks').where({ id: task }).first()).status).toBe('open');
  });

  test('[F37] each of the three finds only the own acts on the first page', async () => {
    const places = async (login: string) =>
      (await (await province.as(login)).get<{ places: { id: string }[] }>('/admin')).body.places.map(({ id }) => id);
    expect(await places('system-1')).toEqual(['accounts', 'newAccount', 'calendar', 'mails', 'sms', 'letters', 'operations', 'clock']);
    expect(await places('security-1')).toEqual(['accounts', 'operations', 'grants', 'newGrant', 'security']);
    expect(await places('auditadmin-1')).toEqual(['operations', 'audit', 'chain']);
    expect((await (await province.as('cs-first-1')).get('/admin')).status).toBe(403);
    for (const [login, paths] of [
      ['system-1', ['/admin/grants', '/admin/audit', '/admin/audit/chain', '/admin/audit/export.csv']],
      ['security-1', ['/admin/mails', '/admin/calendar', '/admin/accounts/new', '/admin/audit']],
      ['auditadmin-1', ['/admin/mails', '/admin/calendar', '/admin/accounts', '/admin/grants']],
    ] as const)
      for (const path of paths) expect((await (await province.as(login)).get(path)).status, `${login} ${path}`).toBe(403);
  });
});
