/** Accounts as tests need them: new ones with their set-up link, settled ones with a password, granted ones. */
import { expect } from 'vitest';
import { type Answer, type Person, signIn } from '../../../start/demonstration/person.ts';
import type { Province } from '../../support/province.ts';

export const good = 'Chuang-qian 7 ming yue';

type Issue = { field: string; code: string };
export const issuesOf = (answer: Answer): [string, string][] =>
  ((answer.body['issues'] ?? []) as Issue[]).map(({ field, code }) => [field, code]);

/** To be called at the top of a test file: its province is open only once its tests begin. */
export function accountsIn(provinceOf: () => Province) {
  let serial = 0;
  const idOf = async (login: string): Promise<string> => (await provinceOf().db('users').where({ login }).first('id')).id;

  /** A new account of the office of Cangshan (or as told), by the system administrator. */
  async function newAccount(more: Record<string, unknown> = {}): Promise<{ id: string; login: string; link: string }> {
    serial += 1;
    const login = `new-${serial}`;
    const admin = await provinceOf().as('system-1');
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
    const response = await fetch(`${provinceOf().origin}${path}`, {
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

  /** By a security administrator, as the account's page shows it. */
  async function release(id: string): Promise<void> {
    const security = await provinceOf().as('security-1');
    const { linkId } = (await security.get<{ linkId: string }>(`/admin/accounts/${id}`)).body;
    expect((await security.post(`/admin/accounts/${id}/link/release`, { link: linkId })).status).toBe(200);
  }

  /** With a password that grants leave alone. */
  async function settled(more: Record<string, unknown> = {}): Promise<{ id: string; login: string; person: Person }> {
    const account = await newAccount(more);
    await release(account.id);
    expect((await outside(account.link, { newPassword: good, repeatPassword: good })).status).toBe(200);
    return { ...account, person: await signIn(provinceOf().origin, account.login, good) };
  }

  /** A role that one of the security administrators asks for; it waits for the other one. */
  async function askForRole(login: string, role: string, region = '350104') {
    const first = await provinceOf().as('security-1');
    return first.post<{ requestId: string }>('/admin/grants', { login, role, region, reason: '任命' });
  }

  async function granted(login: string, role: string, region = '350104'): Promise<number> {
    const asked = await askForRole(login, role, region);
    expect(asked.status, JSON.stringify(asked.body)).toBe(201);
    const confirmed = await (await provinceOf().as('security-2')).post<{ grantId: number }>(
      `/admin/grants/requests/${asked.body.requestId}/confirm`,
    );
    expect(confirmed.status, JSON.stringify(confirmed.body)).toBe(200);
    return confirmed.body.grantId;
  }

  return { idOf, newAccount, outside, release, settled, askForRole, granted };
}
