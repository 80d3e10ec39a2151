/** Short messages to institutions: queued in the transaction of the act, handed to a gateway once, tried again under one id, never with a number outside the vault. */
import pino from 'pino';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { httpSmsGateway } from '../../activities/connectors/sms.ts';
import { type Simulators, startSimulators } from '../../activities/connectors/simulators.ts';
import { startSmsDesk } from '../../activities/correspondence/sms-desk.ts';
import { inTransaction } from '../../db/client.ts';
import { queueSms } from '../../db/correspondence/sms.ts';
import { sealContactPhone } from '../../db/institutions.ts';
import { openProvince, type Province, returnClass } from '../support/province.ts';

let province: Province;
let simulators: Simulators;
const lines: string[] = [];
const log = pino({ level: 'debug' }, { write: (line: string) => lines.push(line) });

beforeAll(async () => {
  province = await openProvince();
  simulators = await startSimulators({ port: 0 });
});
beforeEach(async () => {
  await province.db('sms').delete();
});
afterAll(async () => {
  await simulators?.close();
  await province?.close();
});

const institutionOf = async (login: string): Promise<string> =>
  (await province.db('users').where({ login }).first('institution_id')).institution_id;

async function setPhone(login: string, phone: string | undefined): Promise<string> {
  const id = await institutionOf(login);
  await province
    .db('institutions')
    .where({ id })
    .update(sealContactPhone(province.vault, id, phone));
  return id;
}

async function queue(phone: string, occasion: string): Promise<void> {
  const id = await setPhone('shifan-1', phone);
  await inTransaction(province.db, (trx) =>
    queueSms(trx, id, { template: 'correction', params: { number: '350104-2026-00001', paper: '闽仓人社补〔2026〕1号' }, occasion }),
  );
}

/** Lets the desk work until nothing whose turn has come is left. */
async function send(smsUrl: string | undefined = simulators.smsUrl): Promise<void> {
  const gateway = smsUrl ? httpSmsGateway(smsUrl) : undefined;
  const desk = startSmsDesk({ db: province.db, vault: province.vault, gateway, log });
  for (const end = Date.now() + 30_000; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const [row] = await province.db('sms').where({ status: 'waiting' }).whereRaw('next_at <= now()').count('* as n');
    if (Number(row?.['n']) === 0) break;
    if (Date.now() > end) throw new Error('the desk did not finish');
  }
  await desk.stop();
}

const rows = () => province.db('sms').orderBy('created_at').select('*');
const turnCome = () => province.db('sms').where({ status: 'waiting' }).update({ next_at: province.db.fn.now() });

test('[F15] a message goes out once, labelled as simulated; no row and no log holds the number', async () => {
  await queue('13850001234', 'once');
  await queue('13850001234', 'once');
  await send();
  expect(await rows()).toMatchObject([{ status: 'sent', simulated: true, attempts: 1, phone_masked: '138****1234' }]);
  const taken = simulators.sms.filter(({ end }) => end === '1234');
  expect(taken.map(({ text }) => text)).toEqual([
    '【实名】350104-2026-00001 退回补正，补正通知书 闽仓人社补〔2026〕1号，请在期限内一次补正。',
  ]);
  expect(`${JSON.stringify(await rows())}${lines.join('')}`).not.toContain('13850001234');
  const { rows: tables } = await province.db.raw(`select cast(i as text) as line from institutions i`);
  expect(JSON.stringify(tables)).not.toContain('13850001234');
});

test('[F28] a late answer means another try under the same id, and the gateway takes it once', async () => {
  await queue('13850000001', 'late');
  await send();
  expect(await rows()).toMatchObject([{ status: 'waiting', attempts: 1, failure: 'timeout' }]);
  await turnCome();
  await send();
  expect(await rows()).toMatchObject([{ status: 'sent', attempts: 2, failure: null }]);
  expect(simulators.sms.filter(({ end }) => end === '0001')).toHaveLength(1);
});

test('a refused number is not tried again; no answer at all ends as failed after eight attempts; without a gateway it is kept', async () => {
  await queue('13850000002', 'refused');
  await send();
  expect(await rows()).toMatchObject([{ status: 'refused', attempts: 1, failure: 'no such number' }]);
  await queue('13850000000', 'silent');
  await send();
  const silent = () => province.db('sms').where({ dedupe: 'silent' }).first();
  expect(await silent()).toMatchObject({ status: 'waiting', attempts: 1, failure: 'timeout' });
  await province.db('sms').where({ dedupe: 'silent' }).update({ attempts: 7 });
  await turnCome();
  await send();
  expect(await silent()).toMatchObject({ status: 'failed', attempts: 8 });
  await queue('13850001234', 'kept');
  await send('');
  expect(await province.db('sms').where({ dedupe: 'kept' }).first()).toMatchObject({ status: 'kept', simulated: false });
});

test('a gateway that is away or answers nonsense is no confirmation', async () => {
  const message = { id: 'a', phone: '13850001234', text: 'x' };
  expect(await httpSmsGateway('http://127.0.0.1:1')(message)).toEqual({ result: 'none', cause: 'unreachable' });
  expect(await httpSmsGateway(simulators.url)(message)).toEqual({ result: 'none', cause: 'http 404' });
});

test('[N14] a correction notice and an urge of its own task reach the contact person; an institution without a number gets none', async () => {
  await setPhone('shifan-1', '13850001234');
  const number = await returnClass(province, 71);
  expect((await rows()).map(({ template, params }) => [template, params.number])).toEqual([['correction', number]]);
  const task = await province.db('tasks').where({ subject_number: number, status: 'open', role: 'institution' }).first('id');
  const boss = await province.as('cs-supervise-1');
  expect((await boss.post(`/tasks/${task.id}/urge`)).status).toBe(200);
  expect((await rows()).map(({ template }) => template)).toEqual(['correction', 'urge']);
  expect(JSON.stringify(await rows())).not.toMatch(/1385000|姓名/);
  await province.db('sms').delete();
  await setPhone('shifan-1', undefined);
  await returnClass(province, 72);
  expect(await rows()).toEqual([]);
});

test('[N1] the register takes a mobile number, keeps it sealed and shows it masked; the administrator sees no more', async () => {
  const officer = await province.as('cs-catalogue-1');
  const { credit_code: code } = await province
    .db('institutions')
    .where({ id: await institutionOf('kangning-1') })
    .first('credit_code');
  const before = (
    await officer.get<{ name: string; licenceScope: string[]; creditGrade: string; version: number }>(`/institutions/${code}`)
  ).body;
  const entry = { name: before.name, licenceScope: before.licenceScope, creditGrade: before.creditGrade, version: before.version };
  expect(await officer.post(`/institutions/${code}/edit`, { ...entry, contactPhone: '0591-8300' })).toMatchObject({
    status: 422,
    body: { issues: [{ field: 'contactPhone', code: 'institution.phone' }] },
  });
  expect((await officer.post(`/institutions/${code}/edit`, { ...entry, contactPhone: '139 5000 4321' })).status).toBe(200);
  expect((await officer.get(`/institutions/${code}`)).body).toMatchObject({ contactPhone: '139****4321' });
  const audit = await province.db('audit_log').where({ act: 'institution.save' }).orderBy('id', 'desc').first('detail');
  expect(audit.detail).toMatchObject({ phoneChanged: true });
  expect(JSON.stringify(audit)).not.toContain('4321');
  // What is left empty stays; it goes only when somebody says so.
  expect((await officer.post(`/institutions/${code}/edit`, { ...entry, version: before.version + 1 })).status).toBe(200);
  expect((await officer.get(`/institutions/${code}`)).body).toMatchObject({ contactPhone: '139****4321' });
  expect(
    (
      await fetch(`${province.origin}/institutions/${code}`, { headers: { accept: 'application/json' } }).then((answer) => answer.text())
    ).includes('4321'),
  ).toBe(false);
  await queue('13850001234', 'shown');
  await send();
  expect((await (await province.as('cs-first-1')).get('/admin/sms')).status).toBe(403);
  const page = (await (await province.browser('system-1')).get('/admin/sms')).html;
  for (const words of ['138****1234', '模拟', '退回补正', '已发']) expect(page.includes(words) ? words : 'missing').toBe(words);
  expect((await officer.post(`/institutions/${code}/edit`, { ...entry, version: before.version + 2, removePhone: true })).status).toBe(200);
  expect((await officer.get(`/institutions/${code}`)).body).toMatchObject({ contactPhone: null });
});
