/** Runs bare workflows: `workflows` at once, `bells` each, the next bell when the last was answered. Prints steps per second. */
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Runtime, DefaultLogger, Worker } from '@temporalio/worker';
import { join } from 'node:path';
import { processors } from '../processes.ts';

const [workflows = '40', bells = '5', warmUp = '1'] = process.argv.slice(2);
const address = process.env.TEMPORAL_ADDRESS ?? '';
const namespace = process.env.TEMPORAL_NAMESPACE ?? 'shiming';
const taskQueue = `bare-${process.pid}`;

Runtime.install({ logger: new DefaultLogger('ERROR') });
const native = await NativeConnection.connect({ address });
const connection = await Connection.connect({ address });
const client = new Client({ connection, namespace });
const answered = new Map<string, (no: number) => void>();
const worker = await Worker.create({
  connection: native,
  namespace,
  taskQueue,
  workflowsPath: join(import.meta.dirname, 'workflow.ts'),
  activities: { nothing: async (id: string, no: number) => answered.get(id)?.(no) },
});
const running = worker.run();

async function walk(id: string): Promise<void> {
  for (let no = 1; no <= Number(bells); no += 1) {
    const done = new Promise<void>((resolve) => answered.set(id, (reached) => reached === no && resolve()));
    await client.workflow.signalWithStart('bareBells', {
      workflowId: id,
      taskQueue,
      args: [id, Number(bells)],
      signal: 'bell',
      signalArgs: [no],
    });
    await done;
  }
}

await Promise.all(Array.from({ length: Number(warmUp) }, (_, at) => walk(`bare-warm-${process.pid}-${at}`)));
const before = processors(process.pid);
const began = performance.now();
await Promise.all(Array.from({ length: Number(workflows) }, (_, at) => walk(`bare-${process.pid}-${at}`)));
const seconds = (performance.now() - began) / 1000;
const after = processors(process.pid);
const cpu = {
  worker: after.worker - before.worker,
  temporal: after.temporal - before.temporal,
  postgres: after.postgres - before.postgres,
};
process.stdout.write(`result ${JSON.stringify({ steps: Number(workflows) * Number(bells), seconds, cpu })}
`);
worker.shutdown();
await running;
process.exit(0);
