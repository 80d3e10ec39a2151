/** Grants of roles: asked for by one security administrator, confirmed by another, revoked by any one of them. The database refuses the same things again. */
import { withinPaths } from '../regions.ts';
import { ConflictError, inputError, NotAllowedError, NotFoundError } from '../../workflows/domain/errors.ts';
import { isAdministratorRole, type Role } from '../../workflows/domain/roles.ts';
import { isWithin } from '../../workflows/domain/scope.ts';
import { isOutsideRole } from '../../workflows/domain/tasks.ts';
import { findAccountByLogin, getAccount, pathsOf } from './accounts.ts';
import { constraintOf, type Db, type Trx } from '../client.ts';
import { type IdempotentRequest, onceOnly } from '../protocol/idempotency.ts';
import { auditOutside } from '../protocol/procedures.ts';
import { requireEnoughLeft } from './enough-administrators.ts';
import { endUnprovenPassword } from './setup-links.ts';
import { businessToday } from '../calendar/instant.ts';
import type { Actor } from './users.ts';
import { containing } from '../queries/text-search.ts';
import { afterPlace, cutPage, type TimePage, type TimePlace } from '../queries/time-pages.ts';

export type NewGrantRequest = {
  login: string;
  role: Role;
  region: string;
  /** Today unless told. */
  validFrom?: string | undefined;
  /** First day without it; absent: until it is revoked. */
  validTo?: string | undefined;
  reason: string;
};

type Period = { validFrom: string; validTo: string | null };
type RequestRow = {
  id: string;
  user_id: string;
  role: Role;
  region: string;
  valid_from: string;
  valid_to: string | null;
  status: 'requested' | 'confirmed' | 'refused' | 'withdrawn';
  requested_by: string;
  decided_by: string | null;
  decided_at: Date | null;
};

/** Asks for a grant. Throws InputError at the field that cannot be. */
export async function requestGrant(
  db: Db,
  actor: Actor,
  wanted: NewGrantRequest,
  request?: IdempotentRequest,
): Promise<{ requestId: string }> {
  return onceOnly(db, request, async (trx) => {
    const paths = pathsOf(actor, 'security_admin');
    const account = await findAccountByLogin(trx, paths, wanted.login);
    if (!account) throw inputError('login', 'grant.account');
    if (account.id === actor.userId) throw inputError('login', 'grant.oneself');
    if (!account.active) throw inputError('login', 'grant.inactive');
    const region = await trx('regions').where({ code: wanted.region }).first('code', 'path');
    if (!region || !paths.some((path) => isWithin(region.path, path))) throw inputError('region', 'grant.outside');
    const period = await periodOf(trx, wanted);
    await requireCompatible(trx, {
      userId: account.id,
      institutionId: account.institutionId,
      role: wanted.role,
      region: region.code,
      ...period,
    });
    const { rows } = await trx.raw<{ rows: { id: string }[] }>(
      `insert into grant_requests (user_id, role, region, valid_from, valid_to, reason, requested_by, requested_at)
       values (:user, :role, :region, :from, :to, :reason, :by, business_now())
       on conflict (user_id, role, region) where status = 'requested' do nothing returning id`,
      {
        user: account.id,
        role: wanted.role,
        region: region.code,
        from: period.validFrom,
        to: period.validTo,
        reason: wanted.reason,
        by: actor.userId,
      },
    );
    const id = rows[0]?.id;
    if (!id) throw new ConflictError('grant.requested');
    await auditOutside(trx, actor.userId, {
      act: 'grant.request',
      subject: `account-${account.id}`,
      detail: { request: id, role: wanted.role, region: region.code, ...period, reason: wanted.reason },
    });
    return { requestId: id };
  });
}

async function periodOf(trx: Trx, { validFrom, validTo }: NewGrantRequest): Promise<Period> {
  const today = await businessToday(trx);
  const from = validFrom ?? today;
  if (from < today) throw inputError('validFrom', 'grant.past', { today });
  if (validTo !== undefined && validTo <= from) throw inputError('validTo', 'grant.period');
  return { validFrom: from, validTo: validTo ?? null };
}

/** What the trigger on `grants` refuses too, said at the field. */
async function requireCompatible(
  trx: Trx,
  wanted: Period & { userId: string; institutionId: string | null; role: Role; region: string },
): Promise<void> {
  if (isOutsideRole(wanted.role) && !wanted.institutionId) throw inputError('role', 'grant.institutionAccount');
  if (!isOutsideRole(wanted.role) && wanted.institutionId) throw inputError('role', 'grant.officeAccount');
  const others = (await trx('grants')
    .where({ user_id: wanted.userId })
    .whereRaw('daterange(valid_from, valid_to) && daterange(cast(? as date), cast(? as date))', [wanted.validFrom, wanted.validTo])
    .select('role', 'region')) as { role: Role; region: string }[];
  for (const other of others) {
    if (other.role === wanted.role && other.region === wanted.region) throw inputError('role', 'grant.held');
    if (other.role === wanted.role) continue;
    if (isAdministratorRole(wanted.role) || isAdministratorRole(other.role)) throw inputError('role', 'grant.apart', { held: other.role });
  }
}

/** The request under lock, if it and its account lie within the regions of this security administrator. */
async function lockRequest(trx: Trx, actor: Actor, id: string): Promise<RequestRow> {
  const row = await trx<RequestRow>('grant_requests').where({ id }).forUpdate().first();
  if (!row) throw new NotFoundError('grant.unknownRequest');
  const paths = pathsOf(actor, 'security_admin');
  const region = await trx('regions').where({ code: row.region }).first('path');
  if (!paths.some((path) => isWithin(region?.path ?? '', path))) throw new NotFoundError('grant.unknownRequest');
  await getAccount(trx, paths, row.user_id);
  if (row.status !== 'requested') {
    const decider = await trx('users')
      .where({ id: row.decided_by ?? '' })
      .first('name');
    throw new ConflictError(`grant.${row.status}`, { name: decider?.name ?? '—', at: row.decided_at?.toISOString() ?? '' });
  }
  return row;
}

/**
 * The second person makes the grant; with the first one a password ends that was set by a link nobody released. Throws NotAllowedError for who asked for it and for whom it is; ConflictError when it was decided or can no longer be.
 */
export async function confirmGrant(
  db: Db,
  actor: Actor,
  requestId: string,
  request?: IdempotentRequest,
): Promise<{ grantId: number; passwordEnded: boolean }> {
  return onceOnly(db, request, async (trx) => {
    const row = await lockRequest(trx, actor, requestId);
    if (row.user_id === actor.userId) throw new NotAllowedError('grant.oneself');
    if (row.requested_by === actor.userId) throw new NotAllowedError('grant.ownRequest');
    await trx('users').where({ id: row.user_id }).forNoKeyUpdate().first('id');
    const account = await getAccount(trx, pathsOf(actor, 'security_admin'), row.user_id);
    if (!account.active) throw new ConflictError('grant.inactive');
    const period = { validFrom: row.valid_from, validTo: row.valid_to };
    await requireCompatible(trx, {
      userId: row.user_id,
      institutionId: account.institutionId,
      role: row.role,
      region: row.region,
      ...period,
    });
    const passwordEnded = await endUnprovenPassword(trx, row.user_id);
    await settle(trx, actor, requestId, 'confirmed');
    const grantId = await insertGrant(trx, row, actor.userId);
    await auditOutside(trx, actor.userId, {
      act: 'grant.confirm',
      subject: `account-${row.user_id}`,
      detail: {
        request: requestId,
        grant: grantId,
        role: row.role,
        region: row.region,
        ...period,
        requestedBy: row.requested_by,
        ...(passwordEnded ? { passwordEnded } : {}),
      },
    });
    return { grantId, passwordEnded };
  });
}

/** Where the words at the field were missed, the wall behind them still has words. */
const walls: Record<string, string> = {
  grants_institution_account: 'grant.institutionAccount',
  grants_office_account: 'grant.officeAccount',
  grants_administrators_apart: 'grant.apart',
};

async function insertGrant(trx: Trx, row: RequestRow, confirmedBy: string): Promise<number> {
  try {
    const [grant] = await trx('grants')
      .insert({
        user_id: row.user_id,
        role: row.role,
        region: row.region,
        valid_from: row.valid_from,
        valid_to: row.valid_to,
        granted_by: row.requested_by,
        confirmed_by: confirmedBy,
        request_id: row.id,
      })
      .returning('id');
    return grant.id;
  } catch (error) {
    const constraint = constraintOf(error) ?? '';
    // A password that was set since it was looked at: whoever confirms again ends it.
    if (constraint === 'grants_proven_password') throw new ConflictError('grant.unproven');
    const wall = walls[constraint];
    throw wall ? inputError('role', wall, { held: row.role }) : error;
  }
}

async function settle(trx: Trx, actor: Actor, id: string, status: RequestRow['status']): Promise<void> {
  await trx('grant_requests')
    .where({ id })
    .update({ status, decided_by: actor.userId, decided_at: trx.raw('business_now()') });
}

/** The second person refuses it, or the one who asked takes it back. */
export async function refuseGrant(db: Db, actor: Actor, requestId: string, request?: IdempotentRequest): Promise<{ status: string }> {
  return onceOnly(db, request, async (trx) => {
    const row = await lockRequest(trx, actor, requestId);
    if (row.user_id === actor.userId) throw new NotAllowedError('grant.oneself');
    const status = row.requested_by === actor.userId ? 'withdrawn' : 'refused';
    await settle(trx, actor, requestId, status);
    await auditOutside(trx, actor.userId, {
      act: status === 'refused' ? 'grant.refuse' : 'grant.withdraw',
      subject: `account-${row.user_id}`,
      detail: { request: requestId, role: row.role, region: row.region },
    });
    return { status };
  });
}

/** Takes a grant away at once: the next request of the person is answered without it. One security administrator is enough, but nobody revokes the own. */
export async function revokeGrant(
  db: Db,
  actor: Actor,
  grantId: number,
  reason: string,
  request?: IdempotentRequest,
): Promise<{ validTo: string }> {
  return onceOnly(db, request, async (trx) => {
    const grant = await trx('grants as g')
      .join('regions as r', 'r.code', 'g.region')
      .where('g.id', grantId)
      .first('g.user_id', 'g.role', 'g.region', 'r.path');
    const paths = pathsOf(actor, 'security_admin');
    if (!grant || !paths.some((path) => isWithin(grant.path, path))) throw new NotFoundError('grant.unknown');
    await getAccount(trx, paths, grant.user_id);
    if (grant.user_id === actor.userId) throw new ConflictError('grant.ownGrant');
    await requireEnoughLeft(trx, grant.user_id, grantId);
    const { rows } = await trx.raw<{ rows: { valid_to: string }[] }>(
      `update grants set valid_to = greatest(valid_from, business_today()), revoked_by = :by, revoked_at = business_now(), revoke_reason = :reason
        where id = :id and (valid_to is null or (valid_to > business_today() and valid_to > valid_from)) returning valid_to`,
      { id: grantId, by: actor.userId, reason },
    );
    const row = rows[0];
    if (!row) throw new ConflictError('grant.over');
    await auditOutside(trx, actor.userId, {
      act: 'grant.revoke',
      subject: `account-${grant.user_id}`,
      detail: { grant: grantId, role: grant.role, region: grant.region, reason },
    });
    return { validTo: row.valid_to };
  });
}

export type GrantLine = {
  id: number;
  userId: string;
  login: string;
  name: string;
  active: boolean;
  role: Role;
  region: string;
  regionZh: string;
  regionEn: string;
  validFrom: string;
  validTo: string | null;
  grantedBy: string | null;
  confirmedBy: string | null;
  revokedBy: string | null;
  /** future, in force, or over by the business clock. */
  state: 'future' | 'inForce' | 'over';
};

const inside = withinPaths('r.path');

export type GrantFilter = {
  userId?: string | undefined;
  role?: Role | undefined;
  text?: string | undefined;
  after?: number | undefined;
  size: number;
};

/** Grants in these regions, the newest first. Those that are over are shown for one person only. */
export async function listGrants(
  db: Db,
  paths: readonly string[],
  { userId, role, text, after, size }: GrantFilter,
): Promise<{ grants: GrantLine[]; next: number | undefined }> {
  const parts = [inside];
  if (userId) parts.push('g.user_id = :userId');
  else parts.push('(g.valid_to is null or g.valid_to > business_today())');
  if (role) parts.push('g.role = :role');
  const named = containing(['u.login', 'u.name'], text ?? '');
  if (text) parts.push(named.sql);
  if (after) parts.push('g.id < :after');
  const { rows } = await db.raw<{ rows: GrantLine[] }>(
    `select g.id, u.id as "userId", u.login, u.name, u.active, g.role, g.region, r.name_zh as "regionZh", r.name_en as "regionEn", g.valid_from as "validFrom",
            g.valid_to as "validTo", a.name as "grantedBy", c.name as "confirmedBy", v.name as "revokedBy",
            case when g.valid_to <= business_today() or g.valid_to <= g.valid_from then 'over' when g.valid_from > business_today() then 'future' else 'inForce' end as state
       from grants g join users u on u.id = g.user_id join regions r on r.code = g.region
       left join users a on a.id = g.granted_by left join users c on c.id = g.confirmed_by left join users v on v.id = g.revoked_by
      where ${parts.join(' and ')} order by g.id desc limit :limit`,
    {
      paths: [...paths],
      userId: userId ?? null,
      role: role ?? null,
      ...named.bindings,
      after: after ?? null,
      limit: size + 1,
    },
  );
  const grants = rows.slice(0, size);
  return { grants, next: rows.length > size ? grants.at(-1)?.id : undefined };
}

export type GrantRequestLine = {
  id: string;
  userId: string;
  login: string;
  name: string;
  role: Role;
  region: string;
  regionZh: string;
  regionEn: string;
  validFrom: string;
  validTo: string | null;
  reason: string;
  requestedBy: string;
  requestedById: string;
  requestedAt: Date;
};

/** Requests that wait for a second person, the oldest first; of everybody in these regions, or of one person. */
export async function listGrantRequests(
  db: Db,
  paths: readonly string[],
  { after, size, userId }: TimePage & { userId?: string },
): Promise<{ requests: GrantRequestLine[]; next: TimePlace | undefined }> {
  const { rows } = await db.raw<{ rows: (GrantRequestLine & { place: string })[] }>(
    `select q.id, u.id as "userId", u.login, u.name, q.role, q.region, r.name_zh as "regionZh", r.name_en as "regionEn", q.valid_from as "validFrom",
            q.valid_to as "validTo", q.reason, a.name as "requestedBy", a.id as "requestedById", q.requested_at as "requestedAt", cast(q.requested_at as text) as place
       from grant_requests q join users u on u.id = q.user_id join regions r on r.code = q.region join users a on a.id = q.requested_by
      where q.status = 'requested' and ${inside} ${userId ? 'and q.user_id = :userId' : ''} and ${afterPlace({ at: 'q.requested_at', id: 'q.id' }, after, 'oldest')}
      order by q.requested_at, q.id limit :limit`,
    { paths: [...paths], ...after, limit: size + 1, userId: userId ?? null },
  );
  const { lines, next } = cutPage(rows, size);
  return { requests: lines, next };
}
