/** The processes that are killed and started again: our own API and worker, the Temporal server, the PostgreSQL postmaster. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startSimulators } from '../../activities/connectors/simulators.ts';
import { closeDatabase, openDatabase } from '../../db/client.ts';
import { loadDemonstration } from '../../db/demonstration/load.ts';
import { migrate } from '../../db/migrate.ts';
import { pause } from '../../start/demonstration/requests.ts';
import { createDatabase, databaseUrl, dropDatabase, ensurePostgres, type Postgres } from '../../start/servers/postgres.ts';
import { freePorts } from '../../start/servers/processes.ts';
import { type Temporal, ensureTemporal } from '../../start/servers/temporal.ts';
import { type Child, startChild } from '../bench/processes.ts';

export const victimNames = ['worker', 'api', 'temporal', 'postgres'] as const;
export type VictimName = (typeof victimNames)[number];

export type Victims = {
  origin: string;
  databaseUrl: string;
  /** kill -9, a pause, and a new start. */
  killAndRestart(name: VictimName, pauseMs: number): Promise<void>;
  stopTemporal(): Promise<void>;
  startTemporal(): Promise<void>;
  stop(): Promise<void>;
};

const quiet = (): void => undefined;

/** A demonstration province on servers of its own under `dir`, with API and worker as processes that may be killed. */
export async function startVictims(dir: string): Promise<Victims> {
  const simulators = await startSimulators({ port: 0 });
  const [port = 0] = await freePorts(1);
  let postgres: Postgres = await ensurePostgres({ dataDir: join(dir, 'postgres'), log: quiet });
  let temporal: Temporal = await ownTemporal(postgres.url, dir);
  const url = await province(postgres.url);
  const full = {
    DATABASE_URL: url,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    TEMPORAL_TASK_QUEUE: `faults-${process.pid}-${Date.now()}`,
    PORT: String(port),
    SHIMING_DEMO: '1',
    SHIMING_SECRET: randomBytes(32).toString('hex'),
    REGISTERS_URL: simulators.url,
    SHIMING_VAULT_KEYS: JSON.stringify({
      keys: { faults: randomBytes(32).toString('base64') },
      currentKid: 'faults',
      indexKey: randomBytes(32).toString('base64'),
    }),
  };
  const startApi = (): Promise<Child> => patiently(() => startChild('api/main.ts', full, /api listens/));
  const startWorker = (): Promise<Child> => patiently(() => startChild('activities/main.ts', full, /worker polls/));
  let api = await startApi();
  let worker = await startWorker();
  // A worker that lost its server may end by itself, as it should under a supervisor that starts it again.
  let ending = false;
  const guard = setInterval(() => {
    if (ending) return;
    if (hasEnded(worker)) worker = replaced(worker, startWorker, (child) => (worker = child));
    if (hasEnded(api)) api = replaced(api, startApi, (child) => (api = child));
  }, 500);

  const restartTemporal = async (): Promise<void> => {
    temporal = await ownTemporal(postgres.url, dir);
  };
  return {
    origin: `http://127.0.0.1:${port}`,
    databaseUrl: url,
    async killAndRestart(name, pauseMs) {
      switch (name) {
        case 'worker':
          worker.process.kill('SIGKILL');
          await pause(pauseMs);
          return;
        case 'api':
          api.process.kill('SIGKILL');
          await pause(pauseMs);
          return;
        case 'temporal':
          process.kill(pidOfTemporal(dir), 'SIGKILL');
          await pause(pauseMs);
          await restartTemporal();
          return;
        case 'postgres':
          process.kill(pidOfPostgres(dir), 'SIGKILL');
          await pause(pauseMs);
          postgres = await ensurePostgres({ dataDir: join(dir, 'postgres'), log: quiet });
      }
    },
    stopTemporal: () => temporal.stop(),
    startTemporal: restartTemporal,
    async stop() {
      ending = true;
      clearInterval(guard);
      await Promise.all([api.stop(), worker.stop()]);
      await temporal.stop();
      await postgres.stop();
      await simulators.close();
    },
  };
}

const starting = new WeakSet<Child>();

/** Starts a successor once; until it is ready the dead one stays in its place. */
function replaced(dead: Child, start: () => Promise<Child>, done: (child: Child) => void): Child {
  if (!starting.has(dead)) {
    starting.add(dead);
    void (async () => {
      try {
        done(await start());
      } catch {
        starting.delete(dead);
      }
    })();
  }
  return dead;
}

function hasEnded(child: Child): boolean {
  return child.process.exitCode !== null || child.process.signalCode !== null;
}

async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= 20) throw error;
      await pause(1_000);
    }
  }
}

function pidOfTemporal(dir: string): number {
  return (JSON.parse(readFileSync(join(dir, 'temporal', 'running.json'), 'utf8')) as { server: { pid: number } }).server.pid;
}

function pidOfPostgres(dir: string): number {
  return Number(readFileSync(join(dir, 'postgres', 'pgdata', 'postmaster.pid'), 'utf8').split('\n')[0]);
}

/** A Temporal server of our own on our own PostgreSQL, whatever the environment offers. */
async function ownTemporal(postgresUrl: string, dir: string): Promise<Temporal> {
  const given = process.env.TEMPORAL_ADDRESS;
  delete process.env.TEMPORAL_ADDRESS;
  try {
    return await ensureTemporal({ postgresUrl, dir: join(dir, 'temporal'), log: quiet, onPostgres: true });
  } finally {
    if (given) process.env.TEMPORAL_ADDRESS = given;
  }
}

async function province(adminUrl: string): Promise<string> {
  await dropDatabase(adminUrl, 'faults').catch(() => undefined);
  await createDatabase(adminUrl, 'faults');
  const url = databaseUrl(adminUrl, 'faults');
  await migrate(url);
  const db = openDatabase(url);
  await loadDemonstration(db, { passwordHash: 'none', clockSpeed: 1 });
  await closeDatabase(db);
  return url;
}
