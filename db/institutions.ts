/** The register of institutions (机构名录): entered and kept by catalogue officers; teachers and venues are kept by the institutions themselves. */
import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { ConflictError, InputError, inputError, type Issue, NotAllowedError, NotFoundError } from '../workflows/domain/errors.ts';
import {
  allowedInstitutionActs,
  type InstitutionAct,
  type InstitutionKind,
  type InstitutionStatus,
  keepsRegister,
  statusAfter,
} from '../workflows/domain/institutions.ts';
import { requireReason } from '../workflows/domain/reasons.ts';
import { hasRole } from '../workflows/domain/scope.ts';
import type { Db, Trx } from './client.ts';
import { type IdempotentRequest, onceOnly } from './protocol/idempotency.ts';
import { auditOutside } from './protocol/procedures.ts';
import type { Actor } from './accounts/users.ts';
import { maskPhone, plainPhone } from '../workflows/domain/people/identity.ts';
import { placeOf, type Vault } from './vault.ts';

export type InstitutionRow = {
  id: string;
  credit_code: string;
  name: string;
  kind: InstitutionKind;
  region: string;
  licence_scope: string[];
  credit_grade: string;
  contact: string | null;
  contact_phone_masked: string | null;
  status: InstitutionStatus;
  version: number;
};

export type TeacherRow = {
  id: string;
  no: number;
  institution_id: string;
  name: string;
  qualification: string;
  occupations: string[];
  active: boolean;
  version: number;
};
export type VenueRow = {
  id: string;
  no: number;
  institution_id: string;
  name: string;
  address: string;
  capacity: number;
  equipment: string;
  active: boolean;
  version: number;
};

export type InstitutionEntry = {
  creditCode: string;
  name: string;
  kind: InstitutionKind;
  region: string;
  licenceScope: string[];
  creditGrade: string;
  contact?: string | undefined;
  /** Mobile phone of the contact person; sealed. */
  contactPhone?: string | undefined;
};
export type TeacherEntry = { name: string; qualification: string; occupations: string[]; active: boolean };
export type VenueEntry = { name: string; address: string; capacity: number; equipment: string; active: boolean };

/** `version`: refuses to overwrite what somebody else saved meanwhile. */
export type Saving = { version?: number | undefined; request?: IdempotentRequest | undefined };

/** The columns of a telephone number of a contact person. */
export function sealContactPhone(
  vault: Vault,
  institutionId: string,
  given: string | undefined,
): { contact_phone_sealed: string | null; contact_phone_masked: string | null } {
  if (!given) return { contact_phone_sealed: null, contact_phone_masked: null };
  const phone = plainPhone(given);
  const place = placeOf('institutions', 'contact_phone_sealed', institutionId);
  return { contact_phone_sealed: vault.seal(place, phone), contact_phone_masked: maskPhone(phone) };
}

/** Subject of an institution's own audit lines. */
export function institutionSubject(creditCode: string): string {
  return `institution-${creditCode}`;
}

/**
 * Enters an institution on the register (入库登记). The audit line is the officer's signature under it.
 * Throws InputError at the fields: code known already, region unknown or outside the officer's own.
 */
export async function registerInstitution(
  db: Knex,
  vault: Vault,
  actor: Actor,
  entry: InstitutionEntry,
  request?: IdempotentRequest,
): Promise<{ creditCode: string }> {
  if (!hasRole(actor, 'catalogue_officer')) throw new NotAllowedError('role');
  return onceOnly(db, request, async (trx) => {
    const issues: Issue[] = [];
    const region = await trx('regions').where({ code: entry.region }).first('path');
    if (!region) issues.push({ field: 'region', code: 'region.unknown' });
    else if (!keepsRegister(actor, region.path)) issues.push({ field: 'region', code: 'institution.regionOutside' });
    const known = await trx('institutions').where({ credit_code: entry.creditCode }).first('name');
    if (known) issues.push(registeredIssue(known.name));
    if (issues.length > 0) throw new InputError(issues);
    const id = randomUUID();
    const inserted = await trx('institutions')
      .insert({
        id,
        ...sealContactPhone(vault, id, entry.contactPhone),
        credit_code: entry.creditCode,
        name: entry.name,
        kind: entry.kind,
        region: entry.region,
        licence_scope: entry.licenceScope,
        credit_grade: entry.creditGrade,
        contact: entry.contact ?? null,
        created_at: trx.raw('business_now()'),
      })
      .onConflict('credit_code')
      .ignore()
      .returning('id');
    // Somebody entered the same code between the question and the answer.
    if (inserted.length === 0) throw new InputError([registeredIssue(entry.name)]);
    const { kind, region: code, licenceScope, creditGrade, name } = entry;
    await audit(trx, actor, entry.creditCode, 'institution.register', { name, kind, region: code, licenceScope, creditGrade });
    return { creditCode: entry.creditCode };
  });
}

function registeredIssue(name: string): Issue {
  return { field: 'creditCode', code: 'institution.registered', params: { name } };
}

/** Without a telephone number the one on record stays, unless it is to be removed. */
export type LicenceEntry = Pick<InstitutionEntry, 'name' | 'licenceScope' | 'creditGrade' | 'contact' | 'contactPhone'> & {
  removePhone?: boolean | undefined;
};

/** Corrects the licence data of an institution on the register: code, kind and region stay. Returns the new version. */
export async function saveLicence(
  db: Knex,
  vault: Vault,
  actor: Actor,
  creditCode: string,
  entry: LicenceEntry,
  { version, request }: Saving = {},
): Promise<{ version: number }> {
  return onceOnly(db, request, async (trx) => {
    const row = await lockKept(trx, actor, creditCode);
    requireVersion(row, version);
    const phone = entry.contactPhone || entry.removePhone ? sealContactPhone(vault, row.id, entry.contactPhone) : {};
    const after = { name: entry.name, licence_scope: entry.licenceScope, credit_grade: entry.creditGrade, contact: entry.contact ?? null };
    await trx('institutions')
      .where({ id: row.id })
      .update({ ...after, ...phone, version: row.version + 1 });
    // Who to call is nobody's business in a log: only that it changed.
    const { contact, ...shown } = after;
    await audit(trx, actor, creditCode, 'institution.save', {
      ...changesOf(row, shown),
      ...(contact === row.contact ? {} : { contactChanged: true }),
      ...(Object.keys(phone).length === 0 ? {} : { phoneChanged: true }),
    });
    return { version: row.version + 1 };
  });
}

export type Move = Saving & { act: InstitutionAct; reason: string };

/** Suspends, restores or removes an institution, with the reason on record. Throws ConflictError where the status does not allow it. */
export async function moveInstitution(
  db: Knex,
  actor: Actor,
  creditCode: string,
  { act, reason, version, request }: Move,
): Promise<{ status: InstitutionStatus; version: number }> {
  return onceOnly(db, request, async (trx) => {
    const row = await lockKept(trx, actor, creditCode);
    if (!allowedInstitutionActs(row.status).includes(act)) throw new ConflictError('institution.notNow', { status: row.status });
    requireVersion(row, version);
    requireReason(reason);
    const status = statusAfter[act];
    await trx('institutions')
      .where({ id: row.id })
      .update({ status, version: row.version + 1 });
    await audit(trx, actor, creditCode, `institution.${act}`, { reason: reason.trim(), from: row.status });
    return { status, version: row.version + 1 };
  });
}

/** Adds a teacher to the own institution. Returns the number on the register. */
export async function addTeacher(
  db: Knex,
  actor: Actor,
  creditCode: string,
  entry: TeacherEntry,
  request?: IdempotentRequest,
): Promise<{ no: number; version: number }> {
  return onceOnly(db, request, async (trx) => {
    const row = await lockOwn(trx, actor, creditCode);
    requireWithin(row, entry.occupations);
    await requireNewTeacher(trx, row.id, entry);
    const [added] = await trx<TeacherRow>('teachers')
      .insert({ institution_id: row.id, ...entry })
      .returning(['no', 'version']);
    if (!added) throw new NotFoundError('teacher.unknown');
    await audit(trx, actor, creditCode, 'teacher.add', { ...entry, no: added.no });
    return { no: added.no, version: added.version };
  });
}

/** Saves a teacher. Whoever stands in the timetable of a submitted class keeps the name: another teacher is a change (变更) of the class. */
export async function saveTeacher(
  db: Knex,
  actor: Actor,
  creditCode: string,
  no: number,
  entry: TeacherEntry,
  { version, request }: Saving = {},
): Promise<{ no: number; version: number }> {
  return onceOnly(db, request, async (trx) => {
    const institution = await lockOwn(trx, actor, creditCode);
    const row = await trx<TeacherRow>('teachers').where({ no, institution_id: institution.id }).forUpdate().first();
    if (!row) throw new NotFoundError('teacher.unknown');
    requireVersion(row, version);
    requireWithin(institution, entry.occupations, row.occupations);
    if (entry.name !== row.name) {
      if (await servesClass(trx, 'teacher_id', row.id)) throw inputError('name', 'teacher.nameFixed');
      await requireNewTeacher(trx, institution.id, entry);
    }
    await trx('teachers')
      .where({ id: row.id })
      .update({ ...entry, version: row.version + 1 });
    await audit(trx, actor, creditCode, 'teacher.save', { no, name: entry.name, ...changesOf(row, entry) });
    return { no, version: row.version + 1 };
  });
}

/** Nobody teaches what the licence does not cover; what was on record before the licence changed may stay. */
function requireWithin(institution: InstitutionRow, occupations: readonly string[], kept: readonly string[] = []): void {
  const outside = occupations.filter((occupation) => !institution.licence_scope.includes(occupation) && !kept.includes(occupation));
  if (outside.length > 0) throw inputError('occupations', 'teacher.outsideScope', { occupations: outside.join('、') });
}

/** Two teachers of one name are told apart by their numbers; the very same entry twice is a slip. */
async function requireNewTeacher(trx: Trx, institutionId: string, entry: TeacherEntry): Promise<void> {
  const twin = await trx('teachers')
    .where({ institution_id: institutionId, name: entry.name, qualification: entry.qualification, active: true })
    .first('no');
  if (twin) throw inputError('name', 'teacher.twice', { no: twin.no });
}

/** Adds a venue to the own institution. Returns the number on the register. */
export async function addVenue(
  db: Knex,
  actor: Actor,
  creditCode: string,
  entry: VenueEntry,
  request?: IdempotentRequest,
): Promise<{ no: number; version: number }> {
  return onceOnly(db, request, async (trx) => {
    const row = await lockOwn(trx, actor, creditCode);
    await requireNewVenue(trx, row.id, entry);
    const [added] = await trx<VenueRow>('venues')
      .insert({ institution_id: row.id, ...entry })
      .returning(['no', 'version']);
    if (!added) throw new NotFoundError('venue.unknown');
    await audit(trx, actor, creditCode, 'venue.add', { ...entry, no: added.no });
    return { no: added.no, version: added.version };
  });
}

/** Saves a venue. One that a submitted class uses keeps name and address: another place is a change (变更) of the class. */
export async function saveVenue(
  db: Knex,
  actor: Actor,
  creditCode: string,
  no: number,
  entry: VenueEntry,
  { version, request }: Saving = {},
): Promise<{ no: number; version: number }> {
  return onceOnly(db, request, async (trx) => {
    const institution = await lockOwn(trx, actor, creditCode);
    const row = await trx<VenueRow>('venues').where({ no, institution_id: institution.id }).forUpdate().first();
    if (!row) throw new NotFoundError('venue.unknown');
    requireVersion(row, version);
    const moved = (['name', 'address'] as const).filter((field) => entry[field] !== row[field]);
    if (moved.length > 0 && (await servesClass(trx, 'venue_id', row.id)))
      throw new InputError(moved.map((field) => ({ field, code: 'venue.placeFixed' })));
    if (moved.includes('name')) await requireNewVenue(trx, institution.id, entry);
    await trx('venues')
      .where({ id: row.id })
      .update({ ...entry, version: row.version + 1 });
    await audit(trx, actor, creditCode, 'venue.save', { no, name: entry.name, ...changesOf(row, entry) });
    return { no, version: row.version + 1 };
  });
}

async function requireNewVenue(trx: Trx, institutionId: string, entry: VenueEntry): Promise<void> {
  const twin = await trx('venues').where({ institution_id: institutionId, name: entry.name, active: true }).first('no');
  if (twin) throw inputError('name', 'venue.twice', { no: twin.no });
}

/** Whether a class that was ever submitted holds sessions with this teacher or in this venue. */
export async function servesClass(db: Db, column: 'teacher_id' | 'venue_id', id: string): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `select 1 from class_sessions s join classes c on c.id = s.class_id where s.${column} = :id and c.status <> 'draft'
     ${column === 'venue_id' ? `union all select 1 from classes c where c.venue_id = :id and c.status <> 'draft'` : ''} limit 1`,
    { id },
  );
  return rows.length > 0;
}

/** Locks the register entry for an officer who keeps it. Throws NotFoundError, NotAllowedError. */
async function lockKept(trx: Trx, actor: Actor, creditCode: string): Promise<InstitutionRow> {
  const row = await lockInstitution(trx, creditCode);
  const region = await trx('regions').where({ code: row.region }).first('path');
  if (!keepsRegister(actor, region?.path ?? '-')) throw new NotAllowedError('institution.notKept');
  return row;
}

/** Locks the register entry for its own people. Throws NotFoundError, NotAllowedError. */
async function lockOwn(trx: Trx, actor: Actor, creditCode: string): Promise<InstitutionRow> {
  const row = await lockInstitution(trx, creditCode);
  if (actor.institutionId !== row.id || !hasRole(actor, 'institution', 'assessor')) throw new NotAllowedError('institution.notOwn');
  if (row.status === 'removed') throw new ConflictError('institution.notNow', { status: row.status });
  return row;
}

async function lockInstitution(trx: Trx, creditCode: string): Promise<InstitutionRow> {
  const row = await trx<InstitutionRow>('institutions').where({ credit_code: creditCode }).forNoKeyUpdate().first();
  if (!row) throw new NotFoundError('institution.unknown');
  return row;
}

function requireVersion(row: { version: number }, version: number | undefined): void {
  if (version !== undefined && version !== row.version) throw new ConflictError('form.stale');
}

/** What changes, field by field, as it was and as it is. */
function changesOf<T extends object>(before: object, after: T): { before: Partial<T>; after: Partial<T> } {
  const was = before as Record<string, unknown>;
  const changed = Object.entries(after).filter(([field, value]) => JSON.stringify(was[field]) !== JSON.stringify(value));
  return {
    before: Object.fromEntries(changed.map(([field]) => [field, was[field]])) as Partial<T>,
    after: Object.fromEntries(changed) as Partial<T>,
  };
}

async function audit(trx: Trx, actor: Actor, creditCode: string, act: string, detail: Record<string, unknown>): Promise<void> {
  await auditOutside(trx, actor.userId, { act, subject: institutionSubject(creditCode), detail });
}
