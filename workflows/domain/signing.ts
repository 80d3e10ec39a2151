/**
 * Signatures of several people under one step (会签, 或签, 加签): each signs a task of their own, and the tasks make one group. The step of a signer is that of
 * the row with one more part, so that four eyes, which keep steps apart, keep the signers of a group apart as well.
 */
import type { ReviewStep } from './procedures.ts';
import type { TaskOutcome, TaskRole } from './task-kinds.ts';

export const jointModes = ['all', 'any'] as const;
/** `all`: the step needs every signature (会签). `any`: the first one decides it (或签). */
export type JointMode = (typeof jointModes)[number];
/** How a task belongs to its group: asked for by the policy pack, or added by a holder (加签). */
export type JointPart = JointMode | 'added';

export type Signer = { role: TaskRole<'review'>; level: string };
export type Joint = { mode: JointMode; with: Signer[] };

/** The most signers of a group besides the first, and the most that holders add to one. */
export const mostSigners = 4;

const suffixes = { all: 'and', any: 'or', added: 'added' } as const satisfies Record<JointPart, string>;

/** Those who sign a row of a review table, the row's own officer first, each with the step of the task. */
export function signersOf(stage: string, row: ReviewStep): (Signer & { step: string; joint?: JointMode })[] {
  const step = `${stage}.${row.step}`;
  const { joint } = row;
  const first = { role: row.role, level: row.level, step };
  if (!joint) return [first];
  return [
    { ...first, joint: joint.mode },
    ...joint.with.map((signer, at) => ({ ...signer, step: signerStep(step, joint.mode, at + 1), joint: joint.mode })),
  ];
}

export function signerStep(step: string, part: JointPart, no: number): string {
  return `${step}.${suffixes[part]}-${no}`;
}

/** The step of the row under which somebody signs: `approval.approval` of `approval.approval.and-1`. */
export function rowStepOf(step: string): string {
  return step.split('.').slice(0, 2).join('.');
}

/** As what a signer of a step signs; undefined for the first one and outside groups. */
export function jointPartOf(step: string): JointPart | undefined {
  const suffix = step.split('.')[2]?.replace(/-\d+$/, '');
  return (Object.keys(suffixes) as JointPart[]).find((part) => suffixes[part] === suffix);
}

/** What an added signer may decide: as who added them, but a refusal stays an approver's act. */
export function outcomesOfAdded(outcomes: readonly string[], role: string): string[] {
  return outcomes.map((outcome) => (outcome === 'refuse' && role !== 'approver' ? 'propose_refusal' : outcome));
}

/** Whether an outcome is a signature that others can join. Every other one decides the step alone. */
export function isSignature(outcome: string): outcome is TaskOutcome<'review'> & 'approve' {
  return outcome === 'approve';
}

/** `signed`; `decided`: it decided the step otherwise; `missing`; `over`: no longer needed; `recalled` by whoever asked for it. */
export const signatureStates = ['signed', 'decided', 'missing', 'over', 'recalled'] as const;

/** Roles that are asked to sign beside somebody. */
export const signingRoles = [
  'first_reviewer',
  'second_reviewer',
  'approver',
  'finance_officer',
] as const satisfies readonly TaskRole<'review'>[];
