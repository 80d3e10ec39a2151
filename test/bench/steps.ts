/** Steps of procedures per second and processor time per step, beside a bare workflow of as many bells. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { decideTask } from '../../db/protocol/decisions.ts';
import { getActor } from '../../db/users.ts';
import { fillReviews } from './fill.ts';
import { put } from './figures.ts';
import { cpuMs } from './processes.ts';
import type { BenchServers } from './servers.ts';

const deciders: Record<string, string> = { first_reviewer: 'cs-first-1', second_reviewer: 'cs-second-1' };

/** Each procedure takes two decisions (first and second review), so that each bell is answered by one step. */
export async function measureSteps(db: Knex, servers: BenchServers, options: { workflows: number; workerPid: number }): Promise<void> {
  const bareWalk = bareSteps(servers, options.workflows);
  const actors = new Map(
    await Promise.all(
      Object.entries(deciders).map(
        async ([role, login]) => [role, await getActor(db, (await db('users').where({ login }).first('id')).id)] as const,
      ),
    ),
  );
  await fillReviews(db, 'steps', options.workflows);
  const before = processors(options.workerPid);
  const began = performance.now();
  await decideAll(db, options.workflows, actors);
  const seconds = (performance.now() - began) / 1000;
  const after = processors(options.workerPid);
  const steps = options.workflows * 2;
  put({
    name: 'steps/s of procedures',
    value: steps / seconds,
    unit: '/s',
    limit: { name: 'bare workflow', value: bareWalk.steps / bareWalk.seconds },
    aim: '>= 0.7 of the bare workflow',
  });
  put({
    name: 'CPU per step, worker with relay',
    value: (after.worker - before.worker) / steps,
    unit: 'ms',
    limit: { name: 'bare worker with client', value: bareWalk.cpuMs / bareWalk.steps },
  });
  put({ name: 'CPU per step, Temporal', value: (after.temporal - before.temporal) / steps, unit: 'ms' });
  put({ name: 'CPU per step, PostgreSQL', value: (after.postgres - before.postgres) / steps, unit: 'ms' });
}

const AT_ONCE = 8;

/** Decides whatever is open until every procedure has taken both steps. One look at the table serves all, so that looking costs little. */
async function decideAll(db: Knex, procedures: number, actors: Map<string, Awaited<ReturnType<typeof getActor>>>): Promise<void> {
  let decided = 0;
  while (decided < procedures * 2) {
    const open = await db('tasks')
      .where({ status: 'open' })
      .where('procedure_id', 'like', 'steps-%')
      .select<{ id: string; role: string }[]>('id', 'role');
    const queue = open.filter((task) => actors.has(task.role));
    decided += queue.length;
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let task = queue.pop(); task; task = queue.pop()) {
          await decideTask(db, actors.get(task.role) as Awaited<ReturnType<typeof getActor>>, { taskId: task.id, outcome: 'approve' });
        }
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  for (;;) {
    const waiting = await db('procedures').where('id', 'like', 'steps-%').whereRaw('applied_no < fact_no').first('id');
    if (!waiting) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

function bareSteps(servers: BenchServers, workflows: number): { steps: number; seconds: number; cpuMs: number } {
  const child = spawnSync(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'bare-steps.ts'), String(workflows), '2'], {
    env: { ...process.env, TEMPORAL_ADDRESS: servers.temporalAddress, TEMPORAL_NAMESPACE: servers.namespace },
    encoding: 'utf8',
    timeout: 300_000,
  });
  const found = /result (\{.*\})/.exec(child.stdout);
  if (!found?.[1]) throw new Error(`bare workflow failed: ${child.stderr.slice(-1000)}`);
  return JSON.parse(found[1]) as { steps: number; seconds: number; cpuMs: number };
}

/** Processor time so far of the worker, of Temporal servers and of all PostgreSQL processes of this machine, ms. */
function processors(workerPid: number): { worker: number; temporal: number; postgres: number } {
  const sum = { worker: cpuMs(workerPid), temporal: 0, postgres: 0 };
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const name = nameOf(pid);
    if (name.startsWith('temporal-serv')) sum.temporal += cpuMs(Number(pid));
    if (name === 'postgres') sum.postgres += cpuMs(Number(pid));
  }
  return sum;
}

function nameOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}
