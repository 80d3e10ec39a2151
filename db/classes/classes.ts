/** Classes (班次): drafted by an institution, submitted into the procedure, moved by the acts of the office. */
import type { Knex } from 'knex';
import { type ClassAct, type ClassStatus, mayClass } from '../../workflows/domain/classes/class.ts';
import { ConflictError, InputError, type Issue, NotAllowedError, NotFoundError } from '../../workflows/domain/errors.ts';
import { procedureIdOf } from '../../workflows/domain/procedures.ts';
import { termsOf } from '../../workflows/domain/policy/policy.ts';
import { sessionKey, sessionTouches } from '../../workflows/domain/classes/correction.ts';
import { checkClass } from './class-checks.ts';
import { findOpened, type Opened, requireOpenParts, type TouchedField } from './corrections.ts';
import type { Db, Trx } from '../client.ts';
import { type IdempotentRequest, onceOnly } from '../protocol/idempotency.ts';
import { getPolicyPack, packFor } from '../catalogue/policy-packs.ts';
import { cancelChanges } from '../training/settled-changes.ts';
import { startProcedure, withdrawProcedure } from '../protocol/life.ts';
import { auditOutside, lockProcedure } from '../protocol/procedures.ts';
import { inCatalogueOf } from '../catalogue/projects.ts';
import { getRegion } from '../regions.ts';
import { assessRoster } from '../roster/roster-assessment.ts';
import { businessToday } from '../calendar/instant.ts';
import { nextNumber } from '../serial-numbers.ts';
import type { Actor } from '../accounts/users.ts';
import { hasRole } from '../../workflows/domain/scope.ts';

export type ClassRow = {
  id: string;
  number: string;
  institution_id: string;
  project_id: string;
  region: string;
  pack_id: string;
  title: string;
  plan: string;
  start_date: string | null;
  end_date: string | null;
  venue_id: string | null;
  assessor_id: string | null;
  status: ClassStatus;
  created_by: string;
  created_at: Date;
  version: number;
};

export type ClassDraft = {
  projectId: string;
  title: string;
  plan?: string | undefined;
  startDate?: string | undefined;
  endDate?: string | undefined;
  venueId?: string | undefined;
  assessorId?: string | undefined;
};

export type NewSession = {
  day: string;
  half: 'morning' | 'afternoon' | 'evening';
  hours: number;
  kind: 'theory' | 'practice';
  topic: string;
  teacherId: string;
  venueId: string;
};

export function classProcedureId(number: string): string {
  return procedureIdOf('trainingClass', number);
}

export async function findClass(db: Db, number: string): Promise<ClassRow | undefined> {
  return db<ClassRow>('classes').where({ number }).first();
}

export async function getClass(db: Db, number: string): Promise<ClassRow> {
  const row = await findClass(db, number);
  if (!row) throw new NotFoundError('class.unknown');
  return row;
}

export async function getClassById(db: Db, id: string): Promise<ClassRow> {
  const row = await db<ClassRow>('classes').where({ id }).first();
  if (!row) throw new NotFoundError('class.unknown');
  return row;
}

/** The class, for its own institution and an act that its status allows. Locks the row. Throws NotFoundError, ConflictError. */
export async function getOwnClass(trx: Trx, actor: Actor, number: string, act: ClassAct): Promise<ClassRow> {
  const row = await trx<ClassRow>('classes').where({ number }).forUpdate().first();
  if (!row || row.institution_id !== actor.institutionId) throw new NotFoundError('class.unknown');
  if (!mayClass(row.status, act)) throw new ConflictError('class.notNow', { status: row.status });
  return row;
}

/** A new draft from a project of the catalogue, in the institution's region, under the policy pack in force today. Returns its number. */
export async function createClass(db: Knex, actor: Actor, draft: ClassDraft, request?: IdempotentRequest): Promise<{ number: string }> {
  if (!actor.institutionId || !hasRole(actor, 'institution')) throw new NotAllowedError('class.institutionOnly');
  const institutionId = actor.institutionId;
  return onceOnly(db, request, async (trx) => {
    // Whoever suspends it waits, or is waited for.
    const institution = await trx('institutions').where({ id: institutionId }).forShare().first();
    if (!institution) throw new NotFoundError('institution.unknown');
    if (institution.status !== 'listed') throw new ConflictError('institution.notListed');
    const today = await businessToday(trx);
    await requireDraft(trx, institutionId, draft, today);
    const region = await getRegion(trx, institution.region);
    const pack = await packFor(trx, region.path, today);
    const number = await nextNumber(trx, 'class', region.code, today.slice(0, 4));
    const [row] = await trx('classes')
      .insert({
        number,
        institution_id: institutionId,
        region: region.code,
        pack_id: pack.id,
        created_by: actor.userId,
        created_at: trx.raw('business_now()'),
        ...draftColumns(draft),
      })
      .returning('id');
    await auditOutside(trx, actor.userId, { act: 'class.draft', subject: classProcedureId(number), detail: { id: row.id } });
    return { number };
  });
}

/** What a draft may name: a project of the catalogue in force, the institution's own venue, another body that assesses. Everything at once. */
async function requireDraft(trx: Trx, institutionId: string, draft: ClassDraft, today: string, kept?: ClassRow): Promise<void> {
  const issues: Issue[] = [];
  if (draft.projectId !== kept?.project_id) {
    if (kept && kept.status !== 'draft') issues.push({ field: 'projectId', code: 'class.projectFixed' });
    else if (!(await findProject(trx, draft.projectId, institutionId, today))) issues.push({ field: 'projectId', code: 'class.project' });
  }
  if (draft.startDate && draft.endDate && draft.endDate < draft.startDate) issues.push({ field: 'endDate', code: 'class.datesOrder' });
  if (draft.venueId && !(await trx('venues').where({ id: draft.venueId, institution_id: institutionId, active: true }).first('id')))
    issues.push({ field: 'venueId', code: 'class.venue' });
  if (draft.assessorId) {
    const assessor = await trx('institutions').where({ id: draft.assessorId, kind: 'assessment', status: 'listed' }).first('id');
    if (!assessor || draft.assessorId === institutionId) issues.push({ field: 'assessorId', code: 'class.assessor' });
  }
  if (issues.length > 0) throw new InputError(issues);
}

async function findProject(trx: Trx, id: string, institutionId: string, today: string): Promise<{ id: string } | undefined> {
  return trx('catalogue_projects')
    .where({ id })
    .where('valid_from', '<=', today)
    .whereRaw('(valid_to is null or valid_to > ?)', [today])
    .whereRaw(inCatalogueOf, [institutionId])
    .first('id');
}

function draftColumns(draft: ClassDraft) {
  return {
    project_id: draft.projectId,
    title: draft.title,
    plan: draft.plan ?? '',
    start_date: draft.startDate ?? null,
    end_date: draft.endDate ?? null,
    venue_id: draft.venueId ?? null,
    assessor_id: draft.assessorId ?? null,
  };
}

/** What a form that replaces another says about itself. */
export type Saving = { version?: number | undefined; request?: IdempotentRequest | undefined };

/** Saves the form of a draft or of a class returned for correction. `version` refuses to overwrite what somebody else saved meanwhile. Returns the new version. */
export async function saveClass(
  db: Knex,
  actor: Actor,
  number: string,
  draft: ClassDraft,
  { version, request }: Saving = {},
): Promise<number> {
  return onceOnly(db, request, async (trx) => {
    const row = await getOwnClass(trx, actor, number, 'edit');
    requireVersion(row, version);
    requireOpenParts(await findOpenedOf(trx, row), formTouches(row, draft));
    await requireDraft(trx, row.institution_id, draft, await businessToday(trx), row);
    const [saved] = await trx<ClassRow>('classes')
      .where({ id: row.id })
      .update({ ...draftColumns(draft), version: row.version + 1 })
      .returning('*');
    // Ages count on the first day, and amounts depend on the project.
    if (saved && (draft.startDate !== (row.start_date ?? undefined) || draft.projectId !== row.project_id))
      await assessRoster(trx, saved, await getPolicyPack(trx, row.pack_id));
    await auditOutside(trx, actor.userId, { act: 'class.save', subject: classProcedureId(number) });
    return row.version + 1;
  });
}

/** What of a class that is back for correction is open; undefined while nothing is limited. Every write of its institution asks this. */
export async function findOpenedOf(db: Db, row: Pick<ClassRow, 'number' | 'status'>): Promise<Opened | undefined> {
  return row.status === 'correction' ? findOpened(db, classProcedureId(row.number), 'pre_training') : undefined;
}

/** Fields of the form that are not what is saved, each with the part that it belongs to. */
function formTouches(row: ClassRow, draft: ClassDraft): TouchedField[] {
  const next = draftColumns(draft);
  const parts = [
    ['title', 'plan', row.title === next.title],
    ['plan', 'plan', row.plan === next.plan],
    ['startDate', 'dates', row.start_date === next.start_date],
    ['endDate', 'dates', row.end_date === next.end_date],
    ['venueId', 'venue', row.venue_id === next.venue_id],
    ['assessorId', 'assessor', row.assessor_id === next.assessor_id],
  ] as const;
  return parts.filter(([, , same]) => !same).map(([field, kind]) => ({ field, touch: { kind } }));
}

/** Cells of the timetable that are not what is saved. */
async function timetableTouches(trx: Trx, classId: string, sessions: readonly NewSession[]): Promise<TouchedField[]> {
  const saved = await trx('class_sessions')
    .where({ class_id: classId })
    .select('day', 'half', 'hours', 'kind', 'topic', 'teacher_id as teacherId', 'venue_id as venueId');
  const old = new Map(saved.map((session) => [sessionKey(session), session]));
  const kept = new Set(sessions.map(sessionKey));
  const removed = saved.some((session) => !kept.has(sessionKey(session)));
  return [
    ...sessions.flatMap((session, at) =>
      sessionTouches(old.get(sessionKey(session)), session).map(({ field, touch }) => ({ field: `sessions.${at}.${field}`, touch })),
    ),
    ...(removed ? [{ field: 'sessions', touch: { kind: 'sessions' as const } }] : []),
  ];
}

function requireVersion(row: ClassRow, version: number | undefined): void {
  if (version !== undefined && version !== row.version) throw new ConflictError('form.stale');
}

/** Replaces the timetable. Checks of content come with the submission; here only that teachers and venues are the institution's own and in use. Returns the new version. */
export async function saveTimetable(
  db: Knex,
  actor: Actor,
  number: string,
  sessions: readonly NewSession[],
  { version, request }: Saving = {},
): Promise<number> {
  return onceOnly(db, request, async (trx) => {
    const row = await getOwnClass(trx, actor, number, 'edit');
    requireVersion(row, version);
    requireOpenParts(await findOpenedOf(trx, row), await timetableTouches(trx, row.id, sessions));
    await requireSessions(trx, row.institution_id, sessions);
    await trx('class_sessions').where({ class_id: row.id }).delete();
    if (sessions.length > 0) {
      await trx('class_sessions').insert(
        sessions.map((session) => ({
          class_id: row.id,
          day: session.day,
          half: session.half,
          hours: session.hours,
          kind: session.kind,
          topic: session.topic,
          teacher_id: session.teacherId,
          venue_id: session.venueId,
        })),
      );
    }
    await trx('classes')
      .where({ id: row.id })
      .update({ version: row.version + 1 });
    await auditOutside(trx, actor.userId, {
      act: 'class.timetable',
      subject: classProcedureId(number),
      detail: { sessions: sessions.length },
    });
    return row.version + 1;
  });
}

async function requireSessions(trx: Trx, institutionId: string, sessions: readonly NewSession[]): Promise<void> {
  const teachers = new Set(
    (await trx('teachers').where({ institution_id: institutionId, active: true }).select('id')).map((row) => row.id),
  );
  const venues = new Set((await trx('venues').where({ institution_id: institutionId, active: true }).select('id')).map((row) => row.id));
  const issues: Issue[] = [];
  for (const [at, session] of sessions.entries()) {
    if (!teachers.has(session.teacherId)) issues.push({ field: `sessions.${at}.teacherId`, code: 'class.teacher' });
    if (!venues.has(session.venueId)) issues.push({ field: `sessions.${at}.venueId`, code: 'class.venue' });
    if (sessions.some((other, place) => place < at && other.day === session.day && other.half === session.half)) {
      issues.push({ field: `sessions.${at}.half`, code: 'class.sessionTwice' });
    }
  }
  if (issues.length > 0) throw new InputError(issues);
}

/** Submits a draft: everything is checked, then the procedure opens with its first fact. Throws InputError with every problem at once. */
export async function submitClass(
  db: Knex,
  actor: Actor,
  number: string,
  { version, request }: { version?: number | undefined; request?: IdempotentRequest | undefined } = {},
): Promise<{ procedureId: string }> {
  return onceOnly(db, request, async (trx) => {
    const row = await getOwnClass(trx, actor, number, 'submit');
    requireVersion(row, version);
    const pack = await getPolicyPack(trx, row.pack_id);
    const institution = await trx('institutions').where({ id: row.institution_id }).forNoKeyUpdate().first('name', 'status');
    // A draft from before the suspension goes no further than a new one.
    if (institution?.status !== 'listed') throw new ConflictError('institution.notListed');
    const { headcount, amountFen } = await checkClass(trx, row, pack);
    const procedureId = classProcedureId(number);
    const opening = {
      id: procedureId,
      type: 'trainingClass',
      subjectId: row.id,
      classId: row.id,
      region: row.region,
      institutionId: row.institution_id,
      number,
      title: row.title,
      institutionName: institution?.name ?? '',
      headcount,
      amountFen,
      terms: termsOf(pack),
      flags: { startDate: row.start_date ?? '', endDate: row.end_date ?? '', assessorId: row.assessor_id ?? '' },
    } as const;
    await startProcedure(trx, opening, { actor: actor.userId, audit: { act: 'class.submit', detail: { headcount } } });
    await trx('classes')
      .where({ id: row.id })
      .update({ status: 'in_review', version: row.version + 1 });
    return { procedureId };
  });
}

/** Takes the class back before training begins. The row's status closes its tasks at once; the run follows. */
export async function withdrawClass(db: Knex, actor: Actor, number: string, reason: string, request?: IdempotentRequest): Promise<void> {
  await onceOnly(db, request, async (trx) => {
    // The procedure first, then the class: the order in which decisions and steps lock.
    await trx('procedures')
      .where({ id: classProcedureId(number) })
      .forUpdate()
      .first('id');
    const row = await getOwnClass(trx, actor, number, 'withdraw');
    const procedure = await lockProcedure(trx, classProcedureId(number));
    await withdrawProcedure(trx, procedure, { actor: actor.userId, reason, act: 'class.withdraw' });
    await trx('classes').where({ id: row.id }).update({ status: 'withdrawn' });
    await cancelChanges(trx, procedure);
    return { withdrawn: true };
  });
}

/** Moves the class along with its procedure. A class that was withdrawn stays so. */
export async function setClassStatus(trx: Trx, classId: string, status: ClassStatus): Promise<void> {
  await trx('classes').where({ id: classId }).whereNotIn('status', ['withdrawn', 'terminated']).update({ status });
}
