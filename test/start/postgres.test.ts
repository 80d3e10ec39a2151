import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createDatabase, databaseUrl, ensurePostgres, type Postgres, withClient } from '../../start/servers/postgres.ts';
import { isAlive, startOf } from '../../start/servers/processes.ts';

const asRoot = process.getuid?.() === 0;
const folders: string[] = [];
const servers: Postgres[] = [];

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'shiming-start-'));
  chmodSync(folder, 0o755);
  folders.push(folder);
  return folder;
}

async function started(dataDir: string): Promise<Postgres> {
  const server = await ensurePostgres({ dataDir });
  servers.push(server);
  return server;
}

function clusterOf(dataDir: string): string {
  return resolve(dataDir, readFileSync(join(dataDir, 'location'), 'utf8').trim());
}

function postmasterOf(dataDir: string): number {
  return Number(readFileSync(join(clusterOf(dataDir), 'postmaster.pid'), 'utf8').split('\n')[0]);
}

afterEach(async () => {
  for (const server of servers.splice(0).reverse()) await server.stop();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

describe('the embedded PostgreSQL', () => {
  it('keeps what was committed when its postmaster is killed, on the same port', async () => {
    const dataDir = newFolder();
    const first = await started(dataDir);
    expect(await createDatabase(first.url, 'office')).toBe(true);
    expect(await createDatabase(first.url, 'office')).toBe(false);
    const office = databaseUrl(first.url, 'office');
    await withClient(office, async (client) => {
      const safe = await client.query<{ fsync: string }>('show fsync');
      expect(safe.rows[0]?.fsync).toBe('on');
      await client.query('create table acts (no int primary key)');
      await client.query('insert into acts select generate_series(1, 100)');
    });
    process.kill(postmasterOf(dataDir), 'SIGKILL');
    const second = await started(dataDir);
    expect(second.url).toBe(first.url);
    await withClient(office, async (client) => {
      const counted = await client.query<{ count: string }>('select count(*)::int as count from acts');
      expect(counted.rows[0]?.count).toBe(100);
    });
  });

  it('is adopted while its starter lives, and then left running', async () => {
    const dataDir = newFolder();
    const own = await started(dataDir);
    const ownerFile = join(dataDir, 'owner.json');
    const owner = readFileSync(ownerFile, 'utf8');
    writeFileSync(ownerFile, JSON.stringify({ pid: process.ppid, startedAt: startOf(process.ppid) }));
    const guest = await ensurePostgres({ dataDir });
    expect(guest).toMatchObject({ url: own.url, startedByUs: false });
    await guest.stop();
    expect(startOf(postmasterOf(dataDir))).toBeDefined();
    writeFileSync(ownerFile, owner);
    const pid = postmasterOf(dataDir);
    await own.stop();
    expect(startOf(pid)).toBeUndefined();
  });

  it('starts although its pid file names a process that is another program now', async () => {
    const dataDir = newFolder();
    const first = await started(dataDir);
    await first.stop();
    writeFileSync(join(clusterOf(dataDir), 'postmaster.pid'), `${process.pid}\n`);
    expect((await started(dataDir)).url).toBe(first.url);
    expect(isAlive({ pid: process.pid, startedAt: startOf(process.pid) ?? '' })).toBe(true);
  });

  it('takes another port when a program has taken the kept one, and says so plainly when the port was asked for', async () => {
    const dataDir = newFolder();
    const first = await started(dataDir);
    await first.stop();
    const port = Number(new URL(first.url).port);
    const other = createServer().listen(port, '127.0.0.1');
    try {
      await expect(ensurePostgres({ dataDir, port })).rejects.toThrow(`Port ${port} is in use by another program`);
      expect(new URL((await started(dataDir)).url).port).not.toBe(String(port));
    } finally {
      other.close();
    }
  });

  it.skipIf(!asRoot)('puts its data where the account without rights can go, when the folder is closed to it', async () => {
    const closed = newFolder();
    chmodSync(closed, 0o700);
    const dataDir = join(closed, 'postgres');
    mkdirSync(dataDir);
    const server = await started(dataDir);
    const place = clusterOf(dataDir);
    expect(place).toMatch(/^\/var\/lib\/shiming\/data\//);
    await server.stop();
    rmSync(place, { recursive: true });
  });

  it.skipIf(!asRoot)('says that the disk is full', async () => {
    const folder = newFolder();
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', folder], { stdio: 'pipe' });
    } catch {
      return; // No right to mount in this container.
    }
    try {
      await expect(ensurePostgres({ dataDir: folder })).rejects.toThrow(/磁盘空间不足[\s\S]*is full/);
      expect(existsSync(join(folder, 'password'))).toBe(false);
    } finally {
      execFileSync('umount', [folder]);
    }
  });
});
