/** A database of its own for a test file: a clone of the migrated template. */
import type { Knex } from 'knex';
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

/** Returns when a session of this database waits for a lock. */
export async function waitForLock(db: Knex): Promise<void> {
  for (let left = 400; left > 0; left -= 1) {
    const { rows } = await db.raw(`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`);
    if (rows.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('nobody waits');
}
