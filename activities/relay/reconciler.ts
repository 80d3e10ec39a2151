/**
 * Compares procedures with their workflows, writes down what is wrong for the operations page, and rings what stands still: facts that were
 * not taken account of, alarms that did not ring, procedures without a running workflow. Ringing is always safe, since a run reads its place
 * from the row; it is done at once and then after growing pauses. Also finishes counting deadlines by a changed calendar,
 * goes on with bulk acts that stopped half way, puts back into the queue what substitutes still have after their last day, counts the boards of large
 * regions and the archives of large institutions ahead, and forgets old answers, bulk acts and rosters that nobody confirmed.
 *
 * A schedule of Temporal starts the turns. Because this is what rebuilds a lost Temporal store and says that Temporal is silent, it does not depend on it:
 * a timer of each worker, the watch, takes the turn when none began or ended for two intervals, and makes the schedule again when it is missing.
 */
import { type Connection, Client, type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import { forgetOldBulkJobs, resumeBulkJobs } from '../../db/inbox/bulk-jobs.ts';
import { returnEnded } from '../../db/accounts/substitutions.ts';
import { recomputeDeadlines } from '../../db/calendar/deadlines.ts';
import * as findings from '../../db/protocol/findings.ts';
import { forgetOldAnswers } from '../../db/protocol/idempotency.ts';
import { ringProcedures } from '../../db/protocol/procedures.ts';
import { listOpenProcedures, listStandingStill, recordApart } from '../../db/protocol/reconciliation.ts';
import { keepArchives } from '../../db/views/institutions/kept-archives.ts';
import { forgetOldUploads } from '../../db/roster/uploads.ts';
import { keepBoards } from '../../db/views/kept-boards.ts';
import { procedureWorkflowId } from '../../temporal.config.ts';
import { ANSWER_MS, findScheduleFault, keepSchedule } from './schedule.ts';

/** How turns are started. Without a schedule the watch takes them all. */
export type ReconcilerTurns = { scheduled: boolean; everyMs?: number | undefined };
export type ReconcilerOptions = { db: Knex; connection: Connection; namespace: string; taskQueue: string; log: Logger };
export type Reconciler = {
  /** The turn that the schedule starts. */
  takeTurn(this: void): Promise<void>;
  /** Begins to watch; `buildId` is that of this worker. */
  watch(buildId: string | undefined): void;
  stop(): Promise<void>;
};

const EVERY_MS = 30_000;
const BATCH = 200;
const KNOWN_FAULTS = 100;
const AT_ONCE = 10;
/** A first failure may be the death of a worker; the third is not. */
const FAILING_FROM = 3;
const RETRYING_FROM = 5;
const runCodes = ['run_missing', 'run_ended', 'run_failing', 'run_retrying'] as const;

export function createReconciler(options: ReconcilerOptions & Partial<ReconcilerTurns>): Reconciler {
  const { db, log, scheduled = false, everyMs = EVERY_MS } = options;
  const place = { ...options, everyMs };
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let turns: Promise<void> = Promise.resolve();

  /** One after the other in this process, whoever starts them. */
  const inLine = (turn: () => Promise<void>): Promise<void> => {
    turns = turns.then(turn).catch((error: Error) => log.warn({ error: error.name }, 'reconciler: turn failed'));
    return turns;
  };
  const scheduledTurn = async (): Promise<void> => {
    if (stopped) return;
    if (await findings.beginTurn(db, everyMs / 2, 'schedule')) await reconcile(options);
  };
  /** Of several workers one takes the turn; the others look whether the next one is theirs. */
  const watchedTurn = async (patienceMs: number): Promise<void> => {
    if (!(await findings.beginTurn(db, patienceMs, 'watch'))) return;
    if (scheduled) await lookAtSchedule();
    await reconcile(options);
  };
  const lookAtSchedule = async (): Promise<void> => {
    try {
      const fault = await findScheduleFault(place);
      log.warn({ fault }, 'reconciler: the schedule started no turn');
      await findings.recordScheduleFault(db, fault);
    } catch (error) {
      log.warn({ error: (error as Error).name }, 'reconciler: the schedule cannot be looked at');
    }
  };

  return {
    takeTurn: () => inLine(scheduledTurn),
    watch(buildId) {
      // The schedule first has its chance. Alone, the watch looks twice an interval and takes every second look, however late a timer is.
      const since = Date.now();
      const patienceMs = scheduled ? 2 * everyMs : 0.45 * everyMs;
      if (scheduled) void keepSchedule(place).catch((error: Error) => log.warn({ error: error.name }, 'reconciler: no schedule was made'));
      const look = async (): Promise<void> => {
        if (buildId) await findings.recordWorker(db, buildId);
        if (!scheduled || Date.now() - since > patienceMs) await watchedTurn(patienceMs);
      };
      const again = (): void => {
        if (!stopped) timer = setTimeout(() => void inLine(look).finally(again), everyMs / 2);
      };
      again();
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await turns;
    },
  };
}

/** One turn. Returns the ids that were rung. */
export async function reconcile({ db, connection, namespace, taskQueue, log }: ReconcilerOptions): Promise<string[]> {
  await recomputeDeadlines(db, undefined);
  await forgetOldAnswers(db);
  await forgetOldBulkJobs(db);
  await forgetOldUploads(db);
  // One job that meets a fault must not keep the procedures waiting.
  await resumeBulkJobs(db).catch((error: Error) => log.warn({ error: error.name }, 'reconciler: a bulk act stopped'));
  await returnEnded(db);
  await findings.forgetClosed(db);
  const known = await findings.listFound(db, ['standing_still'], BATCH);
  const still = await listStandingStill(db);
  const standing = still.map((procedureId) => ({ procedureId, code: 'standing_still' as const, detail: {} }));
  await findings.recordFindings(db, ['standing_still'], [...known, ...still], standing);
  const walk = await lookAtRuns(db, new Client({ connection, namespace }), taskQueue);
  await findings.countBuilds(db);
  const orphans = await recordApart(db);
  if (orphans.length > 0) log.error({ procedures: orphans.slice(0, 20) }, 'reconciler: procedures that wait for nobody');
  // Ringing an orphan would not help it: its run has nothing to do. Somebody must look.
  const ids = await findings.takeForRinging(db, [...still, ...walk.found]);
  if (ids.length > 0) {
    await ringProcedures(db, ids);
    log.warn({ procedures: ids.length }, 'reconciler: rang procedures that stood still');
  }
  if (walk.temporalSilent) log.warn('reconciler: Temporal gives no answer');
  await keepBoards(db).catch((error: Error) => log.warn({ error: error.name }, 'reconciler: boards were not counted'));
  await keepArchives(db).catch((error: Error) => log.warn({ error: error.name }, 'reconciler: archives were not counted'));
  await findings.endTurn(db, { walkedTo: walk.walkedTo, temporalSilent: walk.temporalSilent });
  return ids;
}

type Walk = { walkedTo: string; temporalSilent: boolean /** Procedures whose run is not right. */; found: string[] };

/** Asks Temporal about what was found before and one more batch of open procedures each turn, so that a large province is walked round in time. */
async function lookAtRuns(db: Knex, client: Client, taskQueue: string): Promise<Walk> {
  const from = await findings.readWalk(db);
  const open = await listOpenProcedures(db, from, BATCH);
  const ids = [...new Set([...(await findings.listFound(db, runCodes, KNOWN_FAULTS)), ...open])];
  const found: string[] = [];
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    const some = ids.slice(at, at + AT_ONCE);
    // All of them are waited for: a call that is left behind would outlive the connection.
    const answers = await Promise.allSettled(some.map((id) => describe(client, id, taskQueue)));
    const runs = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    if (runs.length < some.length) return { walkedTo: from, temporalSilent: true, found };
    const wrong = runs.flatMap((run) => run.found);
    await findings.recordFindings(db, runCodes, some, wrong);
    found.push(...wrong.map(({ procedureId }) => procedureId));
    await findings.recordBuilds(
      db,
      runs.flatMap(({ procedureId, buildId }) => (buildId ? [{ procedureId, buildId }] : [])),
    );
  }
  return { walkedTo: open.length < BATCH ? '' : (open.at(-1) ?? ''), temporalSilent: false, found };
}

type Run = { procedureId: string; buildId: string | undefined; found: findings.Finding[] };

async function describe(client: Client, procedureId: string, taskQueue: string): Promise<Run> {
  try {
    const handle = client.workflow.getHandle(procedureWorkflowId(procedureId, taskQueue));
    const description = await client.withDeadline(Date.now() + ANSWER_MS, () => handle.describe());
    return {
      procedureId,
      buildId: description.raw.workflowExecutionInfo?.mostRecentWorkerVersionStamp?.buildId || undefined,
      found: faultsOf(description).map((fault) => ({ procedureId, ...fault })),
    };
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    return { procedureId, buildId: undefined, found: [{ procedureId, code: 'run_missing', detail: {} }] };
  }
}

function faultsOf({ status, raw }: WorkflowExecutionDescription): Omit<findings.Finding, 'procedureId'>[] {
  if (status.name !== 'RUNNING') return [{ code: 'run_ended', detail: { status: status.name } }];
  const faults: Omit<findings.Finding, 'procedureId'>[] = [];
  const attempt = raw.pendingWorkflowTask?.attempt ?? 0;
  if (attempt >= FAILING_FROM) faults.push({ code: 'run_failing', detail: { attempt } });
  const retried = (raw.pendingActivities ?? []).find((activity) => (activity.attempt ?? 0) >= RETRYING_FROM);
  if (retried) faults.push({ code: 'run_retrying', detail: { activity: retried.activityType?.name ?? '', attempt: retried.attempt ?? 0 } });
  return faults;
}
