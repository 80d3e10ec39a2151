/** Accounts of people: made by a system administrator within the own regions, opened by a one-time link, closed at once. */
import { randomBytes } from 'node:crypto';
import { ConflictError, inputError, NotFoundError } from '../../workflows/domain/errors.ts';
import type { Role } from '../../workflows/domain/roles.ts';
import { isWithin } from '../../workflows/domain/scope.ts';
import { type Db, sqlState, type Trx } from '../client.ts';
import { endDelegation } from '../protocol/holding/delegations.ts';
import { type IdempotentRequest, onceOnly } from '../protocol/idempotency.ts';
import { auditOutside, auditProcedure, lockProcedure } from '../protocol/procedures.ts';
import { requireEnoughLeft } from './enough-administrators.ts';
import { isLocked, knownLockedUntil, lockedUntil } from './locks.ts';
import { getTask } from '../protocol/tasks.ts';
import { withinPaths } from '../regions.ts';
import { endSessionsOf, hashToken } from './sessions.ts';
import { issueSetupLink } from './setup-links.ts';
import type { Actor } from './users.ts';
import { containing } from '../queries/text-search.ts';

export type AccountLine = {
  id: string;
  login: string;
  name: string;
  email: string | null;
  active: boolean;
  demo: boolean;
  version: number;
  region: string;
  regionPath: string;
  regionZh: string;
  regionEn: string;
  institutionId: string | null;
  institution: string | null;
  creditCode: string | null;
  hasPassword: boolean;
  /** Until when its set-up link works, if it has one. */
  linkUntil: Date | null;
  /** That link waits for a security administrator. */
  linkHeld: boolean;
  /** Nobody has released it yet: a password set by it ends with the first grant. */
  linkUnreleased: boolean;
  linkId: string | null;
  linkIssuedAt: Date | null;
  /** By whom; null for those of the first administrators. */
  linkIssuedBy: string | null;
  /** Real time; null: not since it is kept. */
  lastSignInAt: Date | null;
  /** Real time until when nobody signs in who is not known to be this person, because of wrong passwords. */
  lockedUntil: Date | null;
  /** Likewise in a browser or network in which the person has signed in before. */
  knownLockedUntil: Date | null;
  roles: Role[];
};

export type NewAccount = {
  login: string;
  name: string;
  email: string;
  locale: 'zh-CN' | 'en';
  /** Office, by its region; or an institution, by its credit code. */
  region?: string | undefined;
  creditCode?: string | undefined;
};

/** `token` is there only the first time: nobody can read it again. */
export type Issued = { accountId: string; token: string | undefined };

/** The regions in which this person holds one of these roles. */
export function pathsOf(actor: Actor, ...roles: Role[]): string[] {
  return actor.grants.filter((grant) => roles.includes(grant.role)).map((grant) => grant.path);
}

const accountSql = `
  select u.id, u.login, u.name, u.email, u.active, u.demo, u.version, r.code as region, r.path as "regionPath", r.name_zh as "regionZh", r.name_en as "regionEn",
         u.institution_id as "institutionId", i.name as institution, i.credit_code as "creditCode", u.password_hash is not null as "hasPassword",
         l.expires_at as "linkUntil", l.id is not null and is_held_link(l) as "linkHeld", l.issued_by is not null and l.released_at is null as "linkUnreleased",
         l.id as "linkId", l.issued_at as "linkIssuedAt", (select s.name from users s where s.id = l.issued_by) as "linkIssuedBy",
         (select s.at from sign_ins s where s.user_id = u.id) as "lastSignInAt",
         ${lockedUntil} as "lockedUntil", ${knownLockedUntil} as "knownLockedUntil",
         array(select distinct g.role from grants_in_force g where g.user_id = u.id order by 1) as roles
    from users u join regions r on r.code = u.region left join institutions i on i.id = u.institution_id
    left join setup_links l on l.user_id = u.id and l.used_at is null and l.ended_at is null and l.expires_at > now()`;

export type AccountFilter = {
  text?: string | undefined;
  state?: 'active' | 'inactive' | 'waiting' | 'stale' | 'locked' | undefined;
  after?: string | undefined;
  size: number;
};

const states: Record<NonNullable<AccountFilter['state']>, string> = {
  active: 'u.active',
  inactive: 'not u.active',
  waiting: 'u.active and u.password_hash is null and not u.demo',
  locked: isLocked,
  stale: `u.active and greatest((select s.at from sign_ins s where s.user_id = u.id), u.password_changed_at)
    < now() - make_interval(days => (select stale_days from security_settings where status = 'in_force'))`,
};

/** Accounts of these regions and below, by login, after a login. `next` is there when more follow. */
export async function listAccounts(
  db: Db,
  paths: readonly string[],
  { text, state, after, size }: AccountFilter,
): Promise<{ accounts: AccountLine[]; next: string | undefined }> {
  const parts = [withinPaths('r.path')];
  if (state) parts.push(states[state]);
  const named = containing(['u.login', 'u.name', 'i.name'], text ?? '');
  if (text) parts.push(named.sql);
  if (after) parts.push('u.login > :after');
  const { rows } = await db.raw<{ rows: AccountLine[] }>(`${accountSql} where ${parts.join(' and ')} order by u.login limit :limit`, {
    paths: [...paths],
    ...named.bindings,
    after: after ?? '',
    limit: size + 1,
  });
  const accounts = rows.slice(0, size);
  return { accounts, next: rows.length > size ? accounts.at(-1)?.login : undefined };
}

/** Throws NotFoundError, also for an account outside these regions. */
export async function getAccount(db: Db, paths: readonly string[], id: string): Promise<AccountLine> {
  const { rows } = await db.raw<{ rows: AccountLine[] }>(`${accountSql} where u.id = :id and ${withinPaths('r.path')}`, {
    id,
    paths: [...paths],
  });
  const account = rows[0];
  if (!account) throw new NotFoundError('account.unknown');
  return account;
}

/** The account with this login within these regions. */
export async function findAccountByLogin(db: Db, paths: readonly string[], login: string): Promise<AccountLine | undefined> {
  const { rows } = await db.raw<{ rows: AccountLine[] }>(
    `${accountSql} where lower(u.login) = lower(:login) and ${withinPaths('r.path')}`,
    { login, paths: [...paths] },
  );
  return rows[0];
}

/** Makes an account without password or grants, and its set-up link. Throws InputError at login, region or creditCode. */
export async function createAccount(db: Db, actor: Actor, account: NewAccount, request?: IdempotentRequest): Promise<Issued> {
  let token: string | undefined;
  const accountId = await onceOnly(db, request, async (trx) => {
    const place = await placeOf(trx, pathsOf(actor, 'system_admin'), account);
    const id = await insertAccount(trx, { ...account, ...place });
    token = randomBytes(32).toString('base64url');
    await auditOutside(trx, actor.userId, {
      act: 'account.create',
      subject: `account-${id}`,
      detail: { login: account.login, region: place.region },
    });
    await issueSetupLink(trx, { userId: id, shownHash: hashToken(token), issuedBy: actor.userId });
    return id;
  });
  return { accountId, token };
}

async function placeOf(trx: Trx, paths: readonly string[], account: NewAccount): Promise<{ region: string; institutionId: string | null }> {
  if (account.region && account.creditCode) throw inputError('creditCode', 'account.onePlace');
  if (account.creditCode) {
    const found = await trx('institutions as i')
      .join('regions as r', 'r.code', 'i.region')
      .where({ 'i.credit_code': account.creditCode })
      .first('i.id', 'i.region', 'r.path');
    if (!found || !paths.some((path) => isWithin(found.path, path))) throw inputError('creditCode', 'account.institution');
    return { region: found.region, institutionId: found.id };
  }
  if (!account.region) throw inputError('region', 'account.place');
  const region = await trx('regions').where({ code: account.region }).first('code', 'path');
  if (!region || !paths.some((path) => isWithin(region.path, path))) throw inputError('region', 'account.outside');
  return { region: region.code, institutionId: null };
}

/** The bare row. Throws InputError `account.loginTaken` at `login`. */
export async function insertAccount(
  trx: Trx,
  account: Pick<NewAccount, 'login' | 'name' | 'locale'> & { email: string | null; region: string; institutionId: string | null },
): Promise<string> {
  // Taken logins are asked for first, because a failed statement would end the transaction and the keeping of its answer.
  const taken = await trx('users').whereRaw('lower(login) = lower(?)', [account.login]).first('id');
  if (taken) throw inputError('login', 'account.loginTaken');
  try {
    const [row] = await trx('users')
      .insert({
        login: account.login,
        name: account.name,
        email: account.email,
        locale: account.locale,
        region: account.region,
        institution_id: account.institutionId,
      })
      .returning('id');
    return row.id;
  } catch (error) {
    if (sqlState(error) === '23505') throw inputError('login', 'account.loginTaken');
    throw error;
  }
}

/** The account under lock, in the regions of the administrator, as it was when the form was drawn, and not the own one. */
async function lockAccount(trx: Trx, actor: Actor, id: string, version: number | undefined): Promise<AccountLine> {
  await trx('users').where({ id }).forNoKeyUpdate().first('id');
  const account = await getAccount(trx, pathsOf(actor, 'system_admin'), id);
  if (id === actor.userId) throw new ConflictError('account.own');
  if (version !== undefined && version !== account.version) throw new ConflictError('form.stale');
  return account;
}

/** Closes an account: its sessions and links end and its tasks go back to the queue in the same moment. */
export async function deactivateAccount(
  db: Db,
  actor: Actor,
  id: string,
  change: { reason: string; version?: number | undefined },
  request?: IdempotentRequest,
): Promise<{ sessions: number; tasks: number }> {
  return onceOnly(db, request, async (trx) => {
    // Procedures before accounts, in the order of their ids: the order in which every act takes its locks.
    const tasks = await releaseTasksOf(trx, actor, id);
    const account = await lockAccount(trx, actor, id, change.version);
    if (!account.active) throw new ConflictError('account.inactive');
    await requireEnoughLeft(trx, id);
    await trx('users')
      .where({ id })
      .update({ active: false, version: trx.raw('version + 1') });
    await trx('setup_links').where({ user_id: id, used_at: null, ended_at: null }).update({ ended_at: trx.fn.now() });
    const sessions = await endSessionsOf(trx, id);
    await auditOutside(trx, actor.userId, {
      act: 'account.deactivate',
      subject: `account-${id}`,
      detail: { login: account.login, reason: change.reason, sessions, tasks },
    });
    return { sessions, tasks };
  });
}

async function releaseTasksOf(trx: Trx, actor: Actor, userId: string): Promise<number> {
  await getAccount(trx, pathsOf(actor, 'system_admin'), userId);
  const concerned = await trx('tasks')
    .where({ status: 'open' })
    .where((query) => query.where({ claimed_by: userId }).orWhere({ claimed_for: userId }).orWhere({ delegated_to: userId }))
    .orderBy(['procedure_id', 'id'])
    .select('id', 'procedure_id');
  let released = 0;
  for (const { id, procedure_id: procedureId } of concerned) {
    const procedure = await lockProcedure(trx, procedureId);
    const task = await getTask(trx, id);
    if (task.status !== 'open' || ![task.claimed_by, task.claimed_for, task.delegated_to].includes(userId)) continue;
    await endDelegation(trx, procedure, task);
    const detail = { cause: 'account.deactivate' };
    // What somebody has for this person has nobody any more for whom it is decided.
    if (![task.claimed_by, task.claimed_for].includes(userId)) {
      await auditProcedure(trx, procedure, actor.userId, { act: 'task.recall', subject: id, detail });
      continue;
    }
    await trx('tasks').where({ id }).update({ claimed_by: null, claimed_at: null, claimed_for: null });
    await auditProcedure(trx, procedure, actor.userId, { act: 'task.release', subject: id, detail });
    released += 1;
  }
  return released;
}

/** Opens a closed account again; its grants are as they were, its password too. */
export async function reactivateAccount(
  db: Db,
  actor: Actor,
  id: string,
  change: { version?: number | undefined },
  request?: IdempotentRequest,
): Promise<Record<string, never>> {
  return onceOnly(db, request, async (trx) => {
    const account = await lockAccount(trx, actor, id, change.version);
    if (account.active) throw new ConflictError('account.active');
    await trx('users')
      .where({ id })
      .update({ active: true, version: trx.raw('version + 1') });
    await auditOutside(trx, actor.userId, { act: 'account.reactivate', subject: `account-${id}`, detail: { login: account.login } });
    return {};
  });
}

/** A new link to set a password; an earlier one that was not used is dead from now on. The password in force stays until the link is used. */
export async function renewSetupLink(
  db: Db,
  actor: Actor,
  id: string,
  change: { version?: number | undefined },
  request?: IdempotentRequest,
): Promise<Issued> {
  let token: string | undefined;
  await onceOnly(db, request, async (trx) => {
    const account = await lockAccount(trx, actor, id, change.version);
    if (!account.active) throw new ConflictError('account.inactive');
    token = randomBytes(32).toString('base64url');
    await trx('users')
      .where({ id })
      .update({ version: trx.raw('version + 1') });
    await auditOutside(trx, actor.userId, { act: 'account.link', subject: `account-${id}`, detail: { login: account.login } });
    await issueSetupLink(trx, { userId: id, shownHash: hashToken(token), issuedBy: actor.userId });
    return {};
  });
  return { accountId: id, token };
}

/** The own password, already checked and hashed: every other session ends. Returns how many. */
export async function changePassword(
  db: Db,
  userId: string,
  change: { passwordHash: string; before: string; keep: Buffer | undefined },
  request?: IdempotentRequest,
): Promise<{ sessions: number }> {
  return onceOnly(db, request, async (trx) => {
    const changed = await trx('users')
      .where({ id: userId, active: true, password_hash: change.before })
      .update({ password_hash: change.passwordHash, password_changed_at: trx.fn.now() });
    if (changed === 0) throw new ConflictError('form.stale');
    await trx('setup_links').where({ user_id: userId, used_at: null, ended_at: null }).update({ ended_at: trx.fn.now() });
    const sessions = await endSessionsOf(trx, userId, change.keep);
    await trx('sessions').where({ user_id: userId }).update({ must_change: false });
    await auditOutside(trx, userId, { act: 'account.password', subject: `account-${userId}`, detail: { sessions } });
    return { sessions };
  });
}

export type OwnAccount = {
  login: string;
  name: string;
  email: string | null;
  passwordHash: string | undefined;
  passwordChangedAt: Date | null;
};

export async function getOwnAccount(db: Db, userId: string): Promise<OwnAccount> {
  const row = await db('users').where({ id: userId }).first('login', 'name', 'email', 'password_hash', 'password_changed_at');
  if (!row) throw new NotFoundError('account.unknown');
  return {
    login: row.login,
    name: row.name,
    email: row.email,
    passwordHash: row.password_hash ?? undefined,
    passwordChangedAt: row.password_changed_at,
  };
}

/** Names of the regions in which this person holds a role. */
export async function listRegionsOf(db: Db, actor: Actor): Promise<{ code: string; nameZh: string; nameEn: string }[]> {
  return db('regions')
    .whereIn(
      'code',
      actor.grants.map((grant) => grant.region),
    )
    .select('code', { nameZh: 'name_zh', nameEn: 'name_en' });
}

/** Regions to choose from: these and everything below, from the top down. */
export async function listRegionsWithin(
  db: Db,
  paths: readonly string[],
): Promise<{ code: string; nameZh: string; nameEn: string; parentZh: string | null; parentEn: string | null; level: string }[]> {
  const { rows } = await db.raw(
    `select r.code, r.name_zh as "nameZh", r.name_en as "nameEn", p.name_zh as "parentZh", p.name_en as "parentEn", r.level
       from regions r left join regions p on p.code = r.parent where ${withinPaths('r.path')} order by r.path`,
    { paths: [...paths] },
  );
  return rows;
}

/** Institutions to choose from, by name; the field takes any credit code, so the list may stop. */
export async function listInstitutionsWithin(
  db: Db,
  paths: readonly string[],
  limit: number,
): Promise<{ creditCode: string; name: string }[]> {
  const { rows } = await db.raw(
    `select i.credit_code as "creditCode", i.name from institutions i join regions r on r.code = i.region
      where ${withinPaths('r.path')} order by i.name limit :limit`,
    { paths: [...paths], limit },
  );
  return rows;
}
