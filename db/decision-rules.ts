/**
 * What a decision brings with it, in its own transaction: checks that can refuse it and rows that belong to it.
 * One table by kind of task, so that no entry point can pass it by.
 */
import { recheckClass } from './class-checks.ts';
import type { Trx } from './client.ts';
import type { Decision, TaskRow } from './decisions.ts';
import { decideObjection } from './objections.ts';
import type { LockedProcedure } from './procedures.ts';
import { publishList } from './publishing.ts';
import type { Actor } from './users.ts';
import { requireYearLoaded } from './year-notices.ts';

export type DecisionContext = { trx: Trx; actor: Actor; task: TaskRow; procedure: LockedProcedure; decision: Decision };
/** Returns what is kept with the fact besides the decision's own payload. Throws ConflictError or InputError to refuse. */
export type DecisionRule = (context: DecisionContext) => Promise<Record<string, unknown> | void>;

export const decisionRules: Record<string, DecisionRule> = {
  calendar_notice: requireYearLoaded,
  correction: recheckClass,
  publish: publishList,
  objection_review: decideObjection,
};
