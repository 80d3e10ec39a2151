/** The worker process: runs the procedures, the relay, the desks of mails and short messages, and the reconciler. Any number may run at once. */
import { Connection, type ConnectionOptions } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker, type WorkflowBundle } from '@temporalio/worker';
import type { Knex } from 'knex';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import type { Logger } from 'pino';
import type { Vault } from '../db/vault.ts';
import type { TemporalSettings } from '../temporal.config.ts';
import { createActivities } from './index.ts';
import { httpSmsGateway } from './connectors/sms.ts';
import { startMailDesk } from './correspondence/mail-desk.ts';
import { startSmsDesk } from './correspondence/sms-desk.ts';
import { createReconciler, type ReconcilerTurns } from './relay/reconciler.ts';
import { type Relay, startRelay } from './relay/relay.ts';

export type WorkerOptions = {
  db: Knex;
  databaseUrl: string;
  vault: Vault;
  temporal: TemporalSettings;
  registersUrl?: string | undefined;
  smtpUrl?: string | undefined;
  smsUrl?: string | undefined;
  smsToken?: string | undefined;
  baseUrl: string;
  log: Logger;
  /** A bundle made earlier; otherwise it is made at start. */
  workflowBundle?: { codePath: string } | undefined;
  turns?: ReconcilerTurns | undefined;
};

/**
 * How many calls a stack of a workflow shows. The SDK takes one for every promise that a workflow makes: with ten, as usual, that is a tenth of what
 * a step costs the worker.
 */
const STACK_OF_WORKFLOWS = 5;

/**
 * How long a workflow may compute without a pause. After its five seconds the SDK breaks off the code in the middle, on which Node ends the whole process
 * ("async hook stack has become corrupted", temporalio/sdk-typescript#939): on a machine that stalls, a replay of some thousand events takes that long.
 * The option is known to the SDK, though not to its types.
 */
const patience = { isolateExecutionTimeout: '1m' };

export type RunningWorker = { relay: Relay; stop(): Promise<void> /** Rejects when the worker breaks. */; done: Promise<void> };

/** Starts everything and returns when it polls. `stop` drains: acts that are under way end first. */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  quietRuntime(options.log);
  // Holds for contexts made from now on: those of the workflows.
  setFlagsFromString(`--stack-trace-limit=${STACK_OF_WORKFLOWS}`);
  const { connectionOptions, namespace, taskQueue } = options.temporal;
  const native = await NativeConnection.connect(connectionOptions);
  const connection = await Connection.connect(connectionOptions as ConnectionOptions);
  const reconciler = createReconciler({ db: options.db, connection, namespace, taskQueue, log: options.log, ...options.turns });
  const worker = await Worker.create({
    connection: native,
    namespace,
    taskQueue,
    activities: createActivities(
      { db: options.db, vault: options.vault, log: options.log, registersUrl: options.registersUrl },
      reconciler,
    ),
    ...bundleOrPath(options.workflowBundle),
    ...patience,
    shutdownGraceTime: '10s',
    shutdownForceTime: '20s',
    maxConcurrentWorkflowTaskExecutions: 40,
    maxConcurrentLocalActivityExecutions: 20,
  });
  const done = worker.run();
  const relay = startRelay({ db: options.db, databaseUrl: options.databaseUrl, connection, namespace, taskQueue, log: options.log });
  const mailDesk = startMailDesk({ db: options.db, smtpUrl: options.smtpUrl, baseUrl: options.baseUrl, log: options.log });
  const gateway = options.smsUrl ? httpSmsGateway(options.smsUrl, options.smsToken) : undefined;
  const smsDesk = startSmsDesk({ db: options.db, vault: options.vault, gateway, log: options.log });
  reconciler.watch(worker.options.buildId);
  return {
    relay,
    done,
    async stop() {
      await reconciler.stop();
      await relay.stop();
      await mailDesk.stop();
      await smsDesk.stop();
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await done.catch(() => undefined);
      await connection.close();
      await native.close();
    },
  };
}

let quiet = false;

/** The SDK's own lines go to our log from warnings upwards; a process has one runtime. */
function quietRuntime(log: Logger): void {
  if (quiet) return;
  quiet = true;
  Runtime.install({
    logger: new DefaultLogger('WARN', ({ level, message }) => (level === 'ERROR' ? log.error(message) : log.warn(message))),
    shutdownSignals: [],
  });
}

function bundleOrPath(
  bundle: { codePath: string } | undefined,
): { workflowBundle: WorkflowBundle | { codePath: string } } | { workflowsPath: string } {
  if (bundle) return { workflowBundle: bundle };
  const path = import.meta.url.endsWith('.ts') ? '../workflows/index.ts' : '../workflows/index.js';
  return { workflowsPath: fileURLToPath(new URL(path, import.meta.url)) };
}
