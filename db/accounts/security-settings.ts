/** The security settings: one security administrator of the whole region asks, another one puts them in force. The database refuses the same things again. */
import { ConflictError, NotAllowedError, NotFoundError } from '../../workflows/domain/errors.ts';
import { type SecuritySettings, securityFields } from '../../workflows/domain/people/security.ts';
import type { Db, Trx } from '../client.ts';
import { type IdempotentRequest, onceOnly } from '../protocol/idempotency.ts';
import { auditOutside } from '../protocol/procedures.ts';
import { afterPlace, cutPage, type TimePage, type TimePlace } from '../queries/time-pages.ts';
import { pathsOf } from './accounts.ts';
import type { Actor } from './users.ts';

type Status = 'requested' | 'in_force' | 'former' | 'refused' | 'withdrawn';
export type SecurityVersion = SecuritySettings & {
  id: string;
  status: Status;
  reason: string;
  requestedBy: string | null;
  requestedById: string | null;
  requestedAt: Date | null;
  decidedBy: string | null;
  decidedAt: Date | null;
};

const figures = `s.idle_minutes as "idleMinutes", s.longest_hours as "longestHours", s.attempts, s.lock_minutes as "lockMinutes", s.password_days as "passwordDays",
  s.stale_days as "staleDays"`;

export async function readSecurity(db: Db): Promise<SecuritySettings> {
  const { rows } = await db.raw<{ rows: SecuritySettings[] }>(`select ${figures} from security_settings s where s.status = 'in_force'`);
  if (!rows[0]) throw new Error('no security settings are in force');
  return rows[0];
}

const decided = `coalesce(s.decided_at, '-infinity')`;

/** What is in force, what waits for a second person, and a page of the rest, the latest first; what was shipped is the last of them. */
export async function listSecurityVersions(
  db: Db,
  { after, size }: TimePage,
): Promise<{
  inForce: SecurityVersion;
  waiting: SecurityVersion | undefined;
  earlier: SecurityVersion[];
  next: TimePlace | undefined;
}> {
  const { rows } = await db.raw<{ rows: (SecurityVersion & { place: string })[] }>(
    `select s.id, ${figures}, s.status, s.reason, a.name as "requestedBy", a.id as "requestedById", s.requested_at as "requestedAt", d.name as "decidedBy",
            s.decided_at as "decidedAt", cast(${decided} as text) as place
       from security_settings s left join users a on a.id = s.requested_by left join users d on d.id = s.decided_by
      where s.status in ('requested', 'in_force') or ${afterPlace({ at: decided, id: 's.id' }, after)}
      order by s.status not in ('requested', 'in_force'), ${decided} desc, s.id desc limit :limit`,
    // One of each is in force or waits.
    { ...after, limit: size + 3 },
  );
  const inForce = rows.find(({ status }) => status === 'in_force');
  if (!inForce) throw new Error('no security settings are in force');
  const others = rows.filter(({ status }) => status !== 'in_force' && status !== 'requested');
  const { lines, next } = cutPage(others, size);
  return { inForce, waiting: rows.find(({ status }) => status === 'requested'), earlier: lines, next };
}

/** Settings hold for everybody who signs in: for them stands who administers the whole tree. */
export function setsSecurity(actor: Actor): boolean {
  return pathsOf(actor, 'security_admin').some((path) => !path.includes('/'));
}

function requireWhole(actor: Actor): void {
  if (!setsSecurity(actor)) throw new NotAllowedError('security.whole');
}

/** Asks for other settings. Throws ConflictError while another request waits, or where nothing would change. */
export async function requestSecurity(
  db: Db,
  actor: Actor,
  { reason, ...wanted }: SecuritySettings & { reason: string },
  request?: IdempotentRequest,
): Promise<{ requestId: string }> {
  requireWhole(actor);
  return onceOnly(db, request, async (trx) => {
    const present = await readSecurity(trx);
    const changes = Object.fromEntries(
      securityFields.filter((field) => wanted[field] !== present[field]).map((field) => [field, wanted[field]]),
    );
    if (Object.keys(changes).length === 0) throw new ConflictError('security.same');
    const { rows } = await trx.raw<{ rows: { id: string }[] }>(
      `insert into security_settings (idle_minutes, longest_hours, attempts, lock_minutes, password_days, stale_days, reason, requested_by, requested_at)
       values (:idleMinutes, :longestHours, :attempts, :lockMinutes, :passwordDays, :staleDays, :reason, :by, business_now())
       on conflict ((true)) where status = 'requested' do nothing returning id`,
      { ...wanted, reason, by: actor.userId },
    );
    const id = rows[0]?.id;
    if (!id) throw new ConflictError('security.requested');
    await auditOutside(trx, actor.userId, { act: 'security.request', subject: `security-${id}`, detail: { ...changes, reason } });
    return { requestId: id };
  });
}

type Waiting = { status: Status; requested_by: string; decided_by: string | null; decided_at: Date | null };

async function lockWaiting(trx: Trx, id: string): Promise<Waiting> {
  const row = await trx<Waiting & { id: string }>('security_settings').where({ id }).whereNotNull('requested_by').forUpdate().first();
  if (!row) throw new NotFoundError('security.unknown');
  if (row.status === 'requested') return row;
  const decider = await trx('users')
    .where({ id: row.decided_by ?? '' })
    .first('name');
  const code = row.status === 'former' ? 'in_force' : row.status;
  throw new ConflictError(`security.${code}`, { name: decider?.name ?? '—', at: row.decided_at?.toISOString() ?? '' });
}

async function settle(trx: Trx, actor: Actor, id: string, status: Status): Promise<void> {
  await trx('security_settings')
    .where({ id })
    .update({ status, decided_by: actor.userId, decided_at: trx.raw('business_now()') });
}

/** The second person puts them in force, from the next request on. Throws NotAllowedError for who asked. */
export async function confirmSecurity(db: Db, actor: Actor, id: string, request?: IdempotentRequest): Promise<{ status: string }> {
  requireWhole(actor);
  return onceOnly(db, request, async (trx) => {
    const row = await lockWaiting(trx, id);
    if (row.requested_by === actor.userId) throw new NotAllowedError('security.own');
    await trx('security_settings').where({ status: 'in_force' }).update({ status: 'former' });
    await settle(trx, actor, id, 'in_force');
    await auditOutside(trx, actor.userId, {
      act: 'security.confirm',
      subject: `security-${id}`,
      detail: { requestedBy: row.requested_by },
    });
    return { status: 'in_force' };
  });
}

/** The second person refuses them, or the one who asked takes them back. */
export async function refuseSecurity(db: Db, actor: Actor, id: string, request?: IdempotentRequest): Promise<{ status: string }> {
  requireWhole(actor);
  return onceOnly(db, request, async (trx) => {
    const row = await lockWaiting(trx, id);
    const own = row.requested_by === actor.userId;
    const status = own ? 'withdrawn' : 'refused';
    await settle(trx, actor, id, status);
    await auditOutside(trx, actor.userId, { act: own ? 'security.withdraw' : 'security.refuse', subject: `security-${id}`, detail: {} });
    return { status };
  });
}
