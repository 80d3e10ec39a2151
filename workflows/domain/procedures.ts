/** Words that procedures, their runs and the record share. Codes and dates only: all of this lies in workflow histories. */
import type { FactBell } from './facts.ts';
import type { OfficeAct } from './office-acts.ts';
import type { Rung } from './policy/ladder.ts';
import type { Joint, JointPart } from './signing.ts';
import type { TaskKind, TaskOutcome, TaskRole } from './task-kinds.ts';

export const procedureTypes = [
  'trainingClass',
  'subsidyApplication',
  'subsidyPayment',
  'publicDisclosure',
  'objection',
  'calendarNotice',
  'supervisionOrder',
] as const;
export type ProcedureType = (typeof procedureTypes)[number];

const idPrefixes = {
  trainingClass: 'class',
  subsidyApplication: 'application',
  subsidyPayment: 'batch',
  publicDisclosure: 'disclosure',
  objection: 'objection',
  calendarNotice: 'calendar',
  supervisionOrder: 'order',
} as const satisfies Record<ProcedureType, string>;

/** The id of a procedure, which is the id of its workflow as well, from the number of its subject. */
export function procedureIdOf(type: ProcedureType, number: string): string {
  return `${idPrefixes[type]}-${number}`;
}

/** The number of the subject of a procedure of this type; undefined for another type. */
export function numberOf(type: ProcedureType, procedureId: string): string | undefined {
  const prefix = `${idPrefixes[type]}-`;
  return procedureId.startsWith(prefix) ? procedureId.slice(prefix.length) : undefined;
}

/** The number of the subject of a procedure of any type; what is no id of a procedure stays as it is. */
export function subjectNumberOf(id: string): string {
  return procedureTypes.map((type) => numberOf(type, id)).find((number) => number !== undefined) ?? id;
}

export type Flags = Record<string, string | number | boolean>;

/** Where a procedure stands, as its run needs to know it. */
export type Place = {
  procedureId: string;
  type: ProcedureType;
  stage: string;
  step: string;
  status: 'open' | 'withdrawn' | 'suspended' | 'closed';
  outcome?: string;
  appliedNo: number;
  stepNo: number;
  flags: Flags;
  terms: Terms;
  /** Steps of the tasks that are open now. */
  openSteps: string[];
  /** Facts above appliedNo, oldest first. */
  facts: FactBell[];
  /** Wall instant in ms at which the run should look at the clock; absent when nothing is due. */
  alarmAtMs?: number;
};

/** What a step answers with. The terms never change while a procedure lives, so they are not written into its history again and again. */
export type Reached = Omit<Place, 'terms'>;

/** One row of a review table of the policy pack. `joint`: who signs it besides. */
export type ReviewStep = { step: string; role: TaskRole<'review'>; level: string; workingDays: number; joint?: Joint };

/** What a procedure needs of the policy pack, kept with the procedure when it opens: later packs do not change it. */
export type Terms = {
  packId: string;
  reviews: { preTraining: ReviewStep[]; change: ReviewStep[]; filing: ReviewStep[]; subsidy: ReviewStep[]; approval: ReviewStep[] };
  disclosures: Record<'plan' | 'conduct' | 'result' | 'subsidy' | 'payment', { blocks: boolean; workingDays: number }>;
  days: {
    correction: number;
    publishing: number;
    objection: number;
    inspection: number;
    rectification: number;
    attendance: number;
    results: number;
    funds: number;
    batch: number;
    bankAnswer: number;
    accountCorrection: number;
  };
  /** Whom the clock tells of a task, and when. */
  ladder: Rung[];
  claimWindowMonths: number;
  /** Who decides an objection. */
  objection: { role: TaskRole<'objection_review'>; level: string };
  /** Who confirms the request for funds, and who pays. */
  offices: { finance: string; payment: string; inspection: string };
};

/** A request for a fact: what a step asks for. */
export type Ask<K extends TaskKind = TaskKind> = { [One in K]: AskOf<One> }[K];

type AskOf<K extends TaskKind> = {
  step: string;
  kind: K;
  role: TaskRole<K>;
  /** Level of the office that decides; `own` is the region of the procedure itself. */
  level: string;
  outcomes: readonly TaskOutcome<K>[];
  /** Working days to decide in, or a civil date, or months (for windows); absent: no deadline. */
  workingDays?: number;
  dueDate?: string;
  months?: number;
  /** Counting begins after this civil date instead of today, if it is later. */
  from?: string;
  /** After the due instant the act is refused and the fact `expired` is written. */
  peremptory?: boolean;
  /** Goes on counting where an earlier round of the same step was stopped. */
  resumes?: boolean;
  /** Four-eyes scopes in which the decision is signed, in place of the stage of the procedure; none: anybody may decide. */
  fourEyes?: readonly string[];
  /** One of several signatures under the same step: how many of them it takes. The first such ask of a step leads the group. */
  joint?: JointPart;
  /** Id of the thing that the task is about, if it is not the procedure's subject. */
  reference?: string;
};

/** A wait for what is no task of anybody here: another procedure, the registers, the bank. It ends when its stage is left or when it is cancelled. */
export function waitFor(step: string): Ask {
  return { step, kind: 'wait', role: 'clock', level: 'own', outcomes: [] };
}

/** One step of a procedure = one transaction. */
export type StepInput = {
  procedureId: string;
  /** Number of the step that the run believes is next: a repeated step finds it taken and changes nothing. */
  stepNo: number;
  appliedNo: number;
  stage: string;
  step: string;
  acts: OfficeAct[];
  asks: Ask[];
  /** A decision that was taken back: where it was one signature of a group, its task alone is asked again, with those that it had ended. */
  again?: string;
  /** Steps whose open tasks are cancelled. Leaving a stage ends its waits, closing ends everything. */
  cancels: string[];
  flags: Flags;
  /** Ends the procedure with this outcome; while facts are unread the whole step changes nothing. */
  close?: string;
};
