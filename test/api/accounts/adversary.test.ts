/** Administrators who try to be more than they are: by themselves, together at once, through half-made grants, links and substitutions. Over HTTP. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signIn } from '../../../start/demonstration/person.ts';
import { openProvince, type Province } from '../../support/province.ts';
import { accountsIn, good, issuesOf } from './account-makers.ts';

let province: Province;
beforeAll(async () => {
  province = await openProvince();
}, 120_000);
afterAll(() => province?.close());

const { askForRole, granted, idOf, newAccount, outside, settled } = accountsIn(() => province);
const many = <T>(count: number, what: (at: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, at) => what(at)));
const nameOf = async (login: string): Promise<string> => (await province.db('users').where({ login }).first('name')).name;
const rolesOf = async (id: string) => province.db('grants_in_force').where({ user_id: id }).orderBy('role').pluck<string[]>('role');

describe('an administrator as adversary', { timeout: 120_000 }, () => {
  test('[F37] of two halves that exclude each other a hundred confirmations at once make one grant, whichever', async () => {
    for (const [one, two] of [
      ['system_admin', 'audit_admin'],
      ['security_admin', 'approver'],
    ] as const) {
      const { id, login } = await settled();
      const halves = [await askForRole(login, one), await askForRole(login, two)];
      expect(halves.map(({ status }) => status)).toEqual([201, 201]);
      const second = await province.as('security-2');
      const answers = await many(100, (at) => second.post(`/admin/grants/requests/${halves[at % 2]?.body.requestId}/confirm`));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ status }) => ![200, 409, 422].includes(status)).map(({ status, body }) => [status, body['code']])).toEqual(
        [],
      );
      expect(await rolesOf(id)).toHaveLength(1);
    }
  });

  test('[F37] nobody gets a grant by the own hand, in any part: asked for, confirmed, refused, or for an account made for it', async () => {
    const first = await province.as('security-1');
    for (const role of ['system_admin', 'audit_admin', 'security_admin', 'approver'])
      expect(issuesOf(await first.post('/admin/grants', { login: 'security-1', role, region: '350000', reason: '越权' }))).toEqual([
        ['login', 'grant.oneself'],
      ]);
    const { id, login } = await settled();
    const asked = await askForRole(login, 'approver');
    const answers = await many(100, () => first.post(`/admin/grants/requests/${asked.body.requestId}/confirm`));
    expect(new Set(answers.map(({ status, body }) => `${status} ${String(body['code'])}`))).toEqual(new Set(['403 grant.ownRequest']));
    // Whoever asked names somebody else in the request: what is asked and who acts come from the session alone.
    const posed = await first.post(`/admin/grants/requests/${asked.body.requestId}/confirm`, {
      actor: await idOf('security-2'),
      confirmedBy: await idOf('security-2'),
      requestedBy: await idOf('security-2'),
      userId: await idOf('security-2'),
    });
    expect(posed.status).toBe(403);
    expect(await rolesOf(id)).toEqual([]);
  });

  test('[F37] own settings are confirmed by nobody alone, also by a hundred requests at once; withdrawn and confirmed at once is one of both', async () => {
    const shipped = { idleMinutes: 60, longestHours: 12, attempts: 10, lockMinutes: 15, passwordDays: 90, staleDays: 90 };
    const [first, second] = [await province.as('security-1'), await province.as('security-2')];
    const ask = async (attempts: number) =>
      (await first.post<{ requestId: string }>('/admin/security', { ...shipped, attempts, reason: '试探' })).body.requestId;
    const id = await ask(20);
    const own = await many(100, () => first.post(`/admin/security/${id}/confirm`));
    expect(new Set(own.map(({ status, body }) => `${status} ${String(body['code'])}`))).toEqual(new Set(['403 security.own']));
    const both = await many(20, (at) =>
      at % 2 ? second.post(`/admin/security/${id}/confirm`) : first.post(`/admin/security/${id}/refuse`),
    );
    expect(both.filter(({ status }) => status === 200)).toHaveLength(1);
    const rows = await province.db('security_settings').where({ id });
    expect(['in_force', 'withdrawn']).toContain(rows[0].status);
    expect(await province.db('security_settings').where({ status: 'in_force' })).toHaveLength(1);
  });

  test('[F37] a role of an administrator is lent to nobody, and a substitute of an officer becomes no administrator beside it', async () => {
    const today = (await province.db.raw('select business_today() as day')).rows[0].day as string;
    const lend = async (login: string, role: string, to: string) =>
      (await province.as(login)).post('/substitutions', {
        role,
        region: '350000',
        substitute: await idOf(to),
        from: today,
        until: today,
        reason: '出差',
      });
    for (const role of ['security_admin', 'system_admin', 'audit_admin'])
      for (const login of ['security-1', 'system-1', 'auditadmin-1'])
        expect([403, 404, 422]).toContain((await lend(login, role, 'cs-first-1')).status);
    expect(await province.db('substitutions').whereLike('role', '%_admin')).toHaveLength(0);
    expect(issuesOf(await askForRole('cs-first-1', 'security_admin'))).toEqual([['role', 'grant.apart']]);
  });

  test('[F37] a link works once for a hundred who use it at once, and never after its time, its renewal or the end of its account', async () => {
    const { link, login } = await newAccount();
    const words = (at: number) => `Chuang-qian ${at} ming yue`;
    const answers = await many(40, (at) => outside(link, { newPassword: words(at), repeatPassword: words(at) }));
    const won = answers.flatMap(({ status }, at) => (status === 200 ? [at] : []));
    expect(won).toHaveLength(1);
    expect(new Set(answers.map(({ status }) => status)).has(500)).toBe(false);
    expect((await signIn(province.origin, login, words(won[0] ?? 0))).token).toBeTruthy();

    const late = await newAccount();
    await province
      .db('setup_links')
      .where({ user_id: late.id })
      .update({ expires_at: province.db.raw(`now() - interval '1 second'`) });
    const dead = await many(5, () => outside(late.link, { newPassword: good, repeatPassword: good }));
    expect(dead.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404]);

    const closing = await newAccount();
    const admin = await province.as('system-1');
    const [used, closed] = await Promise.all([
      outside(closing.link, { newPassword: good, repeatPassword: good }),
      admin.post(`/admin/accounts/${closing.id}/deactivate`, { reason: '停用' }),
    ]);
    expect([200, 404]).toContain(used.status);
    expect(closed.status).toBe(200);
    expect((await outside('/sign-in', { login: closing.login, password: good })).status).toBe(422);
  });

  test.each(['audit_admin', 'payment_officer'])(
    '[F37] whoever issues links becomes no %s by one: a security administrator releases it first',
    async (role) => {
      const { id, login } = await settled();
      await granted(login, role);
      const [first, admin] = [await province.as('security-1'), await province.as('system-1')];
      const renewed = await admin.post<{ setUpLink: string }>(`/admin/accounts/${id}/link`);
      const link = new URL(renewed.body.setUpLink).pathname;
      const words = { newPassword: `${good} again`, repeatPassword: `${good} again` };
      expect((await outside(link)).body).toMatchObject({ login, held: true });
      expect((await outside(link, undefined, 'text/html')).text).toContain('须先由安全管理员放行');
      const taken = await many(20, () => outside(link, words));
      for (const { status } of taken) expect([409, 429]).toContain(status);
      expect(taken.some(({ body }) => body['code'] === 'setUp.held')).toBe(true);
      expect((await outside('/sign-in', { login, password: words.newPassword })).status).toBe(422);
      expect((await signIn(province.origin, login, good)).token).toBeTruthy();
      // The database refuses it too, and that who issued it releases it.
      const row = () => province.db('setup_links').where({ user_id: id, used_at: null, ended_at: null });
      await expect(row().update({ used_at: province.db.fn.now() })).rejects.toThrow('releases this link first');
      await expect(row().update({ released_by: await idOf('system-1'), released_at: province.db.fn.now() })).rejects.toThrow(
        'setup_links_two_people',
      );
      await expect(row().update({ released_by: id, released_at: province.db.fn.now() })).rejects.toThrow('setup_links_two_people');

      const seen = (await first.get<{ linkId: string }>(`/admin/accounts/${id}`)).body.linkId;
      const address = `/admin/accounts/${id}/link/release`;
      for (const other of [admin, await province.as('cs-first-1')]) expect((await other.post(address, { link: seen })).status).toBe(403);
      const html = (await (await province.browser('security-1')).get(`/admin/accounts/${id}`)).html;
      for (const words of ['放行设置链接', seen, `链接由 ${await nameOf('system-1')} 于`]) expect(html).toContain(words);
      await province.db('rate_limits').whereLike('key', 'link:%').delete();
      expect((await first.post(address, { link: seen })).status).toBe(200);
      expect(await first.post(address, { link: seen })).toMatchObject({ status: 409, body: { code: 'account.linkNotHeld' } });
      expect((await first.post('/admin/accounts/00000000-0000-4000-8000-000000000000/link/release', { link: seen })).status).toBe(404);
      expect((await outside(link, words)).status).toBe(200);
      const releases = await province
        .db('audit_log')
        .where({ act: 'account.release', subject: `account-${id}` })
        .orderBy('id')
        .pluck('detail');
      expect(releases.at(-1)).toEqual({ login, link: seen });
    },
  );

  test('[F37] a link of an account that has ever had a password or for which a role is asked is held too', async () => {
    const admin = await province.as('system-1');
    const { id } = await settled();
    const renewed = await admin.post<{ setUpLink: string }>(`/admin/accounts/${id}/link`);
    expect((await outside(new URL(renewed.body.setUpLink).pathname)).body).toMatchObject({ held: true });
    const fresh = await newAccount();
    expect((await outside(fresh.link)).body).toMatchObject({ held: false });
    await askForRole(fresh.login, 'approver');
    expect((await outside(fresh.link, { newPassword: good, repeatPassword: good })).body['code']).toBe('setUp.held');
  });

  test('[F37] the release is of the link that was looked at, not of one issued meanwhile', async () => {
    const [first, admin] = [await province.as('security-1'), await province.as('system-1')];
    const { id, login } = await newAccount();
    await granted(login, 'approver');
    const seen = (await first.get<{ linkId: string; linkHeld: boolean }>(`/admin/accounts/${id}`)).body;
    expect(seen.linkHeld).toBe(true);
    const renewed = await admin.post<{ setUpLink: string }>(`/admin/accounts/${id}/link`);
    expect(await first.post(`/admin/accounts/${id}/link/release`, { link: seen.linkId })).toMatchObject({
      status: 409,
      body: { code: 'form.stale' },
    });
    expect((await first.post(`/admin/accounts/${id}/link/release`)).status).toBe(422);
    const words = { newPassword: good, repeatPassword: good };
    expect((await outside(new URL(renewed.body.setUpLink).pathname, words)).status).toBe(409);
  });

  test('[F37] a password set before the first role by a link that nobody released opens nothing afterwards; a further role leaves it alone', async () => {
    const { id, login, link } = await newAccount();
    expect((await outside(link, { newPassword: good, repeatPassword: good })).status).toBe(200);
    const early = await signIn(province.origin, login, good);
    const renewed = await (await province.as('system-1')).post<{ setUpLink: string }>(`/admin/accounts/${id}/link`);
    const asked = await askForRole(login, 'security_admin');
    const answer = await (await province.as('security-2')).post(`/admin/grants/requests/${asked.body.requestId}/confirm`);
    expect(answer).toMatchObject({ status: 200, body: { passwordEnded: true } });
    expect((await early.get('/admin/grants')).status).toBe(401);
    expect((await outside('/sign-in', { login, password: good })).status).toBe(422);
    expect((await outside(new URL(renewed.body.setUpLink).pathname)).status).toBe(404);
    expect(await rolesOf(id)).toEqual(['security_admin']);

    const officer = await settled();
    await granted(officer.login, 'inspector');
    await granted(officer.login, 'first_reviewer');
    expect((await officer.person.get('/tasks')).status).toBe(200);
    expect((await signIn(province.origin, officer.login, good)).token).toBeTruthy();
  });

  test('[F37] a confirmation and the end of the account or of the role of who confirms: no grant outlives either unseen', async () => {
    const { id, login } = await settled();
    const asked = await askForRole(login, 'approver');
    const [second, admin] = [await province.as('security-2'), await province.as('system-1')];
    const [confirmed, closed] = await Promise.all([
      second.post(`/admin/grants/requests/${asked.body.requestId}/confirm`),
      admin.post(`/admin/accounts/${id}/deactivate`, { reason: '停用' }),
    ]);
    expect(closed.status).toBe(200);
    expect([200, 404, 409]).toContain(confirmed.status);
    const third = await settled();
    const grant = await askForRole(third.login, 'security_admin', '350000');
    expect((await second.post(`/admin/grants/requests/${grant.body.requestId}/confirm`)).status).toBe(200);
    const next = await settled();
    const forNext = await askForRole(next.login, 'approver');
    const grants = await province.db('grants').where({ user_id: third.id, role: 'security_admin' }).pluck<number[]>('id');
    expect((await second.post(`/admin/grants/${grants[0]}/revoke`, { reason: '收回' })).status).toBe(200);
    expect((await third.person.post(`/admin/grants/requests/${forNext.body.requestId}/confirm`)).status).toBe(403);
    expect(await rolesOf(next.id)).toEqual([]);
  });
});
