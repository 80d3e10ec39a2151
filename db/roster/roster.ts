/** The roster of a class: people under their real names, sealed, found by blind index, shown masked (N2). */
import type { Knex } from 'knex';
import { ConflictError, InputError, type Issue, NotAllowedError, NotFoundError } from '../../workflows/domain/errors.ts';
import { maskAccount, maskId, maskPhone, sexOf } from '../../workflows/domain/people/identity.ts';
import type { RosterRow } from '../../workflows/domain/roster/roster.ts';
import type { Role } from '../../workflows/domain/roles.ts';
import { requireReason } from '../../workflows/domain/reasons.ts';
import { hasRole, hasRoleAbove } from '../../workflows/domain/scope.ts';
import { stageOf } from '../../workflows/domain/tasks.ts';
import { type ClassRow, classProcedureId, findOpenedOf, getOwnClass } from '../classes/classes.ts';
import { changedFields, isOpen, type PersonField, type PersonThen } from '../../workflows/domain/classes/correction.ts';
import { type Opened, requireOpenParts, type TouchedField } from '../classes/corrections.ts';
import { type Db, inTransaction, type Trx } from '../client.ts';
import { type IdempotentRequest, onceOnly } from '../protocol/idempotency.ts';
import { getPolicyPack } from '../catalogue/policy-packs.ts';
import { auditOutside, auditProcedure, lockProcedure } from '../protocol/procedures.ts';
import { countAgain } from './headcount.ts';
import { isUuid, reviewFor, touchReviews } from '../classes/verifications.ts';
import { assessRoster } from './roster-assessment.ts';
import type { Actor } from '../accounts/users.ts';
import { placeOf, type Vault } from '../vault.ts';

type EnrolmentLine = {
  id: string;
  seat: number;
  group_code: string;
  phone_masked: string;
  bank_name: string;
  account_masked: string;
  status: 'enrolled' | 'dropped' | 'excluded';
  status_reason: string | null;
  eligibility: unknown;
  amount_fen: number | null;
  amount_trace: unknown;
  held_by: string | null;
};

/** Named one by one: sealed values and their indexes stay in the database unless they are asked for. */
const lineColumns = [
  'id',
  'seat',
  'group_code',
  'phone_masked',
  'bank_name',
  'account_masked',
  'status',
  'status_reason',
  'eligibility',
  'amount_fen',
  'amount_trace',
  'held_by',
] as const satisfies readonly (keyof EnrolmentLine)[];

/** A row with the enrolment whose place it takes, where that is known. */
export type RosterEntry = RosterRow & { enrolment?: string | undefined };

/**
 * Replaces the roster of a draft or of a class returned for correction, person by person: who did not change keeps verifications and
 * settlements, who was excluded by the office stays excluded. Returns how many are enrolled.
 * Throws InputError (`trainees.<n>.name`: the ID number is on record under another name; `trainees.<n>.<field>`: the list of corrections
 * does not open this person), ConflictError, NotFoundError.
 */
export async function saveRoster(
  db: Knex,
  vault: Vault,
  actor: Actor,
  number: string,
  trainees: readonly RosterRow[],
  request?: IdempotentRequest,
): Promise<number> {
  return onceOnly(db, request, async (trx) => {
    const row = await getOwnClass(trx, actor, number, 'edit');
    return replaceRoster(trx, vault, row, trainees, { actor, act: 'class.roster', detail: { trainees: trainees.length } });
  });
}

/** The same within a transaction that holds the class; `line` tells in the audit log what was done. */
export async function replaceRoster(
  trx: Trx,
  vault: Vault,
  row: ClassRow,
  trainees: readonly RosterEntry[],
  line: { actor: Actor; act: string; detail: Record<string, unknown> },
): Promise<number> {
  const opened = await findOpenedOf(trx, row);
  const present = await listPresent(trx, row.id);
  const placed = place(vault, trainees, present, opened);
  const kept = new Set(placed.map(({ before }) => before?.id));
  const gone = present.filter((person) => person.status === 'enrolled' && !kept.has(person.id));
  requireOpenParts(opened, rosterTouches(placed, gone));
  const people = await peopleFor(trx, vault, trainees, row.id);
  await leave(trx, gone);
  await keep(trx, vault, placed, people);
  if (!opened || isOpen(opened, { kind: 'person_added' })) await seat(trx, placed, present);
  const added = placed.filter(({ before }) => before === undefined);
  await enrol(trx, vault, row, added, people);
  await assessRoster(trx, row, await getPolicyPack(trx, row.pack_id));
  await trx('classes')
    .where({ id: row.id })
    .update({ version: row.version + 1 });
  await auditOutside(trx, line.actor.userId, { act: line.act, subject: classProcedureId(row.number), detail: line.detail });
  return placed.filter(({ before }) => before?.status !== 'excluded').length;
}

export type Present = PersonThen & { person_id: string };

export async function listPresent(trx: Trx, classId: string): Promise<Present[]> {
  const { rows } = await trx.raw<{ rows: Present[] }>(
    `select e.id, e.person_id, e.seat, e.status, p.name, p.id_masked as "idMasked", encode(p.id_index, 'hex') as "idMark", e.phone_masked as phone,
            encode(e.phone_index, 'hex') as "phoneMark", e.group_code as "group", e.bank_name as bank, e.account_masked as account,
            encode(e.account_index, 'hex') as "accountMark"
       from enrolments e join people p on p.id = e.person_id where e.class_id = ? order by e.seat`,
    [classId],
  );
  return rows;
}

/** A row of the upload with the person whose place it has. `at` counts the rows of the upload. */
type Placed = { at: number; trainee: RosterRow; before?: Present | undefined; changed: PersonField[] };

/** By identity. A number that was mistyped is set right in place: whoever the list names may come back under the same name with another number. */
function place(vault: Vault, trainees: readonly RosterEntry[], present: readonly Present[], opened: Opened | undefined): Placed[] {
  const marks = trainees.map((trainee) => vault.index('id', trainee.idNumber).toString('hex'));
  const byMark = new Map(present.map((person) => [person.idMark, person]));
  const byId = new Map(present.map((person) => [person.id, person]));
  const here = new Set(marks);
  const renumbered = new Map(
    present.filter((person) => !here.has(person.idMark) && isNamed(opened, person.id)).map((person) => [person.name, person]),
  );
  return trainees.map((trainee, at) => {
    const same = trainee.enrolment ? byId.get(trainee.enrolment) : byMark.get(marks[at] ?? '');
    const before = same ?? renumbered.get(trainee.name);
    if (!same) renumbered.delete(trainee.name);
    if (!before) return { at, trainee, changed: [] };
    const after = {
      ...before,
      name: trainee.name,
      idMark: marks[at] ?? '',
      phoneMark: vault.index('phone', trainee.phone).toString('hex'),
      group: trainee.group,
      bank: trainee.bank,
      accountMark: vault.index('account', trainee.account).toString('hex'),
    };
    return { at, trainee, before, changed: changedFields(before, after) };
  });
}

function isNamed(opened: Opened | undefined, enrolmentId: string): boolean {
  return opened?.parts.some((part) => part.kind === 'enrolment' && part.reference === enrolmentId) === true;
}

/** What the upload changes, told at its rows; who is missing from it is told by seat. */
function rosterTouches(placed: readonly Placed[], gone: readonly Present[]): TouchedField[] {
  return [
    ...placed.flatMap(({ at, before, changed }): TouchedField[] => {
      if (!before) return [{ field: `trainees.${at}.idNumber`, touch: { kind: 'person_added' }, code: 'correction.lockedPersonAdded' }];
      const touch = { kind: 'enrolment', reference: before.id } as const;
      return changed.map((field) => ({
        field: `trainees.${at}.${field}`,
        touch,
        code: 'correction.lockedPerson',
        params: { seat: before.seat },
      }));
    }),
    ...gone.map((person) => ({
      field: 'trainees',
      touch: { kind: 'enrolment' as const, reference: person.id },
      code: 'correction.lockedPersonGone',
      params: { seat: person.seat },
    })),
  ];
}

async function leave(trx: Trx, gone: readonly Present[]): Promise<void> {
  const ids = gone.map((person) => person.id);
  if (ids.length === 0) return;
  await trx('verifications').whereIn('enrolment_id', ids).delete();
  await trx('enrolments').whereIn('id', ids).delete();
}

/** Registers are asked again only about whom they were asked as somebody else: under another name or number, or in another group. */
const askedAnew: ReadonlySet<PersonField> = new Set(['name', 'idNumber', 'group']);

/** Those who stay. An excluded trainee is the office's affair and stays as it is. */
async function keep(trx: Trx, vault: Vault, placed: readonly Placed[], people: Map<string, string>): Promise<void> {
  const changed = placed.filter((entry) => entry.before?.status === 'enrolled' && entry.changed.length > 0);
  for (const { trainee, before } of changed) {
    const id = before?.id ?? '';
    await trx('enrolments')
      .where({ id })
      .update({ person_id: people.get(trainee.idNumber) ?? '', ...enrolmentColumns(vault, id, trainee) });
  }
  const anew = changed.filter((entry) => entry.changed.some((field) => askedAnew.has(field))).map(({ before }) => before?.id ?? '');
  await trx('verifications').whereIn('enrolment_id', anew).delete();
}

/** Seats follow the upload; whoever is excluded and not in it comes after. */
async function seat(trx: Trx, placed: readonly Placed[], present: readonly Present[]): Promise<void> {
  const kept = new Set(placed.map(({ before }) => before?.id));
  const others = present.filter((person) => person.status !== 'enrolled' && !kept.has(person.id));
  const seats = [
    ...placed.flatMap(({ at, before }) => (before ? [{ id: before.id, seat: at + 1 }] : [])),
    ...others.map((person, at) => ({ id: person.id, seat: placed.length + at + 1 })),
  ];
  await trx.raw(
    `update enrolments e set seat = s.seat from jsonb_to_recordset(cast(? as jsonb)) as s (id uuid, seat int) where e.id = s.id and e.seat <> s.seat`,
    [JSON.stringify(seats)],
  );
}

type KnownPerson = { id: string; index: string; name: string; elsewhere: boolean };

/**
 * One identity record per person. A name may be set right as long as no submitted class other than `own` and no earlier benefit rests on the record.
 */
export async function peopleFor(
  trx: Trx,
  vault: Vault,
  trainees: readonly Pick<RosterRow, 'name' | 'idNumber' | 'birthDate'>[],
  own?: string,
): Promise<Map<string, string>> {
  const ids = await freshIds(trx, trainees.length);
  const rows = trainees.map((trainee, at) => ({
    id: ids[at] ?? '',
    id_index: vault.index('id', trainee.idNumber),
    id_sealed: vault.seal(placeOf('people', 'id_sealed', ids[at] ?? ''), trainee.idNumber),
    id_masked: maskId(trainee.idNumber),
    name: trainee.name,
    birth_date: trainee.birthDate,
  }));
  // In the order of the index, so that two uploads with the same people wait for each other instead of deadlocking.
  const ordered = [...rows].sort((a, b) => Buffer.compare(a.id_index, b.id_index));
  for (let at = 0; at < ordered.length; at += 200) {
    await trx('people')
      .insert(ordered.slice(at, at + 200))
      .onConflict('id_index')
      .ignore();
  }
  const { rows: found } = await trx.raw<{ rows: KnownPerson[] }>(
    `select p.id, encode(p.id_index, 'hex') as index, p.name,
            exists (select 1 from enrolments e join classes c on c.id = e.class_id
                     where e.person_id = p.id and c.status <> 'draft' and c.id is distinct from cast(? as uuid))
            or exists (select 1 from prior_benefits b where b.person_id = p.id) as elsewhere
       from people p where p.id_index = any(?)`,
    [own ?? null, rows.map((person) => person.id_index)],
  );
  const known = new Map(found.map((person) => [person.index, person]));
  const issues: Issue[] = [];
  const people = new Map<string, string>();
  for (const [at, given] of rows.entries()) {
    const person = known.get(given.id_index.toString('hex'));
    if (!person) throw new NotFoundError('person.unknown');
    people.set(trainees[at]?.idNumber ?? '', person.id);
    if (person.name === given.name) continue;
    if (person.elsewhere) issues.push({ field: `trainees.${at}.name`, code: 'roster.otherName' });
    else await trx('people').where({ id: person.id }).update({ name: given.name });
  }
  if (issues.length > 0) throw new InputError(issues);
  return people;
}

async function enrol(trx: Trx, vault: Vault, row: ClassRow, added: readonly Placed[], people: Map<string, string>): Promise<void> {
  const ids = await freshIds(trx, added.length);
  const rows = added.map(({ at, trainee }, index) => {
    const id = ids[index] ?? '';
    return {
      id,
      class_id: row.id,
      person_id: people.get(trainee.idNumber) ?? '',
      seat: at + 1,
      ...enrolmentColumns(vault, id, trainee),
    };
  });
  for (let at = 0; at < rows.length; at += 200) await trx('enrolments').insert(rows.slice(at, at + 200));
}

/** What a row of the upload says about a trainee, sealed where it must be. The verdict is made anew afterwards; it needs the sex of the number. */
function enrolmentColumns(vault: Vault, id: string, trainee: RosterRow) {
  return {
    group_code: trainee.group,
    phone_sealed: vault.seal(placeOf('enrolments', 'phone_sealed', id), trainee.phone),
    phone_index: vault.index('phone', trainee.phone),
    phone_masked: maskPhone(trainee.phone),
    bank_name: trainee.bank,
    ...sealedAccount(vault, id, trainee.account),
    eligibility: JSON.stringify({ facts: { sex: sexOf(trainee.idNumber) } }),
  };
}

export async function freshIds(trx: Trx, count: number): Promise<string[]> {
  const { rows } = await trx.raw<{ rows: { id: string }[] }>('select gen_random_uuid() as id from generate_series(1, cast(? as int))', [
    count,
  ]);
  return rows.map((row) => row.id);
}

/** The columns of an account number: sealed, indexed, masked. */
export function sealedAccount(vault: Vault, enrolmentId: string, account: string) {
  return {
    account_sealed: vault.seal(placeOf('enrolments', 'account_sealed', enrolmentId), account),
    account_index: vault.index('account', account),
    account_masked: maskAccount(account),
  };
}

export type RosterLine = EnrolmentLine & { name: string; id_masked: string };

/** The roster with full names and masked numbers, as officers and the institution see it. */
export async function listRoster(db: Db, classId: string): Promise<RosterLine[]> {
  return db('enrolments as e')
    .join('people as p', 'p.id', 'e.person_id')
    .where('e.class_id', classId)
    .orderBy('e.seat')
    .select(...lineColumns.map((column) => `e.${column}`), 'p.name', 'p.id_masked');
}

/**
 * The roster for its institution to take along, which is put on record. Numbers stay masked: the institution gave them, and they leave the vault
 * only for those who reveal one for a purpose. Throws NotFoundError.
 */
export async function takeRosterAlong(db: Knex, actor: Actor, number: string, format: string): Promise<RosterLine[]> {
  return inTransaction(db, async (trx) => {
    const row = await trx<ClassRow>('classes').where({ number }).first();
    if (!row || row.institution_id !== actor.institutionId) throw new NotFoundError('class.unknown');
    const lines = await listRoster(trx, row.id);
    const detail = { format, trainees: lines.length };
    await auditOutside(trx, actor.userId, { act: 'roster.download', subject: classProcedureId(number), detail });
    return lines;
  });
}

const revealRoles: readonly Role[] = ['first_reviewer', 'second_reviewer', 'approver', 'inspector', 'auditor'];

/** Opens the identity number of one trainee for a stated purpose; every reveal is on record. */
export async function revealId(db: Knex, vault: Vault, actor: Actor, enrolmentId: string, purpose: string): Promise<string> {
  if (!hasRole(actor, ...revealRoles)) throw new NotAllowedError('roster.reveal');
  if (purpose.trim().length < 2) throw new ConflictError('roster.purpose');
  return inTransaction(db, async (trx) => {
    const row = await trx('enrolments as e')
      .join('people as p', 'p.id', 'e.person_id')
      .join('classes as c', 'c.id', 'e.class_id')
      .join('regions as r', 'r.code', 'c.region')
      .where('e.id', enrolmentId)
      .first('p.id', 'p.id_sealed', 'c.number', 'r.path');
    // The role that may reveal must itself hold in that region: another role there does not widen it.
    if (!row || !hasRoleAbove(actor, row.path, ...revealRoles)) {
      throw new NotFoundError('class.unknown');
    }
    await auditOutside(trx, actor.userId, {
      act: 'person.reveal',
      subject: classProcedureId(row.number),
      detail: { enrolment: enrolmentId, purpose: purpose.trim() },
    });
    return vault.open(placeOf('people', 'id_sealed', row.id), row.id_sealed);
  });
}

export type Exclusion = { procedureId: string; enrolmentId: string; reason: string; request?: IdempotentRequest | undefined };

/**
 * Takes a trainee off the class during the pre-training review (核减), with a reason. The others go on.
 * Throws InputError, NotFoundError, ConflictError (`checks.notInReview`, `checks.excluded`, `checks.lastOne`).
 */
export async function excludeEnrolment(
  db: Knex,
  actor: Actor,
  { procedureId, enrolmentId, reason, request }: Exclusion,
): Promise<{ headcount: number }> {
  requireReason(reason);
  return onceOnly(db, request, async (trx) => {
    const procedure = await lockProcedure(trx, procedureId);
    const task = await reviewFor(trx, actor, procedure);
    if (stageOf(task.step) !== 'pre_training') throw new ConflictError('checks.notInReview');
    const row = isUuid(enrolmentId)
      ? await trx('enrolments').where({ id: enrolmentId, class_id: procedure.class_id }).first('id', 'seat', 'status')
      : undefined;
    if (!row) throw new NotFoundError('checks.unknown');
    if (row.status !== 'enrolled') throw new ConflictError('checks.excluded');
    if ((procedure.headcount ?? 0) <= 1) throw new ConflictError('checks.lastOne');
    await trx('enrolments').where({ id: row.id }).update({ status: 'excluded', status_reason: reason.trim() });
    await countAgain(trx, procedure);
    await touchReviews(trx, procedure.id);
    const detail = { task: task.id, enrolment: row.id, seat: row.seat, reason: reason.trim() };
    await auditProcedure(trx, procedure, actor.userId, { act: 'enrolment.exclude', subject: procedure.id, detail });
    return { headcount: procedure.headcount ?? 0 };
  });
}
