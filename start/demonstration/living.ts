/**
 * Lives through a stretch of business time with many classes at once: every working day what is due is done by the people whose turn it is, then
 * the clock goes on to the next day on which something happens. A class is known again by its title, so a life that was cut off can be resumed.
 */
import {
  addDays,
  type Calendar,
  isWorkingDay,
  onOrNextWorkingDay,
  shanghaiDate,
  workingDaysBetween,
} from '../../workflows/domain/calendar/calendar.ts';
import { type ClassStatus, endedStatuses } from '../../workflows/domain/classes/class.ts';
import { ahead, type ClassPlan, type Turn as ClassTurn } from './class-plans.ts';
import type { RobotTask } from './performing.ts';
import { pause } from './requests.ts';
import { createRobot, type Robot } from './robot.ts';
import { turnOf, sideActs, type Lived } from './turns.ts';
import { openYear } from './year-duties.ts';

export type LifeOptions = {
  origin: string;
  plans: readonly ClassPlan[];
  calendar: Calendar;
  /** The civil date on whose morning it stops; absent: when every class has ended. */
  until?: string;
  /** Working days for which a task lies before somebody decides it. */
  patience: (plan: ClassPlan, task: RobotTask, today: string) => number;
  /** Asked once a day: what befalls a class from now on. */
  befall?: (life: Lived, today: string) => ClassTurn;
  /** For how many classes people work at the same time. */
  atOnce?: number;
  say?: (line: string) => void;
  /** Asked before every step of the clock; false ends the life there. */
  mayGoOn?: () => Promise<boolean>;
  /** Told how many classes have been entered so far. */
  progress?: (entered: number) => Promise<void>;
  /** Rests after an act that took so long, so that others are served first. */
  rest?: (tookMs: number) => Promise<void>;
  /** An act that failed is told and left for the next day; absent: it ends the life. */
  onTrouble?: (error: Error) => void;
};
/** `until`: the day was reached or all classes have ended. `stopped`: it was not to go on. */
export type LifeEnd = 'until' | 'stopped';

/** Times of day at which the office is met at work. */
const hours = ['09:20', '14:10', '10:40', '16:05', '11:15', '15:30'];
const SETTLE_MS = 20_000;
/** Two people of each have an office; payments are made by three. */
const claimedRoles: ReadonlySet<string> = new Set(['first_reviewer', 'second_reviewer', 'approver', 'inspector']);
/** Days without any act after which a life without an end is given up. */
const IDLE_DAYS = 400;

/** Sees every county of the demonstration, and signs the orders about their late tasks. */
const CITY_SUPERVISOR = 'fz-supervise-1';

export async function live(options: LifeOptions): Promise<LifeEnd> {
  const { origin, plans, calendar, until, say = () => undefined, rest = async () => undefined, onTrouble, atOnce = 4 } = options;
  const lives = new Map<string, Lived>(plans.map((plan) => [plan.title, { plan, done: new Set() }]));
  const seen = new Map<string, string>();
  const failed = new Set<string>();
  const taken = new Set<string>();
  let today = '';
  let month = '';
  let nextPatience = '9999';
  const offices = [...new Set(plans.map((plan) => plan.office))];
  const robots = new Map<string, Robot>();
  const robotOf = (office: string): Robot => {
    let known = robots.get(office);
    if (!known) {
      known = createRobot({
        origin,
        office,
        say,
        patienceMs: 15_000,
        failing: (_batch, title) => failingLines(lives.get(title)),
        choose: (task) => turnOf(lives.get(task.title), task),
      });
      robots.set(office, known);
    }
    return known;
  };
  const city = robotOf('fz');

  const clock = async () =>
    city.get<{ now: string; nextDeadline: string | null; unsettled: number }>(await city.as(CITY_SUPERVISOR), '/clock');

  /** Until every procedure waits for people or for the clock. */
  async function settle(): Promise<void> {
    const end = Date.now() + SETTLE_MS;
    while ((await clock()).unsettled > 0) {
      if (Date.now() > end) return;
      await pause(60);
    }
  }

  async function attempt(key: string, work: () => Promise<boolean>): Promise<boolean> {
    const began = Date.now();
    try {
      return await work();
    } catch (error) {
      if (!onTrouble) throw error;
      failed.add(key);
      onTrouble(error as Error);
      return false;
    } finally {
      await rest(Date.now() - began);
    }
  }

  /** Numbers and statuses of the classes as the offices see them; drafts are seen by their institution only. */
  async function readClasses(): Promise<void> {
    type Page = { classes: { number: string; title: string; status: ClassStatus }[]; next: string | null };
    for (const login of [CITY_SUPERVISOR, ...(seen.size === 0 ? new Set(plans.map((plan) => plan.login)) : [])]) {
      let after: string | null = null;
      do {
        const page: Page = await city.get(await city.as(login), `/classes?size=100${after ? `&after=${after}` : ''}`);
        for (const { title, number, status } of page.classes) Object.assign(lives.get(title) ?? {}, { number, status });
        after = page.next;
      } while (after);
    }
  }

  async function enterDue(): Promise<void> {
    for (const life of lives.values()) {
      if (life.status !== undefined && life.status !== 'draft') continue;
      if (life.plan.submitOn > today || failed.has(life.plan.title)) continue;
      // The last ones stay drafts.
      const keep = until !== undefined && ahead(calendar, life.plan.submitOn, 2) > until;
      if (life.status === 'draft') continue;
      await attempt(life.plan.title, async () => {
        const draft = await robotOf(life.plan.office).draftClass(life.plan);
        Object.assign(life, { number: draft.number, status: 'draft' });
        if (!keep) await draft.submit();
        life.status = keep ? 'draft' : 'in_review';
        return true;
      });
      await options.progress?.([...lives.values()].filter(({ number }) => number).length);
    }
  }

  type Turn = { robot: Robot; login: string; task: RobotTask };

  async function findTurns(): Promise<Turn[]> {
    const found = (await city.openTasks([CITY_SUPERVISOR], 'region')).map(({ task }) => ({ login: '', task }));
    const outside = new Set([...lives.values()].filter(({ number }) => number).map(({ plan }) => plan.login));
    found.push(...(await city.openTasks([...outside, 'pingjia-1', 'renzheng-1'])));
    return found.flatMap(({ login, task }) => {
      const life = lives.get(task.title);
      if (!life) return [];
      const robot = robotOf(life.plan.office);
      // Two people of each role take turns; those of a payment are three anyway.
      const officer = task.kind === 'order_issue' ? CITY_SUPERVISOR : robot.officer(task.role);
      const own = login || officer.replace(/-1$/, life.plan.seed % 2 === 0 ? '-1' : '-2');
      return [{ robot, login: own, task }];
    });
  }

  /** Whether somebody gets to it today. */
  function isRipe({ task }: Turn): boolean {
    const life = lives.get(task.title);
    if (!life || failed.has(task.id)) return false;
    const since = seen.get(task.id) ?? today;
    seen.set(task.id, since);
    const ripe = ahead(calendar, since, options.patience(life.plan, task, today));
    if (ripe > today && ripe < nextPatience) nextPatience = ripe;
    return ripe <= today;
  }

  /** What lies longer than a day is mostly taken by one of the two; a fourth waits in the queue until somebody decides it. */
  function isTakenUp({ task }: Turn): boolean {
    const life = lives.get(task.title);
    const since = seen.get(task.id);
    if (!life || since === undefined || since >= today || taken.has(task.id) || !claimedRoles.has(task.role)) return false;
    return (life.plan.seed + task.step.length) % 4 !== 0;
  }

  async function work(): Promise<number> {
    let acts = 0;
    nextPatience = '9999';
    const ripe = new Map<string, Turn[]>();
    const turns = await findTurns();
    for (const { robot, login, task } of turns.filter(isTakenUp)) {
      taken.add(task.id);
      await attempt(`${task.id} claim`, async () => (await robot.claim(login, task), true));
    }
    for (const turn of turns.filter(isRipe)) ripe.set(turn.task.title, [...(ripe.get(turn.task.title) ?? []), turn]);
    await inParallel([...ripe.values()], atOnce, async (turnsOfClass) => {
      for (const { robot, login, task } of turnsOfClass) if (await attempt(task.id, () => robot.perform(login, task))) acts += 1;
    });
    for (const life of lives.values())
      if (life.number) acts += (await attempt(`${life.plan.title} side`, () => sideActs(robotOf(life.plan.office), life, today))) ? 1 : 0;
    return acts;
  }

  /** The next working day on which anything is due, planned or promised. */
  function nextDay(nextDeadline: string | null): string {
    const planned = [...lives.values()].filter(({ status }) => status === undefined).map(({ plan }) => plan.submitOn);
    const due = nextDeadline ? shanghaiDate(new Date(nextDeadline)) : '9999';
    const first = [nextPatience, due, ...planned, ...sideDays()].toSorted()[0] ?? '9999';
    return onOrNextWorkingDay(calendar, first > today && first < '9999' ? first : addDays(today, 1));
  }

  function sideDays(): string[] {
    return [...lives.values()]
      .filter(({ plan, done }) => plan.turn === 'withdrawn' && !done.has('withdrawn'))
      .map(({ plan }) => ahead(calendar, plan.submitOn, 2));
  }

  async function goTo(day: string, ring: 'all' | 'due'): Promise<void> {
    const hour = hours[workingDaysBetween(calendar, '2026-01-01', day) % hours.length] ?? '09:20';
    const person = await city.as(CITY_SUPERVISOR);
    // A visitor may have moved it further meanwhile.
    await city.post(person, '/clock/jump', { to: `${day}T${hour}:00+08:00`, ring }, [200, 422]);
    say(`业务时钟 → ${day} ${hour}`);
  }

  /** Every alarm is armed anew, which the single jumps left out. */
  async function ringAll(): Promise<void> {
    const { now } = await clock();
    await city.post(await city.as(CITY_SUPERVISOR), '/clock/jump', { to: new Date(Date.parse(now) + 1_000).toISOString() }, [200, 422]);
    await settle();
  }

  await readClasses();
  for (let idle = 0; ; ) {
    today = await city.today(await city.as(CITY_SUPERVISOR));
    if (!isWorkingDay(calendar, today)) await goTo(onOrNextWorkingDay(calendar, today), 'due');
    today = await city.today(await city.as(CITY_SUPERVISOR));
    failed.clear();
    await settle();
    if (month !== today.slice(0, 7)) await openYear(robotOf, offices, today);
    month = today.slice(0, 7);
    if (options.befall) for (const life of lives.values()) life.plan = { ...life.plan, turn: options.befall(life, today) };
    await enterDue();
    let acts = 0;
    for (let more = 1; more > 0; acts += more) {
      await settle();
      more = await work();
    }
    await readClasses();
    idle = acts === 0 ? idle + 1 : 0;
    const over = until === undefined ? [...lives.values()].every(({ status }) => isOver(status)) : today >= until;
    if (over) break;
    if (idle > IDLE_DAYS) throw new Error('nothing moves any more');
    if (options.mayGoOn && !(await options.mayGoOn())) {
      await ringAll();
      return 'stopped';
    }
    const next = nextDay((await clock()).nextDeadline);
    await goTo(until !== undefined && next > until ? until : next, 'due');
  }
  await ringAll();
  return 'until';
}

function isOver(status: ClassStatus | undefined): boolean {
  return status !== undefined && (status === 'paid' || endedStatuses.includes(status));
}

/** The bank returns a line of the first batch of some classes. */
function failingLines(life: Lived | undefined): number {
  if (life?.plan.turn !== 'bankReturn' || life.done.has('bankReturn')) return 0;
  life.done.add('bankReturn');
  return 1;
}

async function inParallel<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const worker = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
}
