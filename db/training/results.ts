/** Results of the assessment (N16): scores and certificates from another body than the trainer, and the filing that opens the way to a claim (N8). */
import type { Knex } from 'knex';
import { ConflictError, InputError, inputError, type Issue, NotAllowedError, NotFoundError } from '../../workflows/domain/errors.ts';
import { stageOf } from '../../workflows/domain/tasks.ts';
import { resultTouches } from '../../workflows/domain/classes/correction.ts';
import { type ClassRow, classProcedureId, setClassStatus } from '../classes/classes.ts';
import { readSnapshot } from '../classes/correction-snapshots.ts';
import { findOpened, requireOpenParts, type TouchedField } from '../classes/corrections.ts';
import type { Trx } from '../client.ts';
import type { DecisionContext } from '../protocol/decision-rules.ts';
import type { TaskRow } from '../protocol/tasks.ts';
import { type IdempotentRequest, onceOnly } from '../protocol/idempotency.ts';
import { auditProcedure, type LockedProcedure, lockProcedure, requireOpen } from '../protocol/procedures.ts';
import { type KeptFile, keepFile } from '../classes/own-class.ts';
import type { Actor } from '../accounts/users.ts';
import { dropCertificateChecks, registers } from '../classes/verifications.ts';
import { hasRole } from '../../workflows/domain/scope.ts';

export type ResultEntry = {
  enrolmentId: string;
  /** 0 to 100, at most one decimal. */
  theoryScore: number;
  practiceScore: number;
  passed: boolean;
  certificateNumber?: string | undefined;
  certificateDate?: string | undefined;
};
export type ResultField = 'enrolmentId' | 'theoryScore' | 'practiceScore' | 'passed' | 'certificateNumber' | 'certificateDate';
/** An entry with the names of its fields where it came from: cells of a sheet or fields of a form. */
export type PlacedResult = ResultEntry & { fieldOf: (field: ResultField) => string };

/** Both parts must be reached to pass (国家职业技能标准: 理论知识和技能考核均达60分). */
const PASS_SCORE = 60;

/** `file`: the sheet that the results came from; it is kept with the class. */
export type ResultsEntry = {
  number: string;
  results: readonly PlacedResult[];
  file?: KeptFile | undefined;
  request?: IdempotentRequest | undefined;
};

/**
 * Saves results while the assessor's task is open; a row replaces the earlier one of the same trainee. Nothing is written if anything is wrong.
 * Throws InputError at the fields, NotFoundError for anybody else's class, ConflictError `results.closed`.
 */
export async function saveResults(db: Knex, actor: Actor, { number, results, file, request }: ResultsEntry): Promise<{ saved: number }> {
  return onceOnly(db, request, async (trx) => {
    const { row, procedure, task } = await lockAssessedClass(trx, actor, number);
    if (results.length === 0) throw inputError('results', 'results.empty');
    if (task.kind === 'correction')
      requireOpenParts(await findOpened(trx, procedure.id, stageOf(task.step)), await changedResults(trx, row.id, results));
    const issues = [...(await entryIssues(trx, row, procedure.today, results)), ...(await certificateIssues(trx, results))];
    if (issues.length > 0) throw new InputError(issues);
    await write(trx, row.id, actor, procedure.now, results);
    if (file) await keepFile(trx, { classId: row.id, kind: 'evidence', actor, now: procedure.now, file });
    await auditProcedure(trx, procedure, actor.userId, { act: 'results.save', subject: procedure.id, detail: { results: results.length } });
    return { saved: results.length };
  });
}

/** The class with its procedure locked, for the assessment body that it names, while results or their correction are asked for. */
async function lockAssessedClass(
  trx: Trx,
  actor: Actor,
  number: string,
): Promise<{ row: ClassRow; procedure: LockedProcedure; task: TaskRow }> {
  const procedure = await lockProcedure(trx, classProcedureId(number)).catch((error: unknown) => {
    throw error instanceof NotFoundError ? new NotFoundError('class.unknown') : error;
  });
  const row = await trx<ClassRow>('classes').where({ number }).first();
  if (!row || !actor.institutionId || procedure.flags['assessorId'] !== actor.institutionId) throw new NotFoundError('class.unknown');
  if (!hasRole(actor, 'assessor')) throw new NotAllowedError('results.assessorOnly');
  requireOpen(procedure);
  const task = await trx<TaskRow>('tasks')
    .where({ procedure_id: procedure.id, status: 'open', role: 'assessor' })
    .whereIn('kind', ['results', 'correction'])
    .first();
  if (!task) throw new ConflictError('results.closed');
  return { row, procedure, task };
}

/** Results that are not what is saved, each at the field of its score or of its certificate. */
async function changedResults(trx: Trx, classId: string, results: readonly PlacedResult[]): Promise<TouchedField[]> {
  const saved = new Map((await readSnapshot(trx, classId)).results.map((result) => [result.id, result]));
  const none = { theoryScore: null, practiceScore: null, passed: null, certificateNumber: null, certificateDate: null };
  return results.flatMap((result) => {
    const after = {
      id: result.enrolmentId,
      theoryScore: result.theoryScore.toFixed(1),
      practiceScore: result.practiceScore.toFixed(1),
      passed: result.passed,
      certificateNumber: result.certificateNumber ?? null,
      certificateDate: result.certificateDate ?? null,
    };
    return resultTouches(saved.get(result.enrolmentId) ?? { id: result.enrolmentId, ...none }, after).map((touch) => ({
      field: result.fieldOf(touch.kind === 'certificate' ? 'certificateNumber' : 'theoryScore'),
      touch,
    }));
  });
}

async function entryIssues(trx: Trx, row: ClassRow, today: string, results: readonly PlacedResult[]): Promise<Issue[]> {
  const trainees = new Map(
    (await trx('enrolments').where({ class_id: row.id }).select('id', 'status', 'attendance_short')).map((enrolment) => [
      enrolment.id,
      enrolment,
    ]),
  );
  const seen = new Set<string>();
  const issues: Issue[] = [];
  for (const result of results) {
    const wrong = (field: ResultField, code: string, params?: Issue['params']): void => {
      issues.push({ field: result.fieldOf(field), code, ...(params ? { params } : {}) });
    };
    const trainee = trainees.get(result.enrolmentId);
    if (!trainee || trainee.status !== 'enrolled') wrong('enrolmentId', 'results.trainee');
    else if (trainee.attendance_short) wrong('enrolmentId', 'results.attendanceShort');
    if (seen.has(result.enrolmentId)) wrong('enrolmentId', 'results.traineeTwice');
    seen.add(result.enrolmentId);
    if (!isScore(result.theoryScore)) wrong('theoryScore', 'results.score');
    if (!isScore(result.practiceScore)) wrong('practiceScore', 'results.score');
    if (result.passed && Math.min(result.theoryScore, result.practiceScore) < PASS_SCORE)
      wrong('passed', 'results.passedBelow', { score: PASS_SCORE });
    if (result.passed && !result.certificateNumber) wrong('certificateNumber', 'results.certificateMissing');
    if (!result.passed && result.certificateNumber) wrong('certificateNumber', 'results.certificateNotPassed');
    if (result.certificateNumber && !/^[0-9A-Z-]{6,40}$/.test(result.certificateNumber))
      wrong('certificateNumber', 'results.certificateForm');
    if (result.passed && !result.certificateDate) wrong('certificateDate', 'required');
    if (result.certificateDate && row.end_date && result.certificateDate < row.end_date)
      wrong('certificateDate', 'results.certificateEarly', { endDate: row.end_date });
    if (result.certificateDate && result.certificateDate > today) wrong('certificateDate', 'results.certificateFuture');
  }
  return issues;
}

function isScore(score: number): boolean {
  return score >= 0 && score <= 100 && Math.abs(score * 10 - Math.round(score * 10)) < 1e-9;
}

/** One certificate, one person: within what is entered and against everything on record. */
async function certificateIssues(trx: Trx, results: readonly PlacedResult[]): Promise<Issue[]> {
  const numbers = new Map<string, number>();
  for (const { certificateNumber } of results)
    if (certificateNumber) numbers.set(certificateNumber, (numbers.get(certificateNumber) ?? 0) + 1);
  const entered = results.map((result) => result.enrolmentId);
  const taken = new Set<string>(
    (
      await trx('results')
        .whereIn('certificate_number', [...numbers.keys()])
        .whereNotIn('enrolment_id', entered)
        .select('certificate_number')
    ).map((row) => row.certificate_number),
  );
  return results.flatMap((result) => {
    const { certificateNumber } = result;
    if (!certificateNumber) return [];
    const field = result.fieldOf('certificateNumber');
    if ((numbers.get(certificateNumber) ?? 0) > 1) return [{ field, code: 'results.certificateTwice' }];
    return taken.has(certificateNumber) ? [{ field, code: 'results.certificateTaken' }] : [];
  });
}

/** Replaced as a whole, so that two trainees may exchange numbers. A certificate that was entered anew is looked up anew. */
async function write(trx: Trx, classId: string, actor: Actor, now: Date, results: readonly PlacedResult[]): Promise<void> {
  const ids = results.map((result) => result.enrolmentId);
  const before = new Map(
    (await trx('results').whereIn('enrolment_id', ids).select('enrolment_id', 'certificate_number', 'certificate_date')).map((row) => [
      row.enrolment_id,
      row,
    ]),
  );
  const changed = results.filter((result) => {
    const old = before.get(result.enrolmentId);
    return (
      old && (old.certificate_number !== (result.certificateNumber ?? null) || old.certificate_date !== (result.certificateDate ?? null))
    );
  });
  await dropCertificateChecks(
    trx,
    changed.map((result) => result.enrolmentId),
  );
  await trx('results').whereIn('enrolment_id', ids).delete();
  await trx('results').insert(
    results.map((result) => ({
      enrolment_id: result.enrolmentId,
      class_id: classId,
      theory_score: result.theoryScore,
      practice_score: result.practiceScore,
      passed: result.passed,
      certificate_number: result.certificateNumber ?? null,
      certificate_date: result.certificateDate ?? null,
      entered_by: actor.userId,
      entered_at: now,
    })),
  );
}

/** Decision rule: results are handed in for everybody who is enrolled and has attended. */
export async function requireResults({ trx, procedure }: DecisionContext): Promise<Record<string, unknown>> {
  const { rows } = await trx.raw<{ rows: { missing: number; passed: number; failed: number }[] }>(
    `select count(*) filter (where r.enrolment_id is null)::int as missing, count(*) filter (where r.passed)::int as passed,
            count(*) filter (where not r.passed)::int as failed
       from enrolments e left join results r on r.enrolment_id = e.id
      where e.class_id = ? and e.status = 'enrolled' and not e.attendance_short`,
    [procedure.class_id],
  );
  const { missing = 0, passed = 0, failed = 0 } = rows[0] ?? {};
  if (missing > 0) throw new ConflictError('results.incomplete', { missing });
  return { passed, failed };
}

/**
 * Act: files the class. Whoever is enrolled, attended, passed, confirmed by every register (or settled by hand) and not struck off by an
 * objection becomes a filed enrolment: the only ones that a payment line can name (凡补必进，不进不补).
 */
export async function fileClass(trx: Trx, procedure: LockedProcedure): Promise<void> {
  const filed = await trx.raw(
    `insert into filed_enrolments (class_id, person_id, enrolment_id, filed_at)
     select e.class_id, e.person_id, e.id, :now from enrolments e join results r on r.enrolment_id = e.id
      where e.class_id = :classId and e.status = 'enrolled' and not e.attendance_short and r.passed
        and not exists (select from unnest(cast(:registers as text[])) as wanted (register)
                          left join verifications v on v.enrolment_id = e.id and v.register = wanted.register
                         where v.result is distinct from 'yes' and v.settled_at is null)
        and not exists (select from objections o where o.enrolment_id = e.id and o.status = 'upheld')
     on conflict do nothing`,
    { classId: procedure.class_id, now: procedure.now, registers: [...registers] },
  );
  await setClassStatus(trx, procedure.class_id ?? '', 'filed');
  await auditProcedure(trx, procedure, undefined, { act: 'class.file', subject: procedure.id, detail: { filed: filed.rowCount ?? 0 } });
}
