/** Answers kept under the Idempotency-Key of their request: the same request again gets the same answer and does nothing. */
import { createHash } from 'node:crypto';
import { ConflictError } from '../../workflows/domain/errors.ts';
import { type Db, inTransaction, type Trx } from '../client.ts';
import { run, statement } from '../statements.ts';

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

/** SQL: the number of the lock that a request holds while it is under way. */
export function lockOfKey(userId: string, key: string): string {
  return `hashtextextended(${userId} || ${key}, 0)`;
}

const takeKey =
  statement(`with held as materialized (select pg_advisory_xact_lock(${lockOfKey('cast(:userId as text)', 'cast(:key as text)')}))
  insert into idempotency_keys (user_id, key, request_digest) select cast(:userId as uuid), :key, :digest from held
  on conflict (user_id, key) do nothing returning key`);

/** Runs `work` once per key, in one transaction with the keeping of its answer. Without a key it simply runs. */
export async function onceOnly<T>(db: Db, request: IdempotentRequest | undefined, work: (trx: Trx) => Promise<T>): Promise<T> {
  if (!request) return inTransaction(db, work);
  return inTransaction(db, async (trx) => {
    // A second request under the same key waits here until the first has committed.
    const inserted = await run<{ key: string }>(trx, takeKey, request);
    if (inserted.length === 0) return (await findAnswer<T>(trx, request)) as T;
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
