/**
 * Compares procedures with their workflows and rings what stands still: facts that were not taken account of, alarms that did not ring,
 * procedures without a running workflow. Also finishes counting deadlines by a changed calendar,
 * goes on with bulk acts that stopped half way and forgets old answers. Ringing is always safe: a run reads its place from the row.
 */
import { type Connection, Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import { forgetOldBulkJobs, resumeBulkJobs } from '../../db/bulk-jobs.ts';
import { recomputeDeadlines } from '../../db/calendar/calendar-notices.ts';
import { forgetOldAnswers } from '../../db/protocol/idempotency.ts';
import { listOpenProcedures, listOrphans, listStandingStill } from '../../db/protocol/reconciliation.ts';
import { procedureWorkflowId } from '../../temporal.config.ts';
import { ringProcedures } from '../../db/protocol/procedures.ts';

export type Reconciler = { stop(): Promise<void> };
export type ReconcilerOptions = { db: Knex; connection: Connection; namespace: string; taskQueue: string; log: Logger; everyMs?: number };

const EVERY_MS = 15_000;
const BATCH = 200;

export function startReconciler(options: ReconcilerOptions): Reconciler {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  const again = (): void => {
    if (stopped) return;
    timer = setTimeout(() => {
      turn = reconcile(options)
        .catch((error: Error) => options.log.warn({ error: error.name }, 'reconciler: turn failed'))
        .finally(again);
    }, options.everyMs ?? EVERY_MS);
  };
  again();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await turn;
    },
  };
}

let cursor = '';

/** One turn. Returns the ids that were rung. */
export async function reconcile({ db, connection, namespace, taskQueue, log }: ReconcilerOptions): Promise<string[]> {
  await recomputeDeadlines(db, undefined);
  await forgetOldAnswers(db);
  await forgetOldBulkJobs(db);
  // One job that meets a fault must not keep the procedures waiting.
  await resumeBulkJobs(db).catch((error: Error) => log.warn({ error: error.name }, 'reconciler: a bulk act stopped'));
  const still = await listStandingStill(db);
  const lost = await findLostRuns(db, new Client({ connection, namespace }), taskQueue);
  const orphans = await listOrphans(db);
  if (orphans.length > 0) log.error({ procedures: orphans.slice(0, 20) }, 'reconciler: procedures that wait for nobody');
  // Ringing an orphan would not help it: its run has nothing to do. Somebody must look.
  const ids = [...new Set([...still, ...lost])];
  if (ids.length > 0) {
    await ringProcedures(db, ids);
    log.warn({ procedures: ids.length, lost: lost.length }, 'reconciler: rang procedures that stood still');
  }
  return ids;
}

/** Asks Temporal about one batch of open procedures each turn, so that a large province is walked round in time. */
async function findLostRuns(db: Knex, client: Client, taskQueue: string): Promise<string[]> {
  const open = await listOpenProcedures(db, cursor, BATCH);
  cursor = open.length < BATCH ? '' : (open.at(-1) ?? '');
  const lost: string[] = [];
  for (const id of open) {
    try {
      const description = await client.withDeadline(Date.now() + 3_000, () =>
        client.workflow.getHandle(procedureWorkflowId(id, taskQueue)).describe(),
      );
      if (description.status.name !== 'RUNNING') lost.push(id);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) lost.push(id);
      else throw error;
    }
  }
  return lost;
}
