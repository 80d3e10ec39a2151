/** Listens, and drains when it closes: requests under way are answered first. */
import { createServer } from 'node:http';
import { clearEndedSessions } from '../db/accounts/sessions.ts';
import { type AppDeps, createApp } from './app.ts';

export type RunningApi = { port: number; url: string; close(): Promise<void> };

const DRAIN_MS = 10_000;
const IDLE_EVERY_MS = 50;
const CLEAR_EVERY_MS = 15 * 60_000;

/** Starts the API. Throws an Error with `code` EADDRINUSE when the port is taken. Port 0 takes any free one. */
export async function startApi(deps: AppDeps): Promise<RunningApi> {
  const leaving = new AbortController();
  const server = createServer(createApp({ ...deps, leaving: leaving.signal }));
  server.keepAliveTimeout = 65_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(deps.config.port, deps.config.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  // A failure is no matter: the next round clears what this one did not.
  const clearing = setInterval(() => void clearEndedSessions(deps.db).catch(() => undefined), CLEAR_EVERY_MS).unref();
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : deps.config.port;
  return {
    port,
    url: `http://${deps.config.host === '0.0.0.0' ? 'localhost' : deps.config.host}:${port}`,
    async close() {
      clearInterval(clearing);
      leaving.abort();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // A connection whose last answer ends meanwhile is kept by its client, not by us.
      const idle = setInterval(() => server.closeIdleConnections(), IDLE_EVERY_MS);
      const force = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
      await closed;
      clearInterval(idle);
      clearTimeout(force);
    },
  };
}
