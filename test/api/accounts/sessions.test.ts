/** Signing in, sessions and the checks that every request passes, over real HTTP on a database of its own. */
import { createHash, randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readApiConfig } from '../../../api/config.ts';
import { startApi, type RunningApi } from '../../../api/server.ts';
import { hashPassword } from '../../../api/sessions/passwords.ts';
import { closeDatabase, openDatabase } from '../../../db/client.ts';
import { openVault, type Vault } from '../../../db/vault.ts';
import { freshDatabase } from '../../support/servers.ts';

const password = 'right horse battery';
let database: Awaited<ReturnType<typeof freshDatabase>>;
let owner: Knex;
let db: Knex;
let api: RunningApi;
let logged = '';

beforeAll(async () => {
  database = await freshDatabase();
  owner = openDatabase(database.url, { owner: true, max: 2 });
  db = openDatabase(database.url, { max: 6 });
  await plantPeople();
  const log = pino({ level: 'info' }, { write: (line: string) => void (logged += line) });
  api = await startApi({
    db,
    vault: testVault(),
    config: readApiConfig({ port: 0, demo: true, secret: randomBytes(32) }, {}),
    log,
    checks: { database: async () => 'answers' },
  });
});

afterAll(async () => {
  await api?.close();
  if (db) await closeDatabase(db);
  if (owner) await closeDatabase(owner);
  await database?.drop();
});

describe('signing in as a program', () => {
  test('a wrong password and an unknown account get the same answer', async () => {
    const wrong = await send('/sign-in', { login: 'zhou', password: 'wrong' });
    const unknown = await send('/sign-in', { login: 'nobody', password: 'wrong' });
    for (const answer of [wrong, unknown]) {
      expect(answer.status).toBe(422);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(answer.body['issues']).toMatchObject([{ field: 'password', code: 'signIn.wrong' }]);
    }
  });

  test('an account without a password, and a closed one, cannot sign in by password', async () => {
    for (const attempt of ['no such account', '', 'null', password]) {
      const answer = await send('/sign-in', { login: 'outside', password: attempt });
      expect(answer.status).toBe(422);
    }
    expect((await send('/sign-in', { login: 'gone', password })).status).toBe(422);
  });

  test('missing fields are named one by one', async () => {
    const answer = await send('/sign-in', {});
    expect(answer.status).toBe(422);
    expect((answer.body['issues'] as { field: string; code: string }[]).map(({ field, code }) => [field, code])).toEqual([
      ['login', 'required'],
      ['password', 'required'],
    ]);
  });

  test('a right password gives a token that works, and works no more after signing out', async () => {
    const signed = await send('/sign-in', { login: 'zhou', password });
    expect(signed.status).toBe(200);
    expect(signed.body).toMatchObject({ home: '/tasks', user: { login: 'zhou', grants: [{ role: 'first_reviewer', region: '350104' }] } });
    expect(signed.headers.getSetCookie()).toEqual([]);
    const bearer = { authorization: `Bearer ${String(signed.body['token'])}` };
    expect((await send('/sign-out', {}, bearer)).status).toBe(200);
    const after = await send('/sign-out', {}, bearer);
    expect(after.status).toBe(401);
    expect(after.headers.get('www-authenticate')).toBe('Bearer');
  });

  test('the database knows only the hash of the session id', async () => {
    const token = await tokenOf('zhou');
    const found = await owner('sessions').where({ id_hash: createHash('sha256').update(token).digest() });
    expect(found).toHaveLength(1);
    expect(JSON.stringify(found)).not.toContain(token);
  });
});

describe('forbidden', () => {
  test('without a session: 401 for a program, the sign-in page for a browser', async () => {
    expect((await send('/sign-out', {})).status).toBe(401);
    const browser = await asBrowser('/sign-in/resume');
    expect(browser.status).toBe(303);
    expect(browser.headers.get('location')).toBe('/sign-in?next=%2Fsign-in%2Fresume');
  });

  test('with a role that is not meant for it: 403, and the session lives on', async () => {
    const bearer = { authorization: `Bearer ${await tokenOf('zhou')}` };
    expect((await send('/admin/mails', undefined, bearer)).status).toBe(403);
    expect((await send('/sign-in/resume', undefined, bearer)).status).toBe(200);
  });

  test('a session that is an hour idle or twelve hours old is over', async () => {
    for (const column of ['expires_at', 'absolute_expires_at']) {
      const token = await tokenOf('zhou');
      await owner('sessions')
        .where({ id_hash: createHash('sha256').update(token).digest() })
        .update({ [column]: owner.raw(`now() - interval '1 second'`) });
      expect((await send('/sign-out', {}, { authorization: `Bearer ${token}` })).status).toBe(401);
    }
  });

  test('closing the account ends its sessions at once', async () => {
    const token = await tokenOf('leaving');
    await owner('users').where({ login: 'leaving' }).update({ active: false });
    expect((await send('/sign-out', {}, { authorization: `Bearer ${token}` })).status).toBe(401);
  });
});

describe('forms of other sites', () => {
  test('another origin is refused before anything is read', async () => {
    for (const [name, value] of [
      ['origin', 'https://elsewhere.example'],
      ['origin', 'null'],
      ['sec-fetch-site', 'cross-site'],
      ['sec-fetch-site', 'same-site'],
    ] as const) {
      const answer = await send('/sign-in', { login: 'zhou', password }, { [name]: value });
      expect(answer.status).toBe(403);
      expect(answer.body['code']).toBe('csrf.origin');
    }
  });

  test('with the cookie of a session, a write needs its token', async () => {
    const { cookie, csrf } = await browserSession('zhou');
    const without = await send('/sign-out', {}, { cookie });
    expect(without.status).toBe(403);
    expect(without.body['code']).toBe('csrf.token');
    expect((await send('/sign-out', { _csrf: `${csrf.slice(0, -1)}~` }, { cookie })).status).toBe(403);
    expect((await send('/sign-out', {}, { cookie, 'x-csrf-token': csrf })).status).toBe(200);
  });

  test('the token of one session is worth nothing in another', async () => {
    const mine = await browserSession('zhou');
    const other = await browserSession('zhou');
    expect((await send('/sign-out', { _csrf: other.csrf }, { cookie: mine.cookie })).status).toBe(403);
  });
});

describe('too many attempts', () => {
  test('after ten attempts within a quarter of an hour the answer stays the same, whatever the password and whether there is such an account', async () => {
    const answers: unknown[] = [];
    for (const login of ['guessed', 'nobody-at-all'])
      for (let attempt = 1; attempt <= 12; attempt += 1) {
        const { status, body, headers } = await send('/sign-in', { login, password: attempt === 12 ? password : 'wrong' });
        answers.push([status, body['issues'], headers.get('retry-after')]);
      }
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toMatchObject([422, [{ field: 'password', code: 'signIn.wrong' }], null]);
  });
});

describe('a form whose session has ended', () => {
  test('is kept sealed for the person whose session it was, without password and token, and for nobody else', async () => {
    const { cookie, csrf, idHash } = await browserSession('zhou');
    await owner('sessions')
      .where({ id_hash: idHash })
      .update({ expires_at: owner.raw(`now() - interval '1 second'`) });

    const refused = await asBrowser('/sign-out', {
      fields: { _csrf: csrf, opinion: '师资不符，请更换教师', 'item[0]': '乙', newPassword: 'do not keep' },
      cookie,
    });
    expect(refused.status).toBe(303);
    expect(refused.headers.get('location')).toMatch(/^\/sign-in\?/);
    const kept = cookieIn(refused, 'shiming-kept');
    expect(kept).toBeDefined();
    const rows = await owner('kept_forms');
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain('师资');

    const signed = await asBrowser('/demo/switch', { fields: { login: 'zhou' }, cookie: `shiming-kept=${kept}` });
    expect(signed.headers.get('location')).toBe('/sign-in/resume');
    const session = cookieIn(signed, 'shiming-session');
    const resumed = await send('/sign-in/resume', undefined, { cookie: `shiming-session=${session}; shiming-kept=${kept}` });
    expect(resumed.body).toMatchObject({ path: '/sign-out' });
    const fields = resumed.body['fields'] as { name: string; value: string }[];
    expect(fields).toContainEqual({ name: 'opinion', value: '师资不符，请更换教师' });
    expect(JSON.stringify(fields)).not.toMatch(/do not keep|_csrf/);

    const somebodyElse = await browserSession('lin');
    const hidden = await send('/sign-in/resume', undefined, { cookie: `${somebodyElse.cookie}; shiming-kept=${kept}` });
    expect(JSON.stringify(hidden.body)).not.toContain('师资');
  });

  test('a made-up session cookie keeps nothing', async () => {
    const before = await owner('kept_forms').count();
    const refused = await asBrowser('/sign-out', {
      fields: { opinion: 'x' },
      cookie: `shiming-session=${randomBytes(32).toString('base64url')}`,
    });
    expect(refused.status).toBe(303);
    expect(await owner('kept_forms').count()).toEqual(before);
  });
});

describe('one address, page and JSON', () => {
  test('the cookie of a session is closed to scripts and other sites', async () => {
    const signed = await asBrowser('/demo/switch', { fields: { login: 'zhou' } });
    const cookie = signed.headers.getSetCookie().find((line) => line.startsWith('shiming-session='));
    expect(cookie).toMatch(/HttpOnly/i);
    expect(cookie).toMatch(/SameSite=Lax/i);
    expect(signed.headers.get('location')).toBe('/tasks');
  });

  test('changing the account ends the session that was there', async () => {
    const before = await browserSession('zhou');
    const changed = await asBrowser('/demo/switch', { fields: { login: 'lin', _csrf: before.csrf }, cookie: before.cookie });
    expect(changed.status).toBe(303);
    expect(await owner('sessions').where({ id_hash: before.idHash })).toHaveLength(0);
  });

  test('only demonstration accounts can be switched to', async () => {
    expect((await send('/demo/switch', { login: 'outside' })).status).toBe(404);
  });

  test('the way back leads to this site only', async () => {
    for (const next of ['https://elsewhere.example/', '//elsewhere.example', '/\\elsewhere.example']) {
      const signed = await asBrowser('/sign-in', { fields: { login: 'lin', password, next } });
      expect(signed.headers.get('location')).toBe('/tasks');
    }
  });

  test('headers: no inline code, own forms keep their origin, caches do not mix page and JSON', async () => {
    const { headers } = await send('/openapi.json');
    expect(headers.get('content-security-policy')).toMatch(/script-src 'self' 'nonce-[^']+'/);
    expect(headers.get('content-security-policy')).not.toContain('unsafe');
    expect(headers.get('referrer-policy')).toBe('same-origin');
    expect(headers.get('vary')).toMatch(/Accept/);
    expect(headers.get('cache-control')).toContain('no-cache');
    const signedIn = await send('/sign-in/resume', undefined, { authorization: `Bearer ${await tokenOf('zhou')}` });
    expect(signedIn.headers.get('cache-control')).toBe('no-store');
  });

  test('an unknown address is 404, a known one with another method 405 with Allow', async () => {
    expect((await send('/no-such-page')).status).toBe(404);
    const other = await fetch(`${api.url}/sign-in`, { method: 'DELETE' });
    expect(other.status).toBe(405);
    expect(other.headers.get('allow')).toBe('GET, HEAD, POST');
  });

  test('a body that cannot be read is said to be so, and the log holds nothing of it', async () => {
    const broken = await fetch(`${api.url}/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: '{"login":"zhou","password":"sec',
    });
    expect(broken.status).toBe(422);
    expect(await broken.json()).toMatchObject({ issues: [{ code: 'unreadable' }] });
    expect(logged).not.toMatch(/zhou|sec|horse/);
  });
});

type Answer = { status: number; headers: Headers; body: Record<string, unknown> };

/** As a program: JSON. A POST when there is a body. */
async function send(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`${api.url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    redirect: 'manual',
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {},
  };
}

/** As a browser: text/html, and a form when there are fields. */
function asBrowser(path: string, form?: { fields: Record<string, string>; cookie?: string }): Promise<Response> {
  return fetch(`${api.url}${path}`, {
    method: form ? 'POST' : 'GET',
    headers: {
      accept: 'text/html',
      ...(form ? { origin: api.url, 'sec-fetch-site': 'same-origin' } : {}),
      ...(form?.cookie ? { cookie: form.cookie } : {}),
    },
    ...(form ? { body: new URLSearchParams(form.fields) } : {}),
    redirect: 'manual',
  });
}

function cookieIn(response: Response, name: string): string | undefined {
  const line = response.headers.getSetCookie().find((cookie) => cookie.startsWith(`${name}=`));
  return line?.slice(name.length + 1).split(';')[0];
}

async function tokenOf(login: string): Promise<string> {
  const { body } = await send('/demo/switch', { login });
  return String(body['token']);
}

async function browserSession(login: string): Promise<{ cookie: string; csrf: string; idHash: Buffer }> {
  const token = cookieIn(await asBrowser('/demo/switch', { fields: { login } }), 'shiming-session') ?? '';
  const idHash = createHash('sha256').update(token).digest();
  const row = await owner('sessions').where({ id_hash: idHash }).first('csrf_token');
  return { cookie: `shiming-session=${token}`, csrf: row.csrf_token, idHash };
}

async function plantPeople(): Promise<void> {
  await owner('regions').insert([
    { code: '350000', parent: null, name_zh: '福建省', name_en: 'Fujian', level: 'province', path: '350000' },
    { code: '350100', parent: '350000', name_zh: '福州市', name_en: 'Fuzhou', level: 'city', path: '350000/350100' },
    { code: '350104', parent: '350100', name_zh: '仓山区', name_en: 'Cangshan', level: 'county', path: '350000/350100/350104' },
  ]);
  const password_hash = await hashPassword(password);
  const people = [
    { login: 'zhou', name: '周明', demo: true, password_hash },
    { login: 'lin', name: '林岚', demo: true, password_hash },
    { login: 'leaving', name: '陈去', demo: true, password_hash },
    { login: 'guessed', name: '郑试', demo: true, password_hash },
    { login: 'gone', name: '黄离', demo: true, password_hash, active: false },
    { login: 'outside', name: '吴外', demo: false, password_hash: null },
  ];
  for (const person of people) {
    const [row] = await owner('users').insert(person).returning('id');
    await owner('grants').insert({
      user_id: row.id,
      role: person.login === 'lin' ? 'second_reviewer' : 'first_reviewer',
      region: '350104',
    });
  }
}

function testVault(): Vault {
  return openVault({ keys: { k1: randomBytes(32) }, currentKid: 'k1', indexKey: randomBytes(32) });
}
