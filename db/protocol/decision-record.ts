/**
 * What a decision writes, in one statement that takes any number of them: the guarded update, the fact, its bell, the audit line, the signatures and
 * the answer under the key of the request.
 */
import type { Knex } from 'knex';
import { sqlState, type Trx } from '../client.ts';
import { run, statement } from '../queries/statements.ts';
import { locksOfKey } from './idempotency.ts';

export type DecisionRecord = {
  id: string;
  type: string;
  /** `signed`: one signature of several, with which the step is not decided yet. */
  fact: 'decided' | 'signed';
  factNo: number;
  auditNo: number;
  /** Links of the audit chain, in hexadecimal. */
  hash: string;
  previous: string;
  taskId: string;
  seenVersion: number;
  dueAt: Date | null;
  outcome: string;
  actor: string;
  /** The principal for whom a substitute decides. */
  principal: string | null;
  now: Date;
  payload: object;
  act: string;
  detail: object;
  key: string | null;
  digest: string;
  answer: object;
  step: string;
  /** Pair by pair: who signs in which scope. */
  scopes: string[];
  signers: string[];
};

// The procedure is locked before its task, here as everywhere. One that somebody else has locked is left out. `takes`: a further condition on what is taken.
const writing = (takes: string) => `with given as (
       select * from jsonb_to_recordset(cast(:records as jsonb)) as g (id text, type text, fact text, "factNo" int, "auditNo" int, hash text, previous text,
         "taskId" text, "seenVersion" int, "dueAt" timestamptz, outcome text, actor uuid, principal uuid, now timestamptz, payload jsonb,
         act text, detail jsonb, key text, digest text, answer jsonb, step text, scopes text[], signers uuid[])),
     free as (
       select p.id from given g join procedures p on p.id = g.id
        where p.fact_no = g."factNo" - 1 and p.audit_no = g."auditNo" - 1 and p.status = 'open' ${takes}
          for no key update of p skip locked),
     decided as (
       update tasks t set status = 'decided', outcome = g.outcome, decided_by = g.actor, decided_for = g.principal, decided_at = g.now, next_rung_at = null,
              claimed_by = g.actor, version = t.version + 1
         from given g join free on free.id = g.id
        where t.id = g."taskId" and t.status = 'open' and (t.claimed_by is null or t.claimed_by = g.actor)
          and t.suspended_at is null and t.delegated_to is null
          and t.version = g."seenVersion" and (not t.peremptory or date_trunc('milliseconds', t.due_at) is not distinct from g."dueAt")
       returning g.*),
     moved as (
       update procedures p set fact_no = d."factNo", audit_no = d."auditNo", audit_hash = decode(d.hash, 'hex'), audited_at = d.now,
              next_alarm_at = (select min(next_rung_at) from tasks where procedure_id = d.id and status = 'open' and id <> d."taskId")
         from decided d where p.id = d.id),
     fact as (
       insert into facts (procedure_id, no, kind, task_id, outcome, actor, at, payload)
       select id, "factNo", fact, "taskId", outcome, actor, now, payload from decided),
     bell as (
       insert into outbox (procedure_id, type, no, kind, task_id, outcome) select id, type, "factNo", fact, "taskId", outcome from decided),
     audit as (
       insert into audit_log (at, actor, act, subject, procedure_id, no, detail, previous_hash, hash)
       select now, actor, act, "taskId", id, "auditNo", detail, decode(previous, 'hex'), decode(hash, 'hex') from decided),
     kept as (
       insert into idempotency_keys (user_id, key, request_digest, answer) select actor, key, digest, answer from decided where key is not null),
     signed as (
       insert into signatures (scope, user_id, step, signed_at)
       select pair.scope, pair.signer, d.step, d.now from decided d cross join lateral unnest(d.scopes, d.signers) pair (scope, signer)
       on conflict (scope, user_id) do update set signed_at = excluded.signed_at where signatures.step = excluded.step
       returning 1)`;
const counts = `(select count(*) from signed) as signed, (select coalesce(sum(cardinality(scopes)), 0) from decided) as wanted`;

const writeLocked = statement(`${writing('')} select ${counts}, cast((select count(*) from decided) as int) as decided`);
const keyLocks = locksOfKey('cast(g.actor as text)', 'g.key', 'g.digest');
/** Undone as a whole by a division by zero if somebody has signed another step. A key whose first request is still under way would have all of them wait. */
const writeTogether = statement(
  `${writing(`and (g.key is null or (pg_try_advisory_xact_lock(${keyLocks.request}) and pg_try_advisory_xact_lock(${keyLocks.key})))`)} select array(select "taskId" from decided) as decided, 1 / cast(signed = wanted as int) as signed from (select ${counts}) c`,
);

/** Under the lock of the procedure. `lost`: somebody else was first; `fourEyes`: signed as another step, and the transaction has to be undone. */
export async function recordLocked(trx: Trx, record: DecisionRecord): Promise<'written' | 'lost' | 'fourEyes'> {
  const [row] = await run<{ signed: number; wanted: number; decided: number }>(trx, writeLocked, { records: JSON.stringify([record]) });
  if (row?.decided !== 1) return 'lost';
  return Number(row.signed) === Number(row.wanted) ? 'written' : 'fourEyes';
}

type Waiting = { record: DecisionRecord; done: (written: boolean) => void; failed: (error: unknown) => void };
/** What waits for its turn, how many turns are under way, and how many of those take long; by pool. */
type Queue = { waiting: Waiting[]; turns: number; stalled: number };
const queues = new WeakMap<Knex, Queue>();
const TOGETHER_AT_MOST = 16;
/** One after another: what comes meanwhile is written together, which costs PostgreSQL a fifth less than two turns at once. Beside one that stalls another begins. */
const STALLED_MS = 10;
const TURNS_AT_MOST = 3;

/**
 * Writes it with whatever other decisions have come meanwhile: one statement and one COMMIT for all of them, as much as a single one costs. It waits for no
 * lock of a procedure. False, with nothing written, if something has been written about the procedure since it was read, if another decision about it
 * came first in the same instant, if somebody has it locked, or if one of those written together is refused: then it is to be tried alone, under the lock. Throws when the server does not answer: it may be written.
 */
export function recordAtOnce(db: Knex, record: DecisionRecord): Promise<boolean> {
  const queue = queues.get(db) ?? { waiting: [], turns: 0, stalled: 0 };
  queues.set(db, queue);
  return new Promise((done, failed) => {
    queue.waiting.push({ record, done, failed });
    beginTurns(db, queue);
  });
}

function beginTurns(db: Knex, queue: Queue): void {
  if (queue.turns === queue.stalled && queue.turns < TURNS_AT_MOST) void takeTurns(db, queue);
}

async function takeTurns(db: Knex, queue: Queue): Promise<void> {
  queue.turns += 1;
  for (
    let together = queue.waiting.splice(0, TOGETHER_AT_MOST);
    together.length > 0;
    together = queue.waiting.splice(0, TOGETHER_AT_MOST)
  ) {
    let stalled = 0;
    const late = setTimeout(() => {
      stalled = 1;
      queue.stalled += 1;
      beginTurns(db, queue);
    }, STALLED_MS);
    await writeAll(db, together);
    clearTimeout(late);
    queue.stalled -= stalled;
  }
  queue.turns -= 1;
}

async function writeAll(db: Knex, together: readonly Waiting[]): Promise<void> {
  const first = firstOfEach(together);
  try {
    const records = [...first.values()].map(({ record }) => record).sort((a, b) => (a.id < b.id ? -1 : 1));
    const [row] = await run<{ decided: string[] }>(db, writeTogether, { records: JSON.stringify(records) });
    const written = new Set(row?.decided);
    for (const one of together) one.done(first.get(one.record.id) === one && written.has(one.record.taskId));
  } catch (error) {
    for (const { done, failed } of together) {
      if (isRefusal(error)) done(false);
      else failed(error);
    }
  }
}

/**
 * Of several about one procedure only the first can be written: the statement would take any of them, and each would read it as its own. Of several
 * under one key likewise: the second would undo them all.
 */
function firstOfEach(together: readonly Waiting[]): Map<string, Waiting> {
  const first = new Map<string, Waiting>();
  const keys = new Set<string>();
  for (const one of together) {
    const { id, actor, key } = one.record;
    const underKey = key === null ? undefined : JSON.stringify([actor, key]);
    if (first.has(id) || (underKey && keys.has(underKey))) continue;
    first.set(id, one);
    if (underKey) keys.add(underKey);
  }
  return first;
}

/** PostgreSQL answered and wrote nothing; connections that break off and servers that shut down (08, 57) leave it open. */
function isRefusal(error: unknown): boolean {
  const state = sqlState(error);
  return state !== undefined && !/^(08|57)/.test(state);
}
