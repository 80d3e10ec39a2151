/** Figures as Prometheus reads them (text format 0.0.4), and the inner port where it fetches them. */
import { createServer } from 'node:http';

export type MetricFamily = {
  name: string;
  help: string;
  type: 'gauge' | 'counter' | 'histogram';
  samples: {
    /** Added to the name: `_bucket`, `_sum`, `_count` of a histogram. */ suffix?: string;
    labels?: Record<string, string>;
    value: number;
  }[];
};

export const prometheusType = 'text/plain; version=0.0.4; charset=utf-8';

export function prometheusText(families: readonly MetricFamily[]): string {
  const lines = families.flatMap(({ name, help, type, samples }) => [
    `# HELP ${name} ${help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(({ suffix = '', labels = {}, value }) => `${name}${suffix}${labelText(labels)} ${value}`),
  ]);
  return `${lines.join('\n')}\n`;
}

function labelText(labels: Record<string, string>): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`,
  );
  return pairs.length > 0 ? `{${pairs.join(',')}}` : '';
}

/** One figure per name: `{ role: { approver: 2 } }` style counts become samples with one label. */
export function gauges(name: string, help: string, label: string, counts: Record<string, number>): MetricFamily {
  return { name, help, type: 'gauge', samples: Object.entries(counts).map(([key, value]) => ({ labels: { [label]: key }, value })) };
}

export function gauge(name: string, help: string, value: number): MetricFamily {
  return { name, help, type: 'gauge', samples: [{ value }] };
}

/** Counts in buckets of seconds. */
export function createHistogram(name: string, help: string, bounds: readonly number[]) {
  const counts = bounds.map(() => 0);
  let sum = 0;
  let count = 0;
  return {
    observe(seconds: number): void {
      sum += seconds;
      count += 1;
      for (const [at, bound] of bounds.entries()) if (seconds <= bound) counts[at] = (counts[at] ?? 0) + 1;
    },
    family(): MetricFamily {
      const buckets = bounds.map((bound, at) => ({ suffix: '_bucket', labels: { le: String(bound) }, value: counts[at] ?? 0 }));
      return {
        name,
        help,
        type: 'histogram',
        samples: [
          ...buckets,
          { suffix: '_bucket', labels: { le: '+Inf' }, value: count },
          { suffix: '_sum', value: sum },
          { suffix: '_count', value: count },
        ],
      };
    },
  };
}

/** Of the process itself, under the names that everybody uses. */
function processFamilies(): MetricFamily[] {
  const { user, system } = process.cpuUsage();
  return [
    {
      name: 'process_cpu_seconds_total',
      help: 'CPU time of this process.',
      type: 'counter',
      samples: [{ value: (user + system) / 1e6 }],
    },
    gauge('process_resident_memory_bytes', 'Memory of this process.', process.memoryUsage.rss()),
    gauge('process_start_time_seconds', 'When this process started.', Math.round(Date.now() / 1_000 - process.uptime())),
  ];
}

export type MetricSource = () => Promise<MetricFamily[]> | MetricFamily[];
export type MetricsAddress = { port: number; host: string };

/** Serves /metrics and nothing else. A source that fails is left out and `shiming_metrics_complete` says 0: half the figures are better than none. */
export async function serveMetrics(
  { port, host }: MetricsAddress,
  sources: readonly MetricSource[],
): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer(async (req, res) => {
    if (req.method !== 'GET' || req.url?.split('?')[0] !== '/metrics') {
      res.writeHead(404).end();
      return;
    }
    const parts = await Promise.allSettled(sources.map(async (source) => source()));
    const families = parts.flatMap((part) => (part.status === 'fulfilled' ? part.value : []));
    const complete = gauge(
      'shiming_metrics_complete',
      '1 if every figure could be read.',
      parts.every(({ status }) => status === 'fulfilled') ? 1 : 0,
    );
    res.writeHead(200, { 'content-type': prometheusType }).end(prometheusText([...families, ...processFamilies(), complete]));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve());
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
