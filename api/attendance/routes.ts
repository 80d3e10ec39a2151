/** Attendance of a class: seen by its office, entered by its institution by session, by sheet or by program, then handed in. */
import type { Knex } from 'knex';
import { z } from 'zod';
import type { Actor } from '../../db/accounts/users.ts';
import { attendanceTemplate, readAttendanceFile } from '../../db/formats/attendance-file.ts';
import { attendanceMethods, type Mark, saveAttendance } from '../../db/training/attendance.ts';
import { findOpenTask, getTrainingHead, type TrainingHead } from '../../db/views/training/training.ts';
import { getAttendanceSheet } from '../../db/views/training/attendance.ts';
import { businessToday } from '../../db/calendar/instant.ts';
import { readsRecord } from '../../workflows/domain/classes/reading.ts';
import { inputError } from '../../workflows/domain/errors.ts';
import { file, mediaTypes, page, redirect, type Reply } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import { ClassParams, Handed, handIn, isOwner, SheetFormat, trainingHead } from './head.ts';
import { AttendanceEntry, AttendanceSheet, Saved } from './schemas.ts';

type Shown = Context<{ number: string }, unknown, unknown>;

export function attendanceRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/classes/:number/attendance',
    summary: 'Attendance by trainee and session, with the share of attended hours',
    tags: ['training'],
    access: 'signed-in',
    params: ClassParams,
    query: z.object({ session: z.uuid().optional() }),
    response: AttendanceSheet,
    handle: (context) => show(context, context.query.session),
  });

  route(counter, {
    method: 'get',
    path: '/classes/:number/attendance/template',
    summary: 'The attendance sheet to fill in (.xlsx or .csv), with the marks that are there',
    tags: ['training'],
    access: ['institution'],
    params: ClassParams,
    query: SheetFormat,
    file: ['xlsx', 'csv'],
    handle: async ({ db, actor, params, query }) => {
      const sheet = await getAttendanceSheet(db, await getTrainingHead(db, actor, params.number));
      const content = await attendanceTemplate(
        sheet.sessions,
        sheet.trainees.filter((trainee) => trainee.status === 'enrolled'),
        query.format,
      );
      return file(content, { name: `考勤-${params.number}.${query.format}`, type: mediaTypes[query.format] });
    },
  });

  route(counter, {
    method: 'post',
    path: '/classes/:number/attendance',
    summary: 'Save marks; a mark for the same trainee and session replaces the earlier one',
    tags: ['training'],
    access: ['institution'],
    params: ClassParams,
    body: AttendanceEntry,
    response: Saved,
    errors: [409],
    handle: async (context) => {
      const { db, actor, params, body, request } = context;
      const marks = body.marks
        ? body.marks.map((mark, at): Mark => ({ ...mark, field: `marks.${at}` }))
        : await sessionMarks(context, body);
      const saved = await saveAttendance(db, actor, { number: params.number, marks, method: body.method, request });
      return redirect(`/classes/${params.number}/attendance`, {
        json: saved,
        flash: { key: 'attendance.saved', params: { count: saved.saved } },
      });
    },
    onInvalid: (context, issues, entered) =>
      show(context, typeof entered['sessionId'] === 'string' ? entered['sessionId'] : undefined, { issues, entered }),
  });

  route(counter, {
    method: 'post',
    path: '/classes/:number/attendance/file',
    summary: 'Upload a filled attendance sheet; errors name their cells and nothing is saved',
    tags: ['training'],
    access: ['institution'],
    params: ClassParams,
    upload: { field: 'file', maxBytes: 10_000_000 },
    response: Saved,
    errors: [409],
    handle: async ({ db, actor, params, files, request }) => {
      const [upload] = files;
      if (!upload) throw inputError('file', 'required');
      const sheet = await getAttendanceSheet(db, await getTrainingHead(db, actor, params.number));
      const marks = await readAttendanceFile(upload, sheet.sessions, sheet.trainees);
      const saved = await saveAttendance(db, actor, { number: params.number, marks, file: upload, request });
      return redirect(`/classes/${params.number}/attendance`, {
        json: saved,
        flash: { key: 'attendance.saved', params: { count: saved.saved } },
      });
    },
    onInvalid: (context, issues) => show(context, undefined, { issues, cells: issues.filter((issue) => issue.field !== 'file') }),
  });

  route(counter, {
    method: 'post',
    path: '/classes/:number/attendance/submit',
    summary: 'Hand in the attendance: every enrolled trainee has a mark for every session',
    tags: ['training'],
    access: ['institution'],
    params: ClassParams,
    response: Handed,
    errors: [409],
    handle: async (context) => {
      const head = await getTrainingHead(context.db, context.actor, context.params.number);
      const answer = await handIn(context, head, ['attendance'], 'attendance.closed', 'institution');
      return redirect(`/classes/${head.number}/attendance`, { json: answer, flash: 'attendance.submitted' });
    },
  });
}

async function sessionMarks(
  { db, actor, params }: Pick<Shown, 'db' | 'actor' | 'params'>,
  body: { sessionId?: string | undefined; present: string[] },
): Promise<Mark[]> {
  const { sessionId } = body;
  if (!sessionId) throw inputError('sessionId', 'required');
  const sheet = await getAttendanceSheet(db, await getTrainingHead(db, actor, params.number));
  const there = new Set(body.present);
  const unknown = body.present.find((id) => !sheet.trainees.some((trainee) => trainee.id === id));
  if (unknown) throw inputError('present', 'attendance.trainee');
  return sheet.trainees
    .filter((trainee) => trainee.status === 'enrolled')
    .map((trainee) => ({ enrolmentId: trainee.id, sessionId, present: there.has(trainee.id), field: 'sessionId' }));
}

/** Why somebody left the class is no matter of its assessment body. */
async function readSheet(db: Knex, actor: Actor, head: TrainingHead) {
  const sheet = await getAttendanceSheet(db, head);
  return readsRecord(actor, head) ? sheet : { ...sheet, trainees: sheet.trainees.map((trainee) => ({ ...trainee, reason: null })) };
}

async function show(context: Shown, sessionId: string | undefined, more: Record<string, unknown> = {}): Promise<Reply> {
  const { db, actor, params, t } = context;
  const head = await getTrainingHead(db, actor, params.number);
  const [sheet, task, today] = await Promise.all([
    readSheet(db, actor, head),
    findOpenTask(db, head.procedureId, ['attendance'], 'institution'),
    businessToday(db),
  ]);
  const mayEnter = task !== undefined && head.status === 'in_training' && isOwner(actor, head);
  const due = sheet.sessions.filter((session) => session.day <= today);
  const session = mayEnter
    ? (due.find((one) => one.id === sessionId) ?? due.find((one) => one.present + one.absent === 0) ?? due.at(-1))
    : undefined;
  const at = sheet.sessions.findIndex((one) => one.id === session?.id);
  const enrolled = sheet.trainees.filter((trainee) => trainee.status === 'enrolled');
  return page(
    'attendance/show',
    {
      ...trainingHead(head, 'attendance', { actor, t }),
      ...sheet,
      sessions: sheet.sessions.map((one) => ({
        ...one,
        open: one.day <= today,
        current: one.id === session?.id,
        unmarked: enrolled.length - one.present - one.absent,
      })),
      mayEnter,
      methodOptions: [...attendanceMethods].reverse().map((method) => ({ value: method, label: t(`attendance.methods.${method}`) })),
      task: task && { id: task.id, dueDate: task.due_at },
      session: session && { ...session, trainees: enrolled.map((trainee) => ({ ...trainee, present: trainee.marks[at] ?? true })) },
      ...more,
    },
    {
      nav: 'classes',
      json: {
        number: head.number,
        minPercent: sheet.minPercent,
        missing: sheet.missing,
        taskId: task?.id ?? null,
        sessions: sheet.sessions.map(({ teacher_id: _t, venue_id: _v, ...one }) => one),
        trainees: sheet.trainees,
      },
    },
  );
}
