/** The API as a process of its own (`npm run start:api`): DATABASE_URL and the keys come from the environment. */
import pino from 'pino';
import { databaseConfig } from '../db/config.ts';
import { closeDatabase, openDatabase } from '../db/client.ts';
import { vaultFromConfig } from '../db/config.ts';
import { readApiConfig } from './config.ts';
import { databaseChecks } from './http/readiness.ts';
import { startApi } from './server.ts';

const log = pino({ name: 'api' });
const settings = databaseConfig();
const db = openDatabase(settings.url, { max: settings.poolMax, applicationName: 'shiming-api' });
const api = await startApi({ db, vault: vaultFromConfig(), config: readApiConfig(), log, checks: databaseChecks(db) });
log.info({ url: api.url }, 'api listens');

let ending = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (ending) return;
    ending = true;
    void (async () => {
      await api.close();
      await closeDatabase(db);
      process.exit(0);
    })();
  });
}
