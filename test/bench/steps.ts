/** Steps of procedures per second and processor time per step, beside a bare workflow of as many bells. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { decideTask } from '../../db/protocol/decisions.ts';
import { getActor } from '../../db/accounts/account-in-force.ts';
import { fillReviews } from './fill/province.ts';
import { put } from './figures.ts';
import { type Processors, processors } from './processes.ts';
import type { BenchServers } from './servers.ts';

const deciders: Record<string, string> = { first_reviewer: 'cs-first-1', second_reviewer: 'cs-second-1' };

const WARM_UP = 60;

/**
 * Each procedure takes two decisions (first and second review): two bells, each answered by one step, after the step that reads its place. The bare
 * workflow does as many bells and local activities. Both walk a few before they are measured.
 */
export async function measureSteps(db: Knex, servers: BenchServers, options: { workflows: number; workerPid: number }): Promise<void> {
  const bare = bareSteps(servers, options.workflows);
  const actors = new Map(
    await Promise.all(
      Object.entries(deciders).map(
        async ([role, login]) => [role, await getActor(db, (await db('users').where({ login }).first('id')).id)] as const,
      ),
    ),
  );
  await fillReviews(db, 'warm', WARM_UP);
  await decideAll(db, 'warm', WARM_UP, actors);
  await fillReviews(db, 'steps', options.workflows);
  const before = processors(options.workerPid);
  const own = processors(process.pid).worker;
  const began = performance.now();
  await decideAll(db, 'steps', options.workflows, actors);
  const seconds = (performance.now() - began) / 1000;
  const after = processors(options.workerPid);
  const deciding = processors(process.pid).worker - own;
  const steps = options.workflows * 2;
  const perStep = (name: string, part: keyof Processors): void => {
    const value = (after[part] - before[part]) / steps;
    put({ name: `CPU per step, ${name}`, value, unit: 'ms', limit: { name: 'bare workflow', value: bare.cpu[part] / bare.steps } });
  };
  put({
    name: 'steps/s of procedures',
    value: steps / seconds,
    unit: '/s',
    limit: { name: 'bare workflow', value: bare.steps / bare.seconds },
    aim: '>= 0.7 of the bare workflow',
  });
  perStep('worker with relay', 'worker');
  perStep('Temporal', 'temporal');
  perStep('PostgreSQL', 'postgres');
  put({ name: 'CPU per step, deciding', value: deciding / steps, unit: 'ms' });
}

const AT_ONCE = 8;
/** Looking is work of PostgreSQL that no procedure asks for. */
const LOOK_MS = 100;

/** Decides whatever is open until every procedure has taken both steps. One look at the table serves all, so that looking costs little. */
async function decideAll(
  db: Knex,
  prefix: string,
  procedures: number,
  actors: Map<string, Awaited<ReturnType<typeof getActor>>>,
): Promise<void> {
  let decided = 0;
  while (decided < procedures * 2) {
    const open = await db('tasks')
      .where({ status: 'open' })
      .where('procedure_id', 'like', `${prefix}-%`)
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
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  for (;;) {
    const waiting = await db('procedures').where('id', 'like', `${prefix}-%`).whereRaw('applied_no < fact_no').first('id');
    if (!waiting) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

type BareWalk = { steps: number; seconds: number; cpu: Processors };

function bareSteps(servers: BenchServers, workflows: number): BareWalk {
  const child = spawnSync(
    process.execPath,
    ['--import', 'tsx', join(import.meta.dirname, 'bare', 'steps.ts'), String(workflows), '2', String(WARM_UP)],
    {
      env: { ...process.env, TEMPORAL_ADDRESS: servers.temporalAddress, TEMPORAL_NAMESPACE: servers.namespace },
      encoding: 'utf8',
      timeout: 300_000,
    },
  );
  const found = /result (\{.*\})/.exec(child.stdout);
  if (!found?.[1]) throw new Error(`bare workflow failed: ${child.stderr.slice(-1000)}`);
  return JSON.parse(found[1]) as BareWalk;
}
