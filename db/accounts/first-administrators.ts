/** The people without whom nobody could ever sign in: one system administrator and two security administrators, while there is no administrator yet. */
import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { administratorRoles, type AdministratorRole } from '../../workflows/domain/roles.ts';
import { insertAccount } from './accounts.ts';
import { inTransaction, type Trx } from '../client.ts';
import { auditOutside } from '../protocol/procedures.ts';
import { type RegionSeed, saveRegions } from '../regions.ts';
import fujian from '../regions/fujian.json' with { type: 'json' };
import municipality from '../regions/municipality.json' with { type: 'json' };
import { hashToken } from './sessions.ts';
import { issueSetupLink } from './setup-links.ts';

export type FirstPerson = { login: string; name: string };
export type FirstAdministrators = { region: string; system: FirstPerson; security: readonly FirstPerson[] };
export type FirstLink = { login: string; name: string; role: AdministratorRole; token: string };

const trees: readonly RegionSeed[] = [fujian, municipality];
const LOCK = 72_103;

/**
 * Makes them and returns their set-up links, which are shown nowhere else. As long as none of the first administrators has set a
 * password, running it again replaces their links and makes nobody. Throws Error with a plain sentence otherwise.
 */
export async function createFirstAdministrators(db: Knex, wanted: FirstAdministrators): Promise<FirstLink[]> {
  return inTransaction(db, async (trx) => {
    await trx.raw('select pg_advisory_xact_lock(?)', [LOCK]);
    const there = await trx('grants as g')
      .join('users as u', 'u.id', 'g.user_id')
      .whereIn('g.role', [...administratorRoles])
      .orderBy('g.id')
      .select('u.id', 'u.login', 'u.name', 'u.password_hash', 'u.demo', 'g.role');
    if (there.some((row) => row.demo || row.password_hash !== null))
      throw new Error('There are administrators already: they make every other account, on the pages.');
    const people = there.length > 0 ? there.map(({ id, login, name, role }) => ({ id, login, name, role })) : await makePeople(trx, wanted);
    const links: FirstLink[] = [];
    for (const { id, login, name, role } of people) {
      const token = randomBytes(32).toString('base64url');
      await issueSetupLink(trx, { userId: id, shownHash: hashToken(token), issuedBy: undefined });
      await auditOutside(trx, undefined, { act: 'account.first', subject: `account-${id}`, detail: { login, role } });
      links.push({ login, name, role, token });
    }
    return links;
  });
}

async function makePeople(trx: Trx, { region, system, security }: FirstAdministrators) {
  if (security.length !== 2) throw new Error('Name exactly two security administrators: grants need two of them.');
  await requireRegion(trx, region);
  const people: { id: string; login: string; name: string; role: AdministratorRole }[] = [];
  const named = [
    { ...system, role: 'system_admin' as const },
    ...security.map((person) => ({ ...person, role: 'security_admin' as const })),
  ];
  for (const { login, name, role } of named) {
    const id = await insertAccount(trx, { login, name, email: null, locale: 'zh-CN', region, institutionId: null });
    await trx('grants').insert({ user_id: id, role, region });
    people.push({ id, login, name, role });
  }
  return people;
}

/** Puts the tree of the region on record when the database has none yet. */
async function requireRegion(trx: Trx, region: string): Promise<void> {
  if (await trx('regions').where({ code: region }).first('code')) return;
  const tree = trees.find(({ regions }) => regions.some(({ code }) => code === region));
  if (!tree) throw new Error(`There is no region ${region}: load its tree first.`);
  await saveRegions(trx, tree);
}
