/** The roster of a class: people under their real names, sealed, found by blind index, shown masked (N2). */
import type { Knex } from 'knex';
import { judgeEligibility } from '../workflows/domain/eligibility.ts';
import { ConflictError, NotAllowedError, NotFoundError } from '../workflows/domain/errors.ts';
import { ageOn, birthDateOf, maskAccount, maskId, maskPhone, sexOf } from '../workflows/domain/identity.ts';
import type { PolicyPack } from '../workflows/domain/policy.ts';
import type { RosterRow } from '../workflows/domain/roster.ts';
import { type ClassRow, classProcedureId, getOwnClass } from './classes.ts';
import { type Db, inTransaction, type Trx } from './client.ts';
import { getPolicyPack } from './policy-packs.ts';
import { auditOutside } from './procedures.ts';
import type { Actor } from './users.ts';
import { placeOf, type Vault } from './vault.ts';

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

/** Replaces the roster of a draft or of a class returned for correction. Returns how many are enrolled. */
export async function saveRoster(db: Knex, vault: Vault, actor: Actor, number: string, trainees: readonly RosterRow[]): Promise<number> {
  return inTransaction(db, async (trx) => {
    const row = await getOwnClass(trx, actor, number, 'edit');
    const pack = await getPolicyPack(trx, row.pack_id);
    await trx('verifications').whereIn('enrolment_id', trx('enrolments').where({ class_id: row.id }).select('id')).delete();
    await trx('enrolments').where({ class_id: row.id }).delete();
    for (const [at, trainee] of trainees.entries()) await enrol(trx, vault, row, pack, trainee, at + 1);
    await trx('classes').where({ id: row.id }).update({ version: row.version + 1 });
    await auditOutside(trx, actor.userId, { act: 'class.roster', subject: classProcedureId(number), detail: { trainees: trainees.length } });
    return trainees.length;
  });
}

async function enrol(trx: Trx, vault: Vault, row: ClassRow, pack: PolicyPack, trainee: RosterRow, seat: number): Promise<void> {
  const person = await personFor(trx, vault, trainee);
  const { rows } = await trx.raw<{ rows: { id: string }[] }>('select gen_random_uuid() as id');
  const id = rows[0]?.id ?? '';
  const verdict = judgeEligibility(pack, {
    date: row.start_date ?? person.today,
    age: ageOn(person.birth_date, row.start_date ?? person.today),
    sex: sexOf(trainee.id),
    group: trainee.group,
    groupEvidence: 'document',
    ...(await projectOf(trx, row.project_id)),
    prior: await priorBenefits(trx, person.id),
  });
  await trx('enrolments').insert({
    id,
    class_id: row.id,
    person_id: person.id,
    seat,
    group_code: trainee.group,
    phone_sealed: vault.seal(placeOf('enrolments', 'phone_sealed', id), trainee.phone),
    phone_index: vault.index('phone', trainee.phone),
    phone_masked: maskPhone(trainee.phone),
    bank_name: trainee.bank ?? '',
    ...sealedAccount(vault, id, trainee.account),
    eligibility: JSON.stringify(verdict),
  });
}

/** The columns of an account number: sealed, indexed, masked. */
export function sealedAccount(vault: Vault, enrolmentId: string, account: string) {
  return {
    account_sealed: vault.seal(placeOf('enrolments', 'account_sealed', enrolmentId), account),
    account_index: vault.index('account', account),
    account_masked: maskAccount(account),
  };
}

async function personFor(trx: Trx, vault: Vault, trainee: RosterRow): Promise<{ id: string; birth_date: string; today: string }> {
  const index = vault.index('id', trainee.id);
  const { rows } = await trx.raw<{ rows: { id: string; today: string }[] }>('select gen_random_uuid() as id, business_today() as today');
  const fresh = rows[0] ?? { id: '', today: '' };
  await trx('people')
    .insert({
      id: fresh.id,
      id_index: index,
      id_sealed: vault.seal(placeOf('people', 'id_sealed', fresh.id), trainee.id),
      id_masked: maskId(trainee.id),
      name: trainee.name,
      birth_date: birthDateOf(trainee.id),
    })
    .onConflict('id_index')
    .ignore();
  const person = await trx('people').where({ id_index: index }).first('id', 'birth_date');
  return { id: person.id, birth_date: person.birth_date, today: fresh.today };
}

async function projectOf(trx: Trx, projectId: string): Promise<{ occupation: string; level?: number }> {
  const project = await trx('catalogue_projects').where({ id: projectId }).first('occupation', 'level');
  return { occupation: project?.occupation ?? '', ...(project?.level ? { level: project.level } : {}) };
}

/** What the person was paid before: recorded from earlier years (N3) and paid here. */
async function priorBenefits(trx: Trx, personId: string): Promise<{ year: number; occupation: string; level?: number; number?: string }[]> {
  const { rows } = await trx.raw<{ rows: { year: number; occupation: string; level: number | null; number: string | null }[] }>(
    `select year, occupation, level, null as number from prior_benefits where person_id = :personId
     union all
     select cast(extract(year from coalesce(l.paid_at, c.start_date)) as int), p.occupation, p.level, c.number
       from payment_lines l join classes c on c.id = l.class_id join catalogue_projects p on p.id = c.project_id
      where l.person_id = :personId and l.status not in ('excluded')`,
    { personId },
  );
  return rows.map((row) => ({ year: row.year, occupation: row.occupation, ...(row.level ? { level: row.level } : {}), ...(row.number ? { number: row.number } : {}) }));
}

export type RosterLine = EnrolmentRow & { name: string; id_masked: string };

/** The roster with full names and masked numbers, as officers and the institution see it. */
export async function listRoster(db: Db, classId: string): Promise<RosterLine[]> {
  return db('enrolments as e').join('people as p', 'p.id', 'e.person_id').where('e.class_id', classId).orderBy('e.seat').select('e.*', 'p.name', 'p.id_masked');
}

const revealRoles = ['first_reviewer', 'second_reviewer', 'approver', 'inspector', 'auditor'];

/** Opens the identity number of one trainee for a stated purpose; every reveal is on record. */
export async function revealId(db: Knex, vault: Vault, actor: Actor, enrolmentId: string, purpose: string): Promise<string> {
  if (!actor.grants.some((grant) => revealRoles.includes(grant.role))) throw new NotAllowedError('roster.reveal');
  if (purpose.trim().length < 2) throw new ConflictError('roster.purpose');
  return inTransaction(db, async (trx) => {
    const row = await trx('enrolments as e')
      .join('people as p', 'p.id', 'e.person_id')
      .join('classes as c', 'c.id', 'e.class_id')
      .join('regions as r', 'r.code', 'c.region')
      .where('e.id', enrolmentId)
      .first('p.id', 'p.id_sealed', 'c.number', 'r.path');
    if (!row || !actor.grants.some((grant) => row.path === grant.path || row.path.startsWith(`${grant.path}/`))) throw new NotFoundError('class.unknown');
    await auditOutside(trx, actor.userId, { act: 'person.reveal', subject: classProcedureId(row.number), detail: { enrolment: enrolmentId, purpose: purpose.trim() } });
    return vault.open(placeOf('people', 'id_sealed', row.id), row.id_sealed);
  });
}
