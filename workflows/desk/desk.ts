/**
 * The desk: how a procedure waits for people and for the clock. Bells only put the number of a fact into the in-tray; the desk takes facts
 * in the order of their numbers and ignores what it has. PostgreSQL knows where the procedure stands, so a new run goes on from there.
 */
import { condition, continueAsNew, defineSignal, setHandler, workflowInfo } from '@temporalio/workflow';
import type { FactBell, LookBell } from '../domain/facts.ts';
import type { OfficeAct } from '../domain/office-acts.ts';
import type { Ask, Flags, Place, Reached, StepInput } from '../domain/procedures.ts';
import type { Stage } from '../domain/stages.ts';
import { record } from './profiles.ts';

const LONGEST_PAUSE_MS = 60_000;

export const factSignal = defineSignal<[FactBell | LookBell]>('fact');

export type ProcedureInput = { procedureId: string };

/** What a step of a procedure does besides taking account of the fact that was read last. */
export type Step = {
  stage?: Stage;
  step?: string;
  acts?: OfficeAct[];
  asks?: Ask[];
  cancels?: string[];
  /** A decision that was taken back. */
  again?: string;
  flags?: Flags;
};

export type Desk = {
  readonly procedureId: string;
  readonly place: Place;
  /** True when the procedure already stands in this stage: a run that resumes does not enter it again. */
  isAt(stage: Stage): boolean;
  /** The next fact that the procedure has to answer. Rungs of the clock are dealt with on the way. */
  next(): Promise<FactBell>;
  /** One step = one transaction; takes account of every fact read so far. */
  proceed(step: Step): Promise<Place>;
  /** Ends the procedure. Facts that came meanwhile are taken note of first. */
  close(outcome: string, step?: Step): Promise<string>;
};

/** The step of a task from its id `<procedure>/<step>/<round>`. */
export function stepOf(fact: FactBell): string {
  return fact.taskId?.split('/')[1] ?? '';
}

function isLong(): boolean {
  return workflowInfo().continueAsNewSuggested;
}

/** Opens the desk: reads the place of the procedure and everything it has not taken account of. */
export async function openDesk({ procedureId }: ProcedureInput): Promise<Desk> {
  const inTray = new Map<number, FactBell>();
  let look = false;

  setHandler(factSignal, (bell) => {
    if (bell.kind === 'look') look = true;
    else inTray.set(bell.no, bell);
  });

  let place: Place = await record<Place>((office) => office.readPlace(procedureId));
  let readNo = place.appliedNo;
  let alarmMoved = false;
  let alarmRang = false;
  let armedAtMs = Number.POSITIVE_INFINITY;
  learn(place);
  void keepAlarm();

  function learn(found: Place | Reached): void {
    place = { terms: place.terms, ...found };
    for (const no of inTray.keys()) if (no <= place.appliedNo) inTray.delete(no);
    for (const fact of found.facts) inTray.set(fact.no, fact);
    readNo = Math.max(readNo, place.appliedNo);
    const alarmAtMs = place.alarmAtMs ?? Number.POSITIVE_INFINITY;
    if (alarmAtMs < armedAtMs) alarmMoved = true;
  }

  // One alarm for the whole procedure: sleeps to the deadline then in force, looks, sleeps again. A deadline that moved later costs one look.
  // Where a look leaves the alarm as it was (Temporal's clock is a little ahead of PostgreSQL's), the next one comes later and later.
  async function keepAlarm(): Promise<void> {
    let inVain = 0;
    while (place.status !== 'closed') {
      armedAtMs = place.alarmAtMs ?? Number.POSITIVE_INFINITY;
      alarmMoved = false;
      const moved = () => alarmMoved || place.status === 'closed';
      if (armedAtMs === Number.POSITIVE_INFINITY) {
        await condition(moved);
        continue;
      }
      const pauseMs = inVain === 0 ? 1 : Math.min(LONGEST_PAUSE_MS, 1_000 * 2 ** (inVain - 1));
      if (await condition(moved, Math.max(pauseMs, armedAtMs - Date.now()))) continue;
      alarmRang = true;
      await condition(() => !alarmRang);
      inVain = (place.alarmAtMs ?? Number.POSITIVE_INFINITY) <= Date.now() ? inVain + 1 : 0;
    }
  }

  async function next(): Promise<FactBell> {
    for (;;) {
      await condition(() => inTray.has(readNo + 1) || alarmRang || look);
      if (alarmRang || look) {
        look = false;
        await lookAtClock();
        alarmRang = false;
        if (isLong()) await renewRun();
        continue;
      }
      const fact = inTray.get(readNo + 1);
      if (!fact) continue;
      // A bell may be faster than the look that wrote its fact: what the clock ended is judged by a place that knows of it.
      if (fact.kind === 'expired' && !place.facts.some((known) => known.no === fact.no)) await lookAtClock();
      readNo = fact.no;
      if (fact.kind === 'rung')
        await proceed({ acts: [{ act: 'answerRung', factNo: fact.no, ...(fact.taskId ? { taskId: fact.taskId } : {}) }] });
      else return fact;
    }
  }

  async function lookAtClock(): Promise<void> {
    await learnAt(place.stepNo, await record<Reached>((office) => office.lookAtClock(procedureId)));
  }

  /**
   * `stepNo`: the step that this run has reached. A record that is further on was brought there by a task of the workflow whose result was lost, so this run
   * stands at an earlier place than its procedure: a new one begins where the procedure is.
   */
  async function learnAt(stepNo: number, found: Reached): Promise<void> {
    if (found.stepNo > stepNo) await renewRun();
    learn(found);
  }

  // Few layers: the SDK keeps the stack of every promise, which is a good part of what a step costs the worker.
  function takeStep(input: Step, close?: string): Promise<Reached> {
    const next: StepInput = {
      procedureId,
      stepNo: place.stepNo + 1,
      appliedNo: readNo,
      stage: input.stage ?? place.stage,
      step: input.step ?? place.step,
      acts: input.acts ?? [],
      asks: input.asks ?? [],
      cancels: input.cancels ?? [],
      flags: input.flags ?? {},
      ...(input.again === undefined ? {} : { again: input.again }),
      ...(close === undefined ? {} : { close }),
    };
    return record<Reached>((office) => office.takeStep(next));
  }

  async function proceed(input: Step): Promise<Place> {
    const stepNo = place.stepNo + 1;
    const found = await takeStep(input);
    if (found.stepNo > stepNo || isLong()) await renewRun();
    learn(found);
    return place;
  }

  /** Everything worth keeping is on record, so a long history simply starts a new run at the place reached. */
  const renewRun = () => continueAsNew<(input: ProcedureInput) => Promise<string>>({ procedureId });

  async function close(outcome: string, input: Step = {}): Promise<string> {
    for (;;) {
      const stepNo = place.stepNo + 1;
      const reached = await takeStep(input, outcome);
      await learnAt(stepNo, reached);
      if (reached.status === 'closed') return reached.outcome ?? outcome;
      // Facts came in between: the step changed nothing and is taken again, now with account of them.
      readNo = Math.max(readNo, ...reached.facts.map((fact) => fact.no));
    }
  }

  return {
    procedureId,
    get place() {
      return place;
    },
    isAt: (stage) => place.stage === stage,
    next,
    proceed,
    close,
  };
}
