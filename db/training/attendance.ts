/** Attendance by trainee and session (N15). */
import type { Knex } from 'knex';
import { attendanceOf, hasAttended, type TaughtSession } from '../../workflows/domain/training/attendance.ts';
import { mayClass } from '../../workflows/domain/classes/class.ts';
import { ConflictError, InputError, inputError, type Issue } from '../../workflows/domain/errors.ts';
import { rule } from '../../workflows/domain/policy/policy.ts';
import { hasOpenTask, keepFile, type KeptFile, lockOwnClass } from '../classes/own-class.ts';
import type { Trx } from '../client.ts';
import type { DecisionContext } from '../protocol/decision-rules.ts';
import { type IdempotentRequest, onceOnly } from '../protocol/idempotency.ts';
import { getPolicyPack } from '../catalogue/policy-packs.ts';
import { auditProcedure, type LockedProcedure } from '../protocol/procedures.ts';
import type { Actor } from '../accounts/users.ts';

export const attendanceMethods = ['face', 'qr', 'card', 'hand'] as const;
export type AttendanceMethod = (typeof attendanceMethods)[number];
/** `field` is where a wrong mark is reported: a cell of the sheet or a field of the form. */
export type Mark = { enrolmentId: string; sessionId: string; present: boolean; field: string };

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
