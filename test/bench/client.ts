/** A load of n clients over HTTP with kept connections; each sends its next request when the last was answered. */
import { Agent, request } from 'node:http';
import { percentile } from './figures.ts';

export type Shot = { method: string; path: string; headers?: Record<string, string>; body?: string };
export type Load = { perSecond: number; p50Ms: number; p95Ms: number; done: number; failed: number; firstFailure?: string };

export async function load(origin: string, clients: number, shots: () => Shot | undefined, seconds: number): Promise<Load> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const { hostname, port } = new URL(origin);
  const times: number[] = [];
  let failed = 0;
  let firstFailure: string | undefined;
  const began = performance.now();
  const until = began + seconds * 1000;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      for (let shot = shots(); shot && performance.now() < until; shot = shots()) {
        const at = performance.now();
        const answer = await fire(agent, hostname, Number(port), shot);
        times.push(performance.now() - at);
        if (answer.status >= 300) {
          failed += 1;
          firstFailure ??= `${answer.status} ${answer.body.slice(0, 200)}`;
        }
      }
    }),
  );
  const elapsed = (performance.now() - began) / 1000;
  agent.destroy();
  times.sort((a, b) => a - b);
  return {
    perSecond: times.length / elapsed,
    p50Ms: percentile(times, 0.5),
    p95Ms: percentile(times, 0.95),
    done: times.length,
    failed,
    ...(firstFailure ? { firstFailure } : {}),
  };
}

function fire(agent: Agent, hostname: string, port: number, shot: Shot): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        agent,
        hostname,
        port,
        method: shot.method,
        path: shot.path,
        headers: {
          accept: 'application/json',
          ...shot.headers,
          ...(shot.body ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(shot.body) } : {}),
        },
      },
      (incoming) => {
        let body = '';
        incoming.setEncoding('utf8');
        incoming.on('data', (part: string) => {
          if (body.length < 1000) body += part;
        });
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body }));
      },
    );
    outgoing.on('error', reject);
    outgoing.end(shot.body);
  });
}

/** The first `count` of these shots, for warming a program up before it is measured. */
export function atMost(count: number, shots: () => Shot | undefined): () => Shot | undefined {
  let left = count;
  return () => (left-- > 0 ? shots() : undefined);
}
