/** Short lists of administration and money reach back to their first line all the same. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { draftClass, openProvince, type Province } from '../support/province.ts';

type Line = { id: string; status: string };
type Answer = { next: string | null; earlier?: Line[]; repairs?: Line[]; budgets?: Line[] };

let province: Province;
beforeAll(async () => {
  province = await openProvince();
});
afterAll(() => province?.close());

const idOf = async (login: string): Promise<string> => (await province.db('users').where({ login }).first('id')).id;

/** Lines of every page, one after another; how many pages there were. */
async function walk(login: string, path: string, linesOf: (answer: Answer) => Line[]): Promise<{ lines: Line[][] }> {
  const lines: Line[][] = [];
  const reader = await province.as(login);
  for (let after: string | null = ''; after !== null; ) {
    const { status, body }: { status: number; body: Answer } = await reader.get<Answer>(`${path}${after ? `?after=${after}` : ''}`);
    expect(status).toBe(200);
    lines.push(linesOf(body));
    after = body.next;
  }
  return { lines };
}

async function links(login: string, path: string): Promise<string[]> {
  const { html } = await (await province.browser(login)).get(path);
  return [...(html.match(/<nav class="pager"[^]*?<\/nav>/)?.[0] ?? '').matchAll(/href="([^"]+)"/g)].map(([, href = '']) =>
    href.replaceAll('&#x3D;', '='),
  );
}

test('[F37] earlier security settings, down to what was shipped', async () => {
  const [one, two] = [await idOf('security-1'), await idOf('security-2')];
  const figures = { idle_minutes: 60, longest_hours: 12, attempts: 10, lock_minutes: 15, password_days: 90, stale_days: 90 };
  await province.db('security_settings').where({ status: 'in_force' }).update({ status: 'former' });
  for (let n = 0; n < 45; n += 1)
    await province.db('security_settings').insert({
      ...figures,
      reason: `第 ${n} 次`,
      status: n === 44 ? 'in_force' : 'refused',
      requested_by: one,
      requested_at: '2026-03-02T09:00:00+08:00',
      decided_by: two,
      // Many of one instant.
      decided_at: `2026-03-0${2 + Math.floor(n / 15)}T09:00:00+08:00`,
    });
  const { lines } = await walk('auditadmin-1', '/admin/security', ({ earlier = [] }) => earlier);
  expect(lines.map(({ length }) => length)).toEqual([20, 20, 5]);
  expect(new Set(lines.flat().map(({ id }) => id)).size).toBe(45);
  expect(lines.flat().at(-1)?.status).toBe('former');
  const [older = ''] = await links('security-1', '/admin/security');
  expect(older).toMatch(/^\/admin\/security\?after=/);
  expect(await links('security-1', older.replace('#earlier', ''))).toContain('/admin/security#earlier');
});

test('[F14] repairs that were decided long ago; those that wait stand on every page', async () => {
  const number = await draftClass(province, { seed: 51, trainees: 4 });
  await (await province.as('kangning-1')).post(`/classes/${number}/submit`);
  const [one, two] = [await idOf('system-1'), await idOf('security-1')];
  for (let n = 0; n < 24; n += 1)
    await province.db('repair_requests').insert({
      procedure_id: `class-${number}`,
      kind: 'ring',
      reason: `第 ${n} 次`,
      status: n === 23 ? 'requested' : 'confirmed',
      requested_by: one,
      requested_at: '2026-03-02T09:00:00+08:00',
      decided_by: n === 23 ? null : two,
      decided_at: n === 23 ? null : `2026-03-0${2 + (n % 2)}T09:00:00+08:00`,
    });
  const { lines } = await walk('system-1', '/admin/operations', ({ repairs = [] }) => repairs);
  expect(lines.map((page) => page.filter(({ status }) => status !== 'requested').length)).toEqual([10, 10, 3]);
  expect(new Set(lines.flat().map(({ id }) => id)).size).toBe(24);
  expect(lines.every((page) => page.some(({ status }) => status === 'requested'))).toBe(true);
  expect((await links('system-1', '/admin/operations'))[0]).toMatch(/^\/admin\/operations\?after=.*#repairs$/);
});

test('[N3] budgets of all years; what waits for a second person stands first, however old', async () => {
  const [one, two] = [await idOf('cs-finance-1'), await idOf('cs-finance-2')];
  const before = (await walk('cs-finance-1', '/budgets', ({ budgets = [] }) => budgets)).lines.flat().length;
  for (let n = 0; n < 205; n += 1)
    await province.db('budget_entries').insert({
      fund: 'employment_subsidy',
      year: 2026,
      region: '350104',
      direction: 'increase',
      amount_fen: 100,
      document: `闽财社〔2026〕${n}号`,
      reason: '下达预算',
      status: n === 0 ? 'proposed' : 'refused',
      proposed_by: one,
      proposed_at: n === 0 ? '2025-01-02T09:00:00+08:00' : '2026-02-02T09:00:00+08:00',
      decided_by: n === 0 ? null : two,
      decided_at: n === 0 ? null : '2026-02-03T09:00:00+08:00',
    });
  const { lines } = await walk('cs-finance-1', '/budgets', ({ budgets = [] }) => budgets);
  expect(lines.map(({ length }) => length)).toEqual([101, 100, before + 4]);
  expect(lines[0]?.[0]?.status).toBe('proposed');
  expect(new Set(lines.flat().map(({ id }) => id)).size).toBe(before + 205);
  expect((await links('cs-finance-1', '/budgets'))[0]).toMatch(/^\/budgets\?after=/);
});
