import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { NativeConnectionOptions } from '@temporalio/worker';

/** The namespace used when TEMPORAL_NAMESPACE is not set. */
export const DEFAULT_NAMESPACE = 'shiming';
/** The one task queue of workflows and activities; tests use a queue of their own by argument. */
export const TASK_QUEUE = 'shiming';
/** How long Temporal keeps a closed run; PostgreSQL keeps the record, so this is only for looking back. Turns of the reconciler go with it too. */
export const RETENTION_DAYS = 7;

export type TemporalSettings = {
  /** For `Connection.connect` and `NativeConnection.connect` alike. */
  connectionOptions: NativeConnectionOptions & { address: string };
  namespace: string;
  taskQueue: string;
};

/**
 * Where Temporal is and how to reach it: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS_*.
 * TEMPORAL_TASK_QUEUE keeps several installations on one namespace apart.
 * A profile file is read only when TEMPORAL_PROFILE or TEMPORAL_CONFIG_FILE names one, so that a developer's own
 * file for another cluster is never used by accident. Arguments go before the environment.
 */
export function temporalSettings(given: { address?: string; namespace?: string; taskQueue?: string } = {}): TemporalSettings {
  const fileWanted = Boolean(process.env.TEMPORAL_PROFILE || process.env.TEMPORAL_CONFIG_FILE);
  const loaded = loadClientConnectConfig({ disableFile: !fileWanted });
  return {
    connectionOptions: { ...loaded.connectionOptions, address: given.address ?? loaded.connectionOptions.address ?? '127.0.0.1:7233' },
    namespace: given.namespace ?? loaded.namespace ?? DEFAULT_NAMESPACE,
    taskQueue: given.taskQueue ?? (process.env.TEMPORAL_TASK_QUEUE || TASK_QUEUE),
  };
}

/** True when the environment names a cluster, so that none has to be started here. */
export function temporalIsConfigured(): boolean {
  return Boolean(process.env.TEMPORAL_ADDRESS || process.env.TEMPORAL_PROFILE || process.env.TEMPORAL_CONFIG_FILE);
}

/**
 * A procedure's row and its workflow share one id. Installations that share a namespace are kept apart by their task queues, which then
 * lead the ids.
 */
export function procedureWorkflowId(procedureId: string, taskQueue: string): string {
  return idLedBy(taskQueue, procedureId);
}

/** The schedule that starts the turns of the reconciler; its runs are named after it and their time. */
export function reconciliationScheduleId(taskQueue: string): string {
  return idLedBy(taskQueue, 'reconciliation');
}

function idLedBy(taskQueue: string, id: string): string {
  return taskQueue === TASK_QUEUE ? id : `${taskQueue}/${id}`;
}
