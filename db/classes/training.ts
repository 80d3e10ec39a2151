/** During the training: attendance by trainee and session, inspections with their rectification (N15). */
import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { attendanceOf, hasAttended, type TaughtSession } from '../../workflows/domain/training/attendance.ts';
import { mayClass } from '../../workflows/domain/training/class.ts';
import { ConflictError, InputError, inputError, type Issue, NotAllowedError, NotFoundError } from '../../workflows/domain/errors.ts';
import { rule } from '../../workflows/domain/policy/policy.ts';
import { type ClassRow, classProcedureId } from './classes.ts';
import type { Trx } from '../client.ts';
import type { DecisionContext } from '../protocol/decision-rules.ts';
import { type IdempotentRequest, onceOnly } from '../protocol/idempotency.ts';
import { getPolicyPack } from '../policy-packs.ts';
import { auditProcedure, type LockedProcedure, lockProcedure, requireOpen } from '../protocol/procedures.ts';
import type { Actor } from '../users.ts';
import { hasRole } from '../../workflows/domain/scope.ts';

export const attendanceMethods = ['face', 'qr', 'card', 'hand'] as const;
export type AttendanceMethod = (typeof attendanceMethods)[number];
/** `field` is where a wrong mark is reported: a cell of the sheet or a field of the form. */
export type Mark = { enrolmentId: string; sessionId: string; present: boolean; field: string };

/** The class with its procedure locked, for its own institution. Throws NotFoundError, ConflictError. */
export async function lockOwnClass(trx: Trx, actor: Actor, number: string): Promise<{ row: ClassRow; procedure: LockedProcedure }> {
  const procedure = await lockProcedure(trx, classProcedureId(number)).catch((error: unknown) => {
    throw error instanceof NotFoundError ? new NotFoundError('class.unknown') : error;
  });
  const row = await trx<ClassRow>('classes').where({ number }).first();
  if (!row || row.institution_id !== actor.institutionId) throw new NotFoundError('class.unknown');
  if (!hasRole(actor, 'institution')) throw new NotAllowedError('class.institutionOnly');
  requireOpen(procedure);
  return { row, procedure };
}

export type KeptFile = { name: string; type: string; content: Buffer };
/** `file`: the sheet that the marks came from; it is kept with the class. */
export type AttendanceEntry = {
  number: string;
  marks: readonly Mark[];
  method?: AttendanceMethod | undefined;
  file?: KeptFile | undefined;
  request?: IdempotentRequest | undefined;
};

/**
 * Saves marks while the attendance task is open; a mark for the same trainee and session replaces the earlier one.
 * Throws InputError at the fields of the marks, ConflictError `attendance.closed`.
 */
export async function saveAttendance(
  db: Knex,
  actor: Actor,
  { number, marks, method = 'hand', file, request }: AttendanceEntry,
): Promise<{ saved: number }> {
  return onceOnly(db, request, async (trx) => {
    const { row, procedure } = await lockOwnClass(trx, actor, number);
    if (!mayClass(row.status, 'enterAttendance') || !(await hasOpenTask(trx, procedure.id, 'attendance')))
      throw new ConflictError('attendance.closed');
    if (marks.length === 0) throw inputError('marks', 'attendance.empty');
    await checkMarks(trx, row.id, procedure.today, marks);
    const unique = new Map(marks.map((mark) => [`${mark.sessionId}/${mark.enrolmentId}`, mark]));
    await trx.raw(
      `insert into attendance (session_id, enrolment_id, present, method, entered_by, entered_at)
       select m."sessionId", m."enrolmentId", m.present, :method, :actor, :now
         from jsonb_to_recordset(cast(:marks as jsonb)) as m ("sessionId" uuid, "enrolmentId" uuid, present boolean)
       on conflict (session_id, enrolment_id) do update
          set present = excluded.present, method = excluded.method, entered_by = excluded.entered_by, entered_at = excluded.entered_at`,
      { marks: JSON.stringify([...unique.values()]), method, actor: actor.userId, now: procedure.now },
    );
    if (file) await keepFile(trx, { classId: row.id, kind: 'attendance', actor, now: procedure.now, file });
    await auditProcedure(trx, procedure, actor.userId, {
      act: 'attendance.save',
      subject: procedure.id,
      detail: { marks: unique.size, method },
    });
    return { saved: unique.size };
  });
}

export async function keepFile(
  trx: Trx,
  { classId, kind, actor, now, file }: { classId: string; kind: 'attendance' | 'evidence'; actor: Actor; now: Date; file: KeptFile },
): Promise<void> {
  await trx('class_files').insert({
    class_id: classId,
    kind,
    name: file.name.slice(0, 200),
    type: file.type,
    size: file.content.length,
    sha256: createHash('sha256').update(file.content).digest(),
    content: file.content,
    uploaded_by: actor.userId,
    uploaded_at: now,
  });
}

export async function hasOpenTask(trx: Trx, procedureId: string, kind: string): Promise<boolean> {
  return (await trx('tasks').where({ procedure_id: procedureId, status: 'open', kind }).first('id')) !== undefined;
}

async function checkMarks(trx: Trx, classId: string, today: string, marks: readonly Mark[]): Promise<void> {
  const days = new Map<string, string>(
    (await trx('class_sessions').where({ class_id: classId }).select('id', 'day')).map((session) => [session.id, session.day]),
  );
  const enrolled = new Set<string>(
    (await trx('enrolments').where({ class_id: classId, status: 'enrolled' }).select('id')).map((row) => row.id),
  );
  const issues: Issue[] = [];
  for (const mark of marks) {
    const day = days.get(mark.sessionId);
    if (day === undefined) issues.push({ field: mark.field, code: 'attendance.session' });
    else if (!enrolled.has(mark.enrolmentId)) issues.push({ field: mark.field, code: 'attendance.trainee' });
    else if (day > today) issues.push({ field: mark.field, code: 'attendance.future', params: { day } });
  }
  if (issues.length > 0) throw new InputError(issues);
}

/** Decision rule: attendance is handed in only when every enrolled trainee has a mark for every session. */
export async function requireAttendance({ trx, procedure }: DecisionContext): Promise<Record<string, unknown>> {
  const { rows } = await trx.raw<{ rows: { wanted: number; marked: number; present: number }[] }>(
    `select count(*)::int as wanted, count(a.session_id)::int as marked, count(*) filter (where a.present)::int as present
       from enrolments e join class_sessions s on s.class_id = e.class_id
       left join attendance a on a.session_id = s.id and a.enrolment_id = e.id
      where e.class_id = ? and e.status = 'enrolled'`,
    [procedure.class_id],
  );
  const { wanted = 0, marked = 0, present = 0 } = rows[0] ?? {};
  if (marked < wanted) throw new ConflictError('attendance.incomplete', { missing: wanted - marked });
  return { marks: marked, present };
}

/** Act: computes every trainee's share of attended hours and marks who stays below the minimum of the policy pack. */
export async function closeAttendance(trx: Trx, procedure: LockedProcedure): Promise<void> {
  const classId = procedure.class_id ?? '';
  const pack = await getPolicyPack(trx, procedure.terms.packId);
  const minPercent = rule(pack, 'attendance.minPercent');
  const sessions = (await trx('class_sessions').where({ class_id: classId }).select('id', 'kind', 'hours')) as TaughtSession[];
  const attended = await attendedSessions(trx, classId);
  for (const enrolment of await trx('enrolments').where({ class_id: classId, status: 'enrolled' }).select<{ id: string }[]>('id')) {
    const summary = attendanceOf(sessions, attended.get(enrolment.id) ?? new Set());
    const short = !hasAttended(summary, minPercent);
    await trx('enrolments')
      .where({ id: enrolment.id })
      .update({
        attended_percent: summary.total.percent,
        attendance_short: short,
        ...(short ? { status_reason: `attendance ${summary.total.percent}%` } : {}),
      });
  }
}

/** Ids of the attended sessions by enrolment. */
export async function attendedSessions(trx: Trx | Knex, classId: string): Promise<Map<string, Set<string>>> {
  const rows = await trx('attendance as a')
    .join('class_sessions as s', 's.id', 'a.session_id')
    .where({ 's.class_id': classId, 'a.present': true })
    .select('a.session_id', 'a.enrolment_id');
  const attended = new Map<string, Set<string>>();
  for (const row of rows) {
    const sessions = attended.get(row.enrolment_id) ?? new Set();
    sessions.add(row.session_id);
    attended.set(row.enrolment_id, sessions);
  }
  return attended;
}

export const inspectionMethods = ['video', 'visit', 'phone'] as const;
export type InspectionMethod = (typeof inspectionMethods)[number];
type InspectionEntry = { method: InspectionMethod; present_count: number | null; remark: string; companion: string | null };

/** Decision rule of inspections and re-inspections: what was found is on record with who was there. */
export async function recordInspection({ trx, actor, task, procedure, decision }: DecisionContext): Promise<void> {
  const classId = procedure.class_id ?? '';
  const again = task.kind === 'reinspection';
  const earlier = again
    ? await trx('inspections').where({ class_id: classId }).orderBy('inspected_at', 'desc').first('method', 'companion')
    : undefined;
  const pack = await getPolicyPack(trx, procedure.terms.packId);
  const entry = readInspection(decision.payload ?? {}, {
    headcount: procedure.headcount ?? 0,
    phonePercent: rule(pack, 'inspection.phoneCheckMinPercent'),
    ...(earlier ? { earlier } : {}),
  });
  if (entry.companion === actor.name) throw inputError('companion', 'inspection.companionSelf');
  const found = decision.outcome === 'in_order' || decision.outcome === 'rectified' ? 'in_order' : 'finding';
  await trx('inspections').insert({
    ...entry,
    class_id: classId,
    task_id: task.id,
    found,
    inspector: actor.userId,
    inspected_at: procedure.now,
  });
  if (!again) return;
  const rectification = await trx('rectifications')
    .where({ class_id: classId })
    .whereNotNull('answered_at')
    .orderBy('answered_at', 'desc')
    .first('id');
  if (rectification)
    await trx('rectifications')
      .where({ id: rectification.id })
      .update({ accepted: found === 'in_order' });
}

type InspectionRules = { headcount: number; phonePercent: number; earlier?: { method: InspectionMethod; companion: string | null } };

/** Throws InputError: unannounced visits are made by two, phone checks reach the share of the class that the policy pack asks for. */
function readInspection(payload: Record<string, unknown>, { headcount, phonePercent, earlier }: InspectionRules): InspectionEntry {
  const issues: Issue[] = [];
  const text = (name: string): string => (typeof payload[name] === 'string' ? payload[name].trim().slice(0, 2_000) : '');
  const method = inspectionMethods.find((known) => known === payload['method']) ?? (payload['method'] ? undefined : earlier?.method);
  if (!method) issues.push({ field: 'method', code: payload['method'] ? 'inspection.method' : 'required' });
  const counted = payload['presentCount'] ?? payload['present_count'] ?? '';
  const present = String(counted).trim() === '' ? null : Number(counted);
  if (present !== null && (!Number.isInteger(present) || present < 0 || present > headcount))
    issues.push({ field: 'presentCount', code: 'inspection.presentCount', params: { headcount } });
  if (present === null && !earlier) issues.push({ field: 'presentCount', code: 'required' });
  const least = Math.ceil((headcount * phonePercent) / 100);
  if (method === 'phone' && present !== null && present < least)
    issues.push({ field: 'presentCount', code: 'inspection.phoneShare', params: { least, percent: phonePercent } });
  const companion = text('companion') || (payload['method'] ? '' : (earlier?.companion ?? ''));
  if (method === 'visit' && companion.length < 2) issues.push({ field: 'companion', code: 'inspection.companion' });
  if (issues.length > 0 || !method) throw new InputError(issues);
  return { method, present_count: present, remark: text('remark'), companion: companion || null };
}

/** Act: a finding is to be put right. */
export async function orderRectification(trx: Trx, procedure: LockedProcedure, taskId: string): Promise<void> {
  const inspection = await trx('inspections').where({ task_id: taskId }).first('id', 'class_id');
  if (!inspection) throw new NotFoundError('inspection.unknown');
  await trx('rectifications').insert({ class_id: inspection.class_id, inspection_id: inspection.id }).onConflict('inspection_id').ignore();
  await auditProcedure(trx, procedure, undefined, { act: 'rectification.order', subject: procedure.id, detail: { task: taskId } });
}

/** Decision rule: the institution says in words what it has put right. */
export async function answerRectification({ trx, actor, procedure, decision }: DecisionContext): Promise<void> {
  const answer = String(decision.reason || decision.payload?.['answer'] || '').trim();
  if (answer.length < 2) throw inputError('reason', 'rectification.answerMissing');
  const row = await trx('rectifications as r')
    .join('inspections as i', 'i.id', 'r.inspection_id')
    .where('r.class_id', procedure.class_id)
    .whereNull('r.answered_at')
    .orderBy('i.inspected_at', 'desc')
    .first('r.id');
  if (!row) throw new NotFoundError('inspection.unknown');
  await trx('rectifications').where({ id: row.id }).update({ answer, answered_by: actor.userId, answered_at: procedure.now });
}
