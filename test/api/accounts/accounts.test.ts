/** Accounts and their set-up links over real HTTP, as programs and as browsers; the first administrators of an empty installation. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closeDatabase, openDatabase } from '../../../db/client.ts';
import { createFirstAdministrators } from '../../../db/accounts/first-administrators.ts';
import { hashToken } from '../../../db/accounts/sessions.ts';
import { renderMail } from '../../../db/correspondence/letters.ts';
import { signIn } from '../../../start/demonstration/person.ts';
import { firstReview } from '../../support/by-hand/cases.ts';
import { draftClass, openProvince, type Province } from '../../support/province.ts';
import { freshDatabase } from '../../support/servers.ts';
import { accountsIn, good, issuesOf } from './account-makers.ts';

let province: Province;
const { idOf, newAccount, outside, release, settled, granted } = accountsIn(() => province);

beforeAll(async () => {
  province = await openProvince();
}, 60_000);
afterAll(() => province?.close());

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
    await release(id);
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
    expect(acts).toEqual([
      'account.create',
      'account.release',
      'account.setUp',
      'account.link',
      'account.deactivate',
      'account.reactivate',
    ]);
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
