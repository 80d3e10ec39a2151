/** Another place, another pack: a municipality with two levels, no second review and a plan notice that blocks. No workflow file knows about it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import municipalityPack from '../../db/policy-packs/municipality-2024.json' with { type: 'json' };
import { saveRegions } from '../../db/regions.ts';
import municipality from '../../db/regions/municipality.json' with { type: 'json' };
import { createRobot, type Robot } from '../../start/demonstration/robot.ts';
import { trainingDays } from '../../start/demonstration/training-days.ts';
import { makeUscc } from '../../workflows/domain/people/identity.ts';
import { type Office, openOffice } from '../support/office.ts';

const city = '110000';
const district = '110105';
const days = trainingDays('2026-03-23', 10);
let office: Office;
let robot: Robot;
let number: string;

beforeAll(async () => {
  office = await openOffice();
  await saveRegions(office.db, municipality);
  const people: [login: string, role: string, institution?: 'training' | 'assessment'][] = [
    ['bj-first-1', 'first_reviewer'],
    ['bj-approve-1', 'approver'],
    ['bj-inspect-1', 'inspector'],
    ['bj-finance-1', 'finance_officer'],
    ['bj-finance-2', 'finance_officer'],
    ['bj-catalogue-1', 'catalogue_officer'],
    ['bj-catalogue-2', 'catalogue_officer'],
    ['bj-pay-1', 'payment_officer'],
    ['bj-pay-2', 'payment_officer'],
    ['bj-pay-3', 'payment_officer'],
    ['bj-supervise-1', 'supervisor'],
    ['bj-second-1', 'second_reviewer'],
    ['bj-school-1', 'institution', 'training'],
    ['bj-assess-1', 'assessor', 'assessment'],
  ];
  const institutions = new Map<string, string>();
  for (const [kind, serial] of [
    ['training', 801],
    ['assessment', 802],
  ] as const) {
    const [row] = await office
      .db('institutions')
      .insert({
        credit_code: makeUscc({ region: district, serial }),
        name: `朝阳示范机构 ${serial}`,
        kind,
        region: district,
        licence_scope: ['中式烹调师'],
      })
      .returning('id');
    institutions.set(kind, row.id);
  }
  const school = institutions.get('training');
  await office
    .db('teachers')
    .insert(
      ['甲', '乙'].map((name) => ({ institution_id: school, name: `教师${name}`, qualification: '技师', occupations: ['中式烹调师'] })),
    );
  await office.db('venues').insert({ institution_id: school, name: '实训室', address: '示范路 1 号', capacity: 40 });
  for (const [login, role, institution] of people) {
    const [user] = await office
      .db('users')
      .insert({ login, name: `演示${login}`, demo: true, institution_id: institution ? institutions.get(institution) : null })
      .returning('id');
    for (const region of institution ? [district] : [city, district]) await office.db('grants').insert({ user_id: user.id, role, region });
  }
  await begin();
  robot = createRobot({ origin: office.origin, office: 'bj', institutions: ['bj-school-1', 'bj-assess-1'], patienceMs: 20_000 });
});
afterAll(async () => {
  await office?.close();
});

/** What a place needs before its first class, entered at the counters alone: pack, project, budgets, paying account, each by two people where two are needed. */
async function begin(): Promise<void> {
  const send = async (login: string, path: string, body: unknown = {}): Promise<Record<string, string>> => {
    const answer = await (await office.as(login)).post<Record<string, string>>(path, body);
    if (answer.status > 201) throw new Error(`${login} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const { uploadId } = await send('bj-catalogue-1', '/packs', municipalityPack);
  await send('bj-catalogue-2', `/packs/uploads/${uploadId}/confirm`, { from: '2026-03-02' });
  await send('bj-catalogue-1', '/projects', {
    code: 'BJ-2026-001',
    name: '中式烹调师（五级）',
    occupation: '中式烹调师',
    level: 5,
    kind: 'certificate',
    fund: 'employment_subsidy',
    department: '示范市人力资源和社会保障局',
    responsible: '职业能力建设处',
    region: city,
    hoursMin: 60,
    validFrom: '2026-01-01',
  });
  for (const region of [city, district]) {
    const budget = {
      fund: 'employment_subsidy',
      year: 2026,
      region,
      amount: '1,000,000.00',
      document: `京财社〔2026〕${region}号`,
      reason: '年度预算',
    };
    const { id } = await send('bj-finance-1', '/budgets', budget);
    await send('bj-finance-2', `/budgets/${id}/confirm`);
  }
  const account = {
    region: city,
    fund: 'employment_subsidy',
    name: '示范市人力资源和社会保障局',
    account: '110000000000000001',
    bankTemplate: 'comma',
    reason: '开户',
  };
  const { id } = await send('bj-pay-1', '/paying-accounts', account);
  await send('bj-pay-2', `/paying-accounts/${id}/confirm`);
}

describe.sequential('a municipality', () => {
  test('[N7] the pack says which levels and roles review: district first, city approves, nobody reviews twice', {
    timeout: 150_000,
  }, async () => {
    number = await robot.submitClass({
      login: 'bj-school-1',
      title: '中式烹调师（五级）朝阳 1 班',
      startDate: days[0] ?? '',
      days,
      trainees: 6,
      seed: 77,
      project: '中式烹调师（五级）',
    });
    await robot.walk([number], { ms: 130_000 });
    const reviews = await office.db('tasks').where({ kind: 'review' }).orderBy('opened_at').select('step', 'role', 'office');
    expect(reviews.some((task) => task.role === 'second_reviewer')).toBe(false);
    expect(reviews.filter((task) => task.step.startsWith('pre_training.')).map((task) => [task.role, task.office])).toEqual([
      ['first_reviewer', district],
      ['approver', city],
    ]);
  });

  test('[N9] its plan notice holds the class up until the end of the period', async () => {
    const plan = await office.db('disclosures').where({ list: 'plan' }).first('blocks', 'ended_at', 'published_at');
    expect(plan.blocks).toBe(true);
    const began = await office.db('tasks').where({ step: 'ready.beginning' }).first('opened_at');
    expect(began.opened_at.getTime()).toBeGreaterThanOrEqual(plan.ended_at.getTime());
  });

  test('[N19] amounts come from its own pack, with their source', async () => {
    const line = await office.db('payment_lines').first('trace', 'status');
    expect(line.status).toBe('paid');
    expect(line.trace.packId).toBe('municipality-2024');
    expect(line.trace.lines.every((part: { source: string }) => typeof part.source === 'string')).toBe(true);
  });

  test('[N3] it was paid from the account and the budget that its own officers entered; another account later leaves the batch as it was', async () => {
    const batch = () => office.db('payment_batches').first('payer_account', 'bank_template', 'total_fen', 'region');
    const paid = await batch();
    expect(paid).toMatchObject({ payer_account: '110000000000000001', bank_template: 'comma' });
    const { budget, available } = Object.fromEntries(
      (await office.db('ledger_accounts').where({ region: paid.region, year: 2026 }).select('kind', 'balance_fen')).map((row) => [
        row.kind,
        row.balance_fen,
      ]),
    );
    expect([budget, available]).toEqual([100_000_000, 100_000_000 - paid.total_fen]);
    const another = {
      region: city,
      fund: 'employment_subsidy',
      name: '示范市就业中心',
      account: '110000000000000099',
      bankTemplate: 'common',
    };
    const made = await (await office.as('bj-pay-2')).post<{ id: string }>('/paying-accounts', { ...another, reason: '换行' });
    expect((await (await office.as('bj-pay-1')).post(`/paying-accounts/${made.body.id}/confirm`)).status).toBe(200);
    expect(await batch()).toEqual(paid);
  });
});
