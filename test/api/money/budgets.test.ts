/** Budgets (N3) over real HTTP: entered by one finance officer, confirmed by another, reduced only down to what is not committed. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inTransaction } from '../../../db/client.ts';
import { commitFunds } from '../../../db/money/ledger.ts';
import type { Answer } from '../../../start/demonstration/person.ts';
import { openProvince, type Province } from '../../support/province.ts';

let province: Province;
beforeAll(async () => {
  province = await openProvince();
}, 60_000);
afterAll(() => province?.close());

type Issue = { field: string; code: string };
type FundsAnswer = {
  balances: { fund: string; year: number; region: string; budgetFen: number; availableFen: number }[];
  budgets: { id: string; status: string; document: string; proposedBy: string; decidedBy: string | null }[];
};
const issuesOf = (answer: Answer): string[] =>
  ((answer.body['issues'] ?? []) as Issue[]).map(({ field, code }) => `${field} ${code}`).sort();
let serial = 0;
/** A fund and year that no other test uses. */
const fresh = (more: Record<string, unknown> = {}) => {
  serial += 1;
  return {
    fund: 'unemployment_insurance',
    year: 2030 + serial,
    region: '350104',
    amount: '1,500,000.50',
    document: `榕财社指〔2026〕${serial}号`,
    reason: '年度预算下达',
    ...more,
  };
};
async function entered(budget: Record<string, unknown>, login = 'cs-finance-1'): Promise<string> {
  const made = await (await province.as(login)).post<{ id: string }>('/budgets', budget);
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  return made.body.id;
}
const confirm = async (id: string, login = 'cs-finance-2') => (await province.as(login)).post(`/budgets/${id}/confirm`);
const balanceOf = async ({ fund, year, region }: { fund: string; year: number; region: string }) => {
  const { body } = await (await province.as('cs-finance-1')).get<FundsAnswer>('/funds');
  return body.balances.find((line) => line.fund === fund && line.year === year && line.region === region);
};

describe('[N3] budgets', () => {
  test('[N3] only finance officers enter them, and only inside the own regions', async () => {
    for (const login of ['cs-approve-1', 'cs-pay-1', 'cs-catalogue-1', 'cs-audit-1', 'kangning-1', 'system-1'])
      expect((await (await province.as(login)).post('/budgets', fresh())).status, login).toBe(403);
    for (const region of ['350102', '350100', '999999'])
      expect(issuesOf(await (await province.as('cs-finance-1')).post('/budgets', fresh({ region })))).toEqual(['region region.outside']);
    const id = await entered(fresh());
    expect((await confirm(id, 'gl-finance-1')).status).toBe(404);
    expect((await confirm(id, 'cs-approve-1')).status).toBe(403);
    expect((await confirm(randomUUID())).status).toBe(404);
    expect((await confirm(id, 'fz-finance-1')).status).toBe(200);
  });

  test('[N3] what is entered counts only when another finance officer has confirmed it', async () => {
    const budget = fresh();
    const id = await entered(budget);
    expect(await balanceOf(budget)).toBeUndefined();
    expect((await confirm(id, 'cs-finance-1')).body).toMatchObject({ status: 403, code: 'proposal.own' });
    const confirmed = await confirm(id);
    expect([confirmed.status, confirmed.body]).toEqual([200, { availableFen: 150_000_050 }]);
    expect(await balanceOf(budget)).toMatchObject({ budgetFen: 150_000_050, availableFen: 150_000_050 });
    expect((await confirm(id, 'fz-finance-1')).body).toMatchObject({ status: 409, code: 'proposal.confirmed' });
    await expect(
      province
        .db('budget_entries')
        .where({ id })
        .update({ decided_by: province.db.ref('proposed_by') }),
      'the table refuses one person too',
    ).rejects.toThrow(/budget_entries_two_people/);
    const audit = await province
      .db('audit_log')
      .where({ subject: `budget-${id}` })
      .orderBy('id')
      .select('act', 'actor');
    expect(audit.map((line) => line.act)).toEqual(['budget.propose', 'budget.confirm']);
    expect(audit[0].actor).not.toBe(audit[1].actor);
  });

  test('[N3] more money is another entry with its own document; the same document is not entered twice', async () => {
    const budget = fresh();
    await confirm(await entered(budget));
    const again = await (await province.as('cs-finance-2')).post('/budgets', budget);
    expect(again.body).toMatchObject({ status: 409, code: 'budget.document' });
    await confirm(await entered({ ...budget, document: '追加 1 号', amount: 20 }));
    expect(await balanceOf(budget)).toMatchObject({ budgetFen: 150_002_050 });
  });

  test('[N3] a reduction goes down to what is not committed, and says so', async () => {
    const budget = fresh({ amount: '1000' });
    await confirm(await entered(budget));
    const { fund, year, region } = budget;
    const first = await entered({ ...budget, direction: 'reduction', amount: '600', document: '核减 1 号' });
    const second = await entered({ ...budget, direction: 'reduction', amount: '600', document: '核减 2 号' });
    await inTransaction(province.db, (trx) => commitFunds(trx, { fund, year, region, reference: `held-${year}`, amountFen: 30_000 }));
    expect((await confirm(first)).body).toEqual({ availableFen: 10_000 });
    expect(await balanceOf(budget)).toMatchObject({ budgetFen: 40_000, availableFen: 10_000 });
    const refused = await confirm(second);
    expect(refused.body).toMatchObject({ status: 409, code: 'budget.committed' });
    expect(JSON.stringify(refused.body)).toContain('¥100.00');
    expect(await balanceOf(budget), 'nothing half done').toMatchObject({ budgetFen: 40_000, availableFen: 10_000 });
    const tooMuch = await (await province.as('cs-finance-1')).post('/budgets', {
      ...budget,
      direction: 'reduction',
      amount: '100.01',
      document: '核减 3 号',
    });
    expect(issuesOf(tooMuch)).toEqual(['amount budget.aboveAvailable']);
    expect((await (await province.as('cs-finance-1')).post(`/budgets/${second}/refuse`)).body).toEqual({ status: 'withdrawn' });
  });

  test('[N3] two who confirm at once post it once', async () => {
    const budget = fresh({ amount: '300' });
    const id = await entered(budget);
    const answers = await Promise.all([confirm(id), confirm(id, 'fz-finance-1'), confirm(id, 'fj-finance-1')]);
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409, 409]);
    expect(await balanceOf(budget)).toMatchObject({ budgetFen: 30_000 });
  });

  test('[N3] bad amounts, years and texts are refused at their fields; the browser keeps what was entered', async () => {
    const officer = await province.as('cs-finance-1');
    for (const amount of ['0', '-5', '12.345', 'viel', '', '99999999999999', null, [1]])
      expect(issuesOf(await officer.post('/budgets', fresh({ amount }))).join(), String(amount)).toMatch(/^amount /);
    expect(
      issuesOf(await officer.post('/budgets', { fund: 'lottery', year: 1999, region: 'x', amount: '1', document: '', reason: 'a\nb' })),
    ).toEqual(['document tooShort', 'fund notOffered', 'reason oneLine', 'region region.unknown', 'year tooSmall']);
    const browser = await province.browser('cs-finance-1');
    for (const [lang, words] of [
      ['zh-CN', '最多两位小数'],
      ['en', 'at most two decimals'],
    ] as const) {
      const page = await browser.post(`/budgets?lang=${lang}`, { ...fresh({ amount: '12.345', document: '保留的文号' }), year: '2030' });
      expect(page.status).toBe(422);
      expect(page.html).toContain(words);
      expect(page.html).toContain('value="保留的文号"');
    }
  });

  test('[N3] the page of the funds shows who entered and who confirmed, and offers each only what the person may do', async () => {
    const budget = fresh({ document: '页面 1 号' });
    const browser = await province.browser('cs-finance-1');
    const made = await browser.post('/budgets', { ...budget, year: String(budget.year) });
    expect([made.status, made.location]).toEqual([303, '/budgets']);
    const { id } = await province.db('budget_entries').where({ document: '页面 1 号' }).first('id');
    const own = (await browser.get('/funds')).html;
    expect(own).toContain('href="/budgets/new"');
    expect((await browser.get('/budgets')).html).toContain('href="/budgets/new"');
    expect(own).not.toContain(`/budgets/${id}/confirm`);
    expect(own).toContain(`/budgets/${id}/refuse`);
    const second = await province.browser('cs-finance-2');
    expect((await second.get('/funds')).html).toContain(`/budgets/${id}/confirm`);
    expect((await (await province.browser('cs-approve-1')).get('/budgets')).html).not.toContain(`/budgets/${id}/`);
    expect((await second.post(`/budgets/${id}/confirm`)).status).toBe(303);
    const names = await province.db('users').whereIn('login', ['cs-finance-1', 'cs-finance-2']).orderBy('login').pluck('name');
    expect((await browser.get('/funds')).html).toContain(`${names[0]} → ${names[1]}`);
    const shown = (await (await province.as('cs-audit-1')).get<FundsAnswer>('/funds')).body.budgets.find((line) => line.id === id);
    expect(shown).toMatchObject({ status: 'confirmed', proposedBy: names[0], decidedBy: names[1] });
    expect((await (await province.as('gl-audit-1')).get<FundsAnswer>('/funds')).body.budgets.some((line) => line.id === id)).toBe(false);
  });
});
