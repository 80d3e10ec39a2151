/** Processes whose user was not granted the role of the product say so and end. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshDatabase } from '../support/servers.ts';
import { closeDatabase, openDatabase } from '../../db/client.ts';

let database: Awaited<ReturnType<typeof freshDatabase>>;
const login = `stranger_${randomBytes(4).toString('hex')}`;
let strangersUrl: string;
beforeAll(async () => {
  database = await freshDatabase();
  const db = openDatabase(database.url, { max: 1, owner: true });
  await db.raw(`create role ${login} login password 'stranger'`);
  await closeDatabase(db);
  const url = new URL(database.url);
  Object.assign(url, { username: login, password: 'stranger' });
  strangersUrl = url.href;
});
afterAll(async () => {
  const db = openDatabase(database.url, { max: 1, owner: true });
  await db.raw(`drop role ${login}`);
  await closeDatabase(db);
  await database.drop();
});

const keys = JSON.stringify({
  currentKid: 'k1',
  keys: { k1: randomBytes(32).toString('base64') },
  indexKey: randomBytes(32).toString('base64'),
});

test.each([
  [
    'db/first-administrators-main.ts',
    ['--region', '350000', '--login', 'wangmin', '--name', '王敏', '--security', 'lijing=李静', '--security', 'zhaoqiang=赵强'],
  ],
  ['api/main.ts', []],
  ['activities/main.ts', []],
])(
  '%s ends with a sentence',
  async (entry, words) => {
    const { code, said } = await new Promise<{ code: unknown; said: string }>((resolve) => {
      execFile(
        process.execPath,
        ['--import', 'tsx', entry, ...words],
        { env: { ...process.env, DATABASE_URL: strangersUrl, SHIMING_VAULT_KEYS: keys, PORT: '0' }, timeout: 60_000 },
        (error, stdout, stderr) => resolve({ code: error?.code, said: stdout + stderr }),
      );
    });
    expect(said).toContain('GRANT shiming_app');
    expect(code).toBe(1);
  },
  90_000,
);
