/** The API as a process of its own (`npm run start:api`): DATABASE_URL and the keys come from the environment. */
import pino from 'pino';
import { databaseConfig, logOptions, metricsAddress, vaultFromConfig } from '../db/config.ts';
import { closeDatabase, openDatabase, requireRole } from '../db/client.ts';
import { serveMetrics } from '../db/formats/prometheus.ts';
import { temporalSettings } from '../temporal.config.ts';
import { readApiConfig } from './config.ts';
import { databaseChecks, temporalCheck } from './health/readiness.ts';
import { countRequests } from './http/requests.ts';
import { startApi } from './server.ts';

// A line per request: written aside and some at a time, so that no answer waits for whoever reads them; on leaving, all are written.
const log = pino({ name: 'api', ...logOptions }, pino.destination({ sync: false, minLength: 4_096, periodicFlush: 200 }));

async function start(): Promise<() => Promise<void>> {
  const settings = databaseConfig();
  const db = openDatabase(settings.url, { max: settings.poolMax, applicationName: 'shiming-api' });
  await requireRole(db);
  const checks = { ...databaseChecks(db), temporal: temporalCheck(temporalSettings()) };
  const requests = countRequests(log);
  const api = await startApi({ db, vault: vaultFromConfig(), config: readApiConfig(), log, checks, requests });
  const address = metricsAddress();
  const metrics = address && (await serveMetrics(address, [requests.metrics]));
  log.info(`api listens at ${api.url}`);
  return async () => {
    await metrics?.close();
    await api.close();
    await closeDatabase(db);
  };
}

try {
  const stop = await start();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop().then(() => process.exit(0)));
} catch (error) {
  log.fatal((error as Error).message);
  process.exit(1);
}
