/** Before all tests: one PostgreSQL, one Temporal on it, one migrated template database, one workflow bundle. */
import { bundleWorkflowCode } from '@temporalio/worker';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { migrate } from '../../db/migrate.ts';
import { repositoryDir, stateDir } from '../../start/config.ts';
import { createDatabase, databaseUrl, dropDatabase, ensurePostgres, withClient } from '../../start/servers/postgres.ts';
import { ensureTemporal } from '../../start/servers/temporal.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    postgresUrl: string;
    templateDatabase: string;
    temporalAddress: string;
    bundlePath: string;
  }
}

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

/** Servers of the environment are used as they are (SHIMING_TEST_POSTGRES_URL, TEMPORAL_ADDRESS); others are started here and stopped at the end. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = join(stateDir, 'test');
  mkdirSync(dir, { recursive: true });
  const endings: (() => Promise<unknown>)[] = [];
  const end = async (): Promise<void> => {
    for (const ending of endings.splice(0).reverse()) await ending().catch((error: Error) => say(error.message));
  };
  try {
    const given = process.env.SHIMING_TEST_POSTGRES_URL;
    const postgres = given ? undefined : await ensurePostgres({ dataDir: join(dir, 'postgres'), log: say });
    if (postgres) endings.push(() => postgres.stop());
    const postgresUrl = given ?? postgres?.url ?? '';
    if (postgres?.startedByUs) await dropLeftovers(postgresUrl);
    const temporal = await ensureTemporal({ postgresUrl, dir: join(dir, 'temporal'), log: say, onPostgres: true });
    endings.push(() => temporal.stop());

    const templateDatabase = `template_${process.pid}_${Date.now()}`;
    await createDatabase(postgresUrl, templateDatabase);
    endings.push(() => dropDatabase(postgresUrl, templateDatabase));
    await migrate(databaseUrl(postgresUrl, templateDatabase));

    const bundlePath = join(dir, `workflows-${process.pid}.js`);
    const { code } = await bundleWorkflowCode({ workflowsPath: join(repositoryDir, 'workflows', 'index.ts'), logger: quiet });
    writeFileSync(bundlePath, code);
    endings.push(async () => rmSync(bundlePath, { force: true }));

    project.provide('postgresUrl', postgresUrl);
    project.provide('templateDatabase', templateDatabase);
    project.provide('temporalAddress', temporal.address);
    project.provide('bundlePath', bundlePath);
    return end;
  } catch (error) {
    await end();
    throw error;
  }
}

/** Databases of runs that were killed. */
async function dropLeftovers(postgresUrl: string): Promise<void> {
  const names = await withClient(postgresUrl, async (client) => {
    const found = await client.query<{ datname: string }>(
      String.raw`select datname from pg_database where datname ~ '^(template|test)_\d+_\d+'`,
    );
    return found.rows.map((row) => row.datname);
  });
  for (const name of names) await dropDatabase(postgresUrl, name);
}

const nothing = (): void => undefined;
const quiet = { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: say };
