/** Accounts, grants, the three administrators and the audit log over real HTTP, as programs and as browsers. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closeDatabase, openDatabase } from '../../../db/client.ts';
import { createFirstAdministrators } from '../../../db/accounts/first-administrators.ts';
import { readCsv } from '../../../db/formats/csv.ts';
import { hashToken } from '../../../db/accounts/sessions.ts';
import { renderMail } from '../../../db/correspondence/letters.ts';
import { type Answer, type Person, signIn } from '../../../start/demonstration/person.ts';
import type { Ask } from '../../../workflows/domain/procedures.ts';
import { draftClass, openProvince, type Province } from '../../support/province.ts';
import { freshDatabase } from '../../support/servers.ts';

const good = 'Chuang-qian 7 ming yue';
const firstReview: Ask = {
  step: 'pre_training.first_review',
  kind: 'review',
  role: 'first_reviewer',
  level: 'county',
  outcomes: ['approve', 'return'],
  workingDays: 3,
};
let province: Province;

beforeAll(async () => {
  province = await openProvince();
}, 60_000);
afterAll(() => province?.close());

type Issue = { field: string; code: string };
const issuesOf = (answer: Answer): [string, string][] => ((answer.body['issues'] ?? []) as Issue[]).map(({ field, code }) => [field, code]);
const idOf = async (login: string): Promise<string> => (await province.db('users').where({ login }).first('id')).id;
let serial = 0;

/** A new account of the office of Cangshan (or as told), by the system administrator. */
async function newAccount(more: Record<string, unknown> = {}): Promise<{ id: string; login: string; link: string }> {
  serial += 1;
  const login = `new-${serial}`;
  const admin = await province.as('system-1');
  const fields = {
    login,
    name: '欧阳明',
    email: `${login}@office.invalid`,
    ...('creditCode' in more ? {} : { region: '350104' }),
    ...more,
  };
  const made = await admin.post<{ id: string; setUpLink: string }>('/admin/accounts', fields);
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  return { id: made.body.id, login: String(fields.login), link: new URL(made.body.setUpLink).pathname };
}

/** As somebody who is not signed in. */
async function outside(path: string, body?: Record<string, string>, accept = 'application/json') {
  const response = await fetch(`${province.origin}${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { accept, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
    redirect: 'manual',
  });
  const text = await response.text();
  return {
    status: response.status,
    text,
    body: (text.startsWith('{') ? JSON.parse(text) : {}) as Record<string, unknown>,
    headers: response.headers,
  };
}

async function settled(more: Record<string, unknown> = {}): Promise<{ id: string; login: string; person: Person }> {
  const account = await newAccount(more);
  expect((await outside(account.link, { newPassword: good, repeatPassword: good })).status).toBe(200);
  return { ...account, person: await signIn(province.origin, account.login, good) };
}

async function granted(login: string, role: string, region = '350104'): Promise<number> {
  const asked = await (await province.as('security-1')).post<{ requestId: string }>('/admin/grants', {
    login,
    role,
    region,
    reason: '任命',
  });
  expect(asked.status, JSON.stringify(asked.body)).toBe(201);
  const confirmed = await (await province.as('security-2')).post<{ grantId: number }>(
    `/admin/grants/requests/${asked.body.requestId}/confirm`,
  );
  expect(confirmed.status, JSON.stringify(confirmed.body)).toBe(200);
  return confirmed.body.grantId;
}

describe('[F37] accounts', () => {
  test('[F37] only the system administrator makes accounts, and only inside the own regions', async () => {
    const fields = { login: 'nobody', name: '某某', email: 'a@office.invalid', region: '350104' };
    for (const login of ['security-1', 'auditadmin-1', 'fj-approve-1', 'kangning-1'])
      expect((await (await province.as(login)).post('/admin/accounts', fields)).status, login).toBe(403);
    expect((await outside('/admin/accounts', fields)).status).toBe(401);

    const county = await settled();
    await province.db('grants').insert({ user_id: county.id, role: 'system_admin', region: '350104' });
    const away = await county.person.post('/admin/accounts', { ...fields, region: '350102' });
    expect([away.status, issuesOf(away)]).toEqual([422, [['region', 'account.outside']]]);
    expect((await county.person.get(`/admin/accounts/${await idOf('gl-first-1')}`)).status).toBe(404);
    expect((await county.person.post(`/admin/accounts/${await idOf('gl-first-1')}/deactivate`, { reason: '试试' })).status).toBe(404);
    expect(
      (await county.person.get<{ accounts: { region: string }[] }>('/admin/accounts?size=100')).body.accounts.every(
        ({ region }) => region === '350104',
      ),
    ).toBe(true);
    expect((await county.person.get(`/admin/accounts/${await idOf('cs-first-1')}`)).status).toBe(200);
  });

  test('[F37] bad input is refused at its field, in both languages, and the browser keeps what was entered', async () => {
    const admin = await province.as('system-1');
    const bad = await admin.post('/admin/accounts', { login: 'Bad Login', name: '王', email: 'nowhere' });
    expect(issuesOf(bad)).toEqual([
      ['login', 'account.loginForm'],
      ['name', 'tooShort'],
      ['email', 'email'],
    ]);
    const fields = { login: 'cs-first-1', name: '王一', email: 'a@office.invalid' };
    expect(issuesOf(await admin.post('/admin/accounts', { ...fields, region: '350104' }))).toEqual([['login', 'account.loginTaken']]);
    expect(issuesOf(await admin.post('/admin/accounts', fields))).toEqual([['region', 'account.place']]);
    expect(issuesOf(await admin.post('/admin/accounts', { ...fields, creditCode: '911101080000000000' }))).toEqual([
      ['creditCode', 'account.institution'],
    ]);
    const browser = await province.browser('system-1');
    for (const [lang, words] of [
      ['zh-CN', '须以小写字母开头'],
      ['en', 'beginning with a letter'],
    ] as const) {
      const page = await browser.post(`/admin/accounts?lang=${lang}`, {
        login: 'Bad Login',
        name: '诸葛明',
        email: 'x@y.invalid',
        region: '350104',
      });
      expect(page.status).toBe(422);
      expect(page.html).toContain(words);
      expect(page.html).toContain('value="诸葛明"');
      expect(page.html).toMatch(/<option value="350104" selected>/);
    }
  });

  test('[F37] a set-up link is shown once, stored as a digest only, works once and is then dead', async () => {
    const admin = await province.as('system-1');
    const key = randomUUID();
    const fields = { login: 'link-once', name: '司马光', email: 'link@office.invalid', region: '350104' };
    const first = await admin.post<{ id: string; setUpLink: string }>('/admin/accounts', fields, { key });
    const again = await admin.post<{ id: string; setUpLink: string | null }>('/admin/accounts', fields, { key });
    expect([first.status, again.status, again.body.id, again.body.setUpLink]).toEqual([201, 201, first.body.id, null]);
    const path = new URL(first.body.setUpLink).pathname;
    const token = path.split('/').at(-1) ?? '';
    for (const table of ['setup_links', 'mails', 'idempotency_keys', 'audit_log', 'users'])
      expect(JSON.stringify(await province.db(table)), table).not.toContain(token);
    const link = await province
      .db('setup_links')
      .where({ shown_hash: hashToken(token) })
      .first();
    expect((link.expires_at - link.issued_at) / 3_600_000).toBe(72);

    expect((await outside(path)).body).toMatchObject({ login: 'link-once', name: '司马光' });
    const shown = await outside(path, undefined, 'text/html');
    expect(shown.text).toContain('autocomplete="new-password"');
    const attempt = (newPassword: string, repeatPassword = newPassword) => outside(path, { newPassword, repeatPassword });
    expect((await attempt('Short-1')).body['issues']).toMatchObject([{ field: 'newPassword', code: 'password.weak' }]);
    expect((await attempt('My link-once 2026')).body['issues']).toMatchObject([{ code: 'password.own' }]);
    expect((await attempt('司马光的长长长口令一二三')).body['issues']).toMatchObject([{ code: 'password.own' }]);
    expect((await attempt('Password123456')).body['issues']).toMatchObject([{ code: 'password.common' }]);
    expect((await attempt(good, 'other')).body['issues']).toMatchObject([{ field: 'repeatPassword', code: 'password.repeat' }]);
    const answers = await Promise.all(Array.from({ length: 5 }, () => attempt(good)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 404, 404, 404, 404]);
    expect((await outside(path)).status).toBe(404);
    const dead = await outside(path, undefined, 'text/html');
    expect([dead.status, dead.text.includes('链接无效')]).toEqual([404, true]);
    expect((await signIn(province.origin, 'link-once', good)).token).toBeTruthy();
  });

  test('[F37] attempts at a link are limited like those at an account', async () => {
    const { link } = await newAccount();
    const statuses: number[] = [];
    for (let at = 0; at < 11; at += 1) statuses.push((await outside(link, { newPassword: 'weak', repeatPassword: 'weak' })).status);
    expect(statuses).toEqual([...Array<number>(10).fill(422), 429]);
  });

  test('[F37] a lapsed link and a replaced one are dead', async () => {
    const lapsed = await newAccount();
    await province
      .db('setup_links')
      .where({ user_id: lapsed.id })
      .update({ expires_at: province.db.raw(`now() - interval '1 second'`) });
    expect((await outside(lapsed.link, { newPassword: good, repeatPassword: good })).status).toBe(404);
    const replaced = await newAccount();
    const renewed = await (await province.as('system-1')).post<{ setUpLink: string }>(`/admin/accounts/${replaced.id}/link`);
    expect((await outside(replaced.link)).status).toBe(404);
    expect((await outside(new URL(renewed.body.setUpLink).pathname)).status).toBe(200);
  });

  test('[F37] a password reset by a new link ends every session when the link is used', async () => {
    const { id, login, person } = await settled();
    const renewed = await (await province.as('system-1')).post<{ setUpLink: string }>(`/admin/accounts/${id}/link`);
    expect((await person.get('/account')).status).toBe(200);
    const other = `${good} again`;
    await outside(new URL(renewed.body.setUpLink).pathname, { newPassword: other, repeatPassword: other });
    expect((await person.get('/account')).status).toBe(401);
    await expect(signIn(province.origin, login, good)).rejects.toThrow('422');
    expect((await signIn(province.origin, login, other)).token).toBeTruthy();
  });

  test('[F37] the mail about a link holds no personal data besides the greeting, and what is kept of it holds no link', async () => {
    const { id } = await newAccount();
    const mail = await province.db('mails').where({ user_id: id }).first();
    expect(mail.template).toBe('set_up');
    expect(Object.keys(mail.params).sort()).toEqual(['hours', 'setUp']);
    const sent = renderMail({ ...mail, locale: 'en', name: '欧阳明' }, { baseUrl: 'https://office.invalid', setUpToken: 'TOKEN' });
    expect(sent.body).toContain('https://office.invalid/set-up/TOKEN');
    expect(renderMail({ ...mail, locale: 'en', name: '欧阳明' }, { baseUrl: 'https://office.invalid' }).body).toContain('/set-up/…');
  });

  test('[F37] a closed account is out at once, its link is dead, its tasks go back; opened again it may come in', async () => {
    const { id, login, person } = await settled();
    const admin = await province.as('system-1');
    const renewed = await admin.post<{ setUpLink: string }>(`/admin/accounts/${id}/link`);
    const stale = await admin.post(`/admin/accounts/${id}/deactivate`, { reason: '调离', version: 1 });
    expect([stale.status, stale.body['code']]).toEqual([409, 'form.stale']);
    const closed = await admin.post(`/admin/accounts/${id}/deactivate`, { reason: '调离' });
    expect(closed.body).toEqual({ sessions: 1, tasks: 0 });
    expect((await person.get('/account')).status).toBe(401);
    expect((await outside(new URL(renewed.body.setUpLink).pathname)).status).toBe(404);
    await expect(signIn(province.origin, login, good)).rejects.toThrow('422');
    expect((await admin.post(`/admin/accounts/${id}/deactivate`, { reason: '再一次' })).status).toBe(409);
    expect((await admin.post(`/admin/accounts/${id}/link`)).status).toBe(409);
    expect((await admin.post(`/admin/accounts/${id}/reactivate`)).status).toBe(200);
    expect((await signIn(province.origin, login, good)).token).toBeTruthy();
    const acts = await province
      .db('audit_log')
      .where({ subject: `account-${id}` })
      .orderBy('id')
      .pluck('act');
    expect(acts).toEqual(['account.create', 'account.setUp', 'account.link', 'account.deactivate', 'account.reactivate']);
  });

  test('[F37] a claimed task of a closed account goes back to the queue, on its procedure’s chain', async () => {
    const number = await draftClass(province, { trainees: 3, seed: 41 });
    expect((await (await province.as('kangning-1')).post(`/classes/${number}/submit`)).status).toBe(200);
    const id = `class-${number}`;
    await province.step(id, 'pre_training', {
      asks: [firstReview],
    });
    const officer = await settled();
    await granted(officer.login, 'first_reviewer');
    const task = `${id}/pre_training.first_review/1`;
    expect((await officer.person.post(`/tasks/${task}/claim`)).status).toBe(200);
    const closed = await (await province.as('system-1')).post(`/admin/accounts/${officer.id}/deactivate`, { reason: '离职' });
    expect(closed.body).toEqual({ sessions: 1, tasks: 1 });
    expect(await province.db('tasks').where({ id: task }).first('claimed_by', 'status')).toEqual({ claimed_by: null, status: 'open' });
    expect((await (await province.as('auditadmin-1')).post('/admin/audit/chain', { procedure: id })).body).toMatchObject({ whole: true });
  });

  test('[F37] nobody manages the own account', async () => {
    const answer = await (await province.as('system-1')).post(`/admin/accounts/${await idOf('system-1')}/deactivate`, { reason: '自己' });
    expect([answer.status, answer.body['code']]).toEqual([409, 'account.own']);
  });
});

describe('[F37] grants by two people', () => {
  test('[F37] only security administrators ask, confirm and revoke', async () => {
    const { login } = await newAccount();
    const asked = await (await province.as('security-1')).post<{ requestId: string }>('/admin/grants', {
      login,
      role: 'inspector',
      region: '350104',
      reason: '任命',
    });
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
    const asked = await (await province.as('security-1')).post<{ requestId: string }>('/admin/grants', {
      login,
      role: 'first_reviewer',
      region: '350104',
      reason: '任命',
    });
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
    const asked = await (await province.as('security-1')).post<{ requestId: string }>('/admin/grants', {
      login,
      role: 'inspector',
      region: '350104',
      reason: '任命',
    });
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
    const above = await (await province.as('security-1')).post<{ requestId: string }>('/admin/grants', {
      login,
      role: 'inspector',
      region: '350100',
      reason: '任命',
    });
    expect((await county.person.post(`/admin/grants/requests/${above.body.requestId}/confirm`)).status).toBe(404);
  });

  test('[F37] administrators stand apart: no second administrator role, no role that decides, said at the field', async () => {
    const first = await province.as('security-1');
    const ask = (login: string, role: string) => first.post('/admin/grants', { login, role, region: '350000', reason: '任命' });
    const others = [
      'security_admin',
      'audit_admin',
      'first_reviewer',
      'second_reviewer',
      'approver',
      'inspector',
      'finance_officer',
      'payment_officer',
      'supervisor',
    ];
    for (const role of others) expect(issuesOf(await ask('system-2', role)), role).toEqual([['role', 'grant.apart']]);
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
        const body = { outcome: 'approve', version: '1', reason: '越权', toUserId: await idOf('cs-first-2') };
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
    expect(await places('security-1')).toEqual(['accounts', 'operations', 'grants', 'newGrant']);
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

describe('the own account', () => {
  test('[F37] a change of password asks for the present one and ends every other session', async () => {
    const { login, person } = await settled();
    const other = await signIn(province.origin, login, good);
    const next = 'Yi shi di shang shuang 8';
    const change = (fields: Record<string, string>, key = randomUUID()) => person.post('/account/password', fields, { key });
    expect(issuesOf(await change({ currentPassword: 'wrong', newPassword: next, repeatPassword: next }))).toEqual([
      ['currentPassword', 'password.wrong'],
    ]);
    expect(issuesOf(await change({ currentPassword: good, newPassword: good, repeatPassword: good }))).toEqual([
      ['newPassword', 'password.same'],
    ]);
    const key = randomUUID();
    const done = await change({ currentPassword: good, newPassword: next, repeatPassword: next }, key);
    expect([done.status, done.body]).toEqual([200, { sessions: 1 }]);
    expect((await change({ currentPassword: good, newPassword: next, repeatPassword: next }, key)).body).toEqual({ sessions: 1 });
    expect((await other.get('/account')).status).toBe(401);
    expect((await person.get('/account')).status).toBe(200);
    await expect(signIn(province.origin, login, good)).rejects.toThrow('422');
  });

  test('[F37] sessions are listed with place and browser; one or all others are ended, nobody else’s', async () => {
    const { login, person } = await settled();
    const other = await signIn(province.origin, login, good);
    const third = await signIn(province.origin, login, good);
    type Own = { sessions: { id: string; ip: string; current: boolean }[] };
    const sessions = (await person.get<Own>('/account')).body.sessions;
    expect(sessions).toHaveLength(3);
    expect(sessions.filter(({ current }) => current)).toHaveLength(1);
    const theirs = (await other.get<Own>('/account')).body.sessions.find(({ current }) => current)?.id ?? '';
    const stranger = await province.as('cs-first-1');
    expect((await stranger.post(`/account/sessions/${theirs}/end`)).status).toBe(409);
    expect((await other.get('/account')).status).toBe(200);
    expect((await person.post(`/account/sessions/${theirs}/end`)).status).toBe(200);
    expect((await other.get('/account')).status).toBe(401);
    expect((await person.post('/account/sessions/end-others')).body).toEqual({ sessions: 1 });
    expect((await third.get('/account')).status).toBe(401);
    expect((await person.get('/account')).status).toBe(200);
  });
});

describe('[N20] the audit log', () => {
  type Log = {
    lines: { id: number; act: string; person: string | null; subject: string; at: string; detail: Record<string, unknown> }[];
    next: number | null;
  };

  test('[N20] reads of personal data are on it; it is filtered by person, act, subject and day, page by page', async () => {
    const number = await draftClass(province, { trainees: 3, seed: 61 });
    expect((await (await province.as('kangning-1')).post(`/classes/${number}/submit`)).status).toBe(200);
    const officer = await province.as('cs-first-1');
    await province.step(`class-${number}`, 'pre_training', { asks: [firstReview] });
    const enrolment = await province
      .db('enrolments as e')
      .join('classes as c', 'c.id', 'e.class_id')
      .where({ 'c.number': number })
      .first('e.id');
    const task = `class-${number}/pre_training.first_review/1`;
    const revealed = await officer.post(`/tasks/${task}/reveal`, { enrolmentId: enrolment.id, purpose: '核对证件' });
    expect(revealed.status, JSON.stringify(revealed.body)).toBe(200);
    const admin = await province.as('auditadmin-1');
    const reads = (await admin.get<Log>('/admin/audit?reads=1&person=cs-first-1')).body.lines;
    expect(reads).toMatchObject([
      { act: 'person.reveal', person: 'cs-first-1', subject: `class-${number}`, detail: { purpose: '核对证件' } },
    ]);
    const day = reads[0]?.at.slice(0, 10);
    expect((await admin.get<Log>(`/admin/audit?act=person.reveal&subject=class-${number}&from=${day}&to=${day}`)).body.lines).toHaveLength(
      1,
    );
    expect((await admin.get<Log>('/admin/audit?act=person.reveal&to=2026-03-01')).body.lines).toHaveLength(0);
    const all: number[] = [];
    for (let after: number | null = null; ; ) {
      const { lines, next }: Log = (await admin.get<Log>(`/admin/audit?act=class&size=2${after ? `&after=${after}` : ''}`)).body;
      all.push(...lines.map(({ id }) => id));
      if (next === null) break;
      after = next;
    }
    expect(all).toEqual([...new Set(all)].sort((a, b) => b - a));
    const count = await province.db('audit_log').where('act', 'like', 'class.%').count({ n: '*' }).first();
    expect(all).toHaveLength(Number(count?.n));
    expect((await admin.get('/admin/audit?from=yesterday')).status).toBe(422);
  });

  test('[N20] a county’s audit administrator reads what its people and its cases did, nothing of the next county', async () => {
    const county = await settled();
    await granted(county.login, 'audit_admin', '350104');
    await (await province.as('gl-first-1')).get('/account');
    const { lines } = (await county.person.get<Log>('/admin/audit?act=session&size=200')).body;
    expect(lines.some(({ person }) => person === county.login)).toBe(true);
    expect(lines.some(({ person }) => person === 'gl-first-1' || person === 'system-1')).toBe(false);
    expect((await (await province.as('auditadmin-1')).get<Log>('/admin/audit?person=gl-first-1')).body.lines.length).toBeGreaterThan(0);
  });

  test('[N20] the export is guarded against formulas, and taking it leaves a line', async () => {
    const { id } = await newAccount({ name: '=HYPERLINK("http://evil")' });
    await (await province.as('system-1')).post(`/admin/accounts/${id}/deactivate`, { reason: '=cmd|calc' });
    await province
      .db('audit_log')
      .insert({ at: new Date('2026-03-02T02:00:00Z'), actor: id, act: 'account.password', subject: '@SUM(1+1)' });
    const admin = await province.as('auditadmin-1');
    const file = await admin.download('/admin/audit/export.csv?act=account');
    const rows = file.toString('utf8');
    expect(rows).toContain(`'@SUM(1+1)`);
    expect(rows).toContain(`'=HYPERLINK`);
    expect(rows).not.toMatch(/(^|,|")=HYPERLINK/m);
    const lines = (await province.db('audit_log').where('act', 'like', 'account.%').count({ n: '*' }).first())?.n;
    expect(readCsv(file)).toHaveLength(Number(lines) + 1);
    expect((await admin.get<Log>('/admin/audit?act=audit.export')).body.lines).toMatchObject([
      { person: 'auditadmin-1', detail: { act: 'account' } },
    ]);
  });

  test('[N20] a changed, a removed and a cut-off line are named; a whole chain is said to be whole', async () => {
    const number = await draftClass(province, { trainees: 3, seed: 71 });
    const school = await province.as('kangning-1');
    expect((await school.post(`/classes/${number}/submit`)).status).toBe(200);
    const id = `class-${number}`;
    await province.step(id, 'pre_training', {
      asks: [firstReview],
    });
    await (await province.as('cs-first-1')).post(`/tasks/${id}/pre_training.first_review/1/claim`);
    const admin = await province.as('auditadmin-1');
    const prove = async () =>
      (await admin.post<{ whole: boolean; brokenAt: number | null; lines: number }>('/admin/audit/chain', { procedure: id })).body;
    const whole = await prove();
    expect(whole).toMatchObject({ whole: true, brokenAt: null });
    expect(whole.lines).toBeGreaterThanOrEqual(3);
    const line = (no: number) => province.db('audit_log').where({ procedure_id: id, no });
    const kept = await line(2).first();
    await line(2).update({ detail: { forged: true } });
    expect(await prove()).toMatchObject({ whole: false, brokenAt: 2 });
    const page = await (await province.browser('auditadmin-1')).post('/admin/audit/chain', { procedure: id });
    expect(page.html).toContain('第 2 条不符');
    await line(2).update({ detail: kept.detail });
    const last = await line(whole.lines).first();
    await line(whole.lines).delete();
    expect(await prove()).toMatchObject({ whole: false, brokenAt: whole.lines });
    await province.db('audit_log').insert({ ...last, id: undefined, detail: JSON.stringify(last.detail) });
    expect(await prove()).toMatchObject({ whole: true });
    expect((await admin.post('/admin/audit/chain', { procedure: 'class-350104-2026-99999' })).status).toBe(404);
    expect(issuesOf(await admin.post('/admin/audit/chain', { procedure: '?' }))).toEqual([['procedure', 'audit.procedure']]);
  });

  test('[N20] the audit administrator changes nothing', async () => {
    const admin = await province.as('auditadmin-1');
    const { id, login } = await newAccount();
    for (const [path, body] of [
      ['/admin/accounts', { login: 'x-1', name: '某某', email: 'a@b.invalid', region: '350104' }],
      [`/admin/accounts/${id}/deactivate`, { reason: '越权' }],
      [`/admin/accounts/${id}/link`, {}],
      ['/admin/grants', { login, role: 'inspector', region: '350104', reason: '越权' }],
      ['/admin/calendar/closures', { region: '350104', firstDay: '2026-05-06', kind: 'off', reason: '越权', document: '无' }],
    ] as const)
      expect((await admin.post(path, body)).status, path).toBe(403);
  });
});

describe('[F37] the first administrators of an empty installation', () => {
  test('[F37] one and two, with links, once; again only as long as nobody has set a password', async () => {
    const database = await freshDatabase();
    const db = openDatabase(database.url, { max: 2 });
    try {
      const wanted = { region: '350000', system: { login: 'wang', name: '王敏' }, security: [{ login: 'li', name: '李静' }] };
      await expect(createFirstAdministrators(db, wanted)).rejects.toThrow('exactly two');
      const full = { ...wanted, security: [...wanted.security, { login: 'zhao', name: '赵强' }] };
      await expect(createFirstAdministrators(db, { ...full, region: '999999' })).rejects.toThrow('no region');
      const links = await createFirstAdministrators(db, full);
      expect(links.map(({ login, role }) => [login, role])).toEqual([
        ['wang', 'system_admin'],
        ['li', 'security_admin'],
        ['zhao', 'security_admin'],
      ]);
      const again = await createFirstAdministrators(db, full);
      expect(await db('users').count({ n: '*' }).first()).toEqual({ n: 3 });
      expect(await db('setup_links').whereNull('ended_at').count({ n: '*' }).first()).toEqual({ n: 3 });
      expect(again[0]?.token).not.toBe(links[0]?.token);
      await db('users').where({ login: 'wang' }).update({ password_hash: 'set' });
      await expect(createFirstAdministrators(db, full)).rejects.toThrow('administrators already');
    } finally {
      await closeDatabase(db);
      await database.drop();
    }
  });
});
