/** The statuses of a class and what its institution may do in each. Pages, REST and procedures ask this table. */
export const classStatuses = [
  'draft',
  'in_review',
  'correction',
  'publishing',
  'ready',
  'in_training',
  'filing',
  'filed',
  'claimed',
  'paid',
  'withdrawn',
  'refused',
  'expired',
  'terminated',
] as const;
export type ClassStatus = (typeof classStatuses)[number];

/** Over without having been paid. */
export const endedStatuses: readonly ClassStatus[] = ['withdrawn', 'refused', 'expired', 'terminated'];
/** Submitted and not ended otherwise than by payment: its teachers, venues and people count. */
export const livingStatuses: readonly ClassStatus[] = classStatuses.filter(
  (status) => status !== 'draft' && !endedStatuses.includes(status),
);
/** Living, and not paid yet. */
export const runningStatuses: readonly ClassStatus[] = livingStatuses.filter((status) => status !== 'paid');

export type ClassAct = 'edit' | 'submit' | 'withdraw' | 'requestChange' | 'enterAttendance';

const acts: Record<ClassStatus, readonly ClassAct[]> = {
  draft: ['edit', 'submit'],
  in_review: ['withdraw'],
  correction: ['edit', 'withdraw'],
  publishing: ['withdraw'],
  ready: ['withdraw', 'requestChange'],
  in_training: ['requestChange', 'enterAttendance'],
  filing: [],
  filed: [],
  claimed: [],
  paid: [],
  withdrawn: [],
  refused: [],
  expired: [],
  terminated: [],
};

export function allowedClassActs(status: ClassStatus): readonly ClassAct[] {
  return acts[status];
}

export function mayClass(status: ClassStatus, act: ClassAct): boolean {
  return acts[status].includes(act);
}

/** The stages of a class as its tracker shows them (mission: the life of a class), each with the stages of the procedures behind it. */
export const classTrack: readonly { key: string; stages: readonly string[] }[] = [
  { key: 'draft', stages: ['draft'] },
  { key: 'review', stages: ['pre_training'] },
  { key: 'plan', stages: ['plan', 'ready'] },
  { key: 'training', stages: ['training', 'conduct'] },
  { key: 'filing', stages: ['results', 'filing', 'result'] },
  { key: 'claim', stages: ['claim', 'subsidy'] },
  { key: 'notice', stages: ['notice'] },
  { key: 'approval', stages: ['approval'] },
  { key: 'payment', stages: ['funds', 'payment', 'paid_list'] },
  { key: 'done', stages: ['closed'] },
];

/** What an institution may ask to change (变更). */
export type ChangeKind = 'teacher' | 'date' | 'venue' | 'drop_out';
