/** Decisions accepted per second over HTTP, beside the bare route on the same PostgreSQL. */
import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { atMost, type Load, load, type Shot } from './client.ts';
import { fillReviews, tokenFor } from './fill/province.ts';
import { put } from './figures.ts';
import { startChild } from './processes.ts';
import type { BenchServers } from './servers.ts';

/** Until the compiler of the engine has seen the larger program as often as the smaller one; measured: processor time per decision falls until then. */
const WARM_UP = 2_500;

export async function measureDecisions(
  db: Knex,
  servers: BenchServers,
  options: { seconds: number; clients: readonly number[]; relay: boolean; apiOrigin: string },
): Promise<void> {
  const bare = await startChild('test/bench/bare/route.ts', { DATABASE_URL: servers.url, PORT: '0' }, /listening (\d+)/);
  const bareOrigin = `http://127.0.0.1:${bare.match[1]}`;
  const token = await tokenFor(db, 'cs-first-1');
  try {
    for (const clients of options.clients) {
      const count = options.seconds * 4_000;
      await db.raw('drop table if exists bare_tasks, bare_audit, bare_outbox');
      await db.raw(`create table bare_tasks (id text primary key, status text not null, decided_at timestamptz)`);
      await db.raw(
        `create table bare_audit (id bigint generated always as identity primary key, task text, act text, detail jsonb, at timestamptz default now())`,
      );
      await db.raw(
        `create table bare_outbox (id bigint generated always as identity primary key, task text, at timestamptz default now())`,
      );
      await db.raw(`insert into bare_tasks select 'task-' || n, 'open' from generate_series(1, ?) n`, [count]);
      const prefix = `bench${options.relay ? 'r' : 'p'}${clients}`;
      const ids = await fillReviews(db, prefix, options.seconds * 1_500 + WARM_UP);
      const bareShots = countdown(count, (at) => ({ method: 'POST', path: `/decide/task-${at}`, body: '{"outcome":"approve"}' }));
      const ownShots = countdown(ids.length, (at) => decision(ids[at - 1] ?? '', token));
      // Both programs are warm before they are measured.
      await run(bareOrigin, clients, 60, atMost(WARM_UP, bareShots));
      await run(options.apiOrigin, clients, 60, atMost(WARM_UP, ownShots));
      const limit = await run(bareOrigin, clients, options.seconds, bareShots);
      const own = await run(options.apiOrigin, clients, options.seconds, ownShots);
      const state = options.relay ? 'relay running' : 'relay paused';
      put({
        name: `decisions/s, ${clients} clients, ${state}`,
        value: own.perSecond,
        unit: '/s',
        limit: { name: 'bare route', value: limit.perSecond },
        ...(clients === 8 ? { aim: '>= 0.5 of the bare route' } : {}),
      });
      put({
        name: `decision p50, ${clients} clients, ${state}`,
        value: own.p50Ms,
        unit: 'ms',
        limit: { name: 'bare route', value: limit.p50Ms },
      });
      put({
        name: `decision p95, ${clients} clients, ${state}`,
        value: own.p95Ms,
        unit: 'ms',
        limit: { name: 'bare route', value: limit.p95Ms },
        ...(clients === 8 ? { aim: '<= 40 ms' } : {}),
      });
    }
  } finally {
    await bare.stop();
  }
}

async function run(origin: string, clients: number, seconds: number, shots: () => Shot | undefined): Promise<Load> {
  const result = await load(origin, clients, shots, seconds);
  if (result.failed > 0) throw new Error(`${result.failed} of ${result.done} requests failed: ${result.firstFailure}`);
  return result;
}

function countdown(count: number, shot: (at: number) => Shot): () => Shot | undefined {
  let at = 0;
  return () => (at < count ? shot((at += 1)) : undefined);
}

function decision(taskId: string, token: string): Shot {
  return {
    method: 'POST',
    path: `/tasks/${taskId}/decide`,
    headers: { authorization: `Bearer ${token}`, 'idempotency-key': randomUUID() },
    body: '{"outcome":"approve"}',
  };
}
