/** Everything that a class must fulfil to be submitted, checked at once and reported at the fields. */
import { InputError, type Issue } from '../../workflows/domain/errors.ts';
import { materialRules, type PolicyPack, rule } from '../../workflows/domain/policy/policy.ts';
import { checkTimetable } from '../../workflows/domain/classes/timetable.ts';
import { readCalendar } from '../calendar/calendar.ts';
import type { ClassRow } from './classes.ts';
import type { Db, Trx } from '../client.ts';
import type { DecisionContext } from '../protocol/decision-rules.ts';
import { getPolicyPack } from '../catalogue/policy-packs.ts';
import { answerCorrections } from './corrections.ts';
import { livingStatuses, runningStatuses } from '../../workflows/domain/classes/class.ts';
import { assessRoster } from '../roster/roster-assessment.ts';
import { businessToday } from '../calendar/instant.ts';

/** The order of a timetable: its rows are counted in it wherever an issue names one. */
export const sessionOrder = `day, array_position(array['morning', 'afternoon', 'evening'], half)`;

/** Throws InputError with every issue; returns what the inbox shows. Also stores each trainee's verdict and amount with its trace. */
export async function checkClass(trx: Trx, row: ClassRow, pack: PolicyPack): Promise<{ headcount: number; amountFen: number }> {
  await lockSharers(trx, row);
  const issues = await findClassIssues(trx, row, pack);
  const { headcount, amountFen, wrongAge } = await assessRoster(trx, row, pack);
  for (const { seat, age } of wrongAge) issues.push({ field: `roster.${seat}`, code: 'class.traineeAge', params: { seat, age } });
  if (issues.length > 0) throw new InputError(issues);
  return { headcount, amountFen };
}

/** Two classes that share a teacher, a room or a trainee are checked one after the other, so that the second sees the first. */
async function lockSharers(trx: Trx, row: ClassRow): Promise<void> {
  await trx.raw('select 1 from institutions where id = ? for no key update', [row.institution_id]);
  await trx.raw(`select 1 from people where id in (select person_id from enrolments where class_id = ?) order by id for no key update`, [
    row.id,
  ]);
}

/** What still stands between a draft and its submission, at the fields of the form, of the timetable (`sessions…`), of the roster (`roster…`) and of the materials (`materials.<kind>`). */
export async function findClassIssues(db: Db, row: ClassRow, pack: PolicyPack): Promise<Issue[]> {
  const issues: Issue[] = [];
  if (!row.plan.trim()) issues.push({ field: 'plan', code: 'class.planMissing' });
  if (!row.start_date) issues.push({ field: 'startDate', code: 'required' });
  if (!row.end_date) issues.push({ field: 'endDate', code: 'required' });
  if (!row.venue_id) issues.push({ field: 'venueId', code: 'required' });
  if (!row.assessor_id) issues.push({ field: 'assessorId', code: 'required' });
  const headcount = await countEnrolled(db, row.id);
  if (headcount === 0) issues.push({ field: 'roster', code: 'class.rosterMissing' });
  const venue = row.venue_id ? await db('venues').where({ id: row.venue_id }).first('capacity', 'active') : undefined;
  if (venue && !venue.active) issues.push({ field: 'venueId', code: 'class.venue' });
  if (venue && headcount > venue.capacity)
    issues.push({ field: 'venueId', code: 'class.venueSmall', params: { capacity: venue.capacity, headcount } });
  if (row.start_date && row.end_date) issues.push(...(await timetableIssues(db, row, pack)), ...(await overlapIssues(db, row)));
  else if (!(await db('class_sessions').where({ class_id: row.id }).first('id')))
    issues.push({ field: 'sessions', code: 'timetable.empty' });
  issues.push(...(await outOfUseIssues(db, row.id)));
  issues.push(...(await materialIssues(db, row, pack)));
  return issues;
}

/** Teachers and venues that the institution took out of use after they were planned. */
async function outOfUseIssues(db: Db, classId: string): Promise<Issue[]> {
  const sessions = await db('class_sessions as s')
    .join('teachers as t', 't.id', 's.teacher_id')
    .join('venues as v', 'v.id', 's.venue_id')
    .where('s.class_id', classId)
    .orderByRaw(sessionOrder)
    .select('t.active as teaching', 'v.active as open');
  return sessions.flatMap((session, at) => [
    ...(session.teaching ? [] : [{ field: `sessions.${at}.teacherId`, code: 'class.teacher' }]),
    ...(session.open ? [] : [{ field: `sessions.${at}.venueId`, code: 'class.venue' }]),
  ]);
}

async function materialIssues(db: Db, row: ClassRow, pack: PolicyPack): Promise<Issue[]> {
  const there = new Set<string>(await db('class_materials').where({ class_id: row.id }).whereNull('removed_at').pluck('kind'));
  return materialRules(pack)
    .filter(({ kind, required }) => required && !there.has(kind))
    .map(({ kind }) => ({ field: `materials.${kind}`, code: `material.missing.${kind}` }));
}

/** Decision rule: every point of the list is answered, and what comes back fulfils the same as a first submission. Throws InputError with all that is open. */
export async function requireCorrected(context: DecisionContext): Promise<void> {
  const unanswered = await answerCorrections(context);
  try {
    await recheckClass(context);
  } catch (error) {
    if (error instanceof InputError) throw new InputError([...unanswered, ...error.issues]);
    throw error;
  }
  if (unanswered.length > 0) throw new InputError(unanswered);
}

async function recheckClass({ trx, procedure }: DecisionContext): Promise<void> {
  if (procedure.type !== 'trainingClass' || !procedure.class_id) return;
  // Roster, timetable and form are saved under this lock: what is not committed yet is waited for and checked.
  const row = await trx<ClassRow>('classes').where({ id: procedure.class_id }).forUpdate().first();
  if (!row || row.status !== 'correction') return;
  const { headcount, amountFen } = await checkClass(trx, row, await getPolicyPack(trx, row.pack_id));
  const flags = { ...procedure.flags, startDate: row.start_date ?? '', endDate: row.end_date ?? '', assessorId: row.assessor_id ?? '' };
  // From here on it is with the office again; the next step says the same.
  await trx('classes').where({ id: row.id, status: 'correction' }).update({ status: 'in_review' });
  await trx('procedures')
    .where({ id: procedure.id })
    .update({ headcount, amount_fen: amountFen, subject_title: row.title, flags: JSON.stringify(flags) });
}

async function countEnrolled(db: Db, classId: string): Promise<number> {
  const counted = await db('enrolments').where({ class_id: classId, status: 'enrolled' }).count<{ count: number }[]>('id as count');
  return Number(counted[0]?.count ?? 0);
}

async function timetableIssues(db: Db, row: ClassRow, pack: PolicyPack): Promise<Issue[]> {
  const project = await db('catalogue_projects').where({ id: row.project_id }).first('kind', 'hours_min', 'occupation');
  const sessions = await db('class_sessions')
    .where({ class_id: row.id })
    .orderByRaw(sessionOrder)
    .select('day', 'half', 'hours', 'kind', 'teacher_id', 'venue_id', 'topic');
  return checkTimetable({
    calendar: await readCalendar(db, row.region),
    today: await businessToday(db),
    startDate: row.start_date ?? '',
    endDate: row.end_date ?? '',
    hoursMin: Math.max(
      project?.hours_min ?? 0,
      rule(pack, project?.kind === 'certificate' ? 'hours.certificateMin' : 'hours.singleAbilityMin'),
    ),
    theoryMinPercent: rule(pack, 'hours.theoryMinPercent'),
    practiceMinPercent: rule(pack, 'hours.practiceMinPercent'),
    leadWorkingDays: rule(pack, 'schedule.classApplicationLeadWorkingDays'),
    sessions: sessions.map((session) => ({
      day: session.day,
      half: session.half,
      hours: session.hours,
      kind: session.kind,
      topic: session.topic,
      teacherId: session.teacher_id,
      venueId: session.venue_id,
    })),
    taken: await takenElsewhere(db, row.id),
  });
}

/** Sessions of other living classes that use the same teachers or venues on the same half-days. */
async function takenElsewhere(
  db: Db,
  classId: string,
): Promise<{ day: string; half: 'morning' | 'afternoon' | 'evening'; teacherId: string; venueId: string; classNumber: string }[]> {
  const rows = await db('class_sessions as other')
    .join('classes as c', 'c.id', 'other.class_id')
    .join('class_sessions as own', (join) => {
      join.on('own.day', 'other.day').andOn('own.half', 'other.half');
    })
    .where('own.class_id', classId)
    .whereNot('other.class_id', classId)
    .whereIn('c.status', [...livingStatuses])
    .whereRaw('(other.teacher_id = own.teacher_id or other.venue_id = own.venue_id)')
    .select('other.day', 'other.half', 'other.teacher_id', 'other.venue_id', 'c.number');
  return rows.map((row) => ({ day: row.day, half: row.half, teacherId: row.teacher_id, venueId: row.venue_id, classNumber: row.number }));
}

/** A person who sits in another living class on overlapping dates cannot be in two rooms. */
async function overlapIssues(db: Db, row: ClassRow): Promise<Issue[]> {
  const found = await db('enrolments as e')
    .join('enrolments as o', 'o.person_id', 'e.person_id')
    .join('classes as c', 'c.id', 'o.class_id')
    .where({ 'e.class_id': row.id, 'e.status': 'enrolled', 'o.status': 'enrolled' })
    .whereNot('o.class_id', row.id)
    .whereIn('c.status', [...runningStatuses])
    .whereRaw('c.start_date <= ? and c.end_date >= ?', [row.end_date, row.start_date])
    .orderBy('e.seat')
    .select('e.seat', 'c.number');
  return found.map((other) => ({
    field: `roster.${other.seat}`,
    code: 'class.personElsewhere',
    params: { seat: other.seat, number: other.number },
  }));
}
