/**
 * Substitutes (代理, F09): an officer names another one of the same role for a period, or the supervisor does for one who is away. The substitute
 * works on the principal's tasks of that office and role, and on nothing else of the principal's. Whatever is signed counts for both.
 */
import { withinPaths } from '../regions.ts';
import { ConflictError, inputError, NotAllowedError, NotFoundError } from '../../workflows/domain/errors.ts';
import { addDays } from '../../workflows/domain/calendar/calendar.ts';
import { officerRoles, type Role } from '../../workflows/domain/roles.ts';
import { hasRoleAbove } from '../../workflows/domain/scope.ts';
import { businessToday } from '../calendar/instant.ts';
import type { Knex } from 'knex';
import { type Db, inTransaction, type Trx } from '../client.ts';
import { endDelegation } from '../protocol/holding/delegations.ts';
import { tell } from '../correspondence/tell.ts';
import { type IdempotentRequest, onceOnly } from '../protocol/idempotency.ts';
import { auditOutside, auditProcedure, lockProcedure } from '../protocol/procedures.ts';
import { afterPlace, cutPage, type TimePage, type TimePlace } from '../queries/time-pages.ts';
import type { Actor } from './users.ts';

/** The longest period of one substitution; what takes longer is a grant. */
export const longestSubstitutionDays = 184;

export type NewSubstitution = {
  /** The own account unless told. */
  principal?: string | undefined;
  substitute: string;
  role: Role;
  region: string;
  /** First and last day. */
  from: string;
  until: string;
  reason: string;
};

type Office = { code: string; path: string };

/** Throws InputError at the field that cannot be, NotAllowedError for who is neither the principal nor a supervisor of that office. */
export async function nameSubstitute(
  db: Db,
  actor: Actor,
  wanted: NewSubstitution,
  request?: IdempotentRequest,
): Promise<{ substitutionId: string; substitute: string }> {
  return onceOnly(db, request, async (trx) => {
    const principal = wanted.principal ?? actor.userId;
    const office: Office | undefined = await trx('regions').where({ code: wanted.region }).first('code', 'path');
    if (!office) throw inputError('region', 'substitution.notHeld');
    if (principal !== actor.userId && !hasRoleAbove(actor, office.path, 'supervisor')) throw new NotAllowedError('substitution.notYours');
    // Two that are named at once for the same person wait for each other here.
    const known = await trx('users').where({ id: principal, active: true }).forUpdate().first('id');
    const holds =
      known && (await trx('grants_in_force').where({ user_id: principal, role: wanted.role, region: office.code }).first('role'));
    if (!holds || !lendable(wanted.role)) throw inputError('role', 'substitution.notHeld');
    await requirePeriod(trx, wanted);
    const candidate = (await listCandidatesFor(trx, principal, wanted.role, office)).find(({ id }) => id === wanted.substitute);
    if (!candidate) throw inputError('substitute', 'substitution.otherRole');
    const overlap = await trx('substitutions')
      .where({ principal, substitute: wanted.substitute, role: wanted.role, region: office.code, revoked_at: null })
      .whereRaw('daterange(valid_from, valid_to) && daterange(cast(? as date), cast(? as date), ?)', [wanted.from, wanted.until, '[]'])
      .first('id');
    if (overlap) throw inputError('substitute', 'substitution.twice');
    const [row] = await trx('substitutions')
      .insert({
        principal,
        substitute: wanted.substitute,
        role: wanted.role,
        region: office.code,
        valid_from: wanted.from,
        valid_to: addDays(wanted.until, 1),
        reason: wanted.reason.trim(),
        named_by: actor.userId,
        named_at: trx.raw('business_now()'),
      })
      .returning<{ id: string }[]>('id');
    const id = row?.id ?? '';
    const { role, from, until, reason } = wanted;
    await auditOutside(trx, actor.userId, {
      act: 'substitution.name',
      subject: `account-${principal}`,
      detail: { substitution: id, substitute: wanted.substitute, role, region: office.code, from, until, reason },
    });
    await tell(trx, 'substitution.named', {
      people: [wanted.substitute, principal],
      actor: actor.userId,
      key: id,
      params: { from, until },
    });
    return { substitutionId: id, substitute: candidate.name };
  });
}

function lendable(role: Role): boolean {
  return (officerRoles as readonly Role[]).includes(role);
}

async function requirePeriod(trx: Trx, { from, until }: NewSubstitution): Promise<void> {
  const today = await businessToday(trx);
  if (from < today) throw inputError('from', 'substitution.past', { today });
  if (until < from) throw inputError('until', 'substitution.period');
  if (until > addDays(from, longestSubstitutionDays - 1))
    throw inputError('until', 'substitution.tooLong', { days: longestSubstitutionDays });
}

/** Ends a substitution at once; what the substitute has goes back to the principal. By the principal or a supervisor of that office. */
export async function revokeSubstitution(db: Db, actor: Actor, id: string, request?: IdempotentRequest): Promise<{ tasks: number }> {
  return onceOnly(db, request, async (trx) => {
    const found = await trx('substitutions as s').join('regions as r', 'r.code', 's.region').where('s.id', id).first('s.*', 'r.path');
    if (!found) throw new NotFoundError('substitution.unknown');
    if (found.principal !== actor.userId && !hasRoleAbove(actor, found.path, 'supervisor')) {
      if (found.substitute !== actor.userId) throw new NotFoundError('substitution.unknown');
      throw new NotAllowedError('substitution.notYours');
    }
    // Procedures first: the order in which every act takes its locks.
    const before = await giveBack(trx, actor, found);
    const ended = await trx('substitutions')
      .where({ id, revoked_at: null })
      .whereRaw('valid_to > business_today()')
      .update({ revoked_by: actor.userId, revoked_at: trx.raw('business_now()') });
    if (ended === 0) throw new ConflictError('substitution.over');
    // A claim that was under way holds the substitution, so it has committed by now.
    const tasks = before + (await giveBack(trx, actor, found));
    await auditOutside(trx, actor.userId, {
      act: 'substitution.revoke',
      subject: `account-${found.principal}`,
      detail: { substitution: id, substitute: found.substitute, role: found.role, region: found.region, tasks },
    });
    return { tasks };
  });
}

type Lent = { principal: string; substitute: string; role: string; region: string };

async function giveBack(trx: Trx, actor: Actor, { principal, substitute, role, region }: Lent): Promise<number> {
  const held = { claimed_by: substitute, claimed_for: principal, role, office: region, status: 'open' };
  const tasks = await trx('tasks').where(held).orderBy(['procedure_id', 'id']).select('id', 'procedure_id');
  let back = 0;
  for (const task of tasks) {
    const procedure = await lockProcedure(trx, task.procedure_id);
    const moved = await trx('tasks')
      .where({ ...held, id: task.id })
      .update({ claimed_by: principal, claimed_for: null, claimed_at: procedure.now });
    if (moved === 0) continue;
    const detail = { from: substitute, to: principal, cause: 'substitution.revoke' };
    await auditProcedure(trx, procedure, actor.userId, { act: 'task.reassign', subject: task.id, detail });
    back += 1;
  }
  return back;
}

const RETURNED_AT_ONCE = 200;

/**
 * Puts back into the queue what substitutes still have after the last day, or after one of the two lost the role: nobody else could take it from
 * them. On record, by nobody's hand. Returns how many.
 */
export async function returnEnded(db: Knex): Promise<number> {
  const { rows } = await db.raw<{ rows: { id: string; procedure_id: string }[] }>(
    `select t.id, t.procedure_id from tasks t where ${heldWithout} order by t.procedure_id, t.id limit ${RETURNED_AT_ONCE}`,
  );
  let back = 0;
  for (const { id, procedure_id: procedureId } of rows) {
    await inTransaction(db, async (trx) => {
      const procedure = await lockProcedure(trx, procedureId);
      const found = await trx.raw<{ rows: { claimed_by: string; delegated_to: string | null }[] }>(
        `select t.claimed_by, t.delegated_to from tasks t where t.id = ? and ${heldWithout} for update`,
        [id],
      );
      const held = found.rows[0];
      if (!held) return;
      await endDelegation(trx, procedure, { id, delegated_to: held.delegated_to });
      await trx('tasks').where({ id }).update({ claimed_by: null, claimed_for: null, claimed_at: null });
      const detail = { from: held.claimed_by, cause: 'substitution.over' };
      await auditProcedure(trx, procedure, undefined, { act: 'task.release', subject: id, detail });
      back += 1;
    });
  }
  return back;
}

/** An open task `t` that somebody has for a principal whose substitute they are not, or no longer. */
const heldWithout = `t.status = 'open' and t.claimed_for is not null
  and not exists (select from substitutions_in_force s
                   where s.principal = t.claimed_for and s.substitute = t.claimed_by and s.role = t.role and s.region = t.office)`;

export type PossibleSubstitute = { id: string; name: string; officeZh: string; officeEn: string; open: number };

/** Who could stand in: the same role in the same office or in one above it. */
export async function listCandidatesFor(db: Db, principal: string, role: Role, office: Office): Promise<PossibleSubstitute[]> {
  const { rows } = await db.raw<{ rows: PossibleSubstitute[] }>(
    `select u.id, u.name, min(r.name_zh) as "officeZh", min(r.name_en) as "officeEn",
            (select cast(count(*) as int) from tasks t where t.claimed_by = u.id and t.status = 'open') as open
       from grants_in_force g join users u on u.id = g.user_id and u.active join regions r on r.code = g.region
      where g.role = :role and u.id <> :principal and (:path = g.path or :path like g.path || '/%')
      group by u.id, u.name order by max(length(g.path)) desc, open, u.name`,
    { role, principal, path: office.path },
  );
  return rows;
}

export type SubstitutionLine = {
  id: string;
  principalId: string;
  principal: string;
  substituteId: string;
  substitute: string;
  role: Role;
  region: string;
  officeZh: string;
  officeEn: string;
  from: string;
  until: string;
  reason: string;
  namedBy: string;
  state: 'inForce' | 'future' | 'suspended';
};

/** What is in force or to come, the earliest first: of one person, as principal or substitute, or of every office below `paths`. */
export async function listSubstitutions(
  db: Db,
  { userId, paths = [], after, size }: TimePage & { userId?: string; paths?: readonly string[] },
): Promise<{ lines: SubstitutionLine[]; next: TimePlace | undefined }> {
  const begins = 'cast(s.valid_from as timestamptz)';
  const { rows } = await db.raw<{ rows: (SubstitutionLine & { place: string })[] }>(
    `select s.id, s.principal as "principalId", p.name as principal, s.substitute as "substituteId", u.name as substitute, s.role, s.region,
            r.name_zh as "officeZh", r.name_en as "officeEn", s.valid_from as "from", s.valid_to - 1 as until, s.reason, n.name as "namedBy",
            case when s.valid_from > business_today() then 'future'
                 when exists (select from substitutions_in_force f where f.id = s.id) then 'inForce' else 'suspended' end as state,
            cast(${begins} as text) as place
       from substitutions s join users p on p.id = s.principal join users u on u.id = s.substitute join users n on n.id = s.named_by
       join regions r on r.code = s.region
      where s.revoked_at is null and s.valid_to > business_today()
        and (s.principal = :userId or s.substitute = :userId
             or ${withinPaths('r.path')})
        and ${afterPlace({ at: begins, id: 's.id' }, after, 'oldest')}
      order by ${begins}, s.id limit :limit`,
    { userId: userId ?? null, paths: [...paths], ...after, limit: size + 1 },
  );
  return cutPage(rows, size);
}

export type Lending = { role: Role; region: string; path: string; officeZh: string; officeEn: string };

/** The roles of a person that can be lent; of somebody else only those within the supervisor's regions. Throws NotFoundError. */
export async function listLendings(db: Db, actor: Actor, principal: string): Promise<{ name: string; lendings: Lending[] }> {
  const person = await db('users').where({ id: principal, active: true }).first('name');
  const rows: Lending[] = await db('grants_in_force as g')
    .join('regions as r', 'r.code', 'g.region')
    .where('g.user_id', principal)
    .whereIn('g.role', officerRoles)
    .orderBy(['g.role', 'g.region'])
    .select('g.role', 'g.region', 'g.path', { officeZh: 'r.name_zh', officeEn: 'r.name_en' });
  const lendings = rows.filter(({ path }) => principal === actor.userId || hasRoleAbove(actor, path, 'supervisor'));
  if (!person || (lendings.length === 0 && principal !== actor.userId)) throw new NotFoundError('account.unknown');
  return { name: person.name, lendings };
}
