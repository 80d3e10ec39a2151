/**
 * Fills the demonstration province by living forward from its beginning: about a hundred classes of all institutions, in every stage, some late. It works beside
 * visitors and slowly, one act at a time, and leaves the clock alone as soon as somebody drafts a class.
 */
import type { Knex } from 'knex';
import { beginFilling, demonstrationBegan, endFilling, hasOtherClasses, noteEntered } from '../../db/demonstration/filling.ts';
import {
  addDays,
  onOrNextWorkingDay,
  previousWorkingDay,
  stateCouncilCalendar,
  workingDaysBetween,
} from '../../workflows/domain/calendar/calendar.ts';
import { type ClassPlan, planClasses, type Turn } from './class-plans.ts';
import { type LifeEnd, live } from './living.ts';
import type { RobotTask } from './performing.ts';
import { pause } from './requests.ts';
import type { Lived } from './turns.ts';

export type FillingOptions = {
  db: Knex;
  origin: string;
  classes: number;
  /** Weeks of business time that are lived forward. */
  weeks?: number;
  onTrouble: (error: Error) => void;
  say?: (line: string) => void;
};

/** A class takes ten weeks, so some are paid and some only drafted. */
const WEEKS = 16;
/** After an act the robot rests half as long as the act took: pages come first. */
const REST = 0.5;

const calendar = stateCouncilCalendar();

/** Returns how it ended, or undefined when there was nothing to fill. */
export async function fillProvince({ db, origin, classes, weeks = WEEKS, onTrouble, say }: FillingOptions): Promise<LifeEnd | undefined> {
  const from = await demonstrationBegan(db);
  if (!from || classes === 0) return undefined;
  const filling = await beginFilling(db, { planned: classes, until: onOrNextWorkingDay(calendar, addDays(from, weeks * 7)) });
  if (!filling) return undefined;
  const { planned, until } = filling;
  const plans = planClasses(calendar, { classes: planned, from, to: addDays(until, 1), label: '', seed: 5_000 });
  const titles = plans.map(({ title }) => title);
  const ended = await live({
    origin,
    plans,
    calendar,
    until,
    atOnce: 1,
    patience: patienceOf(until),
    befall: befallAtTheEnd(until),
    mayGoOn: async () => !(await hasOtherClasses(db, titles)),
    progress: (entered) => noteEntered(db, entered),
    rest: (tookMs) => pause(tookMs * REST),
    onTrouble,
    ...(say ? { say } : {}),
  });
  await endFilling(db, ended);
  return ended;
}

/** What is left lying at the end, so that every stage has something and some of it is late: at which step, since how many working days, how many. */
const leftLying: readonly { step: RegExp; days: number; count: number }[] = [
  { step: /^pre_training\.first_review$/, days: 9, count: 2 },
  { step: /^pre_training\.first_review$/, days: 3, count: 3 },
  { step: /^pre_training\.second_review$/, days: 2, count: 1 },
  { step: /^pre_training\.approval$/, days: 6, count: 1 },
  { step: /^pre_training\.correction$/, days: 4, count: 2 },
  { step: /^plan\.publish$/, days: 3, count: 2 },
  { step: /^training\.inspection$/, days: 4, count: 2 },
  { step: /^training\.rectification$/, days: 5, count: 1 },
  { step: /^training\.attendance$/, days: 3, count: 1 },
  { step: /^conduct\.publish$/, days: 2, count: 1 },
  { step: /^results\./, days: 5, count: 2 },
  { step: /^filing\.first_review$/, days: 7, count: 3 },
  { step: /^filing\.approval$/, days: 3, count: 1 },
  { step: /^result\.publish$/, days: 2, count: 1 },
  { step: /^claim\./, days: 6, count: 2 },
  { step: /^subsidy\.first_review$/, days: 8, count: 3 },
  { step: /^subsidy\.second_review$/, days: 3, count: 1 },
  { step: /^objection\./, days: 4, count: 2 },
  { step: /^approval\.approval$/, days: 5, count: 1 },
  { step: /^funds\./, days: 8, count: 2 },
  { step: /^payment\.make$/, days: 3, count: 1 },
  { step: /^checking\./, days: 4, count: 1 },
  { step: /^releasing\./, days: 3, count: 1 },
  { step: /^bank\./, days: 3, count: 1 },
  { step: /^payment\.account/, days: 5, count: 1 },
];
const FOR_EVER = 10_000;

/** Everything before the training has a short period; the rest lies a few days. */
const patienceDays = (step: string): number => (step.startsWith('pre_training.') || step.endsWith('.publish') ? 2 : 4);

/** The county that the first tour goes through has as much left lying as all others together. */
function patienceOf(until: string) {
  const left = new Map<string, Set<string>>();
  return ({ turn, seed, office }: ClassPlan, task: RobotTask, today: string): number => {
    const days = workingDaysBetween(calendar, today, until);
    for (const [at, one] of leftLying.entries()) {
      const key = `${at} ${office === 'cs'}`;
      const ids = left.get(key) ?? new Set<string>();
      left.set(key, ids);
      if (ids.has(task.id)) return FOR_EVER;
      if (!one.step.test(task.step) || days > one.days || ids.size >= one.count) continue;
      ids.add(task.id);
      return FOR_EVER;
    }
    if (turn === 'lateReview' && task.step === 'pre_training.first_review') return 4;
    if (turn === 'lateApproval' && task.step === 'approval.approval') return 5;
    return (seed * 5 + task.step.length) % patienceDays(task.step);
  };
}

/** Near the end plain classes meet with what would otherwise have been settled long ago. */
function befallAtTheEnd(until: string) {
  const begin = (days: number): string => {
    let day = until;
    for (let n = 0; n < days; n += 1) day = previousWorkingDay(calendar, day);
    return day;
  };
  const [returns, findings, objections] = [begin(4), begin(7), begin(7)];
  return ({ plan, status }: Lived, today: string): Turn => {
    if (plan.turn !== 'plain') return plan.turn;
    if (status === undefined && plan.submitOn >= returns) return 'returned';
    if (status === 'ready' && today >= findings) return 'finding';
    if (status === 'claimed' && today >= objections) return plan.seed % 2 === 0 ? 'objectionDismissed' : 'bankReturn';
    return 'plain';
  };
}
