/** Words about tasks that many layers share. Who may do what with one is in `task-acts.ts`. */
import type { ReviewStep, Terms } from './procedures.ts';
import type { TaskOutcome, TaskRole } from './task-kinds.ts';

export type TaskStatus = 'open' | 'decided' | 'expired' | 'cancelled';

const backOutcomes = ['back_to_1', 'back_to_2', 'back_to_3'] as const satisfies readonly TaskOutcome<'review'>[];

/**
 * Outcomes of a review by the role that decides: a refusal is the approver's act with reasons and the way to appeal. `at`: its row in the table,
 * from 0; the file goes back to any row before it.
 */
export function reviewOutcomes(role: TaskRole<'review'>, at = 0): TaskOutcome<'review'>[] {
  return ['approve', 'return', ...backOutcomes.slice(0, at), role === 'approver' ? 'refuse' : 'propose_refusal'];
}

/** The row, from 0, to which an outcome sends the file back; undefined for other outcomes. */
export function rowOfBack(outcome: string | undefined): number | undefined {
  const at = backOutcomes.findIndex((one) => one === outcome);
  return at === -1 ? undefined : at;
}

/** What is only proposed, not followed or sent on inside the office: an institution learns the decision alone. */
export const insideOutcomes: readonly string[] = ['propose_refusal', 'overrule', 'sign_again', ...backOutcomes];

/** Whether those outside are told that it was passed on, and no more: `proposes` is of a review that could propose a refusal, whose silence would say that it did. */
export function isPassedOn(outcome: string, proposes: boolean): boolean {
  return insideOutcomes.includes(outcome) || (proposes && outcome === 'approve');
}

/** How the office arranges its work among itself, as acts of the record: not for institutions. Proposals stay in a class's timeline, as passed on. */
export const insideActs: readonly string[] = [
  'task.claim',
  'task.release',
  'task.delegate',
  'task.opine',
  'task.recall',
  'task.sign',
  'task.sign_again',
  'task.overrule',
  'task.add_signer',
  'task.recall_signer',
  'task.suspend',
  'task.resume',
  'task.take_back',
  ...backOutcomes.map((outcome) => `task.${outcome}`),
  'task.reassign',
  'task.urge',
  'task.prioritise',
  'task.unprioritise',
  'case.label',
  'case.unlabel',
  'task.escalate',
  'task.overdue',
  'task.leader',
  'task.superior',
  'order.request',
  'order.join',
  'person.reveal',
  'material.view',
  'class.copy',
];

/** The review table of a stage; undefined for stages without one. */
export function reviewTableOf(terms: Terms, stage: string): readonly ReviewStep[] | undefined {
  const { preTraining, filing, subsidy, approval } = terms.reviews;
  const tables: Partial<Record<string, readonly ReviewStep[]>> = { pre_training: preTraining, filing, subsidy, approval };
  return tables[stage];
}

/** Stages in which tasks of kind `review` are opened. */
export type ReviewStage = 'pre_training' | 'filing' | 'subsidy' | 'refusal' | 'approval';

/** The stage and the step of a task: `<stage>.<step>`. */
export function stageOf(step: string): string {
  return step.split('.')[0] ?? step;
}

/** Roles whose tasks belong to one institution, not to an office. */
export const outsideRoles = ['institution', 'assessor'] as const;

export function isOutsideRole(role: string): role is (typeof outsideRoles)[number] {
  return (outsideRoles as readonly string[]).includes(role);
}

/** What may be done with many tasks at once. */
export const bulkActs = ['claim', 'release', 'approve', 'reassign', 'urge'] as const;
export type BulkAct = (typeof bulkActs)[number];
/** Of these, what a supervisor alone does with the work of others. */
export const supervisingBulkActs: readonly BulkAct[] = ['reassign', 'urge'];
/** The most tasks of one bulk act. */
export const bulkLimit = 500;

/** Money is confirmed, sent and booked one by one, by people who look at each. */
const neverInBulk = new Set(['funds', 'batch_make', 'batch_check', 'batch_release', 'bank_answer', 'account_correction']);
/** Their approval needs neither words nor a form of its own. */
const approvedInBulk = new Set(['review', 'change_review']);

/** Why a task is left out of a bulk act whatever its state: a code of the errors, or undefined. */
export function bulkRefusal(act: BulkAct, kind: string): string | undefined {
  // Handing over and pressing move no money: whoever has it looks at it alone.
  if (supervisingBulkActs.includes(act)) return undefined;
  if (neverInBulk.has(kind)) return 'bulk.money';
  return act === 'approve' && !approvedInBulk.has(kind) ? 'bulk.ownPage' : undefined;
}
