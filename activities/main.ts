/** The worker as a process of its own (`npm run start:worker`). */
import pino from 'pino';
import { databaseConfig, vaultFromConfig } from '../db/config.ts';
import { closeDatabase, openDatabase } from '../db/client.ts';
import { temporalSettings } from '../temporal.config.ts';
import { readWorkerConfig } from './config.ts';
import { startWorker } from './worker.ts';

const log = pino({ name: 'worker' });

async function start(): Promise<() => Promise<void>> {
  const settings = databaseConfig();
  const db = openDatabase(settings.url, { max: settings.poolMax, applicationName: 'shiming-worker' });
  const temporal = temporalSettings();
  const worker = await startWorker({ db, databaseUrl: settings.url, vault: vaultFromConfig(), temporal, log, ...readWorkerConfig() });
  log.info('worker polls');
  return async () => {
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
