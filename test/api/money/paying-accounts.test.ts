/** Paying accounts (专户) over real HTTP: proposed by one payment officer, confirmed by another, masked for others. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Answer } from '../../../start/demonstration/person.ts';
import { openProvince, type Province } from '../../support/province.ts';

let province: Province;
beforeAll(async () => {
  province = await openProvince();
}, 60_000);
afterAll(() => province?.close());

type Issue = { field: string; code: string };
type Listed = { accounts: { id: string | null; account: string; fund: string; region: string; inUse: boolean; status: string }[] };
const issuesOf = (answer: Answer): string[] =>
  ((answer.body['issues'] ?? []) as Issue[]).map(({ field, code }) => `${field} ${code}`).sort();
const wanted = (more: Record<string, unknown> = {}) => ({
  region: '350104',
  fund: 'special_account',
  name: '福州市仓山区人力资源和社会保障局',
  account: '3501 0400 0000 0077 11',
  bankTemplate: 'comma',
  reason: '专账资金开户',
  ...more,
});
async function proposed(more: Record<string, unknown> = {}, login = 'cs-pay-1'): Promise<string> {
  const made = await (await province.as(login)).post<{ id: string }>('/paying-accounts', wanted(more));
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  return made.body.id;
}
const decide = async (id: string, act: 'confirm' | 'refuse', login = 'cs-pay-2') =>
  (await province.as(login)).post(`/paying-accounts/${id}/${act}`);
const inUse = async (fund: string) => province.db('paying_accounts').where({ region: '350104', fund }).first();

describe('[N17] paying accounts', () => {
  test('[N17] only payment officers propose and confirm, in the own regions, and two of them', async () => {
    for (const login of ['cs-finance-1', 'cs-approve-1', 'cs-audit-1', 'kangning-1'])
      expect((await (await province.as(login)).post('/paying-accounts', wanted())).status, login).toBe(403);
    for (const region of ['350102', '350000', '990000'])
      expect(issuesOf(await (await province.as('cs-pay-1')).post('/paying-accounts', wanted({ region })))).toEqual([
        'region region.outside',
      ]);
    const id = await proposed();
    expect((await (await province.as('cs-pay-2')).post('/paying-accounts', wanted())).body).toMatchObject({
      status: 409,
      code: 'payingAccount.waiting',
    });
    expect((await decide(id, 'confirm', 'cs-pay-1')).body).toMatchObject({ status: 403, code: 'proposal.own' });
    expect((await decide(id, 'confirm', 'gl-pay-1')).status).toBe(404);
    expect(await inUse('special_account')).toBeUndefined();
    const answers = await Promise.all([decide(id, 'confirm'), decide(id, 'confirm', 'cs-pay-3')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(await inUse('special_account')).toMatchObject({ account: '350104000000007711', bank_template: 'comma', proposal_id: id });
    await expect(
      province
        .db('paying_account_proposals')
        .where({ id })
        .update({ decided_by: province.db.ref('proposed_by') }),
    ).rejects.toThrow(/paying_account_proposals_two_people/);
  });

  test('[N17] another one takes its place only when confirmed; refused and withdrawn ones change nothing', async () => {
    const before = await inUse('employment_subsidy');
    expect(
      issuesOf(
        await (await province.as('cs-pay-1')).post(
          '/paying-accounts',
          wanted({ fund: 'employment_subsidy', account: before.account, bankTemplate: before.bank_template }),
        ),
      ),
    ).toEqual(['account payingAccount.same']);
    const refused = await proposed({ fund: 'employment_subsidy' });
    expect((await decide(refused, 'refuse')).body).toEqual({ status: 'refused' });
    const withdrawn = await proposed({ fund: 'employment_subsidy' });
    expect((await decide(withdrawn, 'refuse', 'cs-pay-1')).body).toEqual({ status: 'withdrawn' });
    expect(await inUse('employment_subsidy')).toEqual(before);
    expect((await decide(await proposed({ fund: 'employment_subsidy' }), 'confirm', 'fz-pay-1')).status).toBe(200);
    expect(await inUse('employment_subsidy')).toMatchObject({ account: '350104000000007711' });
    const audit = await province.db('audit_log').where('act', 'like', 'paying_account.%').select('act', 'detail');
    expect(audit.length).toBeGreaterThanOrEqual(6);
    expect(JSON.stringify(audit)).not.toContain('350104000000007711');
  });

  test('[N17] bad input is told at its field; the number is shown to who pays and masked for the others', async () => {
    expect(
      issuesOf(
        await (await province.as('cs-pay-1')).post(
          '/paying-accounts',
          wanted({ account: '12ab', bankTemplate: 'other', fund: 'x', name: '', reason: '' }),
        ),
      ),
    ).toEqual(['account payingAccount.account', 'bankTemplate notOffered', 'fund notOffered', 'name tooShort', 'reason tooShort']);
    const browser = await province.browser('cs-pay-1');
    expect((await browser.get('/paying-accounts')).html).toContain('href="/paying-accounts/new"');
    const page = await browser.post('/paying-accounts?lang=en', wanted({ account: '12' }));
    expect(page.status).toBe(422);
    expect(page.html).toContain('8 to 32 digits');
    await proposed({ fund: 'unemployment_insurance', account: '350104000000009922' });
    expect((await (await province.browser('cs-pay-2')).get('/paying-accounts')).html).toContain('350104000000009922');
    for (const login of ['cs-finance-1', 'cs-approve-1']) {
      const { body } = await (await province.as(login)).get<Listed>('/paying-accounts');
      expect(body.accounts.length).toBeGreaterThan(2);
      expect(body.accounts.every(({ account }) => account.includes('*'))).toBe(true);
      const html = (await (await province.browser(login)).get('/paying-accounts')).html;
      expect(html).not.toContain('350104000000009922');
      expect(html).not.toContain('/confirm"');
    }
  });
});
