/** What a session may do is kept between requests: whatever changes it, by whichever way, is seen by the next. */
import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addSession, findSession, hashToken } from '../../db/accounts/sessions.ts';
import { closeDatabase, openDatabase } from '../../db/client.ts';
import { loadDemonstration } from '../../db/demonstration/load.ts';
import { freshDatabase } from '../support/servers.ts';

let database: Awaited<ReturnType<typeof freshDatabase>>;
let owner: Knex;
let db: Knex;

beforeAll(async () => {
  database = await freshDatabase();
  owner = openDatabase(database.url, { owner: true, max: 2 });
  db = openDatabase(database.url, { max: 2 });
  await loadDemonstration(owner, { passwordHash: 'none', clockSpeed: 1 });
});
afterAll(async () => {
  if (db) await closeDatabase(db);
  if (owner) await closeDatabase(owner);
  await database?.drop();
});

async function sessionOf(login: string): Promise<{ userId: string; look: () => ReturnType<typeof findSession> }> {
  const { id: userId } = await owner('users').where({ login }).first('id');
  const idHash = hashToken(randomBytes(32).toString('base64url'));
  await addSession(db, { idHash, csrfToken: 'token', userId, ip: '127.0.0.1', userAgent: 'test' });
  return { userId, look: () => findSession(db, idHash) };
}

async function actorOf(look: () => ReturnType<typeof findSession>) {
  const found = await look();
  if (!found || !('session' in found)) throw new Error('the session is over');
  return found.session;
}

describe('what a session may do', () => {
  test('nothing asked twice is read twice, and what was read is shared unchanged', async () => {
    const { look } = await sessionOf('cs-second-1');
    const first = await actorOf(look);
    expect((await actorOf(look)).actor).toBe(first.actor);
    expect(Object.isFrozen(first.actor)).toBe(true);
  });

  test('a grant that is given, ended or runs out by the day counts from the next request on', async () => {
    const { userId, look } = await sessionOf('cs-first-1');
    const roles = async () => (await actorOf(look)).actor.grants.map(({ role, region }) => `${role} ${region}`);
    expect(await roles()).toEqual(['first_reviewer 350104']);
    await owner.raw(`insert into grants (user_id, role, region, valid_to) values (?, 'auditor', '350104', business_today() + 1)`, [userId]);
    expect(await roles()).toEqual(['auditor 350104', 'first_reviewer 350104']);
    // Nothing is written when a day begins.
    await owner.raw(`update clock set business_epoch = business_epoch + interval '1 day'`);
    expect(await roles()).toEqual(['first_reviewer 350104']);
    await owner.raw(`update grants set valid_to = business_today() where user_id = ? and role = 'first_reviewer'`, [userId]);
    expect(await roles()).toEqual([]);
  });

  test('[F37] no session begins by a password that ends in the same moment, or in an account that closes', async () => {
    const { id: userId } = await owner('users').where({ login: 'cs-approve-1' }).first('id');
    const session = { csrfToken: 'token', userId, passwordHash: 'none', ip: '127.0.0.1', userAgent: 'test' };
    const begin = () => addSession(db, { ...session, idHash: hashToken(randomBytes(32).toString('base64url')) });
    expect(await begin()).toBe(true);
    for (const change of [{ password_hash: null }, { password_hash: 'none', active: false }]) {
      let begun: Promise<boolean> = Promise.resolve(true);
      await owner.transaction(async (trx) => {
        await trx('users').where({ id: userId }).update(change);
        await trx('sessions').where({ user_id: userId }).delete();
        begun = begin();
        await trx.raw('select pg_sleep(0.2)');
      });
      expect(await begun).toBe(false);
      expect(await owner('sessions').where({ user_id: userId })).toEqual([]);
    }
    await owner('users').where({ id: userId }).update({ active: true });
    expect(await begin()).toBe(true);
  });

  test('a substitution counts at once and ends at once', async () => {
    const { userId: substitute, look } = await sessionOf('cs-second-2');
    const { id: principal } = await owner('users').where({ login: 'cs-second-1' }).first('id');
    const { id: namedBy } = await owner('users').where({ login: 'cs-supervise-1' }).first('id');
    await owner.raw(
      `insert into substitutions (principal, substitute, role, region, valid_from, valid_to, reason, named_by, named_at)
       values (?, ?, 'second_reviewer', '350104', business_today(), business_today() + 5, '休假', ?, business_now())`,
      [principal, substitute, namedBy],
    );
    expect((await actorOf(look)).actor.standsInFor).toHaveLength(1);
    await owner('users').where({ id: principal }).update({ active: false });
    expect((await actorOf(look)).actor.standsInFor).toEqual([]);
    await owner('users').where({ id: principal }).update({ active: true });
    expect((await actorOf(look)).actor.standsInFor).toHaveLength(1);
    await owner('substitutions').update({ revoked_by: namedBy, revoked_at: owner.fn.now() });
    expect((await actorOf(look)).actor.standsInFor).toEqual([]);
  });

  test('another name of the person or of the institution shows at once; a closed account has no session', async () => {
    const { userId, look } = await sessionOf('kangning-1');
    const before = await actorOf(look);
    await owner('institutions').where({ id: before.actor.institutionId }).update({ name: '改名后的学校' });
    await owner('users').where({ id: userId }).update({ name: '改名' });
    const after = await actorOf(look);
    expect([after.workplace.institution, after.actor.name]).toEqual(['改名后的学校', '改名']);
    await owner('users').where({ id: userId }).update({ active: false });
    expect(await look()).toEqual({ ended: { userId } });
  });

  test('what is written and not committed holds for nobody, and a roll-back leaves nothing behind', async () => {
    const { userId, look } = await sessionOf('cs-approve-1');
    const roles = async () => (await actorOf(look)).actor.grants.map(({ role }) => role);
    const before = await roles();
    await owner
      .transaction(async (trx) => {
        await trx('grants').insert({ user_id: userId, role: 'auditor', region: '350104', valid_from: '2020-01-01' });
        expect(await roles()).toEqual(before);
        throw new Error('roll back');
      })
      .catch(() => undefined);
    expect(await roles()).toEqual(before);
  });

  test('the calendar of an instant changes with every day that is entered and with nothing else', async () => {
    const { look } = await sessionOf('cs-second-1');
    const key = async () => (await actorOf(look)).instant.calendar_key;
    const before = await key();
    expect(await key()).toBe(before);
    await owner('calendar_days').insert({ day: '2026-08-03', kind: 'off', note: '台风', source: '公告' });
    const after = await key();
    expect(after).not.toBe(before);
    await owner('calendar_days').where({ day: '2026-08-03' }).delete();
    expect(await key()).not.toBe(after);
  });
});
