/** What an institution does with a roster besides uploading it: one person at a time, a comparison before it is replaced, people of an earlier class, files. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { has } from '../../support/answers.ts';
import { readCsv, writeCsv } from '../../../db/formats/csv.ts';
import { samplePeople, type SamplePerson } from '../../../db/formats/sample-rosters.ts';
import { readXlsx } from '../../../db/formats/xlsx-reader.ts';
import { makeId, maskName } from '../../../workflows/domain/people/identity.ts';
import { rosterColumns } from '../../../workflows/domain/roster/roster.ts';
import { draftClass, openProvince, type Province } from '../../support/province.ts';

type Problem = { code: string; issues?: { field: string; code: string; message: string; params?: Record<string, unknown> }[] };
type Person = { id: string; seat: number; name: string; idMasked: string; eligible: boolean; group: string; bank: string };
type Comparison = {
  added: { seat: number; name: string; idMasked: string }[];
  changed: { seat: number; name: string; fields: string[] }[];
  removed: { seat: number; name: string }[];
  same: number;
  stale: boolean;
};
type Earlier = {
  classes: { number: string; people: number }[];
  people: { id: string; name: string; here: boolean; findings: { text: string }[] }[];
};

const SCHOOL = 'kangning-1';
let province: Province;
beforeAll(async () => {
  province = await openProvince();
});
afterAll(async () => {
  await province?.close();
});

const hasNot = (html: string, text: string) => expect(html.includes(text) ? text : 'absent').toBe('absent');
const found = (answer: { body: unknown }) => ((answer.body as Problem).issues ?? []).map((issue) => [issue.field, issue.code]);
const rosterOf = async (number: string) =>
  (await (await province.as(SCHOOL)).get<{ trainees: Person[] }>(`/classes/${number}/roster`)).body.trainees;
const peopleOf = (number: string) => `/classes/${number}/roster/people`;
const secretsOf = (people: readonly SamplePerson[]) => people.flatMap((person) => [person.idNumber, person.phone, person.account]);
const auditOf = async (number: string) =>
  (await province
    .db('audit_log')
    .where({ subject: `class-${number}` })
    .orderBy('id')
    .select('act', 'detail')) as {
    act: string;
    detail: Record<string, unknown>;
  }[];
const rowOf = (person: SamplePerson) => [person.name, person.idNumber, person.phone, '登记失业人员', person.bank, person.account, ''];
const asRoster = (people: readonly SamplePerson[]) => writeCsv([rosterColumns.map((column) => column.zh), ...people.map(rowOf)]);

describe('one person at a time', () => {
  test('[N28] a person is added, changed and taken off over REST; numbers left out stay; each act is a line of the log without numbers', async () => {
    const number = await draftClass(province, { seed: 301, trainees: 3, title: '逐人录入班' });
    const school = await province.as(SCHOOL);
    const [fourth, fifth] = samplePeople(2, 302) as [SamplePerson, SamplePerson];
    const added = await school.post(peopleOf(number), fourth);
    expect([added.status, added.body]).toEqual([201, { number, seat: 4 }]);
    const [first, , , last] = await rosterOf(number);
    expect(last).toMatchObject({ seat: 4, name: fourth.name, eligible: true });

    const before = await province.db('enrolments').where({ id: last?.id }).first();
    const saved = await school.post(`${peopleOf(number)}/${last?.id}`, {
      name: fourth.name,
      group: 'disabled',
      bank: '另一银行',
      phone: fifth.phone,
    });
    expect([saved.status, saved.body]).toEqual([200, { number, seat: 4 }]);
    const after = await province.db('enrolments').where({ id: last?.id }).first();
    expect([after.group_code, after.bank_name, after.person_id]).toEqual(['disabled', '另一银行', before.person_id]);
    expect(after.phone_index.equals(province.vault.index('phone', fifth.phone))).toBe(true);
    expect(after.account_index.equals(before.account_index)).toBe(true);

    const renumbered = await school.post(`${peopleOf(number)}/${last?.id}`, {
      name: fifth.name,
      group: 'disabled',
      idNumber: fifth.idNumber,
    });
    expect(renumbered.status).toBe(200);
    expect((await rosterOf(number)).at(3)).toMatchObject({ id: last?.id, seat: 4, name: fifth.name });

    expect((await school.post(`${peopleOf(number)}/${first?.id}/remove`)).status).toBe(200);
    expect((await rosterOf(number)).map((person) => person.seat)).toEqual([1, 2, 3]);
    expect((await school.post<Problem>(`${peopleOf(number)}/${first?.id}/remove`)).status).toBe(404);
    const lines = await auditOf(number);
    expect(lines.slice(-4).map((line) => line.act)).toEqual([
      'class.trainee_add',
      'class.trainee_save',
      'class.trainee_save',
      'class.trainee_remove',
    ]);
    for (const secret of secretsOf([fourth, fifth])) hasNot(JSON.stringify(lines), secret);
  });

  test('[N28] what a file is refused for is told at the field in the same words; a version that is past is refused', async () => {
    const number = await draftClass(province, { seed: 303, trainees: 3 });
    const school = await province.as(SCHOOL);
    const [first, second] = samplePeople(3, 303) as [SamplePerson, SamplePerson];
    const [fresh] = samplePeople(1, 304) as [SamplePerson];
    expect(found(await school.post(peopleOf(number), {}))).toEqual([
      ['name', 'roster.nameMissing'],
      ['idNumber', 'roster.idNumberMissing'],
      ['phone', 'roster.phoneMissing'],
      ['group', 'roster.groupMissing'],
      ['account', 'roster.accountMissing'],
    ]);
    const wrong: [Partial<SamplePerson> | { group: string }, string, string][] = [
      [{ idNumber: first.idNumber }, 'idNumber', 'roster.idTwice'],
      [{ idNumber: makeId({ region: '350104', birth: '2012-06-18', serial: 27 }) }, 'idNumber', 'eligibility.ageBelow'],
      [{ idNumber: `${fresh.idNumber.slice(0, -1)}${fresh.idNumber.endsWith('1') ? '2' : '1'}` }, 'idNumber', 'id.checkDigit'],
      [{ phone: '1380000' }, 'phone', 'roster.phone'],
      [{ group: '其他人员' }, 'group', 'roster.group'],
      [{ account: `${fresh.account.slice(0, -1)}${(Number(fresh.account.at(-1)) + 1) % 10}` }, 'account', 'roster.accountCheckDigit'],
      [{ name: '张3' }, 'name', 'roster.nameCharacters'],
    ];
    for (const [change, field, code] of wrong) {
      const answer = await school.post(peopleOf(number), { ...fresh, ...change });
      expect([answer.status, found(answer)]).toEqual([422, [[field, code]]]);
    }
    const [one] = await rosterOf(number);
    const twin = await school.post<Problem>(`${peopleOf(number)}/${one?.id}`, {
      name: '改名',
      group: 'disabled',
      idNumber: second.idNumber,
    });
    expect([found(twin), twin.body.issues?.[0]?.params]).toEqual([[['idNumber', 'roster.idTwice']], { row: 2 }]);

    const browser = await province.browser(SCHOOL);
    const page = await browser.post(peopleOf(number), { ...fresh, phone: '1380000' });
    expect(page.status).toBe(422);
    has(page.html, '手机号应为11位');
    has(page.html, 'href="#f-phone"');
    has(page.html, 'value="1380000"');
    expect(await rosterOf(number)).toHaveLength(3);

    const detail = (await school.get<{ version: number }>(`/classes/${number}`)).body;
    const stale = await school.post<Problem>(`${peopleOf(number)}/${one?.id}`, {
      name: one?.name,
      group: 'disabled',
      version: detail.version - 1,
    });
    expect([stale.status, stale.body.code]).toEqual([409, 'form.stale']);
  });

  test('without JavaScript: the names of the roster lead to their forms, which show masks alone', async () => {
    const number = await draftClass(province, { seed: 305, trainees: 2 });
    const people = samplePeople(2, 305);
    const browser = await province.browser(SCHOOL);
    const [one] = await rosterOf(number);
    const page = (await browser.get(`/classes/${number}/roster`)).html;
    has(page, `href="${peopleOf(number)}/${one?.id}"`);
    has(page, `href="${peopleOf(number)}/new"`);
    const form = (await browser.get(`${peopleOf(number)}/${one?.id}`)).html;
    has(form, one?.idMasked ?? '');
    for (const secret of secretsOf(people)) hasNot(form, secret);
    expect((await browser.post(`${peopleOf(number)}/${one?.id}`, { name: one?.name ?? '', group: 'disabled' })).status).toBe(303);
    expect((await rosterOf(number))[0]).toMatchObject({ group: 'disabled', bank: '' });
    expect((await browser.post(`${peopleOf(number)}/${one?.id}/remove`)).status).toBe(303);
    expect(await rosterOf(number)).toHaveLength(1);
  });

  test('[N28] what a colleague saved meanwhile is not overwritten: the page names it and keeps what was typed', async () => {
    const number = await draftClass(province, { seed: 331, trainees: 2, title: '同时修改班' });
    const browser = await province.browser(SCHOOL);
    const [first] = await rosterOf(number);
    const form = `${peopleOf(number)}/${first?.id}`;
    const version = /name="version" value="(\d+)"/.exec((await browser.get(form)).html)?.[1] ?? '';
    expect(version).not.toBe('');
    const whole = { group: first?.group ?? '', idNumber: '', phone: '', account: '' };
    const theirs = await (await province.as(SCHOOL)).post(form, { name: first?.name, group: first?.group, bank: '兴业银行' });
    expect(theirs.status).toBe(200);
    const late = await browser.post(form, { ...whole, name: '改过的名', bank: '建设银行', version });
    expect(late.status).toBe(409);
    for (const words of ['改过的名', '建设银行', '兴业银行']) has(late.html, words);
    const [kept] = await rosterOf(number);
    expect([kept?.name, kept?.bank]).toEqual([first?.name, '兴业银行']);
    // Sent once more, with the version that the page now has, it is saved.
    const fresh = /name="version" value="(\d+)"/.exec(late.html)?.[1] ?? '';
    expect((await browser.post(form, { ...whole, name: first?.name ?? '', bank: '建设银行', version: fresh })).status).toBe(303);
    expect((await rosterOf(number))[0]?.bank).toBe('建设银行');
  });

  test('nobody but the institution, and nobody once the class is submitted', async () => {
    const number = await draftClass(province, { seed: 306, trainees: 2 });
    const [person] = samplePeople(1, 307) as [SamplePerson];
    const [one] = await rosterOf(number);
    for (const [login, status] of [
      ['yunfan-1', 404],
      ['cs-first-1', 403],
    ] as const) {
      const other = await province.as(login);
      const answers = await Promise.all([
        other.get(`${peopleOf(number)}/new`),
        other.get(`${peopleOf(number)}/${one?.id}`),
        other.post(peopleOf(number), person),
        other.post(`${peopleOf(number)}/${one?.id}`, { name: '改名', group: 'disabled' }),
        other.post(`${peopleOf(number)}/${one?.id}/remove`),
        other.get(`/classes/${number}/roster/earlier`),
        other.get(`/classes/${number}/roster.csv`),
      ]);
      expect([login, answers.map((answer) => answer.status)]).toEqual([login, Array(7).fill(status)]);
    }
    const school = await province.as(SCHOOL);
    expect((await school.post(`/classes/${number}/submit`)).status).toBe(200);
    const late = await school.post<Problem>(peopleOf(number), person);
    expect([late.status, late.body.code]).toEqual([409, 'class.notNow']);
    expect((await school.post(`${peopleOf(number)}/${one?.id}/remove`)).status).toBe(409);
    hasNot((await (await province.browser(SCHOOL)).get(`/classes/${number}/roster`)).html, `${peopleOf(number)}/`);
  });
});

describe('a comparison before a roster is replaced', () => {
  test('[N28] a page compares first: added, changed, removed by masked name; nothing changes until it is confirmed', async () => {
    const number = await draftClass(province, { seed: 310, trainees: 0, title: '比对班' });
    const people = samplePeople(5, 311) as [SamplePerson, SamplePerson, SamplePerson, SamplePerson, SamplePerson];
    const [a, b, c, d, e] = people;
    const browser = await province.browser(SCHOOL);
    // What would break a line or turn its direction does not stay in the name.
    const name = '新\u202e名\u0085册.csv';
    const send = (rows: SamplePerson[]) => browser.upload(`/classes/${number}/roster`, { name, content: asRoster(rows) });
    const direct = await send([a, b, c]);
    expect([direct.status, direct.location]).toEqual([303, `/classes/${number}/roster`]);

    const kept = await send([a, { ...b, phone: e.phone }, d]);
    expect(kept.status).toBe(303);
    expect(kept.location).toMatch(/^\/classes\/[\w-]+\/roster\/uploads\/[0-9a-f-]{36}$/);
    expect((await rosterOf(number)).map((person) => person.name)).toEqual([a.name, b.name, c.name]);
    const path = kept.location ?? '';
    const page = (await browser.get(path)).html;
    for (const text of ['新名册.csv', maskName(b.name), maskName(c.name), maskName(d.name), '手机号', '确认替换']) has(page, text);
    for (const text of [...secretsOf(people), b.name, c.name, d.name]) hasNot(page, text);
    const school = await province.as(SCHOOL);
    const { body } = await school.get<Comparison>(path);
    expect(body).toMatchObject({ same: 1, stale: false });
    expect(body.added.map((person) => person.name)).toEqual([maskName(d.name)]);
    expect(body.changed.map((person) => [person.name, person.fields])).toEqual([[maskName(b.name), ['phone']]]);
    expect(body.removed.map((person) => person.name)).toEqual([maskName(c.name)]);
    const [sealed] = await province.db('roster_uploads').select('content_sealed');
    expect(sealed.content_sealed).toMatch(/^v1\.k1\./);

    for (const login of ['yunfan-1', 'cs-first-1']) expect((await (await province.as(login)).get(path)).status).toBeGreaterThanOrEqual(403);
    expect((await browser.post(`${path}/confirm`)).status).toBe(303);
    expect((await rosterOf(number)).map((person) => person.name)).toEqual([a.name, b.name, d.name]);
    expect((await auditOf(number)).at(-1)).toMatchObject({ act: 'class.roster', detail: { added: 1, changed: 1, removed: 1 } });
    expect((await school.post(`${path}/confirm`)).status).toBe(404);
  });

  test('a class that changed meanwhile, an hour that passed and a roster thrown away replace nothing; a program asks for the comparison', async () => {
    const number = await draftClass(province, { seed: 312, trainees: 3 });
    const school = await province.as(SCHOOL);
    const trainees = samplePeople(2, 313);
    const keep = async () => (await school.post<{ upload: string }>(`/classes/${number}/roster`, { trainees, compare: true })).body.upload;
    const path = (id: string) => `/classes/${number}/roster/uploads/${id}`;
    const first = await keep();
    expect((await school.post(peopleOf(number), samplePeople(1, 314)[0])).status).toBe(201);
    expect((await school.get<Comparison>(path(first))).body.stale).toBe(true);
    const stale = await school.post<Problem>(`${path(first)}/confirm`);
    expect([stale.status, stale.body.code]).toEqual([409, 'roster.uploadStale']);
    const second = await keep();
    expect((await school.post(`${path(second)}/drop`)).status).toBe(200);
    expect((await school.post(`${path(second)}/confirm`)).status).toBe(404);
    const third = await keep();
    await province.db('roster_uploads').update({ created_at: province.db.raw(`now() - interval '61 minutes'`) });
    expect((await school.post(`${path(third)}/confirm`)).status).toBe(404);
    expect(await rosterOf(number)).toHaveLength(4);
    expect((await school.post(`/classes/${number}/roster`, { trainees })).body).toEqual({ number, trainees: 2 });
  });

  test('what the record knows better is told before the comparison: nothing is kept', async () => {
    const number = await draftClass(province, { seed: 315, trainees: 2 });
    const other = await draftClass(province, { seed: 316, trainees: 2, login: 'yunfan-1' });
    expect((await (await province.as('yunfan-1')).post(`/classes/${other}/submit`)).status).toBe(200);
    const [person] = samplePeople(2, 316) as [SamplePerson];
    const browser = await province.browser(SCHOOL);
    const refused = await browser.upload(`/classes/${number}/roster`, { name: 'x.csv', content: asRoster([{ ...person, name: '冒名' }]) });
    expect(refused.status).toBe(422);
    has(refused.html, '已以另一姓名登记');
    expect(await province.db('roster_uploads as u').join('classes as c', 'c.id', 'u.class_id').where({ 'c.number': number })).toHaveLength(
      0,
    );
  });
});

describe('people of an earlier class', () => {
  test('[N21] chosen by class and person, masked, with what the rules say of each in this class; nothing is typed again', async () => {
    const earlier = await draftClass(province, { seed: 320, trainees: 4, title: '上一期' });
    const number = await draftClass(province, { seed: 321, trainees: 2, title: '这一期' });
    const people = samplePeople(4, 320) as [SamplePerson, SamplePerson, SamplePerson, SamplePerson];
    const school = await province.as(SCHOOL);
    const known = await province
      .db('people')
      .where({ id_index: province.vault.index('id', people[1].idNumber) })
      .first('id');
    const benefit = { person_id: known.id, year: 2026, level: 4, amount_fen: 50_000, region: '350104', source: '补录' };
    await province.db('prior_benefits').insert(['电工', '焊工', '茶艺师'].map((occupation) => ({ ...benefit, occupation })));
    const path = `/classes/${number}/roster/earlier`;
    expect((await school.get<Earlier>(path)).body.classes).toContainEqual(expect.objectContaining({ number: earlier, people: 4 }));
    const listed = (await school.get<Earlier>(`${path}?from=${earlier}`)).body.people;
    expect(listed.map((person) => [person.name, person.here, person.findings.length])).toEqual(
      people.map((person, at) => [maskName(person.name), false, at === 1 ? 1 : 0]),
    );
    expect(listed[1]?.findings[0]?.text).toContain('每年不超过 3 次');
    const browser = await province.browser(SCHOOL);
    const page = (await browser.get(`${path}?from=${earlier}`)).html;
    has(page, '每年不超过 3 次');
    for (const text of [...secretsOf(people), ...people.map((person) => person.name)]) hasNot(page, text);

    expect(found(await school.post(path, { from: earlier }))).toEqual([['people', 'roster.nobodyChosen']]);
    const taken = await browser.post(path, { from: earlier, people: listed[0]?.id ?? '' });
    expect(taken.status).toBe(303);
    const both = await school.post(path, { from: earlier, people: [listed[0]?.id, listed[2]?.id] });
    expect([both.status, both.body]).toEqual([200, { number, added: 1 }]);
    const roster = await rosterOf(number);
    expect(roster.map((person) => person.name).slice(2)).toEqual([people[0].name, people[2].name]);
    const row = await province.db('enrolments').where({ id: roster[3]?.id }).first();
    expect(province.vault.open(`enrolments.account_sealed:${row.id}`, row.account_sealed)).toBe(people[2].account);
    expect((await auditOf(number)).at(-1)).toMatchObject({ act: 'class.roster_take', detail: { from: earlier, trainees: 1 } });
  });

  test('what a file would be refused for is told at the person, and nobody comes; classes of others do not exist', async () => {
    const earlier = await draftClass(province, { seed: 322, trainees: 0, fortnight: 30 });
    const school = await province.as(SCHOOL);
    const [one, two] = samplePeople(2, 323) as [SamplePerson, SamplePerson];
    const young = { ...one, idNumber: makeId({ region: '350104', birth: '2010-09-20', serial: 11 }) };
    const { saved } = (await school.get<{ saved: Record<string, string> }>(`/classes/${earlier}/edit`)).body;
    await school.post(`/classes/${earlier}/edit`, { ...saved, startDate: '2026-09-21', endDate: '2026-10-30' });
    expect((await school.post(`/classes/${earlier}/roster`, { trainees: [young, two] })).status).toBe(200);
    const number = await draftClass(province, { seed: 324, trainees: 1, fortnight: 2 });
    const path = `/classes/${number}/roster/earlier`;
    const listed = (await school.get<Earlier>(`${path}?from=${earlier}`)).body.people;
    const refused = await school.post(path, { from: earlier, people: listed.map((person) => person.id) });
    expect([refused.status, found(refused)]).toEqual([422, [[`people.${listed[0]?.id}`, 'eligibility.ageBelow']]]);
    const page = await (await province.browser(SCHOOL)).post(path, { from: earlier, people: listed[0]?.id ?? '' });
    expect(page.status).toBe(422);
    has(page.html, '须满 16 岁');
    has(page.html, `href="#f-people.${listed[0]?.id}"`);
    expect(await rosterOf(number)).toHaveLength(1);
    const foreign = await draftClass(province, { seed: 325, trainees: 1, login: 'yunfan-1' });
    expect((await school.get(`${path}?from=${foreign}`)).status).toBe(404);
    const [theirs] = await province
      .db('enrolments as e')
      .join('classes as c', 'c.id', 'e.class_id')
      .where({ 'c.number': foreign })
      .select('e.id');
    expect((await school.post(path, { from: foreign, people: [theirs.id] })).status).toBe(404);
    expect((await school.post(path, { from: earlier, people: [theirs.id] })).status).toBe(404);
  });
});

describe('files', () => {
  test('[N28] the CSV template says what each column wants and which groups there are; filled in, it is a roster', async () => {
    const template = Buffer.from(await (await fetch(`${province.origin}/roster-template.csv`)).arrayBuffer());
    const rows = readCsv(template).map((row) => row.cells.map((cell) => cell?.text ?? ''));
    expect(rows[1]?.map((text) => text.replace(' *', ''))).toEqual(rosterColumns.map((column) => column.zh));
    expect(rows[0]?.[3]).toContain('登记失业人员 / ');
    const number = await draftClass(province, { seed: 330, trainees: 0 });
    const filled = Buffer.concat([template, Buffer.from(`${rowOf(samplePeople(1, 331)[0] as SamplePerson).join(',')}\r\n`)]);
    const sent = await (await province.as(SCHOOL)).upload(`/classes/${number}/roster`, 'file', { name: 'x.csv', content: filled });
    expect([sent.status, sent.body]).toEqual([200, { number, trainees: 1 }]);
  });

  test('[N2] the roster is taken along masked, as .xlsx and .csv, also after submission; each time is a line of the log', async () => {
    const number = await draftClass(province, { seed: 332, trainees: 3 });
    const people = samplePeople(3, 332);
    const school = await province.as(SCHOOL);
    await school.post(`/classes/${number}/submit`);
    const csv = (await school.download(`/classes/${number}/roster.csv`)).toString('utf8');
    for (const person of people) {
      has(csv, person.name);
      has(csv, `${person.idNumber.slice(0, 4)}**********${person.idNumber.slice(-4)}`);
    }
    for (const secret of secretsOf(people)) hasNot(csv, secret);
    const sheet = await readXlsx(await school.download(`/classes/${number}/roster.xlsx`));
    expect(sheet.map((row) => row.cells[1]?.text)).toEqual(['姓名', ...people.map((person) => person.name)]);
    const lines = (await auditOf(number)).filter((line) => line.act === 'roster.download');
    expect(lines.map((line) => line.detail)).toEqual([
      { format: 'csv', trainees: 3 },
      { format: 'xlsx', trainees: 3 },
    ]);
    // As a roster it is none: masked numbers are no numbers.
    const again = await draftClass(province, { seed: 333, trainees: 0 });
    const back = await school.upload(`/classes/${again}/roster`, 'file', { name: 'x.csv', content: Buffer.from(csv) });
    expect(back.status).toBe(422);
    expect(await rosterOf(again)).toHaveLength(0);
  });
});
