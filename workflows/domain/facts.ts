/** The facts that procedures are told: kinds, and which outcomes each kind has. Codes only: all of this lies in workflow histories. */
import type { RungCode } from './policy/ladder.ts';
import type { Terms } from './procedures.ts';
import type { Outcome } from './stages.ts';
import type { TaskOutcome } from './task-kinds.ts';
import type { ChangeKind } from './classes/class.ts';

type OutcomesOf = {
  submitted: never;
  decided: TaskOutcome;
  /** One of several signatures under a step: others are still to come, the step waits for them. */
  signed: 'approve';
  /** A holder asked somebody else to sign as well, or no longer does. */
  signer_added: never;
  signer_recalled: never;
  withdrawn: never;
  /** A decision that nobody has worked on since is taken back by whoever took it; the fact names its task. */
  taken_back: never;
  /** The clock of a task reached a rung. */
  rung: Exclude<RungCode, 'expired'>;
  /** A peremptory period or a wait ended. */
  expired: never;
  change_requested: ChangeKind;
  recheck_requested: never;
  disclosure_ended: keyof Terms['disclosures'];
  objection_decided: Outcome<'objection'>;
  batch_answered: Outcome<'subsidyPayment'>;
  application_closed: Outcome<'subsidyApplication'>;
};
export type FactKind = keyof OutcomesOf;

type OutcomePart<K extends FactKind> = [OutcomesOf[K]] extends [never] ? { outcome?: never } : { outcome: OutcomesOf[K] };

/** What is said of a fact wherever it goes. */
export type FactWords = { [K in FactKind]: { kind: K; taskId?: string | undefined } & OutcomePart<K> }[FactKind];

/** What rings a run: the number, kind and outcome of a fact. */
export type FactBell = { no: number } & FactWords;

/** Only asks the run to look at its place. */
export type LookBell = { no: 0; kind: 'look' };
