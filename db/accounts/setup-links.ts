/**
 * One-time links by which a person sets a password. The database knows SHA-256 of the tokens only: the one that the administrator
 * sees once, and the one that the mail desk makes at the moment of sending, so that no copy of a table or of a mail opens an account.
 * Links run on real time, like sessions.
 */
import { ConflictError, NotFoundError } from '../../workflows/domain/errors.ts';
import { constraintOf, type Db, inTransaction, type Trx } from '../client.ts';
import { queueMails } from '../correspondence/mails.ts';
import { auditOutside } from '../protocol/procedures.ts';
import { endSessionsOf } from './sessions.ts';

export const setupLinkHours = 72;

export type NewSetupLink = { userId: string; shownHash: Buffer; issuedBy: string | undefined };

/** Ends the link that was there and issues one; the person is told by mail. */
export async function issueSetupLink(trx: Trx, { userId, shownHash, issuedBy }: NewSetupLink): Promise<void> {
  await trx('setup_links').where({ user_id: userId, used_at: null, ended_at: null }).update({ ended_at: trx.fn.now() });
  const [row] = await trx('setup_links')
    .insert({
      user_id: userId,
      shown_hash: shownHash,
      issued_by: issuedBy ?? null,
      expires_at: trx.raw('now() + make_interval(hours => ?)', [setupLinkHours]),
    })
    .returning('id');
  await queueMails(trx, [userId], { template: 'set_up', params: { setUp: row.id, hours: setupLinkHours }, occasion: `set-up/${row.id}` });
}

/** Keeps the hash of the token that goes out by mail. False when the link no longer works: then the mail says nothing of it. */
export async function keepMailedToken(trx: Trx, linkId: string, mailedHash: Buffer): Promise<boolean> {
  const kept = await trx('setup_links')
    .where({ id: linkId, used_at: null, ended_at: null })
    .where('expires_at', '>', trx.fn.now())
    .update({ mailed_hash: mailedHash });
  return kept === 1;
}

/** `held`: the link waits for a security administrator. */
export type SetupPerson = { userId: string; login: string; name: string; until: Date; held: boolean };

/** Whose link this is, if it still works. */
export async function findSetupLink(db: Db, tokenHash: Buffer): Promise<SetupPerson | undefined> {
  const row = await live(db, tokenHash).first('u.id', 'u.login', 'u.name', 'l.expires_at', db.raw('is_held_link(l) as held'));
  return row && { userId: row.id, login: row.login, name: row.name, until: row.expires_at, held: row.held };
}

/** Sets the password and ends the link, the other sessions and every other link of the person. Throws NotFoundError `setUp.dead`, ConflictError `setUp.held`; of many at once one gets through. */
export async function useSetupLink(db: Db, tokenHash: Buffer, passwordHash: string): Promise<void> {
  await inTransaction(db, async (trx) => {
    const found = await live(trx, tokenHash).first('u.id as user_id');
    // The account first, then its links: the order in which closing it and renewing its link take their locks. Only then is it asked what the link is worth.
    await trx('users')
      .where({ id: found?.user_id ?? null })
      .forNoKeyUpdate()
      .first('id');
    const row = await live(trx, tokenHash).first('l.id', 'u.id as user_id', trx.raw('is_held_link(l) as held'));
    if (!row) throw new NotFoundError('setUp.dead');
    if (row.held) throw new ConflictError('setUp.held');
    if (!(await endUsed(trx, row.id))) throw new NotFoundError('setUp.dead');
    await trx('users')
      .where({ id: row.user_id })
      .update({ password_hash: passwordHash, password_changed_at: trx.fn.now(), version: trx.raw('version + 1') });
    const sessions = await endSessionsOf(trx, row.user_id);
    await auditOutside(trx, row.user_id, { act: 'account.setUp', subject: `account-${row.user_id}`, detail: { sessions } });
  });
}

/** A role may be asked for since the link was looked at, because that locks no account: the database then refuses it. Throws ConflictError `setUp.held`. */
async function endUsed(trx: Trx, linkId: string): Promise<boolean> {
  try {
    return (await trx('setup_links').where({ id: linkId, used_at: null, ended_at: null }).update({ used_at: trx.fn.now() })) === 1;
  } catch (error) {
    throw constraintOf(error) === 'setup_links_held' ? new ConflictError('setUp.held') : error;
  }
}

/**
 * Before the first grant: a password set by a link that nobody released ends, with its sessions and the link that is there; a new link follows, which is
 * released. Returns whether there was one. The account is under lock.
 */
export async function endUnprovenPassword(trx: Trx, userId: string): Promise<boolean> {
  const { rows } = await trx.raw<{ rows: { unproven: boolean }[] }>('select has_unproven_password(?) as unproven', [userId]);
  if (!rows[0]?.unproven) return false;
  await trx('users')
    .where({ id: userId })
    .update({ password_hash: null, password_changed_at: null, version: trx.raw('version + 1') });
  await trx('setup_links').where({ user_id: userId, used_at: null, ended_at: null }).update({ ended_at: trx.fn.now() });
  await endSessionsOf(trx, userId);
  return true;
}

function live(db: Db, tokenHash: Buffer) {
  return db('setup_links as l')
    .join('users as u', 'u.id', 'l.user_id')
    .where((token) => token.where({ 'l.shown_hash': tokenHash }).orWhere({ 'l.mailed_hash': tokenHash }))
    .where({ 'l.used_at': null, 'l.ended_at': null, 'u.active': true })
    .where('l.expires_at', '>', db.fn.now());
}
