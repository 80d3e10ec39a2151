/**
 * What a decision brings with it, in its own transaction: checks that can refuse it and rows that belong to it.
 * One table by kind of task, so that no entry point can pass it by.
 */
import { stageOf } from '../../workflows/domain/tasks.ts';
import { requirePossible } from '../classes/changes.ts';
import { requireNewAccounts } from '../money/account-corrections.ts';
import { takeBankAnswer } from '../money/bank-answers.ts';
import { requireCorrected } from '../classes/class-checks.ts';
import { settleCorrections } from '../classes/corrections.ts';
import type { Trx } from '../client.ts';
import type { Decision, TaskRow } from './decisions.ts';
import { decideObjection } from '../objections.ts';
import { makeBatch, signBatch } from '../money/payments.ts';
import type { LockedProcedure } from './procedures.ts';
import { publishList } from '../classes/publishing.ts';
import { requireResults } from '../classes/results.ts';
import { claimSubsidy, commitApproval } from '../money/subsidies.ts';
import { answerRectification, recordInspection, requireAttendance } from '../classes/training.ts';
import type { Actor } from '../users.ts';
import { requireChecks } from '../classes/verifications.ts';
import { requireYearLoaded } from '../calendar/year-notices.ts';

export type DecisionContext = { trx: Trx; actor: Actor; task: TaskRow; procedure: LockedProcedure; decision: Decision };
/** Returns what is kept with the fact besides the decision's own payload. Throws ConflictError or InputError to refuse. */
export type DecisionRule = (context: DecisionContext) => Promise<Record<string, unknown> | void>;

/** Reviews differ by the stage that they belong to. */
const reviewRules: Record<string, DecisionRule> = {
  approval: commitApproval,
  filing: requireChecks,
  pre_training: requireChecks,
};

export const decisionRules: Record<string, DecisionRule> = {
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
  inspection: recordInspection,
  objection_review: decideObjection,
  publish: publishList,
  rectification: answerRectification,
  reinspection: recordInspection,
  results: requireResults,
  review: async (context) => {
    const listed = await settleCorrections(context);
    const kept = context.procedure.class_id ? await reviewRules[stageOf(context.task.step)]?.(context) : undefined;
    return { ...listed, ...kept };
  },
};
