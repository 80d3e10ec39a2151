/** The connection to PostgreSQL. Every function in `db/` takes a `Db` first and works inside or outside a transaction. */
import knexModule, { type Knex } from 'knex';
import pg from 'pg';

export type Db = Knex | Knex.Transaction;
export type Trx = Knex.Transaction;

const BIGINT_OID = 20;
const DATE_OID = 1082;

// Fen fit into 2^53; a value that does not is a defect, never silently rounded.
pg.types.setTypeParser(BIGINT_OID, (text) => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError('bigint out of the safe range');
  return value;
});
// Civil dates stay 'YYYY-MM-DD': a Date would drag a time zone in.
pg.types.setTypeParser(DATE_OID, (text) => text);

const QUERY_TIMEOUT_MS = 30_000;
const INSUFFICIENT_PRIVILEGE = '42501';
/** `invalid_parameter_value`: there is no such role. */
const NO_SUCH_ROLE = '22023';

type PooledConnection = pg.Client & { __knex__disposed?: Error };

/**
 * Opens a pool; without compiling statements and without workers beside them, both of which take longer to get ready than the largest of a page runs. Each connection works as role `shiming_app`, which can insert into the audit log and never change it;
 * with `owner` it stays what it logged in as (migrations only).
 */
export function openDatabase(url: string, options: { max?: number; owner?: boolean; applicationName?: string } = {}): Knex {
  return knexModule({
    client: 'pg',
    connection: {
      connectionString: url,
      application_name: options.applicationName ?? 'shiming',
      connectionTimeoutMillis: 5_000,
      query_timeout: QUERY_TIMEOUT_MS,
      keepAlive: true,
    },
    acquireConnectionTimeout: 10_000,
    pool: {
      min: 0,
      max: options.max ?? 10,
      afterCreate: (connection: PooledConnection, done: (error: Error | null, connection: PooledConnection) => void) => {
        // Without a listener the process dies together with the server.
        connection.on('error', (error) => {
          connection.__knex__disposed = error;
        });
        const setUp = options.owner
          ? "set statement_timeout = '5min'"
          : "set role shiming_app; set jit = off; set max_parallel_workers_per_gather = 0; set statement_timeout = '20s'; set lock_timeout = '10s'; set idle_in_transaction_session_timeout = '30s'";
        connection.query(setUp, (error: Error | null) => {
          // It never comes into the pool, which would not end it either.
          if (error) void connection.end().catch(() => undefined);
          poisonOnTimeout(connection);
          done(error, connection);
        });
      },
    },
    log: { warn: () => undefined, error: () => undefined, debug: () => undefined, deprecate: () => undefined },
  });
}

/** @throws Error with a plain sentence where the user who logs in may not work as `shiming_app`. Whether the database answers at all is for the readiness to say. */
export async function requireRole(db: Knex): Promise<void> {
  try {
    await db.raw('select 1');
  } catch (error) {
    const code = sqlState(error);
    if (code === INSUFFICIENT_PRIVILEGE || code === NO_SUCH_ROLE)
      throw new Error(
        'The user of DATABASE_URL may not work as shiming_app: run "npm run migrate" as the owner, then GRANT shiming_app TO this user.',
      );
  }
}

/** Keeps a connection out of the pool whose query ran into the client's time-out: it still waits for its answer. */
export function markUnusable(connection: pg.Client, error: unknown): void {
  if (error instanceof Error && /read timeout/i.test(error.message)) (connection as PooledConnection).__knex__disposed = error;
}

/** A connection whose query ran into the client's time-out still waits for its answer: it must not go back to the pool. */
function poisonOnTimeout(connection: PooledConnection): void {
  const query = connection.query.bind(connection) as (...args: unknown[]) => unknown;
  const watched = (...args: unknown[]): unknown => {
    const last = args.at(-1);
    if (typeof last === 'function') {
      args[args.length - 1] = (error: Error | null, ...rest: unknown[]) => {
        markUnusable(connection, error);
        (last as (...values: unknown[]) => void)(error, ...rest);
      };
    }
    return query(...args);
  };
  (connection as { query: unknown }).query = watched;
}

export async function closeDatabase(db: Knex): Promise<void> {
  await db.destroy();
}

type AfterCommit = (db: Knex) => void;
const afterwards = new WeakMap<Db, Set<AfterCommit>>();

/** Has `act` done once when the transaction has committed, at once outside of one. The same act asked for again is done once. */
export function afterCommit(db: Db, act: AfterCommit): void {
  if (!db.isTransaction) act(db as Knex);
  else afterwards.set(db, (afterwards.get(db) ?? new Set()).add(act));
}

/** Runs `work` in one transaction. A deadlock is tried again, at most three times. */
export async function inTransaction<T>(db: Db, work: (trx: Trx) => Promise<T>): Promise<T> {
  if (db.isTransaction) return work(db as Trx);
  for (let attempt = 1; ; attempt += 1) {
    let used: Trx | undefined;
    try {
      const result = await (db as Knex).transaction((trx) => {
        used = trx;
        return work(trx);
      });
      for (const act of (used && afterwards.get(used)) ?? []) act(db as Knex);
      return result;
    } catch (error) {
      if (attempt >= 4 || !isDeadlock(error)) throw error;
    }
  }
}

const DEADLOCK_DETECTED = '40P01';

export function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** The constraint that a statement ran into; undefined for other faults. */
export function constraintOf(error: unknown): string | undefined {
  const named = (error as { constraint?: unknown } | undefined)?.constraint;
  return sqlState(error) === '23514' && typeof named === 'string' ? named : undefined;
}

function isDeadlock(error: unknown): boolean {
  return sqlState(error) === DEADLOCK_DETECTED;
}
