/** Bells for Temporal: taken in batches by the relay, deleted after Temporal's durable answer. */
import type { Knex } from 'knex';
import { afterCommit, type Db, type Trx } from '../client.ts';
import { run, statement } from '../queries/statements.ts';

export type OutboxLine = {
  id: number;
  procedure_id: string;
  type: string;
  no: number;
  kind: string;
  task_id: string | null;
  outcome: string | null;
  attempts: number;
};

export const outboxChannel = 'outbox';
const WAKE_INTERVAL_MS = 20;
/** When a pool was last used for waking, or will be: a wake that is still to come. */
const wakes = new WeakMap<Knex, { at: number; coming: boolean }>();

/** Whoever writes a line of the outbox calls this: the relay is woken after COMMIT (inside, NOTIFY serialises all commits). Losing it costs half a second. */
export function ringAfterCommit(db: Db): void {
  afterCommit(db, wakeRelay);
}

/** At most one wake per interval and pool; one that comes within the interval is sent at its end. */
function wakeRelay(db: Knex): void {
  const last = wakes.get(db);
  if (last?.coming) return;
  const waitMs = (last?.at ?? 0) + WAKE_INTERVAL_MS - Date.now();
  if (waitMs <= 0) {
    wakes.set(db, { at: Date.now(), coming: false });
    notify(db);
    return;
  }
  wakes.set(db, { at: Date.now() + waitMs, coming: true });
  setTimeout(() => {
    wakes.set(db, { at: Date.now(), coming: false });
    notify(db);
  }, waitMs).unref();
}

function notify(db: Knex): void {
  void db.raw(`select pg_notify('${outboxChannel}', '')`).catch(() => undefined);
}

const linesDue = statement(`select id, procedure_id, type, no, kind, task_id, outcome, attempts from outbox
  where next_at <= clock_timestamp() order by next_at, id limit :limit for update skip locked`);
const delivered = statement('delete from outbox where id = any(:ids)');

/** Locks up to `limit` lines that are due, oldest first; lines that another relay holds are skipped. */
export async function takeLines(trx: Trx, limit: number): Promise<OutboxLine[]> {
  return run<OutboxLine>(trx, linesDue, { limit });
}

export async function deleteLines(trx: Trx, ids: number[]): Promise<void> {
  if (ids.length > 0) await run(trx, delivered, { ids });
}

/** Puts lines back with a growing pause: 0.2 s, 0.4 s, … at most 10 s. */
export async function postponeLines(trx: Trx, ids: number[]): Promise<void> {
  if (ids.length === 0) return;
  await trx.raw(
    `update outbox set attempts = attempts + 1, next_at = clock_timestamp() + least(10, 0.2 * power(2, least(attempts, 10))) * interval '1 second' where id = any(?)`,
    [ids],
  );
}

/** How many bells wait and how old the oldest is, for readiness and operations. */
export async function outboxAge(db: Db): Promise<{ waiting: number; oldestMs: number }> {
  const { rows } = await db.raw<{ rows: { waiting: number; oldest: number | null }[] }>(
    `select count(*)::int as waiting, extract(epoch from clock_timestamp() - min(created_at)) * 1000 as oldest from outbox`,
  );
  return { waiting: rows[0]?.waiting ?? 0, oldestMs: Math.round(Number(rows[0]?.oldest ?? 0)) };
}
