/** Lists of corrections (补正清单): told once, only the listed parts open, each point answered, old and new beside each other, what was approved stays. */
import type { Ask } from '../../../workflows/domain/procedures.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { has, type Issues, issuesOf } from '../../support/answers.ts';
import { sampleMaterial } from '../../../db/formats/sample-materials.ts';
import { cleanRosterCsv, samplePeople } from '../../../db/formats/sample-rosters.ts';
import { type Choices, draftClass, openProvince, type Province } from '../../support/province.ts';
import { correction, review as firstReviewAsk } from '../../support/by-hand/asks.ts';

type Item = {
  id: string;
  no: number;
  part: string;
  demand: string;
  status: string;
  answer: string | null;
  changes?: { label: string; before: string; after: string }[];
};
type Detail = { status: string; version: number; correction: { round: number; items: Item[] } | null };
type Sent = { field: string; part?: string; text: string; why?: string };
type Saved = Record<string, string>;
type Session = { day: string; half: string; hours: number; kind: string; topic: string; teacherId: string; venueId: string };
type Person = { id: string; seat: number; name: string; status: string };

let province: Province;
beforeAll(async () => {
  province = await openProvince();
});
afterAll(async () => {
  await province?.close();
});

const LOGIN = 'shifan-1';
const told = (answer: { body: unknown }) => ((answer.body as Issues).issues ?? []).map((issue) => issue.message).join('\n');
const hasNot = (html: string, text: string) => expect(html.includes(text) ? text : 'absent').toBe('absent');

let pages = 0;
/** A document like no other. */
function pdf() {
  pages += 1;
  return { name: `补正 ${pages}.pdf`, content: Buffer.from(`%PDF-1.4\n% ${pages}\n%%EOF\n`) };
}

const review = (step: string, role: 'first_reviewer' | 'second_reviewer'): Ask => ({
  ...firstReviewAsk,
  step: `pre_training.${step}`,
  role,
  workingDays: 3,
});

/** Submitted and at the first review. */
async function underReview(seed: number, trainees = 4): Promise<string> {
  const number = await draftClass(province, { seed, login: LOGIN, trainees });
  expect((await (await province.as(LOGIN)).post(`/classes/${number}/submit`)).status).toBe(200);
  await province.step(`class-${number}`, 'pre_training', { asks: [review('first_review', 'first_reviewer')] });
  return number;
}

const firstReview = (number: string, round = 1) => `/tasks/class-${number}/pre_training.first_review/${round}`;

async function decideFirst(number: string, body: Record<string, unknown>, round = 1) {
  return (await province.as('cs-first-1')).post<Issues>(`${firstReview(number, round)}/decide`, body);
}

/** The first reviewer sends it back with these points; the institution has it, with its notice. */
async function sendBack(number: string, items: Sent[], round = 1, more: Record<string, unknown> = {}): Promise<void> {
  const answer = await decideFirst(number, { outcome: 'return', items, ...more }, round);
  expect([answer.status, issuesOf(answer)]).toEqual([200, []]);
  await takeBack(number, round);
}

async function takeBack(number: string, round: number): Promise<void> {
  const id = `class-${number}`;
  const fact = await province.db('facts').where({ procedure_id: id, outcome: 'return' }).orderBy('no', 'desc').first('no', 'task_id');
  await province.step(id, 'pre_training', {
    step: 'correction',
    asks: [correction],
    acts: [
      { act: 'setClassStatus', code: 'correction' },
      { act: 'issueCorrectionNotice', factNo: fact.no, taskId: fact.task_id },
    ],
  });
  expect(fact.task_id.endsWith(`/${round}`)).toBe(true);
}

/** The institution sends it again; the first reviewer has it in the next round. */
async function resubmit(number: string, answers: { no: number; done?: boolean; text?: string }[]): Promise<void> {
  const answer = await (await province.as(LOGIN)).post(`/classes/${number}/resubmit`, { answers });
  expect([answer.status, issuesOf(answer)]).toEqual([200, []]);
  await province.step(`class-${number}`, 'pre_training', {
    acts: [{ act: 'setClassStatus', code: 'in_review' }],
    asks: [review('first_review', 'first_reviewer')],
  });
}

async function savedForm(number: string): Promise<Saved> {
  return (await (await province.as(LOGIN)).get<{ saved: Saved }>(`/classes/${number}/edit`)).body.saved;
}
async function timetable(number: string): Promise<Session[]> {
  return (await (await province.as(LOGIN)).get<{ sessions: Session[] }>(`/classes/${number}/timetable`)).body.sessions;
}
async function roster(number: string): Promise<Person[]> {
  return (await (await province.as(LOGIN)).get<{ trainees: Person[] }>(`/classes/${number}/roster`)).body.trainees;
}
async function listOf(number: string): Promise<Item[]> {
  return (await (await province.as(LOGIN)).get<Detail>(`/classes/${number}`)).body.correction?.items ?? [];
}

describe('what is on the list opens, nothing else', () => {
  test('[F08] an edit outside the list is refused at its field, over REST and on the page; unchanged fields are taken as unchanged', async () => {
    const number = await underReview(41);
    await sendBack(number, [{ field: 'plan', text: '补充每日安排' }]);
    const school = await province.as(LOGIN);
    const browser = await province.browser(LOGIN);
    const saved = await savedForm(number);
    const refused = await school.post(`/classes/${number}/edit`, {
      ...saved,
      plan: '逐日安排',
      startDate: '2027-03-01',
      endDate: '2027-03-12',
    });
    expect([refused.status, issuesOf(refused)]).toEqual([
      422,
      [
        ['startDate', 'correction.locked'],
        ['endDate', 'correction.locked'],
      ],
    ]);
    expect(told(refused)).toContain('班次名称与教学计划');
    expect((await savedForm(number)).plan).toBe(saved.plan);
    const page = await browser.post(`/classes/${number}/edit`, { ...saved, assessorId: '', venueId: '' });
    expect(page.status).toBe(422);
    has(page.html, '不在补正清单内');
    expect((await school.post(`/classes/${number}/edit`, { ...saved, plan: '逐日安排：第一周理论。' })).status).toBe(200);

    const form = (await browser.get(`/classes/${number}/edit`)).html;
    has(form, '<textarea id="f-plan"');
    hasNot(form, 'id="f-venueId"');
    has(form, `<input type="hidden" name="venueId" value="${saved.venueId}">`);
    has(form, '本次补正只开放：班次名称与教学计划');

    const sessions = await timetable(number);
    expect((await school.post(`/classes/${number}/timetable/edit`, { sessions })).status).toBe(200);
    const moved = sessions.map((session, at) => (at === 0 ? { ...session, topic: '另一讲' } : session));
    expect(issuesOf(await school.post(`/classes/${number}/timetable/edit`, { sessions: moved }))).toEqual([
      ['sessions.0.topic', 'correction.locked'],
    ]);
    expect(issuesOf(await school.post(`/classes/${number}/timetable/edit`, { sessions: sessions.slice(1) }))).toEqual([
      ['sessions', 'correction.locked'],
    ]);
    expect((await timetable(number)).map((session) => session.topic)).toEqual(sessions.map((session) => session.topic));
    hasNot((await browser.get(`/classes/${number}/timetable/edit`)).html, 'type="date"');

    expect((await school.upload(`/classes/${number}/roster`, 'file', { name: '花名册.csv', content: cleanRosterCsv(4, 41) })).status).toBe(
      200,
    );
    const grown = await school.upload(`/classes/${number}/roster`, 'file', { name: '花名册.csv', content: cleanRosterCsv(5, 41) });
    expect([grown.status, issuesOf(grown)]).toEqual([
      422,
      [[expect.stringMatching(/^rows\.\d+\.idNumber$/), 'correction.lockedPersonAdded']],
    ]);
    const onPage = await browser.upload(`/classes/${number}/roster`, { name: '花名册.csv', content: cleanRosterCsv(3, 41) });
    expect(onPage.status).toBe(422);
    has(onPage.html, '名册第 4 号不在补正清单内，不能删去');
    expect(await roster(number)).toHaveLength(4);
    hasNot((await browser.get(`/classes/${number}/roster`)).html, 'type="file"');

    const attached = await school.upload(`/classes/${number}/materials`, 'file', sampleMaterial('other'), { kind: 'other' });
    expect([attached.status, issuesOf(attached)]).toEqual([422, [['kind', 'correction.locked']]]);
    const { materials } = (await school.get<{ materials: { id: string }[] }>(`/classes/${number}/materials`)).body;
    const removed = await school.post(`/classes/${number}/materials/${materials[0]?.id}/remove`);
    expect([removed.status, issuesOf(removed)]).toEqual([422, [['replaces', 'correction.locked']]]);
    hasNot((await browser.get(`/classes/${number}/materials`)).html, 'type="file"');
  });

  test('[F08] a return before the training needs a list; each point opens its own part: teachers, one kind of material, one material', async () => {
    const number = await underReview(42);
    expect(issuesOf(await decideFirst(number, { outcome: 'return', reason: '材料不齐' }))).toEqual([['items', 'correction.itemsMissing']]);
    expect(issuesOf(await decideFirst(number, { outcome: 'return', items: [{ field: 'whatever', text: '补正' }] }))).toEqual([
      ['items.0.part', 'correction.part'],
    ]);
    const school = await province.as(LOGIN);
    type Materials = { materials: { id: string; kind: string }[] };
    const { materials } = (await school.get<Materials>(`/classes/${number}/materials`)).body;
    const venue = materials.find((material) => material.kind === 'venue');
    const plan = materials.find((material) => material.kind === 'plan');
    await sendBack(number, [
      { field: 'teachers', text: '更换教师' },
      { field: 'materials', part: 'material_kind:teachers', text: '师资证明看不清' },
      { field: 'materials', part: `material:${venue?.id}`, text: '场地照片过期' },
    ]);
    const sessions = await timetable(number);
    const other = (await school.get<Choices>('/classes/new')).body.teachers.find((teacher) => teacher.id !== sessions[0]?.teacherId);
    const substitute = sessions.map((session, at) => (at === 0 ? { ...session, teacherId: other?.id } : session));
    expect((await school.post(`/classes/${number}/timetable/edit`, { sessions: substitute })).status).toBe(200);
    const longer = substitute.map((session, at) => (at === 1 ? { ...session, hours: 3 } : session));
    expect(issuesOf(await school.post(`/classes/${number}/timetable/edit`, { sessions: longer }))).toEqual([
      ['sessions.1.hours', 'correction.locked'],
    ]);

    const attach = (kind: string, more = {}) =>
      school.upload<{ id: string }>(`/classes/${number}/materials`, 'file', pdf(), { kind, ...more });
    expect((await attach('teachers')).status).toBe(201);
    expect(issuesOf(await attach('plan', { replaces: plan?.id }))).toEqual([['kind', 'correction.locked']]);
    expect(issuesOf(await attach('teachers', { replaces: plan?.id }))).toEqual([['replaces', 'correction.locked']]);
    const replaced = await attach('venue', { replaces: venue?.id });
    expect(replaced.status).toBe(201);
    expect((await school.post(`/classes/${number}/materials/${replaced.body.id}/remove`)).status).toBe(200);
    expect(issuesOf(await school.post(`/classes/${number}/materials/${plan?.id}/remove`))).toEqual([['replaces', 'correction.locked']]);
  });
});

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

describe('answers', () => {
  test('[F08] every point is answered before it goes back; open ones are told at their place, and answers can be kept before', async () => {
    const number = await underReview(45);
    await sendBack(number, [
      { field: 'plan', text: '补充每日安排' },
      { field: 'assessor', text: '另选评价机构' },
    ]);
    const school = await province.as(LOGIN);
    const browser = await province.browser(LOGIN);
    const task = `/tasks/class-${number}/pre_training.correction/1`;
    const page = (await browser.get(`/classes/${number}`)).html;
    has(page, '已答复 0 / 2');
    has(page, 'name="answers[1][text]"');
    has(page, '已审定，不开放');
    expect(issuesOf(await school.post(`/classes/${number}/resubmit`))).toEqual([
      ['answers.0.done', 'correction.unanswered'],
      ['answers.1.done', 'correction.unanswered'],
    ]);
    const kept = await school.post(`${task}/answers`, { answers: [{ no: 1, text: '已补充' }] });
    expect([kept.status, kept.body]).toEqual([200, { answered: 1, open: 1 }]);
    expect((await (await province.as('kangning-1')).post(`${task}/answers`, { answers: [{ no: 1, done: true }] })).status).toBe(404);
    const refused = await browser.post(`/classes/${number}/resubmit`, {
      'answers[0][no]': '1',
      'answers[0][text]': '改写的答复',
      'answers[1][no]': '2',
    });
    expect(refused.status).toBe(422);
    has(refused.html, '第 2 项还没有答复');
    has(refused.html, 'href="#f-answers.1.done"');
    has(refused.html, '改写的答复');
    expect((await listOf(number)).map((item) => [item.no, item.status, item.answer])).toEqual([
      [1, 'answered', '已补充'],
      [2, 'open', null],
    ]);
    // The page of the task is the same gate.
    expect(issuesOf(await school.post(`${task}/decide`, { outcome: 'resubmit' }))).toEqual([['answers.1.done', 'correction.unanswered']]);
    has((await browser.get(task)).html, 'name="answers[0][done]"');
    const sent = await browser.post(`/classes/${number}/resubmit`, {
      'answers[0][no]': '1',
      'answers[0][done]': '1',
      'answers[1][no]': '2',
      'answers[1][done]': '1',
    });
    expect(sent.status).toBe(303);
  });
});

describe('the next round', () => {
  test('[F08] old and new beside each other, each answer accepted or asked again, what was in order keeps its mark; a new demand needs a reason', async () => {
    const number = await underReview(46);
    const officer = await province.as('cs-first-1');
    const browser = await province.browser('cs-first-1');
    await sendBack(
      number,
      [
        { field: 'plan', text: '补充每日安排' },
        { field: 'teachers', text: '更换教师', part: 'timetable' },
      ],
      1,
      {},
    );
    const school = await province.as(LOGIN);
    const saved = await savedForm(number);
    await school.post(`/classes/${number}/edit`, { ...saved, plan: '逐日安排见附件。' });
    const sessions = await timetable(number);
    await school.post(`/classes/${number}/timetable/edit`, {
      sessions: sessions.map((session, at) => (at === 0 ? { ...session, topic: '安全生产' } : session)),
    });
    await resubmit(number, [
      { no: 1, text: '已逐日写明' },
      { no: 2, done: true },
    ]);

    const task = firstReview(number, 2);
    const { corrections } = (await officer.get<{ corrections: { round: number; items: Item[] } }>(task)).body;
    expect(corrections.items.map((item) => item.changes?.map(({ label, before, after }) => [label, before, after]))).toMatchObject([
      [['教学计划', saved.plan, '逐日安排见附件。']],
      [[expect.any(String), expect.stringContaining('第 1 讲'), expect.stringContaining('安全生产')]],
    ]);
    const page = (await browser.get(task)).html;
    has(page, '已逐日写明');
    has(page, `<del>${saved.plan}</del>`);
    has(page, '<ins>逐日安排见附件。</ins>');
    // Neither listed nor touched: the mark of the first round stands. What a listed part touches is looked at anew.
    has(page, '未提出');
    const marks = [...page.matchAll(/name="items\[(\d+)\]\[field\]" value="(\w+)"[\s\S]*?value="pass"( checked)?>/g)].map((match) => [
      match[2],
      match[3] !== undefined,
    ]);
    expect(Object.fromEntries(marks)).toMatchObject({
      plan: false,
      teachers: false,
      hours: false,
      identity: true,
      scope: true,
      materials: true,
    });

    const [plan, teachers] = corrections.items;
    expect(issuesOf(await decideFirst(number, { outcome: 'return', items: [{ field: 'teachers', text: '教师仍不符' }] }, 2))).toEqual([
      ['judged.0.mark', 'correction.unjudged'],
      ['judged.1.mark', 'correction.unjudged'],
    ]);
    expect(issuesOf(await decideFirst(number, { outcome: 'approve', judged: [{ item: plan?.id, mark: 'again' }] }, 2))).toEqual([
      ['outcome', 'task.marked'],
    ]);
    const judged = [
      { item: plan?.id, mark: 'accepted' },
      { item: teachers?.id, mark: 'again', text: '教师资格证仍未见' },
    ];
    const late = { field: 'venue', text: '场地面积不足' };
    expect(issuesOf(await decideFirst(number, { outcome: 'return', judged, items: [late] }, 2))).toEqual([
      ['items.0.why', 'correction.whyMissing'],
    ]);
    const refused = await browser.post(`${task}/decide`, {
      outcome: 'return',
      checklist: '1',
      'judged[0][item]': plan?.id ?? '',
      'judged[0][mark]': 'accepted',
      'judged[1][item]': teachers?.id ?? '',
      'judged[1][mark]': 'again',
      'items[12][field]': 'other',
      'items[12][mark]': 'extra',
      'items[12][part]': 'dates',
      'items[12][text]': '日期与节假日冲突',
    });
    expect(refused.status).toBe(422);
    has(refused.html, '上一轮没有告知这一事项');
    has(refused.html, '日期与节假日冲突');
    await sendBack(number, [{ ...late, why: '首轮时场地证明尚未核到' }], 2, { judged });

    expect((await listOf(number)).map(({ part, demand, status }) => [part, demand, status])).toEqual([
      ['timetable', '教师资格证仍未见', 'open'],
      ['venue', '场地面积不足', 'open'],
    ]);
    const first = await province
      .db('correction_items')
      .where({ task_id: `class-${number}/pre_training.first_review/1` })
      .orderBy('no')
      .select('status');
    expect(first.map((item) => item.status)).toEqual(['accepted', 'again']);
    const notice = await province
      .db('papers')
      .where({ procedure_id: `class-${number}`, kind: 'correction_notice' })
      .orderBy('issued_at', 'desc')
      .first('id');
    const paper = (await browser.get(`/papers/${notice.id}`)).html;
    has(paper, '首轮时场地证明尚未核到');
    has(paper, '教师资格证仍未见');
    // The plan was accepted: it is closed again.
    expect(issuesOf(await school.post(`/classes/${number}/edit`, { ...(await savedForm(number)), plan: '再改一次' }))).toEqual([
      ['plan', 'correction.locked'],
    ]);
    await resubmit(number, [
      { no: 1, done: true },
      { no: 2, done: true },
    ]);
    expect((await decideFirst(number, { outcome: 'return', judged: [], items: [] }, 3)).status).toBe(422);
  });

  test('[F08] the officer’s own marks are remembered by name, and an approval accepts what was answered', async () => {
    const number = await underReview(47);
    const browser = await province.browser('cs-first-1');
    const sent = await browser.post(`${firstReview(number)}/decide`, {
      outcome: 'return',
      checklist: '1',
      'items[0][field]': 'plan',
      'items[0][mark]': 'return',
      'items[0][text]': '补充每日安排',
      'items[1][field]': 'dates',
      'items[1][mark]': 'pass',
      'items[1][text]': '',
    });
    expect(sent.status).toBe(303);
    await takeBack(number, 1);
    await resubmit(number, [{ no: 1, done: true }]);
    const reviewer = await province.db('users').where({ login: 'cs-first-1' }).first('name');
    const page = (await browser.get(firstReview(number, 2))).html;
    has(page, `第 1 轮 ${reviewer.name} 已认可`);
    has(page, '没有变化');
    const row = await province.db('classes').where({ number }).first('id');
    await province.db.raw(
      `insert into verifications (enrolment_id, register, result, asked_at, answered_at)
       select e.id, r, 'yes', now(), now() from enrolments e, unnest(array['identity', 'insurance', 'duplicate']) r where e.class_id = ?`,
      [row.id],
    );
    expect((await decideFirst(number, { outcome: 'approve' }, 2)).status).toBe(200);
    const items = await province
      .db('correction_items')
      .where({ task_id: `class-${number}/pre_training.first_review/1` })
      .select('status', 'judged_by');
    expect(items).toMatchObject([{ status: 'accepted', judged_by: expect.any(String) }]);
  });
});
