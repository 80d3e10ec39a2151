/** A database of its own for a test file: a clone of the migrated template. */
import { inject } from 'vitest';
import { createDatabase, databaseUrl, dropDatabase } from '../../start/servers/postgres.ts';

let serial = 0;

export async function freshDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const postgresUrl = inject('postgresUrl');
  serial += 1;
  const name = `test_${process.pid}_${Date.now()}_${serial}`;
  await createDatabase(postgresUrl, name, { template: inject('templateDatabase') });
  return {
    url: databaseUrl(postgresUrl, name),
    drop: () => dropDatabase(postgresUrl, name).catch(() => undefined),
  };
}
