import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { access, constants, mkdir, readFile, rename, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheCandidates, childEnvironment, repositoryDir } from '../config.ts';
import { findProgram, run, withLock } from './processes.ts';
import { type Log, StartError } from '../start-error.ts';

/** `server` runs on our PostgreSQL; `dev` is the one-file `temporal` program with SQLite, for a first look. */
export type TemporalProgram = { kind: 'server'; server: string; sqlTool: string } | { kind: 'dev'; program: string };

const moduleFolder = join(repositoryDir, 'start', 'temporal-server');
const SERVER_PACKAGE = 'go.temporal.io/server/cmd/server';
const SQL_TOOL_PACKAGE = 'go.temporal.io/server/cmd/tools/sql';
const DOWNLOAD_PATIENCE_MS = 30_000;
const BUILD_SPACE = 3 * 1024 * 1024 * 1024;

/**
 * A server built earlier; else `temporal` from the PATH; else one built here with Go, which takes minutes once;
 * without Go, the development server that the SDK downloads. With `onPostgres` a build goes before what is on the PATH,
 * because tests and measurements mean the server that production runs.
 */
export async function findTemporal(options: { onPostgres?: boolean; log: Log }): Promise<TemporalProgram> {
  const cache = await cacheFolder();
  const folder = join(cache, `temporal-server-${await pinnedVersion()}-${process.platform}-${process.arch}`);
  const built = builtIn(folder);
  if (built) return built;

  const go = findProgram('go');
  const onPath = findProgram('temporal');
  if (onPath && !(options.onPostgres && go)) return { kind: 'dev', program: onPath };
  if (!go) {
    const program = await downloadDevServer(join(cache, 'temporal-dev'), options.log);
    if (program) return { kind: 'dev', program };
    throw new StartError(
      '找不到 Temporal：没有 TEMPORAL_ADDRESS，没有 temporal 命令，没有 Go（1.26 以上）可以编译，也无法下载。请设置 TEMPORAL_ADDRESS，或安装 Go 后重试。',
      'No Temporal: TEMPORAL_ADDRESS is not set, there is no program temporal, no Go (1.26 or newer) to build one, and no download. Set TEMPORAL_ADDRESS, or install Go and start again.',
    );
  }
  const waiting = () => options.log('另一个进程正在编译 Temporal，等待中 · another process is building Temporal, waiting');
  return withLock(`${folder}.lock`, async () => builtIn(folder) ?? (await build(go, folder, options.log)), waiting);
}

function builtIn(folder: string): TemporalProgram | undefined {
  const server = join(folder, 'temporal-server');
  const sqlTool = join(folder, 'temporal-sql-tool');
  return existsSync(server) && existsSync(sqlTool) ? { kind: 'server', server, sqlTool } : undefined;
}

/** The version is written down once, in the Go module. */
async function pinnedVersion(): Promise<string> {
  const module = await readFile(join(moduleFolder, 'go.mod'), 'utf8');
  const found = /go\.temporal\.io\/server (v[\d.]+)/.exec(module);
  if (!found?.[1]) throw new Error('start/temporal-server/go.mod names no go.temporal.io/server');
  return found[1];
}

/** Downloads and compiles both programs beside their place and moves them there whole. */
async function build(go: string, folder: string, log: Log): Promise<TemporalProgram> {
  const half = `${folder}.new`;
  await rm(half, { recursive: true, force: true });
  await mkdir(half, { recursive: true });
  await needSpace(half, BUILD_SPACE);
  const env = goEnvironment(join(half, '..', 'go'));
  const goDo = (args: string[], onLine?: Log) => run(go, args, { cwd: moduleFolder, env, ...(onLine ? { onLine } : {}) });

  log('第一次启动需要编译 Temporal 服务器，约 4–7 分钟，以后不再需要 · building the Temporal server once, 4–7 minutes');
  await withProgress(
    log,
    '正在下载源码 · downloading sources',
    () => '',
    async () => {
      const done = await goDo(['mod', 'download']);
      if (done.code !== 0) throw buildProblem(done.output);
    },
  );

  const listed = await goDo(['list', '-deps', SERVER_PACKAGE, SQL_TOOL_PACKAGE]);
  if (listed.code !== 0) throw buildProblem(listed.output);
  const total = listed.output.trim().split('\n').length;
  let compiled = 0;
  await withProgress(
    log,
    '正在编译 · compiling',
    () => `${compiled}/${total}`,
    async () => {
      for (const [name, source] of [
        ['temporal-sql-tool', SQL_TOOL_PACKAGE],
        ['temporal-server', SERVER_PACKAGE],
      ] as const) {
        const args = ['build', '-v', '-trimpath', '-buildvcs=false', '-ldflags=-s -w', '-o', join(half, name), source];
        const done = await goDo(args, () => {
          compiled += 1;
        });
        if (done.code !== 0) throw buildProblem(done.output);
      }
    },
  );
  await rm(folder, { recursive: true, force: true });
  await rename(half, folder);
  const built = builtIn(folder);
  if (!built) throw buildProblem('the programs are missing after the build');
  return built;
}

/** With no HOME, Go does not know where to keep modules. CGO off: nothing in the server needs a C compiler. */
function goEnvironment(fallback: string): Record<string, string> {
  const env = childEnvironment({ CGO_ENABLED: '0' });
  if (env.HOME) return env;
  return { ...env, GOPATH: env.GOPATH ?? fallback, GOCACHE: env.GOCACHE ?? join(fallback, 'build') };
}

async function withProgress(log: Log, title: string, state: () => string, work: () => Promise<void>): Promise<void> {
  const began = Date.now();
  const timer = setInterval(() => log(`  ${title} ${state()} ${Math.round((Date.now() - began) / 1000)} s`), 5_000);
  try {
    log(`  ${title}`);
    await work();
  } finally {
    clearInterval(timer);
  }
}

function buildProblem(output: string): StartError {
  const last = output.trim().split('\n').slice(-8).join('\n');
  if (/no space left on device/i.test(output)) {
    return new StartError(
      '编译 Temporal 时磁盘已满，请清理后重试。',
      'The disk is full while building Temporal. Make room and start again.',
    );
  }
  return new StartError(
    `Temporal 编译失败：\n${last}\n请检查能否访问 Go 模块代理（GOPROXY），或设置 TEMPORAL_ADDRESS。`,
    'Temporal could not be built. Check that the Go module proxy (GOPROXY) can be reached, or set TEMPORAL_ADDRESS.',
  );
}

/** The SDK's own way to get a development server. The package is a development dependency: without it there is no download. */
async function downloadDevServer(folder: string, log: Log): Promise<string | undefined> {
  await mkdir(folder, { recursive: true });
  const kept = executableIn(folder);
  if (kept) return kept;
  log('正在下载 Temporal 开发服务器 · downloading the Temporal development server');
  // In a process of its own: a download that hangs cannot be called off inside this one.
  const child = spawn(process.execPath, [join(repositoryDir, 'start', 'download-dev-server.mjs'), folder], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await Promise.race([ended, sleep(DOWNLOAD_PATIENCE_MS, undefined, { ref: false })]);
  child.kill('SIGKILL');
  return executableIn(folder);
}

function executableIn(folder: string): string | undefined {
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .find((path) => statSync(path).isFile() && (statSync(path).mode & 0o100) !== 0);
}

/** One cache per user, so that every clone shares what took minutes to build; inside the repository when the home is not writable. */
async function cacheFolder(): Promise<string> {
  for (const folder of cacheCandidates()) {
    try {
      await mkdir(folder, { recursive: true });
      await access(folder, constants.W_OK);
      return folder;
    } catch {
      // Not writable: the next place.
    }
  }
  const tried = cacheCandidates().join(', ');
  throw new StartError(
    `没有可写的缓存目录（已尝试：${tried}）。请设置 SHIMING_CACHE。`,
    `No cache folder can be written (tried ${tried}). Set SHIMING_CACHE.`,
  );
}

/** @throws StartError when the disk of `folder` has less than `bytes` left. */
async function needSpace(folder: string, bytes: number): Promise<void> {
  const disk = await statfs(folder);
  if (disk.bavail * disk.bsize >= bytes) return;
  const megabytes = Math.round(bytes / 1024 / 1024);
  throw new StartError(
    `磁盘空间不足：${folder} 所在磁盘需要 ${megabytes} MB 可用空间。请清理后再启动；已有数据不受影响。`,
    `The disk of ${folder} is full: ${megabytes} MB are needed. Make room and start again; the data are safe.`,
  );
}
