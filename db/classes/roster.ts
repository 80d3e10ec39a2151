/** The roster of a class: people under their real names, sealed, found by blind index, shown masked (N2). */
import type { Knex } from 'knex';
import { ConflictError, InputError, type Issue, NotAllowedError, NotFoundError } from '../../workflows/domain/errors.ts';
import { maskAccount, maskId, maskPhone, sexOf } from '../../workflows/domain/identity.ts';
import type { RosterRow } from '../../workflows/domain/training/roster.ts';
import type { Role } from '../../workflows/domain/roles.ts';
import { requireReason } from '../../workflows/domain/reasons.ts';
import { hasRole, hasRoleAbove } from '../../workflows/domain/scope.ts';
import { stageOf } from '../../workflows/domain/tasks.ts';
import { type ClassRow, classProcedureId, getOwnClass } from './classes.ts';
import { type Db, inTransaction, type Trx } from '../client.ts';
import { type IdempotentRequest, onceOnly } from '../protocol/idempotency.ts';
import { getPolicyPack } from '../policy-packs.ts';
import { auditOutside, auditProcedure, lockProcedure } from '../protocol/procedures.ts';
import { countAgain } from './headcount.ts';
import { isUuid, reviewFor, touchReviews } from './verifications.ts';
import { assessRoster } from './roster-assessment.ts';
import type { Actor } from '../users.ts';
import { placeOf, type Vault } from '../vault.ts';

export type EnrolmentRow = {
  id: string;
  class_id: string;
  person_id: string;
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

/**
 * Replaces the roster of a draft or of a class returned for correction. Returns how many are enrolled.
 * Throws InputError (`trainees.<n>.name`: the ID number is on record under another name), ConflictError, NotFoundError.
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
    await trx('verifications')
      .whereIn('enrolment_id', trx('enrolments').where({ class_id: row.id }).select('id'))
      .delete();
    await trx('enrolments').where({ class_id: row.id }).delete();
    const people = await peopleFor(trx, vault, trainees);
    if (trainees.length > 0) await enrol(trx, vault, row, trainees, people);
    await assessRoster(trx, row, await getPolicyPack(trx, row.pack_id));
    await trx('classes')
      .where({ id: row.id })
      .update({ version: row.version + 1 });
    await auditOutside(trx, actor.userId, {
      act: 'class.roster',
      subject: classProcedureId(number),
      detail: { trainees: trainees.length },
    });
    return trainees.length;
  });
}

type KnownPerson = { id: string; index: string; name: string; elsewhere: boolean };

/** One identity record per person. A name may be set right as long as no submitted class and no earlier benefit rests on the record. */
export async function peopleFor(
  trx: Trx,
  vault: Vault,
  trainees: readonly Pick<RosterRow, 'name' | 'idNumber' | 'birthDate'>[],
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
            exists (select 1 from enrolments e join classes c on c.id = e.class_id where e.person_id = p.id and c.status <> 'draft')
            or exists (select 1 from prior_benefits b where b.person_id = p.id) as elsewhere
       from people p where p.id_index = any(?)`,
    [rows.map((row) => row.id_index)],
  );
  const known = new Map(found.map((person) => [person.index, person]));
  const issues: Issue[] = [];
  const people = new Map<string, string>();
  for (const [at, row] of rows.entries()) {
    const person = known.get(row.id_index.toString('hex'));
    if (!person) throw new NotFoundError('person.unknown');
    people.set(trainees[at]?.idNumber ?? '', person.id);
    if (person.name === row.name) continue;
    if (person.elsewhere) issues.push({ field: `trainees.${at}.name`, code: 'roster.otherName' });
    else await trx('people').where({ id: person.id }).update({ name: row.name });
  }
  if (issues.length > 0) throw new InputError(issues);
  return people;
}

async function enrol(trx: Trx, vault: Vault, row: ClassRow, trainees: readonly RosterRow[], people: Map<string, string>): Promise<void> {
  const ids = await freshIds(trx, trainees.length);
  const rows = trainees.map((trainee, at) => {
    const id = ids[at] ?? '';
    return {
      id,
      class_id: row.id,
      person_id: people.get(trainee.idNumber) ?? '',
      seat: at + 1,
      group_code: trainee.group,
      phone_sealed: vault.seal(placeOf('enrolments', 'phone_sealed', id), trainee.phone),
      phone_index: vault.index('phone', trainee.phone),
      phone_masked: maskPhone(trainee.phone),
      bank_name: trainee.bank,
      ...sealedAccount(vault, id, trainee.account),
      eligibility: JSON.stringify({ facts: { sex: sexOf(trainee.idNumber) } }),
    };
  });
  for (let at = 0; at < rows.length; at += 200) await trx('enrolments').insert(rows.slice(at, at + 200));
}

async function freshIds(trx: Trx, count: number): Promise<string[]> {
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

export type RosterLine = EnrolmentRow & { name: string; id_masked: string };

/** The roster with full names and masked numbers, as officers and the institution see it. */
export async function listRoster(db: Db, classId: string): Promise<RosterLine[]> {
  return db('enrolments as e')
    .join('people as p', 'p.id', 'e.person_id')
    .where('e.class_id', classId)
    .orderBy('e.seat')
    .select('e.*', 'p.name', 'p.id_masked');
}

const KEPT_FOR = `interval '1 hour'`;

/** Keeps the annotated file of a refused roster for an hour, sealed: it holds what was uploaded. Returns its id. */
export async function keepRejection(db: Knex, vault: Vault, actor: Actor, classId: string, annotated: Buffer): Promise<string> {
  return inTransaction(db, async (trx) => {
    await trx('roster_rejections').whereRaw(`created_at < now() - ${KEPT_FOR}`).delete();
    const [id = ''] = await freshIds(trx, 1);
    await trx('roster_rejections').insert({
      id,
      class_id: classId,
      created_by: actor.userId,
      annotated_sealed: vault.seal(placeOf('roster_rejections', 'annotated_sealed', id), annotated.toString('base64')),
    });
    return id;
  });
}

/** The annotated file, for the institution that uploaded it. Throws NotFoundError, also after the hour. */
export async function getRejection(db: Db, vault: Vault, actor: Actor, number: string, id: string): Promise<Buffer> {
  const row = await db('roster_rejections as j')
    .join('classes as c', 'c.id', 'j.class_id')
    .where({ 'j.id': id, 'c.number': number, 'c.institution_id': actor.institutionId ?? null })
    .whereRaw(`j.created_at >= now() - ${KEPT_FOR}`)
    .first('j.annotated_sealed');
  if (!row) throw new NotFoundError('roster.rejectionGone');
  return Buffer.from(vault.open(placeOf('roster_rejections', 'annotated_sealed', id), row.annotated_sealed), 'base64');
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
