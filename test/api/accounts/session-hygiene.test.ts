/** What a session may and when it ends, over HTTP: cookies behind TLS, the token of every form, roles and sessions that are gone at once, also for streams. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { firstReview } from '../../support/by-hand/cases.ts';
import { draftClass, openProvince, type Province } from '../../support/province.ts';
import { staySignedIn } from '../../../start/demonstration/person.ts';
import { listenTo, until } from '../../support/streams.ts';
import { accountsIn, good } from './account-makers.ts';

let province: Province;
beforeAll(async () => {
  province = await openProvince();
}, 120_000);
afterAll(() => province?.close());

const { settled, granted } = accountsIn(() => province);

describe('sessions', { timeout: 120_000 }, () => {
  test('[F39] somebody of the demonstration whose session was ended goes on working', async () => {
    const person = await staySignedIn(province.origin, 'cs-first-1');
    const before = person.token;
    await province
      .db('sessions')
      .where({ user_id: (await province.db('users').where({ login: 'cs-first-1' }).first('id')).id })
      .delete();
    expect((await person.get('/tasks')).status).toBe(200);
    expect(person.token).not.toBe(before);
    await province
      .db('sessions')
      .where({ user_id: (await province.db('users').where({ login: 'cs-first-1' }).first('id')).id })
      .delete();
    expect((await person.post('/tasks/views', { name: '近期' })).status).not.toBe(401);
  });

  test('[F37] a role taken away is gone from the next request and from streams that are open, before anything more is told', async () => {
    const { id, login, person } = await settled();
    const grantId = await granted(login, 'first_reviewer');
    await granted(login, 'inspector', '350102');
    const colleague = await province.as('cs-first-1');
    const at = { origin: province.origin, as: async (name: string) => (name === login ? person : province.as(name)) };
    const [own, theirs] = [await listenTo(at, login, '/tasks/events'), await listenTo(at, 'cs-first-1', '/tasks/events')];
    await until(() => own.unread.length > 0 && theirs.unread.length > 0);
    const number = await draftClass(province, { trainees: 3, seed: 81 });
    expect((await (await province.as('kangning-1')).post(`/classes/${number}/submit`)).status).toBe(200);
    await province.step(`class-${number}`, 'pre_training', { asks: [firstReview] });
    const task = `class-${number}/pre_training.first_review/1`;
    await until(() => [own, theirs].every(({ told }) => told.some((line) => line.id === task)));
    expect((await person.get(`/tasks/${task}`)).status).toBe(200);

    const heard = own.told.length;
    const security = await province.as('security-1');
    expect((await security.post(`/admin/grants/${grantId}/revoke`, { reason: '调离' })).status).toBe(200);
    expect((await colleague.post(`/tasks/${task}/claim`)).status).toBe(200);
    expect((await person.post(`/tasks/${task}/decide`, { outcome: 'approve' })).status).toBe(404);
    await until(() => theirs.told.some((line) => line.id === task && line.holder !== null));
    expect(own.told.length).toBe(heard);
    expect((await person.get('/account')).body['grants']).toEqual([{ role: 'inspector', region: '350102' }]);

    // Closing the account ends the stream, and nobody comes back by its session.
    expect((await (await province.as('system-1')).post(`/admin/accounts/${id}/deactivate`, { reason: '离职' })).status).toBe(200);
    await until(() => own.goodbye() && own.ended());
    expect((await person.get('/account')).status).toBe(401);
    theirs.stop();
  });

  test('[F37] signing out ends the stream of that session; a new password ends those of all others', async () => {
    const { login, person } = await settled();
    await granted(login, 'inspector');
    const enter = async () => {
      const response = await fetch(`${province.origin}/sign-in`, {
        method: 'POST',
        headers: { accept: 'application/json' },
        body: new URLSearchParams({ login, password: good }),
      });
      const { token } = (await response.json()) as { token: string };
      const send = (path: string, fields: Record<string, string> = {}) =>
        fetch(`${province.origin}${path}`, {
          method: 'POST',
          headers: { accept: 'application/json', authorization: `Bearer ${token}` },
          body: new URLSearchParams(fields),
        });
      const as = async () => ({ ...person, token });
      return { send, stream: await listenTo({ origin: province.origin, as }, login, '/tasks/events') };
    };
    const [leaving, other, staying] = [await enter(), await enter(), await enter()];
    expect((await leaving.send('/sign-out')).status).toBe(200);
    await until(() => leaving.stream.goodbye());
    expect((await leaving.send('/sign-out')).status).toBe(401);
    const next = 'Yi shi di shang shuang 8';
    const changed = await staying.send('/account/password', { currentPassword: good, newPassword: next, repeatPassword: next });
    expect(changed.status).toBe(200);
    await until(() => other.stream.goodbye());
    expect((await other.send('/sign-out')).status).toBe(401);
    expect(staying.stream.goodbye()).toBe(false);
    staying.stream.stop();
  });

  test('[F37] signing in begins a new session, takes over none that somebody planted, and ends the one that was there', async () => {
    const { login } = await settled();
    const enter = async (cookie: string) => {
      const response = await fetch(`${province.origin}/sign-in`, {
        method: 'POST',
        headers: { accept: 'text/html', cookie },
        body: new URLSearchParams({ login, password: good }),
        redirect: 'manual',
      });
      const line = response.headers.getSetCookie().find((text) => text.startsWith('shiming-session=')) ?? '';
      return { status: response.status, cookie: line.split(';')[0] ?? '' };
    };
    const planted = `shiming-session=${'p'.repeat(43)}`;
    const first = await enter(planted);
    expect(first.status).toBe(303);
    expect(first.cookie).not.toBe(planted);
    // A form of signing in carries the token of the session that is there.
    expect((await enter(first.cookie)).status).toBe(403);
    const open = async (cookie: string) =>
      (await fetch(`${province.origin}/account`, { headers: { accept: 'application/json', cookie } })).status;
    expect([await open(planted), await open(first.cookie)]).toEqual([401, 200]);
  });

  test('[F37] no address that changes anything takes the cookie of a session without the token of its form', async () => {
    const document = (await (await fetch(`${province.origin}/openapi.json`)).json()) as { paths: Record<string, Record<string, unknown>> };
    const writes = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods)
        .filter((method) => method !== 'get')
        .map((method) => ({ method: method.toUpperCase(), path: path.replaceAll(/\{\w+\}/g, '1') })),
    );
    expect(writes.length).toBeGreaterThan(100);
    const logins: string[] = await province.db('users').where({ demo: true, active: true }).orderBy('login').pluck('login');
    const holders = await province
      .db('grants as g')
      .join('users as u', 'u.id', 'g.user_id')
      .where('u.demo', true)
      .distinct('g.role', 'u.login');
    const one = new Map<string, string>(holders.map(({ role, login }) => [role, login]));
    const people = [...new Set(one.values())].filter((login) => logins.includes(login));
    const cookies = await Promise.all(people.map(async (login) => `shiming-session=${(await province.as(login)).token}`));
    for (const { method, path } of writes) {
      const codes = new Set<unknown>();
      for (const cookie of cookies) {
        const response = await fetch(`${province.origin}${path}`, { method, headers: { accept: 'application/json', cookie } });
        const { code } = (await response.json()) as { code?: unknown };
        expect([path, response.status]).toEqual([path, 403]);
        codes.add(code);
        if (code === 'csrf.token') break;
      }
      // Whose role it is was held up by the token, everybody else by the role.
      expect([path, codes.has('csrf.token')]).toEqual([path, true]);
    }
  });
});

test('[F37] behind TLS every cookie is Secure, for this very host, closed to scripts and to other sites', {
  timeout: 120_000,
}, async () => {
  const outside = await openProvince({ publicUrl: 'https://shiming.example', trustedProxies: 1 });
  try {
    const origin = 'https://shiming.example';
    const signed = await fetch(`${outside.origin}/demo/switch?lang=en`, {
      method: 'POST',
      headers: { accept: 'text/html', origin, 'sec-fetch-site': 'same-origin' },
      body: new URLSearchParams({ login: 'cs-first-1' }),
      redirect: 'manual',
    });
    const session = signed.headers.getSetCookie().find((line) => line.startsWith('__Host-shiming-session=')) ?? '';
    const preferences = await fetch(`${outside.origin}/preferences`, {
      method: 'POST',
      headers: { accept: 'text/html', origin },
      body: new URLSearchParams({ density: 'compact', text: 'large' }),
      redirect: 'manual',
    });
    const lines = [...signed.headers.getSetCookie(), ...preferences.headers.getSetCookie()];
    expect(lines.length).toBeGreaterThanOrEqual(4);
    for (const line of lines) {
      expect(line).toMatch(/^__Host-shiming-/);
      for (const words of [/; Secure/i, /; HttpOnly/i, /; SameSite=Lax/i, /; Path=\/(;|$)/i]) expect(line).toMatch(words);
      expect(line).not.toMatch(/Domain=/i);
    }
    expect(session).not.toMatch(/Max-Age|Expires/i);
    expect(signed.headers.get('strict-transport-security')).toContain('max-age=31536000');
    // The name without the prefix, which another host of the domain could set, counts for nothing.
    const token = session.split(';')[0]?.split('=')[1] ?? '';
    const ask = async (name: string) =>
      (await fetch(`${outside.origin}/account`, { headers: { accept: 'application/json', cookie: `${name}=${token}` } })).status;
    expect([await ask('__Host-shiming-session'), await ask('shiming-session')]).toEqual([200, 401]);
  } finally {
    await outside.close();
  }
});
