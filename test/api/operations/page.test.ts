/** The operations page over HTTP: each fault is planted in the record and named, with what to do. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countBuilds, endTurn, recordBuilds, recordWorker } from '../../../db/protocol/findings.ts';
import { openProvince, type Province } from '../../support/province.ts';
import { answer, long, operationsOf } from '../../support/operations.ts';

let province: Province;
beforeAll(async () => {
  province = await openProvince();
});
afterAll(() => province?.close());

const { faults, plant, look, putAway } = operationsOf(() => province);

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
