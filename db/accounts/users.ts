/** Accounts and what they may do where. */
import type { Role } from '../../workflows/domain/roles.ts';
import type { StandIn } from '../../workflows/domain/scope.ts';
import { isOutsideRole } from '../../workflows/domain/tasks.ts';
import type { Db } from '../client.ts';

/** A role in a region and everything below it; `path` is that of the region tree, like `350000/350100/350104`. */
export type RegionGrant = { role: Role; region: string; path: string };

/** Who acts: the account behind a request, with the grants in force today. */
export type Actor = {
  userId: string;
  login: string;
  name: string;
  institutionId?: string;
  locale: string;
  grants: RegionGrant[];
  /** For whom this person substitutes today. */
  standsInFor?: StandIn[];
};

/** Names that the header shows: the region with the one above it, and the institution of an institution's account. */
export type Workplace = {
  regionZh?: string;
  regionEn?: string;
  parentZh?: string;
  parentEn?: string;
  institution?: string;
};

/** Without a password hash nobody signs in by password. */
export type Account = {
  userId: string;
  passwordHash: string | undefined;
  passwordChangedAt: Date | undefined;
  active: boolean;
  demo: boolean;
};
export type DemoAccount = { login: string; name: string; role: Role; region: string; workplace: Workplace };

/** The account with this login (in capital or small letters, as no two differ in these alone), active or not. */
export async function findUserByLogin(db: Db, login: string): Promise<Account | undefined> {
  const row = await db('users')
    .whereRaw('lower(login) = lower(?)', [login])
    .first('id', 'password_hash', 'password_changed_at', 'active', 'demo');
  return (
    row && {
      userId: row.id,
      passwordHash: row.password_hash ?? undefined,
      passwordChangedAt: row.password_changed_at ?? undefined,
      active: row.active,
      demo: row.demo,
    }
  );
}

/** Every active demonstration account, one row per account (its first grant): institutions first, then the offices from the county up. */
export async function listDemoAccounts(db: Db): Promise<DemoAccount[]> {
  const rows = await db('users as u')
    .join('grants as g', 'g.user_id', 'u.id')
    .join('regions as r', 'r.code', 'g.region')
    .leftJoin('regions as p', 'p.code', 'r.parent')
    .leftJoin('institutions as i', 'i.id', 'u.institution_id')
    .where({ 'u.demo': true, 'u.active': true })
    .distinctOn('u.id')
    .orderBy(['u.id', 'g.role'])
    .select('u.login', 'u.name', 'g.role', 'g.region', 'r.path', 'r.name_zh', 'r.name_en')
    .select({ parent_zh: 'p.name_zh', parent_en: 'p.name_en', institution: 'i.name' });
  return rows
    .sort(
      (a, b) =>
        Number(!a.institution) - Number(!b.institution) ||
        b.path.length - a.path.length ||
        -compare(a.path, b.path) ||
        compare(a.role, b.role) ||
        compare(a.login, b.login),
    )
    .map((row) => ({ login: row.login, name: row.name, role: row.role, region: row.region, workplace: toWorkplace(row) }));
}

type WorkplaceRow = { name_zh?: string; name_en?: string; parent_zh?: string; parent_en?: string; institution?: string };

export function toWorkplace(row: WorkplaceRow): Workplace {
  return {
    ...(row.name_zh ? { regionZh: row.name_zh } : {}),
    ...(row.name_en ? { regionEn: row.name_en } : {}),
    ...(row.parent_zh ? { parentZh: row.parent_zh } : {}),
    ...(row.parent_en ? { parentEn: row.parent_en } : {}),
    ...(row.institution ? { institution: row.institution } : {}),
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The name of an account, active or not; an id that is none gives a dash. */
export async function getUserName(db: Db, userId: string): Promise<string> {
  const row = await db('users').where({ id: userId }).first('name');
  return row?.name ?? '—';
}

/** Active people with a role in exactly this office. */
export async function listHolders(db: Db, role: string, region: string): Promise<string[]> {
  const rows = await db('grants_in_force as g')
    .join('users as u', 'u.id', 'g.user_id')
    .where({ 'g.role': role, 'g.region': region, 'u.active': true })
    .distinct('u.id')
    .orderBy('u.id');
  return rows.map((row) => row.id);
}

/** Before whom a late task is brought in the end: the supervisors (or `role`) of the office above, or the approvers of its own where there are none. */
export async function listSuperiors(
  db: Db,
  task: { office: string; office_path: string },
  role: 'supervisor' | 'approver' = 'supervisor',
): Promise<string[]> {
  const above = task.office_path.split('/').at(-2);
  const superiors = above ? await listHolders(db, role, above) : [];
  return superiors.length > 0 ? superiors : listHolders(db, 'approver', task.office);
}

/** Who works on a task: its holder or, while it has none, everybody who may decide it; nobody whom four eyes refuse it. */
export async function listWorkers(
  db: Db,
  task: { id: string; role: string; office: string; institution_id: string | null; claimed_by: string | null },
): Promise<string[]> {
  if (isOutsideRole(task.role)) return listInstitutionPeople(db, task.institution_id);
  const row: { signers: string[] } | undefined = await db('tasks').where({ id: task.id }).first('signers');
  const mayWork = (person: string): boolean => !row?.signers.includes(person);
  const people = task.claimed_by ? [task.claimed_by] : (await listHolders(db, task.role, task.office)).filter(mayWork);
  // Who is away is told as well, and does not answer: the substitute does.
  const standIns: string[] = await db('substitutions_in_force')
    .whereIn('principal', people)
    .where({ role: task.role, region: task.office })
    .orderBy('substitute')
    .pluck('substitute');
  return [...new Set([...people, ...standIns.filter(mayWork)])];
}

export async function listInstitutionPeople(db: Db, institutionId: string | null): Promise<string[]> {
  if (!institutionId) return [];
  const rows = await db('users').where({ institution_id: institutionId, active: true }).orderBy('id').select('id');
  return rows.map((row) => row.id);
}
