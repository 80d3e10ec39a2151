/**
 * What a decision brings with it, in its own transaction: checks that can refuse it and rows that belong to it.
 * One table by kind of task, so that no entry point can pass it by.
 */
import type { TaskKind } from '../../workflows/domain/task-kinds.ts';
import { type ReviewStage, rowOfBack, stageOf } from '../../workflows/domain/tasks.ts';
import { requirePossible } from '../training/changes.ts';
import { requireNewAccounts } from '../money/account-corrections.ts';
import { takeBankAnswer } from '../money/bank-answers.ts';
import { requireCorrected } from '../classes/class-checks.ts';
import { settleCorrections } from '../classes/corrections.ts';
import type { Db, Trx } from '../client.ts';
import type { Decision, ProcedureInBrief, TaskInBrief } from './decisions.ts';
import type { TaskRow } from './tasks.ts';
import { answerOrder, signOrder } from './supervision/orders.ts';
import { decideObjection } from '../objections.ts';
import { makeBatch, signBatch } from '../money/payments.ts';
import type { LockedProcedure } from './procedures.ts';
import { tellSentBack } from './sending-back.ts';
import { publishList } from '../classes/publishing.ts';
import { requireResults } from '../training/results.ts';
import { claimSubsidy, commitApproval } from '../money/subsidies.ts';
import { answerRectification, recordInspection } from '../training/inspections.ts';
import { requireAttendance } from '../training/attendance.ts';
import type { Actor } from '../accounts/users.ts';
import { requireChecks } from '../classes/verifications.ts';
import { requireYearLoaded } from '../calendar/year-requests.ts';

/** `settles`: false for one of several signatures while others are still to come. */
export type DecisionContext = { trx: Trx; actor: Actor; task: TaskRow; procedure: LockedProcedure; decision: Decision; settles: boolean };
/** Returns what is kept with the fact besides the decision's own payload. Throws ConflictError or InputError to refuse. */
export type DecisionRule = (context: DecisionContext) => Promise<Record<string, unknown> | void>;
/** What a rule gets that only reads. */
export type ReadingContext = { trx: Db; task: TaskInBrief; procedure: ProcedureInBrief; decision: Decision };
type ReadingRule = (context: ReadingContext) => Promise<void>;

const nothing: ReadingRule = async () => undefined;

/** Reviews differ by the stage that they belong to. */
const reviewRules = {
  approval: commitApproval,
  filing: requireChecks,
  pre_training: requireChecks,
  refusal: nothing,
  subsidy: nothing,
} satisfies Record<ReviewStage, DecisionRule>;

const rules = {
  account_correction: requireNewAccounts,
  attendance: requireAttendance,
  bank_answer: takeBankAnswer,
  batch_check: signBatch,
  batch_make: makeBatch,
  batch_release: signBatch,
  calendar_notice: requireYearLoaded,
  change_review: requirePossible,
  claim: claimSubsidy,
  correction: requireCorrected,
  funds: nothing,
  inspection: recordInspection,
  objection_review: decideObjection,
  order_answer: answerOrder,
  order_issue: signOrder,
  publish: publishList,
  rectification: answerRectification,
  reinspection: recordInspection,
  results: requireResults,
  // Ends by the clock or by another procedure.
  wait: nothing,
} satisfies Record<Exclude<TaskKind, 'review'>, DecisionRule>;

/** The rule of a task. Every review also settles the list of corrections that came before it, or writes the next; one that goes back is told. */
export function ruleOf(task: TaskRow, procedure: LockedProcedure): DecisionRule {
  if (task.kind !== 'review') return rules[task.kind];
  const kept = reviewRuleOf(task, procedure);
  return async (context) => {
    if (rowOfBack(context.decision.outcome) !== undefined) await tellSentBack(context);
    return { ...(await settleCorrections(context)), ...(await kept(context)) };
  };
}

/**
 * The rule of a decision that writes nothing besides itself and reads only what is written under the lock of its procedure; undefined for others.
 * `listed`: a list of corrections has gone out, which a review settles. What is sent back is told to whoever did that review.
 */
export function readingRule(task: TaskInBrief, procedure: ProcedureInBrief, outcome: string, listed: boolean): ReadingRule | undefined {
  if (task.kind === 'review' && (outcome === 'return' || rowOfBack(outcome) !== undefined || listed)) return undefined;
  const rule = task.kind === 'review' ? reviewRuleOf(task, procedure) : rules[task.kind];
  return [nothing, requireChecks].find((reading) => reading === rule);
}

function reviewRuleOf({ step }: TaskInBrief, procedure: ProcedureInBrief): DecisionRule {
  return (procedure.class_id && reviewRules[stageOf(step) as ReviewStage]) || nothing;
}
