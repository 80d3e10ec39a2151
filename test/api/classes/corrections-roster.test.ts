/** Lists of corrections (补正清单) that name people of the roster: only these open, and what was found about the others stays. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { has, type Issues, issuesOf } from '../../support/answers.ts';
import { samplePeople } from '../../../db/formats/sample-rosters.ts';
import { openProvince, type Province } from '../../support/province.ts';
import { correctionsOf, hasNot, told, type Item, LOGIN, type Person } from '../../support/by-hand/corrections.ts';

let province: Province;
beforeAll(async () => {
  province = await openProvince();
});
afterAll(async () => {
  await province?.close();
});

const { underReview, firstReview, sendBack, resubmit, roster } = correctionsOf(() => province);

describe('the roster', () => {
  const rowsOf = (seed: number, count = 4) => samplePeople(count, seed);
  const put = async (number: string, trainees: ReturnType<typeof rowsOf>) =>
    (await province.as(LOGIN)).post<Issues & { trainees: number }>(`/classes/${number}/roster`, { trainees });
  const checksOf = (number: string) =>
    province
      .db('verifications as v')
      .join('enrolments as e', 'e.id', 'v.enrolment_id')
      .join('classes as c', 'c.id', 'e.class_id')
      .where('c.number', number)
      .orderBy('e.seat')
      .select('v.id', 'e.seat', 'e.id as enrolment', 'v.settled_reason');

  /** As if the registers had answered about everybody, one answer settled by hand, and seat 4 excluded by the office. */
  async function checked(number: string): Promise<void> {
    const row = await province.db('classes').where({ number }).first('id');
    await province.db.raw(
      `insert into verifications (enrolment_id, register, result, asked_at, answered_at, settled_reason)
       select id, 'identity', 'yes', now(), now(), '人工认定' from enrolments where class_id = ?`,
      [row.id],
    );
    await province.db('enrolments').where({ class_id: row.id, seat: 4 }).update({ status: 'excluded', status_reason: '重复享受' });
  }

  test('[F08] only the persons named may change, told per row; their number may be set right in place', async () => {
    const number = await underReview(43);
    await checked(number);
    const before = await roster(number);
    await sendBack(number, [
      { field: 'identity', part: `enrolment:${before[0]?.id}`, text: '身份证号与姓名不符' },
      { field: 'group', part: `enrolment:${before[1]?.id}`, text: '人员类别与证明不符' },
    ]);
    const people = rowsOf(43);
    const [stranger] = rowsOf(9_043, 1);
    const changed = people.map((person, at) =>
      at === 0
        ? { ...person, idNumber: stranger?.idNumber ?? '' }
        : at === 1
          ? { ...person, group: 'disabled' as const }
          : at === 2
            ? { ...person, phone: '13900001234', bank: '另一家银行' }
            : person,
    );
    const refused = await put(number, changed);
    expect([refused.status, issuesOf(refused)]).toEqual([
      422,
      [
        ['trainees.2.phone', 'correction.lockedPerson'],
        ['trainees.2.bank', 'correction.lockedPerson'],
      ],
    ]);
    expect(told(refused)).toContain('名册第 3 号不在补正清单内');
    expect(told(refused)).toContain('名册第 1 号学员、名册第 2 号学员');
    expect(issuesOf(await put(number, [...people, ...rowsOf(9_044, 1)]))).toEqual([
      ['trainees.4.idNumber', 'correction.lockedPersonAdded'],
    ]);
    expect(issuesOf(await put(number, people.slice(0, 2)))).toEqual([['trainees', 'correction.lockedPersonGone']]);

    const taken = await put(
      number,
      [changed[0], changed[1], people[2], people[3]].flatMap((person) => person ?? []),
    );
    expect([taken.status, taken.body.trainees]).toEqual([200, 3]);
    const after = await roster(number);
    expect(after.map(({ id, seat, status }) => [id, seat, status])).toEqual(before.map(({ id, seat, status }) => [id, seat, status]));
    // Asked again about the two who changed; who did not keeps answer and settlement.
    expect((await checksOf(number)).map((check) => [check.seat, check.settled_reason])).toEqual([
      [3, '人工认定'],
      [4, '人工认定'],
    ]);
    const page = (await (await province.browser(LOGIN)).get(`/classes/${number}/roster`)).html;
    has(page, '本次只能更正下列学员');

    await resubmit(number, [
      { no: 1, text: '号码录错，已更正' },
      { no: 2, done: true },
    ]);
    const { corrections } = (await (await province.as('cs-first-1')).get<{ corrections: { items: Item[] } }>(firstReview(number, 2))).body;
    expect(corrections.items[0]?.changes).toMatchObject([
      { before: expect.stringMatching(/^身份证号 \d{4}\*+/), after: expect.stringMatching(/^身份证号 \d{4}\*+/) },
    ]);
    expect(corrections.items[1]?.changes?.[0]?.after).toContain('残疾');
    expect(JSON.stringify(corrections)).not.toMatch(/\d{17}[\dX]/);
  });

  test('[F08] an upload replaces person by person: verifications and settlements of the others stay, an excluded trainee does not come back', async () => {
    const number = await underReview(44);
    await checked(number);
    const kept = await checksOf(number);
    await sendBack(number, [{ field: 'eligibility', text: '名册重新核对' }]);
    const people = rowsOf(44);
    const [newcomer] = rowsOf(9_045, 1);
    const next = [people[0], people[1], newcomer, people[3]].flatMap((person) => person ?? []);
    expect((await put(number, next)).body.trainees).toBe(3);
    expect((await roster(number)).map((person) => [person.seat, person.status])).toEqual([
      [1, 'enrolled'],
      [2, 'enrolled'],
      [3, 'enrolled'],
      [4, 'excluded'],
    ]);
    expect((await checksOf(number)).map((check) => check.id)).toEqual([kept[0]?.id, kept[1]?.id, kept[3]?.id]);
    // Left out of the file an excluded trainee stays on record as excluded.
    expect((await put(number, next.slice(0, 3))).status).toBe(200);
    expect((await roster(number)).filter((person) => person.status === 'excluded')).toHaveLength(1);
  });
});

describe('one person of the roster', () => {
  test('[F08] whom the list names opens by itself, on the page and over REST; nobody else, no addition, and the whole roster opens all of it', async () => {
    const number = await underReview(46);
    const [first, second, third] = (await roster(number)) as [Person, Person, Person];
    await sendBack(number, [
      { field: 'group', part: `enrolment:${first.id}`, text: '人员类别与证明不符' },
      { field: 'group', part: `enrolment:${third.id}`, text: '本人不参加' },
    ]);
    const school = await province.as(LOGIN);
    const browser = await province.browser(LOGIN);
    const people = `/classes/${number}/roster/people`;
    const [newcomer] = samplePeople(1, 9_046);
    const page = (await browser.get(`/classes/${number}/roster`)).html;
    has(page, `href="${people}/${first.id}"`);
    hasNot(page, `href="${people}/${second.id}"`);
    hasNot(page, `href="${people}/new"`);
    const change = (person: Person) => ({ name: person.name, group: 'disabled', bank: '农业银行' });
    const locked = await school.post(`${people}/${second.id}`, change(second));
    expect([locked.status, [...new Set(issuesOf(locked).map(([, code]) => code))]]).toEqual([422, ['correction.lockedPerson']]);
    expect(issuesOf(locked).map(([field]) => field)).toContain('group');
    const form = await browser.get(`${people}/${second.id}`);
    expect(form.status).toBe(409);
    has(form.html, '名册第 2 号不在补正清单内');
    expect((await browser.get(`${people}/new`)).status).toBe(409);
    expect(issuesOf(await school.post(people, newcomer))).toEqual([['idNumber', 'correction.lockedPersonAdded']]);
    expect(issuesOf(await school.post(`${people}/${second.id}/remove`))).toEqual([['roster', 'correction.lockedPersonGone']]);
    expect((await browser.post(`${people}/${second.id}/remove`)).status).toBe(422);
    expect((await school.get<Issues>(`/classes/${number}/roster/earlier`)).body.code).toBe('correction.lockedPersonAdded');
    expect((await roster(number)).map((person) => person.id)).toContain(second.id);

    expect((await school.post(`${people}/${first.id}`, change(first))).status).toBe(200);
    expect((await school.post(`${people}/${third.id}/remove`)).status).toBe(200);
    expect((await roster(number)).map((person) => person.seat)).toEqual([1, 2, 4]);
    await resubmit(number, [
      { no: 1, done: true },
      { no: 2, done: true },
    ]);
    expect((await school.post<Issues>(`${people}/${first.id}`, change(first))).body.code).toBe('class.notNow');
    const { corrections } = (await (await province.as('cs-first-1')).get<{ corrections: { items: Item[] } }>(firstReview(number, 2))).body;
    const judged = corrections.items.map(({ id }) => ({ item: id, mark: 'accepted' }));
    await sendBack(number, [{ field: 'identity', part: 'roster', text: '名册重新核对', why: '上一轮未看到' }], 2, { judged });
    expect((await school.post(people, newcomer)).status).toBe(201);
    expect((await school.post(`${people}/${second.id}`, change(second))).status).toBe(200);
  });
});
