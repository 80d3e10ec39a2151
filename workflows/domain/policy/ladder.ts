/** The ladder of a task (F04) as the policy pack lists it: whom the clock tells, and on which working day before or after the due day. */

/** `remind` and `urge` go to who works on it, `report` to who answers for it, `order` asks the superior authority for its 督办单. */
export const rungActs = ['remind', 'urge', 'report', 'order'] as const;
/** `worker` is the holder or, while there is none, everybody who may decide it; 科长 is `supervisor`, 分管局领导 `approver`. */
export const rungRoles = ['worker', 'supervisor', 'approver'] as const;
export const rungLevels = ['own', 'superior'] as const;

export type Rung = {
  /** Working days from the due day; before it negative. Rungs ring at opening time. */
  when: number;
  act: (typeof rungActs)[number];
  role: (typeof rungRoles)[number];
  level: (typeof rungLevels)[number];
  /** Of an order: working days for its answer. */
  answerDays?: number;
};

/** How packs said it before the ladder was a list. */
export type EarlierEscalation = { reminderDaysBefore: number; leaderAfterDays: number; superiorAfterDays: number };

export type RungCode = 'reminder' | 'due' | 'overdue' | 'leader' | 'superior' | 'expired';

/** What a rung is called in facts, on the record and in words. */
export function rungCode({ act, role, level }: Rung): Exclude<RungCode, 'expired'> {
  if (act === 'remind') return 'reminder';
  if (act === 'urge') return 'due';
  if (level === 'superior') return 'superior';
  return role === 'approver' ? 'leader' : 'overdue';
}

export function ladderOf(escalation: readonly Rung[] | EarlierEscalation): Rung[] {
  if (!('reminderDaysBefore' in escalation)) return [...escalation];
  const { reminderDaysBefore, leaderAfterDays, superiorAfterDays } = escalation;
  return [
    { when: -reminderDaysBefore, act: 'remind', role: 'worker', level: 'own' },
    { when: 1, act: 'report', role: 'supervisor', level: 'own' },
    { when: leaderAfterDays, act: 'report', role: 'approver', level: 'own' },
    { when: superiorAfterDays, act: 'order', role: 'supervisor', level: 'superior' },
  ];
}
