/** Starts everything in its order, and stops it in the opposite one: API, worker, Temporal, PostgreSQL. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import { hashPassword } from '../api/sessions/passwords.ts';
import { readApiConfig } from '../api/config.ts';
import { databaseChecks, temporalCheck } from '../api/health/readiness.ts';
import { countRequests } from '../api/http/requests.ts';
import { type RunningApi, startApi } from '../api/server.ts';
import { startSimulators } from '../activities/connectors/simulators.ts';
import { readWorkerConfig } from '../activities/config.ts';
import { officeMetrics } from '../activities/metrics.ts';
import type { ReconcilerTurns } from '../activities/relay/reconciler.ts';
import { startWorker } from '../activities/worker.ts';
import { changeSpeed } from '../db/calendar/clock.ts';
import { closeDatabase, inTransaction, openDatabase } from '../db/client.ts';
import { logOptions, metricsAddress, vaultFromConfig } from '../db/config.ts';
import { serveMetrics } from '../db/formats/prometheus.ts';
import { loadDemonstration } from '../db/demonstration/load.ts';
import { migrate } from '../db/migrate.ts';
import { temporalSettings } from '../temporal.config.ts';
import { createDatabase, databaseUrl, ensurePostgres } from './servers/postgres.ts';
import { type Log, StartError } from './start-error.ts';
import { ensureTemporal } from './servers/temporal.ts';

export type ProductOptions = {
  /** Where the embedded servers and the keys live. */
  stateDir: string;
  /** PostgreSQL of one's own; absent: the embedded one. */
  databaseUrl?: string | undefined;
  port?: number | undefined;
  /** Load the demonstration province. Always true on the embedded database. */
  demo: boolean;
  /** Where the business clock begins at the first start; absent: 2 March 2026. */
  begin?: Date | undefined;
  /** Speed of the business clock from this start on; absent: as it was, 1 at the first start. */
  clockSpeed?: number | undefined;
  taskQueue?: string | undefined;
  workflowBundle?: { codePath: string } | undefined;
  /** How the turns of the reconciler are started; absent: without a schedule on Temporal. */
  turns?: ReconcilerTurns | undefined;
  log: Log;
};

export type Product = {
  url: string;
  databaseUrl: string;
  demo: boolean;
  temporalAddress: string;
  startedMs: number;
  /** Puts what went wrong beside the product into its log. */
  trouble(this: void, error: Error): void;
  stop(): Promise<void>;
};

export const demonstrationPassword = 'shiming-demo';

/** Starts the product. Throws StartError with a plain sentence and a way out; what was started by then is stopped again. */
export async function startProduct(options: ProductOptions): Promise<Product> {
  const began = Date.now();
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const one of stops.splice(0).reverse()) await one();
  };
  try {
    return await assemble(options, stops, stop, began);
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
}

async function assemble(
  options: ProductOptions,
  stops: (() => Promise<void>)[],
  stop: () => Promise<void>,
  began: number,
): Promise<Product> {
  const { stateDir, log } = options;
  mkdirSync(stateDir, { recursive: true });
  if (options.port) await requireFreePort(options.port);
  const logFile = pino(
    { name: 'shiming', level: 'info', ...logOptions },
    pino.destination({ dest: join(stateDir, 'shiming.log'), sync: false }),
  );

  const embedded = options.databaseUrl === undefined;
  log(embedded ? '1/5 PostgreSQL…' : '1/5 PostgreSQL (DATABASE_URL)…');
  const postgres = embedded ? await ensurePostgres({ dataDir: join(stateDir, 'postgres'), log }) : undefined;
  if (postgres) {
    stops.push(() => postgres.stop());
    await createDatabase(postgres.url, 'shiming');
  }
  const url = postgres ? databaseUrl(postgres.url, 'shiming') : (options.databaseUrl as string);

  log('2/5 Temporal…');
  const temporal = await ensureTemporal({ postgresUrl: postgres?.url ?? url, dir: join(stateDir, 'temporal'), log });
  stops.push(() => temporal.stop());

  log('3/5 数据库结构 · schema…');
  await migrate(url).catch((error: Error) => {
    throw new StartError(`数据库结构无法更新：${error.message}`, `The schema could not be brought up to date: ${error.message}`);
  });
  const db = openDatabase(url, { max: 20 });
  stops.push(() => closeDatabase(db));
  const vault = vaultFromConfig(join(stateDir, 'keys'));
  const demo = embedded || options.demo;
  if (demo) {
    log('4/5 演示省份 · demonstration province…');
    const { clockSpeed, begin } = options;
    const passwordHash = await hashPassword(demonstrationPassword);
    const fresh = await loadDemonstration(db, { passwordHash, vault, clockSpeed: clockSpeed ?? 1, begin });
    if (!fresh && clockSpeed !== undefined) await inTransaction(db, (trx) => changeSpeed(trx, clockSpeed));
  }

  log('5/5 流程、联网核查（模拟）、网页 · worker, registers (simulated), pages…');
  const simulators = demo ? await startSimulators({ port: 0 }) : undefined;
  if (simulators) stops.push(() => simulators.close());
  const config = readApiConfig({ ...(options.port === undefined ? {} : { port: options.port }), demo, secret: secretIn(stateDir) });
  const settings = temporalSettings({
    address: temporal.address,
    namespace: temporal.namespace,
    ...(options.taskQueue ? { taskQueue: options.taskQueue } : {}),
  });
  const worker = await startWorker({
    db,
    databaseUrl: url,
    vault,
    temporal: settings,
    log: logFile,
    workflowBundle: options.workflowBundle,
    turns: options.turns,
    ...readWorkerConfig({
      registersUrl: simulators?.url,
      smsUrl: simulators?.smsUrl,
      baseUrl: config.publicUrl ?? `http://localhost:${config.port}`,
    }),
  });
  stops.push(() => worker.stop());
  const requests = countRequests(logFile);
  const api = await listen({
    requests,
    db,
    vault,
    config,
    log: logFile,
    checks: {
      ...databaseChecks(db),
      temporal: temporalCheck(settings),
      worker: async () => {
        if (!worker.relay.alive()) throw new Error('the relay does not turn');
        return 'polls';
      },
    },
    ...(simulators ? { registersControl: simulators } : {}),
  });
  stops.push(() => api.close());
  const address = metricsAddress();
  if (address) {
    const metrics = await serveMetrics(address, [() => officeMetrics(db), requests.metrics]);
    stops.push(() => metrics.close());
  }
  return {
    url: api.url.replace('127.0.0.1', 'localhost'),
    databaseUrl: url,
    demo,
    temporalAddress: temporal.address,
    startedMs: Date.now() - began,
    trouble: (error) => logFile.error({ err: error }, 'the demonstration could not be filled further'),
    stop,
  };
}

/** Said before servers are built and data is loaded. Throws StartError. */
async function requireFreePort(port: number): Promise<void> {
  const probe = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      probe.once('error', reject);
      probe.listen(port, '127.0.0.1', resolve);
    });
  } catch (error) {
    throw portTaken(error, port);
  } finally {
    probe.close();
  }
}

function portTaken(error: unknown, port: number): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return error;
  return new StartError(
    `端口 ${port} 已被占用。换一个端口：PORT=3001 npm start`,
    `Port ${port} is taken. Choose another: PORT=3001 npm start`,
  );
}

async function listen(deps: Parameters<typeof startApi>[0]): Promise<RunningApi> {
  try {
    return await startApi(deps);
  } catch (error) {
    throw portTaken(error, deps.config.port);
  }
}

/** 32 bytes kept beside the data, so that kept forms survive a restart. */
function secretIn(stateDir: string): Buffer {
  const file = join(stateDir, 'secret');
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600 });
  return Buffer.from(readFileSync(file, 'utf8').trim(), 'hex');
}
