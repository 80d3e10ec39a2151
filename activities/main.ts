/** The worker as a process of its own (`npm run start:worker`). */
import pino from 'pino';
import { temporalSettings } from '../temporal.config.ts';
import { closeDatabase, openDatabase } from '../db/client.ts';
import { databaseConfig, vaultFromConfig } from '../db/config.ts';
import { readWorkerConfig } from './config.ts';
import { startWorker } from './worker.ts';

const log = pino({ name: 'worker' });
const settings = databaseConfig();
const temporal = temporalSettings();
const db = openDatabase(settings.url, { max: settings.poolMax, applicationName: 'shiming-worker' });
const worker = await startWorker({ db, databaseUrl: settings.url, vault: vaultFromConfig(), temporal, log, ...readWorkerConfig() });
log.info('worker polls');

let ending = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (ending) return;
    ending = true;
    void (async () => {
      await worker.stop();
      await closeDatabase(db);
      process.exit(0);
    })();
  });
}
