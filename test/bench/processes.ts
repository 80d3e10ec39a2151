/** Child processes of a measurement: the product's own entry points, and what they take of the processor. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

export type Child = { pid: number; process: ChildProcess; stop(): Promise<void> };

/** Compiles the product as production runs it, so that figures are those of `dist/`. Throws with the compiler's words. */
export function buildProduct(): void {
  const built = spawnSync(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (built.status !== 0) throw new Error(`the product does not compile: ${built.stdout}`);
}

/** What this process started and has not seen end: nothing of it outlives a measurement that breaks off. */
const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** Starts an entry point of the repository (TypeScript, or JavaScript of `dist/`) with its own environment; resolves when `ready` appears on its output. `imports` are loaded before it. */
export async function startChild(
  entry: string,
  env: Record<string, string>,
  ready: RegExp,
  imports: readonly string[] = [],
): Promise<Child & { match: RegExpMatchArray }> {
  const loader = [...(entry.endsWith('.ts') ? ['tsx'] : []), ...imports].flatMap((name) => ['--import', name]);
  const child = spawn(process.execPath, [...loader, join(root, entry)], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: root,
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  const match = await new Promise<RegExpMatchArray>((resolve, reject) => {
    let output = '';
    const hear = (part: Buffer): void => {
      output += part.toString();
      const found = output.match(ready);
      if (!found) return;
      // What it says from now on is thrown away: to search it would cost the load more than its requests.
      for (const stream of [child.stdout, child.stderr]) stream.off('data', hear).resume();
      resolve(found);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('exit', (code) => reject(new Error(`${entry} ended with ${code}: ${output.slice(-2000)}`)));
    setTimeout(() => reject(new Error(`${entry} did not get ready: ${output.slice(-2000)}`)), 60_000).unref();
  }).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });
  return {
    pid: child.pid ?? 0,
    process: child,
    match,
    stop: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve();
        child.once('exit', () => resolve());
        child.kill('SIGTERM');
        setTimeout(() => child.kill('SIGKILL'), 15_000).unref();
      }),
  };
}

const TICK_MS = 10;

/** Processor time of a process and its dead children so far, ms. Linux only; 0 elsewhere. */
function cpuMs(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * TICK_MS;
  } catch {
    return 0;
  }
}

/** Resident memory, MB. */
export function memoryMb(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

export type Processors = { worker: number; temporal: number; postgres: number };

/** Processor time so far of the worker, of Temporal servers and of all PostgreSQL processes of this machine, ms. */
export function processors(workerPid: number): Processors {
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
