/** The named checks of /readyz that every way of running has. */
import { Connection, type ConnectionOptions } from '@temporalio/client';
import type { Knex } from 'knex';
import { findPendingMigrations } from '../../db/migrate.ts';
import { outboxAge } from '../../db/protocol/outbox.ts';
import type { TemporalSettings } from '../../temporal.config.ts';
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

const TEMPORAL_DEADLINE_MS = 2_000;

/** Temporal answers and knows the namespace. Connects when it is first asked; no act of a person ever waits for it. */
export function temporalCheck({ connectionOptions, namespace }: TemporalSettings): HealthCheck {
  const connection = Connection.lazy(connectionOptions as ConnectionOptions);
  return async () => {
    try {
      await connection.withDeadline(Date.now() + TEMPORAL_DEADLINE_MS, () => connection.workflowService.describeNamespace({ namespace }));
    } catch (error) {
      const { code } = error as { code?: number };
      throw new Error(code === NOT_FOUND ? `the namespace ${namespace} does not exist` : 'no answer');
    }
    return `${connectionOptions.address}, namespace ${namespace}`;
  };
}

const NOT_FOUND = 5;
