/** Metrics and log: what waits and what was asked, and no personal data. */
import { Writable } from 'node:stream';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { officeMetrics } from '../../../activities/metrics.ts';
import { readApiConfig } from '../../../api/config.ts';
import { countRequests } from '../../../api/http/requests.ts';
import { startApi } from '../../../api/server.ts';
import { logOptions } from '../../../db/config.ts';
import { serveMetrics } from '../../../db/formats/prometheus.ts';
import { openProvince, type Province } from '../../support/province.ts';
import { operationsOf } from '../../support/operations.ts';

let province: Province;
beforeAll(async () => {
  province = await openProvince();
});
afterAll(() => province?.close());

const { faults, plant } = operationsOf(() => province);

describe('metrics and log', () => {
  test('[F14] what waits, what is late and what is open, in the format of Prometheus', async () => {
    const planted = await plant();
    await faults['unapplied']?.(planted);
    await faults['outbox']?.(planted);
    await province.db.raw(`update tasks set due_at = business_now() - interval '1 day' where id = ?`, [planted.taskId]);
    const served = await serveMetrics({ port: 0, host: '127.0.0.1' }, [() => officeMetrics(province.db)]);
    try {
      const response = await fetch(`http://127.0.0.1:${served.port}/metrics`);
      expect(response.headers.get('content-type')).toContain('version=0.0.4');
      const text = await response.text();
      const value = (sample: string): number =>
        Number(
          text
            .split('\n')
            .find((line) => line.startsWith(`${sample} `))
            ?.split(' ')
            .at(-1),
        );
      expect(value('shiming_outbox_waiting')).toBe(1);
      expect(value('shiming_outbox_oldest_seconds')).toBeGreaterThan(590);
      expect(value('shiming_unapplied_facts')).toBe(1);
      expect(value('shiming_overdue_tasks{role="first_reviewer"}')).toBe(1);
      expect(value('shiming_open_procedures{type="trainingClass"}')).toBe(1);
      expect(value('shiming_procedures_found{check="unapplied"}')).toBe(1);
      expect(value('shiming_metrics_complete')).toBe(1);
      for (const line of text.trim().split('\n')) expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{[^}]*\})? -?[\d.e+-]+)$/);
      expect((await fetch(`http://127.0.0.1:${served.port}/`)).status).toBe(404);
    } finally {
      await served.close();
    }
  });

  test('[F14] requests are logged by the pattern of their address and counted by status; no query, number or person', async () => {
    const lines: string[] = [];
    const sink = new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk));
        done();
      },
    });
    const log = pino({ name: 'api', ...logOptions }, sink);
    const requests = countRequests(log);
    const config = readApiConfig({ port: 0, demo: true }, {});
    const api = await startApi({ db: province.db, vault: province.vault, config, log, checks: {}, requests });
    try {
      const { token } = await province.as('cs-first-1');
      const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
      await (await fetch(`${api.url}/tasks?q=350104199003071224`, { headers })).text();
      await (await fetch(`${api.url}/classes/350104-2026-00001`, { headers })).text();
      await (await fetch(`${api.url}/nowhere/138001380000?phone=13800138000`, { headers })).text();
      await (
        await fetch(`${api.url}/tasks/class-350104-2026-00001/pre_training.first_review/1/decide`, {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body: JSON.stringify({ outcome: 'approve', reason: '林小燕' }),
        })
      ).text();
    } finally {
      await api.close();
    }
    const written = lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ msg }) => msg === 'request');
    expect(written.map(({ method, route, status }) => [method, route, status])).toEqual([
      ['GET', '/tasks', expect.any(Number)],
      ['GET', '/classes/:number', 404],
      ['GET', 'none', 404],
      ['POST', '/tasks/:procedure/:step/:round/decide', 404],
    ]);
    for (const line of written) {
      expect(line).toMatchObject({ requestId: expect.stringMatching(/^[0-9a-f]{16}$/), ms: expect.any(Number) });
      expect(Object.keys(line).sort()).toEqual([
        'hostname',
        'level',
        'method',
        'ms',
        'msg',
        'name',
        'pid',
        'requestId',
        'route',
        'status',
        'time',
      ]);
    }
    expect(lines.join('')).not.toMatch(/350104|1380|林小燕|cs-first|\?/);
    const families = Object.fromEntries(requests.metrics().map((family) => [family.name, family.samples]));
    expect(families['shiming_http_requests_total']).toContainEqual({ labels: { status: '4xx' }, value: 3 });
    expect(families['shiming_decision_seconds']?.at(-1)).toEqual({ suffix: '_count', value: 1 });
  });

  test('[F14] what a log line should never be given is left out of it', () => {
    const lines: string[] = [];
    const log = pino({ ...logOptions }, { write: (line: string) => void lines.push(line) });
    log.info({ procedure: 'class-1', phone: '13800138000', job: { idNumber: '350104199003071224', state: '23505' } }, 'said');
    expect(lines.join('')).toContain('23505');
    expect(lines.join('')).not.toMatch(/1380013|3501041990/);
  });
});
