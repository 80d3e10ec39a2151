/** What an account may do today and what its header shows: read anew only when the edition of the accounts or the day is another than the one it was read under. */
import { NotFoundError } from '../../workflows/domain/errors.ts';
import type { StandIn } from '../../workflows/domain/scope.ts';
import type { Db } from '../client.ts';
import { run, statement } from '../queries/statements.ts';
import { type Actor, type RegionGrant, toWorkplace, type Workplace } from './users.ts';

export type AccountInForce = { active: boolean; actor: Actor; workplace: Workplace };
/** Under which state of the accounts (`accounts_edition`) and on which business day. */
type State = { accounts: string; today: string };

type AccountRow = {
  active: boolean;
  login: string;
  name: string;
  institution_id: string | null;
  locale: string | null;
  grants: RegionGrant[] | null;
  stand_ins: StandIn[] | null;
  name_zh: string;
  name_en: string;
  parent_zh: string;
  parent_en: string;
  institution: string;
};

const findById = statement(`
  select u.active, u.login, u.name, u.institution_id, u.locale, g.grants, d.stand_ins,
         r.name_zh, r.name_en, p.name_zh as parent_zh, p.name_en as parent_en, i.name as institution
    from users u
    left join institutions i on i.id = u.institution_id
    left join lateral (
      select json_agg(json_build_object('role', f.role, 'region', f.region, 'path', f.path) order by f.role, f.region) as grants,
             min(f.region) as first_region
        from grants_in_force f where f.user_id = u.id
    ) g on true
    left join lateral (
      select json_agg(json_build_object('role', f.role, 'region', f.region, 'principal', f.principal, 'principalName', f.principal_name)
                      order by f.principal_name, f.id) as stand_ins
        from substitutions_in_force f where f.substitute = u.id
    ) d on true
    left join regions r on r.code = g.first_region
    left join regions p on p.code = r.parent
   where u.id = :userId`);

const KEPT_AT_MOST = 5_000;
/** By pool, because a process may work on several databases. */
const known = new WeakMap<Db, Map<string, State & { account: AccountInForce }>>();

/** Undefined if there is no such account. The result is shared between requests and frozen. */
export async function findAccountInForce(db: Db, userId: string, { accounts, today }: State): Promise<AccountInForce | undefined> {
  const kept = known.get(db) ?? new Map<string, State & { account: AccountInForce }>();
  known.set(db, kept);
  const entry = kept.get(userId);
  if (entry && entry.accounts === accounts && entry.today === today) return entry.account;
  // Read after its state was: it may be newer than the key under which it is kept, never older.
  const account = await readAccount(db, userId);
  if (!account) return undefined;
  if (kept.size >= KEPT_AT_MOST) kept.clear();
  kept.set(userId, { accounts, today, account });
  return account;
}

/** The account as it acts today, read anew. Throws NotFoundError where it is closed or there is none. */
export async function getActor(db: Db, userId: string): Promise<Actor> {
  const account = await readAccount(db, userId);
  if (!account?.active) throw new NotFoundError('account.unknown');
  return account.actor;
}

async function readAccount(db: Db, userId: string): Promise<AccountInForce | undefined> {
  const [row] = await run<AccountRow>(db, findById, { userId });
  return (
    row &&
    Object.freeze({
      active: row.active,
      actor: Object.freeze(toActor(userId, row)),
      workplace: Object.freeze(toWorkplace(row)),
    })
  );
}

function toActor(userId: string, row: AccountRow): Actor {
  return {
    userId,
    login: row.login,
    name: row.name,
    ...(row.institution_id ? { institutionId: row.institution_id } : {}),
    locale: row.locale ?? 'zh-CN',
    grants: row.grants ?? [],
    standsInFor: row.stand_ins ?? [],
  };
}
