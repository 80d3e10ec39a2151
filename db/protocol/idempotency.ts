/** Answers kept under the Idempotency-Key of their request: the same request again gets the same answer and does nothing. */
import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { ConflictError } from '../../workflows/domain/errors.ts';
import { type Db, inTransaction, type Trx } from '../client.ts';
import { run, statement } from '../queries/statements.ts';

export type IdempotentRequest = { userId: string; key: string; digest: string };

/** Digest of what was asked, so that a key used for another request is noticed. */
export function requestDigest(...parts: unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

/** The answer kept under the key, or undefined. Throws ConflictError when the key was used for another request. */
export async function findAnswer<T>(db: Db, request: IdempotentRequest): Promise<T | undefined> {
  const row = await db('idempotency_keys').where({ user_id: request.userId, key: request.key }).first('request_digest', 'answer');
  if (!row) return undefined;
  if (row.request_digest !== request.digest) throw new ConflictError('idempotency.otherRequest');
  return row.answer as T;
}

/** SQL: the numbers of the locks that a request holds while it is under way: the same request comes first, so that whoever has it knows whose the key is. */
export function locksOfKey(userId: string, key: string, digest: string): { request: string; key: string } {
  return {
    request: `hashtextextended(${userId} || ${key} || ${digest}, 1)`,
    key: `hashtextextended(${userId} || ${key}, 0)`,
  };
}

const locks = locksOfKey('cast(:userId as text)', 'cast(:key as text)', 'cast(:digest as text)');
const holdKey = statement(`with same as materialized (select pg_advisory_xact_lock(${locks.request}))
  select pg_try_advisory_xact_lock(${locks.key}) as free from same`);
const takeKey = statement(`with same as materialized (select pg_advisory_xact_lock(${locks.request})),
  held as materialized (select pg_try_advisory_xact_lock(${locks.key}) as free from same),
  taken as (insert into idempotency_keys (user_id, key, request_digest) select cast(:userId as uuid), :key, :digest from held where free
            on conflict (user_id, key) do nothing returning key)
  select free, exists (select from taken) as taken from held`);

type Held = { free: boolean; taken?: boolean };
const TRIES = 40;
const PAUSE_MS = 25;

/**
 * The locks of a transaction are let go one after another when it ends, so that whoever waited for the first may find the second held for a moment longer:
 * it is another request only if that lasts. Throws ConflictError then.
 */
async function hold(trx: Trx, how: typeof holdKey, request: IdempotentRequest): Promise<Held> {
  for (let tries = 1; ; tries += 1) {
    const [held] = await run<Held>(trx, how, request);
    if (held?.free) return held;
    if (tries === TRIES) throw new ConflictError('idempotency.otherRequest');
    await setTimeout(PAUSE_MS);
  }
}

/**
 * Until the end of the transaction nobody else works under this key. The same request, sent twice, waits here until the first one has ended; another one
 * waits a second at most: throws ConflictError.
 */
export async function keepKey(trx: Trx, request: IdempotentRequest | undefined): Promise<void> {
  if (request) await hold(trx, holdKey, request);
}

/** Runs `work` once per key, in one transaction with the keeping of its answer. Without a key it simply runs. */
export async function onceOnly<T>(db: Db, request: IdempotentRequest | undefined, work: (trx: Trx) => Promise<T>): Promise<T> {
  if (!request) return inTransaction(db, work);
  return inTransaction(db, async (trx) => {
    const { taken } = await hold(trx, takeKey, request);
    if (!taken) return (await findAnswer<T>(trx, request)) as T;
    const answer = await work(trx);
    await trx('idempotency_keys')
      .where({ user_id: request.userId, key: request.key })
      .update({ answer: JSON.stringify(answer ?? null) });
    return answer;
  });
}

const addMoved =
  statement(`update idempotency_keys set answer = answer || jsonb_build_object('moved', coalesce(answer -> 'moved', '[]') || cast(:added as jsonb))
  where user_id = cast(:userId as uuid) and key = :key returning answer -> 'moved' as moved`);

/**
 * What followed from a kept act after its transaction, done once as well: it joins the answer as `moved`. Who comes while it is being done, or after it was
 * cut short, does the rest, which joins too.
 */
export async function followOnce<A extends object, M>(
  db: Db,
  request: IdempotentRequest | undefined,
  kept: A & { moved?: M[] },
  work: () => Promise<M[]>,
): Promise<A & { moved: M[] }> {
  if (kept.moved) return { ...kept, moved: kept.moved };
  const added = await work();
  if (!request) return { ...kept, moved: added };
  const [row] = await run<{ moved: M[] }>(db, addMoved, { userId: request.userId, key: request.key, added: JSON.stringify(added) });
  return { ...kept, moved: row?.moved ?? added };
}

const KEPT_DAYS = 30;

/** Forgets answers that nobody asks for any more, some at a time. Returns how many. */
export async function forgetOldAnswers(db: Db): Promise<number> {
  const result = await db.raw(
    `delete from idempotency_keys where (user_id, key) in
       (select user_id, key from idempotency_keys where created_at < clock_timestamp() - interval '${KEPT_DAYS} days' order by created_at limit 1000)`,
  );
  return result.rowCount ?? 0;
}
