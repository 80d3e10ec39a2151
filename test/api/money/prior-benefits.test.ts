/** Earlier benefits (N3) over real HTTP: files with errors at their cells, sealed and found by blind index, counted by the eligibility check, never twice. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeCsv } from '../../../db/formats/csv.ts';
import { encodeGb18030 } from '../../../db/formats/gb18030.ts';
import { samplePeople, type SamplePerson } from '../../../db/formats/sample-rosters.ts';
import { writeXlsx } from '../../../db/formats/xlsx-writer.ts';
import { rosterColumns } from '../../../workflows/domain/roster/roster.ts';
import { draftClass, openProvince, type Province } from '../../support/province.ts';

let province: Province;
beforeAll(async () => {
  province = await openProvince();
}, 60_000);
afterAll(() => province?.close());

type Uploaded = {
  uploadId: string;
  rows: number;
  added: number;
  code?: string;
  issues?: { field: string; code: string; message: string }[];
};
type Listed = {
  total: number;
  benefits: {
    name: string;
    idMasked: string;
    occupation: string;
    level: number | null;
    year: number;
    amountFen: number;
    paidOn: string | null;
  }[];
  uploads: { id: string; fileName: string; added: number; withdrawnBy: string | null }[];
};
const headings = ['姓名', '身份证号', '职业', '等级', '享受年度', '金额', '培训机构', '发放日期'];
const csv = (rows: string[][]) => writeCsv([headings, ...rows]);
const rowOf = (
  { name, idNumber }: SamplePerson,
  more: Partial<Record<'occupation' | 'level' | 'year' | 'amount' | 'date', string>> = {},
) => [
  name,
  idNumber,
  more.occupation ?? '电工',
  more.level ?? '四级',
  more.year ?? '2026',
  more.amount ?? '1,000.00',
  '榕城示范职业培训学校',
  more.date ?? '2026/1/15',
];
const upload = async (content: Buffer, { name = '历史.csv', login = 'cs-first-1', region = '350104' } = {}) =>
  (await province.as(login)).upload<Uploaded>('/prior-benefits', 'file', { name, content }, { region });
const listed = async (login = 'cs-first-1') => (await (await province.as(login)).get<Listed>('/prior-benefits')).body;
const count = async (): Promise<number> => Number((await province.db('prior_benefits').count('id as n'))[0]?.n);
const found = ({ body }: { body: Uploaded }) => (body.issues ?? []).map(({ field, code }) => `${field} ${code}`);

describe('[N3] earlier benefits', () => {
  test('[N3] only the first review and the catalogue of the own office upload them', async () => {
    const [person] = samplePeople(1, 11) as [SamplePerson];
    for (const login of ['kangning-1', 'cs-approve-1', 'cs-finance-1', 'cs-audit-1', 'system-1'])
      expect((await upload(csv([rowOf(person)]), { login })).status, login).toBe(403);
    for (const region of ['350102', '350100', '990000'])
      expect(found(await upload(csv([rowOf(person)]), { region }))).toEqual(['region region.outside']);
    expect(await count()).toBe(0);
    expect((await upload(csv([rowOf(person)]), { login: 'fz-catalogue-1' })).body).toMatchObject({ rows: 1, added: 1 });
    expect((await (await province.as('kangning-1')).get('/prior-benefits')).status).toBe(403);
    expect((await listed('gl-first-1')).total).toBe(0);
    expect((await listed('cs-audit-1')).total).toBe(1);
  });

  test('[N3] xlsx and csv are read alike; people are sealed, found by blind index, shown masked', async () => {
    const [first, second] = samplePeople(2, 12) as [SamplePerson, SamplePerson];
    const rows = [
      rowOf(first, { level: '五级（初级工）', date: '20260105' }),
      rowOf(first, { occupation: '收纳整理', level: '', amount: '500' }),
    ];
    const xlsx = await writeXlsx([{ name: 'x', rows: [['某区历史台账'], headings, ...rows], widths: [] }]);
    expect((await upload(xlsx, { name: '历史.xlsx' })).body).toMatchObject({ rows: 2, added: 2 });
    const gb = encodeGb18030(
      [headings, rowOf(second, { level: '2', year: '2019', date: '' })].map((row) => row.map((cell) => `"${cell}"`).join(',')).join('\r\n'),
    );
    expect((await upload(gb)).body).toMatchObject({ rows: 1, added: 1 });
    const { benefits } = await listed();
    const own = benefits.filter(({ name }) => name === first.name);
    expect(own).toEqual([
      expect.objectContaining({ occupation: '收纳整理', level: null, year: 2026, amountFen: 50_000, paidOn: '2026-01-15' }),
      expect.objectContaining({ occupation: '电工', level: 5, amountFen: 100_000, paidOn: '2026-01-05' }),
    ]);
    expect(own[0]?.idMasked).not.toBe(first.idNumber);
    const known = await province
      .db('people')
      .where({ id_index: province.vault.index('id', second.idNumber) })
      .first();
    expect(province.vault.open(`people.id_sealed:${known.id}`, known.id_sealed)).toBe(second.idNumber);
    const kept = JSON.stringify([
      await province.db('prior_benefit_uploads').select(),
      await province.db('prior_benefits').select(),
      await province.db('audit_log').where('act', 'like', 'prior.%').select('detail', 'subject'),
    ]);
    expect(kept).not.toContain(first.idNumber);
    expect(kept).not.toContain(first.name);
  });

  test('[N3] the same file changes nothing the second time, and a known row is not counted twice', async () => {
    const [first, second] = samplePeople(2, 13) as [SamplePerson, SamplePerson];
    const file = csv([rowOf(first), rowOf(second)]);
    const before = await count();
    const once = await upload(file);
    expect(once.body).toMatchObject({ rows: 2, added: 2 });
    const audits = await province.db('audit_log').where({ act: 'prior.upload' }).count('id as n');
    expect((await upload(file, { name: 'renamed.csv', login: 'cs-catalogue-1' })).body).toEqual({ ...once.body, added: 0 });
    expect(await province.db('audit_log').where({ act: 'prior.upload' }).count('id as n')).toEqual(audits);
    expect((await upload(csv([rowOf(first), rowOf(second), rowOf(second, { year: '2025' })]))).body).toMatchObject({ rows: 3, added: 1 });
    expect(await count()).toBe(before + 3);
    const third = csv(samplePeople(40, 14).map((person) => rowOf(person)));
    const racing = await Promise.all([upload(third), upload(third, { login: 'cs-first-2' }), upload(third, { login: 'cs-catalogue-1' })]);
    expect(racing.map(({ body }) => body.added).sort()).toEqual([0, 0, 40]);
    expect(await count()).toBe(before + 43);
  });

  test('[N3] errors are told at their cells, masked on the page, and nothing of the file is saved', async () => {
    const [good, other, third] = samplePeople(3, 15) as [SamplePerson, SamplePerson, SamplePerson];
    const before = await count();
    const wrongDigit = `${good.idNumber.slice(0, 17)}${good.idNumber.endsWith('0') ? '1' : '0'}`;
    const rows = [
      rowOf(good),
      rowOf({ ...good, idNumber: wrongDigit }),
      rowOf(other, { level: '六级', year: '1999', amount: '12.345', date: '2026-02-30' }),
      rowOf(good),
      rowOf({ ...good, name: other.name }, { year: '2024' }),
      rowOf(third, { year: '2027', amount: '', date: '2026-03-03', occupation: '' }),
      rowOf(third, { amount: '一千元' }),
    ];
    const told = [
      'rows.3.idNumber id.checkDigit',
      'rows.4.level prior.level',
      'rows.4.year prior.year',
      'rows.4.amount prior.amount',
      'rows.4.date prior.date',
      'rows.5.idNumber prior.sameRow',
      'rows.6.name prior.twoNames',
      'rows.7.occupation required',
      'rows.7.year prior.year',
      'rows.7.amount required',
      'rows.7.date prior.date',
      'rows.8.amount prior.amount',
    ];
    expect(found(await upload(csv(rows)))).toEqual(told);
    expect(
      found(
        await upload(
          writeCsv([
            ['姓名', '身份证号', '职业'],
            ['a', 'b', 'c'],
          ]),
        ),
      ).length,
    ).toBe(4);
    expect(found(await upload(Buffer.from('nothing'), { name: 'x.pdf' }))).toEqual(['file file.notSpreadsheet']);
    expect(found(await upload(csv([])))).toEqual(['rows.1.sheet prior.empty']);
    const browser = await province.browser('cs-first-1');
    for (const [lang, words] of [
      ['zh-CN', '金额应为数字'],
      ['en', '12 errors'],
    ] as const) {
      const page = await browser.upload(`/prior-benefits?lang=${lang}`, { name: '历史.csv', content: csv(rows) }, { region: '350104' });
      expect(page.status).toBe(422);
      expect(page.html).toContain(words);
      expect(page.html).not.toContain(wrongDigit);
    }
    expect((await browser.post('/prior-benefits', { region: '350104' })).status).toBe(422);
    expect(await count()).toBe(before);
  });

  test('[N3] a number that is on record under another name is refused at the name, here and later on a roster', async () => {
    const [person, other] = samplePeople(2, 16) as [SamplePerson, SamplePerson];
    expect((await upload(csv([rowOf(person)]))).status).toBe(200);
    expect(found(await upload(csv([rowOf(other), rowOf({ ...person, name: '欧阳某' }, { year: '2025' })])))).toEqual([
      'rows.3.name roster.otherName',
    ]);
    const number = await draftClass(province, { trainees: 0 });
    const roster = writeCsv([
      rosterColumns.map((column) => column.zh),
      ['欧阳某', person.idNumber, person.phone, '登记失业人员', person.bank, person.account, ''],
    ]);
    const answer = await (await province.as('kangning-1')).upload<Uploaded>(`/classes/${number}/roster`, 'file', {
      name: 'x.csv',
      content: roster,
    });
    expect(found(answer)).toEqual(['rows.2.name roster.otherName']);
  });

  test('[N3] the eligibility check counts them: three in a year, the same occupation and level, a higher level; taken back they count no more', async () => {
    const people = samplePeople(4, 17) as [SamplePerson, SamplePerson, SamplePerson, SamplePerson];
    const [quota, same, higher] = people;
    const history = csv([
      ...['电工', '焊工', '茶艺师'].map((occupation) => rowOf(quota, { occupation })),
      rowOf(same, { occupation: '中式烹调师', level: '初级工', year: '2023', date: '2023-06-01' }),
      rowOf(higher, { occupation: '中式烹调师', level: '三级', year: '2022', date: '2022-06-01' }),
    ]);
    const uploaded = await upload(history);
    expect(uploaded.body).toMatchObject({ rows: 5, added: 5 });
    const number = await draftClass(province, { trainees: 0 });
    const school = await province.as('kangning-1');
    const roster = writeCsv([
      rosterColumns.map((column) => column.zh),
      ...people.map((person) => [person.name, person.idNumber, person.phone, '登记失业人员', person.bank, person.account, '']),
    ]);
    const judged = async () => {
      const sent = await school.upload(`/classes/${number}/roster`, 'file', { name: 'x.csv', content: roster });
      expect(sent.status, JSON.stringify(sent.body)).toBe(200);
      const { body } = await school.get<{ trainees: { eligible: boolean; findings: { text: string }[] }[] }>(`/classes/${number}/roster`);
      return body.trainees.map(({ findings }) => findings.map(({ text }) => text).join());
    };
    const [first, second, third, fourth] = await judged();
    expect(first).toContain('已享受 3 次');
    expect(second).toContain('2023');
    expect(third).toContain('2022');
    expect(fourth).toBe('');

    const path = `/prior-benefits/uploads/${uploaded.body.uploadId}/withdraw`;
    expect((await (await province.as('gl-first-1')).post(path, { reason: '越权' })).status).toBe(404);
    expect((await (await province.as('cs-first-1')).post(path, {})).status).toBe(422);
    expect(
      (await (await province.as('cs-first-1')).post(`/prior-benefits/uploads/${randomUUID()}/withdraw`, { reason: '没有' })).status,
    ).toBe(404);
    const withdrawn = await (await province.as('cs-first-2')).post(path, { reason: '上传了错误的台账' });
    expect(withdrawn.body).toEqual({ removed: 5 });
    expect((await (await province.as('cs-first-2')).post(path, { reason: '再次' })).body).toMatchObject({
      status: 409,
      code: 'prior.withdrawn',
    });
    expect(await judged()).toEqual(['', '', '', '']);
    expect((await upload(history)).body, 'may come in again').toMatchObject({ added: 5 });
    const page = (await (await province.browser('cs-audit-1')).get('/prior-benefits')).html;
    expect(page).toContain('上传了错误的台账');
    expect(page).not.toContain('method="post" action="/prior-benefits');
  });
});
