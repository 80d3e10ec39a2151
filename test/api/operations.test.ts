/** The operations page over HTTP: each fault is planted in the record and named; a repair takes two people; the metrics and the log tell no personal data. */
import { Writable } from 'node:stream';
import pino from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { officeMetrics } from '../../activities/metrics.ts';
import { readApiConfig } from '../../api/config.ts';
import { countRequests } from '../../api/http/requests.ts';
import { startApi } from '../../api/server.ts';
import { inTransaction } from '../../db/client.ts';
import { logOptions } from '../../db/config.ts';
import { serveMetrics } from '../../db/formats/prometheus.ts';
import fujianPack from '../../db/policy-packs/fujian-2022.json' with { type: 'json' };
import { beginTurn, countBuilds, endTurn, recordBuilds, recordFindings, recordWorker, takeForRinging } from '../../db/protocol/findings.ts';
import { findBrokenLink, lockProcedure, openProcedure, writeFact } from '../../db/protocol/procedures.ts';
import { recordApart } from '../../db/protocol/reconciliation.ts';
import { termsOf } from '../../workflows/domain/policy/policy.ts';
import { readPolicyPack } from '../../workflows/domain/policy/policy-reader.ts';
import { openProvince, type Province } from '../support/province.ts';

type Check = {
  code: string;
  count: number;
  oldestSeconds: number | null;
  whatToDo: string;
  items: { procedureId: string | null; number: string | null; title: string | null; detail: Record<string, string | number> }[];
};
type Operations = {
  inOrder: boolean;
  outbox: { waiting: number; oldestSeconds: number };
  checks: Check[];
  repairs: { id: string; status: string; kind: string; reason: string; decidedBy: string | null }[];
  builds: { buildId: string; inService: boolean; classes: number; examples: { number: string }[] }[];
};

let province: Province;
let serial = 0;

beforeAll(async () => {
  province = await openProvince();
});
afterAll(() => province?.close());
afterEach(async () => {
  for (const id of await province.db('procedures').pluck('id')) await putAway(id);
});
beforeEach(() => endTurn(province.db, { walkedTo: '', temporalSilent: false }));

const long = `clock_timestamp() - interval '10 minutes'`;

/** A procedure that waits for a first review, its bells delivered. */
async function plant(region = '350104'): Promise<{ id: string; number: string; title: string; taskId: string }> {
  const { db } = province;
  serial += 1;
  const number = `${region}-2026-9${String(serial).padStart(4, '0')}`;
  const id = `class-${number}`;
  const title = `运行监控第 ${serial} 期`;
  await inTransaction(db, async (trx) => {
    const terms = termsOf(readPolicyPack(fujianPack));
    await openProcedure(trx, { id, type: 'trainingClass', subjectId: id, region, number, title, institutionName: '示范学校', terms });
    await writeFact(trx, await lockProcedure(trx, id), { kind: 'submitted' }, { act: 'class.submit', subject: id });
  });
  const ask = { kind: 'review', role: 'first_reviewer', level: 'county', outcomes: ['approve'], workingDays: 3 } as const;
  await province.step(id, 'pre_training', { step: 'first_review', asks: [{ ...ask, step: 'pre_training.first_review' }] });
  await db('outbox').where({ procedure_id: id }).delete();
  return { id, number, title, taskId: `${id}/pre_training.first_review/1` };
}

async function look(login = 'system-1'): Promise<Operations> {
  const { status, body } = await (await province.as(login)).get<Operations>('/admin/operations');
  expect(status).toBe(200);
  return body;
}

function answer(operations: Operations, code: string): Check {
  const check = operations.checks.find((one) => one.code === code);
  if (!check) throw new Error(`no check ${code}`);
  return check;
}

/** Takes a planted procedure out of sight. */
async function putAway(id: string): Promise<void> {
  await province.db('tasks').where({ procedure_id: id, status: 'open' }).update({ status: 'cancelled' });
  await province.db('outbox').where({ procedure_id: id }).delete();
  await province.db('operation_findings').where({ procedure_id: id }).update({ cleared_at: province.db.fn.now() });
  await province
    .db('procedures')
    .where({ id })
    .update({ status: 'closed', closed_at: province.db.fn.now(), applied_no: province.db.raw('fact_no'), next_alarm_at: null });
}

const faults: Record<string, (planted: { id: string; taskId: string }) => Promise<unknown>> = {
  outbox: ({ id }) =>
    province.db.raw(
      `insert into outbox (procedure_id, type, no, kind, created_at, attempts) values (?, 'trainingClass', 0, 'look', ${long}, 9)`,
      [id],
    ),
  async unapplied({ id, taskId }) {
    const { user_id: actor } = await province.db('grants').where({ role: 'first_reviewer' }).first('user_id');
    const { step, four_eyes: scopes } = await province.db('tasks').where({ id: taskId }).first('step', 'four_eyes');
    await inTransaction(province.db, async (trx) => {
      for (const scope of scopes) await trx('signatures').insert({ scope, user_id: actor, step, signed_at: new Date() });
      await writeFact(
        trx,
        await lockProcedure(trx, id),
        { kind: 'decided', taskId, outcome: 'approve', actor },
        { act: 'task.approve', subject: taskId },
      );
    });
    await province.db('outbox').where({ procedure_id: id }).delete();
    await province.db.raw(`update facts set recorded_at = ${long} where procedure_id = ? and no = 2`, [id]);
  },
  async noTask({ id }) {
    await province.db('tasks').where({ procedure_id: id }).update({ status: 'cancelled' });
    await province.db.raw(`update audit_log set recorded_at = ${long} where procedure_id = ?`, [id]);
    await recordApart(province.db);
  },
  async closedTask({ id }) {
    await province.db('procedures').where({ id }).update({ status: 'closed', closed_at: province.db.fn.now() });
    await recordApart(province.db);
  },
  alarm: ({ id }) => province.db.raw(`update procedures set next_alarm_at = business_now() - interval '10 minutes' where id = ?`, [id]),
  runMissing: ({ id }) => recordFindings(province.db, ['run_missing'], [id], [{ procedureId: id, code: 'run_missing', detail: {} }]),
  runEnded: ({ id }) =>
    recordFindings(province.db, ['run_ended'], [id], [{ procedureId: id, code: 'run_ended', detail: { status: 'TERMINATED' } }]),
  runFailing: ({ id }) =>
    recordFindings(province.db, ['run_failing'], [id], [{ procedureId: id, code: 'run_failing', detail: { attempt: 7 } }]),
  runRetrying: ({ id }) =>
    recordFindings(
      province.db,
      ['run_retrying'],
      [id],
      [{ procedureId: id, code: 'run_retrying', detail: { activity: 'takeStep', attempt: 8 } }],
    ),
};

describe('the operations page', () => {
  test('[F14] whoever is no administrator does not see it; each of the three may', async () => {
    expect((await (await province.as('cs-first-1')).get('/admin/operations')).status).toBe(403);
    expect((await (await province.as('kangning-1')).get('/admin/operations')).status).toBe(403);
    for (const login of ['system-1', 'security-1', 'auditadmin-1']) expect((await look(login)).checks.length).toBeGreaterThan(10);
    const admin = await (await province.as('auditadmin-1')).get<{ places: { id: string }[] }>('/admin');
    expect(admin.body.places.map(({ id }) => id)).toContain('operations');
  });

  test('[F14] a healthy procedure leaves everything in order, in both languages', async () => {
    await plant();
    const operations = await look();
    expect(operations).toMatchObject({ inOrder: true, outbox: { waiting: 0 } });
    expect(operations.checks.filter(({ count }) => count > 0)).toEqual([]);
    const browser = await province.browser('system-1');
    const zh = await browser.get('/admin/operations?lang=zh-CN');
    expect(zh.html).toContain('一切正常。');
    expect(zh.html).not.toContain('类问题');
    expect((await browser.get('/admin/operations?lang=en')).html).toContain('All is in order.');
  });

  test.each(Object.keys(faults))('[F14] %s is planted and named, with count, age, number and what to do; nothing else is', async (code) => {
    const planted = await plant();
    await faults[code]?.(planted);
    const operations = await look();
    expect(operations.inOrder).toBe(false);
    expect(operations.checks.filter(({ count }) => count > 0).map((check) => check.code)).toEqual([code]);
    const check = answer(operations, code);
    expect(check).toMatchObject({ count: 1, items: [{ procedureId: planted.id, number: planted.number, title: planted.title }] });
    expect(check.whatToDo.length).toBeGreaterThan(5);
    if (['outbox', 'unapplied', 'noTask', 'alarm'].includes(code)) expect(check.oldestSeconds).toBeGreaterThan(590);
    else expect(check.oldestSeconds).toBeLessThan(60);
    const { html } = await (await province.browser('auditadmin-1')).get('/admin/operations?lang=zh-CN');
    expect(html).toContain(`id="check-${code}"`);
    expect(html).toContain(planted.number);
    expect(html).toContain('1 类问题，共 1 件。');
    await putAway(planted.id);
    expect((await look()).inOrder).toBe(true);
  });

  test('[F14] every check of the page is planted: those of procedures here, the others below and with the schedule', async () => {
    const others = ['temporal', 'reconciler', 'schedule', 'mailFailed', 'smsFailed', 'provisional'];
    expect((await look()).checks.map(({ code }) => code).sort()).toEqual([...Object.keys(faults), ...others].sort());
  });

  test('[F14] nobody looks round, or Temporal is silent: said with its age', async () => {
    await province.db.raw(`update reconciler_turns set ended_at = ${long}`);
    const silent = await look();
    expect(silent.inOrder).toBe(false);
    expect(answer(silent, 'reconciler')).toMatchObject({ count: 1, oldestSeconds: expect.toSatisfy((age: number) => age >= 599) });
    await endTurn(province.db, { walkedTo: '', temporalSilent: true });
    expect(answer(await look(), 'temporal').count).toBe(1);
    await endTurn(province.db, { walkedTo: '', temporalSilent: false });
    expect((await look()).inOrder).toBe(true);
  });

  test('[F14] a mail that failed is named by its case, never by whom it was for', async () => {
    const user = await province.db('users').where({ login: 'cs-first-1' }).first('id', 'name', 'region');
    await province.db('mails').insert({
      user_id: user.id,
      region: user.region,
      template: 'reminder',
      params: JSON.stringify({ number: '350104-2026-00077', title: '护理第 7 期' }),
      dedupe: 'planted',
      status: 'failed',
      created_at: province.db.raw(`business_now() - interval '3 hours'`),
    });
    const operations = await look();
    expect(answer(operations, 'mailFailed')).toMatchObject({ count: 1, items: [{ number: '350104-2026-00077', title: '护理第 7 期' }] });
    const { html } = await (await province.browser('system-1')).get('/admin/operations?lang=zh-CN');
    const main = html.slice(html.indexOf('<main'));
    expect(main).toContain('护理第 7 期');
    expect(main).not.toContain(user.name);
    await province.db('mails').where({ dedupe: 'planted' }).delete();
  });

  test('[F14] a short message that failed or whose number was refused is named as mails are; one that waits is not', async () => {
    const school = await province.db('institutions').first('id', 'name', 'region');
    for (const status of ['failed', 'refused', 'waiting'])
      await province.db('sms').insert({
        institution_id: school.id,
        region: school.region,
        template: 'correction',
        params: JSON.stringify({ number: `350104-2026-${status}`, title: '护理第 8 期' }),
        dedupe: `planted ${status}`,
        phone_masked: '138****0000',
        status,
        next_at: province.db.raw(`now() + interval '1 day'`),
        created_at: province.db.raw(`business_now() - interval '2 hours'`),
      });
    const check = answer(await look(), 'smsFailed');
    expect([check.count, check.items.map(({ number }) => number).sort()]).toEqual([2, ['350104-2026-failed', '350104-2026-refused']]);
    const { html } = await (await province.browser('system-1')).get('/admin/operations?lang=zh-CN');
    const main = html.slice(html.indexOf('<main'));
    for (const words of ['短信发送失败', '护理第 8 期', 'href="/admin/sms?state&#x3D;undelivered"']) expect(main).toContain(words);
    expect(main).toContain('1 类问题，共 2 件');
    expect(main).toMatch(/未送达的短信[^]{0,200}?>\s*2\s*</);
    // Whoever has no such page is not sent there.
    expect(main).not.toContain('请系统管理员办理');
    const others = (await (await province.browser('security-1')).get('/admin/operations?lang=zh-CN')).html;
    expect(others).toContain('请系统管理员办理：检查短信网关');
    for (const secret of ['138****0000', school.name]) expect(main).not.toContain(secret);
    // The link leads to these alone: among hundreds that arrived nobody would find them.
    const states = async (path: string) => {
      const { messages } = (await (await province.as('system-1')).get<{ messages: { status: string }[] }>(path)).body;
      return messages.map(({ status }) => status).sort();
    };
    expect(await states('/admin/sms?state=undelivered')).toEqual(['failed', 'refused']);
    expect(await states('/admin/sms')).toEqual(['failed', 'refused', 'waiting']);
    await province.db('sms').where('dedupe', 'like', 'planted%').delete();
  });

  test('[F15] [F37] who administers a county reads the mails and short messages of that county alone, those of its institutions among them', async () => {
    const [here, there] = ['350104', '350102'];
    const people = await province.db('users').whereIn('login', ['cs-first-1', 'gl-first-1', 'shifan-1']).select('id', 'login', 'region');
    for (const { id, login, region } of people)
      await province.db('mails').insert({
        user_id: id,
        region,
        template: 'overdue',
        params: JSON.stringify({ title: login, number: '', step: '' }),
        dedupe: `planted ${login}`,
        status: 'failed',
        created_at: province.db.raw('business_now()'),
      });
    const schools: { id: string; name: string; region: string }[] = [];
    for (const region of [here, there]) schools.push(await province.db('institutions').where({ region }).first('id', 'name', 'region'));
    for (const { id, region } of schools)
      await province.db('sms').insert({
        institution_id: id,
        region,
        template: 'correction',
        params: '{}',
        dedupe: `planted ${region}`,
        phone_masked: '138****0000',
        status: 'failed',
        next_at: province.db.raw('now()'),
        created_at: province.db.raw('business_now()'),
      });
    const admin = await province.as('system-1');
    const browser = await province.browser('system-1');
    const seen = async () => {
      const mails = (await admin.get<{ mails: { to: string }[] }>('/admin/mails?state=failed')).body.mails.map(({ to }) => to);
      const sms = (await admin.get<{ messages: { institution: string }[] }>('/admin/sms?state=undelivered')).body.messages;
      return { mails: mails.length, sms: sms.map(({ institution }) => institution).sort() };
    };
    const names = (region?: string) =>
      schools
        .filter((one) => !region || one.region === region)
        .map(({ name }) => name)
        .sort();
    const mailsOf = (region?: string) => people.filter((one) => !region || one.region === region).length;
    expect(await seen()).toEqual({ mails: 3, sms: names() });
    for (const region of [here, there]) {
      await province.db('grants').where({ role: 'system_admin' }).update({ region });
      expect(mailsOf(region)).toBeGreaterThan(0);
      expect(await seen()).toEqual({ mails: mailsOf(region), sms: names(region) });
      const { html } = await browser.get('/admin/sms');
      const main = html.slice(html.indexOf('<main'));
      for (const one of schools) expect(main.includes(one.name)).toBe(one.region === region);
    }
    await province.db('grants').where({ role: 'system_admin' }).update({ region: '350000' });
    for (const table of ['mails', 'sms']) await province.db(table).where('dedupe', 'like', 'planted%').delete();
  });

  test('[F14] [F03] a provisional deadline is a notice and no fault', async () => {
    const planted = await plant();
    await province.db('tasks').where({ id: planted.taskId }).update({ provisional: true });
    const operations = await look();
    expect(operations.inOrder).toBe(true);
    expect(answer(operations, 'provisional')).toMatchObject({ count: 1, items: [{ number: planted.number }] });
  });

  test('[F14] an administrator sees the own regions only', async () => {
    const [user] = await province
      .db('users')
      .insert({ login: 'system-gl', name: '鼓楼管理员', demo: true, region: '350102' })
      .returning('id');
    await province.db('grants').insert({ user_id: user.id, role: 'system_admin', region: '350102' });
    const here = await plant('350102');
    const elsewhere = await plant('350104');
    for (const { id } of [here, elsewhere]) await faults['alarm']?.({ id, taskId: '' });
    expect(answer(await look('system-gl'), 'alarm').items.map(({ number }) => number)).toEqual([here.number]);
    expect(answer(await look(), 'alarm').count).toBe(2);
    const refused = await (await province.as('system-gl')).post('/admin/operations/repairs', {
      procedureId: elsewhere.id,
      kind: 'ring',
      reason: '越权',
    });
    expect(refused.status).toBe(404);
  });

  test('[F13] which class runs on which build, and which build is in service', async () => {
    const planted = await plant();
    await recordBuilds(province.db, [{ procedureId: planted.id, buildId: 'worker@1+aaaa' }]);
    await countBuilds(province.db);
    await recordWorker(province.db, 'worker@1+bbbb');
    const { builds } = await look();
    expect(builds.find(({ buildId }) => buildId.endsWith('aaaa'))).toMatchObject({
      inService: false,
      classes: 1,
      examples: [{ number: planted.number }],
    });
    expect(builds.find(({ buildId }) => buildId.endsWith('bbbb'))).toMatchObject({ inService: true, classes: 0 });
  });
});

describe('repairs', () => {
  const bells = (id: string) => province.db('outbox').where({ procedure_id: id }).pluck('kind');

  test('[F14] one person alone repairs nothing; a second one has it carried out; all is on the chain of the case', async () => {
    const planted = await plant();
    await faults['unapplied']?.(planted);
    const [first, second, security] = await Promise.all(['system-1', 'system-2', 'security-1'].map((login) => province.as(login)));
    const ask = { procedureId: planted.id, kind: 'restart', reason: '程序更正后重新启动' };
    for (const login of ['auditadmin-1', 'security-1', 'cs-approve-1'])
      expect((await (await province.as(login)).post('/admin/operations/repairs', ask)).status).toBe(403);
    expect((await first?.post('/admin/operations/repairs', { ...ask, reason: '' }))?.status).toBe(422);
    expect((await first?.post('/admin/operations/repairs', { ...ask, kind: 'delete' }))?.status).toBe(422);
    const asked = await first?.post<{ repairId: string }>('/admin/operations/repairs', ask);
    expect(asked?.status).toBe(201);
    const path = `/admin/operations/repairs/${asked?.body.repairId}`;
    expect((await second?.post('/admin/operations/repairs', ask))?.body).toMatchObject({ status: 409, code: 'repair.requested' });
    expect((await first?.post(`${path}/confirm`))?.body).toMatchObject({ status: 403, code: 'repair.own' });
    expect((await (await province.as('auditadmin-1')).post(`${path}/confirm`)).status).toBe(403);
    expect(await bells(planted.id)).toEqual([]);
    await expect(
      province
        .db('repair_requests')
        .where({ id: asked?.body.repairId })
        .update({
          status: 'confirmed',
          decided_by: province.db.raw('requested_by'),
          decided_at: province.db.fn.now(),
        }),
    ).rejects.toMatchObject({ constraint: 'repair_requests_two_people' });
    expect((await second?.post(`${path}/confirm`))?.body).toEqual({ status: 'confirmed' });
    expect(await bells(planted.id)).toEqual(['restart']);
    expect((await security?.post(`${path}/confirm`))?.body).toMatchObject({ status: 409, code: 'repair.confirmed' });
    expect(await bells(planted.id)).toEqual(['restart']);
    const acts = await province.db('audit_log').where({ procedure_id: planted.id }).whereLike('act', 'repair.%').orderBy('no').pluck('act');
    expect(acts).toEqual(['repair.request', 'repair.confirm']);
    expect(await findBrokenLink(province.db, planted.id)).toBeUndefined();
    expect((await look()).repairs[0]).toMatchObject({ status: 'confirmed', kind: 'restart', decidedBy: expect.any(String) });
  });

  test('[F14] a security administrator confirms as well; who asked may take it back, another one refuse; a closed case needs none', async () => {
    const planted = await plant();
    const first = await province.as('system-1');
    const ask = async (kind: string) =>
      (await first.post<{ repairId: string }>('/admin/operations/repairs', { procedureId: planted.id, kind, reason: '不动了' })).body
        .repairId;
    const withdrawn = await ask('ring');
    expect((await first.post(`/admin/operations/repairs/${withdrawn}/refuse`)).body).toEqual({ status: 'withdrawn' });
    const refused = await ask('ring');
    expect((await (await province.as('system-2')).post(`/admin/operations/repairs/${refused}/refuse`)).body).toEqual({ status: 'refused' });
    expect(await bells(planted.id)).toEqual([]);
    const confirmed = await ask('ring');
    expect((await (await province.as('security-1')).post(`/admin/operations/repairs/${confirmed}/confirm`)).body).toEqual({
      status: 'confirmed',
    });
    expect(await bells(planted.id)).toEqual(['look']);
    const late = await ask('ring');
    await putAway(planted.id);
    expect((await (await province.as('system-2')).post(`/admin/operations/repairs/${late}/confirm`)).body).toMatchObject({
      status: 409,
      code: 'procedure.closed',
    });
    expect((await first.post(`/admin/operations/repairs/${late}/refuse`)).body).toEqual({ status: 'withdrawn' });
    expect((await first.post('/admin/operations/repairs', { procedureId: planted.id, kind: 'ring', reason: '不动了' })).body).toMatchObject(
      {
        status: 409,
        code: 'procedure.closed',
      },
    );
    expect(await bells(planted.id)).toEqual([]);
  });

  test('[F14] asked and confirmed in the browser', async () => {
    const planted = await plant();
    await faults['runFailing']?.(planted);
    const asker = await province.browser('system-1');
    const form = await asker.get('/admin/operations?lang=zh-CN');
    expect(form.html).toContain(`value="${planted.id}"`);
    const invalid = await asker.post('/admin/operations/repairs', { procedureId: planted.id, kind: 'restart' });
    expect(invalid.status).toBe(422);
    expect((await asker.post('/admin/operations/repairs', { procedureId: planted.id, kind: 'restart', reason: '已更正程序' })).status).toBe(
      303,
    );
    const own = await asker.get('/admin/operations?lang=zh-CN');
    expect(own.html).toContain('撤回申请');
    expect(own.html).not.toMatch(/repairs\/[0-9a-f-]+\/confirm/);
    const other = await province.browser('security-1');
    const { html } = await other.get('/admin/operations?lang=zh-CN');
    expect(html).toContain('已更正程序');
    const action = /action="(\/admin\/operations\/repairs\/[0-9a-f-]+\/confirm)"/.exec(html)?.[1] ?? '';
    expect((await other.post(action)).location).toBe('/admin/operations');
    expect(await bells(planted.id)).toEqual(['restart']);
  });
});

describe('ringing by itself', () => {
  test('[F02] at once, then after growing pauses; a run that ended again within the hour is left to people', async () => {
    const { db } = province;
    const [still, ended] = [await plant(), await plant()];
    const found = async () => {
      await recordFindings(db, ['standing_still'], [still.id], [{ procedureId: still.id, code: 'standing_still', detail: {} }]);
      await recordFindings(db, ['run_ended'], [ended.id], [{ procedureId: ended.id, code: 'run_ended', detail: { status: 'FAILED' } }]);
    };
    const cleared = () => recordFindings(db, ['standing_still', 'run_ended'], [still.id, ended.id], []);
    await found();
    expect(await takeForRinging(db, [still.id, ended.id])).toEqual([still.id, ended.id]);
    await found();
    expect(await takeForRinging(db, [still.id, ended.id])).toEqual([]);
    await db('operation_findings').update({ rung_at: db.raw(`clock_timestamp() - interval '40 seconds'`) });
    expect(await takeForRinging(db, [still.id, ended.id])).toEqual([still.id]);
    await cleared();
    expect(await takeForRinging(db, [still.id, ended.id])).toEqual([]);
    await found();
    expect(await takeForRinging(db, [still.id, ended.id])).toEqual([still.id]);
    await db('operation_findings').update({ rung_at: db.raw(`clock_timestamp() - interval '61 minutes'`) });
    expect(await takeForRinging(db, [still.id, ended.id])).toEqual([still.id, ended.id]);
    await cleared();
  });

  test('[F02] of several workers one takes the turn', async () => {
    await province.db('reconciler_turns').update({ began_at: null, ended_at: null });
    const taken = await Promise.all([beginTurn(province.db, 10_000, 'watch'), beginTurn(province.db, 10_000, 'watch')]);
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(await beginTurn(province.db, 10_000, 'watch')).toBe(false);
    const past = `clock_timestamp() - interval '11 seconds'`;
    // A long turn that has only just ended is not behind.
    await province.db.raw(`update reconciler_turns set began_at = ${past}, ended_at = clock_timestamp()`);
    expect(await beginTurn(province.db, 10_000, 'watch')).toBe(false);
    await province.db.raw(`update reconciler_turns set began_at = ${past}, ended_at = ${past}`);
    expect(await beginTurn(province.db, 10_000, 'watch')).toBe(true);
  });
});

describe('metrics and log', () => {
  test('[F14] what waits, what is late and what is open, in the format of Prometheus', async () => {
    const planted = await plant();
    await faults['unapplied']?.(planted);
    await faults['outbox']?.(planted);
    await province.db.raw(`update tasks set due_at = business_now() - interval '1 day' where id = ?`, [planted.taskId]);
    const served = await serveMetrics({ port: 0, host: '127.0.0.1' }, [() => officeMetrics(province.db)]);
    try {
      const response = await fetch(`http://127.0.0.1:${served.port}/metrics`);
      expect(response.headers.get('content-type')).toContain('version=0.0.4');
      const text = await response.text();
      const value = (sample: string): number =>
        Number(
          text
            .split('\n')
            .find((line) => line.startsWith(`${sample} `))
            ?.split(' ')
            .at(-1),
        );
      expect(value('shiming_outbox_waiting')).toBe(1);
      expect(value('shiming_outbox_oldest_seconds')).toBeGreaterThan(590);
      expect(value('shiming_unapplied_facts')).toBe(1);
      expect(value('shiming_overdue_tasks{role="first_reviewer"}')).toBe(1);
      expect(value('shiming_open_procedures{type="trainingClass"}')).toBe(1);
      expect(value('shiming_procedures_found{check="unapplied"}')).toBe(1);
      expect(value('shiming_metrics_complete')).toBe(1);
      for (const line of text.trim().split('\n')) expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{[^}]*\})? -?[\d.e+-]+)$/);
      expect((await fetch(`http://127.0.0.1:${served.port}/`)).status).toBe(404);
    } finally {
      await served.close();
    }
  });

  test('[F14] requests are logged by the pattern of their address and counted by status; no query, number or person', async () => {
    const lines: string[] = [];
    const sink = new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk));
        done();
      },
    });
    const log = pino({ name: 'api', ...logOptions }, sink);
    const requests = countRequests(log);
    const config = readApiConfig({ port: 0, demo: true }, {});
    const api = await startApi({ db: province.db, vault: province.vault, config, log, checks: {}, requests });
    try {
      const { token } = await province.as('cs-first-1');
      const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
      await (await fetch(`${api.url}/tasks?q=350104199003071224`, { headers })).text();
      await (await fetch(`${api.url}/classes/350104-2026-00001`, { headers })).text();
      await (await fetch(`${api.url}/nowhere/138001380000?phone=13800138000`, { headers })).text();
      await (
        await fetch(`${api.url}/tasks/class-350104-2026-00001/pre_training.first_review/1/decide`, {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body: JSON.stringify({ outcome: 'approve', reason: '林小燕' }),
        })
      ).text();
    } finally {
      await api.close();
    }
    const written = lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ msg }) => msg === 'request');
    expect(written.map(({ method, route, status }) => [method, route, status])).toEqual([
      ['GET', '/tasks', expect.any(Number)],
      ['GET', '/classes/:number', 404],
      ['GET', 'none', 404],
      ['POST', '/tasks/:procedure/:step/:round/decide', 404],
    ]);
    for (const line of written) {
      expect(line).toMatchObject({ requestId: expect.stringMatching(/^[0-9a-f]{16}$/), ms: expect.any(Number) });
      expect(Object.keys(line).sort()).toEqual([
        'hostname',
        'level',
        'method',
        'ms',
        'msg',
        'name',
        'pid',
        'requestId',
        'route',
        'status',
        'time',
      ]);
    }
    expect(lines.join('')).not.toMatch(/350104|1380|林小燕|cs-first|\?/);
    const families = Object.fromEntries(requests.metrics().map((family) => [family.name, family.samples]));
    expect(families['shiming_http_requests_total']).toContainEqual({ labels: { status: '4xx' }, value: 3 });
    expect(families['shiming_decision_seconds']?.at(-1)).toEqual({ suffix: '_count', value: 1 });
  });

  test('[F14] what a log line should never be given is left out of it', () => {
    const lines: string[] = [];
    const log = pino({ ...logOptions }, { write: (line: string) => void lines.push(line) });
    log.info({ procedure: 'class-1', phone: '13800138000', job: { idNumber: '350104199003071224', state: '23505' } }, 'said');
    expect(lines.join('')).toContain('23505');
    expect(lines.join('')).not.toMatch(/1380013|3501041990/);
  });
});
