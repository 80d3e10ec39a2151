/** An installation must not lock itself out: a grant takes two security administrators, an account one system administrator. */
import { ConflictError } from '../../workflows/domain/errors.ts';
import type { AdministratorRole } from '../../workflows/domain/roles.ts';
import type { Trx } from '../client.ts';

/** How many of each must remain wherever one of them leaves. */
const leastLeft: Record<AdministratorRole, number> = { system_admin: 1, security_admin: 2, audit_admin: 0 };
const LOCK = 72_104;

/**
 * Before this person loses the grant (or every grant, when the account is closed): enough others in force remain for the same region.
 * Holds a lock to the end of the transaction, so that two who leave at once are counted one after the other.
 * @throws ConflictError `grant.lastAdministrators` with how many must remain.
 */
export async function requireEnoughLeft(trx: Trx, userId: string, grantId?: number): Promise<void> {
  await trx.raw('select pg_advisory_xact_lock(?)', [LOCK]);
  const { rows } = await trx.raw<{ rows: { role: AdministratorRole; left: number }[] }>(
    `select f.role, (select cast(count(distinct o.user_id) as int) from grants_in_force o join users u on u.id = o.user_id
                      where o.role = f.role and o.user_id <> f.user_id and u.active and (f.path = o.path or f.path like o.path || '/%')) as left
       from grants_in_force f where f.user_id = :userId and f.role = any(cast(:roles as text[]))
        and (cast(:grantId as bigint) is null or exists (select from grants g where g.id = :grantId and g.role = f.role and g.region = f.region))`,
    { userId, roles: Object.keys(leastLeft), grantId: grantId ?? null },
  );
  for (const { role, left } of rows)
    if (left < leastLeft[role]) throw new ConflictError('grant.lastAdministrators', { least: leastLeft[role] });
}
