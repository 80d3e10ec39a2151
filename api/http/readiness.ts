/** The named checks of /readyz that every way of running has. */
import type { Knex } from 'knex';
import { findPendingMigrations } from '../../db/migrate.ts';
import { outboxAge } from '../../db/protocol/outbox.ts';
import type { HealthCheck } from './health.ts';

const OUTBOX_LATE_MS = 60_000;

export function databaseChecks(db: Knex): Record<string, HealthCheck> {
  return {
    database: async () => {
      await db.raw('select 1');
      return 'answers';
    },
    migrations: async () => {
      const pending = await findPendingMigrations(db);
      if (pending.length > 0) throw new Error(`${pending.length} to apply: npm run migrate`);
      return 'complete';
    },
    relay: async () => {
      const { waiting, oldestMs } = await outboxAge(db);
      if (oldestMs > OUTBOX_LATE_MS) throw new Error(`${waiting} bells wait, the oldest for ${Math.round(oldestMs / 1000)} s`);
      return `${waiting} bells wait`;
    },
  };
}
