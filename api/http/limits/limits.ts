/** Limits of attempts that all processes share, counted in PostgreSQL on real time. */
import type { Knex } from 'knex';
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import { TooManyError } from './too-many.ts';

export type Limit = {
  /** Counts an attempt of `who`. Throws TooManyError with this code; the first that is too many is told to `onReached` before. */
  consume(who: string, onReached?: () => Promise<void>): Promise<void>;
  forget(who: string): Promise<void>;
  /** Takes back one attempt that was counted. */
  giveBack(who: string): Promise<void>;
};

/** At most `points` attempts of one account or address within `duration` seconds; who comes too often waits as long from then on. */
export function createLimit(db: Knex, limit: { name: string; points: number; duration: number; code: string }): Limit {
  const counter = new RateLimiterPostgres({
    storeClient: db,
    storeType: 'knex',
    tableName: 'rate_limits',
    tableCreated: true,
    keyPrefix: limit.name,
    points: limit.points,
    duration: limit.duration,
    blockDuration: limit.duration,
  });
  return {
    async consume(who, onReached) {
      try {
        await counter.consume(who);
      } catch (error) {
        if (!(error instanceof RateLimiterRes)) throw error;
        if (error.consumedPoints === limit.points + 1) await onReached?.();
        throw new TooManyError(limit.code, { seconds: Math.ceil(error.msBeforeNext / 1000) });
      }
    },
    async giveBack(who) {
      await counter.reward(who);
    },
    async forget(who) {
      await counter.delete(who);
    },
  };
}
