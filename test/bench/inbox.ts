/** The inbox page and its counts over REST with a large open backlog, beside the bare indexed query. */
import type { Knex } from 'knex';
import { atMost, load } from './client.ts';
import { fillBacklog, tokenFor } from './fill/province.ts';
import { percentile, put } from './figures.ts';

const WARM_UP = 1_500;

export async function measureInbox(db: Knex, options: { apiOrigin: string; open: number; seconds: number }): Promise<void> {
  await fillBacklog(db, options.open);
  const token = await tokenFor(db, 'cs-first-1');
  const shot = { method: 'GET', path: '/tasks', headers: { authorization: `Bearer ${token}` } };
  await load(
    options.apiOrigin,
    8,
    atMost(WARM_UP, () => shot),
    60,
  );
  for (const clients of [1, 8]) {
    const limit = await bareQuery(db, clients, options.seconds);
    const own = await load(options.apiOrigin, clients, () => shot, options.seconds);
    if (own.failed > 0) throw new Error(`inbox failed: ${own.firstFailure}`);
    const name = `inbox at ${options.open} open tasks, ${clients} clients`;
    put({ name: `${name}, p50`, value: own.p50Ms, unit: 'ms', limit: { name: 'bare query', value: limit.p50Ms } });
    put({
      name: `${name}, p95`,
      value: own.p95Ms,
      unit: 'ms',
      limit: { name: 'bare query', value: limit.p95Ms },
      ...(clients === 8 ? { aim: '<= 25 ms' } : {}),
    });
  }
}

async function bareQuery(db: Knex, clients: number, seconds: number): Promise<{ p50Ms: number; p95Ms: number }> {
  const times: number[] = [];
  const until = performance.now() + seconds * 1000;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() < until) {
        const at = performance.now();
        await db.raw(
          `select id, subject_title, due_at from tasks where status = 'open' and office = '350104' and role = 'first_reviewer' order by due_at, id limit 25`,
        );
        times.push(performance.now() - at);
      }
    }),
  );
  times.sort((a, b) => a - b);
  return { p50Ms: percentile(times, 0.5), p95Ms: percentile(times, 0.95) };
}
