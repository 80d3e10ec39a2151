import { resolve } from 'node:path';
import { stateDir } from './config.ts';
import { ensurePostgres } from './servers/postgres.ts';
import { ensureTemporal } from './servers/temporal.ts';

/**
 * `npm run dev:servers [folder]`: keeps one PostgreSQL and one Temporal running in the foreground and prints the two
 * lines that make tests use them.
 */
const folder = resolve(process.argv[2] ?? `${stateDir}/dev`);
const log = (line: string) => console.error(line);
// Before anything is started, so that an early Ctrl-C does not leave a server behind.
const asked = new Promise<void>((done) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => done());
});
// A promise alone does not keep the process alive.
const alive = setInterval(() => undefined, 60_000);

const postgres = await ensurePostgres({ dataDir: `${folder}/postgres`, log });
const temporal = await ensureTemporal({ postgresUrl: postgres.url, dir: `${folder}/temporal`, log, onPostgres: true });
console.log(`export SHIMING_TEST_POSTGRES_URL=${postgres.url}`);
console.log(`export TEMPORAL_ADDRESS=${temporal.address}`);
log('Ctrl-C 停止 · Ctrl-C stops both');

await asked;
clearInterval(alive);
await temporal.stop();
await postgres.stop();
