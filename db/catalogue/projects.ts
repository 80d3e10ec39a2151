/** The catalogue of subsidised projects (N11) as the catalogue officer keeps it: entered, revised by a new version, ended; never edited. */
import { ConflictError, inputError, NotFoundError } from '../../workflows/domain/errors.ts';
import type { Fund } from '../../workflows/domain/policy/policy.ts';
import { isWithin } from '../../workflows/domain/scope.ts';
import { pathsOf } from '../accounts/accounts.ts';
import type { Db, Trx } from '../client.ts';
import { type IdempotentRequest, onceOnly } from '../protocol/idempotency.ts';
import { auditOutside } from '../protocol/procedures.ts';
import type { Actor } from '../accounts/users.ts';
import type { ProjectKind } from '../views/projects.ts';

export type ProjectEntry = {
  name: string;
  occupation: string;
  /** 5 = junior worker … 1 = senior technician; absent for a single ability. */
  level?: number | undefined;
  kind: ProjectKind;
  fund: Fund;
  /** In charge (主管部门), and who answers for it there. */
  department: string;
  responsible: string;
  region: string;
  hoursMin: number;
  validFrom: string;
  /** First day on which no class can be opened from it. */
  validTo?: string | undefined;
};

/** `version`: the one that the reviser saw. */
type Saving = { version?: number | undefined; request?: IdempotentRequest | undefined };

/** Throws InputError where the code is taken or the region lies outside the own. */
export async function addProject(
  db: Db,
  actor: Actor,
  { code, ...entry }: ProjectEntry & { code: string },
  request?: IdempotentRequest,
): Promise<{ code: string; version: number }> {
  return onceOnly(db, request, async (trx) => {
    await requireOwnRegion(trx, actor, entry.region);
    const known = await trx('catalogue_projects').where({ code }).first('id');
    if (known || !(await insertProject(trx, actor, { ...entry, code, version: 1 }))) throw inputError('code', 'project.taken');
    await auditOutside(trx, actor.userId, { act: 'project.add', subject: `project-${code}`, detail: { version: 1, ...entry } });
    return { code, version: 1 };
  });
}

/** The next version, from a day that is not over; the one before it ends there. Classes keep the version that they were opened from. */
export async function reviseProject(
  db: Db,
  actor: Actor,
  { code, ...entry }: ProjectEntry & { code: string },
  { version: seen, request }: Saving = {},
): Promise<{ code: string; version: number }> {
  return onceOnly(db, request, async (trx) => {
    const latest = await lockLatest(trx, actor, code, seen);
    await requireOwnRegion(trx, actor, entry.region);
    const today = await todayOf(trx);
    if (entry.validFrom < today) throw inputError('validFrom', 'project.past', { today });
    if (entry.validFrom <= latest.valid_from) throw inputError('validFrom', 'project.beforeLast', { from: latest.valid_from });
    const ends = latest.valid_to !== null && latest.valid_to < entry.validFrom ? latest.valid_to : entry.validFrom;
    await trx('catalogue_projects').where({ id: latest.id }).update({ valid_to: ends });
    const version = latest.version + 1;
    if (!(await insertProject(trx, actor, { ...entry, code, version }))) throw new ConflictError('form.stale');
    await auditOutside(trx, actor.userId, { act: 'project.revise', subject: `project-${code}`, detail: { version, ...entry } });
    return { code, version };
  });
}

/** No class can be opened from it from `validTo` on; those that are open go on. */
export async function endProject(
  db: Db,
  actor: Actor,
  { code, validTo, reason }: { code: string; validTo: string; reason: string },
  { version: seen, request }: Saving = {},
): Promise<{ validTo: string }> {
  return onceOnly(db, request, async (trx) => {
    const latest = await lockLatest(trx, actor, code, seen);
    const today = await todayOf(trx);
    if (latest.valid_to !== null && latest.valid_to <= today) throw new ConflictError('project.ended', { day: latest.valid_to });
    if (validTo < today) throw inputError('validTo', 'project.past', { today });
    if (validTo < latest.valid_from) throw inputError('validTo', 'project.period');
    if (latest.valid_to !== null && validTo > latest.valid_to) throw inputError('validTo', 'project.afterEnd', { day: latest.valid_to });
    await trx('catalogue_projects')
      .where({ id: latest.id })
      .update({ valid_to: validTo, ended_by: actor.userId, ended_at: trx.raw('business_now()'), end_reason: reason });
    await auditOutside(trx, actor.userId, {
      act: 'project.end',
      subject: `project-${code}`,
      detail: { version: latest.version, validTo, reason },
    });
    return { validTo };
  });
}

async function insertProject(trx: Trx, actor: Actor, entry: ProjectEntry & { code: string; version: number }): Promise<boolean> {
  const inserted = await trx('catalogue_projects')
    .insert({
      code: entry.code,
      version: entry.version,
      name: entry.name,
      occupation: entry.occupation,
      level: entry.level ?? null,
      kind: entry.kind,
      fund: entry.fund,
      department: entry.department,
      responsible: entry.responsible,
      region: entry.region,
      hours_min: entry.hoursMin,
      valid_from: entry.validFrom,
      valid_to: entry.validTo ?? null,
      entered_by: actor.userId,
      entered_at: trx.raw('business_now()'),
    })
    .onConflict(['code', 'version'])
    .ignore()
    .returning('id');
  return inserted.length > 0;
}

/** A project is offered in its own region and below it. */
export const inCatalogueOf = `region in (select unnest(string_to_array(r.path, '/')) from institutions i join regions r on r.code = i.region where i.id = ?)`;

type LatestRow = { id: string; version: number; region: string; valid_from: string; valid_to: string | null };

/** The newest version, its code locked, for the catalogue officer of its region. Throws ConflictError `form.stale` where it is not the one `seen`. */
async function lockLatest(trx: Trx, actor: Actor, code: string, seen: number | undefined): Promise<LatestRow> {
  // Not the row: who waited for its lock would not see the version that came meanwhile.
  await trx.raw('select pg_advisory_xact_lock(hashtext(?))', [`project-${code}`]);
  const row: LatestRow | undefined = await trx('catalogue_projects').where({ code }).orderBy('version', 'desc').first();
  if (!row) throw new NotFoundError('project.unknown');
  const region = await trx('regions').where({ code: row.region }).first('path');
  if (!isOwn(actor, region?.path ?? '')) throw new NotFoundError('project.unknown');
  if (seen !== undefined && seen !== row.version) throw new ConflictError('form.stale');
  return row;
}

async function requireOwnRegion(trx: Trx, actor: Actor, code: string): Promise<void> {
  const region = await trx('regions').where({ code }).first('path');
  if (!region || !isOwn(actor, region.path)) throw inputError('region', 'region.outside');
}

/** Whether this catalogue officer keeps the projects of a region. */
export function isOwn(actor: Actor, regionPath: string): boolean {
  return pathsOf(actor, 'catalogue_officer').some((path) => isWithin(regionPath, path));
}

async function todayOf(trx: Trx): Promise<string> {
  const { rows } = await trx.raw<{ rows: { today: string }[] }>('select business_today() as today');
  return rows[0]?.today ?? '';
}
