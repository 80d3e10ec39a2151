/** Materials of a class over real HTTP: attached, sealed, read on record, fixed by the submission, corrected; every bad file. */
import { createHash, randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { has, type Issues, issuesOf } from '../../support/answers.ts';
import { sampleMaterial, samplePdf, samplePng } from '../../../db/formats/sample-materials.ts';
import { placeOf } from '../../../db/vault.ts';
import { makeId } from '../../../workflows/domain/people/identity.ts';
import { cleanName, typeOfContent } from '../../../workflows/domain/classes/material.ts';
import { draftClass, openProvince, type Province } from '../../support/province.ts';
import type { Ask } from '../../../workflows/domain/procedures.ts';
import { correction, review as firstReviewAsk } from '../../support/by-hand/asks.ts';

type Line = { id: string; kind: string; name: string; type: string; size: number; sha256: string; read: boolean; removedAt: string | null };
type Listed = { materials: (Line & { replacedBy: string | null })[]; rules: { kind: string; required: boolean; there: boolean }[] };
type Detail = { outstanding: { field: string; code: string; message: string }[]; version: number };

let province: Province;
let seed = 400;
beforeAll(async () => {
  province = await openProvince();
});
afterAll(async () => {
  await province?.close();
});

const draft = (materials = false) => draftClass(province, { seed: seed++, trainees: 2, materials });
const attach = async (number: string, kind: string, file: { name: string; content: Buffer }, login = 'kangning-1', more = {}) =>
  (await province.as(login)).upload<{ id: string; alreadyThere: boolean } & Issues>(`/classes/${number}/materials`, 'file', file, {
    kind,
    ...more,
  });
const listed = async (number: string, login = 'kangning-1') =>
  (await (await province.as(login)).get<Listed>(`/classes/${number}/materials`)).body;
const pdf = (name: string, text: string = name) => ({ name, content: samplePdf([text]) });
const png = (serial = 1) => samplePng(4, 4, () => [serial % 256, serial >> 8, 0]);
const jpeg = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(40, 7), Buffer.from([0xff, 0xd9])]);
const stored = async (number: string) =>
  province.db('class_materials as m').join('classes as c', 'c.id', 'm.class_id').where('c.number', number).select('m.*');

/** The bytes of an answer with its headers, as the reader gets them. */
async function open(path: string, login: string) {
  const { token } = await province.as(login);
  const response = await fetch(`${province.origin}${path}`, { headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, headers: response.headers, content: Buffer.from(await response.arrayBuffer()) };
}

const review: Ask = { ...firstReviewAsk, workingDays: 3 };

/** Submitted, and at the first review. */
async function underReview(): Promise<string> {
  const number = await draft(true);
  expect((await (await province.as('kangning-1')).post(`/classes/${number}/submit`)).status).toBe(200);
  await province.step(`class-${number}`, 'pre_training', { asks: [review] });
  return number;
}

async function sendBack(number: string): Promise<void> {
  const id = `class-${number}`;
  const answer = await (await province.as('cs-first-1')).post(`/tasks/${id}/pre_training.first_review/1/decide`, {
    outcome: 'return',
    items: [{ field: 'materials', text: '师资证明看不清，请重新扫描' }],
  });
  expect(answer.status).toBe(200);
  await province.step(id, 'pre_training', {
    step: 'correction',
    asks: [correction],
    acts: [
      { act: 'setClassStatus', code: 'correction' },
      { act: 'issueCorrectionNotice', factNo: 2, taskId: `${id}/pre_training.first_review/1` },
    ],
  });
}

describe('attaching', () => {
  test('[N2] the name of a file that holds the number of a person is kept without it', async () => {
    const number = await draft();
    const id = makeId({ region: '350104', birth: '1990-01-01', serial: 1 });
    expect((await attach(number, 'teachers', pdf(`赵立新 ${id} 证书.pdf`))).status).toBe(201);
    expect((await stored(number)).map(({ name }) => name)).toEqual(['赵立新 ****************** 证书.pdf']);
  });

  test('[N14] what the policy pack requires stands in the way of the submission until it is there, told at the place', async () => {
    const number = await draft();
    const school = await province.as('kangning-1');
    const before = (await school.get<Detail>(`/classes/${number}`)).body;
    expect(before.outstanding.map((issue) => issue.field)).toEqual(['materials.plan', 'materials.teachers', 'materials.venue']);
    expect(issuesOf(await school.post(`/classes/${number}/submit`))).toEqual([
      ['materials.plan', 'material.missing.plan'],
      ['materials.teachers', 'material.missing.teachers'],
      ['materials.venue', 'material.missing.venue'],
    ]);
    const browser = await province.browser('kangning-1');
    const refused = await browser.post(`/classes/${number}/submit`, { version: String(before.version) });
    expect(refused.status).toBe(422);
    has(refused.html, '请上传师资证明');
    has(refused.html, `href="/classes/${number}/materials#need-teachers"`);
    has((await browser.get(`/classes/${number}/materials`)).html, 'id="need-teachers"');
    has((await browser.get(`/classes/${number}`)).html, '建议提供：学员人群证明');

    for (const kind of ['plan', 'teachers', 'venue'] as const) expect((await attach(number, kind, sampleMaterial(kind))).status).toBe(201);
    expect((await listed(number)).rules).toEqual([
      { kind: 'plan', required: true, there: true },
      { kind: 'teachers', required: true, there: true },
      { kind: 'venue', required: true, there: true },
      { kind: 'group', required: false, there: false },
    ]);
    expect((await school.get<Detail>(`/classes/${number}`)).body.outstanding).toEqual([]);
    expect((await school.post(`/classes/${number}/submit`)).status).toBe(200);
  });

  test('[N14] by a form without script; the list says kind, name, size, when and by whom', async () => {
    const number = await draft();
    const browser = await province.browser('kangning-1');
    const file = pdf('师资证明（赵立新）.pdf');
    const sent = await browser.upload(`/classes/${number}/materials`, file, { kind: 'teachers', idempotencyKey: randomUUID() });
    expect([sent.status, sent.location]).toEqual([303, `/classes/${number}/materials`]);
    const page = (await browser.get(`/classes/${number}/materials`)).html;
    for (const text of ['师资证明（赵立新）.pdf', '师资证明　PDF', '3月2日', '移除', '加密保存']) has(page, text);
    expect((await listed(number)).materials).toMatchObject([
      { kind: 'teachers', name: '师资证明（赵立新）.pdf', type: 'application/pdf', size: file.content.length, read: false },
    ]);
    expect((await listed(number)).materials[0]?.sha256).toBe(createHash('sha256').update(file.content).digest('hex'));
  });

  test('the same file is kept once, however often it is sent; two at once too', async () => {
    const number = await draft();
    const file = pdf('计划.pdf');
    const answers = await Promise.all([attach(number, 'plan', file), attach(number, 'plan', file), attach(number, 'plan', file)]);
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 200, 201]);
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
    expect((await attach(number, 'other', file)).status).toBe(201);
    expect(await stored(number)).toHaveLength(2);
  });
});

describe('bad files', () => {
  const exe = Buffer.concat([Buffer.from('MZ'), Buffer.alloc(200, 1)]);
  const cases: [string, string, Buffer, string][] = [
    ['an empty file', '空.pdf', Buffer.alloc(0), 'file.empty'],
    ['a program with the ending of a PDF', '计划.pdf', exe, 'material.type'],
    ['a page of HTML', '计划.pdf', Buffer.from('<html><script>alert(1)</script>%PDF-1.4 %%EOF'), 'material.type'],
    ['a spreadsheet', '计划.xlsx', Buffer.from('PK\x03\x04 and so on'), 'material.type'],
    ['a PDF that breaks off', '计划.pdf', samplePdf(['计划']).subarray(0, 300), 'material.type'],
    ['a PNG that breaks off', '场地.png', png().subarray(0, 50), 'material.type'],
    ['a picture called PDF', '场地.pdf', png(), 'material.ending'],
    ['a PDF called picture', '场地.jpg', samplePdf(['场地']), 'material.ending'],
    ['a PDF without ending', '计划', samplePdf(['计划']), 'material.ending'],
  ];

  test.each(cases)('[N14] %s', async (_what, name, content, code) => {
    const number = await draft();
    const answer = await attach(number, 'plan', { name, content });
    expect([answer.status, issuesOf(answer)]).toEqual([422, [['file', code]]]);
    expect(await stored(number)).toHaveLength(0);
  });

  test('[N14] at most 10 MB: one byte more is told at the field, in the reader’s language; nothing is written', async () => {
    const number = await draft();
    const sized = (bytes: number) => ({
      name: '大.pdf',
      content: Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(bytes - 15, 32), Buffer.from('%%EOF\n')]),
    });
    const over = await attach(number, 'plan', sized(10_000_001));
    expect([over.status, issuesOf(over)]).toEqual([422, [['file', 'file.tooLarge']]]);
    const browser = await province.browser('kangning-1');
    for (const [lang, words] of [
      ['zh-CN', '文件超过 10 MB'],
      ['en', 'The file is larger than 10 MB'],
    ] as const) {
      const drawn = await browser.upload(`/classes/${number}/materials?lang=${lang}`, sized(10_000_001), { kind: 'plan' });
      expect(drawn.status).toBe(422);
      has(drawn.html, words);
      has(drawn.html, 'href="#f-file"');
      has(drawn.html, '<option value="plan" selected');
    }
    expect(await stored(number)).toHaveLength(0);
    expect((await attach(number, 'plan', sized(10_000_000))).status).toBe(201);
  });

  test('[N14] no file, no kind, an unknown kind', async () => {
    const number = await draft();
    const school = await province.as('kangning-1');
    expect(issuesOf(await school.post(`/classes/${number}/materials`, { kind: 'plan' }))).toEqual([['file', 'material.fileMissing']]);
    expect(issuesOf(await attach(number, 'novel', pdf('x.pdf')))).toEqual([['kind', 'notOffered']]);
    const browser = await province.browser('kangning-1');
    const drawn = await browser.upload(`/classes/${number}/materials`, pdf('x.pdf'));
    expect(drawn.status).toBe(422);
    has(drawn.html, 'id="e-kind"');
    expect(await stored(number)).toHaveLength(0);
  });

  test('[N14] a body that breaks off, one without boundary and one with two files are told on the form', async () => {
    const number = await draft();
    const school = await province.as('kangning-1');
    const head = '--b\r\nContent-Disposition: form-data; name="kind"\r\n\r\nplan\r\n';
    const part = (name: string) =>
      `--b\r\nContent-Disposition: form-data; name="${name}"; filename="a.pdf"\r\nContent-Type: application/pdf\r\n\r\n`;
    const bodies: [string, string, string][] = [
      ['multipart/form-data; boundary=b', `${head}${part('file')}%PDF-1.4`, 'unreadable'],
      ['multipart/form-data', `${head}${part('file')}%PDF-1.4\r\n--b--\r\n`, 'unreadable'],
      ['multipart/form-data; boundary=b', `${head}${part('file')}x\r\n${part('file')}y\r\n--b--\r\n`, 'file.unexpected'],
    ];
    for (const [type, body, code] of bodies) {
      const answer = await send(`/classes/${number}/materials`, { authorization: `Bearer ${school.token}`, 'content-type': type }, body);
      expect([type, answer.status, issuesOf({ body: JSON.parse(answer.text) })]).toEqual([type, 422, [['file', code]]]);
      const page = await send(
        `/classes/${number}/materials`,
        { cookie: `shiming-session=${school.token}`, 'content-type': type, accept: 'text/html' },
        body,
      );
      expect(page.status).toBe(422);
      has(page.text, 'id="e-file"');
    }
    expect(await stored(number)).toHaveLength(0);
  });

  test('[N14] a class has at most thirty files, also when they come at once', async () => {
    const number = await draft();
    const row = await province.db('classes').where({ number }).first('id', 'created_by');
    await province.db('class_materials').insert(
      Array.from({ length: 28 }, (_, at) => ({
        id: randomUUID(),
        class_id: row.id,
        kind: 'other',
        name: `${at}.pdf`,
        type: 'application/pdf',
        size: 1,
        sha256: createHash('sha256').update(String(at)).digest(),
        content_sealed: Buffer.from('x'),
        uploaded_by: row.created_by,
        uploaded_at: new Date(),
      })),
    );
    const answers = await Promise.all([1, 2, 3, 4, 5].map((n) => attach(number, 'other', { name: `${n}.png`, content: png(n) })));
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 201, 422, 422, 422]);
    expect(answers.filter((answer) => answer.status === 422).map(issuesOf)).toEqual(Array(3).fill([['file', 'material.tooMany']]));
    const first = (await listed(number)).materials[0]?.id;
    expect((await attach(number, 'other', { name: '6.png', content: png(6) }, 'kangning-1', { replaces: first })).status).toBe(201);
    expect(await stored(number)).toHaveLength(30);
  });

  test('names are data: folders, control characters and marks that turn the writing are taken out', () => {
    expect(cleanName('C:\\材料\\计划.pdf')).toBe('计划.pdf');
    expect(cleanName('../../etc/计划.pdf')).toBe('计划.pdf');
    expect(cleanName('计划\u202efdp.exe\u0000\r\n.pdf')).toBe('计划fdp.exe.pdf');
    expect(cleanName(`${'长'.repeat(300)}.pdf`)).toMatch(/^长{100,}…\.pdf$/);
    expect(typeOfContent(jpeg)).toBe('image/jpeg');
    expect(typeOfContent(jpeg.subarray(0, 20))).toBeUndefined();
  });
});

describe('at rest and on record', () => {
  test('[N2] content lies sealed, bound to its row; the audit log holds its digest and no name', async () => {
    const number = await draft();
    const file = pdf('林小燕身份证复印件.pdf', '350104199003071223');
    expect((await attach(number, 'group', file)).status).toBe(201);
    const [row] = await stored(number);
    const sealed = row.content_sealed as Buffer;
    for (const plain of ['%PDF', 'stream', '%%EOF']) expect(sealed.includes(plain)).toBe(false);
    expect(sealed.includes(Buffer.from('350104', 'utf16le').swap16().toString('hex'))).toBe(false);
    expect(province.vault.openBytes(placeOf('class_materials', 'content_sealed', row.id), sealed).equals(file.content)).toBe(true);
    expect(() => province.vault.openBytes(placeOf('class_materials', 'content_sealed', randomUUID()), sealed)).toThrow('does not belong');
    const turned = Buffer.from(sealed);
    turned[turned.length - 1] = (turned[turned.length - 1] ?? 0) ^ 1;
    expect(() => province.vault.openBytes(placeOf('class_materials', 'content_sealed', row.id), turned)).toThrow('does not belong');
    expect(() => province.vault.openBytes('x', Buffer.from('no sealed value'))).toThrow('not a sealed value');
    const [line] = await province.db('audit_log').where({ subject: `class-${number}`, act: 'material.add' });
    expect(line.detail).toEqual({ material: row.id, kind: 'group', size: file.content.length, sha256: row.sha256.toString('hex') });
    expect(JSON.stringify(await province.db('audit_log').where({ subject: `class-${number}` }))).not.toContain('林小燕');
  });

  test('[N2] every view by an officer is a line of the audit log, written together with the read or not read at all', async () => {
    const number = await underReview();
    const material = (await listed(number)).materials[0];
    const path = `/materials/${material?.id}`;
    const views = () =>
      province
        .db('audit_log')
        .where({ act: 'material.view', subject: `class-${number}` })
        .orderBy('id');
    expect((await open(path, 'kangning-1')).content.equals(sampleMaterial('plan').content)).toBe(true);
    expect(await views()).toHaveLength(0);
    for (const login of ['cs-first-1', 'cs-first-1', 'cs-audit-1']) expect((await open(path, login)).status).toBe(200);
    const actors = await province.db('users').whereIn('login', ['cs-first-1', 'cs-audit-1']).pluck('id');
    expect(await views()).toHaveLength(3);
    expect(new Set((await views()).map((line) => line.actor))).toEqual(new Set(actors));
    expect(await province.db('material_views').where({ material_id: material?.id })).toHaveLength(2);

    await province.db.raw(`create function refuse_views() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$`);
    await province.db.raw(
      `create trigger refuse_views before insert on audit_log for each row when (new.act = 'material.view') execute function refuse_views()`,
    );
    try {
      const refused = await open(path, 'cs-second-1');
      expect(refused.status).toBe(500);
      expect(refused.content.includes('%PDF')).toBe(false);
      expect(await province.db('material_views').where({ material_id: material?.id })).toHaveLength(2);
    } finally {
      await province.db.raw('drop trigger refuse_views on audit_log');
    }
    await expect(
      province.db.transaction(async (trx) => {
        await trx.raw('set local role shiming_app');
        await trx('material_views').delete();
      }),
    ).rejects.toThrow('permission denied');
    type Told = { events: { act: string }[] };
    const told = async (login: string) =>
      (await (await province.as(login)).get<Told>(`/classes/${number}/timeline`)).body.events.map((event) => event.act);
    expect(await told('cs-audit-1')).toContain('material.view');
    expect(await told('kangning-1')).not.toContain('material.view');
    has((await (await province.browser('cs-audit-1')).get(`/classes/${number}/timeline`)).html, '查看材料：教学计划');
  });

  test('[N2] it comes from an address of its own: name, sandbox, no sniffing, no cache', async () => {
    const number = await draft();
    const name = `师资 "甲" (1)'*.pdf`;
    const { id } = (await attach(number, 'teachers', pdf(name))).body;
    const shown = await open(`/materials/${id}`, 'kangning-1');
    expect(shown.headers.get('content-type')).toBe('application/pdf');
    expect(shown.headers.get('content-security-policy')).toBe(
      "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox",
    );
    expect(shown.headers.get('x-content-type-options')).toBe('nosniff');
    expect(shown.headers.get('cache-control')).toBe('no-store');
    const disposition = shown.headers.get('content-disposition') ?? '';
    expect(disposition).toMatch(/^inline; filename="[^"\\]+"; filename\*=UTF-8''[\w.%!~-]+$/);
    expect(decodeURIComponent(/UTF-8''(.*)$/.exec(disposition)?.[1] ?? '')).toBe(name);
    expect((await open(`/materials/${id}?save=1`, 'kangning-1')).headers.get('content-disposition')).toMatch(/^attachment; /);
  });
});

describe('a picture in the frame', () => {
  test('[N2] the page around it reads nothing; the picture comes from its own address, on record', async () => {
    const number = await underReview();
    const { materials } = await listed(number);
    const picture = materials.find((material) => material.kind === 'venue')?.id ?? '';
    const { token } = await province.as('cs-first-1');
    const framed = (id: string, session = token) =>
      fetch(`${province.origin}/materials/${id}/picture`, { headers: { cookie: `shiming-session=${session}`, accept: 'text/html' } });
    const page = await framed(picture);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'self'");
    has(await page.text(), `<img src="/materials/${picture}"`);
    expect(await province.db('audit_log').where({ act: 'material.view', subject: `class-${number}` })).toHaveLength(0);
    expect((await framed(materials[0]?.id ?? '')).status).toBe(404);
    expect((await framed(picture, (await province.as('gl-first-1')).token)).status).toBe(404);
    const other = await fetch(`${province.origin}/classes/${number}/materials`, {
      headers: { cookie: `shiming-session=${token}`, accept: 'text/html' },
    });
    expect(other.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  });
});

describe('who sees them', () => {
  test('[N14] the office and those above it, the own institution; not the assessment body, and for others there is nothing', async () => {
    const number = await draft(true);
    const path = `/materials/${(await listed(number)).materials[0]?.id}`;
    const status = async (login: string, at: string) => (await open(at, login)).status;
    const list = `/classes/${number}/materials`;
    for (const at of [path, list]) {
      for (const login of ['cs-first-1', 'pingjia-1', 'shifan-1']) expect([at, login, await status(login, at)]).toEqual([at, login, 404]);
      expect((await fetch(`${province.origin}${at}`)).status).toBe(401);
    }
    await (await province.as('kangning-1')).post(`/classes/${number}/submit`);
    const above = await province
      .db('users as u')
      .join('grants as g', 'g.user_id', 'u.id')
      .where({ 'g.region': '350100', 'g.role': 'supervisor' })
      .first('u.login');
    for (const at of [path, list]) {
      for (const login of ['cs-first-1', 'cs-approve-1', ...(above ? [above.login as string] : [])])
        expect([at, login, await status(login, at)]).toEqual([at, login, 200]);
      for (const login of ['gl-first-1', 'shifan-1', 'pingjia-1', 'renzheng-1', 'system-1'])
        expect([at, login, await status(login, at)]).toEqual([at, login, 404]);
    }
    expect(await status('cs-first-1', `/materials/${randomUUID()}`)).toBe(404);
    expect(await status('cs-first-1', '/materials/1')).toBe(404);
  });

  test('[N14] nobody else attaches or takes away', async () => {
    const number = await draft(true);
    const id = (await listed(number)).materials[0]?.id;
    expect((await attach(number, 'other', pdf('x.pdf'), 'shifan-1')).status).toBe(404);
    expect((await attach(number, 'other', pdf('x.pdf'), 'cs-first-1')).status).toBe(403);
    const remove = async (login: string) => (await (await province.as(login)).post(`/classes/${number}/materials/${id}/remove`)).status;
    expect([await remove('shifan-1'), await remove('cs-first-1')]).toEqual([404, 403]);
    const other = await draft(true);
    const foreign = await (await province.as('kangning-1')).post(`/classes/${other}/materials/${id}/remove`);
    expect(foreign.status).toBe(404);
    expect((await attach(other, 'other', pdf('y.pdf'), 'kangning-1', { replaces: id })).status).toBe(404);
    expect((await listed(other)).materials).toHaveLength(3);
    const browser = await province.browser('kangning-1');
    const forged = await fetch(`${province.origin}/classes/${number}/materials/${id}/remove`, {
      method: 'POST',
      headers: { cookie: `shiming-session=${(await province.as('kangning-1')).token}`, accept: 'text/html' },
    });
    expect(forged.status).toBe(403);
    expect((await browser.post(`/classes/${number}/materials/${id}/remove`)).status).toBe(303);
    expect((await listed(number)).materials).toHaveLength(2);
  });
});

describe('review and correction', () => {
  test('[N14] beside the checklist: unread until opened, a point of the checklist, named in the correction notice', async () => {
    const number = await underReview();
    const task = `/tasks/class-${number}/pre_training.first_review/1`;
    const officer = await province.browser('cs-first-1');
    const before = (await officer.get(task)).html;
    has(before, '3 份未看');
    has(before, 'name="material"');
    has(before, 'value="materials"');
    const { materials } = await listed(number, 'cs-first-1');
    expect(materials.map((material) => material.read)).toEqual([false, false, false]);
    await open(`/materials/${materials[1]?.id}`, 'cs-first-1');
    expect((await listed(number, 'cs-first-1')).materials.map((material) => material.read)).toEqual([false, true, false]);
    expect((await listed(number, 'cs-second-1')).materials.map((material) => material.read)).toEqual([false, false, false]);
    const after = (await officer.get(task)).html;
    has(after, '2 份未看');
    expect(after.match(/class="title wide-only unread"/g)).toHaveLength(2);

    await sendBack(number);
    const notice = await province
      .db('papers')
      .where({ procedure_id: `class-${number}`, kind: 'correction_notice' })
      .first('id', 'content');
    expect(notice.content.items).toEqual([{ field: 'materials', text: '师资证明看不清，请重新扫描' }]);
    const paper = (await officer.get(`/papers/${notice.id}`)).html;
    has(paper, '材料');
    has(paper, '师资证明看不清，请重新扫描');
    has((await (await province.browser('kangning-1')).get(`/classes/${number}`)).html, '<strong>材料</strong>　师资证明看不清，请重新扫描');
  });

  test('[N14] submitted, the set is fixed; in a correction it opens again, and what an officer has read stays on record', async () => {
    const number = await underReview();
    const school = await province.as('kangning-1');
    const [plan, teachers, venue] = (await listed(number)).materials;
    expect((await attach(number, 'other', pdf('补充.pdf'))).body.code).toBe('class.notNow');
    expect((await school.post<Issues>(`/classes/${number}/materials/${plan?.id}/remove`)).body.code).toBe('class.notNow');
    await open(`/materials/${teachers?.id}`, 'cs-first-1');
    await open(`/materials/${venue?.id}`, 'cs-first-1');
    await sendBack(number);

    const clearer = await attach(number, 'teachers', pdf('师资证明（清晰）.pdf'), 'kangning-1', { replaces: teachers?.id });
    expect(clearer.status).toBe(201);
    expect((await school.post<{ kept: boolean }>(`/classes/${number}/materials/${plan?.id}/remove`)).body).toEqual({ kept: false });
    expect((await school.post<{ kept: boolean }>(`/classes/${number}/materials/${venue?.id}/remove`)).body).toEqual({ kept: true });
    expect((await school.post<Issues>(`/classes/${number}/materials/${venue?.id}/remove`)).body.code).toBe('material.removed');
    const { materials } = await listed(number, 'cs-first-1');
    expect(materials.map((material) => [material.kind, material.removedAt !== null, material.replacedBy])).toEqual([
      ['teachers', false, null],
      ['teachers', true, clearer.body.id],
      ['venue', true, null],
    ]);
    expect((await open(`/materials/${plan?.id}`, 'cs-first-1')).status).toBe(404);
    expect((await open(`/materials/${venue?.id}`, 'cs-first-1')).content.equals(sampleMaterial('venue').content)).toBe(true);

    expect(issuesOf(await school.post(`/classes/${number}/resubmit`, { remark: '已更换', answers: [{ no: 1, done: true }] }))).toEqual([
      ['materials.plan', 'material.missing.plan'],
      ['materials.venue', 'material.missing.venue'],
    ]);
    for (const kind of ['plan', 'venue'] as const) expect((await attach(number, kind, sampleMaterial(kind))).status).toBe(201);
    expect((await school.post(`/classes/${number}/resubmit`, { remark: '已更换', answers: [{ no: 1, done: true }] })).status).toBe(200);
    expect((await attach(number, 'other', pdf('迟到.pdf'))).body.code).toBe('class.notNow');
  });

  test('every page with materials speaks both languages', async () => {
    const number = await underReview();
    for (const [login, paths] of [
      ['kangning-1', [`/classes/${number}/materials`, `/classes/${await draft()}/materials`]],
      ['cs-first-1', [`/classes/${number}/materials`, `/tasks/class-${number}/pre_training.first_review/1`]],
    ] as const) {
      const browser = await province.browser(login);
      for (const path of paths) {
        for (const lang of ['zh-CN', 'en']) {
          const page = await browser.get(`${path}?lang=${lang}`);
          expect([path, lang, page.status]).toEqual([path, lang, 200]);
          expect(page.html.replace(/<[^>]*>/g, ' ')).not.toMatch(/\b(classes|materials|tasks|common|errors)\.[a-z][\w.]*/i);
        }
      }
    }
  });
});

/** A request whose body is exactly this, also where it is no proper one. */
function send(path: string, headers: Record<string, string>, body: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      `${province.origin}${path}`,
      { method: 'POST', headers: { ...headers, 'content-length': Buffer.byteLength(body) } },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') }));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}
