/** The act of deciding: one winner per task, on record with COMMIT. */
import type { Knex } from 'knex';
import { ConflictError, inputError, NotAllowedError, NotFoundError } from '../../workflows/domain/errors.ts';
import { requireReason } from '../../workflows/domain/reasons.ts';
import { judgeTaskAct } from '../../workflows/domain/task-acts.ts';
import { missingReason, needsReason, type TaskKind } from '../../workflows/domain/task-kinds.ts';
import { instantColumns } from '../calendar/instant.ts';
import { constraintOf, type Db, inTransaction, sqlState, type Trx } from '../client.ts';
import { run, statement } from '../queries/statements.ts';
import { type DecisionRecord, recordAtOnce, recordLocked } from './decision-record.ts';
import { readingRule, ruleOf } from './decision-rules.ts';
import type { CorrectionMarks } from '../classes/corrections.ts';
import { findAnswer, type IdempotentRequest, keepKey } from './idempotency.ts';
import { ringAfterCommit } from './outbox.ts';
import { auditHash, type LockedProcedure, procedureColumns } from './procedures.ts';
import { alone, settleGroup, type Settling } from './signing/groups.ts';
import { isMovingBack } from './taking-back.ts';
import { findCapacity, hasSignedElsewhere, refusal } from './task-acts.ts';
import { getTask, type TaskRow } from './tasks.ts';
import type { Actor } from '../accounts/users.ts';

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

const lockOfTask = statement('select 1 from tasks t join procedures p on p.id = t.procedure_id where t.id = :taskId for update of p');
const wholeTask = statement(`select to_jsonb(t.*) as task, t.due_at as task_due_at, ${procedureColumns}, ${instantColumns}
  from tasks t join procedures p on p.id = t.procedure_id where t.id = :taskId`);

/** What the short way reads of a task and of its procedure: a row of few columns costs a fraction of the whole ones. */
const taskBrief = [
  'id',
  'procedure_id',
  'step',
  'kind',
  'role',
  'office',
  'office_path',
  'institution_id',
  'outcomes',
  'peremptory',
  'four_eyes',
  'status',
  'due_at',
  'claimed_by',
  'claimed_for',
  'delegated_to',
  'suspended_at',
  'decided_by',
  'decided_for',
  'joint_group',
  'added_by',
  'version',
] as const satisfies readonly (keyof TaskRow)[];
const procedureBrief = [
  'id',
  'type',
  'class_id',
  'status',
  'outcome',
  'fact_no',
  'applied_no',
  'audit_no',
  'audit_hash',
] as const satisfies readonly (keyof LockedProcedure)[];
export type TaskInBrief = Pick<TaskRow, (typeof taskBrief)[number]>;
export type ProcedureInBrief = Pick<LockedProcedure, (typeof procedureBrief)[number] | 'now'>;

const readTask = statement(`select ${taskBrief.map((name) => `t.${name}`).join(', ')},
       ${procedureBrief.map((name) => `p.${name} as p_${name}`).join(', ')}, business_clock.now,
       exists (select from corrections c where c.procedure_id = p.id) as listed
  from tasks t join procedures p on p.id = t.procedure_id cross join business_clock where t.id = :taskId`);

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
 * The short way, for decisions whose rule only reads: all is checked on what was read without a lock, and it is written, together with others that have
 * come meanwhile, if nothing has been written about the procedure since. Undefined if something has, or if the rule writes: the long way then says what.
 */
async function decideAtOnce(db: Knex, actor: Actor, given: Decision): Promise<DecisionAnswer | undefined> {
  const { task, procedure, listed } = await readInBrief(db, given.taskId);
  // What others sign as well is settled under the lock.
  const rule = task.joint_group === null ? readingRule(task, procedure, given.outcome, listed) : undefined;
  if (!rule) return undefined;
  const decision = await requireDecidable(db, actor, task, procedure, given);
  const { record, answer } = writtenBy(actor, decision, task, procedure, {}, alone);
  try {
    await rule({ trx: db, task, procedure, decision });
  } catch (error) {
    if (error instanceof ConflictError) return undefined;
    throw error;
  }
  if (!(await recordAtOnce(db, record))) return undefined;
  ringAfterCommit(db);
  return answer;
}

/** The long way: everything under the lock of the procedure, with what the rule writes. */
async function decide(trx: Trx, actor: Actor, given: Decision): Promise<DecisionAnswer> {
  // Before the lock: who waits for a key, or is refused it, keeps nobody from the procedure.
  await keepKey(trx, given.request);
  const { task, procedure } = await lockWithProcedure(trx, given.taskId);
  const decision = await requireDecidable(trx, actor, task, procedure, given);
  // Said before what belongs to the kind of task is looked at; the key of the signatures is what nobody gets round.
  if (await hasSignedElsewhere(trx, task, actor.userId)) throw new NotAllowedError('task.fourEyes');
  const settling = await settleGroup(trx, { task, procedure, actor: actor.userId }, decision.outcome);
  const rule = ruleOf(task, procedure);
  const ruled = await rule({ trx, actor, task, procedure, decision, settles: settling.settles });
  const { record, answer } = writtenBy(actor, decision, task, procedure, ruled ?? {}, settling);
  const recorded = await recordLocked(trx, record);
  if (recorded === 'lost') throw new ConflictError('task.changed');
  if (recorded === 'fourEyes') throw new NotAllowedError('task.fourEyes');
  ringAfterCommit(trx);
  procedure.fact_no = answer.factNo;
  return answer;
}

type BriefRow = TaskInBrief & { [name in (typeof procedureBrief)[number] as `p_${name}`]: ProcedureInBrief[name] } & {
  now: Date;
  listed: boolean;
};

/** `listed`: a list of corrections has gone out in this procedure. */
async function readInBrief(db: Db, taskId: string): Promise<{ task: TaskInBrief; procedure: ProcedureInBrief; listed: boolean }> {
  const [row] = await run<BriefRow>(db, readTask, { taskId });
  if (!row) throw new NotFoundError('task.unknown');
  const procedure: ProcedureInBrief = {
    id: row.p_id,
    type: row.p_type,
    class_id: row.p_class_id,
    status: row.p_status,
    outcome: row.p_outcome,
    fact_no: row.p_fact_no,
    applied_no: row.p_applied_no,
    audit_no: row.p_audit_no,
    audit_hash: row.p_audit_hash,
    now: row.now,
  };
  return { task: row, procedure, listed: row.listed };
}

type Found = LockedProcedure & { task: TaskInJson; task_due_at: Date | null };

/** What is read under the lock is what is so: whoever waited for it sees what the winner did, and what time it is by then. */
async function lockWithProcedure(trx: Trx, taskId: string): Promise<{ task: TaskRow; procedure: LockedProcedure }> {
  await run(trx, lockOfTask, { taskId });
  const [found] = await run<Found>(trx, wholeTask, { taskId });
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
  return { task, procedure: found };
}

/** Instants are text in JSON. */
type InstantInJson = 'claimed_at' | 'suspended_at' | 'read_at' | 'decided_at';
type TaskInJson = Omit<TaskRow, InstantInJson> & Record<InstantInJson, string | null>;

function instantOf(text: string | null): Date | null {
  return text === null ? null : new Date(text);
}

/** Every entry point of a decision passes here: page, REST, bulk. Returns it with its content read. */
async function requireDecidable(db: Db, actor: Actor, task: TaskInBrief, procedure: ProcedureInBrief, given: Decision): Promise<Decision> {
  // Four eyes are kept by the writing statement, whose key nobody gets round.
  const verdict = judgeTaskAct('decide', actor, task);
  if (verdict !== 'yes' && verdict !== 'already') throw await refusal(db, actor, verdict, await getTask(db, task.id));
  if (procedure.status !== 'open') throw new ConflictError('procedure.closed', { outcome: procedure.outcome ?? procedure.status });
  if (await isMovingBack(db, procedure)) throw new ConflictError('takeBack.moving');
  if (task.peremptory && task.due_at && task.due_at <= procedure.now) throw new ConflictError('task.expired');
  const capacity = await findCapacity(db, actor, task);
  if (!capacity) throw new NotAllowedError((await hasSignedElsewhere(db, task, actor.userId)) ? 'task.fourEyes' : 'task.fourEyesPrincipal');
  if (given.version !== undefined && given.version !== task.version) throw new ConflictError('task.changed');
  if (!task.outcomes.includes(given.outcome)) throw inputError('outcome', 'task.outcome');
  const decision = { ...given, ...given.contentFor?.(task.kind), ...capacity };
  if (needsReason(task.kind, decision.outcome)) requireReason(decision.reason, 'reason', missingReason(task.kind, decision.outcome));
  return decision;
}

/** What a decision writes, and the answer that is kept under the key of the request. */
function writtenBy(
  actor: Actor,
  decision: Decision,
  task: TaskInBrief,
  procedure: ProcedureInBrief,
  extra: Record<string, unknown>,
  { settles, ended }: Settling,
): { record: DecisionRecord; answer: DecisionAnswer } {
  const factNo = procedure.fact_no + 1;
  const auditNo = procedure.audit_no + 1;
  const act = settles ? `task.${decision.outcome}` : 'task.sign';
  const { principal } = decision;
  const signers = principal ? [actor.userId, principal] : [actor.userId];
  const detail = { task: task.id, outcome: decision.outcome, ...(principal ? { for: principal } : {}), ...(ended.length ? { ended } : {}) };
  const answer: DecisionAnswer = { taskId: task.id, outcome: decision.outcome, factNo, decidedAt: procedure.now.toISOString() };
  const record: DecisionRecord = {
    id: procedure.id,
    type: procedure.type,
    fact: settles ? 'decided' : 'signed',
    factNo,
    auditNo,
    hash: auditHash(procedure.audit_hash, { at: procedure.now, actor: actor.userId, act, subject: task.id, no: auditNo, detail }).toString(
      'hex',
    ),
    previous: procedure.audit_hash.toString('hex'),
    taskId: task.id,
    seenVersion: task.version,
    dueAt: task.due_at,
    outcome: decision.outcome,
    actor: actor.userId,
    now: procedure.now,
    payload: {
      ...decision.payload,
      ...extra,
      ...(decision.reason ? { reason: decision.reason.trim() } : {}),
      ...(principal ? { substituteFor: principal } : {}),
    },
    act,
    detail,
    key: decision.request?.key ?? null,
    digest: decision.request?.digest ?? '',
    answer,
    step: task.step,
    principal: principal ?? null,
    // Scope by scope. Whatever is signed for somebody counts for both.
    scopes: signers.flatMap(() => task.four_eyes),
    signers: signers.flatMap((signer) => task.four_eyes.map(() => signer)),
  };
  return { record, answer };
}
