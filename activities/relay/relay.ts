/**
 * The relay carries every line of the outbox to Temporal as one signalWithStart. A line is gone only after Temporal's durable answer.
 * Runs in the worker process, in any number.
 */
import { Client, type Connection, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import type { Knex } from 'knex';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Logger } from 'pino';
import { inTransaction } from '../../db/client.ts';
import { deleteLines, type OutboxLine, outboxChannel, postponeLines, takeLines } from '../../db/protocol/outbox.ts';
import { findProcedure } from '../../db/protocol/procedures.ts';
import { procedureWorkflowId } from '../../temporal.config.ts';
import type { FactBell, LookBell } from '../../workflows/domain/facts.ts';

const BATCH = 50;
const POLL_MS = 50;
const IDLE_POLL_MS = 500;
const SEND_DEADLINE_MS = 5_000;

export type Relay = { stop(): Promise<void>; alive(): boolean };
export type RelayOptions = { db: Knex; databaseUrl: string; connection: Connection; namespace: string; taskQueue: string; log: Logger };

export function startRelay(options: RelayOptions): Relay {
  const client = new Client({ connection: options.connection, namespace: options.namespace });
  let stopping = false;
  let wake: () => void = () => undefined;
  // A bell that rings while a turn is under way is answered by the next one.
  let rung = false;
  let lastTurn = Date.now();
  const bell = listenForBells(options, () => {
    rung = true;
    wake();
  });

  const running = (async () => {
    while (!stopping) {
      let taken = 0;
      rung = false;
      try {
        taken = await turn(options, client);
        lastTurn = Date.now();
      } catch (error) {
        options.log.warn({ error: (error as Error).name }, 'relay: turn failed');
        await sleep(500);
      }
      if (taken === 0 && !rung && !stopping)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, bell.connected() ? IDLE_POLL_MS : POLL_MS);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
    }
  })();

  return {
    alive: () => Date.now() - lastTurn < 15_000,
    async stop() {
      stopping = true;
      wake();
      await running;
      await bell.close();
    },
  };
}

/** One turn: takes a batch, sends it, deletes what Temporal has taken. Lines of one procedure go in their order. */
async function turn(options: RelayOptions, client: Client): Promise<number> {
  return inTransaction(options.db, async (trx) => {
    const lines = await takeLines(trx, BATCH);
    if (lines.length === 0) return 0;
    const done: number[] = [];
    const later: number[] = [];
    const perProcedure = group(lines);
    await Promise.all(
      [...perProcedure.values()].map(async (queue) => {
        for (const [at, line] of queue.entries()) {
          if (await deliver(options, client, line)) done.push(line.id);
          else {
            later.push(...queue.slice(at).map((rest) => rest.id));
            return;
          }
        }
      }),
    );
    await deleteLines(trx, done);
    await postponeLines(trx, later);
    return later.length > 0 ? 0 : lines.length;
  });
}

function group(lines: OutboxLine[]): Map<string, OutboxLine[]> {
  const groups = new Map<string, OutboxLine[]>();
  for (const line of lines) groups.set(line.procedure_id, [...(groups.get(line.procedure_id) ?? []), line]);
  return groups;
}

async function deliver(options: RelayOptions, client: Client, line: OutboxLine): Promise<boolean> {
  const bell = {
    no: line.no,
    kind: line.kind,
    ...(line.task_id === null ? {} : { taskId: line.task_id }),
    ...(line.outcome === null ? {} : { outcome: line.outcome }),
  } as FactBell | LookBell;
  try {
    if (line.kind === 'restart') await endRun(options, client, line);
    await send(options, client, line, bell, 'REJECT_DUPLICATE');
    return true;
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) {
      options.log.warn({ error: (error as Error).name, procedure: line.procedure_id }, 'relay: not delivered');
      return false;
    }
    return deliverToEnded(options, client, line, bell);
  }
}

/** Two people had the run started anew. Whatever it was in the middle of is on record or not; the new run goes on from there. */
async function endRun(options: RelayOptions, client: Client, line: OutboxLine): Promise<void> {
  try {
    const handle = client.workflow.getHandle(procedureWorkflowId(line.procedure_id, options.taskQueue));
    await client.withDeadline(Date.now() + SEND_DEADLINE_MS, () => handle.terminate('started anew'));
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}

/** The run has ended: right if the procedure is closed; otherwise the run was lost and a new one starts at the place on record. */
async function deliverToEnded(options: RelayOptions, client: Client, line: OutboxLine, bell: FactBell | LookBell): Promise<boolean> {
  try {
    const procedure = await findProcedure(options.db, line.procedure_id);
    if (!procedure || procedure.status === 'closed') return true;
    await send(options, client, line, bell, 'ALLOW_DUPLICATE');
    options.log.warn({ procedure: line.procedure_id }, 'relay: run was gone, started again');
    return true;
  } catch {
    return false;
  }
}

async function send(
  options: RelayOptions,
  client: Client,
  line: OutboxLine,
  bell: FactBell | LookBell,
  policy: 'REJECT_DUPLICATE' | 'ALLOW_DUPLICATE',
): Promise<void> {
  await client.withDeadline(Date.now() + SEND_DEADLINE_MS, () =>
    client.workflow.signalWithStart(line.type, {
      workflowId: procedureWorkflowId(line.procedure_id, options.taskQueue),
      taskQueue: options.taskQueue,
      args: [{ procedureId: line.procedure_id }],
      signal: 'fact',
      signalArgs: [bell],
      workflowIdReusePolicy: policy,
    }),
  );
}

type Listener = { connected(): boolean; close(): Promise<void> };

/** Listens for NOTIFY on one connection of its own, and comes back when it is cut. Exported for its test. */
export function listenForBells({ databaseUrl, log }: Pick<RelayOptions, 'databaseUrl' | 'log'>, onBell: () => void): Listener {
  let client: pg.Client | undefined;
  let closed = false;
  let connected = false;
  const closing = new AbortController();

  /** Resolves when the connection has ended. A cut connection may tell of several errors; it ends once. */
  async function listenOnce(): Promise<void> {
    client = new pg.Client({
      connectionString: databaseUrl,
      application_name: 'shiming-relay-bell',
      connectionTimeoutMillis: 3_000,
      keepAlive: true,
    });
    const attempt = client;
    const ended = new Promise<void>((resolve) => attempt.once('end', () => resolve()));
    attempt.on('error', () => void attempt.end().catch(() => undefined));
    try {
      await attempt.connect();
      attempt.on('notification', onBell);
      await attempt.query(`listen ${outboxChannel}`);
      connected = !closed;
      if (closed) await attempt.end();
      await ended;
    } finally {
      connected = false;
      void attempt.end().catch(() => undefined);
    }
  }

  const running = (async () => {
    while (!closed) {
      await listenOnce().catch((error: Error) => log.debug({ error: error.name }, 'relay: no bell, polling'));
      if (!closed) await sleep(1_000, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  })();

  return {
    connected: () => connected,
    async close() {
      closed = true;
      closing.abort();
      await client?.end().catch(() => undefined);
      await running;
    },
  };
}
