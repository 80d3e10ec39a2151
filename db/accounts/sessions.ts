/**
 * Server-side sessions. The database holds SHA-256 of the session id, never the id: a copy of the table signs nobody in.
 * Sessions run on real time, not on the business clock.
 */
import { createHash } from 'node:crypto';
import { type Instant, instantSource } from '../calendar/instant.ts';
import { findAccountInForce } from './account-in-force.ts';
import type { Actor, Workplace } from './users.ts';
import type { Db } from '../client.ts';
import { run, statement } from '../queries/statements.ts';

/** SHA-256 of a session id or of the token of a link: the only form in which the database knows it. */
export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** `instant`: what time it was when the request came, so that a page need not ask again. `mustChange`: its password is too old, first it is changed. */
export type Session = { mustChange: boolean; csrfToken: string; actor: Actor; workplace: Workplace; instant: Instant };
/** `ended` tells an expired session (its form is kept for this person) from one that never was. */
export type SessionLookup = { session: Session } | { ended: { userId: string } } | undefined;

type SessionRow = Instant & { user_id: string; must_change: boolean; csrf_token: string; live: boolean; stale: boolean; accounts: string };

const findSessionById = statement(`
  select s.user_id, s.must_change, s.csrf_token, s.expires_at > now() and s.absolute_expires_at > now() as live,
         s.last_seen_at < now() - interval '1 minute' as stale,
         instant.now, instant.today, instant.calendar_key, instant.accounts
    from sessions s cross join ${instantSource}
   where s.id_hash = :idHash`);

/**
 * The session with its account and grants. This runs on every request: one short prepared query, and what the account may do is kept until the
 * edition of the accounts or the day is another. Moves `last_seen_at` and the idle limit at most once a minute.
 */
export async function findSession(db: Db, idHash: Buffer): Promise<SessionLookup> {
  const [row] = await run<SessionRow>(db, findSessionById, { idHash });
  if (!row) return undefined;
  const account = row.live ? await findAccountInForce(db, row.user_id, row) : undefined;
  if (!account?.active) return { ended: { userId: row.user_id } };
  if (row.stale) await touchSession(db, idHash);
  return {
    session: {
      mustChange: row.must_change,
      csrfToken: row.csrf_token,
      actor: account.actor,
      workplace: account.workplace,
      instant: { now: row.now, today: row.today, calendar_key: row.calendar_key },
    },
  };
}

export type NewSession = {
  mustChange?: boolean;
  idHash: Buffer;
  csrfToken: string;
  userId: string;
  /** Of the password that was right; none where nobody was asked for one. */
  passwordHash?: string | undefined;
  ip: string;
  userAgent: string;
};

const inForce = (column: string): string => `(select ${column} from security_settings where status = 'in_force')`;

const insertSession = statement(
  `insert into sessions (id_hash, user_id, must_change, csrf_token, ip, user_agent, created_at, last_seen_at, expires_at, absolute_expires_at)
   select cast(:idHash as bytea), u.id, cast(:mustChange as boolean), :csrfToken, :ip, :userAgent, now(), now(), now() + make_interval(mins => ${inForce('idle_minutes')}), now() + make_interval(hours => ${inForce('longest_hours')})
     from users u
    where u.id = cast(:userId as uuid) and u.active and u.password_hash is not distinct from coalesce(cast(:passwordHash as text), u.password_hash)
      for share of u
   returning user_id`,
);

/**
 * Begins a session; it ends after so long without a request, and at the latest after so long, as the security settings say. False, with nothing written,
 * where the account was closed or its password ended meanwhile: whoever did that ends the sessions that there are.
 */
export async function addSession(db: Db, { mustChange = false, passwordHash, userAgent, ...session }: NewSession): Promise<boolean> {
  const rows = await run(db, insertSession, {
    ...session,
    mustChange,
    passwordHash: passwordHash ?? null,
    userAgent: userAgent.slice(0, 300),
  });
  if (rows.length === 0) return false;
  await db('sign_ins').insert({ user_id: session.userId, at: db.fn.now() }).onConflict('user_id').merge();
  return true;
}

/** Ends one session at once. */
export async function endSession(db: Db, idHash: Buffer): Promise<void> {
  await db('sessions').where({ id_hash: idHash }).delete();
}

/** Ends every session of a person, except the one to keep. Returns how many. */
export async function endSessionsOf(db: Db, userId: string, keep?: Buffer): Promise<number> {
  return db('sessions')
    .where({ user_id: userId })
    .where((others) => (keep ? others.whereNot({ id_hash: keep }) : others))
    .delete();
}

/** Which of these sessions live on, and what their people may do now. Asking moves no limit. */
export async function listLiveSessions(db: Db, idHashes: readonly Buffer[]): Promise<{ idHash: Buffer; actor: Actor }[]> {
  const rows = await db('sessions as s')
    .joinRaw(`cross join ${instantSource}`)
    .whereIn('s.id_hash', idHashes)
    .whereRaw('s.expires_at > now() and s.absolute_expires_at > now()')
    .select<{ id_hash: Buffer; user_id: string; accounts: string; today: string }[]>(
      's.id_hash',
      's.user_id',
      'instant.accounts',
      'instant.today',
    );
  const found = await Promise.all(
    rows.map(async (row) => ({ idHash: row.id_hash, account: await findAccountInForce(db, row.user_id, row) })),
  );
  return found.flatMap(({ idHash, account }) => (account?.active ? [{ idHash, actor: account.actor }] : []));
}

export type SessionLine = { id: string; createdAt: Date; lastSeenAt: Date; ip: string; userAgent: string; current: boolean };

// What names a session in addresses and forms: part of the hash, from which nobody gets the token.
const sessionName = `encode(substring(id_hash from 1 for 12), 'hex')`;

/** The live sessions of a person, the newest first. */
export async function listSessionsOf(db: Db, userId: string, current: Buffer | undefined): Promise<SessionLine[]> {
  const rows = await db('sessions')
    .where({ user_id: userId })
    .whereRaw('expires_at > now() and absolute_expires_at > now()')
    .orderBy('last_seen_at', 'desc')
    .select('id_hash', 'created_at', 'last_seen_at', 'ip', 'user_agent', db.raw(`${sessionName} as id`));
  return rows.map((row) => ({
    id: row.id,
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
    ip: row.ip ?? '',
    userAgent: row.user_agent ?? '',
    current: current !== undefined && current.equals(row.id_hash),
  }));
}

/** Ends one of the own sessions. False when it is over already or somebody else's. */
export async function endOwnSession(db: Db, userId: string, id: string): Promise<boolean> {
  const ended = await db('sessions').where({ user_id: userId }).whereRaw(`${sessionName} = ?`, [id]).delete();
  return ended === 1;
}

/** Removes sessions that ended more than a day ago (until then they tell whose form was kept), forms past their hour, drafts past their days. */
export async function clearEndedSessions(db: Db): Promise<void> {
  await db('sessions').where('expires_at', '<', db.raw(`now() - interval '1 day'`)).delete();
  await db('kept_forms').where('expires_at', '<', db.fn.now()).delete();
  await db('kept_drafts').where('expires_at', '<', db.fn.now()).delete();
}

/** A form that met an ended session: sealed fields, for one hour, for the person whose session it was. */
export type KeptForm = { idHash: Buffer; userId: string | undefined; path: string; sealed: string };

export async function addKeptForm(db: Db, form: KeptForm): Promise<void> {
  await db('kept_forms').insert({
    id_hash: form.idHash,
    user_id: form.userId ?? null,
    path: form.path,
    sealed: form.sealed,
    expires_at: db.raw(`now() + interval '1 hour'`),
  });
}

/** The kept form, if its hour is not over and it is nobody else's. */
export async function findKeptForm(db: Db, idHash: Buffer, userId: string): Promise<{ path: string; sealed: string } | undefined> {
  return db('kept_forms')
    .where({ id_hash: idHash })
    .where('expires_at', '>', db.fn.now())
    .where((own) => own.whereNull('user_id').orWhere({ user_id: userId }))
    .first('path', 'sealed');
}

export async function deleteKeptForm(db: Db, idHash: Buffer): Promise<void> {
  await db('kept_forms').where({ id_hash: idHash }).delete();
}

async function touchSession(db: Db, idHash: Buffer): Promise<void> {
  await db('sessions')
    .where({ id_hash: idHash })
    .where('last_seen_at', '<', db.raw(`now() - interval '1 minute'`))
    .update({
      last_seen_at: db.fn.now(),
      expires_at: db.raw(`least(now() + make_interval(mins => ${inForce('idle_minutes')}), absolute_expires_at)`),
    });
}
