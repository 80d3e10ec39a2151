import { Client, Connection } from '@temporalio/client';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensurePostgres, type Postgres } from '../../start/servers/postgres.ts';
import { startOf, until } from '../../start/servers/processes.ts';
import { ensureTemporal, type Temporal } from '../../start/servers/temporal.ts';
import { isServing } from '../../start/servers/temporal-namespace.ts';

// This file is about servers of its own, whatever the other tests use.
delete process.env.TEMPORAL_ADDRESS;

let folder: string;
let postgres: Postgres;
let temporal: Temporal;

const ensure = () => ensureTemporal({ postgresUrl: postgres.url, dir: join(folder, 'temporal'), onPostgres: true });
const running = (): { server: { pid: number } } => JSON.parse(readFileSync(join(folder, 'temporal', 'running.json'), 'utf8'));

async function withClient<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: temporal.address });
  try {
    return await work(new Client({ connection, namespace: temporal.namespace }));
  } finally {
    await connection.close();
  }
}

const ring = (id: string) =>
  withClient((client) =>
    client.workflow.signalWithStart('anything', { workflowId: id, taskQueue: 'nobody', signal: 'fact', signalArgs: [], args: [] }),
  );
const statusOf = (id: string) => withClient(async (client) => (await client.workflow.getHandle(id).describe()).status.name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shiming-temporal-'));
  chmodSync(folder, 0o755);
  postgres = await ensurePostgres({ dataDir: join(folder, 'postgres') });
  temporal = await ensure();
});

afterAll(async () => {
  await temporal.stop();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('the Temporal server on our own PostgreSQL', () => {
  it('has its namespace and takes a procedure at once', async () => {
    await ring('class-1');
    expect(await statusOf('class-1')).toBe('RUNNING');
  });

  it('runs in a process group of its own, so that Ctrl-C reaches it through us only', () => {
    const { pid } = running().server;
    const groupOf = (id: number) => execFileSync('ps', ['-o', 'pgid=', '-p', String(id)], { encoding: 'utf8' }).trim();
    expect(groupOf(pid)).toBe(String(pid));
    expect(groupOf(process.pid)).not.toBe(String(pid));
  });

  it('comes back after a kill, at the same address, with every procedure', async () => {
    await ring('class-2');
    const { pid } = running().server;
    process.kill(pid, 'SIGKILL');
    expect(await until(() => startOf(pid) === undefined, 5_000)).toBe(true);
    const before = temporal.address;
    temporal = await ensure();
    expect(temporal.address).toBe(before);
    expect(running().server.pid).not.toBe(pid);
    expect(await statusOf('class-2')).toBe('RUNNING');
  });

  it('goes on by itself when its PostgreSQL is killed and comes back', async () => {
    const place = join(folder, 'postgres', 'pgdata');
    process.kill(Number(readFileSync(join(place, 'postmaster.pid'), 'utf8').split('\n')[0]), 'SIGKILL');
    postgres = await ensurePostgres({ dataDir: join(folder, 'postgres') });
    const { pid } = running().server;
    expect(
      await until(
        () =>
          ring('class-3').then(
            () => true,
            () => false,
          ),
        30_000,
        200,
      ),
    ).toBe(true);
    expect(running().server.pid).toBe(pid);
  });

  it('is adopted while its starter lives, and inherited when that died', async () => {
    const file = join(folder, 'temporal', 'running.json');
    const kept = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({ ...kept, owner: { pid: process.ppid, startedAt: startOf(process.ppid) } }));
    const guest = await ensure();
    expect(guest).toMatchObject({ address: temporal.address, startedByUs: false });
    await guest.stop();
    expect(await isServing(temporal.address)).toBe(true);

    writeFileSync(file, JSON.stringify({ ...kept, owner: { pid: process.ppid, startedAt: 'long ago' } }));
    const heir = await ensure();
    expect(heir.startedByUs).toBe(true);
    const { pid } = running().server;
    await heir.stop();
    expect(startOf(pid)).toBeUndefined();
    expect(await isServing(temporal.address)).toBe(false);
    temporal = await ensure();
  });
});
