/** Streams of open pages and the look at their sessions. Real PostgreSQL, no Temporal. */
import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import pino from 'pino';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createStreams } from '../../../api/live/streams.ts';
import { getActor } from '../../../db/accounts/account-in-force.ts';
import { addSession } from '../../../db/accounts/sessions.ts';
import { closeDatabase, openDatabase } from '../../../db/client.ts';
import { loadDemonstration } from '../../../db/demonstration/load.ts';
import { freshDatabase, waitForLock } from '../../support/servers.ts';

let database: Awaited<ReturnType<typeof freshDatabase>>;
let db: Knex;
let owner: Knex;
beforeAll(async () => {
  database = await freshDatabase();
  db = openDatabase(database.url, { max: 4 });
  owner = openDatabase(database.url, { owner: true, max: 2 });
  await loadDemonstration(db, { passwordHash: 'none', clockSpeed: 1 });
});
afterAll(async () => {
  await closeDatabase(owner);
  await closeDatabase(db);
  await database.drop();
});

test('[F06] a page that comes while the sessions are looked at was not asked about, and is not sent away', async () => {
  const streams = createStreams(db, pino({ level: 'silent' }));
  const { id: userId } = await db('users').where({ login: 'cs-first-1' }).first('id');
  const actor = await getActor(db, userId);
  const listen = async () => {
    const session = randomBytes(32);
    await addSession(db, { idHash: session, csrfToken: 'none', userId, ip: '127.0.0.1', userAgent: 'test' });
    const said: string[] = [];
    const stream = streams.open({ actor, list: undefined, t: ((key: string) => key) as never, session });
    stream.on('data', (part: Buffer) => said.push(part.toString()));
    return said;
  };
  const first = await listen();
  try {
    const late = await owner.transaction(async (trx) => {
      // Who asks whether the sessions live waits for the edition of the accounts.
      await trx.raw('lock table accounts_edition in access exclusive mode');
      await waitForLock(owner);
      return listen();
    });
    await vi.waitFor(() => expect(first.join('')).toContain(': here'), { timeout: 10_000 });
    for (const said of [first, late]) expect(said.join('')).not.toContain('event: end');
  } finally {
    streams.close();
  }
});
