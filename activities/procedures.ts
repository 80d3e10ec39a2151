/** The acts by which a run reads and moves its procedure. Each is one transaction and may be repeated. */
import { ApplicationFailure } from '@temporalio/activity';
import { NotFoundError } from '../workflows/domain/errors.ts';
import type { Flags, Place, Reached, StepInput } from '../workflows/domain/procedures.ts';
import type { Trx } from '../db/client.ts';
import { sqlState } from '../db/client.ts';
import type { LockedProcedure } from '../db/protocol/procedures.ts';
import { lookAtClock } from '../db/protocol/alarms.ts';
import { readPlace, takeStep } from '../db/protocol/steps.ts';
import { actsOfOffice, findAct } from './acts.ts';
import type { OfficeDeps } from './deps.ts';

export function procedureActivities({ db, vault }: OfficeDeps) {
  async function perform(trx: Trx, procedure: LockedProcedure, input: StepInput): Promise<Flags> {
    let flags: Flags = {};
    for (const act of input.acts) {
      const run = findAct(actsOfOffice, act.act);
      // A worker of an older release: another one will know the act.
      if (!run) throw ApplicationFailure.retryable(`unknown act ${act.act}`, 'UnknownAct');
      // Later acts of a step see what earlier ones found.
      const found = await run({ trx, procedure, act, flags: { ...procedure.flags, ...flags }, vault });
      flags = { ...flags, ...found };
    }
    return flags;
  }

  return {
    readPlace: (procedureId: string): Promise<Place> => coded(() => readPlace(db, procedureId)),
    takeStep: (input: StepInput): Promise<Reached> => coded(async () => withoutTerms(await takeStep(db, input, perform))),
    lookAtClock: (procedureId: string): Promise<Reached> => coded(async () => withoutTerms(await lookAtClock(db, procedureId))),
  };
}

function withoutTerms({ terms: _terms, ...reached }: Place): Reached {
  return reached;
}

/** Failures travel into the workflow history: only their code does, since messages of the database quote row values. */
export async function coded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ApplicationFailure) throw error;
    if (error instanceof NotFoundError) throw ApplicationFailure.nonRetryable(error.code, 'NotFound');
    const state = sqlState(error);
    throw ApplicationFailure.retryable(state ? `database ${state}` : `office ${(error as Error).name}`, state ? 'Database' : 'Office');
  }
}
