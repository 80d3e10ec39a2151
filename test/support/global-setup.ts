/** Before all tests: one PostgreSQL, one Temporal on it, one migrated template database, one workflow bundle. */
import { bundleWorkflowCode } from '@temporalio/worker';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { migrate } from '../../db/migrate.ts';
import { repositoryDir, stateDir } from '../../start/config.ts';
import { createDatabase, databaseUrl, dropDatabase, ensurePostgres } from '../../start/postgres.ts';
import { ensureTemporal } from '../../start/temporal.ts';

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
  const given = process.env.SHIMING_TEST_POSTGRES_URL;
  const postgres = given ? undefined : await ensurePostgres({ dataDir: join(dir, 'postgres'), log: say });
  const postgresUrl = given ?? postgres?.url ?? '';
  const temporal = await ensureTemporal({ postgresUrl, dir: join(dir, 'temporal'), log: say, onPostgres: true });

  const templateDatabase = `template_${process.pid}_${Date.now()}`;
  await createDatabase(postgresUrl, templateDatabase);
  await migrate(databaseUrl(postgresUrl, templateDatabase));

  const bundlePath = join(dir, `workflows-${process.pid}.js`);
  const { code } = await bundleWorkflowCode({ workflowsPath: join(repositoryDir, 'workflows', 'index.ts'), logger: quiet });
  writeFileSync(bundlePath, code);

  project.provide('postgresUrl', postgresUrl);
  project.provide('templateDatabase', templateDatabase);
  project.provide('temporalAddress', temporal.address);
  project.provide('bundlePath', bundlePath);
  return async () => {
    await dropDatabase(postgresUrl, templateDatabase).catch(() => undefined);
    await temporal.stop();
    await postgres?.stop();
  };
}

const nothing = (): void => undefined;
const quiet = { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: say };
