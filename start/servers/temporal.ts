import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, openSync, closeSync, statSync, renameSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { temporalIsConfigured, temporalSettings } from '../../temporal.config.ts';
import { databaseUrl, createDatabase, withClient } from './postgres.ts';
import {
  endProcess,
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
import { childEnvironment } from '../config.ts';
import { type Log, StartError } from '../start-error.ts';
import { findTemporal, type TemporalProgram } from './temporal-binaries.ts';
import { isServing, prepareNamespace } from './temporal-namespace.ts';
import { PORT_NAMES, type TemporalDatabases, type TemporalPorts, writeTemporalSettings } from './temporal-settings.ts';

export type Temporal = {
  address: string;
  namespace: string;
  /** Stops the server when this process started it or inherited it from one that died; otherwise does nothing. */
  stop(): Promise<void>;
  startedByUs: boolean;
};

type Options = {
  /** Superuser of the server on which Temporal keeps its two databases. */
  postgresUrl: string;
  /** Settings, ports, pid and log of the server. */
  dir: string;
  log?: Log;
  /** Put before the names `temporal` and `temporal_visibility`. */
  databasePrefix?: string;
  /** Tests and measurements: never the SQLite development server while a real one can be built. */
  onPostgres?: boolean;
};

/** What is known about the server that runs for a folder. `settings` tells whether it runs as it would be started now. */
type Running = { server: ProcessIdentity; owner: ProcessIdentity; address: string; settings: string };

const START_PATIENCE_MS = 90_000;
const STOP_PATIENCE_MS = 20_000;
const KILLED_PATIENCE_MS = 10_000;

/**
 * Finds or starts Temporal: TEMPORAL_ADDRESS, else the server that already runs for `dir`, else a server of our own on
 * PostgreSQL. One that was killed is started again on the same ports and goes on from its databases.
 * @throws StartError when there is none and none can be built, or the one named does not answer.
 */
export async function ensureTemporal(options: Options): Promise<Temporal> {
  if (temporalIsConfigured()) return configuredCluster();
  const log = options.log ?? (() => undefined);
  const dir = resolve(options.dir);
  await mkdir(dir, { recursive: true });
  const { namespace } = temporalSettings();
  const program = await findTemporal({ onPostgres: options.onPostgres ?? false, log });
  return withLock(join(dir, 'lock'), async () => {
    const ports = await choosePorts(dir);
    const start =
      program.kind === 'server'
        ? await serverCommand(program, options, dir, ports, log)
        : devCommand(program.program, dir, ports, namespace);
    const address = `127.0.0.1:${ports.frontend}`;

    const found = await readJson<Running>(join(dir, 'running.json'));
    const alive = isAlive(found?.server);
    const foreign = alive && isAlive(found?.owner) && found?.owner.pid !== process.pid;
    if (alive && found && found.settings !== start.fingerprint && !foreign) await endProcess(found.server, STOP_PATIENCE_MS);
    const running = alive && found && (found.settings === start.fingerprint || foreign) ? found : await launch(start, dir, address, log);
    if (!foreign) writeJson(join(dir, 'running.json'), { ...running, owner: thisProcess });

    if (!(await until(() => isServing(running.address), START_PATIENCE_MS, 200))) throw silent(running.address, dir);
    await prepareNamespace(running.address, namespace);
    const stop = () => withLock(join(dir, 'lock'), () => stopServer(running.server, dir));
    return { address: running.address, namespace, startedByUs: !foreign, stop: async () => (foreign ? undefined : stop()) };
  });
}

async function configuredCluster(): Promise<Temporal> {
  const { connectionOptions, namespace } = temporalSettings();
  const { address } = connectionOptions;
  if (!(await until(() => isServing(), 15_000, 500))) {
    throw new StartError(
      `TEMPORAL_ADDRESS 指定的 Temporal（${address}）没有应答。请检查地址、TLS 和 API 密钥，或取消该变量以使用内置服务器。`,
      `Temporal at ${address} (TEMPORAL_ADDRESS) does not answer. Check address, TLS and API key, or unset it to use the built-in server.`,
    );
  }
  await prepareNamespace(undefined, namespace);
  return { address, namespace, startedByUs: false, stop: async () => undefined };
}

type Command = { program: string; args: string[]; fingerprint: string };

async function serverCommand(
  program: TemporalProgram & { kind: 'server' },
  options: Options,
  dir: string,
  ports: TemporalPorts,
  log: Log,
): Promise<Command> {
  const prefix = options.databasePrefix ?? '';
  const databases = { url: options.postgresUrl, store: `${prefix}temporal`, visibility: `${prefix}temporal_visibility` };
  await prepareSchema(program.sqlTool, databases, log);
  const settings = await writeTemporalSettings(dir, databases, ports);
  const content = await readFile(settings, 'utf8');
  return {
    program: program.server,
    args: ['--config-file', settings, '--allow-no-auth', 'start'],
    fingerprint: createHash('sha256').update(content).update(program.server).digest('hex'),
  };
}

function devCommand(program: string, dir: string, ports: TemporalPorts, namespace: string): Command {
  const place = ['--ip', '127.0.0.1', '--port', String(ports.frontend), '--db-filename', join(dir, 'temporal.sqlite')];
  const args = ['server', 'start-dev', ...place, '--namespace', namespace, '--headless', '--log-level', 'warn'];
  return {
    program,
    args,
    fingerprint: createHash('sha256')
      .update([program, ...args].join(' '))
      .digest('hex'),
  };
}

/** Creates both databases and brings their schema to the version of the server; does nothing when they have it. */
async function prepareSchema(sqlTool: string, databases: TemporalDatabases, log: Log): Promise<void> {
  const { hostname, port, username, password, searchParams } = new URL(databases.url);
  for (const [name, schema] of [
    [databases.store, 'temporal'],
    [databases.visibility, 'visibility'],
  ] as const) {
    if (await createDatabase(databases.url, name)) log(`正在创建 Temporal 数据库 ${name} · creating the database of Temporal`);
    const env = childEnvironment({
      SQL_PLUGIN: 'postgres12',
      SQL_HOST: hostname,
      SQL_PORT: port || '5432',
      SQL_USER: decodeURIComponent(username),
      SQL_PASSWORD: decodeURIComponent(password),
      SQL_DATABASE: name,
      ...(['require', 'verify-ca', 'verify-full'].includes(searchParams.get('sslmode') ?? '') ? { SQL_TLS: 'true' } : {}),
    });
    const versioned = await withClient(databaseUrl(databases.url, name), async (client) => {
      const found = await client.query<{ there: boolean }>(`select to_regclass('schema_version') is not null as there`);
      return found.rows[0]?.there ?? false;
    });
    // The steps of the schema are inside the program, so that a later start needs neither Go nor its modules.
    const steps = [...(versioned ? [] : [['setup-schema', '-v', '0.0']]), ['update-schema', '--schema-name', `postgresql/v12/${schema}`]];
    for (const step of steps) {
      const done = await run(sqlTool, step, { env });
      if (done.code === 0) continue;
      const last = done.output.trim().split('\n').slice(-3).join('\n');
      throw new StartError(
        `Temporal 的数据库 ${name} 升级失败：\n${last}`,
        `The database ${name} of Temporal could not be brought up to date.`,
      );
    }
  }
}

/** The ports of the last start, so that a server that comes back is found where it was; new ones when another program took one. */
async function choosePorts(dir: string): Promise<TemporalPorts> {
  const file = join(dir, 'ports.json');
  const kept = await readJson<TemporalPorts>(file);
  const running = await readJson<Running>(join(dir, 'running.json'));
  if (kept && isAlive(running?.server)) return kept;
  // A server that was just killed may hold its ports for a moment.
  const ownPortsFree = async (): Promise<boolean> =>
    kept !== undefined && (await Promise.all(PORT_NAMES.map((name) => isPortFree(kept[name])))).every(Boolean);
  if (kept && (await until(ownPortsFree, KILLED_PATIENCE_MS, 250))) return kept;
  const free = await freePorts(PORT_NAMES.length);
  const chosen = Object.fromEntries(PORT_NAMES.map((name, index) => [name, free[index] ?? 0])) as TemporalPorts;
  writeJson(file, chosen);
  return chosen;
}

/** Starts the server in a process group of its own: Ctrl-C at the terminal reaches us, and we stop it after draining. */
async function launch(command: Command, dir: string, address: string, log: Log): Promise<Running> {
  log('正在启动 Temporal · starting Temporal');
  const logPath = logFile(dir);
  if (existsSync(logPath) && statSync(logPath).size > 20 * 1024 * 1024) renameSync(logPath, `${logPath}.1`);
  const output = openSync(logPath, 'a', 0o600);
  const child = spawn(command.program, command.args, { cwd: dir, detached: true, stdio: ['ignore', output, output] });
  closeSync(output);
  const failed = new Promise<never>((_, reject) => {
    child.once('error', (cause) => reject(new StartError(`无法运行 ${command.program}`, `${command.program} cannot be run`, { cause })));
    child.once('exit', () => reject(silent(address, dir)));
  });
  // Read from here on only when it fails during the start; later its end is somebody else's matter.
  failed.catch(() => undefined);
  child.unref();
  const pid = child.pid;
  const startedAt = pid === undefined ? undefined : startOf(pid);
  if (pid === undefined || startedAt === undefined) return failed;
  const running = { server: { pid, startedAt }, owner: thisProcess, address, settings: command.fingerprint };
  writeJson(join(dir, 'running.json'), running);
  const up = until(() => isServing(address), START_PATIENCE_MS, 200).then((serving) => {
    if (!serving) throw silent(address, dir);
  });
  await Promise.race([up, failed]);
  return running;
}

async function stopServer(server: ProcessIdentity, dir: string): Promise<void> {
  await endProcess(server, STOP_PATIENCE_MS);
  const now = await readJson<Running>(join(dir, 'running.json'));
  if (now && !isAlive(now.server)) await rm(join(dir, 'running.json'), { force: true });
}

function logFile(dir: string): string {
  return join(dir, 'temporal.log');
}

function silent(address: string, dir: string): StartError {
  return new StartError(
    `Temporal 没有启动成功（${address}）。日志：${logFile(dir)}`,
    `Temporal did not come up at ${address}. Its log: ${logFile(dir)}`,
  );
}
