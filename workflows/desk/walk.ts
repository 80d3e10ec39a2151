/** A procedure is a walk through its stages, from where it stands to its end. */
import type { ProcedureType } from '../domain/procedures.ts';
import type { Next, Outcome, Stage } from '../domain/stages.ts';
import type { Desk, Step } from './desk.ts';

/** The work of a stage: it ends with the name of the next one, or with the outcome of the procedure. */
export type StageWork<T extends ProcedureType> = (desk: Desk) => Promise<Next<T>>;

/** `ending` says what the office does in the last step. */
export async function walk<T extends ProcedureType>(
  desk: Desk,
  first: Stage<T>,
  stages: Record<Stage<T>, StageWork<T>>,
  ending: (outcome: Outcome<T>) => Step,
): Promise<string> {
  let at = desk.place.stage === 'opened' ? first : (desk.place.stage as Next<T>);
  while (desk.place.status !== 'closed') {
    if (!isStage(at, stages)) return desk.close(at, ending(at as Outcome<T>));
    at = await stages[at](desk);
  }
  return desk.place.outcome ?? 'closed';
}

function isStage<T extends ProcedureType>(name: Next<T>, stages: Record<Stage<T>, unknown>): name is Stage<T> {
  return Object.hasOwn(stages, name);
}
