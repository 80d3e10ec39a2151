/** A line and a count for every request: what was asked for by the pattern of its address, never by the address itself, which may hold a number or a search word. */
import type { Request, RequestHandler } from 'express';
import type { Logger } from 'pino';
import { createHistogram, type MetricFamily } from '../../db/formats/prometheus.ts';
import { findVisit } from './visit.ts';

const BOUNDS_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** The acts by which an officer decides, alone or many at once. */
const decides = /^\/tasks\/.*\/?decide$/;

export type RequestCounts = { handler: RequestHandler; metrics: () => MetricFamily[] };

/** One per process. */
export function countRequests(log: Logger): RequestCounts {
  const byStatus = new Map<string, number>();
  const all = createHistogram('shiming_http_request_seconds', 'How long requests took.', BOUNDS_SECONDS);
  const decisions = createHistogram('shiming_decision_seconds', 'How long decisions of officers took to be on record.', BOUNDS_SECONDS);
  return {
    handler: (req, res, next) => {
      const began = process.hrtime.bigint();
      res.once('close', () => {
        const seconds = Number(process.hrtime.bigint() - began) / 1e9;
        // Whoever went away got no answer; 499 is what proxies call it.
        const status = res.writableFinished ? res.statusCode : 499;
        const statusClass = `${Math.floor(status / 100)}xx`;
        const route = patternOf(req);
        byStatus.set(statusClass, (byStatus.get(statusClass) ?? 0) + 1);
        all.observe(seconds);
        if (req.method === 'POST' && decides.test(route)) decisions.observe(seconds);
        log.info({ requestId: findVisit(req)?.requestId, method: req.method, route, status, ms: Math.round(seconds * 1_000) }, 'request');
      });
      next();
    },
    metrics: () => [
      {
        name: 'shiming_http_requests_total',
        help: 'Requests answered, by class of status.',
        type: 'counter',
        samples: [...byStatus].map(([status, value]) => ({ labels: { status }, value })),
      },
      all.family(),
      decisions.family(),
    ],
  };
}

function patternOf(req: Request): string {
  const pattern = (req.route as { path?: unknown } | undefined)?.path;
  return typeof pattern === 'string' ? pattern : 'none';
}
