/** The act of deciding: one winner per task, on record with COMMIT. */
import type { Knex } from 'knex';
import { ConflictError, inputError, NotAllowedError, NotFoundError, OfficeError } from '../../workflows/domain/errors.ts';
import { requireReason } from '../../workflows/domain/reasons.ts';
import type { JointPart } from '../../workflows/domain/signing.ts';
import { judgeTaskAct } from '../../workflows/domain/task-acts.ts';
import { needsReason, type TaskKind } from '../../workflows/domain/task-kinds.ts';
import type { TaskStatus } from '../../workflows/domain/tasks.ts';
import { instantColumns } from '../calendar/instant.ts';
import { constraintOf, DEADLOCK_DETECTED, type Db, inTransaction, sqlState, type Trx } from '../client.ts';
import { run, type Statement, statement } from '../statements.ts';
import { readingRule, ruleOf } from './decision-rules.ts';
import type { CorrectionMarks } from '../classes/corrections.ts';
import { findAnswer, type IdempotentRequest } from './idempotency.ts';
import { ringAfterCommit } from './outbox.ts';
import { auditHash, type LockedProcedure, procedureColumns } from './procedures.ts';
import { alone, settleGroup, type Settling } from './signing/groups.ts';
import { isMovingBack } from './taking-back.ts';
import { findCapacity, getTask, hasSignedElsewhere, refusal } from './task-acts.ts';
import type { Actor } from '../accounts/users.ts';

export type TaskRow = {
  id: string;
  procedure_id: string;
  step: string;
  round: number;
  kind: TaskKind;
  role: string;
  office: string;
  office_path: string;
  institution_id: string | null;
  outcomes: string[];
  peremptory: boolean;
  four_eyes: string[];
  reference: string | null;
  class_id: string | null;
  subject_title: string;
  status: TaskStatus;
  due_at: Date | null;
  claimed_by: string | null;
  claimed_at: Date | null;
  claimed_for: string | null;
  /** Who was asked for an opinion. */
  delegated_to: string | null;
  suspended_at: Date | null;
  suspended_by: string | null;
  suspended_reason: string | null;
  read_at: Date | null;
  decided_by: string | null;
  decided_for: string | null;
  decided_at: Date | null;
  outcome: string | null;
  version: number;
  /** One of several signatures under the same step: how many of them it takes, and the first task of the group. */
  joint: JointPart | null;
  joint_group: string | null;
  added_by: string | null;
  /** The decision of the group after which this signature was no longer needed. */
  ended_by: string | null;
};

/** `payload`: ids, marks and figures that belong to the decision; kept with the fact in PostgreSQL. */
export type DecisionContent = {
  reason?: string | undefined;
  payload?: Record<string, unknown> | undefined;
  /** Points of a list of corrections: asked for, answered, judged. They become rows of their own. */
  marks?: CorrectionMarks | undefined;
};

export type Decision = DecisionContent & {
  taskId: string;
  outcome: string;
  /** Reads reason and payload from what was entered, once the kind of the task is known. Throws InputError. */
  contentFor?: ((kind: TaskKind) => DecisionContent) | undefined;
  /** Version of the task that the officer saw; another one means that the evidence changed meanwhile. */
  version?: number | undefined;
  request?: IdempotentRequest | undefined;
  /** The principal for whom a substitute decides; read from who has the task. */
  principal?: string | undefined;
};

export type DecisionAnswer = { taskId: string; outcome: string; factNo: number; decidedAt: string };

const taskWithProcedure = `select to_jsonb(t.*) as task, t.due_at as task_due_at, exists (select from corrections c where c.procedure_id = p.id) as listed,
       ${procedureColumns}, ${instantColumns}
  from tasks t join procedures p on p.id = t.procedure_id where t.id = :taskId`;
const readTask = statement(taskWithProcedure);
const lockTask = statement(`${taskWithProcedure} for update of p`);

/**
 * Decides a task. COMMIT is the act. Throws NotFoundError, NotAllowedError (wrong office or role), InputError (reason missing),
 * ConflictError (`task.decided` names who and when, `task.claimed` the holder, `task.expired`, `task.fourEyes`, `task.changed`).
 * The same request under the same key gets the stored answer.
 */
export async function decideTask(db: Knex, actor: Actor, decision: Decision): Promise<DecisionAnswer> {
  try {
    // Within a transaction that is under way a statement that fails would end it.
    const written = db.isTransaction ? undefined : await decideAtOnce(db, actor, decision);
    return written ?? (await inTransaction(db, (trx) => decide(trx, actor, decision)));
  } catch (error) {
    const stored = decision.request && isRepeat(error) ? await findAnswer<DecisionAnswer>(db, decision.request) : undefined;
    if (stored) return stored;
    throw endedMeanwhile(error) ?? error;
  }
}

/** The refusal of a decision for a principal whose substitution ended between the request and its commit, where the record looks for the last time. */
export function endedMeanwhile(error: unknown): NotAllowedError | undefined {
  return constraintOf(error) === 'tasks_substitute_named' ? new NotAllowedError('substitution.over') : undefined;
}

function isRepeat(error: unknown): boolean {
  return error instanceof ConflictError || sqlState(error) === '23505';
}

/**
 * The short way, for decisions whose rule only reads: all is checked on what was read without a lock, and one statement writes if nothing has been
 * written about the procedure since. Undefined if something has, or if the rule writes: the long way then says what.
 */
async function decideAtOnce(db: Knex, actor: Actor, given: Decision): Promise<DecisionAnswer | undefined> {
  const { task, procedure, listed } = await findWithProcedure(db, readTask, given.taskId);
  // What others sign as well is settled under the lock.
  const rule = task.joint_group === null ? readingRule(task, procedure, given.outcome, listed) : undefined;
  if (!rule) return undefined;
  const decision = await requireDecidable(db, actor, task, procedure, given);
  const { values, answer } = writtenBy(actor, decision, task, procedure, {}, alone);
  try {
    await rule({ trx: db as unknown as Trx, actor, task, procedure, decision, settles: true });
    await run(db, writeAtOnce, values);
  } catch (error) {
    if (error instanceof ConflictError || [DIVISION_BY_ZERO, DEADLOCK_DETECTED].includes(sqlState(error) ?? '')) return undefined;
    throw error;
  }
  ringAfterCommit(db);
  return answer;
}

/** The long way: everything under the lock of the procedure, with what the rule writes. */
async function decide(trx: Trx, actor: Actor, given: Decision): Promise<DecisionAnswer> {
  const { task, procedure } = await findWithProcedure(trx, lockTask, given.taskId);
  const decision = await requireDecidable(trx, actor, task, procedure, given);
  // Said before what belongs to the kind of task is looked at; the key of the signatures is what nobody gets round.
  if (await hasSignedElsewhere(trx, task, actor.userId)) throw new NotAllowedError('task.fourEyes');
  const settling = await settleGroup(trx, task, decision.outcome);
  const rule = ruleOf(task, procedure);
  const ruled = await rule({ trx, actor, task, procedure, decision, settles: settling.settles }).catch(async (error: unknown) => {
    // Whoever waited for the lock read the task as it was before: what the winner did must not look like a fault of the file.
    if (error instanceof OfficeError && (await getTask(trx, task.id)).status !== 'open') throw await lostRace(trx, task.id, actor);
    throw error;
  });
  const { values, answer } = writtenBy(actor, decision, task, procedure, ruled ?? {}, settling);
  const [counts] = await run<{ signed: number; decided: number }>(trx, writeLocked, values);
  // Whoever waited for the lock read the task as it was before: the guarded update is what counts.
  if (counts?.decided !== 1) throw await lostRace(trx, task.id, actor);
  if (counts.signed !== task.four_eyes.length * values.signers.length) throw new NotAllowedError('task.fourEyes');
  ringAfterCommit(trx);
  procedure.fact_no = answer.factNo;
  return answer;
}

/** `listed`: a list of corrections has gone out in this procedure. */
type Found = LockedProcedure & { task: TaskInJson; task_due_at: Date | null; listed: boolean };

async function findWithProcedure(
  db: Db,
  by: Statement,
  taskId: string,
): Promise<{ task: TaskRow; procedure: LockedProcedure; listed: boolean }> {
  const [found] = await run<Found>(db, by, { taskId });
  if (!found) throw new NotFoundError('task.unknown');
  const { claimed_at: claimedAt, decided_at: decidedAt, suspended_at: suspendedAt } = found.task;
  const task: TaskRow = {
    ...found.task,
    due_at: found.task_due_at,
    claimed_at: instantOf(claimedAt),
    suspended_at: instantOf(suspendedAt),
    read_at: instantOf(found.task.read_at),
    decided_at: instantOf(decidedAt),
  };
  return { task, procedure: found, listed: found.listed };
}

/** Instants are text in JSON. */
type InstantInJson = 'claimed_at' | 'suspended_at' | 'read_at' | 'decided_at';
type TaskInJson = Omit<TaskRow, InstantInJson> & Record<InstantInJson, string | null>;

function instantOf(text: string | null): Date | null {
  return text === null ? null : new Date(text);
}

/** Every entry point of a decision passes here: page, REST, bulk. Returns it with its content read. */
async function requireDecidable(db: Db, actor: Actor, task: TaskRow, procedure: LockedProcedure, given: Decision): Promise<Decision> {
  // Four eyes are kept by the writing statement, whose key nobody gets round.
  const verdict = judgeTaskAct('decide', actor, task);
  if (verdict !== 'yes' && verdict !== 'already') throw await refusal(db, verdict, task);
  if (procedure.status !== 'open') throw new ConflictError('procedure.closed', { outcome: procedure.outcome ?? procedure.status });
  if (await isMovingBack(db, procedure)) throw new ConflictError('takeBack.moving');
  if (task.peremptory && task.due_at && task.due_at <= procedure.now) throw new ConflictError('task.expired');
  const capacity = await findCapacity(db, actor, task);
  if (!capacity) throw new NotAllowedError((await hasSignedElsewhere(db, task, actor.userId)) ? 'task.fourEyes' : 'task.fourEyesPrincipal');
  if (given.version !== undefined && given.version !== task.version) throw new ConflictError('task.changed');
  if (!task.outcomes.includes(given.outcome)) throw inputError('outcome', 'task.outcome');
  const decision = { ...given, ...given.contentFor?.(task.kind), ...capacity };
  if (needsReason(task.kind, decision.outcome)) requireReason(decision.reason);
  return decision;
}

// The procedure is locked before its task, here as everywhere.
const writing = `with moved as (
       update procedures set fact_no = :factNo, audit_no = :auditNo, audit_hash = :hash,
              next_alarm_at = (select min(next_rung_at) from tasks where procedure_id = :id and status = 'open' and id <> :taskId)
        where id = :id and fact_no = :factNo - 1 and audit_no = :auditNo - 1 and status = 'open'
       returning 1),
     decided as (
       update tasks set status = 'decided', outcome = :outcome, decided_by = :actor, decided_for = cast(:principal as uuid), decided_at = :now, next_rung_at = null,
              claimed_by = :actor, version = version + 1
        where id = :taskId and status = 'open' and (claimed_by is null or claimed_by = :actor)
          and suspended_at is null and delegated_to is null and exists (select from moved)
          and version = :seenVersion and (not peremptory or date_trunc('milliseconds', due_at) is not distinct from :dueAt)
       returning 1),
     fact as (
       insert into facts (procedure_id, no, kind, task_id, outcome, actor, at, payload)
       values (:id, :factNo, :fact, :taskId, :outcome, :actor, :now, :payload)),
     bell as (
       insert into outbox (procedure_id, type, no, kind, task_id, outcome) values (:id, :type, :factNo, :fact, :taskId, :outcome)),
     audit as (
       insert into audit_log (at, actor, act, subject, procedure_id, no, detail, previous_hash, hash)
       values (:now, :actor, :act, :taskId, :id, :auditNo, :detail, :previous, :hash)),
     kept as (
       insert into idempotency_keys (user_id, key, request_digest, answer)
       select :actor, cast(:key as text), :digest, :answer where cast(:key as text) is not null),
     signed as (
       insert into signatures (scope, user_id, step, signed_at)
       select scope, signer, :step, :now from unnest(cast(:scopes as text[])) scope cross join unnest(cast(:signers as uuid[])) signer
       on conflict (scope, user_id) do update set signed_at = excluded.signed_at where signatures.step = excluded.step
       returning 1)`;

const writeLocked = statement(`${writing}
     select (select count(*) from signed) as signed, (select count(*) from decided) as decided`);
/** Fails as a whole unless it wrote everything: a division by zero undoes a statement that found something changed. */
const writeAtOnce = statement(`${writing}
     select 1 / cast((select count(*) from moved) = 1 and (select count(*) from decided) = 1
                     and (select count(*) from signed) = cardinality(cast(:scopes as text[])) * cardinality(cast(:signers as uuid[])) as int) as written`);
const DIVISION_BY_ZERO = '22012';

/** What a decision writes: the values of the writing statement, and the answer that is kept under the key of the request. */
function writtenBy(
  actor: Actor,
  decision: Decision,
  task: TaskRow,
  procedure: LockedProcedure,
  extra: Record<string, unknown>,
  { settles, ended }: Settling,
): { values: Record<string, unknown> & { signers: string[] }; answer: DecisionAnswer } {
  const factNo = procedure.fact_no + 1;
  const auditNo = procedure.audit_no + 1;
  const act = settles ? `task.${decision.outcome}` : 'task.sign';
  const { principal } = decision;
  const detail = { task: task.id, outcome: decision.outcome, ...(principal ? { for: principal } : {}), ...(ended.length ? { ended } : {}) };
  const answer: DecisionAnswer = { taskId: task.id, outcome: decision.outcome, factNo, decidedAt: procedure.now.toISOString() };
  const values = {
    id: procedure.id,
    type: procedure.type,
    fact: settles ? 'decided' : 'signed',
    factNo,
    auditNo,
    hash: auditHash(procedure.audit_hash, { at: procedure.now, actor: actor.userId, act, subject: task.id, no: auditNo, detail }),
    previous: procedure.audit_hash,
    taskId: task.id,
    seenVersion: task.version,
    dueAt: task.due_at,
    outcome: decision.outcome,
    actor: actor.userId,
    now: procedure.now,
    payload: JSON.stringify({
      ...decision.payload,
      ...extra,
      ...(decision.reason ? { reason: decision.reason.trim() } : {}),
      ...(principal ? { substituteFor: principal } : {}),
    }),
    act,
    detail: JSON.stringify(detail),
    key: decision.request?.key ?? null,
    digest: decision.request?.digest ?? '',
    answer: JSON.stringify(answer),
    step: task.step,
    scopes: task.four_eyes,
    principal: principal ?? null,
    // Whatever is signed for somebody counts for both.
    signers: principal ? [actor.userId, principal] : [actor.userId],
  };
  return { values, answer };
}

async function lostRace(trx: Trx, taskId: string, actor: Actor): Promise<OfficeError> {
  const now = await getTask(trx, taskId);
  const verdict = judgeTaskAct('decide', actor, now);
  // Where it may still be decided, its evidence or its due instant is another one by now.
  return verdict === 'yes' || verdict === 'already' ? new ConflictError('task.changed') : refusal(trx, verdict, now);
}
