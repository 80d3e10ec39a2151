/** The money pages and their REST over real HTTP: the claim, a batch with its file and answer, accounts entered anew, the ledger. No Temporal. */
import { randomBytes, randomUUID } from 'node:crypto';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readApiConfig } from '../../../api/config.ts';
import { type RunningApi, startApi } from '../../../api/server.ts';
import { inTransaction } from '../../../db/client.ts';
import { commitFunds, setBudget } from '../../../db/money/ledger.ts';
import { type Person, signIn } from '../../../start/demonstration/person.ts';
import { formatYuan } from '../../../workflows/domain/money/money.ts';
import { makeCard } from '../../../workflows/domain/people/identity.ts';
import type { Ask } from '../../../workflows/domain/procedures.ts';
import { type Application, type FiledClass, type MoneyDatabase, openMoneyDatabase } from '../../support/by-hand/money.ts';

let money: MoneyDatabase;
let api: RunningApi;
const people = new Map<string, Promise<Person>>();

beforeAll(async () => {
  money = await openMoneyDatabase();
  api = await startApi({
    db: money.db,
    vault: money.vault,
    config: readApiConfig({ port: 0, demo: true, secret: randomBytes(32) }, {}),
    log: pino({ level: 'silent' }),
    checks: {},
  });
});
afterAll(async () => {
  await api?.close();
  await money?.close();
});

function as(login: string): Promise<Person> {
  const known = people.get(login) ?? signIn(api.url, login);
  people.set(login, known);
  return known;
}

/** As a browser: a cookie, a page, a form with its token, a file. */
async function browse(
  login: string,
  path: string,
  form?: FormData | URLSearchParams,
): Promise<{ status: number; html: string; location: string | null }> {
  const cookie = `shiming-session=${(await as(login)).token}`;
  if (form) {
    const drawn = await (await fetch(`${api.url}/funds`, { headers: { accept: 'text/html', cookie } })).text();
    form.set('_csrf', /name="_csrf" value="([^"]+)"/.exec(drawn)?.[1] ?? '');
  }
  const response = await fetch(`${api.url}${path}`, {
    headers: { accept: 'text/html', cookie },
    redirect: 'manual',
    ...(form ? { method: 'POST', body: form } : {}),
  });
  return { status: response.status, html: await response.text(), location: response.headers.get('location') };
}

async function download(login: string, path: string): Promise<{ status: number; bytes: Buffer; text: string; name: string }> {
  const response = await fetch(`${api.url}${path}`, { headers: { authorization: `Bearer ${(await as(login)).token}` } });
  const bytes = Buffer.from(await response.arrayBuffer());
  return {
    status: response.status,
    bytes,
    text: new TextDecoder('gb18030').decode(bytes),
    name: decodeURIComponent(response.headers.get('content-disposition') ?? ''),
  };
}

const answerForm = (bytes: Buffer | string): FormData => {
  const form = new FormData();
  form.set('file', new Blob([typeof bytes === 'string' ? bytes : new Uint8Array(bytes)], { type: 'text/plain' }), '回单.txt');
  return form;
};

const claimAsk: Ask = { step: 'claim.submit', kind: 'claim', role: 'institution', level: 'own', outcomes: ['submit'], workingDays: 5 };
const approvalAsk: Ask = {
  step: 'approval.approval',
  kind: 'review',
  role: 'approver',
  level: 'county',
  outcomes: ['approve', 'return', 'refuse'],
  workingDays: 3,
  fourEyes: [],
};
const fundsAsk: Ask = {
  step: 'funds.confirm',
  kind: 'funds',
  role: 'finance_officer',
  level: 'county',
  outcomes: ['confirm', 'send_back'],
  workingDays: 3,
  fourEyes: [],
};
const correctionAsk: Ask = {
  step: 'payment.account',
  kind: 'account_correction',
  role: 'institution',
  level: 'own',
  outcomes: ['corrected'],
  workingDays: 5,
};

async function released(trainees = 3): Promise<{ filed: FiledClass; application: Application; number: string }> {
  const filed = await money.plant({ trainees });
  const application = await money.approved(filed);
  return { filed, application, number: await money.batch(application, 'released') };
}

test('[F05] [N18] a batch is no work of whoever made it: out of the list, the figures and the badge, and listed apart', async () => {
  const filed = await money.plant();
  const number = await money.batch(await money.approved(filed), 'made');
  type Inbox = { tasks: { id: string }[]; counts: { total: number; barred: number } };
  const list = async (login: string, query = '') => (await (await as(login)).get<Inbox>(`/tasks${query}`)).body;
  const before = await list('cs-pay-1');
  await money.step(`batch-${number}`, 'checking', {
    asks: [
      {
        step: 'checking.batch_check',
        kind: 'batch_check',
        role: 'payment_officer',
        level: 'county',
        outcomes: ['check', 'send_back'],
        workingDays: 3,
        fourEyes: [`batch-${number}`],
      },
    ],
  });
  const id = `batch-${number}/checking.batch_check/1`;
  const maker = await list('cs-pay-1');
  expect(maker.counts).toMatchObject({ total: before.counts.total, barred: before.counts.barred + 1 });
  expect(maker.tasks.map((task) => task.id)).not.toContain(id);
  expect((await list('cs-pay-1', '?view=barred')).tasks.map((task) => task.id)).toContain(id);
  expect((await list('cs-pay-2')).tasks.map((task) => task.id)).toContain(id);
  const { html } = await browse('cs-pay-1', '/notices');
  expect(/data-figure="tasks"[^>]*>([^<]*)</.exec(html)?.[1]).toBe(String(maker.counts.total));
});

test('[F28] the ledger of a class shows what went out to the bank with its batch, marked as the whole batch, and no other batch', async () => {
  const { filed, application, number } = await released(2);
  const other = await released(3);
  type Entries = { entries: { kind: string; reference: string; amountFen: number; throughBatch: boolean; classNumber: string | null }[] };
  for (const text of [filed.number, application.number]) {
    const { body } = await (await as('cs-finance-1')).get<Entries>(`/funds?q=${text}`);
    const out = body.entries.filter(({ kind }) => kind === 'dispatch');
    expect(out).toMatchObject([{ reference: number, amountFen: 140_000, throughBatch: true, classNumber: null }]);
    expect(body.entries.filter(({ kind }) => kind === 'commitment')).toMatchObject([{ throughBatch: false, classNumber: filed.number }]);
    expect(JSON.stringify(body.entries)).not.toContain(other.number);
  }
  const found = await browse('cs-finance-1', `/funds?q=${filed.number}`);
  expect(found.html).toContain('整批金额，含所查班次');
  expect((await browse('cs-finance-1', '/funds')).html).not.toContain('整批金额');
});

test('[F28] the ledger finds what went out by the number of the batch that its row prints, names the classes in it, and says which numbers are found', async () => {
  const { filed, number } = await released(2);
  type Entries = { entries: { kind: string; reference: string; throughBatch: boolean; batchClasses: string[] }[] };
  for (const text of [number, number.replace(/^ZF/, '')]) {
    const { body } = await (await as('cs-finance-1')).get<Entries>(`/funds?q=${text}&kind=dispatch`);
    expect(body.entries.filter(({ reference }) => reference === number)).toMatchObject([
      { kind: 'dispatch', throughBatch: false, batchClasses: [filed.number] },
    ]);
  }
  // What the bank answered prints the number with the line behind it.
  const { text: answer } = await download('cs-pay-1', `/payments/${number}/simulated-answer`);
  expect((await (await as('cs-pay-1')).post(`/payments/${number}/answer`, { text: answer })).status).toBe(200);
  const paid = (await (await as('cs-finance-1')).get<Entries>(`/funds?q=${number}&kind=payment`)).body;
  expect(paid.entries.map(({ reference }) => reference).sort()).toEqual([`${number}-0001`, `${number}-0002`]);
  const found = (await browse('cs-finance-1', `/funds?q=${number}`)).html;
  expect(found).toContain(`href="/classes/${filed.number}"`);
  expect(found).not.toContain('整批金额');
  expect((await browse('cs-finance-1', '/funds?q=ZF350104-2026-99999')).html).toContain('拨付批次（ZF…）的编号');
});

describe('the claim', () => {
  test('[N19] [N28] the institution sees every amount with standard, percentage and source before it sends the claim, and sends it once', async () => {
    const filed = await money.plant({ trainees: 2, groups: ['rural_migrant', 'disabled'] });
    await money.step(filed.procedureId, 'claim', { asks: [claimAsk] });
    const preview = await (await as('kangning-1')).get(`/classes/${filed.number}/claim`);
    expect(preview.body).toMatchObject({
      totalFen: 154_000,
      lines: [
        { seat: 1, percentage: 100, amountFen: 70_000 },
        { seat: 2, standardFen: 70_000, percentage: 120, formula: '¥700.00 × 120% = ¥840.00' },
      ],
    });
    const { html } = await browse('kangning-1', `/classes/${filed.number}/claim`);
    for (const shown of ['¥1,540.00', '120%', '等级补贴标准', '人员类别上浮', 'fujian-2022', '未找到依据']) expect(html).toContain(shown);
    for (const account of filed.accounts) expect(html).not.toContain(account);

    const key = randomUUID();
    const sent = await browse('kangning-1', `/classes/${filed.number}/claim`, new URLSearchParams({ idempotencyKey: key }));
    expect(sent.status).toBe(303);
    expect(sent.location).toMatch(/^\/subsidies\/BT350104-2026-/);
    const again = await browse('kangning-1', `/classes/${filed.number}/claim`, new URLSearchParams({ idempotencyKey: key }));
    expect(again.location).toBe(sent.location);
    expect((await (await as('kangning-1')).post(`/classes/${filed.number}/claim`, {})).status).toBe(409);
    const page = await browse('kangning-1', sent.location ?? '');
    expect(page.status).toBe(200);
    expect(page.html).toContain('撤回补贴申请');
  });

  test('others see nothing of it: another institution and another county get 404', async () => {
    const filed = await money.plant({ trainees: 1 });
    const application = await money.claimed(filed);
    for (const login of ['shifan-1', 'gl-first-1']) {
      expect((await (await as(login)).get(`/subsidies/${application.number}`)).status).toBe(404);
      expect((await (await as(login)).get(`/classes/${filed.number}/claim`)).status).toBe(404);
    }
    for (const login of ['cs-first-1', 'fz-finance-1', 'fj-audit-1', 'kangning-2'])
      expect((await (await as(login)).get(`/subsidies/${application.number}`)).status).toBe(200);
    expect((await (await as('cs-first-1')).post(`/subsidies/${application.number}/withdraw`, { reason: '错误' })).status).toBe(403);
  });

  test('[N3] whoever confirms the funds reads what the budget of the region has left, before the claim and with it', async () => {
    const application = await money.claimed(await money.plant({ trainees: 2 }));
    const before = (await money.balances())['available'] ?? 0;
    await money.decided(application.procedureId, 'cs-approve-1', 'approval.approval', 'review', 'approve');
    const acts = [{ act: 'approveApplication' as const }];
    await money.step(application.procedureId, 'funds', { acts, asks: [fundsAsk] });
    const path = `/tasks/${application.procedureId}/funds.confirm/1`;
    const budget = { region: '350104', regionName: '仓山区', beforeFen: before, afterFen: before - 140_000 };
    expect((await (await as('cs-finance-1')).get(path)).body).toMatchObject({ evidence: { kind: 'claim', budget } });
    const { html } = await browse('cs-finance-1', path);
    for (const words of ['预算可用余额', formatYuan(before), formatYuan(before - 140_000), '· 仓山区', '退回至补贴审批环节'])
      expect(html).toContain(words);
  });

  test('[N14] the head of a class and of its cases says how far its money has come, and where it has ended', async () => {
    const filed = await money.plant({ trainees: 2 });
    const headOf = async (path: string) =>
      /identity-facts">[^]*?<\/dl>[^]*?<\/ol>/.exec((await browse('cs-finance-1', path)).html)?.[0] ?? '';
    const path = `/classes/${filed.number}`;
    expect(await headOf(path)).toContain('<dd>预计补贴</dd>');
    const application = await money.claimed(filed);
    expect(await headOf(path)).toContain('<dt>¥1,400.00</dt><dd>申请</dd>');
    await money.decided(application.procedureId, 'cs-approve-1', 'approval.approval', 'review', 'approve');
    expect(await headOf(path)).toContain('<dt>¥1,400.00</dt><dd>审定</dd>');
    await money.db('payment_lines').where({ application_id: application.id }).update({ status: 'paid', amount_fen: 60_000 });
    await money.db('subsidy_applications').where({ id: application.id }).update({ status: 'paid' });
    await money.db('classes').where({ id: filed.classId }).update({ status: 'paid' });
    const paid = await headOf(path);
    expect(paid).toContain('<dt>¥1,200.00</dt><dd>已拨付</dd>');
    expect(paid).toContain('<small>办结</small>');
    const task = await headOf(`/tasks/${application.procedureId}/approval.approval/1`);
    expect(task).toContain('<dt>¥1,200.00</dt><dd>已拨付</dd>');
    expect(task).not.toContain('fujian-2022');
  });

  test('[N30] it is withdrawn with a reason, as a page and as REST', async () => {
    const application = await money.claimed(await money.plant({ trainees: 1 }));
    const refused = await browse('kangning-1', `/subsidies/${application.number}/withdraw`, new URLSearchParams({}));
    expect(refused.status).toBe(422);
    expect((await (await as('kangning-1')).post(`/subsidies/${application.number}/withdraw`, { reason: '材料有误' })).body).toEqual({
      withdrawn: true,
    });
  });
});

describe('a batch', () => {
  test('[N2] shows masked accounts only; its file goes to the paying office alone', async () => {
    const { filed, number } = await released(2);
    const { html } = await browse('cs-pay-1', `/payments/${number}`);
    for (const shown of [number, '导入回单', '模拟银行', `**** ${filed.accounts[0]?.slice(-4)}`]) expect(html).toContain(shown);
    for (const account of filed.accounts) expect(html).not.toContain(account);
    const bank = await download('cs-pay-2', `/payments/${number}/file`);
    expect(bank.status).toBe(200);
    expect(bank.text).toContain(filed.accounts[0]);
    expect(bank.name).toContain(`${number}.txt`);
    expect((await download('fz-pay-1', `/payments/${number}/file`)).status).toBe(403);
    expect((await download('cs-finance-1', `/payments/${number}/file`)).status).toBe(403);
    expect((await download('gl-pay-1', `/payments/${number}/file`)).status).toBe(404);
    expect((await (await as('gl-pay-1')).get(`/payments/${number}`)).status).toBe(404);
    expect((await (await as('kangning-1')).get('/payments')).status).toBe(403);
  });

  test('the list shows the own regions, filtered by state', async () => {
    const { number } = await released(1);
    const listed = (await (await as('cs-pay-1')).get('/payments?status=released')).body as {
      batches: { number: string; status: string }[];
    };
    expect(listed.batches.map((batch) => batch.number)).toContain(number);
    expect(listed.batches.every((batch) => batch.status === 'released')).toBe(true);
    expect((await (await as('gl-pay-1')).get('/payments')).body).toMatchObject({ batches: [], total: 0 });
    expect((await browse('cs-pay-1', '/payments')).html).toContain(number);
    expect((await browse('gl-pay-1', '/payments')).html).toContain('还没有批次');
  });

  test('its file is not there before release', async () => {
    const number = await money.batch(await money.approved(await money.plant({ trainees: 1 })), 'made');
    expect(
      await (await as('cs-pay-2'))
        .get(`/payments/${number}/file`)
        .then((answer) => [answer.status, (answer.body as { code: string }).code]),
    ).toEqual([409, 'batch.notReleased']);
  });

  test('an answer given twice, for another batch, cut short or no text is a clear message at the file, and nothing is posted', async () => {
    const { number } = await released(3);
    const other = (await released(1)).number;
    const answer = await download('cs-pay-1', `/payments/${number}/simulated-answer?failing=1&reason=R02`);
    expect(answer.name).toContain('模拟回单');
    const before = await money.balances();
    const issues = async (content: Buffer | string): Promise<string> => {
      const refused = await browse('cs-pay-1', `/payments/${number}/answer`, answerForm(content));
      expect(refused.status).toBe(422);
      return refused.html;
    };
    expect(await issues((await download('cs-pay-1', `/payments/${other}/simulated-answer`)).bytes)).toContain(
      `回单属于批次 ${other}，不是 ${number}`,
    );
    expect(await issues(answer.text.split('\r\n').slice(0, 3).join('\r\n'))).toContain('error-summary');
    expect(await issues(answer.text.replace('|700.00|F|', '|七百|F|'))).toContain('第 2 行');
    expect(await issues(Buffer.from('PK\u0003\u0004\u0000\u0000', 'latin1'))).toContain('不是文本文件');
    expect(await issues('')).toContain('请上传银行回单');
    expect(await money.balances()).toEqual(before);

    const taken = await browse('cs-pay-1', `/payments/${number}/answer`, answerForm(answer.bytes));
    expect([taken.status, taken.location]).toEqual([303, `/payments/${number}`]);
    const page = await browse('cs-pay-1', `/payments/${number}`);
    for (const shown of ['账户已销户', '退票 1 笔', '¥1,400.00']) expect(page.html).toContain(shown);
    const twice = await (await as('cs-pay-2')).post(`/payments/${number}/answer`, { text: answer.text });
    expect([twice.status, (twice.body as { code: string }).code]).toEqual([409, 'bank.alreadyAnswered']);
  });

  test('[F12] the same answer at once from two desks is posted once', async () => {
    const { number } = await released(2);
    const { text } = await download('cs-pay-1', `/payments/${number}/simulated-answer`);
    const before = await money.balances();
    const answers = await Promise.all(
      ['cs-pay-1', 'cs-pay-2', 'cs-pay-3'].map(async (login) => (await as(login)).post(`/payments/${number}/answer`, { text })),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409, 409]);
    expect(((await money.balances())['paid'] ?? 0) - (before['paid'] ?? 0)).toBe(140_000);
  });
});

describe('a returned line', () => {
  test('[N2] the institution enters another account on its page; what is wrong stands at its field', async () => {
    const { filed, application, number } = await released(2);
    const { text } = await download('cs-pay-1', `/payments/${number}/simulated-answer?failing=1`);
    await (await as('cs-pay-1')).post(`/payments/${number}/answer`, { text });
    await money.step(application.procedureId, 'payment', { acts: [{ act: 'countLines' }], asks: [correctionAsk] });
    const path = `/subsidies/${application.number}`;
    const [returned = ''] = filed.enrolments;
    const shown = await browse('kangning-1', path);
    expect(shown.html).toContain('更正退票账户');
    expect(shown.html).toContain('账号户名不符');
    expect(shown.html).not.toContain(filed.accounts[0]);
    expect((await browse('cs-pay-1', path)).html).not.toContain('更正退票账户');

    const correct = (account: string) =>
      browse('kangning-1', `${path}/accounts`, new URLSearchParams({ [`accounts[${returned}]`]: account }));
    expect((await correct('')).status).toBe(422);
    const wrong = await correct('6228 4800');
    expect(wrong.status).toBe(422);
    expect(wrong.html).toContain('账号校验不通过');
    expect(wrong.html).toContain('6228 4800');
    expect((await correct(filed.accounts[0] ?? '')).html).toContain('与银行退回的账户相同');
    const fresh = makeCard({ serial: 4711 });
    // What cannot be handed in is not saved either.
    const task = money.owner('tasks').where({ procedure_id: application.procedureId, kind: 'account_correction', status: 'open' });
    const account = () => money.db('enrolments').where({ id: returned }).first('account_index');
    const before = await account();
    await task.clone().update({ claimed_by: (await money.actor('shifan-1')).userId });
    expect((await correct(fresh)).status).toBe(403);
    expect(await account()).toEqual(before);
    await task.clone().update({ claimed_by: null });
    expect(await correct(fresh.replace(/(\d{4})/g, '$1 '))).toMatchObject({ status: 303, location: path });
    expect(
      await money.db('tasks').where({ procedure_id: application.procedureId, kind: 'account_correction' }).first('status', 'outcome'),
    ).toEqual({ status: 'decided', outcome: 'corrected' });
    expect((await browse('kangning-1', path)).html).toContain(`**** ${fresh.slice(-4)}`);
  });
});

describe('the ledger', () => {
  test('[N3] balances and entries of the own regions', async () => {
    await released(1);
    const { html } = await browse('cs-finance-1', '/funds');
    for (const shown of ['仓山区', '就业补助资金', '预算下达', '审批承诺', '拨付发出', '¥3,000,000.00']) expect(html).toContain(shown);
    expect(html).not.toContain('鼓楼区 ·');
    const province = (await (await as('fj-finance-1')).get('/funds')).body as { balances: { region: string }[] };
    expect(province.balances.map((balance) => balance.region).sort()).toEqual(['350000', '350100', '350102', '350103', '350104', '350111']);
    expect((await (await as('kangning-1')).get('/funds')).status).toBe(403);
  });

  test('the money pages speak English too', async () => {
    const { application, number } = await released(1);
    for (const [login, path] of [
      ['cs-pay-1', '/payments'],
      ['cs-pay-1', `/payments/${number}`],
      ['cs-pay-1', '/funds'],
      ['kangning-1', `/subsidies/${application.number}`],
    ] as const) {
      const { status, html } = await browse(login, `${path}?lang=en`);
      expect(status).toBe(200);
      expect(html.match(/(?:payments|subsidies|funds|common|tasks)\.[a-z]+\.?[a-zA-Z]*(?=[<"\s])/g) ?? []).toEqual([]);
      await browse(login, `${path}?lang=zh-CN`);
    }
  });
});

describe('beside the decision', () => {
  test('[N14] [N19] officers see lines, totals and what is left of the budget on the task’s page, the institution none of a batch', async () => {
    const filed = await money.plant({ trainees: 2, groups: ['rural_migrant', 'disabled'] });
    const application = await money.claimed(filed);
    await money.step(application.procedureId, 'approval', { asks: [approvalAsk] });
    const review = await browse('cs-approve-1', `/tasks/${application.procedureId}/approval.approval/1`);
    for (const shown of ['预算可用余额', '¥1,540.00', '等级补贴标准', '120%']) expect(review.html).toContain(shown);

    const made = await money.batch(await money.approved(await money.plant({ trainees: 2 })), 'made');
    const check: Ask = {
      step: 'checking.batch_check',
      kind: 'batch_check',
      role: 'payment_officer',
      level: 'county',
      outcomes: ['check', 'send_back'],
      workingDays: 3,
      fourEyes: [`batch-${made}`],
    };
    await money.step(`batch-${made}`, 'checking', { asks: [check] });
    const checking = await browse('cs-pay-2', `/tasks/batch-${made}/checking.batch_check/1`);
    for (const shown of ['批次核对', `${made}-0002`, '¥1,400.00', '福州市仓山区人力资源和社会保障局'])
      expect(checking.html).toContain(shown);
    await money.step(`batch-${made}`, 'releasing', {
      asks: [{ ...check, step: 'releasing.batch_release', kind: 'batch_release', outcomes: ['release', 'send_back'] }],
    });
    // The paying account and its officers are not for the institution that is paid: to it the batch is one that does not exist.
    for (const step of ['checking.batch_check', 'releasing.batch_release']) {
      const path = `/tasks/batch-${made}/${step}/1`;
      for (const task of [path, path.replace(made, `${made.slice(0, -1)}x`)]) {
        expect([task, (await browse('kangning-1', task)).status]).toEqual([task, 404]);
        const answers = [await (await as('kangning-1')).get(task), await (await as('kangning-1')).post(`${task}/claim`)];
        expect(answers.map(({ status, body }) => [status, (body as { code?: string }).code])).toEqual([
          [404, 'task.unknown'],
          [404, 'task.unknown'],
        ]);
      }
      expect((await browse('cs-pay-2', path)).status).toBe(200);
    }
  });
});

describe('a claim returned for correction', () => {
  test('[F08] reasons alone ask for the accounts; the point is answered before it goes back, and the approver sees old and new, masked', async () => {
    const filed = await money.plant({ trainees: 2 });
    const application = await money.claimed(filed);
    await money.step(application.procedureId, 'approval', { asks: [approvalAsk] });
    const approver = await as('cs-approve-1');
    const task = `/tasks/${application.procedureId}/approval`;
    expect((await approver.post(`${task}.approval/1/decide`, { outcome: 'return', reason: '一名学员的账户与户名不符' })).status).toBe(200);
    const correction: Ask = {
      step: 'approval.correction',
      kind: 'correction',
      role: 'institution',
      level: 'own',
      outcomes: ['resubmit'],
      workingDays: 5,
    };
    await money.step(application.procedureId, 'approval', { asks: [correction] });
    const school = await as('kangning-1');
    const account = makeCard({ serial: 4713 });
    const saved = await school.post(`/subsidies/${application.number}/accounts`, { accounts: { [filed.enrolments[0] ?? '']: account } });
    expect(saved.status).toBe(200);
    const resubmit = (answers: object[]) =>
      school.post<{ issues?: { field: string; code: string }[] }>(`${task}.correction/1/decide`, { outcome: 'resubmit', answers });
    expect((await resubmit([])).body.issues).toMatchObject([{ field: 'answers.0.done', code: 'correction.unanswered' }]);
    const page = await browse('kangning-1', `${task}.correction/1`);
    expect(page.html).toContain('一名学员的账户与户名不符');
    expect(page.html).toContain('name="answers[0][done]"');
    expect((await resubmit([{ no: 1, text: '已按本人社保卡更正' }])).status).toBe(200);
    await money.step(application.procedureId, 'approval', { asks: [approvalAsk] });
    const again = await browse('cs-approve-1', `${task}.approval/2`);
    expect(again.html).toContain('已按本人社保卡更正');
    expect(again.html).toMatch(new RegExp(`<ins>[^<]*\\*{4}\\s?${account.slice(-4)}`));
    expect(again.html).not.toContain(account);
  });
});

type Ledger = {
  entries: { id: number; kind: string; fund: string; year: number; region: string; amountFen: number; classNumber: string | null }[];
  next: number | null;
};

test('[N3] the ledger is read to its first entry page by page, by fund, year, kind, class and claim, and goes out whole as a file', async () => {
  const filed = await money.plant({ trainees: 2 });
  const application = await money.approved(filed);
  await inTransaction(money.db, async (trx) => {
    for (const year of [2041, 2042])
      await setBudget(trx, { fund: 'unemployment_insurance', year, region: '350104', amountFen: 1_000_000, reference: `page-${year}` });
    for (let n = 0; n < 30; n++)
      await commitFunds(trx, { fund: 'unemployment_insurance', year: 2041, region: '350104', amountFen: 100 + n, reference: `page-${n}` });
  });
  const person = await as('cs-finance-1');
  const walk = async (query: string, size: number) => {
    const found: Ledger['entries'] = [];
    for (let after: number | null | '' = ''; after !== null; ) {
      const { status, body }: { status: number; body: Ledger } = await person.get(
        `/funds?size=${size}${query}${after ? `&after=${after}` : ''}`,
      );
      expect(status).toBe(200);
      found.push(...body.entries);
      after = body.next;
    }
    return found;
  };
  const own = (
    (await money.db.raw(
      'select count(distinct p.entry_id)::int as n from ledger_postings p join ledger_accounts a on a.id = p.account_id where a.region = ?',
      ['350104'],
    )) as { rows: { n: number }[] }
  ).rows[0]?.n;
  for (const size of [7, 200]) {
    const all = await walk('', size);
    expect([size, all.length, new Set(all.map(({ id }) => id)).size]).toEqual([size, own, own]);
    expect(all.map(({ id }) => id)).toEqual(all.map(({ id }) => id).sort((a, b) => b - a));
    expect(all.every(({ region }) => region === '350104')).toBe(true);
  }
  const amounts = (entries: Ledger['entries']) => entries.map(({ kind, amountFen }) => `${kind} ${amountFen}`);
  expect((await walk('&fund=unemployment_insurance', 7)).length).toBe(32);
  expect(amounts(await walk('&fund=unemployment_insurance&year=2041&kind=budget', 7))).toEqual(['budget 1000000']);
  expect((await walk('&year=2041&kind=commitment', 7)).map(({ amountFen }) => amountFen)).toEqual(
    Array.from({ length: 30 }, (_, n) => 129 - n),
  );
  for (const number of [filed.number, application.number, filed.number.replace(/^PX/, '')])
    expect([number, amounts(await walk(`&q=${number}`, 1))]).toEqual([number, ['commitment 140000']]);
  expect(await walk('&q=PX999999-2026-00001', 7)).toEqual([]);
  expect((await person.get('/funds?kind=everything')).status).toBe(422);

  // Another county reads none of it, a reader of all regions the same.
  const elsewhere = await (await as('gl-finance-1')).get<Ledger>('/funds?fund=unemployment_insurance');
  expect(elsewhere.body.entries).toEqual([]);

  const csv = await download('cs-finance-1', '/funds/export.csv?fund=unemployment_insurance&year=2041');
  const lines = csv.bytes.toString('utf8').trim().split('\r\n');
  expect([csv.status, lines.length, lines[0]?.includes('凭证号,时间,凭证')]).toEqual([200, 32, true]);
  expect(lines[1]).toMatch(/,审批承诺,.*失业保险基金,2041,仓山区,已承诺,可用,1\.29$/);
  expect(await money.db('audit_log').where({ act: 'funds.export' }).select('detail')).toEqual([
    { detail: { fund: 'unemployment_insurance', year: 2041 } },
  ]);
  expect((await (await as('kangning-1')).get('/funds/export.csv')).status).toBe(403);

  const html = async (path: string) => (await browse('cs-finance-1', path)).html.replaceAll('&amp;', '&').replaceAll('&#x3D;', '=');
  const next =
    /rel="next" href="(\/funds\?[^"#]+)#entries"/.exec(await html('/funds?size=20&fund=unemployment_insurance&year=2041'))?.[1] ?? '';
  expect(next).toContain('fund=unemployment_insurance&year=2041&after=');
  expect(await html(next)).toContain('href="/funds?fund=unemployment_insurance&year=2041#entries"');
});
