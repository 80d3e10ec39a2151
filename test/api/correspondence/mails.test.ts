/** Mails and short messages as their administrator finds them: a page at a time down to the first one, by state, by login, by the number of a case. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeId } from '../../../workflows/domain/people/identity.ts';
import type { Person } from '../../../start/demonstration/person.ts';
import { draftClass, openProvince, type Province } from '../../support/province.ts';

type Named = { number: string; href: string | null };
type Mail = { id: string; login: string; status: string; cases: Named[]; digest: { id: string; subject: string | null } | null };
type Sms = { id: string; status: string; case: Named | null };
type Mails = { mails: Mail[]; next: string | null };
type Messages = { messages: Sms[]; next: string | null };

let province: Province;
let admin: Person;
let number: string;
let other: string;

beforeAll(async () => {
  province = await openProvince();
  admin = await province.as('system-1');
  [number, other] = [await draftClass(province, { seed: 31, trainees: 4 }), await draftClass(province, { seed: 32, trainees: 4 })];
  for (const one of [number, other]) await (await province.as('kangning-1')).post(`/classes/${one}/submit`);
  await province.db('mails').delete();
});
afterAll(() => province?.close());

type Planted = { login?: string; status?: string; about?: string; type?: string; at?: string; into?: string; subject?: string };

/** A row as the mail desk leaves it. */
async function plantMail({ login = 'cs-first-1', status = 'kept', about, type = 'class', at = '2026-03-02', into, subject }: Planted) {
  const user = await province.db('users').where({ login }).first('id', 'region');
  const [row] = await province
    .db('mails')
    .insert({
      user_id: user.id,
      region: user.region,
      template: about ? 'reminder' : 'set_up',
      params: JSON.stringify(about ? { number: about, title: '电工（三级）' } : {}),
      procedure_id: about ? `${type}-${about}` : null,
      dedupe: `planted ${randomUUID()}`,
      status,
      merged_into: into ?? null,
      subject: subject ?? null,
      body: subject ?? null,
      created_at: `${at}T09:00:00+08:00`,
    })
    .returning('id');
  return String(row.id);
}

const clear = () => province.db.raw('delete from mails');
const read = async (query = '') => (await admin.get<Mails>(`/admin/mails${query}`)).body;
const idsOf = ({ mails }: Mails) => mails.map(({ id }) => id);
const pageOf = async (path: string) => {
  const { html, status } = await (await province.browser('system-1')).get(path);
  expect(status, path).toBe(200);
  return html.slice(html.indexOf('<main'));
};

async function everyPage(query: string): Promise<string[]> {
  const seen: string[] = [];
  for (let after: string | null = ''; after !== null; ) {
    const answer: Mails = await read(`?size=7&${query}${after ? `&after=${after}` : ''}`);
    seen.push(...idsOf(answer));
    after = answer.next;
  }
  return seen;
}

describe('mails of the own regions', () => {
  test('[F15] every mail is reached from the newest to the first, none twice and none left out, also those of one instant', async () => {
    await clear();
    const planted: string[] = [];
    for (let n = 0; n < 40; n += 1)
      // Two counties, several of one instant.
      planted.push(
        await plantMail({ login: n % 3 ? 'cs-first-1' : 'gl-first-1', at: `2026-03-${String(2 + Math.floor(n / 6)).padStart(2, '0')}` }),
      );
    const walked = await everyPage('');
    expect(walked).toHaveLength(40);
    expect([...walked].sort()).toEqual([...planted].sort());
    expect(walked.at(-1)).toSatisfy((id: string) => planted.slice(0, 6).includes(id));
    const first = await pageOf('/admin/mails?size=7');
    expect(first).toMatch(/rel="next" href="\/admin\/mails\?after/);
    const next = (await read('?size=35')).next;
    const last = await pageOf(`/admin/mails?size=35&after=${next}`);
    expect(last.match(/<th scope="row"/g)).toHaveLength(5);
    expect(last).toContain('href="/admin/mails"');
    expect(last).not.toContain('rel="next"');
  });

  test('[F15] by state, and by the whole login of whom it went to, in capitals or not', async () => {
    await clear();
    const failed = await plantMail({ status: 'failed' });
    const kept = await plantMail({ at: '2026-03-03' });
    const hers = await plantMail({ login: 'gl-first-1', at: '2026-03-04', status: 'failed' });
    expect(idsOf(await read('?state=failed'))).toEqual([hers, failed]);
    expect(idsOf(await read('?q=CS-first-1'))).toEqual([kept, failed]);
    expect(idsOf(await read('?q=cs-first-1&state=failed'))).toEqual([failed]);
    expect(idsOf(await read('?q=cs-first'))).toEqual([]);
    const html = await pageOf('/admin/mails?state=failed&q=cs-first-1');
    expect(html).toContain('href="/admin/mails?state&#x3D;failed"');
    expect(html).toContain('name="state" value="failed"');
    expect((await admin.get('/admin/mails?state=nonsense')).status).toBe(422);
  });

  test('[F15] a merged mail links to the one that told of it, which its address shows alone; one that waits for the digest says so', async () => {
    await clear();
    const digest = await plantMail({ about: number, status: 'kept', subject: '今日提醒：2 件', at: '2026-03-05' });
    const merged = await plantMail({ about: other, status: 'merged', into: digest });
    const waiting = await plantMail({ about: number, status: 'queued' });
    expect(idsOf(await read(`?id=${digest}`))).toEqual([digest]);
    expect((await admin.get(`/admin/mails?id=${randomUUID()}`)).status).toBe(404);
    expect(await pageOf('/admin/mails?state=merged')).toContain(`<a href="/admin/mails?id=${digest}">见“今日提醒：2 件”</a>`);
    expect(await pageOf(`/admin/mails?id=${digest}`)).not.toContain('待并入');
    expect(await pageOf('/admin/mails?state=queued')).not.toContain('待并入每日汇总');
    await province.db('mails').where({ id: waiting }).update({ digest: '2026-03-02' });
    expect(await pageOf('/admin/mails?state=queued')).toContain('待并入每日汇总');
    expect((await read()).mails.map(({ id }) => id)).toContain(merged);
  });

  test('[F04] a mail names its case, a digest each case it told of, and is found by the number of any of them', async () => {
    await clear();
    const digest = await plantMail({ about: number, status: 'kept', subject: '今日提醒：2 件', at: '2026-03-05' });
    const part = await plantMail({ about: other, status: 'merged', into: digest, at: '2026-03-05' });
    const alone = await plantMail({ about: other, at: '2026-03-04' });
    const account = await plantMail({ at: '2026-03-03' });
    const byId = Object.fromEntries((await read()).mails.map((mail) => [mail.id, mail]));
    const plain = (one: string): Named => ({ number: one, href: null });
    expect(byId[digest]?.cases).toEqual([number, other].sort().map(plain));
    expect(byId[part]).toMatchObject({ cases: [plain(other)], digest: { id: digest, subject: '今日提醒：2 件' } });
    expect(byId[account]).toMatchObject({ cases: [], digest: null });
    expect(idsOf(await read(`?q=${other}`)).sort()).toEqual([digest, part, alone].sort());
    expect(idsOf(await read(`?q=${number}`))).toEqual([digest]);
    // Without the letters, as somebody reads it out.
    expect(idsOf(await read(`?q=${number.slice(2)}`))).toEqual([digest]);
    const html = await pageOf('/admin/mails');
    for (const words of [number, other, '见“今日提醒：2 件”']) expect(html).toContain(words);
    // Who keeps the system reads no cases.
    expect(html).not.toContain(`href="/classes/`);
    const none = await pageOf('/admin/mails?q=PX350104-2026-99999');
    expect(none).toContain('没有找到');
  });

  test('[F04] what the office writes names the procedure itself; the number of a paper finds the mails of its class', async () => {
    await clear();
    const officer = await province.as('cs-first-1');
    await province.step(`class-${number}`, 'pre_training', {
      step: 'pre_training.first_review',
      asks: [
        {
          step: 'pre_training.first_review',
          kind: 'review',
          role: 'first_reviewer',
          level: 'county',
          outcomes: ['approve', 'return', 'propose_refusal'],
          workingDays: 2,
        },
      ],
    });
    const task = `class-${number}/pre_training.first_review/1`;
    const colleague = await province.db('users').where({ login: 'cs-first-2' }).first('id');
    await officer.post(`/tasks/${task}/claim`);
    expect((await officer.post(`/tasks/${task}/delegate`, { to: colleague.id, question: '场地是否核验' })).status).toBe(200);
    const { mails } = await read(`?q=${number}`);
    expect(mails).toMatchObject([{ login: 'cs-first-2', cases: [{ number, href: null }] }]);
    await province.db('papers').insert({
      kind: 'opening_review',
      number: '仓山区人社培审〔2026〕77号',
      class_id: (await province.db('classes').where({ number }).first('id')).id,
      procedure_id: `class-${number}`,
      region: '350104',
      issued_at: '2026-03-02T09:00:00+08:00',
      content: '{}',
    });
    expect(idsOf(await read(`?q=${encodeURIComponent('人社培审(2026)77')}`))).toEqual(mails.map(({ id }) => id));
  });

  test('[F15] [F37] a search finds nothing outside the own regions', async () => {
    await clear();
    const here = await plantMail({ about: number });
    await plantMail({ login: 'gl-first-1', about: number, at: '2026-03-03' });
    await province.db('grants').where({ role: 'system_admin' }).update({ region: '350104' });
    expect(idsOf(await read(`?q=${number}`))).toEqual([here]);
    expect(idsOf(await read('?q=gl-first-1'))).toEqual([]);
    await province.db('grants').where({ role: 'system_admin' }).update({ region: '350000' });
    expect(idsOf(await read('?q=gl-first-1'))).toHaveLength(1);
  });

  test('[N2] the number of a person is refused at the field and finds nothing', async () => {
    const id = makeId({ region: '350104', birth: '1990-01-01', serial: 5 });
    for (const path of ['/admin/mails', '/admin/sms']) {
      const answer = await admin.get<{ issues: { field: string; code: string }[] }>(`${path}?q=${id}`);
      expect([answer.status, answer.body.issues]).toMatchObject([422, [{ field: 'q', code: 'personal.id' }]]);
    }
  });

  test('[F15] a list without any mail says so, in both languages', async () => {
    await clear();
    expect(await pageOf('/admin/mails')).toContain('没有邮件');
    expect(await pageOf('/admin/mails?lang=en')).toContain('No emails');
  });
});

test('[F15] short messages come a page at a time, by state, by login or credit code of the institution, and name their case', async () => {
  await province.db.raw('delete from sms');
  const school = await province
    .db('institutions')
    .where({ id: province.db('users').where({ login: 'kangning-1' }).select('institution_id') })
    .first();
  const elsewhere = await province.db('institutions').whereNot({ id: school.id }).first();
  const planted: string[] = [];
  for (const [n, status] of ['sent', 'failed', 'refused', 'waiting', 'kept'].entries()) {
    const [row] = await province
      .db('sms')
      .insert({
        institution_id: n === 4 ? elsewhere.id : school.id,
        region: n === 4 ? elsewhere.region : school.region,
        template: 'correction',
        params: JSON.stringify({ number }),
        procedure_id: n === 0 ? `class-${number}` : null,
        dedupe: `planted ${n}`,
        phone_masked: '138****0000',
        status,
        next_at: province.db.raw(`now() + interval '1 day'`),
        created_at: '2026-03-02T09:00:00+08:00',
      })
      .returning('id');
    planted.push(row.id);
  }
  const messagesOf = async (query: string) => (await admin.get<Messages>(`/admin/sms${query}`)).body;
  const states = async (query: string) => (await messagesOf(query)).messages.map(({ status }) => status).sort();
  const walked: string[] = [];
  for (let after: string | null = ''; after !== null; ) {
    const answer: Messages = await messagesOf(`?size=2${after ? `&after=${after}` : ''}`);
    walked.push(...answer.messages.map(({ id }) => id));
    after = answer.next;
  }
  expect([...walked].sort()).toEqual([...planted].sort());
  expect(walked).toHaveLength(5);
  expect(await states('?state=undelivered')).toEqual(['failed', 'refused']);
  expect(await states('?state=waiting')).toEqual(['waiting']);
  expect(await states('?q=kangning-1')).toEqual(['failed', 'refused', 'sent', 'waiting']);
  expect(await states(`?q=${elsewhere.credit_code}`)).toEqual(['kept']);
  expect((await messagesOf(`?q=${number}`)).messages).toMatchObject([{ id: planted[0], case: { number, href: null } }]);
  expect(await pageOf('/admin/sms')).toContain(number);
  expect(await pageOf('/admin/sms?q=nobody')).toContain('没有找到');
});
