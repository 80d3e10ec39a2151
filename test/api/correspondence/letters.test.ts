/** Letters of the office: read and tried by the system administrator, written as versions, judged at the field; what is sent uses the version in force. */
import pino from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startMailDesk } from '../../../activities/correspondence/mail-desk.ts';
import { startSmsDesk } from '../../../activities/correspondence/sms-desk.ts';
import { inTransaction } from '../../../db/client.ts';
import { checkSource } from '../../../db/correspondence/letter-check.ts';
import { letterLocales, lettersOf, placeholdersOf, shippedLetters } from '../../../db/correspondence/letters.ts';
import { queueMails } from '../../../db/correspondence/mails.ts';
import { queueSms } from '../../../db/correspondence/sms.ts';
import { sealContactPhone } from '../../../db/institutions.ts';
import { type MailServer, openMailServer } from '../../support/mail-server.ts';
import { openProvince, type Province } from '../../support/province.ts';

type Letter = { subject: string; html: string; text: string };
type OnPaper = {
  version: number;
  current: number;
  letters: Record<'zh-CN' | 'en', Letter>;
  previews: Record<'zh-CN' | 'en', Letter>;
  history: { version: number; reason: string; author: string; restores: number | null }[];
};
type Issues = { issues?: { field: string; code: string; message: string }[] };

let province: Province;
let server: MailServer;
beforeAll(async () => {
  province = await openProvince();
  server = await openMailServer();
});
afterAll(async () => {
  await server?.close();
  await province?.close();
});

const path = '/admin/letters/mail/correction';
const good = {
  zhSubject: '【补正】{{number}}',
  zhHtml: '<p>{{name}}</p><p>{{number}} {{title}}，文号 {{paper}}</p><p><a href="{{link}}">打开</a></p>',
  zhText: '{{name}}：{{number}}，文号 {{paper}}。{{link}}',
  enSubject: 'Correct {{number}}',
  enHtml: '<p>{{number}}, notice {{paper}}</p><p><a href="{{link}}">Open</a></p>',
  enText: '{{number}}, notice {{paper}}: {{link}}',
};

test('what is shipped passes the rules that a new version must pass', () => {
  const faults = (['mail', 'sms'] as const).flatMap((channel) =>
    lettersOf(channel).flatMap((name) =>
      letterLocales.flatMap((locale) => {
        const letter = shippedLetters(channel, name)[locale];
        const parts = channel === 'sms' ? (['text'] as const) : (['subject', 'html', 'text'] as const);
        return parts.map((part) => [name, locale, part, checkSource(letter[part], part, placeholdersOf(channel, name))] as const);
      }),
    ),
  );
  expect(faults.length).toBeGreaterThan(70);
  expect(faults.filter(([, , , fault]) => fault)).toEqual([]);
});

test('[F37] only the system administrator reads and writes letters', async () => {
  for (const login of ['cs-first-1', 'kangning-1', 'security-1', 'auditadmin-1'] as const) {
    const person = await province.as(login);
    expect([login, (await person.get('/admin/letters')).status, (await person.post(path, { ...good, reason: '改写' })).status]).toEqual([
      login,
      403,
      403,
    ]);
  }
});

test.each([
  ['{{numbre}}', 'letter.unknown'],
  ['{{idNumber}}', 'letter.personal'],
  ['{{trainee}}', 'letter.personal'],
  ['{{#if number}', 'letter.broken'],
  ['{{{title}}}', 'letter.raw'],
  ['{{&title}}', 'letter.raw'],
  ['{{constructor}}', 'letter.unknown'],
  ['{{__proto__}}', 'letter.unknown'],
  ['{{title.constructor}}', 'letter.unknown'],
  ['{{../title}}', 'letter.unknown'],
  ['{{this}}', 'letter.unknown'],
  ['{{@root}}', 'letter.unknown'],
  ['{{lookup title "x"}}', 'letter.construct'],
  ['{{#with title}}x{{/with}}', 'letter.construct'],
  ['{{#each title}}x{{/each}}', 'letter.construct'],
  ['{{> frame}}', 'letter.construct'],
  ['{{title (lookup title "x")}}', 'letter.construct'],
  ['<script>1</script>', 'letter.tag'],
  ['<b onclick=x>a</b>', 'letter.tag'],
  ['<a href="https://elsewhere.example">a</a>', 'letter.address'],
  ['<img alt="" src=x>', 'letter.address'],
  ['<b title="{{title}}">a</b>', 'letter.inTag'],
  // Put together only when it is sent, or by the program that shows it.
  ['<a title=">" hr{{!}}ef="//elsewhere.example">a</a>', 'letter.address'],
  ['<b title=">" x=1>a</b>', 'letter.inTag'],
  ['<b/onclick=x>a</b>', 'letter.tag'],
  ['<b title=">" onclick=x>a</b>', 'letter.tag'],
  ['<p style="background-image:&#117;rl(//elsewhere.example/x)">a</p>', 'letter.tag'],
  ['<p style="background-image:u\\72l(//elsewhere.example/x)">a</p>', 'letter.tag'],
  ['h&#116;tps&colon;//elsewhere.example', 'letter.tag'],
  ['{{#if title}}ht{{/if}}{{#if name}}tps://elsewhere.example{{/if}}', 'letter.address'],
  ['ht{{!}}tps://elsewhere.example', 'letter.address'],
  ['{{#if title}}'.repeat(400) + '{{/if}}'.repeat(400), 'letter.construct'],
])('[N31] %s in the html is refused at its field', async (bad, code) => {
  const admin = await province.as('system-1');
  const answer = await admin.post<Issues>(path, { ...good, zhHtml: `${good.zhHtml}${bad}`, reason: '试一试' });
  expect([answer.status, answer.body.issues?.map((issue) => `${issue.field} ${issue.code}`)]).toEqual([422, [`zhHtml ${code}`]]);
});

test('[N31] a required placeholder must be there in each text, a subject has one line, nothing may be empty', async () => {
  const admin = await province.as('system-1');
  const bad = { ...good, zhText: '{{#if paper}}有{{/if}}{{number}} {{link}}', enText: '  ', enSubject: 'a\nb', reason: '试一试' };
  const { body } = await admin.post<Issues>(path, bad);
  expect(body.issues?.map(({ field, code }) => `${field} ${code}`)).toEqual([
    'zhText letter.missing',
    'enSubject oneLine',
    'enText required',
  ]);
  expect(body.issues?.[0]?.message).toContain('{{paper}}');
  expect((await admin.get<OnPaper>(path)).body).toMatchObject({ version: 0, history: [] });
  const page = await (await province.browser('system-1')).post(path, { ...bad, version: '0' });
  expect(page.status).toBe(422);
  expect(page.html).toContain('缺少必须包含的占位符：{{paper}}');
});

test.each([
  ['ht{{!}}tps://elsewhere.example', 'letter.address'],
  ['{{#unless title}}{{else}}ht{{/unless}}tp{{#if name}}s://elsewhere.example{{/if}}', 'letter.address'],
  ['www.elsewhere.example', 'letter.address'],
  ['请致电 138 0013 8000', 'personal.phone'],
])('[N31] %s in the text is refused: a link leads to the product', async (bad, code) => {
  const answer = await (await province.as('system-1')).post<Issues>(path, { ...good, zhText: `${good.zhText}${bad}`, reason: '试一试' });
  expect([answer.status, answer.body.issues?.map((issue) => `${issue.field} ${issue.code}`)]).toEqual([422, [`zhText ${code}`]]);
});

test('[N31] what stands where its own condition does not hold is not there', () => {
  const rules = placeholdersOf('sms', 'approved');
  expect(checkSource('{{#unless number}}{{number}}{{/unless}}', 'text', rules)?.code).toBe('letter.missing');
  expect(checkSource('{{#if number}}{{number}}{{else}}—{{/if}}', 'text', rules)).toBeUndefined();
});

test('a source of nothing but brackets is judged at once', () => {
  const began = performance.now();
  expect(checkSource('<'.repeat(20_000), 'html', placeholdersOf('mail', 'urge'))?.code).toBe('letter.missing');
  expect(performance.now() - began).toBeLessThan(2_000);
});

test('[N31] a new version is previewed, saved with who, when and why, guarded against a second writer, and an earlier one comes back', async () => {
  const admin = await province.as('system-1');
  const { body: tried } = await admin.post<{ previews: OnPaper['previews'] }>(`${path}/preview`, good);
  expect(tried.previews['zh-CN'].subject).toBe('【补正】PX350104-2026-00011');
  expect((await admin.get<OnPaper>(path)).body.current).toBe(0);

  const late = await admin.post(path, { ...good, reason: '改写' }, { headers: { 'if-match': '"7"' } });
  expect([late.status, late.body['title']]).toEqual([412, '内容已变化']);
  expect((await admin.post(path, { ...good, reason: '写明文号', version: 0 }, { key: 'letter-1' })).body).toEqual({ version: 1 });
  expect((await admin.post(path, { ...good, reason: '写明文号', version: 0 }, { key: 'letter-1' })).body).toEqual({ version: 1 });
  expect((await admin.post(path, { ...good, reason: '另一人', version: 0 })).status).toBe(409);
  expect(
    (await admin.post(path, { ...good, zhSubject: '补正：{{number}}', reason: '改主题' }, { headers: { 'if-match': '"1"' } })).body,
  ).toEqual({ version: 2 });

  const earlier = (await admin.get<OnPaper>(`${path}?version=1`)).body;
  expect([earlier.version, earlier.current, earlier.letters['zh-CN'].subject]).toEqual([1, 2, good.zhSubject]);
  expect((await admin.get(`${path}?version=9`)).status).toBe(404);
  expect((await admin.post(`${path}/versions/1/restore`, { reason: '恢复', version: 1 })).status).toBe(409);
  expect((await admin.post(`${path}/versions/1/restore`, { reason: '恢复上一版', version: 2 })).body).toEqual({ version: 3 });
  const now = (await admin.get<OnPaper>(path)).body;
  expect(now.letters['zh-CN'].subject).toBe(good.zhSubject);
  expect(now.history.map(({ version, restores }) => [version, restores])).toEqual([
    [3, 1],
    [2, null],
    [1, null],
  ]);
  const audit = await province.db('audit_log').where({ act: 'letter.save' }).orderBy('id');
  expect(audit.map(({ subject, detail }) => [subject, detail.version, detail.reason])).toEqual([
    ['letter-mail-correction', 1, '写明文号'],
    ['letter-mail-correction', 2, '改主题'],
    ['letter-mail-correction', 3, '恢复上一版'],
  ]);
  await expect(
    province.db.transaction(async (trx) => {
      await trx.raw('set local role shiming_app');
      await trx('letter_versions').update({ reason: 'x' });
    }),
  ).rejects.toThrow('permission denied');
  const stale = await (await province.browser('system-1')).post(path, { ...good, reason: '落后的一版', version: '1' });
  expect([stale.status, stale.html.includes('落后的一版'), stale.html.includes('name="version" value="3"')]).toEqual([409, true, true]);
});

test('[N31] mails and short messages go out by the version in force, and say by which; titles stay text', async () => {
  const admin = await province.as('system-1');
  const sms = { zhText: '【实名】请补正 {{number}}（{{paper}}）', enText: '[Shiming] correct {{number}} ({{paper}})', reason: '更短' };
  expect((await admin.post('/admin/letters/sms/correction', sms)).body).toEqual({ version: 1 });
  expect(
    (await admin.post<Issues>('/admin/letters/sms/correction', { ...sms, zhText: '请补正 {{number}}' })).body.issues?.[0],
  ).toMatchObject({
    field: 'zhText',
    code: 'letter.missing',
  });
  const user = await province.db('users').where({ login: 'shifan-1' }).first('id', 'institution_id');
  await province
    .db('institutions')
    .where({ id: user.institution_id })
    .update(sealContactPhone(province.vault, user.institution_id, '13850001234'));
  const params = { number: '350104-2026-00001', title: '<b>{{name}}</b>', paper: '补正〔2026〕00001' };
  await inTransaction(province.db, async (trx) => {
    await queueMails(trx, [user.id], { template: 'correction', params, occasion: 'letters' });
    await queueSms(trx, user.institution_id, { template: 'correction', params, occasion: 'letters' });
  });
  const log = pino({ level: 'silent' });
  const mails = startMailDesk({ db: province.db, smtpUrl: server.url, baseUrl: 'https://shiming.example', log });
  const messages = startSmsDesk({ db: province.db, vault: province.vault, gateway: undefined, log });
  const sent = () =>
    province
      .db('mails')
      .where({ dedupe: `letters/${user.id}`, status: 'sent' })
      .first();
  const kept = () => province.db('sms').where({ dedupe: 'letters', status: 'kept' }).first();
  for (const end = Date.now() + 30_000; !((await sent()) && (await kept())); await new Promise((resolve) => setTimeout(resolve, 100)))
    if (Date.now() > end) throw new Error('nothing was sent');
  await Promise.all([mails.stop(), messages.stop()]);
  expect(server.received[0]?.subject).toBe('【补正】350104-2026-00001');
  expect(server.received[0]?.html).toContain('&lt;b&gt;{{name}}&lt;/b&gt;');
  expect(await sent()).toMatchObject({ letter_version: 3 });
  expect(await kept()).toMatchObject({ letter_version: 1, text: '【实名】请补正 350104-2026-00001（补正〔2026〕00001）' });
});
