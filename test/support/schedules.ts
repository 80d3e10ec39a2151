/** A worker that is told to leaves a schedule behind on Temporal, as it should; what measures or tests it takes it away. */
import { Client, Connection, type ScheduleHandle, ScheduleNotFoundError } from '@temporalio/client';
import { reconciliationScheduleId } from '../../temporal.config.ts';

type Where = { address: string; namespace: string; taskQueue: string };

/** Gives the schedule of the reconciler into `use`. */
export async function withSchedule<T>({ address, namespace, taskQueue }: Where, use: (schedule: ScheduleHandle) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await use(new Client({ connection, namespace }).schedule.getHandle(reconciliationScheduleId(taskQueue)));
  } finally {
    await connection.close();
  }
}

export function removeSchedule(where: Where): Promise<void> {
  return withSchedule(where, (schedule) =>
    schedule.delete().catch((error: Error) => {
      if (!(error instanceof ScheduleNotFoundError)) throw error;
    }),
  );
}
