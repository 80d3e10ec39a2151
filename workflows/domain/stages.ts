/** The stages of each procedure and the outcomes with which it can end: a name that is not here does not compile. */
import type { ProcedureType } from './procedures.ts';

type StagesOf = {
  trainingClass: 'pre_training' | 'plan' | 'ready' | 'training' | 'conduct' | 'results' | 'filing' | 'result' | 'claim' | 'subsidy';
  subsidyApplication: 'subsidy' | 'refusal' | 'notice' | 'approval' | 'funds' | 'payment' | 'paid_list';
  subsidyPayment: 'checking' | 'releasing' | 'bank';
  publicDisclosure: 'period';
  objection: 'objection';
  calendarNotice: 'notice';
  supervisionOrder: 'issue' | 'answer';
};

type OutcomesOf = {
  trainingClass: 'paid' | 'refused' | 'withdrawn' | 'expired';
  subsidyApplication: 'paid' | 'refused' | 'withdrawn' | 'expired';
  subsidyPayment: 'answered' | 'cancelled';
  publicDisclosure: 'ended';
  objection: 'upheld' | 'dismissed';
  calendarNotice: 'loaded';
  supervisionOrder: 'answered' | 'waived';
};

export type Stage<T extends ProcedureType = ProcedureType> = StagesOf[T];
export type Outcome<T extends ProcedureType = ProcedureType> = OutcomesOf[T];
/** Where a stage leads: to another stage, or to the end. */
export type Next<T extends ProcedureType> = Stage<T> | Outcome<T>;
