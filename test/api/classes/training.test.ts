/** Training and filing over real HTTP: pages in both languages, sheets up and down, scope, the office's handling of checks. No Temporal: steps are taken by hand. */
import { randomBytes } from 'node:crypto';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readApiConfig } from '../../../api/config.ts';
import { type RunningApi, startApi } from '../../../api/server.ts';
import { startSimulators, type Simulators } from '../../../activities/connectors/simulators.ts';
import { readCsv } from '../../../db/formats/csv.ts';
import { readXlsx } from '../../../db/formats/xlsx-reader.ts';
import { openQuestions, recordAnswers, stageRegisters } from '../../../db/classes/verifications.ts';
import type { Ask } from '../../../workflows/domain/procedures.ts';
import { type Person, signIn } from '../../../start/demonstration/person.ts';
import { openTrainingDatabase, type PlantedClass, type TrainingDatabase, type Who } from '../../support/by-hand/training-class.ts';
import { attendance, filing, inspection, results, review } from '../../support/by-hand/asks.ts';

let office: TrainingDatabase;
let api: RunningApi;
let simulators: Simulators;
const people = new Map<string, Person>();

beforeAll(async () => {
  office = await openTrainingDatabase();
  simulators = await startSimulators({ port: 0 });
  api = await startApi({
    db: office.db,
    vault: office.vault,
    config: readApiConfig({ port: 0, demo: true, secret: randomBytes(32) }, {}),
    log: pino({ level: 'silent' }),
    checks: {},
    registersControl: simulators,
  });
});
afterAll(async () => {
  await api?.close();
  await simulators?.close();
  await office?.close();
});

async function as(who: Who): Promise<Person> {
  const person = people.get(who) ?? (await signIn(api.url, who));
  people.set(who, person);
  return person;
}

/** A page as a browser gets it. No key of the locales may show through. */
async function pageOf(who: Who, path: string, lang = 'zh-CN'): Promise<{ status: number; html: string }> {
  const { token } = await as(who);
  const response = await fetch(`${api.url}${path}${path.includes('?') ? '&' : '?'}lang=${lang}`, {
    headers: { accept: 'text/html', authorization: `Bearer ${token}` },
  });
  const html = await response.text();
  expect(html.match(/\b(attendance|changes|inspections|results|verifications|simulators|errors)\.[a-z][A-Za-z.]+/g) ?? []).toEqual([]);
  return { status: response.status, html };
}

async function inTraining(trainees = 3): Promise<PlantedClass> {
  const planted = await office.plant({ trainees, status: 'in_training' });
  await office.step(planted, 'training', { asks: [attendance, inspection] });
  return planted;
}

describe('scope', () => {
  test('[N4] the office of the county, the institution and its assessor see the class; another institution and another county do not', async () => {
    const planted = await inTraining();
    for (const page of ['attendance', 'changes', 'inspections', 'results']) {
      for (const who of ['school', 'assessor', 'first', 'inspector'] as const)
        expect((await (await as(who)).get(`/classes/${planted.number}/${page}`)).status).toBe(200);
      for (const who of ['rival', 'elsewhere'] as const)
        expect((await (await as(who)).get(`/classes/${planted.number}/${page}`)).status).toBe(404);
    }
    expect((await (await as('first')).get(`/classes/${planted.number}/verifications`)).status).toBe(200);
    for (const who of ['school', 'assessor', 'elsewhere'] as const)
      expect((await (await as(who)).get(`/classes/${planted.number}/verifications`)).status).toBe(404);
    expect((await (await as('rival')).post(`/classes/${planted.number}/changes`, { kind: 'date', days: 3, reason: '测试' })).status).toBe(
      404,
    );
  });

  test('every page is complete in both languages', async () => {
    const planted = await inTraining();
    for (const lang of ['zh-CN', 'en']) {
      for (const who of ['school', 'assessor', 'first'] as const) {
        for (const page of [
          'attendance',
          'inspections',
          'results',
          'changes?kind=teacher',
          'changes?kind=date',
          'changes?kind=venue',
          'changes?kind=drop_out',
        ]) {
          expect((await pageOf(who, `/classes/${planted.number}/${page}`, lang)).status).toBe(200);
        }
      }
      expect((await pageOf('first', `/classes/${planted.number}/verifications`, lang)).status).toBe(200);
      expect((await pageOf('school', '/simulators', lang)).html).toContain('模拟');
    }
  });
});

describe('attendance', () => {
  test('[N15] the sheet goes out with names and sessions, comes back filled in, errors name their cells and nothing is saved', async () => {
    const planted = await inTraining();
    await office.at('2026-03-19T09:00:00+08:00');
    const school = await as('school');
    const path = `/classes/${planted.number}/attendance`;
    const rows = await readXlsx(await school.download(`${path}/template`));
    const texts = rows.map((row) => row.cells.map((cell) => cell?.text ?? ''));
    expect(texts[0]?.slice(0, 4)).toEqual(['序号', '姓名', '2026-03-16 上午', '2026-03-16 下午']);
    expect(texts[1]?.[0]).toBe('1');
    const csv = (lines: string[][]) => ({ name: 'kaoqin.csv', content: Buffer.from(lines.map((line) => line.join(',')).join('\r\n')) });
    const wrong = await school.upload<{ issues: { field: string; code: string }[] }>(
      `${path}/file`,
      'file',
      csv([texts[0] ?? [], ['1', texts[1]?.[1] ?? '', '到', '迟到'], ['2', '王五', '到'], ['9', '', '到']]),
    );
    expect(wrong.status).toBe(422);
    expect(wrong.body.issues.map(({ field, code }) => `${field} ${code}`)).toEqual(['B3 sheet.name', 'A4 sheet.seat']);
    const word = await school.upload<{ issues: { field: string; code: string; message: string }[] }>(
      `${path}/file`,
      'file',
      csv([texts[0] ?? [], ['1', texts[1]?.[1] ?? '', '到', '迟到']]),
    );
    expect(word.body.issues).toMatchObject([{ field: 'D2', code: 'attendance.mark', message: '请填 到 或 缺（1 或 0）' }]);
    expect((await school.upload(`${path}/file`, 'file', { name: 'x.xlsx', content: Buffer.from('<html>') })).status).toBe(422);
    expect(
      await office.db('attendance').whereIn(
        'enrolment_id',
        planted.enrolments.map((e) => e.id),
      ),
    ).toHaveLength(0);

    const filled = texts.map((line, at) => (at === 0 ? line : [...line.slice(0, 2), ...Array(6).fill(at === 3 ? '缺' : '到')]));
    expect((await school.upload(`${path}/file`, 'file', csv(filled))).body).toEqual({ saved: 18 });
    // By form: one session; whoever is not ticked was not there.
    expect((await school.post(path, { sessionId: planted.sessions[0]?.id, present: [planted.enrolments[2]?.id] })).body).toEqual({
      saved: 3,
    });
    const sheet = await school.get<{ missing: number; trainees: { marks: boolean[]; percent: number }[] }>(path);
    expect(sheet.body.missing).toBe(0);
    expect(sheet.body.trainees.map((trainee) => [trainee.marks[0], trainee.percent])).toEqual([
      [false, 83.3],
      [false, 83.3],
      [true, 16.6],
    ]);
    expect(await office.db('class_files').where({ class_id: planted.classId, kind: 'attendance' }).pluck('name')).toEqual(['kaoqin.csv']);
    // Under one key a file is taken once, and another file is another request.
    const underOneKey = async (lines: string[][]): Promise<number> => {
      const form = new FormData();
      form.set('file', new Blob([lines.map((line) => line.join(',')).join('\r\n')]), 'kaoqin.csv');
      const headers = { accept: 'application/json', authorization: `Bearer ${school.token}`, 'idempotency-key': 'file-once' };
      return (await fetch(`${api.url}${path}/file`, { method: 'POST', body: form, headers })).status;
    };
    expect([await underOneKey(filled), await underOneKey(filled), await underOneKey(texts)]).toEqual([200, 200, 409]);

    expect((await (await as('assessor')).post(`${path}/submit`)).status).toBe(403);
    expect((await school.post(`${path}/submit`)).body).toMatchObject({
      taskId: `${planted.procedureId}/training.attendance/1`,
      outcome: 'submit',
    });
    expect((await school.post(`${path}/submit`)).status).toBe(409);
  });

  test('a refused form of a browser comes back with 422, the cells listed', async () => {
    const planted = await inTraining();
    const { token } = await as('school');
    const form = new FormData();
    form.set('file', new Blob(['序号,姓名,2026-03-16 上午\r\n1,张三,到']), 'k.csv');
    const response = await fetch(`${api.url}/classes/${planted.number}/attendance/file`, {
      method: 'POST',
      body: form,
      headers: { accept: 'text/html', authorization: `Bearer ${token}` },
    });
    expect(response.status).toBe(422);
    const html = await response.text();
    expect(html).toContain('姓名与 1 号学员不符');
    expect(html).toContain('<th scope="row" class="mono">B2</th>');
  });
});

describe('checks', () => {
  test('[N14] an officer settles, asks again and takes a trainee off the class; the same request twice does it once', async () => {
    await office.at('2026-03-02T09:00:00+08:00');
    const planted = await office.plant({ trainees: 4 });
    await office.step(planted, 'pre_training', { asks: [review] });
    const questions = await openQuestions(office.db, planted.procedureId, stageRegisters['pre_training'] ?? []);
    await recordAnswers(
      office.db,
      planted.procedureId,
      questions.map(({ verificationId, register, token }) => ({
        verificationId,
        result:
          token === planted.enrolments[1]?.token && register === 'duplicate'
            ? 'no'
            : token === planted.enrolments[2]?.token && register === 'insurance'
              ? 'none'
              : 'yes',
        evidence: { source: '公安人口信息（模拟）', simulated: true },
      })),
    );
    const first = await as('first');
    const path = `/classes/${planted.number}`;
    type List = { outstanding: number; lines: { id: string; enrolmentId: string; seat: number; result: string; register: string }[] };
    const list = (await first.get<List>(`${path}/verifications`)).body;
    expect(list.lines.map(({ seat, register, result }) => [seat, register, result])).toEqual([
      [2, 'duplicate', 'no'],
      [3, 'insurance', 'none'],
    ]);
    expect((await pageOf('first', `${path}/verifications`)).html).toContain('不符合 1');
    const decide = () => first.post(`/tasks/${planted.procedureId}/pre_training.first_review/1/decide`, { outcome: 'approve' });
    expect(await decide()).toMatchObject({ status: 409, body: { code: 'checks.outstanding', params: { count: 2 } } });

    expect(await first.post(`${path}/verifications/settle`, { verificationIds: [list.lines[1]?.id], reason: '' })).toMatchObject({
      status: 422,
      body: { issues: [{ field: 'reason', code: 'task.reasonMissing' }] },
    });
    expect(
      (await (await as('elsewhere')).post(`${path}/verifications/settle`, { verificationIds: [list.lines[1]?.id], reason: '一致' })).status,
    ).toBe(404);
    expect((await first.post(`${path}/verifications/again`)).body).toEqual({ asked: 2 });
    const body = { verificationIds: [list.lines[1]?.id], reason: '已核对参保证明原件' };
    expect((await first.post(`${path}/verifications/settle`, body, { key: 'settle-once' })).body).toEqual({ settled: 1 });
    expect((await first.post(`${path}/verifications/settle`, body, { key: 'settle-once' })).body).toEqual({ settled: 1 });
    expect((await first.post(`${path}/verifications/settle`, body)).status).toBe(409);
    expect(
      (await first.post(`${path}/exclusions`, { enrolmentId: list.lines[0]?.enrolmentId, reason: '本年度已在外地享受' })).body,
    ).toEqual({ headcount: 3 });
    expect((await decide()).status).toBe(200);
  });

  test('the simulated registers take orders about one trainee by class and seat', async () => {
    const planted = await office.plant({ trainees: 1 });
    const school = await as('school');
    const order = (body: object) => school.post<{ behaviours: Record<string, string>; issues?: { field: string }[] }>('/simulators', body);
    expect(
      (await order({ register: 'identity', behaviour: 'no', classNumber: planted.number, seat: 1 })).body.behaviours[
        `identity/${planted.enrolments[0]?.token}`
      ],
    ).toBe('no');
    expect((await order({ register: 'insurance', behaviour: 'late' })).body.issues).toMatchObject([{ field: 'seconds' }]);
    expect((await order({ register: 'insurance', behaviour: 'no', classNumber: planted.number, seat: 9 })).status).toBe(422);
    expect((await pageOf('school', '/simulators')).html).toContain(`${planted.number} · 1`);
    expect(
      (await order({ register: 'identity', behaviour: 'normal', classNumber: planted.number, seat: 1 })).body.behaviours,
    ).not.toHaveProperty(`identity/${planted.enrolments[0]?.token}`);
  });
});

describe('changes and inspections', () => {
  test('[N30] an institution asks for a change and reads where it stands; the wrong field is named', async () => {
    await office.at('2026-03-02T09:00:00+08:00');
    const planted = await inTraining();
    const school = await as('school');
    const path = `/classes/${planted.number}/changes`;
    const ask = (body: object) =>
      school.post<{ changeNo: number; issues: { field: string; code: string }[] }>(path, { reason: '教师生病住院', ...body });
    expect((await ask({ kind: 'teacher', sessionIds: [planted.sessions[0]?.id] })).body.issues).toMatchObject([
      { field: 'teacherId', code: 'required' },
    ]);
    expect(
      (await ask({ kind: 'teacher', sessionIds: [planted.sessions[0]?.id], teacherId: office.teachers.electrician })).body.issues,
    ).toMatchObject([{ field: 'teacherId', code: 'change.teacherOccupation' }]);
    const asked = await ask({ kind: 'drop_out', enrolmentId: planted.enrolments[2]?.id });
    expect(asked.status).toBe(201);
    const { changes } = (await school.get<{ changes: object[] }>(path)).body;
    expect(changes).toMatchObject([
      { no: asked.body.changeNo, kind: 'drop_out', status: 'requested', trainee: { seat: 3 }, reason: '教师生病住院' },
    ]);
    expect((await pageOf('first', path)).html).toContain('退学');
  });

  test('[N15] an inspection is entered with its task and shows on the page of the class', async () => {
    const planted = await inTraining();
    const inspector = await as('inspector');
    const decide = (body: object) =>
      inspector.post<{ issues: { field: string }[] }>(`/tasks/${planted.procedureId}/training.inspection/1/decide`, body);
    expect((await decide({ outcome: 'in_order', method: 'visit', presentCount: 3 })).body.issues).toMatchObject([{ field: 'companion' }]);
    expect((await decide({ outcome: 'in_order', method: 'visit', presentCount: 3, companion: '王晓', remark: '两人同行' })).status).toBe(
      200,
    );
    expect(
      (await (await as('school')).get<{ inspections: object[] }>(`/classes/${planted.number}/inspections`)).body.inspections,
    ).toMatchObject([{ method: 'visit', found: 'in_order', present_count: 3, companion: '王晓' }]);
    expect((await pageOf('school', `/classes/${planted.number}/inspections`)).html).toContain('暗访');
  });
});

describe('results', () => {
  test('[F08] returned at filing only the certificate named opens; scores and others stay, the point is answered, the officer sees old and new', async () => {
    await office.at('2026-03-23T09:00:00+08:00');
    const planted = await office.plant({ trainees: 2, status: 'filing' });
    await office.step(planted, 'results', { asks: [results] });
    const assessor = await as('assessor');
    const first = await as('first');
    const path = `/classes/${planted.number}/results`;
    const row = (at: number, more: object = {}) => ({
      enrolmentId: planted.enrolments[at]?.id,
      theoryScore: 80,
      practiceScore: 85.5,
      passed: true,
      certificateNumber: `S0001350104260009${at}`,
      certificateDate: '2026-03-20',
      ...more,
    });
    type Answer = { issues?: { field: string; code: string }[] };
    const issuesOf = (answer: { body: Answer }) => answer.body.issues?.map(({ field, code }) => `${field} ${code}`);
    const put = (rows: object[]) => assessor.post<Answer>(path, { results: rows });
    expect((await put([row(0), row(1)])).status).toBe(200);
    expect((await assessor.post(`${path}/submit`)).status).toBe(200);
    await office.step(planted, 'filing', { asks: [filing] });
    const task = `/tasks/${planted.procedureId}/filing.first_review`;
    expect((await pageOf('first', `${task}/1`)).html).toContain(`value="certificate:${planted.enrolments[0]?.id}"`);
    const part = `certificate:${planted.enrolments[0]?.id}`;
    expect((await first.post(`${task}/1/decide`, { outcome: 'return', items: [{ field: 'plan', text: '不属于备案' }] })).status).toBe(422);
    expect(
      (await first.post(`${task}/1/decide`, { outcome: 'return', items: [{ field: 'other', part, text: '证书编号与查询不符' }] })).status,
    ).toBe(200);
    const correction: Ask = {
      step: 'filing.correction',
      kind: 'correction',
      role: 'assessor',
      level: 'own',
      outcomes: ['resubmit'],
      workingDays: 5,
    };
    await office.step(planted, 'filing', { asks: [correction] });
    const named = (
      await office.db('classes as c').join('institutions as a', 'a.id', 'c.assessor_id').where('c.number', planted.number).first('a.name')
    )?.name;
    const asked = `/tasks/${planted.procedureId}/filing.correction/1`;
    expect((await pageOf('first', asked)).html).toContain(`<span>${named} · 评价机构经办</span>`);
    // Whom the ladder reminds is no officer.
    const ladder = (await pageOf('first', asked, 'en')).html;
    expect(ladder).not.toContain('Reminder to the officer');
    expect(ladder).toContain('Reminder to the assessment body');

    expect(issuesOf(await put([row(0, { theoryScore: 90 }), row(1, { certificateDate: '2026-03-21' })]))).toEqual([
      'results.0.theoryScore correction.locked',
      'results.1.certificateNumber correction.locked',
    ]);
    expect((await put([row(0, { certificateNumber: 'S000135010426000999' }), row(1)])).status).toBe(200);
    const form = (await pageOf('assessor', path)).html;
    expect(form).toContain('id="f-results.0.certificateNumber"');
    expect(form).not.toContain('id="f-results.1.certificateNumber"');
    expect(form).not.toContain('id="f-results.0.theoryScore"');
    expect(issuesOf(await assessor.post<Answer>(`${path}/submit`))).toEqual(['answers.0.done correction.unanswered']);
    expect((await assessor.post(`${path}/submit`, { answers: [{ no: 1, text: '编号录错' }] })).status).toBe(200);
    await office.step(planted, 'filing', { asks: [filing] });
    for (const lang of ['zh-CN', 'en']) {
      const { html } = await pageOf('first', `${task}/2`, lang);
      expect(html).toContain('编号录错');
      expect(html).toMatch(/<del>[^<]*S00013501042600090[^<]*<\/del>[\s\S]*<ins>[^<]*S000135010426000999/);
    }
  });

  test('[N16] the assessment body enters results by form and by sheet, and hands them in', async () => {
    await office.at('2026-03-23T09:00:00+08:00');
    const planted = await office.plant({ trainees: 3, status: 'filing' });
    await office.step(planted, 'results', { asks: [results] });
    const assessor = await as('assessor');
    const path = `/classes/${planted.number}/results`;
    expect((await (await as('school')).post(path, { results: [] })).status).toBe(403);
    const seat = (at: number) => planted.enrolments[at]?.id;
    const wrong = await assessor.post<{ issues: { field: string; code: string }[] }>(path, {
      results: [
        { enrolmentId: seat(0), theoryScore: '88', practiceScore: '', passed: '1' },
        { enrolmentId: seat(1), theoryScore: '', practiceScore: '', passed: '' },
      ],
    });
    expect(wrong.body.issues.map(({ field, code }) => `${field} ${code}`)).toEqual(['results.0.practiceScore required']);
    expect(
      (
        await assessor.post(path, {
          results: [
            {
              enrolmentId: seat(0),
              theoryScore: 88,
              practiceScore: 90,
              passed: true,
              certificateNumber: 's000135010426000001',
              certificateDate: '2026-03-20',
            },
          ],
        })
      ).body,
    ).toEqual({ saved: 1 });

    const template = readCsv(await assessor.download(`${path}/template?format=csv`)).map((row) =>
      row.cells.map((cell) => cell?.text ?? ''),
    );
    expect(template[1]?.slice(2)).toEqual(['88', '90', '合格', 'S000135010426000001', '2026-03-20']);
    const upload = (lines: string[][]) =>
      assessor.upload<{ issues: { field: string; code: string }[]; saved: number }>(`${path}/file`, 'file', {
        name: 'cj.csv',
        content: Buffer.from(lines.map((line) => line.join(',')).join('\r\n')),
      });
    const name = (at: number) => template[at]?.[1] ?? '';
    const bad = await upload([
      template[0] ?? [],
      ['2', name(2), '70', '101', '合格', 'S000135010426000001', '2026/3/20'],
      ['3', name(3), '30', '40', '不合格', '', ''],
    ]);
    expect(bad.body.issues.map(({ field, code }) => `${field} ${code}`)).toEqual(['D2 results.score', 'F2 results.certificateTaken']);
    expect((await assessor.post(`${path}/submit`)).status).toBe(409);
    expect(
      (
        await upload([
          template[0] ?? [],
          ['2', name(2), '70', '81.5', '合格', 'S000135010426000002', '2026/3/20'],
          ['3', name(3), '30', '40', '不合格', '', ''],
        ])
      ).body.saved,
    ).toBe(2);
    expect((await pageOf('assessor', path)).html).toContain('S000135010426000002');
    expect((await assessor.post(`${path}/submit`)).body).toMatchObject({ outcome: 'submit' });
    const seen = (await (await as('first')).get<{ results: { passed: boolean; certificateDate: string | null }[] }>(path)).body.results;
    expect(seen.map((result) => [result.passed, result.certificateDate])).toEqual([
      [true, '2026-03-20'],
      [true, '2026-03-20'],
      [false, null],
    ]);
  });
});
