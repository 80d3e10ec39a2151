import { randomBytes } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { findPostgres, handOver, postgresUser, type RunAs, SYSTEM_STATE } from './postgres-binaries.ts';
import {
  commandLineOf,
  commandWorks,
  freePorts,
  isAlive,
  isPortFree,
  type ProcessIdentity,
  readJson,
  run,
  startOf,
  thisProcess,
  until,
  withLock,
  writeJson,
} from './processes.ts';
import { type Log, StartError } from '../start-error.ts';

export type Postgres = {
  /** Superuser, database `postgres`. */
  url: string;
  /** Stops the server when this process started it or inherited it from one that died; otherwise does nothing. */
  stop(): Promise<void>;
  startedByUs: boolean;
};

type Options = { dataDir: string; port?: number; log?: Log };

/** What one server needs: `pgdata` is the cluster, all else lies beside it in `home`. */
type Place = { home: string; pgdata: string; bin: string; user: RunAs };

const SUPERUSER = 'shiming_admin';
const MIN_FREE_BYTES = 200 * 1024 * 1024;

/**
 * Finds or starts the PostgreSQL whose data lie in `dataDir`. A live server there is adopted, one that was killed is
 * started again and recovers from its log. Safe to call from several processes at once.
 * @throws StartError when there is nothing to run, the disk is full or `port` is taken.
 */
export async function ensurePostgres(options: Options): Promise<Postgres> {
  const log = options.log ?? (() => undefined);
  const home = resolve(options.dataDir);
  await mkdir(home, { recursive: true });
  return withLock(join(home, 'lock'), async () => {
    const user = postgresUser();
    const binaries = await findPostgres(user);
    const place: Place = { home, pgdata: await dataFolder(home, user), bin: binaries.folder, user };
    if (!existsSync(join(place.pgdata, 'PG_VERSION'))) await initialise(place, log);
    const password = await keptPassword(place);

    const running = await livePostmaster(place);
    const owner = await readJson<ProcessIdentity>(join(home, 'owner.json'));
    const startedByUs = !running || !isAlive(owner) || owner?.pid === process.pid;
    const port = running?.port ?? (await startServer(place, options.port, log));
    if (startedByUs) writeJson(join(home, 'owner.json'), thisProcess);
    const url = `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/postgres`;
    if (!(await until(() => answers(url), 30_000, 100))) {
      throw new StartError(
        `PostgreSQL 没有应答（端口 ${port}）。日志：${logFile(place)}`,
        `PostgreSQL does not answer on port ${port}. Its log: ${logFile(place)}`,
      );
    }
    return { url, startedByUs, stop: async () => (startedByUs ? withLock(join(home, 'lock'), () => stopServer(place)) : undefined) };
  });
}

/** Creates a database, as a copy of `template` when one is named. False when it was there already. */
export async function createDatabase(url: string, name: string, options: { template?: string } = {}): Promise<boolean> {
  return withClient(url, async (client) => {
    const known = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (known.rowCount) return false;
    const template = options.template ? ` template ${client.escapeIdentifier(options.template)}` : '';
    await client.query(`create database ${client.escapeIdentifier(name)}${template}`);
    return true;
  });
}

/** Drops a database with all sessions that use it; a missing one is no error. */
export async function dropDatabase(url: string, name: string): Promise<void> {
  await withClient(url, (client) => client.query(`drop database if exists ${client.escapeIdentifier(name)} with (force)`));
}

/** The same server and account, another database. */
export function databaseUrl(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  // Without a listener a server that dies takes this process with it.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    await withClient(url, (client) => client.query('select 1'));
    return true;
  } catch {
    return false;
  }
}

/** The cluster lies in the folder asked for, or under /var/lib when the account without rights cannot enter that. */
async function dataFolder(home: string, user: RunAs): Promise<string> {
  const pointer = join(home, 'location');
  // Relative when it lies inside, so that a clone may be moved.
  if (existsSync(pointer)) return resolve(home, (await readFile(pointer, 'utf8')).trim());
  const near = join(home, 'pgdata');
  const far = join(SYSTEM_STATE, 'data', `${basename(home)}-${randomBytes(6).toString('hex')}`);
  for (const folder of user ? [near, far] : [near]) {
    await mkdir(folder, { recursive: true });
    await handOver(folder, user);
    await chmod(folder, 0o700);
    if (!user || commandWorks('sh', ['-c', 'cd "$0" && test -w .', folder], user)) {
      await writeFile(pointer, `${folder === near ? basename(near) : folder}\n`);
      return folder;
    }
    await rm(folder, { recursive: true, force: true });
  }
  throw new StartError(`PostgreSQL 的账户进不去 ${home} 和 ${far}。`, `The account of PostgreSQL can enter neither ${home} nor ${far}.`);
}

async function initialise(place: Place, log: Log): Promise<void> {
  await refuseFullDisk(place.pgdata);
  log('正在创建数据库 · creating the database');
  const password = randomBytes(24).toString('base64url');
  // Made beside its place and moved there whole: what an interrupted initdb leaves is never taken for a cluster.
  const half = `${place.pgdata}.new`;
  await rm(half, { recursive: true, force: true });
  await mkdir(half, { recursive: true, mode: 0o700 });
  await handOver(half, place.user);
  const passwordFile = `${place.pgdata}.password`;
  await writeFile(passwordFile, password, { mode: 0o600 });
  await handOver(passwordFile, place.user);
  try {
    const args = ['-D', half, '-U', SUPERUSER, '-A', 'scram-sha-256', '--pwfile', passwordFile, '-E', 'UTF8', '--data-checksums'];
    const done = await run(join(place.bin, 'initdb'), [...args, '--locale', locale(place)], { cwd: half, ...place.user });
    if (done.code !== 0) throw problemIn(done.output, place);
  } finally {
    await rm(passwordFile, { force: true });
  }
  await writeFile(join(place.home, 'password'), `${password}\n`, { mode: 0o600 });
  await rename(half, place.pgdata);
}

async function keptPassword(place: Place): Promise<string> {
  const file = join(place.home, 'password');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text !== undefined) return text.trim();
  throw new StartError(
    `缺少数据库口令文件 ${file}。请恢复该文件，或移走 ${place.pgdata} 以重新开始。`,
    `The file with the password of the database is missing: ${file}. Restore it, or move ${place.pgdata} away to begin anew.`,
  );
}

/** C.UTF-8 is not on macOS before 15; C sorts by code points there, and pages sort by ICU collations anyway. */
function locale(place: Place): string {
  return process.platform === 'linux' && commandWorks('locale', ['-k', 'LC_CTYPE'], place.user) ? 'C.UTF-8' : 'C';
}

async function startServer(place: Place, wantedPort: number | undefined, log: Log): Promise<number> {
  await refuseFullDisk(place.pgdata);
  await rotateLog(place);
  const port = await choosePort(place, wantedPort);
  await writeSettings(place, port);
  for (let attempt = 1; ; attempt += 1) {
    const args = ['start', '-D', place.pgdata, '-w', '-t', '300', '-s', '-l', logFile(place)];
    const done = await run(join(place.bin, 'pg_ctl'), args, serverOptions(place));
    if (done.code === 0) break;
    const words = `${done.output}\n${await endOfLog(place)}`;
    // A postmaster that was killed leaves children and its pid file for a moment.
    const lingering = /lock file .* already exists|pre-existing shared memory|is another postmaster/i.test(words);
    if (!lingering || attempt === 15) throw problemIn(words, place, port);
    if (attempt === 3) log('正在等待上一个 PostgreSQL 结束 · waiting for the previous PostgreSQL to end');
    await sleep(1_000);
  }
  await writeFile(join(place.home, 'port'), `${port}\n`);
  return port;
}

async function stopServer(place: Place): Promise<void> {
  const running = await livePostmaster(place);
  if (!running) return;
  const args = ['stop', '-D', place.pgdata, '-m', 'fast', '-w', '-t', '60', '-s'];
  const done = await run(join(place.bin, 'pg_ctl'), args, serverOptions(place));
  if (done.code !== 0)
    await run(join(place.bin, 'pg_ctl'), ['stop', '-D', place.pgdata, '-m', 'immediate', '-w', '-s'], serverOptions(place));
  await rm(join(place.home, 'owner.json'), { force: true });
}

/** Who runs on the cluster now. A pid file whose number belongs to another program is removed: PostgreSQL would refuse to start. */
async function livePostmaster(place: Place): Promise<{ pid: number; port: number } | undefined> {
  const file = join(place.pgdata, 'postmaster.pid');
  const lines = await readFile(file, 'utf8').then(
    (text) => text.split('\n'),
    () => [],
  );
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  if (!pid || !startOf(pid)) return undefined;
  if (commandLineOf(pid).includes(place.pgdata)) return port ? { pid, port } : undefined;
  await rm(file, { force: true });
  return undefined;
}

async function choosePort(place: Place, wanted: number | undefined): Promise<number> {
  if (wanted !== undefined) {
    if (await isPortFree(wanted)) return wanted;
    throw busyPort(wanted);
  }
  const kept = Number(await readFile(join(place.home, 'port'), 'utf8').catch(() => ''));
  if (kept && (await isPortFree(kept))) return kept;
  return (await freePorts(1))[0] ?? 5432;
}

/** Ours go into a file of their own, read after everything that initdb wrote. fsync stays on: an act that was answered must survive. */
async function writeSettings(place: Place, port: number): Promise<void> {
  const main = join(place.pgdata, 'postgresql.conf');
  const include = "include 'shiming.conf'";
  const text = await readFile(main, 'utf8');
  if (!text.includes(include)) await writeFile(main, `${text}\n${include}\n`);
  const settings = [
    "listen_addresses = '127.0.0.1'",
    `port = ${port}`,
    "unix_socket_directories = ''",
    'max_connections = 200',
    "shared_buffers = '256MB'",
    "password_encryption = 'scram-sha-256'",
    // Terms of the log: no statement text, since a statement may carry what belongs to a person.
    'log_min_error_statement = panic',
    'log_parameter_max_length_on_error = 0',
    "log_line_prefix = '%m [%p] '",
  ];
  const file = join(place.pgdata, 'shiming.conf');
  await writeFile(file, `${settings.join('\n')}\n`, { mode: 0o600 });
  await handOver(file, place.user);
}

function serverOptions(place: Place) {
  return { cwd: place.pgdata, ...place.user };
}

function logFile(place: Place): string {
  return join(place.pgdata, 'server.log');
}

async function rotateLog(place: Place): Promise<void> {
  const file = logFile(place);
  if (existsSync(file) && statSync(file).size > 20 * 1024 * 1024) await rename(file, `${file}.1`);
}

async function endOfLog(place: Place): Promise<string> {
  const file = logFile(place);
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  );
  return size ? (await readFile(file, 'utf8')).slice(-2_000) : '';
}

async function refuseFullDisk(folder: string): Promise<void> {
  const disk = await statfs(folder);
  if (disk.bavail * disk.bsize < MIN_FREE_BYTES) throw diskFull(folder);
}

function diskFull(folder: string): StartError {
  return new StartError(
    `磁盘空间不足：${folder} 所在磁盘可用空间少于 200 MB。请清理后再启动；已有数据不受影响。`,
    `The disk of ${folder} is full (less than 200 MB free). Make room and start again; the data are safe.`,
  );
}

function busyPort(port: number): StartError {
  return new StartError(
    `端口 ${port} 已被其他程序占用，请换一个端口或停止该程序。`,
    `Port ${port} is in use by another program. Choose another one or stop that program.`,
  );
}

function problemIn(words: string, place: Place, port?: number): StartError {
  if (/no space left on device/i.test(words)) return diskFull(place.pgdata);
  if (port !== undefined && /address already in use/i.test(words)) return busyPort(port);
  const last = words.trim().split('\n').slice(-5).join('\n');
  return new StartError(`PostgreSQL 启动失败：\n${last}\n日志：${logFile(place)}`, `PostgreSQL did not start. Its log: ${logFile(place)}`);
}
