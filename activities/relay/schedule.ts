/** The schedule of Temporal that starts the turns of the reconciler. Overlapping turns are skipped, and missed ones are not caught up: the next one sees everything. */
import {
  Client,
  type Connection,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type ScheduleOptions,
} from '@temporalio/client';
import type { ScheduleFault } from '../../db/protocol/findings.ts';
import { reconciliationScheduleId } from '../../temporal.config.ts';

/** How long Temporal may take to answer. */
export const ANSWER_MS = 3_000;
/** The shortest that Temporal allows. */
const CATCH_UP = '10 seconds';

export type SchedulePlace = { connection: Connection; namespace: string; taskQueue: string; everyMs: number };

/** Makes the schedule, or brings the one that is there to what this release says; whether it is paused stays as it is. */
export async function keepSchedule(place: SchedulePlace): Promise<void> {
  const client = clientOf(place);
  const { scheduleId, ...wanted } = scheduleOf(place);
  await client.withDeadline(Date.now() + ANSWER_MS, async () => {
    try {
      await client.schedule.create({ scheduleId, ...wanted });
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
      await client.schedule.getHandle(scheduleId).update(({ state }) => ({ ...wanted, state }));
    }
  });
}

/** Why no turn was started. A schedule that is missing is made again. */
export async function findScheduleFault(place: SchedulePlace): Promise<ScheduleFault> {
  const client = clientOf(place);
  try {
    const handle = client.schedule.getHandle(reconciliationScheduleId(place.taskQueue));
    const { state } = await client.withDeadline(Date.now() + ANSWER_MS, () => handle.describe());
    return state.paused ? 'paused' : 'idle';
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    await keepSchedule(place);
    return 'missing';
  }
}

function clientOf({ connection, namespace }: SchedulePlace): Client {
  return new Client({ connection, namespace });
}

function scheduleOf({ taskQueue, everyMs }: SchedulePlace) {
  const scheduleId = reconciliationScheduleId(taskQueue);
  return {
    scheduleId,
    spec: { intervals: [{ every: everyMs }] },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCH_UP },
    action: { type: 'startWorkflow', workflowType: 'reconciliation', workflowId: scheduleId, taskQueue },
  } as const satisfies ScheduleOptions;
}
