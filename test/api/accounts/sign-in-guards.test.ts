/** Whoever types wrong passwords keeps nobody out of the own account, learns nothing, and gets no more attempts by knowing one account. Over HTTP, through a proxy that says who asks. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { networkOf } from '../../../api/http/limits/networks.ts';
import { openProvince, type Province } from '../../support/province.ts';
import { accountsIn, good } from './account-makers.ts';

let province: Province;
beforeAll(async () => {
  province = await openProvince({ trustedProxies: 1 });
}, 120_000);
afterAll(() => province?.close());

const { newAccount, outside, settled } = accountsIn(() => province);
const ATTEMPTS = 10;

type Try = { from: string; password: string; cookie?: string | undefined; page?: boolean };

/** As a program, or as a browser that keeps its cookies. */
async function enter(login: string, { from, password, cookie, page }: Try) {
  const response = await fetch(`${province.origin}/sign-in`, {
    method: 'POST',
    headers: { accept: page ? 'text/html' : 'application/json', 'x-forwarded-for': from, ...(cookie ? { cookie } : {}) },
    body: new URLSearchParams({ login, password }),
    redirect: 'manual',
  });
  const text = await response.text();
  const device = response.headers.getSetCookie().find((line) => line.startsWith('shiming-device='));
  return { status: response.status, text, retryAfter: response.headers.get('retry-after'), device };
}

const pair = (setCookie: string | undefined): string => (setCookie ?? '').split(';')[0] ?? '';

/** Somebody far away types wrong passwords, each from an address of its own. */
async function lockOut(login: string): Promise<void> {
  for (let at = 0; at <= ATTEMPTS; at += 1) expect((await enter(login, { from: `198.51.100.${at}`, password: 'wrong' })).status).toBe(422);
}

const accountOf = async (id: string) =>
  (await (await province.as('security-1')).get<{ lockedUntil: string | null }>(`/admin/accounts/${id}`)).body;

describe('an account under attack', { timeout: 60_000 }, () => {
  test('[F37] capital letters make no other account: they sign in, and wrong passwords stand on its own record', async () => {
    const { id, login } = await settled();
    expect((await enter(login.toUpperCase(), { from: '203.0.113.90', password: good })).status).toBe(200);
    for (let at = 0; at <= ATTEMPTS; at += 1)
      expect((await enter(login.toUpperCase(), { from: `198.51.100.${at}`, password: 'wrong' })).status).toBe(422);
    expect(await province.db('audit_log').where({ act: 'session.lock' }).orderBy('id', 'desc').first('actor')).toEqual({ actor: id });
  });

  test('[F37] lets the own browser in from anywhere, a strange one nowhere, and says the same of a wrong password', async () => {
    const { id, login } = await settled();
    const own = await enter(login, { from: '203.0.113.1', password: good, page: true });
    expect(own.status).toBe(303);
    for (const words of [/HttpOnly/i, /SameSite=Lax/i, /Max-Age=15552000/i]) expect(own.device).toMatch(words);
    expect(own.device).not.toContain(login);
    await lockOut(login);

    const strange = await enter(login, { from: '192.0.2.1', password: good });
    const nobody = await enter('nobody-here', { from: '192.0.2.1', password: good });
    expect([strange.status, strange.retryAfter]).toEqual([422, null]);
    const same = (text: string) => JSON.parse(text) as { issues: unknown };
    expect(same(strange.text).issues).toEqual(same(nobody.text).issues);

    const cookie = pair(own.device);
    expect((await enter(login, { from: '192.0.2.2', password: good, cookie, page: true })).status).toBe(303);
    // The cookie of somebody else, and one that was tampered with, are worth nothing.
    const other = await settled();
    const theirs = pair((await enter(other.login, { from: '203.0.113.7', password: good, page: true })).device);
    expect((await enter(login, { from: '192.0.2.3', password: good, cookie: theirs, page: true })).status).toBe(422);
    const forged = cookie.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    expect((await enter(login, { from: '192.0.2.3', password: good, cookie: forged, page: true })).status).toBe(422);
    // A browser that several people share remembers each.
    const both = pair((await enter(other.login, { from: '192.0.2.4', password: good, cookie, page: true })).device);
    expect((await enter(login, { from: '192.0.2.5', password: good, cookie: both, page: true })).status).toBe(303);
    expect((await accountOf(id)).lockedUntil).toEqual(expect.any(String));
    expect((await (await province.browser('system-1')).get(`/admin/accounts/${id}`)).html).toContain('安全管理员可提前解除');
  });

  test('[F37] lets programs in from where they have signed in before, however often somebody guesses elsewhere', async () => {
    const { login } = await settled();
    expect((await enter(login, { from: '203.0.113.2', password: good })).status).toBe(200);
    await lockOut(login);
    expect((await enter(login, { from: '203.0.113.3', password: good })).status).toBe(422);
    expect((await enter(login, { from: '203.0.113.2', password: good })).status).toBe(200);
  });

  test('[F37] a known browser and a known network have as many attempts as everybody else, and no more', async () => {
    const { id, login } = await settled();
    const cookie = pair((await enter(login, { from: '203.0.113.4', password: good, page: true })).device);
    for (let at = 0; at < ATTEMPTS; at += 1)
      expect((await enter(login, { from: '192.0.2.10', password: 'wrong', cookie, page: true })).status).toBe(422);
    const shut = await enter(login, { from: '192.0.2.10', password: good, cookie, page: true });
    expect(shut.status).toBe(429);
    expect(Number(shut.retryAfter)).toBeGreaterThan(0);
    for (let at = 0; at < ATTEMPTS; at += 1) await enter(login, { from: '203.0.113.4', password: 'wrong' });
    expect((await enter(login, { from: '203.0.113.4', password: good })).status).toBe(422);
    const locks = await province.db('audit_log').where({ act: 'session.lock', actor: id }).orderBy('id').pluck('detail');
    expect(locks).toEqual([{ counted: 'device' }, { counted: 'network' }]);
    // From anywhere else the account is open: nobody has guessed there.
    expect((await enter(login, { from: '192.0.2.11', password: good })).status).toBe(200);
  });

  test('[F37] one right password does not give the guesser new attempts', async () => {
    const { login } = await settled();
    expect((await enter(login, { from: '203.0.113.5', password: good })).status).toBe(200);
    for (let at = 0; at < ATTEMPTS; at += 1) await enter(login, { from: `198.51.100.${at}`, password: 'wrong' });
    expect((await enter(login, { from: '203.0.113.5', password: good })).status).toBe(200);
    await enter(login, { from: '198.51.100.99', password: 'wrong' });
    expect((await enter(login, { from: '198.51.100.98', password: good })).status).toBe(422);
  });

  test('[F37] the lock is shown to the security administrator, who lifts it; the system administrator and the person do not', async () => {
    const { id, login } = await settled();
    await lockOut(login);
    const security = await province.as('security-1');
    const locked = (await security.get<{ accounts: { login: string }[] }>('/admin/accounts?state=locked')).body.accounts;
    expect(locked.map((account) => account.login)).toContain(login);
    const browser = await province.browser('security-1');
    expect((await browser.get(`/admin/accounts/${id}`)).html).toContain('解除锁定');
    expect((await (await province.as('system-1')).post(`/admin/accounts/${id}/unlock`)).status).toBe(403);
    expect((await browser.post(`/admin/accounts/${id}/unlock`)).status).toBe(303);
    expect((await accountOf(id)).lockedUntil).toBeNull();
    expect((await enter(login, { from: '192.0.2.20', password: good })).status).toBe(200);
    expect(await security.post(`/admin/accounts/${id}/unlock`)).toMatchObject({ status: 409, body: { code: 'account.notLocked' } });
    expect(await province.db('audit_log').where({ act: 'account.unlock', subject: `account-${id}` })).toHaveLength(1);
    expect((await security.post('/admin/accounts/00000000-0000-4000-8000-000000000000/unlock')).status).toBe(404);
  });

  test('[F37] a lock in an own browser or network is listed and lifted as any other, and says nothing of where it is', async () => {
    const { id, login } = await settled();
    const beginning = await settled({ login: `${login}-b` });
    const security = await province.as('security-1');
    type Locked = { login: string; lockedUntil: string | null; knownLockedUntil: string | null };
    const stateOf = async (): Promise<Locked | undefined> =>
      (await security.get<{ accounts: Locked[] }>('/admin/accounts?state=locked&size=100')).body.accounts.find(
        (account) => account.login === login,
      );
    const cookie = pair((await enter(login, { from: '203.0.113.70', password: good, page: true })).device);
    const inBrowser = { from: '192.0.2.70', cookie, page: true };
    for (let at = 0; at < ATTEMPTS; at += 1) await enter(login, { ...inBrowser, password: 'wrong' });
    expect(await stateOf()).toBeUndefined();
    expect(await security.post(`/admin/accounts/${id}/unlock`)).toMatchObject({ status: 409, body: { code: 'account.notLocked' } });
    expect((await enter(login, { ...inBrowser, password: good })).status).toBe(429);
    expect(await stateOf()).toMatchObject({ lockedUntil: null, knownLockedUntil: expect.any(String) });

    const browser = await province.browser('security-1');
    for (const [lang, words] of [
      ['zh-CN', ['本人曾登录过的浏览器或网络因口令多次输错锁定至', '锁定的只是本人曾登录过的某个浏览器或网络', '解除锁定']],
      ['en', ['Wrong passwords have locked a browser or network', 'Only a browser or network in which', 'Lift the lock']],
    ] as const) {
      const { html } = await browser.get(`/admin/accounts/${id}?lang=${lang}`);
      for (const word of words) expect(html).toContain(word);
      for (const secret of ['203.0.113.70', '192.0.2.70', 'device:']) expect(html).not.toContain(secret);
      expect((await browser.get(`/admin/accounts?state=locked&lang=${lang}`)).html).toContain(`/admin/accounts/${id}"`);
    }
    const system = (await (await province.browser('system-1')).get(`/admin/accounts/${id}`)).html;
    expect([system.includes('安全管理员可提前解除'), system.includes(`/admin/accounts/${id}/unlock`)]).toEqual([true, false]);

    // The network too; and that of an account whose login begins likewise stays as it is.
    expect((await enter(beginning.login, { from: '203.0.113.71', password: good })).status).toBe(200);
    for (let at = 0; at <= ATTEMPTS; at += 1)
      for (const each of [login, beginning.login])
        await enter(each, { from: each === login ? '203.0.113.70' : '203.0.113.71', password: 'wrong' });
    expect((await (await province.as('system-1')).post(`/admin/accounts/${id}/unlock`)).status).toBe(403);
    expect((await security.post(`/admin/accounts/${id}/unlock`)).status).toBe(200);
    expect(await stateOf()).toBeUndefined();
    expect((await enter(login, { ...inBrowser, password: good })).status).toBe(303);
    expect((await enter(login, { from: '203.0.113.70', password: good })).status).toBe(200);
    expect(
      await province
        .db('audit_log')
        .where({ act: 'account.unlock', subject: `account-${id}` })
        .pluck('detail'),
    ).toEqual([{ login, counted: ['device', 'network'] }]);
    expect((await enter(beginning.login, { from: '203.0.113.71', password: good })).status).toBe(422);
    // What a stranger types as a login locks no account of another name.
    for (let at = 0; at <= ATTEMPTS; at += 1) await enter(`${login}@192.0.2.1`, { from: '198.51.100.200', password: 'wrong' });
    expect(await stateOf()).toBeUndefined();
  });

  test('[F37] who is signed in changes the password meanwhile; who holds a set-up link gets in by it', async () => {
    const { login, person } = await settled();
    await lockOut(login);
    const changed = { currentPassword: good, newPassword: 'Ling wai yi ge 9 kou', repeatPassword: 'Ling wai yi ge 9 kou' };
    expect((await person.post('/account/password', changed)).status).toBe(200);

    const fresh = await newAccount();
    await lockOut(fresh.login);
    const used = await fetch(`${province.origin}${fresh.link}`, {
      method: 'POST',
      headers: { accept: 'text/html' },
      body: new URLSearchParams({ newPassword: good, repeatPassword: good }),
      redirect: 'manual',
    });
    expect(used.status).toBe(303);
    await lockOut(fresh.login);
    const cookie = pair(used.headers.getSetCookie().find((line) => line.startsWith('shiming-device=')));
    expect((await enter(fresh.login, { from: '192.0.2.30', password: good, cookie, page: true })).status).toBe(303);
  });
});

describe('one address', { timeout: 60_000 }, () => {
  test('[F37] who knows one account does not get attempts at others back by signing in to it in between', async () => {
    const { login } = await settled();
    const from = '203.0.113.50';
    await enter(login, { from, password: good });
    const points = async () =>
      Number(
        (
          await province
            .db('rate_limits')
            .where({ key: `address:${from}` })
            .first('points')
        ).points,
      );
    await province
      .db('rate_limits')
      .where({ key: `address:${from}` })
      .update({ points: 190 });
    for (let at = 0; at < 9; at += 1) {
      expect((await enter(`victim-${at}`, { from, password: 'wrong' })).status).toBe(422);
      expect((await enter(login, { from, password: good })).status).toBe(200);
    }
    expect(await points()).toBe(199);
    // At once, too: what a right one gives back is its own attempt.
    const together = await Promise.all(
      Array.from({ length: 6 }, (_, at) => enter(at % 2 ? login : `other-${at}`, { from, password: at % 2 ? good : 'wrong' })),
    );
    expect(together.some(({ status }) => status === 429)).toBe(true);
    expect((await enter('nobody-5', { from, password: good })).status).toBe(429);
    // Who has signed in from there before is not shut out by it, and may change the password.
    expect((await enter(login, { from, password: good })).status).toBe(200);
    expect((await enter(login, { from: '203.0.113.51', password: good })).status).toBe(200);
  });

  test('[F37] of IPv6 the network counts, within which anybody has any number of addresses', async () => {
    expect(networkOf('2001:db8:1:2:3:4:5:6')).toBe(networkOf('2001:db8:1:2::9'));
    expect(networkOf('2001:db8::9')).toBe('2001:db8:0:0::/64');
    expect(networkOf('2001:db8:1:2::9')).not.toBe(networkOf('2001:db8:1:3::9'));
    for (const same of ['::ffff:192.0.2.1', '::FFFF:c000:201', '0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1:5678', '[::ffff:192.0.2.1]:443'])
      expect(networkOf(same)).toBe('192.0.2.1');
    expect(networkOf('[2001:db8:1:2::9]:443')).toBe(networkOf('2001:db8:1:2::1'));
    expect(networkOf('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
    expect(networkOf('::ffff:102:304')).not.toBe(networkOf('::1'));
    for (const none of ['', undefined, 'unknown', '1.2.3', '2001:db8:::1']) expect(networkOf(none)).toBe('unknown');
    for (let at = 1; at <= 3; at += 1) await enter('nobody-6', { from: `2001:db8:a:b::${at}`, password: 'wrong' });
    expect((await province.db('rate_limits').where({ key: 'address:2001:db8:a:b::/64' }).first('points')).points).toBe(3);
  });

  test('[F37] links to set a password are guessed no faster than passwords, and shut nobody out of signing in', async () => {
    const from = '203.0.113.60';
    const ask = (headers: Record<string, string> = {}) =>
      fetch(`${province.origin}/set-up/${'a'.repeat(43)}`, {
        headers: { 'x-forwarded-for': from, accept: 'application/json', ...headers },
      });
    expect((await ask()).status).toBe(404);
    const counted = () => province.db('rate_limits').where({ key: `set-up:${from}` });
    await counted().update({ points: 199 });
    // The page of another site, which asks in the name of somebody's browser, is not counted.
    for (const dest of ['image', 'iframe', 'empty'])
      expect((await ask({ 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': dest })).status).toBe(403);
    // A link that is opened out of a mail is.
    expect((await ask({ 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' })).status).toBe(404);
    expect((await ask()).status).toBe(429);
    expect((await enter('nobody-7', { from, password: 'wrong' })).status).toBe(422);
    expect((await outside(`/set-up/${'a'.repeat(43)}`)).status).toBe(404);
  });
});
