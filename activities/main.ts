/** The worker as a process of its own (`npm run start:worker`). */
import pino from 'pino';
import { databaseConfig, logOptions, metricsAddress, vaultFromConfig } from '../db/config.ts';
import { closeDatabase, openDatabase, requireRole } from '../db/client.ts';
import { serveMetrics } from '../db/formats/prometheus.ts';
import { temporalSettings } from '../temporal.config.ts';
import { readWorkerConfig } from './config.ts';
import { officeMetrics } from './metrics.ts';
import { startWorker } from './worker.ts';

const log = pino({ name: 'worker', ...logOptions });

async function start(): Promise<() => Promise<void>> {
  const settings = databaseConfig();
  const db = openDatabase(settings.url, { max: settings.poolMax, applicationName: 'shiming-worker' });
  await requireRole(db);
  const temporal = temporalSettings();
  const worker = await startWorker({
    db,
    databaseUrl: settings.url,
    vault: vaultFromConfig(),
    temporal,
    log,
    turns: { scheduled: true },
    ...readWorkerConfig(),
  });
  const address = metricsAddress();
  const metrics = address && (await serveMetrics(address, [() => officeMetrics(db)]));
  log.info('worker polls');
  return async () => {
    await metrics?.close();
    await worker.stop();
    await closeDatabase(db);
  };
}

try {
  const stop = await start();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop().then(() => process.exit(0)));
} catch (error) {
  // One sentence for whoever started it; a supervisor starts it again.
  const [sentence] = (error as Error).message.split('Status {');
  log.fatal((sentence ?? '').trim() || (error as Error).name);
  process.exit(1);
}
