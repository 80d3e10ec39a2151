/** Limits of attempts that all processes share, counted in PostgreSQL on real time. */
import type { Knex } from 'knex';
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import { TooManyError } from './too-many.ts';

export type Limit = {
  /** Counts an attempt of `who`. Throws TooManyError with this code. */
  consume(who: string): Promise<void>;
  forget(who: string): Promise<void>;
};

/** At most `points` attempts of one account or address within `duration` seconds. */
export function createLimit(db: Knex, limit: { name: string; points: number; duration: number; code: string }): Limit {
  const counter = new RateLimiterPostgres({
    storeClient: db,
    storeType: 'knex',
    tableName: 'rate_limits',
    tableCreated: true,
    keyPrefix: limit.name,
    points: limit.points,
    duration: limit.duration,
  });
  return {
    async consume(who) {
      try {
        await counter.consume(who);
      } catch (error) {
        if (error instanceof RateLimiterRes) throw new TooManyError(limit.code, { seconds: Math.ceil(error.msBeforeNext / 1000) });
        throw error;
      }
    },
    async forget(who) {
      await counter.delete(who);
    },
  };
}
