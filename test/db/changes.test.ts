/** Changes before and during training: asked for, checked, reviewed, applied. Real PostgreSQL, no Temporal. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChangeDetail } from '../../db/training/change-checks.ts';
import { withdrawClass } from '../../db/classes/classes.ts';
import { inTransaction } from '../../db/client.ts';
import { findBrokenLink, lockProcedure } from '../../db/protocol/procedures.ts';
import { requestChange } from '../../db/training/changes.ts';
import { cancelChanges } from '../../db/training/settled-changes.ts';
import { decideTask } from '../../db/protocol/decisions.ts';
import { saveAttendance } from '../../db/training/attendance.ts';
import type { Ask } from '../../workflows/domain/procedures.ts';
import { openTrainingDatabase, type PlantedClass, type PlantOptions, type TrainingDatabase } from '../support/by-hand/training-class.ts';
import { attendance } from '../support/by-hand/asks.ts';

let office: TrainingDatabase;
beforeAll(async () => {
  office = await openTrainingDatabase();
});
afterAll(() => office.close());

const beginning: Ask = { step: 'ready.beginning', kind: 'wait', role: 'clock', level: 'own', outcomes: [], dueDate: '2026-03-16' };
const reviewOf = (no: number): Ask => ({
  step: `change-${no}.approval`,
  kind: 'change_review',
  role: 'approver',
  level: 'county',
  outcomes: ['approve', 'refuse'],
  workingDays: 1,
  reference: String(no),
});

async function ready(options: Partial<PlantOptions> = {}): Promise<PlantedClass> {
  const planted = await office.plant({ status: 'ready', ...options });
  await office.step(planted, 'ready', { asks: [beginning] });
  return planted;
}

const ask = (planted: PlantedClass, change: ChangeDetail, reason = '教师生病', actor = office.actors.school) =>
  requestChange(office.db, actor, { number: planted.number, change, reason });

async function approve(planted: PlantedClass, changeNo: number): Promise<void> {
  await office.step(planted, 'ready', { asks: [reviewOf(changeNo)] });
  await decideTask(office.db, office.actors.approver, {
    taskId: `${planted.procedureId}/change-${changeNo}.approval/1`,
    outcome: 'approve',
  });
}

const apply = (planted: PlantedClass, factNo: number) => office.step(planted, 'ready', { acts: [{ act: 'applyChange', factNo }] });
const statusOf = async (planted: PlantedClass, no: number): Promise<string> =>
  (await office.db('class_changes').where({ class_id: planted.classId, fact_no: no }).first('status')).status;
const sessionOf = (planted: PlantedClass, at: number): { id: string; day: string; half: string } =>
  planted.sessions[at] ?? { id: '', day: '', half: '' };

describe('teacher', () => {
  test('[N30] another teacher takes the session after approval; one who does not fit or teaches elsewhere is refused', async () => {
    const busy = await ready({ teacher: office.teachers.sun, startDate: '2026-04-06' });
    const planted = await ready({ startDate: '2026-04-07' });
    const [first] = planted.sessions;
    const change = (teacherId: string): ChangeDetail => ({ kind: 'teacher', sessionIds: [first?.id ?? ''], teacherId });
    await expect(ask(planted, change(office.teachers.foreign))).rejects.toMatchObject({
      issues: [{ field: 'teacherId', code: 'change.teacher' }],
    });
    await expect(ask(planted, change(office.teachers.electrician))).rejects.toMatchObject({
      issues: [{ field: 'teacherId', code: 'change.teacherOccupation' }],
    });
    await expect(ask(planted, change(office.teachers.sun))).rejects.toMatchObject({
      issues: [{ field: 'teacherId', code: 'change.teacherBusy', params: { number: busy.number, day: '2026-04-07' } }],
    });
    await expect(ask(planted, change(office.teachers.sun), '生病', office.actors.rival)).rejects.toMatchObject({ code: 'class.unknown' });

    const later: ChangeDetail = {
      kind: 'teacher',
      sessionIds: planted.sessions.slice(4).map((session) => session.id),
      teacherId: office.teachers.sun,
    };
    const { changeNo } = await ask(planted, later);
    expect(await office.db('facts').where({ procedure_id: planted.procedureId, no: changeNo }).first('kind', 'outcome', 'payload')).toEqual(
      { kind: 'change_requested', outcome: 'teacher', payload: null },
    );
    await expect(ask(planted, later)).rejects.toMatchObject({ code: 'change.pending', params: { no: changeNo } });
    await approve(planted, changeNo);
    const place = await apply(planted, changeNo);
    expect(place.flags).toMatchObject({ datesMoved: false, startDate: '2026-04-07', endDate: '2026-04-09' });
    const teachers = await office
      .db('class_sessions')
      .where({ class_id: planted.classId })
      .orderBy(['day', { column: 'half', order: 'desc' }])
      .pluck('teacher_id');
    expect(teachers).toEqual([...Array(4).fill(office.teachers.zhao), ...Array(2).fill(office.teachers.sun)]);
    expect(await statusOf(planted, changeNo)).toBe('approved');
  });
});

describe('date', () => {
  test('[N30] a class that is not begun moves as a whole and says so to its procedure', async () => {
    const planted = await ready({ startDate: '2026-05-11' });
    await expect(ask(planted, { kind: 'date', days: 0 })).rejects.toMatchObject({ issues: [{ field: 'days', code: 'change.days' }] });
    // By one day: every session takes the place of another one.
    const { changeNo } = await ask(planted, { kind: 'date', days: 1 });
    await approve(planted, changeNo);
    const place = await apply(planted, changeNo);
    expect(place.flags).toMatchObject({ datesMoved: true, startDate: '2026-05-12', endDate: '2026-05-14' });
    expect(await office.db('classes').where({ id: planted.classId }).first('start_date', 'end_date')).toEqual({
      start_date: '2026-05-12',
      end_date: '2026-05-14',
    });
    expect(await office.db('class_sessions').where({ class_id: planted.classId }).distinct('day').orderBy('day').pluck('day')).toEqual([
      '2026-05-12',
      '2026-05-13',
      '2026-05-14',
    ]);
    // Applied once: the same act again moves nothing.
    expect((await apply(planted, changeNo)).flags).toMatchObject({ datesMoved: false, startDate: '2026-05-12' });
  });

  test('[N30] one session moves within the rules: not into the past, not onto another one, and its marks do not move with it', async () => {
    await office.at('2026-03-17T20:00:00+08:00');
    const planted = await office.plant({
      status: 'in_training',
      startDate: '2026-03-16',
      teacher: office.teachers.sun,
      venue: office.venues.large,
    });
    await office.step(planted, 'training', { asks: [attendance] });
    const move = (at: number, day: string, half: 'morning' | 'evening' = 'morning') =>
      ask(planted, { kind: 'date', sessionId: sessionOf(planted, at).id, day, half });
    await expect(move(0, '2026-03-20')).rejects.toMatchObject({ issues: [{ field: 'sessionId', code: 'change.sessionOver' }] });
    await expect(move(3, '2026-03-16')).rejects.toMatchObject({ issues: [{ field: 'day', code: 'change.past' }] });
    await expect(move(3, '2026-03-18')).rejects.toMatchObject({ issues: [{ field: 'day', code: 'change.sameTime' }] });
    const today = sessionOf(planted, 3);
    await saveAttendance(office.db, office.actors.school, {
      number: planted.number,
      marks: [{ enrolmentId: planted.enrolments[0]?.id ?? '', sessionId: today.id, present: false, field: 'marks' }],
    });
    const { changeNo } = await move(3, '2026-03-20', 'evening');
    await approve(planted, changeNo);
    expect((await apply(planted, changeNo)).flags).toMatchObject({ datesMoved: true, startDate: '2026-03-16', endDate: '2026-03-20' });
    expect(await office.db('attendance').where({ session_id: today.id })).toHaveLength(0);
    await office.at('2026-03-02T09:00:00+08:00');
  });
});

describe('venue and drop-out', () => {
  test('[N30] a venue must hold the class; a drop-out leaves the headcount and the amount that the office sees', async () => {
    const planted = await ready({ startDate: '2026-06-08', trainees: 3 });
    const sessionIds = planted.sessions.map((session) => session.id);
    await expect(ask(planted, { kind: 'venue', sessionIds, venueId: office.venues.small })).rejects.toMatchObject({
      issues: [{ code: 'change.venueSmall', params: { capacity: 2, headcount: 3 } }],
    });
    await expect(ask(planted, { kind: 'venue', sessionIds, venueId: office.venues.foreign })).rejects.toMatchObject({
      issues: [{ code: 'change.venue' }],
    });
    const enrolmentId = planted.enrolments[1]?.id ?? '';
    const out = await ask(planted, { kind: 'drop_out', enrolmentId }, '外出务工');
    await approve(planted, out.changeNo);
    await apply(planted, out.changeNo);
    expect(await office.db('enrolments').where({ id: enrolmentId }).first('status', 'status_reason')).toEqual({
      status: 'dropped',
      status_reason: '外出务工',
    });
    expect(await office.db('procedures').where({ id: planted.procedureId }).first('headcount', 'amount_fen')).toEqual({
      headcount: 2,
      amount_fen: 140_000,
    });
    await expect(ask(planted, { kind: 'drop_out', enrolmentId })).rejects.toMatchObject({ issues: [{ code: 'change.notEnrolled' }] });

    // With one less the small room holds them all; every session there makes it the venue of the class.
    const room = await ask(planted, { kind: 'venue', sessionIds, venueId: office.venues.small });
    await approve(planted, room.changeNo);
    await apply(planted, room.changeNo);
    expect((await office.db('classes').where({ id: planted.classId }).first('venue_id')).venue_id).toBe(office.venues.small);
  });

  test('[N30] what has become impossible is not approved; a refusal changes nothing; after the training nothing is asked for', async () => {
    const planted = await ready({ startDate: '2026-07-06' });
    const shift = await ask(planted, { kind: 'teacher', sessionIds: [sessionOf(planted, 0).id], teacherId: office.teachers.sun });
    const rival = await ready({ startDate: '2026-07-06', teacher: office.teachers.sun, venue: office.venues.foreign });
    await expect(approve(planted, shift.changeNo)).rejects.toMatchObject({
      code: 'change.teacherBusy',
      params: { number: rival.number, day: '2026-07-06' },
    });
    const refuse = (reason?: string) =>
      decideTask(office.db, office.actors.approver, {
        taskId: `${planted.procedureId}/change-${shift.changeNo}.approval/1`,
        outcome: 'refuse',
        reason,
      });
    await expect(refuse()).rejects.toMatchObject({ issues: [{ field: 'reason' }] });
    await refuse('教师时间冲突');
    await office.step(planted, 'ready', { acts: [{ act: 'refuseChange', factNo: shift.changeNo }] });
    expect(await statusOf(planted, shift.changeNo)).toBe('refused');
    expect(await office.db('class_sessions').where({ class_id: planted.classId }).distinct('teacher_id').pluck('teacher_id')).toEqual([
      office.teachers.zhao,
    ]);

    await office.step(planted, 'conduct', { cancels: ['*'] });
    await expect(ask(planted, { kind: 'date', days: 3 })).rejects.toMatchObject({ code: 'change.notNow' });
  });

  test('[N30] what was asked for ends with the class: withdrawn by its institution, or closed by its last step', async () => {
    const left = await ready({ startDate: '2026-08-03' });
    const { changeNo } = await ask(left, { kind: 'date', days: 3 });
    await approve(left, changeNo);
    await withdrawClass(office.db, office.actors.school, left.number, '生源不足，不再开班');
    expect(await statusOf(left, changeNo)).toBe('cancelled');
    // The step of the last approval comes late: it moves nothing of a class that is over.
    const { start_date: before } = await office.db('classes').where({ id: left.classId }).first('start_date');
    await apply(left, changeNo);
    expect(await statusOf(left, changeNo)).toBe('cancelled');
    expect((await office.db('classes').where({ id: left.classId }).first('start_date')).start_date).toBe(before);
    const acts = await office.db('audit_log').where({ procedure_id: left.procedureId }).orderBy('no').pluck('act');
    expect(acts).toContain('change.cancelled');
    expect(await findBrokenLink(office.db, left.procedureId)).toBeUndefined();

    const closed = await ready({ startDate: '2026-08-10' });
    const asked = await ask(closed, { kind: 'date', days: 3 });
    await inTransaction(office.db, async (trx) => cancelChanges(trx, await lockProcedure(trx, closed.procedureId)));
    expect(await statusOf(closed, asked.changeNo)).toBe('cancelled');
  });
});
