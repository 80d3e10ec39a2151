/**
 * The kinds of task: who decides each, with which outcomes, on which page. A new kind begins here; what else belongs to it (decision rule,
 * payload, evidence, page, words) is a table over `TaskKind`, so that the compiler names what is missing.
 */
import type { Role } from './roles.ts';
import { isOutsideRole } from './tasks.ts';

/**
 * `free`: words are welcome. `reasoned`: the reason is part of the record and of the paper that goes out. `grave`: reasoned, and marked as
 * such where it is chosen.
 */
type Weight = 'free' | 'reasoned' | 'grave';

type Kind = {
  roles: readonly (Role | 'clock')[];
  outcomes: Readonly<Record<string, Weight>>;
  /** Most kinds are decided on the page of the case; some on a page of their own, since they carry files, scores or amounts. */
  decidedOn: 'case' | 'ownPage';
  /** The page of the case asks for no words. */
  wordless?: true;
};

const kinds = {
  review: {
    // Finance signs where a pack asks for it, or a holder.
    roles: ['first_reviewer', 'second_reviewer', 'approver', 'finance_officer'],
    outcomes: {
      approve: 'free',
      overrule: 'free',
      return: 'reasoned',
      // To an earlier row of the review table, counted from 1.
      back_to_1: 'reasoned',
      back_to_2: 'reasoned',
      back_to_3: 'reasoned',
      // The approver does not follow a co-signer who proposes a refusal.
      sign_again: 'reasoned',
      propose_refusal: 'grave',
      refuse: 'grave',
    },
    decidedOn: 'case',
  },
  correction: { roles: ['institution', 'assessor'], outcomes: { resubmit: 'free' }, decidedOn: 'case', wordless: true },
  publish: { roles: ['institution'], outcomes: { publish: 'free' }, decidedOn: 'case', wordless: true },
  wait: { roles: ['clock'], outcomes: {}, decidedOn: 'case' },
  attendance: { roles: ['institution'], outcomes: { submit: 'free' }, decidedOn: 'ownPage' },
  inspection: { roles: ['inspector'], outcomes: { in_order: 'free', finding: 'grave' }, decidedOn: 'case' },
  rectification: { roles: ['institution'], outcomes: { rectify: 'free' }, decidedOn: 'case' },
  reinspection: { roles: ['inspector'], outcomes: { rectified: 'free', not_rectified: 'grave' }, decidedOn: 'case' },
  results: { roles: ['assessor'], outcomes: { submit: 'free' }, decidedOn: 'ownPage' },
  change_review: {
    roles: ['first_reviewer', 'second_reviewer', 'approver', 'finance_officer'],
    outcomes: { approve: 'free', refuse: 'grave' },
    decidedOn: 'case',
  },
  claim: { roles: ['institution'], outcomes: { submit: 'free' }, decidedOn: 'ownPage' },
  funds: { roles: ['finance_officer'], outcomes: { confirm: 'free', send_back: 'grave' }, decidedOn: 'case' },
  batch_make: { roles: ['payment_officer'], outcomes: { make: 'free' }, decidedOn: 'case', wordless: true },
  batch_check: { roles: ['payment_officer'], outcomes: { check: 'free', send_back: 'grave' }, decidedOn: 'case' },
  batch_release: { roles: ['payment_officer'], outcomes: { release: 'free', send_back: 'grave' }, decidedOn: 'case' },
  bank_answer: { roles: ['payment_officer'], outcomes: { answered: 'free' }, decidedOn: 'ownPage' },
  account_correction: { roles: ['institution'], outcomes: { corrected: 'free' }, decidedOn: 'ownPage' },
  objection_review: {
    roles: ['first_reviewer', 'second_reviewer', 'approver', 'supervisor'],
    outcomes: { uphold: 'grave', dismiss: 'reasoned' },
    decidedOn: 'case',
  },
  order_issue: { roles: ['supervisor', 'approver'], outcomes: { issue: 'reasoned', waive: 'reasoned' }, decidedOn: 'case' },
  order_answer: { roles: ['supervisor'], outcomes: { answer: 'reasoned' }, decidedOn: 'case' },
  calendar_notice: { roles: ['system_admin'], outcomes: { loaded: 'free' }, decidedOn: 'ownPage' },
} as const satisfies Record<string, Kind>;

export type TaskKind = keyof typeof kinds;
/** Who may decide a kind of task. */
export type TaskRole<K extends TaskKind = TaskKind> = (typeof kinds)[K]['roles'][number];
/** How a kind of task may be decided. */
export type TaskOutcome<K extends TaskKind = TaskKind> = { [One in K]: keyof (typeof kinds)[One]['outcomes'] & string }[K];
/** Kinds that are decided on a page of their own. */
export type OwnPageKind = { [K in TaskKind]: (typeof kinds)[K]['decidedOn'] extends 'ownPage' ? K : never }[TaskKind];

const list: Readonly<Record<TaskKind, Kind>> = kinds;

/** In the order in which they are offered for choosing. */
export const taskKinds = Object.keys(kinds) as TaskKind[];

export function outcomesOfKind(kind: TaskKind): string[] {
  return Object.keys(list[kind].outcomes);
}

/** What a refusal says where the words of a decision are missing: an order demands, its answer answers, everything else has reasons. */
export function missingReason(kind: TaskKind, outcome: string): string {
  if (kind === 'order_answer') return 'task.answerMissing';
  return kind === 'order_issue' && outcome === 'issue' ? 'task.demandMissing' : 'task.reasonMissing';
}

export function needsReason(kind: TaskKind, outcome: string): boolean {
  return ['reasoned', 'grave'].includes(list[kind].outcomes[outcome] ?? 'free');
}

export function isGrave(kind: TaskKind, outcome: string): boolean {
  return list[kind].outcomes[outcome] === 'grave';
}

export function isDecidedOnOwnPage(kind: TaskKind): kind is OwnPageKind {
  return list[kind].decidedOn === 'ownPage';
}

export function asksForWords(kind: TaskKind): boolean {
  return list[kind].wordless !== true;
}

/** Whether the office decides this kind; what institutions alone decide is in no list of an officer. */
export function isOfOffice(kind: TaskKind): boolean {
  return list[kind].roles.some((role) => role !== 'clock' && !isOutsideRole(role));
}

/** The one role of the office that decides this kind: such tasks are found without reading the queues of the other roles. */
export function soleOfficeRole(kind: TaskKind): Role | undefined {
  const [role, ...others] = list[kind].roles;
  return role === undefined || role === 'clock' || isOutsideRole(role) || others.length > 0 ? undefined : role;
}
