/** Rosters over real HTTP: files and JSON in, errors at their cells and the marked file back, sealed at rest, masked on screen. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { has } from '../../support/answers.ts';
import { ZipFile } from 'yazl';
import { readCsv, writeCsv } from '../../../db/formats/csv.ts';
import {
  cleanRoster,
  cleanRosterCsv,
  faultyRoster,
  manyRows,
  plantedErrors,
  samplePeople,
  type SamplePerson,
} from '../../../db/formats/sample-rosters.ts';
import { readXlsx } from '../../../db/formats/xlsx-reader.ts';
import { writeXlsx } from '../../../db/formats/xlsx-writer.ts';
import { openVault } from '../../../db/vault.ts';
import { makeId } from '../../../workflows/domain/people/identity.ts';
import { rosterColumns } from '../../../workflows/domain/roster/roster.ts';
import { draftClass, openProvince, type Province } from '../../support/province.ts';

type Problem = { code: string; issues?: { field: string; code: string; message: string; params?: Record<string, number> }[] };
type Roster = {
  trainees: {
    seat: number;
    name: string;
    idMasked: string;
    phoneMasked: string;
    accountMasked: string;
    group: string;
    eligible: boolean;
    findings: { text: string; source: string }[];
    amountFen: number;
    standardFen: number;
    percent: number;
    formula: string;
    source: string;
  }[];
};

let province: Province;
let number: string;
beforeAll(async () => {
  province = await openProvince();
  number = await draftClass(province, { trainees: 0, title: '名册试验班' });
});
afterAll(async () => {
  await province?.close();
});

const found = (answer: { body: unknown }) => ((answer.body as Problem).issues ?? []).map((issue) => [issue.field, issue.code]);
const upload = async (content: Buffer, name = '花名册.xlsx', login = 'kangning-1', to = number) =>
  (await province.as(login)).upload<Problem>(`/classes/${to}/roster`, 'file', { name, content });
const rosterOf = async (of = number) => (await (await province.as('kangning-1')).get<Roster>(`/classes/${of}/roster`)).body.trainees;
const rowOf = (person: SamplePerson) => [person.name, person.idNumber, person.phone, '登记失业人员', person.bank, person.account, ''];
const headings = rosterColumns.map((column) => column.zh);
const asRoster = (rows: string[][]) => writeCsv([headings, ...rows]);

describe('a good roster', () => {
  test('[N2] the same people come in as .xlsx, as CSV in UTF-8 and GB 18030, and as JSON', async () => {
    const people = samplePeople(30, 5);
    const forms: [string, () => Promise<{ status: number; body: unknown }>][] = [
      ['xlsx', async () => upload(await cleanRoster(30, 5))],
      ['utf-8', () => upload(cleanRosterCsv(30, 5), '名册.csv')],
      ['gb18030', () => upload(cleanRosterCsv(30, 5, 'gb18030'), '名册.csv')],
      ['json', async () => (await province.as('kangning-1')).post(`/classes/${number}/roster`, { trainees: people })],
    ];
    for (const [form, send] of forms) {
      const answer = await send();
      expect([form, answer.status, answer.body]).toEqual([form, 200, { number, trainees: 30 }]);
      const roster = await rosterOf();
      expect(roster.map((trainee) => [trainee.seat, trainee.name, trainee.group])).toEqual(
        people.map((person, at) => [at + 1, person.name, person.group]),
      );
    }
    expect(await province.db('people').count<{ count: string }[]>('id as count')).toMatchObject([{ count: 30 }]);
  });

  test('[N2] full names and masked numbers on screen; sealed at rest, found by blind index, one record per person', async () => {
    const [first] = samplePeople(30, 5);
    if (!first) throw new Error('no person');
    const [line] = await rosterOf();
    expect(line).toMatchObject({
      name: first.name,
      idMasked: `${first.idNumber.slice(0, 4)}**********${first.idNumber.slice(-4)}`,
      accountMasked: `**** ${first.account.slice(-4)}`,
    });
    const page = await (await province.browser('kangning-1')).get(`/classes/${number}/roster`);
    has(page.html, first.name);
    for (const secret of [first.idNumber, first.phone, first.account]) expect(page.html.includes(secret)).toBe(false);
    const { rows } = await province.db.raw(
      `select (select coalesce(string_agg(p::text, ' '), '') from people p) || (select coalesce(string_agg(e::text, ' '), '') from enrolments e)
           || (select coalesce(string_agg(a::text, ' '), '') from audit_log a) || (select coalesce(string_agg(k::text, ' '), '') from idempotency_keys k) as everything`,
    );
    for (const person of samplePeople(30, 5))
      for (const secret of [person.idNumber, person.phone, person.account]) expect(rows[0].everything.includes(secret)).toBe(false);
    const known = await province
      .db('people')
      .where({ id_index: province.vault.index('id', first.idNumber) })
      .first();
    expect(province.vault.open(`people.id_sealed:${known.id}`, known.id_sealed)).toBe(first.idNumber);
    const other = openVault({ keys: { k1: Buffer.alloc(32, 3) }, currentKid: 'k1', indexKey: Buffer.alloc(32, 4) });
    expect(() => other.open(`people.id_sealed:${known.id}`, known.id_sealed)).toThrow(/does not belong/);
  });

  test('[N14] each trainee has a verdict in words and an amount with standard, percentage and source', async () => {
    const [person, second, third] = samplePeople(3, 71) as [SamplePerson, SamplePerson, SamplePerson];
    expect((await upload(asRoster([person, second, third].map(rowOf)), 'x.csv')).status).toBe(200);
    const known = await province
      .db('people')
      .where({ id_index: province.vault.index('id', second.idNumber) })
      .first('id');
    const benefit = { person_id: known.id, year: 2026, level: 4, amount_fen: 50_000, region: '350104', source: '补录' };
    await province.db('prior_benefits').insert(['电工', '焊工', '茶艺师'].map((occupation) => ({ ...benefit, occupation })));
    expect((await upload(asRoster([person, second, third].map(rowOf)), 'x.csv')).status).toBe(200);
    const [a, b] = await rosterOf();
    expect(a).toMatchObject({ eligible: true, findings: [], amountFen: 70_000, standardFen: 70_000, percent: 100 });
    expect(a?.source).toMatch(/\S/);
    expect(b).toMatchObject({ eligible: false, findings: [{ text: '2026 年已享受 3 次，每年不超过 3 次' }] });
    const page = await (await province.browser('kangning-1')).get(`/classes/${number}/roster`);
    has(page.html, '不符合');
    has(page.html, '每年不超过 3 次');
    has(page.html, '标准 ¥700.00 × 100%');
  });
});

describe('a roster with errors', () => {
  test('[N28] eight planted errors: a page with row, column, masked cell and reason, the marked file to load again, and the old roster stays', async () => {
    const before = await rosterOf();
    const browser = await province.browser('kangning-1');
    const refused = await browser.upload(`/classes/${number}/roster`, { name: '有错的名册.xlsx', content: await faultyRoster() });
    expect(refused.status).toBe(422);
    for (const text of [
      '有错的名册.xlsx：8 处错误，未保存',
      '证件号码校验位不正确',
      '年龄 13 岁，须满 16 岁',
      '手机号应为11位',
      '与第 4 行身份证号重复',
      '人员类别不在目录内',
      '缺少姓名',
      '单元格是公式',
      '账号校验位不正确',
      '其他人员',
    ])
      has(refused.html, text);
    for (const person of samplePeople(15, 8))
      expect(refused.html.includes(person.idNumber) || refused.html.includes(person.account)).toBe(false);
    expect(await rosterOf()).toEqual(before);

    const path = /href="(\/classes\/[\w-]+\/roster\/rejections\/[0-9a-f-]{36})"/.exec(refused.html)?.[1] ?? '';
    const marked = await readXlsx(await (await province.as('kangning-2')).download(path));
    const reasons = marked.flatMap((row) => row.cells.at(-1)?.text ?? []);
    expect(reasons.filter((text) => /重复|校验位|年龄|11位|目录|缺少|公式/.test(text))).toHaveLength(8);
    for (const login of ['yunfan-1', 'shifan-1']) expect((await (await province.as(login)).get(path)).status).toBe(404);
    expect((await (await province.as('cs-first-1')).get(path)).status).toBe(403);
    const [kept] = await province.db('roster_rejections').select('annotated_sealed');
    expect(kept.annotated_sealed).toMatch(/^v1\.k1\./);
    await province.db('roster_rejections').update({ created_at: province.db.raw(`now() - interval '61 minutes'`) });
    expect((await (await province.as('kangning-1')).get(path)).status).toBe(404);
  });

  test('a program gets the same errors by row and field, and where the marked file lies', async () => {
    const answer = await upload(await faultyRoster());
    expect(answer.status).toBe(422);
    expect(found(answer)).toEqual(plantedErrors.map((error) => [`rows.${error.row}.${error.field}`, error.code]));
    expect(answer.headers.get('link')).toMatch(/^<\/classes\/[\w-]+\/roster\/rejections\/[0-9a-f-]+>; rel="describedby"/);
  });

  test('JSON with errors names trainee and field', async () => {
    const [first, second] = samplePeople(2, 9) as [SamplePerson, SamplePerson];
    const school = await province.as('kangning-1');
    const answer = await school.post<Problem>(`/classes/${number}/roster`, {
      trainees: [first, { ...second, idNumber: first.idNumber, phone: '123' }],
    });
    expect(answer.status).toBe(422);
    expect(found(answer)).toEqual([
      ['trainees.1.idNumber', 'roster.idTwice'],
      ['trainees.1.phone', 'roster.phone'],
    ]);
    expect(answer.body.issues?.[0]?.params).toEqual({ row: 1 });
    expect(found(await school.post(`/classes/${number}/roster`, { trainees: [{ name: '张三' }] }))).toEqual([
      ['trainees.0.idNumber', 'required'],
      ['trainees.0.phone', 'required'],
      ['trainees.0.group', 'required'],
      ['trainees.0.account', 'required'],
    ]);
  });

  test('an ID number that is on record under another name is told at the name', async () => {
    const [person] = samplePeople(1, 33) as [SamplePerson];
    const other = await draftClass(province, { login: 'yunfan-1', trainees: 0, title: '先登记的班' });
    const yunfan = await province.as('yunfan-1');
    await yunfan.upload(`/classes/${other}/roster`, 'file', { name: 'x.csv', content: asRoster([rowOf({ ...person, name: '写错' })]) });
    await yunfan.upload(`/classes/${other}/roster`, 'file', { name: 'x.csv', content: asRoster([rowOf(person)]) });
    expect((await yunfan.post(`/classes/${other}/submit`)).status).toBe(200);
    const answer = await upload(asRoster([rowOf(samplePeople(1, 34)[0] as SamplePerson), rowOf({ ...person, name: '冒名' })]), 'x.csv');
    expect(answer.status).toBe(422);
    expect(found(answer)).toEqual([['rows.3.name', 'roster.otherName']]);
    expect(
      (
        await province
          .db('people')
          .where({ id_index: province.vault.index('id', person.idNumber) })
          .first('name')
      ).name,
    ).toBe(person.name);
  });

  test('[N14] ages count on the first day: a class moved forward is refused for a trainee who is then too young', async () => {
    const early = await draftClass(province, { trainees: 0, title: '年龄班', fortnight: 12 });
    const young = { ...(samplePeople(1, 35)[0] as SamplePerson), idNumber: makeId({ region: '350104', birth: '2010-09-20', serial: 11 }) };
    expect(found(await upload(asRoster([rowOf(young)]), 'x.csv', 'kangning-1', early))).toEqual([
      ['rows.2.idNumber', 'eligibility.ageBelow'],
    ]);
    const school = await province.as('kangning-1');
    const { saved } = (await school.get<{ saved: Record<string, string> }>(`/classes/${early}/edit`)).body;
    await school.post(`/classes/${early}/edit`, { ...saved, startDate: '2026-09-21', endDate: '2026-10-30' });
    expect((await upload(asRoster([rowOf(young)]), 'x.csv', 'kangning-1', early)).status).toBe(200);
    await school.post(`/classes/${early}/edit`, saved);
    expect(found(await school.post(`/classes/${early}/submit`))).toContainEqual(['roster.1', 'class.traineeAge']);
  });
});

describe('files that are no roster', () => {
  const zipOf = async (parts: Record<string, Buffer>): Promise<Buffer> => {
    const zip = new ZipFile();
    for (const [name, content] of Object.entries(parts)) zip.addBuffer(content, name);
    zip.end();
    const chunks: Buffer[] = [];
    for await (const chunk of zip.outputStream) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  };

  test('no spreadsheet, a zip bomb, 10,000 rows, too large, empty, no file: a clear message at the form, and nothing is saved', async () => {
    const before = await rosterOf();
    const people = samplePeople(2, 40) as [SamplePerson, SamplePerson];
    const cases: [string, string, Buffer, string, string][] = [
      ['a PDF', 'roster.pdf', Buffer.from('%PDF-1.7\n%âãÏÓ\n'), 'file', 'file.notSpreadsheet'],
      ['a PDF called .xlsx', 'roster.xlsx', Buffer.from('%PDF-1.7\n%âãÏÓ\n'), 'file', 'file.notSpreadsheet'],
      ['a picture called .csv', 'roster.csv', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 3]), 'file', 'file.notSpreadsheet'],
      ['a zip of other things', 'roster.xlsx', await zipOf({ 'readme.txt': Buffer.from('hello') }), 'file', 'file.notSpreadsheet'],
      [
        'a zip bomb',
        'roster.xlsx',
        await zipOf({
          '[Content_Types].xml': Buffer.from('<Types/>'),
          'xl/workbook.xml': Buffer.from('<workbook/>'),
          'xl/worksheets/sheet1.xml': Buffer.alloc(70_000_000, ' '),
        }),
        'file',
        'file.bomb',
      ],
      ['10,000 rows', 'roster.csv', await manyRows(10_000, 'csv'), 'rows.1.roster', 'roster.tooManyRows'],
      ['5 MB and more', 'roster.csv', Buffer.alloc(5_000_001, 'a'), 'file', 'file.tooLarge'],
      ['nothing', 'roster.csv', Buffer.alloc(0), 'file', 'file.empty'],
      [
        'no headings',
        'roster.csv',
        writeCsv([
          ['甲', '乙'],
          ['1', '2'],
        ]),
        'rows.1.roster',
        'roster.headerMissing',
      ],
      ['headings only', 'roster.csv', asRoster([]), 'rows.1.roster', 'roster.empty'],
      [
        'a formula',
        'roster.csv',
        Buffer.from([headings, rowOf(people[0]).map((cell, at) => (at === 2 ? '=1+1' : cell))].map((row) => row.join(',')).join('\r\n')),
        'rows.2.phone',
        'roster.formula',
      ],
      [
        'an ID twice',
        'roster.csv',
        asRoster([rowOf(people[0]), rowOf({ ...people[1], idNumber: people[0].idNumber })]),
        'rows.3.idNumber',
        'roster.idTwice',
      ],
    ];
    const browser = await province.browser('kangning-1');
    for (const [what, name, content, field, code] of cases) {
      const answer = await upload(content, name);
      expect([what, answer.status, found(answer)]).toEqual([what, 422, [[field, code]]]);
      const page = await browser.upload(`/classes/${number}/roster`, { name, content });
      expect([what, page.status]).toEqual([what, 422]);
      has(page.html, answer.body.issues?.[0]?.message ?? 'no message');
      has(page.html, '上传并检查');
    }
    expect(found(await (await province.as('kangning-1')).post(`/classes/${number}/roster`, {}))).toEqual([['file', 'roster.fileMissing']]);
    expect(await rosterOf()).toEqual(before);
  });

  test('a date or number that Excel made of a code is told, and so is a formula that hides behind a value', async () => {
    const [person] = samplePeople(1, 41) as [SamplePerson];
    const sheet = await writeXlsx([
      {
        name: '花名册',
        rows: [headings, [person.name, { number: 350104199003071 }, { formula: 'A1' }, '登记失业人员', '', person.account, '']],
      },
    ]);
    expect(found(await upload(sheet))).toEqual([
      ['rows.2.idNumber', 'id.length'],
      ['rows.2.phone', 'roster.formula'],
    ]);
  });
});

describe('who may', () => {
  test('only the own institution, and only while it drafts or corrects', async () => {
    const roster = cleanRosterCsv(3, 60);
    expect((await upload(roster, 'x.csv', 'yunfan-1')).status).toBe(404);
    expect((await upload(roster, 'x.csv', 'cs-first-1')).status).toBe(403);
    const submitted = await draftClass(province, { seed: 61, trainees: 3 });
    expect((await (await province.as('kangning-1')).post(`/classes/${submitted}/submit`)).status).toBe(200);
    const late = await upload(roster, 'x.csv', 'kangning-1', submitted);
    expect([late.status, late.body.code]).toEqual([409, 'class.notNow']);
    expect((await (await province.as('cs-first-1')).get(`/classes/${submitted}/roster`)).status).toBe(200);
    expect((await (await province.as('gl-first-1')).get(`/classes/${submitted}/roster`)).status).toBe(404);
  });

  test('five hundred trainees are taken, one more is not', async () => {
    const large = await draftClass(province, { trainees: 0, title: '大班' });
    expect((await upload(cleanRosterCsv(500, 500), 'x.csv', 'kangning-1', large)).body).toEqual({ number: large, trainees: 500 });
    expect(found(await upload(cleanRosterCsv(501, 500), 'x.csv', 'kangning-1', large))).toEqual([['rows.1.roster', 'roster.tooManyRows']]);
  });
});

describe('files to begin with', () => {
  test('[N28] the template and, on demonstration data, a clean roster, the same as GB 18030 CSV, and one with eight errors', async () => {
    const fetched = async (path: string) => Buffer.from(await (await fetch(`${province.origin}${path}`)).arrayBuffer());
    expect((await readXlsx(await fetched('/roster-template.xlsx')))[0]?.cells.map((cell) => cell?.text.replace(' *', ''))).toEqual(
      headings,
    );
    expect(await readXlsx(await fetched('/demo/roster-clean.xlsx?n=12&seed=3'))).toHaveLength(13);
    const csv = await fetched('/demo/roster-clean.csv?n=12&seed=3');
    expect(readCsv(csv)).toHaveLength(13);
    expect(csv.toString('utf8')).toContain('\ufffd');
    const answer = await upload(await fetched('/demo/roster-faulty.xlsx'));
    expect(answer.body.issues).toHaveLength(8);
    expect((await fetch(`${province.origin}/demo/roster-clean.xlsx?n=9999`)).status).toBe(422);
  });
});
