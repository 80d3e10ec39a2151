/** /healthz: the process answers. /readyz: what it needs answers, by name. */
import type { Express } from 'express';

/** Resolves to words about the state, rejects when it is not ready. */
export type HealthCheck = () => Promise<string>;

const CHECK_DEADLINE_MS = 3_000;

export function mountHealth(app: Express, checks: Record<string, HealthCheck>): void {
  app.get('/healthz', (_req, res) => res.json({ status: 'ok' }));
  app.get('/readyz', async (_req, res) => {
    const results = await Promise.all(Object.entries(checks).map(async ([name, check]) => [name, await outcome(check)] as const));
    const ready = results.every(([, result]) => result.ok);
    res.status(ready ? 200 : 503).json({ status: ready ? 'ready' : 'not ready', checks: Object.fromEntries(results) });
  });
}

async function outcome(check: HealthCheck): Promise<{ ok: boolean; detail: string }> {
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('no answer in time')), CHECK_DEADLINE_MS);
    });
    return { ok: true, detail: await Promise.race([check(), late]) };
  } catch (error) {
    return { ok: false, detail: (error as Error).name === 'Error' ? (error as Error).message : (error as Error).name };
  } finally {
    clearTimeout(timer);
  }
}
