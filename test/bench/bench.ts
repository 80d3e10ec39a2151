/** `npm run bench`: every figure beside its limit, measured in the same run. `-- --quick` takes about a minute once Temporal is built. */
import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { startSimulators } from '../../activities/connectors/simulators.ts';
import { closeDatabase, openDatabase } from '../../db/client.ts';
import { removeSchedule } from '../support/schedules.ts';
import { measureDecisions } from './decisions.ts';
import { put, table } from './figures.ts';
import { fillProvince } from './fill/province.ts';
import { measureInbox } from './inbox.ts';
import { measureLives } from './lives.ts';
import { buildProduct, memoryMb, startChild } from './processes.ts';
import { benchServers } from './servers.ts';
import { measurePages } from './pages.ts';
import { measureSteps } from './steps.ts';

const quick = process.argv.includes('--quick');
buildProduct();
const servers = await benchServers();
const db = openDatabase(servers.url, { max: 20, owner: true });
const simulators = await startSimulators({ port: 0 });
const env = {
  DATABASE_URL: servers.url,
  TEMPORAL_ADDRESS: servers.temporalAddress,
  TEMPORAL_NAMESPACE: servers.namespace,
  SHIMING_VAULT_KEYS: JSON.stringify({
    keys: { bench: randomBytes(32).toString('base64') },
    currentKid: 'bench',
    indexKey: randomBytes(32).toString('base64'),
  }),
  TEMPORAL_TASK_QUEUE: `bench-${process.pid}`,
  REGISTERS_URL: simulators.url,
  SHIMING_DEMO: '1',
  PORT: '0',
};
try {
  await fillProvince(db);
  let beganMs = performance.now();
  const api = await startChild('dist/api/main.js', env, /api listens at (http[^"]+)"/);
  put({ name: 'start of the API process', value: performance.now() - beganMs, unit: 'ms' });
  const apiOrigin = api.match[1] ?? '';
  await measureDecisions(db, servers, { seconds: quick ? 2 : 8, clients: quick ? [8] : [1, 8, 32], relay: false, apiOrigin });
  await settle(db);
  beganMs = performance.now();
  const worker = await startChild('dist/activities/main.js', env, /worker polls/);
  put({ name: 'start of the worker process', value: performance.now() - beganMs, unit: 'ms' });
  try {
    await measureSteps(db, servers, { workflows: quick ? 40 : 200, workerPid: worker.pid });
    if (!quick) {
      await measureLives(db, { apiOrigin, classes: 8 });
      await measureDecisions(db, servers, { seconds: 8, clients: [8], relay: true, apiOrigin });
    }
    put({ name: 'memory of the worker', value: memoryMb(worker.pid), unit: 'MB' });
  } finally {
    await worker.stop();
    await removeSchedule({ address: servers.temporalAddress, namespace: servers.namespace, taskQueue: env.TEMPORAL_TASK_QUEUE });
  }
  await measurePages(db, {
    env,
    url: servers.url,
    classes: quick ? 1_000 : 100_000,
    visits: quick ? { warmUp: 3, seen: 10 } : { warmUp: 15, seen: 40 },
  });
  await measureInbox(db, { apiOrigin, open: quick ? 50_000 : 1_000_000, seconds: quick ? 2 : 8 });
  put({ name: 'memory of the API', value: memoryMb(api.pid), unit: 'MB' });
  await api.stop();
} finally {
  await closeDatabase(db);
  await simulators.close();
  await servers.stop();
}
process.stdout.write(`\n${table()}\n`);
process.exit(0);

/**
 * What was decided without a worker is put away, so that the reconciler does not bring it up again while steps are measured, and swept up, so that
 * PostgreSQL does not do it then.
 */
async function settle(owner: Knex): Promise<void> {
  await owner.raw('delete from outbox');
  await owner.raw(`update tasks set status = 'cancelled' where status = 'open'`);
  await owner.raw(
    `update procedures set status = 'closed', outcome = 'measured', closed_at = opened_at, applied_no = fact_no, next_alarm_at = null where status <> 'closed'`,
  );
  await owner.raw('vacuum (analyze) outbox, tasks, procedures, facts, audit_log, signatures, idempotency_keys');
}
