/** What people do about their own account: password and sessions. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signIn } from '../../../start/demonstration/person.ts';
import { openProvince, type Province } from '../../support/province.ts';
import { accountsIn, good, issuesOf } from './account-makers.ts';

let province: Province;
const { settled } = accountsIn(() => province);

beforeAll(async () => {
  province = await openProvince();
}, 60_000);
afterAll(() => province?.close());

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
