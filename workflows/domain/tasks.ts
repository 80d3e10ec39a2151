/** Words about tasks that many layers share. Who may do what with one is in `task-acts.ts`. */
import type { TaskOutcome, TaskRole } from './task-kinds.ts';

export type TaskStatus = 'open' | 'decided' | 'expired' | 'cancelled';

/** Outcomes of a review by the role that decides: a refusal is the approver's act with reasons and the way to appeal. */
export function reviewOutcomes(role: TaskRole<'review'>): TaskOutcome<'review'>[] {
  return role === 'approver' ? ['approve', 'return', 'refuse'] : ['approve', 'return', 'propose_refusal'];
}

/** Stages in which tasks of kind `review` are opened. */
export type ReviewStage = 'pre_training' | 'filing' | 'subsidy' | 'refusal' | 'approval';

/** The stage and the step of a task: `<stage>.<step>`. */
export function stageOf(step: string): string {
  return step.split('.')[0] ?? step;
}

/** Roles whose tasks belong to one institution, not to an office. */
export function isOutsideRole(role: string): role is 'institution' | 'assessor' {
  return role === 'institution' || role === 'assessor';
}

/** What may be done with many tasks at once. */
export const bulkActs = ['claim', 'release', 'approve', 'reassign'] as const;
export type BulkAct = (typeof bulkActs)[number];
/** The most tasks of one bulk act. */
export const bulkLimit = 500;

/** Money is confirmed, sent and booked one by one, by people who look at each. */
const neverInBulk = new Set(['funds', 'batch_make', 'batch_check', 'batch_release', 'bank_answer', 'account_correction']);
/** Their approval needs neither words nor a form of its own. */
const approvedInBulk = new Set(['review', 'change_review']);

/** Why a task is left out of a bulk act whatever its state: a code of the errors, or undefined. */
export function bulkRefusal(act: BulkAct, kind: string): string | undefined {
  // Handing over moves no money: whoever gets it looks at it alone.
  if (act === 'reassign') return undefined;
  if (neverInBulk.has(kind)) return 'bulk.money';
  return act === 'approve' && !approvedInBulk.has(kind) ? 'bulk.ownPage' : undefined;
}
