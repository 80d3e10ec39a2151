/** Security settings: two people set them, and what they say holds for everybody who signs in. Over HTTP. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openProvince, type Province } from '../../support/province.ts';
import { accountsIn, good, issuesOf } from './account-makers.ts';

let province: Province;
beforeAll(async () => {
  province = await openProvince();
}, 120_000);
afterAll(() => province?.close());

const { outside, settled } = accountsIn(() => province);
const shipped = { idleMinutes: 60, longestHours: 12, attempts: 10, lockMinutes: 15, passwordDays: 90, staleDays: 90 };
const ask = async (login: string, wanted: Partial<typeof shipped>) =>
  (await province.as(login)).post<{ requestId: string }>('/admin/security', { ...shipped, ...wanted, reason: '等级保护测评意见' });
const decide = async (login: string, id: string, act: 'confirm' | 'refuse' = 'confirm') =>
  (await province.as(login)).post(`/admin/security/${id}/${act}`);
const inForce = async () => (await (await province.as('auditadmin-1')).get<{ inForce: typeof shipped }>('/admin/security')).body.inForce;

/** Asked for by the first security administrator, confirmed by the second. */
async function set(wanted: Partial<typeof shipped>): Promise<void> {
  const asked = await ask('security-1', wanted);
  expect(asked.status, JSON.stringify(asked.body)).toBe(201);
  expect((await decide('security-2', asked.body.requestId)).status).toBe(200);
}

describe('security settings', { timeout: 60_000 }, () => {
  test('[F37] where several fields are refused alike, the summary names each by the label that the form gives it', async () => {
    const security = await province.browser('security-1');
    const form = { ...Object.fromEntries(Object.entries(shipped).map(([name, value]) => [name, String(value)])), reason: '测评意见' };
    const wrong = await security.post('/admin/security', { ...form, idleMinutes: '1', longestHours: '0', attempts: '1', lockMinutes: '1' });
    expect(wrong.status).toBe(422);
    const summary = /class="error-summary"[\s\S]*?<\/ul>/.exec(wrong.html)?.[0] ?? '';
    for (const label of ['空闲退出：', '最长登录：', '口令尝试：', '锁定时长：']) expect(summary).toContain(`>${label}`);
  });

  test('[F37] one security administrator asks, another one confirms; nobody else, and nobody the own request', async () => {
    expect(await inForce()).toMatchObject(shipped);
    for (const login of ['system-1', 'auditadmin-1', 'cs-first-1']) expect((await ask(login, { idleMinutes: 30 })).status).toBe(403);
    const asked = await ask('security-1', { idleMinutes: 30 });
    expect(asked.status).toBe(201);
    expect(await ask('security-2', { attempts: 5 })).toMatchObject({ status: 409, body: { code: 'security.requested' } });
    expect(await decide('security-1', asked.body.requestId)).toMatchObject({ status: 403, body: { code: 'security.own' } });
    expect((await decide('system-1', asked.body.requestId)).status).toBe(403);
    expect(await inForce()).toMatchObject(shipped);

    const page = await (await province.browser('security-2')).get('/admin/security');
    for (const words of ['等级保护测评意见', '60 分钟', '30 分钟', '确认生效']) expect(page.html).toContain(words);
    expect((await (await province.browser('security-1')).get('/admin/security')).html).toContain('撤回申请');

    expect((await decide('security-2', asked.body.requestId)).status).toBe(200);
    expect(await inForce()).toMatchObject({ idleMinutes: 30, attempts: 10 });
    expect(await decide('security-2', asked.body.requestId)).toMatchObject({ status: 409, body: { code: 'security.in_force' } });
    const lines = await province.db('audit_log').where('act', 'like', 'security.%').orderBy('id').select('act', 'detail');
    expect(lines).toMatchObject([
      { act: 'security.request', detail: { idleMinutes: 30, reason: '等级保护测评意见' } },
      { act: 'security.confirm' },
    ]);

    const back = await ask('security-2', shipped);
    expect((await decide('security-2', back.body.requestId, 'refuse')).body).toMatchObject({ status: 'withdrawn' });
    const refused = await ask('security-2', shipped);
    expect((await decide('security-1', refused.body.requestId, 'refuse')).body).toMatchObject({ status: 'refused' });
    expect(await ask('security-1', { idleMinutes: 30 })).toMatchObject({ status: 409, body: { code: 'security.same' } });
  });

  test('[F37] no two people pass the limits, and the database refuses what the counters refuse', async () => {
    for (const [field, wrong] of Object.entries({
      idleMinutes: 0,
      longestHours: 25,
      attempts: 2,
      lockMinutes: 1_441,
      passwordDays: -1,
      staleDays: 29,
    }))
      expect(issuesOf(await ask('security-1', { [field]: wrong })).map(([at]) => at)).toEqual([field]);
    const me = (await province.db('users').where({ login: 'security-1' }).first('id')).id;
    const row = { idle_minutes: 20, longest_hours: 8, attempts: 5, lock_minutes: 30, password_days: 90, stale_days: 90, reason: '越权' };
    const by = { requested_by: me, requested_at: new Date(), decided_by: me, decided_at: new Date() };
    await expect(province.db('security_settings').insert({ ...row, ...by, status: 'former' })).rejects.toThrow(
      'security_settings_two_people',
    );
    for (const attempt of ['update security_settings set idle_minutes = 120', 'delete from security_settings'])
      await expect(
        province.db.transaction(async (trx) => {
          await trx.raw('set local role shiming_app');
          await trx.raw(attempt);
        }),
      ).rejects.toThrow('permission denied');
  });

  test('[F37] a session ends when it is idle as long as the settings say, and at the latest after as many hours', async () => {
    await set({ idleMinutes: 10, longestHours: 2 });
    const { id, person } = await settled();
    const life = await province
      .db('sessions')
      .where({ user_id: id })
      .first(
        province.db.raw(
          'round(extract(epoch from expires_at - created_at) / 60)::int as idle, round(extract(epoch from absolute_expires_at - created_at) / 3600)::int as longest',
        ),
      );
    expect(life).toEqual({ idle: 10, longest: 2 });
    await province
      .db('sessions')
      .where({ user_id: id })
      .update({ last_seen_at: province.db.raw("now() - interval '5 minutes'") });
    expect((await person.get('/account')).status).toBe(200);
    const after = await province
      .db('sessions')
      .where({ user_id: id })
      .first(province.db.raw('round(extract(epoch from expires_at - now()) / 60)::int as idle'));
    expect(after).toEqual({ idle: 10 });
  });

  test('[F37] as many wrong passwords as the settings say lock the account, once on record; the right one does not open it, and nobody is told', async () => {
    await set({ attempts: 3, lockMinutes: 30 });
    const { id, login } = await settled();
    await province.db('known_networks').where({ user_id: id }).delete();
    const answers = [];
    for (let at = 0; at < 5; at += 1) answers.push(await outside('/sign-in', { login, password: 'wrong' }));
    answers.push(await outside('/sign-in', { login, password: good }));
    for (const { status, body, headers } of answers)
      expect([status, body['issues'], headers.get('retry-after')]).toEqual([422, answers[0]?.body['issues'], null]);
    expect(await province.db('audit_log').where({ act: 'session.lock', actor: id })).toHaveLength(1);
    const { body } = await (await province.as('auditadmin-1')).get<{ keeping: Record<string, unknown> }>('/admin/audit?act=session.lock');
    expect(body).toMatchObject({ lines: [{ person: login }], keeping: { since: expect.any(String), refused: 3, locked: 1 } });
    const { html } = await (await province.browser('auditadmin-1')).get('/admin/audit');
    for (const words of ['起完整留存', '登录被拒 3 次', '账号锁定 1 次']) expect(html).toContain(words);
  });

  test('[F37] a right password gives its attempt back to the address, a wrong one does not', async () => {
    const { login } = await settled();
    // Whoever has signed in from an address before is counted apart there.
    const points = async () =>
      Number((await province.db('rate_limits').whereRaw(`key ~ '^(address|known):'`).sum({ n: 'points' }).first())?.n ?? 0);
    const before = await points();
    for (let at = 0; at < 3; at += 1) expect((await outside('/sign-in', { login, password: good })).status).toBe(200);
    expect(await points()).toBe(before);
    await outside('/sign-in', { login, password: 'wrong' });
    expect(await points()).toBe(before + 1);
  });

  test('[F37] only whole numbers are settings: nothing else counts as «never»', async () => {
    for (const wrong of [null, '', false, true, [5], ' ', '5.0', 1.5, {}])
      expect([wrong, issuesOf(await ask('security-1', { passwordDays: wrong as number })).map(([at]) => at)]).toEqual([
        wrong,
        ['passwordDays'],
      ]);
  });

  test('[F37] a password that is too old opens nothing but the page on which it is changed', async () => {
    await set({ passwordDays: 90 });
    const { id, login } = await settled();
    await province
      .db('users')
      .where({ id })
      .update({ password_changed_at: province.db.raw("now() - interval '91 days'") });
    const signed = await outside('/sign-in', { login, password: good });
    expect(signed.body).toMatchObject({ home: '/account', mustChange: true });
    const bearer = { authorization: `Bearer ${String(signed.body['token'])}` };
    const read = (path: string, accept: string) =>
      fetch(`${province.origin}${path}`, { headers: { ...bearer, accept }, redirect: 'manual' });
    const refused = await read('/notices', 'application/json');
    expect([refused.status, await refused.json()]).toMatchObject([403, { code: 'password.tooOld' }]);
    const moved = await read('/notices', 'text/html');
    expect([moved.status, moved.headers.get('location')]).toEqual([303, '/account']);
    expect((await read('/account', 'text/html')).status).toBe(200);
    // On public addresses such a visitor is a stranger.
    const code = (await province.db('institutions').first('credit_code')).credit_code as string;
    const register = `/institutions/${code}`;
    const stranger = await fetch(`${province.origin}${register}`, { headers: { accept: 'application/json' } });
    expect(await (await read(register, 'application/json')).json()).toEqual(await stranger.json());
    const changed = await fetch(`${province.origin}/account/password`, {
      method: 'POST',
      headers: { ...bearer, 'content-type': 'application/json' },
      body: JSON.stringify({ currentPassword: good, newPassword: 'Ling wai yi ge 9 kou', repeatPassword: 'Ling wai yi ge 9 kou' }),
    });
    expect(changed.status).toBe(200);
    expect((await read('/notices', 'application/json')).status).toBe(200);
    await set({ passwordDays: 0, attempts: 4 });
    await province
      .db('users')
      .where({ id })
      .update({ password_changed_at: province.db.raw("now() - interval '900 days'") });
    expect((await outside('/sign-in', { login, password: 'Ling wai yi ge 9 kou' })).body).toMatchObject({ mustChange: false });
  });

  test('[F37] who has not signed in for so long is listed as idle, with the day', async () => {
    await set({ staleDays: 30, attempts: 6 });
    const { id, login } = await settled();
    const idle = async () => {
      const answer = await (await province.as('system-1')).get<{ accounts: { login: string; lastSignInAt: string }[] }>(
        '/admin/accounts?state=stale',
      );
      return answer.body.accounts.filter((account) => account.login === login);
    };
    expect(await idle()).toEqual([]);
    await province
      .db('sign_ins')
      .where({ user_id: id })
      .update({ at: province.db.raw("now() - interval '31 days'") });
    await province
      .db('users')
      .where({ id })
      .update({ password_changed_at: province.db.raw("now() - interval '40 days'") });
    expect(await idle()).toMatchObject([{ login, lastSignInAt: expect.any(String) }]);
    expect((await (await province.browser('system-1')).get('/admin/accounts?state=stale')).html).toContain(login);
  });
});
