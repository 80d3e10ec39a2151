/** Attendance, inspections, results and filing: what their decisions bring with them and what refuses them. Real PostgreSQL, no Temporal. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decideTask } from '../../db/protocol/decisions.ts';
import { saveResults, type PlacedResult } from '../../db/training/results.ts';
import { type Mark, saveAttendance } from '../../db/training/attendance.ts';
import { excludeEnrolment } from '../../db/roster/roster.ts';
import { openQuestions, recordAnswers, settleVerification, stageRegisters } from '../../db/classes/verifications.ts';
import type { Ask } from '../../workflows/domain/procedures.ts';
import { openTrainingDatabase, type PlantedClass, type TrainingDatabase } from '../support/by-hand/training-class.ts';
import { attendance, filing, inspection, results, review } from '../support/by-hand/asks.ts';

let office: TrainingDatabase;
const rectification: Ask = {
  step: 'training.rectification',
  kind: 'rectification',
  role: 'institution',
  level: 'own',
  outcomes: ['rectify'],
  workingDays: 5,
};
const reinspection: Ask = {
  step: 'training.reinspection',
  kind: 'reinspection',
  role: 'inspector',
  level: 'county',
  outcomes: ['rectified', 'not_rectified'],
  workingDays: 5,
  fourEyes: [],
};

beforeAll(async () => {
  office = await openTrainingDatabase();
});
afterAll(() => office.close());

const taskOf = (planted: PlantedClass, ask: Ask, round = 1): string => `${planted.procedureId}/${ask.step}/${round}`;

async function answerAll(planted: PlantedClass, stage: string): Promise<void> {
  const questions = await openQuestions(office.db, planted.procedureId, stageRegisters[stage] ?? []);
  await recordAnswers(
    office.db,
    planted.procedureId,
    questions.map(({ verificationId }) => ({ verificationId, result: 'yes', evidence: {} })),
  );
}

/** Everybody was there, except the seats at the sessions named. */
function marksOf(planted: PlantedClass, absent: Record<number, number[]> = {}): Mark[] {
  return planted.enrolments.flatMap(({ id, seat }) =>
    planted.sessions.map((session, at) => ({
      enrolmentId: id,
      sessionId: session.id,
      present: !absent[seat]?.includes(at),
      field: `marks.${seat}.${at}`,
    })),
  );
}

async function inTraining(trainees = 4): Promise<PlantedClass> {
  const planted = await office.plant({ trainees, status: 'in_training', startDate: '2026-03-16' });
  await office.step(planted, 'training', { asks: [attendance, inspection] });
  return planted;
}

function resultOf(planted: PlantedClass, seat: number, more: Partial<PlacedResult> = {}): PlacedResult {
  const enrolmentId = planted.enrolments.find((enrolment) => enrolment.seat === seat)?.id ?? '';
  const certificateNumber = `S0001350104${planted.number.slice(-4)}${seat}`;
  return {
    enrolmentId,
    theoryScore: 80,
    practiceScore: 75.5,
    passed: true,
    certificateNumber,
    certificateDate: '2026-03-20',
    fieldOf: (field) => `${seat}.${field}`,
    ...more,
  };
}

const fieldsOf = (error: { issues: { field: string; code: string }[] }): string[] =>
  error.issues.map((issue) => `${issue.field} ${issue.code}`);

describe('pre-training review', () => {
  test('[N14] no answer never counts as yes: a review approves only what was confirmed, settled with a reason, or taken off the class', async () => {
    const planted = await office.plant();
    await office.step(planted, 'pre_training', { asks: [review] });
    const approve = () => decideTask(office.db, office.actors.first, { taskId: taskOf(planted, review), outcome: 'approve' });
    // Nothing was ever asked: four trainees, three registers.
    await expect(approve()).rejects.toMatchObject({ code: 'checks.outstanding', params: { count: 12 } });

    const questions = await openQuestions(office.db, planted.procedureId, stageRegisters['pre_training'] ?? []);
    expect(questions).toHaveLength(12);
    expect(JSON.stringify(questions)).not.toMatch(/\d{17}[\dX]/);
    const [a, b, c, ...rest] = questions;
    await recordAnswers(
      office.db,
      planted.procedureId,
      rest.map(({ verificationId }) => ({ verificationId, result: 'yes', evidence: {} })),
    );
    await recordAnswers(office.db, planted.procedureId, [
      { verificationId: a?.verificationId ?? '', result: 'no', evidence: {} },
      { verificationId: b?.verificationId ?? '', result: 'contradictory', evidence: {} },
      { verificationId: c?.verificationId ?? '', result: 'none', evidence: { failure: 'timeout' } },
    ]);
    await expect(approve()).rejects.toMatchObject({ code: 'checks.outstanding', params: { count: 3 } });
    expect(
      (await openQuestions(office.db, planted.procedureId, stageRegisters['pre_training'] ?? [])).map((q) => q.verificationId),
    ).toEqual([c?.verificationId]);

    const settle = (actor = office.actors.first, reason = '窗口核对原件一致', ids = [c?.verificationId ?? '']) =>
      settleVerification(office.db, actor, { procedureId: planted.procedureId, verificationIds: ids, reason });
    await expect(settle(office.actors.elsewhere)).rejects.toMatchObject({ code: 'task.unknown' });
    await expect(settle(office.actors.first, ' ')).rejects.toMatchObject({ issues: [{ field: 'reason', code: 'task.reasonMissing' }] });
    await settle();
    await expect(settle()).rejects.toMatchObject({ code: 'checks.settled' });
    await expect(settle(office.actors.first, '一致', [rest[0]?.verificationId ?? ''])).rejects.toMatchObject({ code: 'checks.settled' });

    const doubtful = await office
      .db('verifications')
      .whereIn(
        'id',
        [a, b].map((q) => q?.verificationId ?? ''),
      )
      .distinct<{ enrolment_id: string }[]>('enrolment_id');
    for (const { enrolment_id: enrolmentId } of doubtful) {
      await excludeEnrolment(office.db, office.actors.first, {
        procedureId: planted.procedureId,
        enrolmentId,
        reason: '身份核查不符，核减',
      });
    }
    const headcount = 4 - doubtful.length;
    expect(await office.db('procedures').where({ id: planted.procedureId }).first('headcount', 'amount_fen')).toEqual({
      headcount,
      amount_fen: headcount * 70_000,
    });
    expect((await approve()).outcome).toBe('approve');
    const acts = await office
      .db('audit_log')
      .where({ procedure_id: planted.procedureId, actor: office.actors.first.userId })
      .orderBy('no')
      .pluck('act');
    expect(acts).toEqual(['verification.settle', ...doubtful.map(() => 'enrolment.exclude'), 'task.approve']);
  });

  test('an officer who saw older evidence is told that it changed', async () => {
    const planted = await office.plant();
    await office.step(planted, 'pre_training', { asks: [review] });
    const seen = (
      await office
        .db('tasks')
        .where({ id: taskOf(planted, review) })
        .first('version')
    ).version;
    await answerAll(planted, 'pre_training');
    const decide = decideTask(office.db, office.actors.first, { taskId: taskOf(planted, review), outcome: 'approve', version: seen });
    await expect(decide).rejects.toMatchObject({ code: 'task.changed' });
  });
});

describe('attendance', () => {
  test('[N15] is handed in only when every trainee has a mark for every session; marks replace earlier ones; nothing before its day', async () => {
    const planted = await inTraining(2);
    await office.at('2026-03-16T18:00:00+08:00');
    const save = (marks: Mark[], actor = office.actors.school) => saveAttendance(office.db, actor, { number: planted.number, marks });
    const [firstDay, later] = [marksOf(planted).filter((_, at) => at % 6 < 2), marksOf(planted).filter((_, at) => at % 6 >= 2)];
    const early = await save(later).catch((error) => error);
    expect(early.issues).toHaveLength(8);
    expect(early.issues[0]).toMatchObject({ field: 'marks.1.2', code: 'attendance.future', params: { day: '2026-03-17' } });
    await expect(save(firstDay, office.actors.rival)).rejects.toMatchObject({ code: 'class.unknown' });
    expect(await save(firstDay)).toEqual({ saved: 4 });
    expect(await save(firstDay.map((mark) => ({ ...mark, present: false })))).toEqual({ saved: 4 });
    expect(
      await office
        .db('attendance')
        .whereIn(
          'enrolment_id',
          planted.enrolments.map((e) => e.id),
        )
        .pluck('present'),
    ).toEqual([false, false, false, false]);

    await office.at('2026-03-19T09:00:00+08:00');
    const submit = () => decideTask(office.db, office.actors.school, { taskId: taskOf(planted, attendance), outcome: 'submit' });
    await expect(submit()).rejects.toMatchObject({ code: 'attendance.incomplete', params: { missing: 8 } });
    await save(marksOf(planted));
    await submit();
    await expect(save(firstDay)).rejects.toMatchObject({ code: 'attendance.closed' });
  });

  test('[N15] whoever attended less than the policy pack asks for is marked when attendance is closed', async () => {
    const planted = await inTraining(3);
    await office.at('2026-03-19T09:00:00+08:00');
    // 80 % of 24 hours: one of six sessions may be missed (83.3 %), two may not (66.6 %).
    await saveAttendance(office.db, office.actors.school, { number: planted.number, marks: marksOf(planted, { 2: [0], 3: [0, 5] }) });
    await office.step(planted, 'conduct', { acts: [{ act: 'closeAttendance' }] });
    const rows = await office
      .db('enrolments')
      .where({ class_id: planted.classId })
      .orderBy('seat')
      .select('attended_percent', 'attendance_short');
    expect(rows.map((row) => [Number(row.attended_percent), row.attendance_short])).toEqual([
      [100, false],
      [83.3, false],
      [66.6, true],
    ]);
  });
});

describe('inspection', () => {
  test('[N15] a finding is put right, looked at again and accepted; visits are made by two; a phone check reaches its share', async () => {
    await office.at('2026-03-17T09:00:00+08:00');
    const planted = await inTraining(4);
    const inspect = (payload: Record<string, unknown>, outcome = 'finding') =>
      decideTask(office.db, office.actors.inspector, { taskId: taskOf(planted, inspection), outcome, reason: '两名学员不在场', payload });
    expect(fieldsOf(await inspect({}).catch((error) => error))).toEqual(['method required', 'presentCount required']);
    expect(fieldsOf(await inspect({ method: 'visit', presentCount: '3' }).catch((error) => error))).toEqual([
      'companion inspection.companion',
    ]);
    expect(fieldsOf(await inspect({ method: 'phone', presentCount: 0 }).catch((error) => error))).toEqual([
      'presentCount inspection.phoneShare',
    ]);
    expect(fieldsOf(await inspect({ method: 'video', presentCount: 5 }).catch((error) => error))).toEqual([
      'presentCount inspection.presentCount',
    ]);
    await inspect({ method: 'visit', presentCount: '2', companion: '王晓', remark: '已拍照' });
    await office.step(planted, 'training', {
      acts: [{ act: 'orderRectification', taskId: taskOf(planted, inspection) }],
      asks: [rectification],
    });

    const rectify = (reason?: string) =>
      decideTask(office.db, office.actors.school, { taskId: taskOf(planted, rectification), outcome: 'rectify', reason });
    await expect(rectify()).rejects.toMatchObject({ issues: [{ field: 'reason', code: 'rectification.answerMissing' }] });
    await rectify('已补课并加强点名');
    await office.step(planted, 'training', { asks: [reinspection] });
    await decideTask(office.db, office.actors.inspector, {
      taskId: taskOf(planted, reinspection),
      outcome: 'rectified',
      payload: { method: 'video', presentCount: 4 },
    });
    expect(await office.db('rectifications').where({ class_id: planted.classId }).select('answer', 'accepted')).toEqual([
      { answer: '已补课并加强点名', accepted: true },
    ]);
    expect(await office.db('inspections').where({ class_id: planted.classId }).orderBy('inspected_at').pluck('found')).toEqual([
      'finding',
      'in_order',
    ]);
  });
});

describe('results and filing', () => {
  async function assessed(trainees: number, absent: Record<number, number[]> = {}): Promise<PlantedClass> {
    const planted = await inTraining(trainees);
    await answerAll(planted, 'pre_training');
    await office.at('2026-03-19T09:00:00+08:00');
    await saveAttendance(office.db, office.actors.school, { number: planted.number, marks: marksOf(planted, absent) });
    await office.step(planted, 'conduct', { acts: [{ act: 'closeAttendance' }], cancels: ['*'] });
    await office.step(planted, 'results', { asks: [results] });
    await office.at('2026-03-23T09:00:00+08:00');
    return planted;
  }

  test('[N16] scores and certificates are entered by the assessment body of the class, wrong ones refused at their cells', async () => {
    const planted = await assessed(4, { 4: [0, 1, 2] });
    const save = (entries: PlacedResult[], actor = office.actors.assessor) =>
      saveResults(office.db, actor, { number: planted.number, results: entries });
    await expect(save([resultOf(planted, 1)], office.actors.school)).rejects.toMatchObject({ code: 'class.unknown' });
    const wrong = await save([
      resultOf(planted, 1, { theoryScore: 101, certificateNumber: undefined }),
      resultOf(planted, 2, { practiceScore: 59, certificateDate: '2026-03-17' }),
      resultOf(planted, 3, { certificateNumber: resultOf(planted, 2).certificateNumber, certificateDate: '2026-03-30' }),
      resultOf(planted, 4),
    ]).catch((error) => error);
    expect(fieldsOf(wrong)).toEqual([
      '1.theoryScore results.score',
      '1.certificateNumber results.certificateMissing',
      '2.passed results.passedBelow',
      '2.certificateDate results.certificateEarly',
      '3.certificateDate results.certificateFuture',
      '4.enrolmentId results.attendanceShort',
      '2.certificateNumber results.certificateTwice',
      '3.certificateNumber results.certificateTwice',
    ]);
    expect(await office.db('results').where({ class_id: planted.classId })).toHaveLength(0);

    const submit = () => decideTask(office.db, office.actors.assessor, { taskId: taskOf(planted, results), outcome: 'submit' });
    await save([resultOf(planted, 1), resultOf(planted, 2)]);
    await expect(submit()).rejects.toMatchObject({ code: 'results.incomplete', params: { missing: 1 } });
    // Two certificates exchanged in one saving.
    const [one, two] = [resultOf(planted, 1), resultOf(planted, 2)];
    await save([
      { ...one, certificateNumber: two.certificateNumber },
      { ...two, certificateNumber: one.certificateNumber },
    ]);
    await save([resultOf(planted, 3, { passed: false, theoryScore: 40, certificateNumber: undefined, certificateDate: undefined })]);
    expect((await submit()).outcome).toBe('submit');
    await expect(save([one])).rejects.toMatchObject({ code: 'results.closed' });
  });

  test('[N8] only who is enrolled, attended, passed and confirmed is filed; the others cannot be named by a payment', async () => {
    const planted = await assessed(5, { 3: [0, 1] });
    await office.db('enrolments').where({ id: planted.enrolments[4]?.id }).update({ status: 'dropped' });
    await saveResults(office.db, office.actors.assessor, {
      number: planted.number,
      results: [
        resultOf(planted, 1),
        resultOf(planted, 2, { passed: false, certificateNumber: undefined, certificateDate: undefined }),
        resultOf(planted, 4),
      ],
    });
    await office.step(planted, 'filing', { asks: [filing], cancels: ['*'] });
    const approve = () => decideTask(office.db, office.actors.first, { taskId: taskOf(planted, filing), outcome: 'approve' });
    await expect(approve()).rejects.toMatchObject({ code: 'checks.outstanding', params: { count: 2 } });
    const questions = await openQuestions(office.db, planted.procedureId, ['certificate']);
    expect(questions.map((question) => question.certificateNumber).sort()).toEqual([
      resultOf(planted, 1).certificateNumber,
      resultOf(planted, 4).certificateNumber,
    ]);
    await answerAll(planted, 'filing');
    await approve();
    await office.step(planted, 'result', { acts: [{ act: 'fileClass' }] });
    const filed = await office
      .db('filed_enrolments as f')
      .join('enrolments as e', 'e.id', 'f.enrolment_id')
      .where({ 'f.class_id': planted.classId })
      .orderBy('e.seat')
      .pluck('e.seat');
    expect(filed).toEqual([1, 4]);
    expect((await office.db('classes').where({ id: planted.classId }).first('status')).status).toBe('filed');
    await expect(office.db('filed_enrolments').where({ class_id: planted.classId }).delete()).rejects.toThrow(/permission denied/);
  });
});
