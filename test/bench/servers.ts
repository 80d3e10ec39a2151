/** PostgreSQL and Temporal of a measurement: those of the environment, or own ones under .shiming/bench. */
import { join } from 'node:path';
import { migrate } from '../../db/migrate.ts';
import { createDatabase, databaseUrl, dropDatabase, ensurePostgres } from '../../start/servers/postgres.ts';
import { ensureTemporal } from '../../start/servers/temporal.ts';
import { stateDir } from '../../start/config.ts';

export type BenchServers = { url: string; temporalAddress: string; namespace: string; stop(): Promise<void> };

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

/** A fresh, migrated database on a real PostgreSQL, and a Temporal server on PostgreSQL. */
export async function benchServers(): Promise<BenchServers> {
  const given = process.env.SHIMING_TEST_POSTGRES_URL;
  const postgres = given ? undefined : await ensurePostgres({ dataDir: join(stateDir, 'bench', 'postgres'), log: say });
  const admin = given ?? postgres?.url ?? '';
  const temporal = await ensureTemporal({ postgresUrl: admin, dir: join(stateDir, 'bench', 'temporal'), log: say, onPostgres: true });
  const name = `bench_${Date.now()}`;
  await createDatabase(admin, name);
  const url = databaseUrl(admin, name);
  await migrate(url);
  return {
    url,
    temporalAddress: temporal.address,
    namespace: temporal.namespace,
    async stop() {
      await dropDatabase(admin, name).catch(() => undefined);
      await temporal.stop();
      await postgres?.stop();
    },
  };
}
