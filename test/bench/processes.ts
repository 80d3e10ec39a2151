/** Child processes of a measurement: the product's own entry points, and what they take of the processor. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

export type Child = { pid: number; process: ChildProcess; stop(): Promise<void> };

/** Starts a TypeScript entry point of the repository with its own environment; resolves when `ready` appears on its output. */
export async function startChild(entry: string, env: Record<string, string>, ready: RegExp): Promise<Child & { match: RegExpMatchArray }> {
  const child = spawn(process.execPath, ['--import', 'tsx', join(root, entry)], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: root,
  });
  const match = await new Promise<RegExpMatchArray>((resolve, reject) => {
    let output = '';
    const hear = (part: Buffer): void => {
      output += part.toString();
      const found = output.match(ready);
      if (found) resolve(found);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('exit', (code) => reject(new Error(`${entry} ended with ${code}: ${output.slice(-2000)}`)));
    setTimeout(() => reject(new Error(`${entry} did not get ready: ${output.slice(-2000)}`)), 60_000).unref();
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
export function cpuMs(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
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
