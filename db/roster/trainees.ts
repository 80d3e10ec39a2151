/** Single people of a roster: added, changed or taken off on the page, taken over from an earlier class; by the same rules as a whole file. */
import type { Knex } from 'knex';
import { ConflictError, InputError, type Issue, NotFoundError } from '../../workflows/domain/errors.ts';
import type { Sex } from '../../workflows/domain/people/identity.ts';
import type { GroupCode } from '../../workflows/domain/policy/groups.ts';
import { type PolicyPack, rule } from '../../workflows/domain/policy/policy.ts';
import { checkAmong, type RosterField, type RosterRow, type RosterRules } from '../../workflows/domain/roster/roster.ts';
import type { ClassStatus } from '../../workflows/domain/classes/class.ts';
import type { Actor } from '../accounts/users.ts';
import { businessToday } from '../calendar/instant.ts';
import { getPolicyPack } from '../catalogue/policy-packs.ts';
import { type ClassRow, getOwnClass, type Saving } from '../classes/classes.ts';
import type { Db, Trx } from '../client.ts';
import { type IdempotentRequest, onceOnly } from '../protocol/idempotency.ts';
import { placeOf, type Vault } from '../vault.ts';
import { judge } from './roster-assessment.ts';
import { replaceRoster, type RosterEntry } from './roster.ts';
import { findingsOf, type RosterComparison } from './uploads.ts';

/** What a roster of a class is checked by. */
export async function rosterRules(db: Db, row: Pick<ClassRow, 'pack_id' | 'start_date'>): Promise<RosterRules> {
  const [pack, today] = await Promise.all([getPolicyPack(db, row.pack_id), businessToday(db)]);
  return { today, startDate: row.start_date ?? today, ageBounds: rule(pack, 'age'), maxTrainees: rule(pack, 'class.maxTrainees') };
}

export type TraineeForm = Readonly<Record<RosterField, string>>;
type Open = RosterEntry & { enrolment: string; status: string };

/** Everybody on a roster as an upload would give them, `row` being the seat. Open numbers: for acts and checks here, never for an answer. */
async function openRoster(db: Db, vault: Vault, classId: string): Promise<Open[]> {
  const rows = await db('enrolments as e')
    .join('people as p', 'p.id', 'e.person_id')
    .where('e.class_id', classId)
    .orderBy('e.seat')
    .select('e.id', 'e.seat', 'e.status', 'e.group_code', 'e.phone_sealed', 'e.bank_name', 'e.account_sealed', 'p.name', 'p.birth_date')
    .select({ person: 'p.id', id_sealed: 'p.id_sealed' });
  return rows.map((row) => ({
    row: row.seat,
    enrolment: row.id,
    status: row.status,
    name: row.name,
    idNumber: vault.open(placeOf('people', 'id_sealed', row.person), row.id_sealed),
    birthDate: row.birth_date,
    phone: vault.open(placeOf('enrolments', 'phone_sealed', row.id), row.phone_sealed),
    group: row.group_code,
    bank: row.bank_name,
    account: vault.open(placeOf('enrolments', 'account_sealed', row.id), row.account_sealed),
    remark: '',
  }));
}

/** Adds one person at the end. Throws InputError at the fields of the form. */
export async function addTrainee(
  db: Knex,
  vault: Vault,
  actor: Actor,
  number: string,
  given: TraineeForm,
  request?: IdempotentRequest,
): Promise<{ seat: number }> {
  return onceOnly(db, request, async (trx) => {
    const row = await getOwnClass(trx, actor, number, 'edit');
    const present = await openRoster(trx, vault, row.id);
    const [added] = await checked(trx, row, present, [given], (_at, field) => field);
    const seat = present.length + 1;
    await atFields(present.length, () =>
      replaceRoster(trx, vault, row, [...present, ...(added ? [added] : [])], { actor, act: 'class.trainee_add', detail: { seat } }),
    );
    return { seat };
  });
}

/** What a form says anew about a person; a number that it leaves out stays as it is. */
export type TraineeChange = Pick<TraineeForm, 'name' | 'group' | 'bank'> & {
  [field in 'idNumber' | 'phone' | 'account']?: string | undefined;
};

/** Saves one person in the own place. Throws InputError at the fields of the form, ConflictError `roster.notEnrolled`, `form.stale`. */
export async function saveTrainee(
  db: Knex,
  vault: Vault,
  actor: Actor,
  number: string,
  { id, given, version, request }: { id: string; given: TraineeChange } & Saving,
): Promise<{ seat: number }> {
  return onceOnly(db, request, async (trx) => {
    const row = await getOwnClass(trx, actor, number, 'edit');
    if (version !== undefined && version !== row.version) throw new ConflictError('form.stale');
    const present = await openRoster(trx, vault, row.id);
    const { at, person } = personAt(present, id);
    const whole = {
      name: given.name,
      group: given.group,
      bank: given.bank,
      idNumber: given.idNumber ?? person.idNumber,
      phone: given.phone ?? person.phone,
      account: given.account ?? person.account,
      remark: '',
    };
    const others = present.filter((other) => other !== person);
    const [saved] = await checked(trx, row, others, [whole], (_at, field) => field);
    const entries = present.map((other) => (other === person && saved ? { ...saved, enrolment: id } : other));
    await atFields(at, () =>
      replaceRoster(trx, vault, row, entries, { actor, act: 'class.trainee_save', detail: { seat: person.row, enrolment: id } }),
    );
    return { seat: person.row };
  });
}

/** Takes one person off the roster. Throws InputError where the list of corrections does not open it. */
export async function removeTrainee(
  db: Knex,
  vault: Vault,
  actor: Actor,
  number: string,
  { id, version, request }: { id: string } & Saving,
): Promise<{ seat: number }> {
  return onceOnly(db, request, async (trx) => {
    const row = await getOwnClass(trx, actor, number, 'edit');
    if (version !== undefined && version !== row.version) throw new ConflictError('form.stale');
    const present = await openRoster(trx, vault, row.id);
    const { person } = personAt(present, id);
    const others = present.filter((other) => other !== person);
    const line = { actor, act: 'class.trainee_remove', detail: { seat: person.row } };
    await atFields(others.length, () => replaceRoster(trx, vault, row, others, line));
    return { seat: person.row };
  });
}

function personAt(present: readonly Open[], id: string): { at: number; person: Open } {
  const at = present.findIndex((other) => other.enrolment === id);
  const person = present[at];
  if (!person) throw new NotFoundError('roster.personUnknown');
  if (person.status !== 'enrolled') throw new ConflictError('roster.notEnrolled');
  return { at, person };
}

/** By the rules of a sheet, beside the others. Throws InputError at the field that `name` gives. */
async function checked(
  trx: Trx,
  row: ClassRow,
  others: readonly RosterRow[],
  given: readonly TraineeForm[],
  name: (at: number, field: RosterField) => string,
): Promise<RosterRow[]> {
  const { trainees, errors } = checkAmong(others, given, await rosterRules(trx, row));
  if (errors.length > 0)
    throw new InputError(
      errors.map(({ row: at, field, code, params }): Issue => ({ field: field === 'roster' ? 'roster' : name(at, field), code, params })),
    );
  return trainees;
}

/** Errors of a whole roster told at the fields of one form: `trainees.<at>.phone` becomes `phone`. */
async function atFields<T>(at: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const own = `trainees.${at}.`;
    throw new InputError(
      error.issues.map((issue) => ({ ...issue, field: issue.field.startsWith(own) ? issue.field.slice(own.length) : 'roster' })),
    );
  }
}

export type EarlierClass = { number: string; title: string; status: ClassStatus; start_date: string | null; people: number };

const EARLIER_CLASSES = 100;

/** Other classes of the same institution that have people, newest first. */
export async function listEarlierClasses(db: Db, row: Pick<ClassRow, 'id' | 'institution_id'>): Promise<EarlierClass[]> {
  const { rows } = await db.raw<{ rows: EarlierClass[] }>(
    `select c.number, c.title, c.status, c.start_date, e.people
       from classes c cross join lateral (select count(*)::int as people from enrolments where class_id = c.id) e
      where c.institution_id = ? and c.id <> ? and e.people > 0 order by c.created_at desc, c.id desc limit ${EARLIER_CLASSES}`,
    [row.institution_id, row.id],
  );
  return rows;
}

export type EarlierPerson = {
  id: string;
  seat: number;
  name: string;
  idMasked: string;
  group: GroupCode;
  status: string;
  /** Whether the person is on the roster of this class already. */
  here: boolean;
  /** What the rules say against the person in this class. */
  findings: RosterComparison['added'][number]['findings'];
};

type EarlierRow = Omit<EarlierPerson, 'findings' | 'group'> & { person_id: string; group_code: GroupCode; birth_date: string; sex: Sex };

/** The people of another class of the same institution, each with what the rules say of them in this one. Throws NotFoundError. */
export async function listEarlierPeople(db: Db, row: ClassRow, pack: PolicyPack, from: string): Promise<EarlierPerson[]> {
  const { rows } = await db.raw<{ rows: EarlierRow[] }>(
    `select e.id, e.seat, e.status, e.person_id, e.group_code, p.birth_date, p.name, p.id_masked as "idMasked",
            coalesce(e.eligibility #>> '{facts,sex}', 'female') as sex,
            exists (select 1 from enrolments h where h.class_id = :classId and h.person_id = e.person_id) as here
       from classes c join enrolments e on e.class_id = c.id join people p on p.id = e.person_id
      where c.number = :from and c.institution_id = :institution and c.id <> :classId order by e.seat`,
    { from, institution: row.institution_id, classId: row.id },
  );
  if (rows.length === 0) throw new NotFoundError('class.unknown');
  const judged = await judge(db, row, pack, rows);
  return judged.map(({ trainee, verdict }) => ({
    id: trainee.id,
    seat: trainee.seat,
    name: trainee.name,
    idMasked: trainee.idMasked,
    group: trainee.group_code,
    status: trainee.status,
    here: trainee.here,
    findings: findingsOf(verdict),
  }));
}

/**
 * Takes people of another class of the same institution over, at the end of the roster; who is on it already is left out. Throws InputError at
 * `people.<enrolment>` with what a file would be refused for, NotFoundError.
 */
export async function takeTrainees(
  db: Knex,
  vault: Vault,
  actor: Actor,
  number: string,
  { from, people, request }: { from: string; people: readonly string[]; request?: IdempotentRequest | undefined },
): Promise<{ added: number }> {
  return onceOnly(db, request, async (trx) => {
    const row = await getOwnClass(trx, actor, number, 'edit');
    const source = await trx('classes').where({ number: from, institution_id: row.institution_id }).first('id');
    if (!source || source.id === row.id) throw new NotFoundError('class.unknown');
    const present = await openRoster(trx, vault, row.id);
    const here = new Set(present.map((person) => person.idNumber));
    const wanted = new Set(people);
    const chosen = (await openRoster(trx, vault, source.id)).filter((person) => wanted.has(person.enrolment));
    if (chosen.length !== wanted.size) throw new NotFoundError('roster.personUnknown');
    const coming = chosen.filter((person) => !here.has(person.idNumber));
    const at = (place: number): string => `people.${coming[place]?.enrolment}`;
    const added = await checked(trx, row, present, coming, at);
    try {
      await replaceRoster(trx, vault, row, [...present, ...added], {
        actor,
        act: 'class.roster_take',
        detail: { from, trainees: added.length },
      });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const place = (field: string): number => Number(field.split('.')[1]) - present.length;
      throw new InputError(error.issues.map((issue) => ({ ...issue, field: place(issue.field) >= 0 ? at(place(issue.field)) : 'roster' })));
    }
    return { added: added.length };
  });
}
