import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { programPath } from '../config.ts';
import { StartError } from '../start-error.ts';

/** One process for good: the number alone may belong to another process after a restart of the machine or container. */
export type ProcessIdentity = { pid: number; startedAt: string };

export const thisProcess: ProcessIdentity = { pid: process.pid, startedAt: startOf(process.pid) ?? '' };

/** What tells this process from a later one with the same number, or undefined when there is no such process. */
export function startOf(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      // A zombie has ended; only its parent has not looked yet.
      return fields[0] === 'Z' ? undefined : fields[19];
    }
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return undefined;
  }
}

export function isAlive(identity: ProcessIdentity | undefined): boolean {
  return identity !== undefined && startOf(identity.pid) === identity.startedAt;
}

export function commandLineOf(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return '';
  }
}

/** Sends SIGTERM, waits, and kills what has not ended after `patienceMs`. */
export async function endProcess(identity: ProcessIdentity, patienceMs: number): Promise<void> {
  if (!isAlive(identity)) return;
  process.kill(identity.pid, 'SIGTERM');
  if (await until(() => !isAlive(identity), patienceMs)) return;
  process.kill(identity.pid, 'SIGKILL');
  await until(() => !isAlive(identity), 5_000);
}

/** Asks again until `condition` holds; false when `patienceMs` are over. */
export async function until(condition: () => boolean | Promise<boolean>, patienceMs: number, everyMs = 50): Promise<boolean> {
  const end = Date.now() + patienceMs;
  for (;;) {
    if (await condition()) return true;
    if (Date.now() > end) return false;
    await sleep(everyMs);
  }
}

export type Finished = { code: number | null; output: string };

type RunOptions = {
  env?: Record<string, string>;
  uid?: number | undefined;
  gid?: number | undefined;
  cwd?: string;
  onLine?: (line: string) => void;
};

/** Runs a program to its end and gives its exit code and all that it printed. */
export function run(program: string, args: string[], options: RunOptions = {}): Promise<Finished> {
  const { onLine, uid, gid, ...rest } = options;
  return new Promise((resolve, reject) => {
    const user = uid === undefined || gid === undefined ? {} : { uid, gid };
    const child = spawn(program, args, { ...rest, ...user, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const take = (text: string) => {
      output = (output + text).slice(-200_000);
      if (onLine) for (const line of text.split('\n')) if (line.trim()) onLine(line.trim());
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.on('error', reject);
    // 'exit', not 'close': a server that the program leaves behind may hold the pipes open.
    child.on('exit', (code) => setTimeout(() => resolve({ code, output }), 20));
  });
}

/** Whether a program starts and ends well, tried as another account when one is given. */
export function commandWorks(program: string, args: string[], user: { uid: number; gid: number } | undefined): boolean {
  return spawnSync(program, args, { ...user, stdio: 'ignore', timeout: 20_000 }).status === 0;
}

/** The full path of a program that this user may run, or undefined. */
export function findProgram(name: string): string | undefined {
  return programPath()
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/**
 * As many different free ports on 127.0.0.1 as asked for, between 20000 and 32767: the system hands out higher ones to
 * outgoing connections, and Temporal keeps its own in a `smallint`.
 */
export async function freePorts(count: number): Promise<number[]> {
  const chosen = new Set<number>();
  for (let tries = 0; chosen.size < count && tries < 1_000; tries += 1) {
    const port = randomInt(20_000, 32_768);
    if (!chosen.has(port) && (await isPortFree(port))) chosen.add(port);
  }
  if (chosen.size < count) throw new StartError('找不到空闲端口（20000–32767）。', 'No free port between 20000 and 32767.');
  return [...chosen];
}

export async function isPortFree(port: number): Promise<boolean> {
  try {
    await listenOn(port);
    return true;
  } catch {
    return false;
  }
}

function listenOn(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(port, '127.0.0.1', () => server.close(() => resolve()));
  });
}

/** Reads a small JSON file; undefined when it is missing or was cut short by a crash. */
export async function readJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch {
    return undefined;
  }
}

export function writeJson(path: string, value: unknown): void {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
}

/**
 * Runs `work` while no other process of this machine runs under the same lock file. A lock whose holder died counts
 * for nothing. `onWait` is called once when somebody else holds it.
 */
export async function withLock<T>(lockFile: string, work: () => Promise<T>, onWait?: () => void): Promise<T> {
  await mkdir(dirname(lockFile), { recursive: true });
  let told = false;
  while (!(await takeLock(lockFile))) {
    if (!told) onWait?.();
    told = true;
    await sleep(200);
  }
  try {
    return await work();
  } finally {
    await rm(lockFile, { force: true });
  }
}

async function takeLock(lockFile: string): Promise<boolean> {
  const own = `${lockFile}.${process.pid}`;
  try {
    // A link appears with its content, so nobody ever reads a half-written lock.
    await writeFile(own, JSON.stringify(thisProcess), { mode: 0o600 });
    await link(own, lockFile);
    return true;
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIST') throw error;
  } finally {
    await rm(own, { force: true });
  }
  if (!isAlive(await readJson<ProcessIdentity>(lockFile))) await rm(lockFile, { force: true });
  return false;
}
