/** What keeps guessing of passwords, and links to set them, apart from the people whose accounts they are. On real time. */
import { ConflictError } from '../../workflows/domain/errors.ts';
import type { Db } from '../client.ts';
import { type IdempotentRequest, onceOnly } from '../protocol/idempotency.ts';
import { auditOutside } from '../protocol/procedures.ts';
import { getAccount, pathsOf } from './accounts.ts';
import { countsOf, isShut } from './locks.ts';
import type { Actor } from './users.ts';

const KNOWN_DAYS = 90;
const known = `at > now() - interval '${KNOWN_DAYS} days'`;

/** Whether the person has signed in from this network of late. Asked for an account that does not exist (undefined) too, so that both take as long. */
export async function isKnownNetwork(db: Db, userId: string | undefined, network: string): Promise<boolean> {
  const { rows } = await db.raw<{ rows: { found: boolean }[] }>(
    `select exists (select from known_networks where user_id = cast(? as uuid) and network = ? and ${known}) as found`,
    [userId ?? null, network],
  );
  return rows[0]?.found ?? false;
}

/** From now on this network is known for the person; those of long ago are forgotten. */
export async function keepNetwork(db: Db, userId: string, network: string): Promise<void> {
  await db.raw(
    `with gone as (delete from known_networks where user_id = :userId and network <> :network and not (${known}))
     insert into known_networks (user_id, network, at) values (:userId, :network, now())
     on conflict (user_id, network) do update set at = excluded.at`,
    { userId, network },
  );
}

/** A security administrator lifts the locks of somebody else's account, also those of the person's own browsers and networks. Throws NotFoundError, ConflictError `account.own` and `account.notLocked`. */
export async function liftLock(db: Db, actor: Actor, id: string, request?: IdempotentRequest): Promise<{ accountId: string }> {
  return onceOnly(db, request, async (trx) => {
    const account = await getAccount(trx, pathsOf(actor, 'security_admin'), id);
    if (id === actor.userId) throw new ConflictError('account.own');
    const { rows } = await trx.raw<{ rows: { counted: string }[] }>(
      `with gone as (delete from rate_limits k where ${countsOf('cast(:login as text)')} returning k.*)
       select distinct split_part(k.key, ':', 1) as counted from gone k where ${isShut} order by counted`,
      { login: account.login },
    );
    if (rows.length === 0) throw new ConflictError('account.notLocked');
    const detail = { login: account.login, counted: rows.map(({ counted }) => counted) };
    await auditOutside(trx, actor.userId, { act: 'account.unlock', subject: `account-${id}`, detail });
    return { accountId: id };
  });
}

/**
 * A security administrator releases the link of somebody else's account, whose person has it in hand: this one and none that was issued meanwhile. Throws
 * NotFoundError, ConflictError `account.own`, `account.linkNotHeld` and `form.stale`.
 */
export async function releaseLink(
  db: Db,
  actor: Actor,
  id: string,
  linkId: string,
  request?: IdempotentRequest,
): Promise<{ accountId: string }> {
  return onceOnly(db, request, async (trx) => {
    // The account first, then its links: nobody renews the link in between.
    await trx('users').where({ id }).forNoKeyUpdate().first('id');
    const account = await getAccount(trx, pathsOf(actor, 'security_admin'), id);
    if (id === actor.userId) throw new ConflictError('account.own');
    if (!account.linkUnreleased) throw new ConflictError('account.linkNotHeld');
    if (account.linkId !== linkId) throw new ConflictError('form.stale');
    await trx('setup_links').where({ id: linkId }).update({ released_by: actor.userId, released_at: trx.fn.now() });
    const detail = { login: account.login, link: linkId };
    await auditOutside(trx, actor.userId, { act: 'account.release', subject: `account-${id}`, detail });
    return { accountId: id };
  });
}
