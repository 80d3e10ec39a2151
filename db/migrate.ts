/** Brings a database to the newest schema. Safe to run twice at once: an advisory lock lets one go first. */
import type { Knex } from 'knex';
import { closeDatabase, openDatabase } from './client.ts';
import { migrations } from './migrations/index.ts';

const MIGRATION_LOCK = 72_101;

/** Applies what is missing, each migration in a transaction of its own. Throws what PostgreSQL says. */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const db = openDatabase(databaseUrl, { owner: true, max: 1, applicationName: 'shiming-migrate' });
  try {
    return await db.transaction(async (lock) => {
      await lock.raw('select pg_advisory_xact_lock(?)', [MIGRATION_LOCK]);
      await lock.raw('create table if not exists migrations (name text primary key, applied_at timestamptz not null default now())');
      const applied = new Set((await lock('migrations').select<{ name: string }[]>('name')).map((row) => row.name));
      const done: string[] = [];
      for (const migration of migrations) {
        if (applied.has(migration.name)) continue;
        await lock.raw(escapeForKnex(migration.sql));
        await lock('migrations').insert({ name: migration.name });
        done.push(migration.name);
      }
      return done;
    });
  } finally {
    await closeDatabase(db);
  }
}

/** knex reads `?` as a place for a value. */
function escapeForKnex(sql: string): string {
  return sql.replaceAll('?', '\\?');
}

/** Names of the migrations that this program knows and the database does not have. */
export async function findPendingMigrations(db: Knex): Promise<string[]> {
  const applied = await db('migrations').select<{ name: string }[]>('name');
  const names = new Set(applied.map((row) => row.name));
  return migrations.map((migration) => migration.name).filter((name) => !names.has(name));
}
