/** A class that stands in any stage, without Temporal: the steps that its procedure would take are taken by hand. All people are made up. */
import type { Knex } from 'knex';
import { trainingActs } from '../../../activities/training.ts';
import { setClock } from '../../../db/calendar/clock.ts';
import { closeDatabase, inTransaction, openDatabase } from '../../../db/client.ts';
import { getPolicyPack, savePolicyPack } from '../../../db/catalogue/policy-packs.ts';
import { lockProcedure, openProcedure, writeFact } from '../../../db/protocol/procedures.ts';
import { saveRegions } from '../../../db/regions.ts';
import { takeStep } from '../../../db/protocol/steps.ts';
import { getActor } from '../../../db/accounts/account-in-force.ts';
import type { Actor } from '../../../db/accounts/users.ts';
import { openVault, type Vault } from '../../../db/vault.ts';
import fujianPack from '../../../db/policy-packs/fujian-2022.json' with { type: 'json' };
import fujian from '../../../db/regions/fujian.json' with { type: 'json' };
import { birthDateOf, makeCard, makeId, makeUscc, maskAccount, maskId, maskPhone } from '../../../workflows/domain/people/identity.ts';
import { termsOf } from '../../../workflows/domain/policy/policy.ts';
import type { Ask, Place } from '../../../workflows/domain/procedures.ts';
import { freshDatabase } from '../servers.ts';
import type { OfficeAct } from '../../../workflows/domain/office-acts.ts';
import { findAct } from '../../../activities/acts.ts';

export const people = {
  school: { role: 'institution', institution: 'school' },
  rival: { role: 'institution', institution: 'rival' },
  assessor: { role: 'assessor', institution: 'assessor' },
  first: { role: 'first_reviewer', region: '350104' },
  approver: { role: 'approver', region: '350104' },
  inspector: { role: 'inspector', region: '350104' },
  elsewhere: { role: 'first_reviewer', region: '350102' },
} as const;
export type Who = keyof typeof people;

export type TrainingDatabase = {
  db: Knex;
  owner: Knex;
  vault: Vault;
  actors: Record<Who, Actor>;
  teachers: Record<'zhao' | 'sun' | 'electrician' | 'foreign', string>;
  venues: Record<'large' | 'small' | 'foreign', string>;
  plant(options?: Partial<PlantOptions>): Promise<PlantedClass>;
  /** Takes the next step of a class: acts of the training, then tasks. */
  step(planted: { procedureId: string }, stage: string, more?: { asks?: Ask[]; acts?: OfficeAct[]; cancels?: string[] }): Promise<Place>;
  at(instant: string): Promise<void>;
  close(): Promise<void>;
};

export type PlantOptions = { trainees: number; startDate: string; status: string; teacher: string; venue: string };
export type PlantedClass = {
  number: string;
  classId: string;
  procedureId: string;
  sessions: { id: string; day: string; half: string }[];
  enrolments: { id: string; seat: number; token: string }[];
};

export async function openTrainingDatabase(): Promise<TrainingDatabase> {
  const database = await freshDatabase();
  const db = openDatabase(database.url, { max: 10 });
  const owner = openDatabase(database.url, { owner: true, max: 2 });
  const vault = openVault({ keys: { k1: Buffer.alloc(32, 1) }, currentKid: 'k1', indexKey: Buffer.alloc(32, 2) });
  await inTransaction(db, async (trx) => {
    await saveRegions(trx, fujian);
    await savePolicyPack(trx, fujianPack);
    await setClock(trx, { at: new Date('2026-03-02T09:00:00+08:00'), speed: 1 });
  });
  const institutions = await plantInstitutions(db);
  const actors = await plantPeople(db, institutions);
  const { teachers, venues } = await plantMeans(db, institutions);
  const projectId = await plantProject(db);
  let serial = 0;

  return {
    db,
    owner,
    vault,
    actors,
    teachers,
    venues,
    plant: (options = {}) => {
      serial += 1;
      const chosen = { trainees: 4, startDate: '2026-03-16', status: 'in_review', teacher: teachers.zhao, venue: venues.large, ...options };
      return plantClass(db, vault, { serial, projectId, institutions, creator: actors.school.userId }, chosen);
    },
    async step({ procedureId }, stage, more = {}) {
      const row = await db('procedures').where({ id: procedureId }).first('step_no', 'fact_no');
      const input = {
        procedureId,
        stepNo: row.step_no + 1,
        appliedNo: row.fact_no,
        stage,
        step: stage,
        acts: more.acts ?? [],
        asks: more.asks ?? [],
        cancels: more.cancels ?? [],
        flags: {},
      };
      return takeStep(db, input, async (trx, procedure, { acts }) => {
        let flags = {};
        for (const act of acts) flags = { ...flags, ...(await findAct(trainingActs, act.act)?.({ trx, procedure, act, flags, vault })) };
        return flags;
      });
    },
    at: (instant) => setClock(owner, { at: new Date(instant), speed: 1 }),
    async close() {
      await closeDatabase(owner);
      await closeDatabase(db);
      await database.drop();
    },
  };
}

async function plantInstitutions(db: Knex): Promise<Record<string, string>> {
  const ids: Record<string, string> = {};
  for (const [serial, [key, kind]] of [
    ['school', 'training'],
    ['rival', 'training'],
    ['assessor', 'assessment'],
  ].entries()) {
    const row = {
      credit_code: makeUscc({ kind: '52', region: '350104', serial: serial + 70 }),
      name: `示范${key}`,
      kind,
      region: '350104',
    };
    ids[key as string] = (await db('institutions').insert(row).returning('id'))[0].id;
  }
  return ids;
}

async function plantPeople(db: Knex, institutions: Record<string, string>): Promise<Record<Who, Actor>> {
  const actors: Partial<Record<Who, Actor>> = {};
  for (const [login, person] of Object.entries(people)) {
    const institution = 'institution' in person ? institutions[person.institution] : null;
    const [user] = await db('users')
      .insert({ login, name: `测试${login}`, institution_id: institution, demo: true })
      .returning('id');
    await db('grants').insert({ user_id: user.id, role: person.role, region: 'region' in person ? person.region : '350104' });
    actors[login as Who] = await getActor(db, user.id);
  }
  return actors as Record<Who, Actor>;
}

async function plantMeans(db: Knex, institutions: Record<string, string>): Promise<Pick<TrainingDatabase, 'teachers' | 'venues'>> {
  const teacher = async (institution: string, name: string, occupations: string[]): Promise<string> =>
    (
      await db('teachers').insert({ institution_id: institutions[institution], name, qualification: '技师', occupations }).returning('id')
    )[0].id;
  const venue = async (institution: string, name: string, capacity: number): Promise<string> =>
    (await db('venues').insert({ institution_id: institutions[institution], name, address: name, capacity }).returning('id'))[0].id;
  const cook = ['中式烹调师'];
  return {
    teachers: {
      zhao: await teacher('school', '赵立新', cook),
      sun: await teacher('school', '孙丽华', cook),
      electrician: await teacher('school', '钱国梁', ['电工']),
      foreign: await teacher('rival', '周婉清', cook),
    },
    venues: { large: await venue('school', 'A201', 50), small: await venue('school', 'B1', 2), foreign: await venue('rival', 'C1', 50) },
  };
}

async function plantProject(db: Knex): Promise<string> {
  const project = {
    code: 'FJ-T-1',
    name: '中式烹调师（五级）',
    occupation: '中式烹调师',
    level: 5,
    kind: 'certificate',
    fund: 'employment_subsidy',
    department: '人社局',
    responsible: '职建科',
    region: '350000',
    hours_min: 20,
    valid_from: '2026-01-01',
  };
  return (await db('catalogue_projects').insert(project).returning('id'))[0].id;
}

type Base = { serial: number; projectId: string; institutions: Record<string, string>; creator: string };

/** Three days with a session in the morning and one in the afternoon, four hours each. */
async function plantClass(
  db: Knex,
  vault: Vault,
  { serial, projectId, institutions, creator }: Base,
  options: PlantOptions,
): Promise<PlantedClass> {
  const number = `350104-2026-9${String(serial).padStart(4, '0')}`;
  const procedureId = `class-${number}`;
  const days = [0, 1, 2].map((offset) => new Date(Date.parse(options.startDate) + offset * 86_400_000).toISOString().slice(0, 10));
  const endDate = days[2] ?? '';
  return inTransaction(db, async (trx) => {
    const assessor = institutions['assessor'] ?? '';
    const row = {
      number,
      institution_id: institutions['school'],
      project_id: projectId,
      region: '350104',
      pack_id: 'fujian-2022',
      title: `中式烹调师第${serial}期`,
      plan: '计划',
      start_date: options.startDate,
      end_date: endDate,
      venue_id: options.venue,
      assessor_id: assessor,
      status: options.status,
      created_by: creator,
    };
    const classId: string = (await trx('classes').insert(row).returning('id'))[0].id;
    const sessions = await trx('class_sessions')
      .insert(
        days.flatMap((day) =>
          ['morning', 'afternoon'].map((half) => ({
            class_id: classId,
            day,
            half,
            hours: 4,
            kind: half === 'morning' ? 'theory' : 'practice',
            topic: '刀工',
            teacher_id: options.teacher,
            venue_id: options.venue,
          })),
        ),
      )
      .returning(['id', 'day', 'half']);
    const enrolments: PlantedClass['enrolments'] = [];
    for (let seat = 1; seat <= options.trainees; seat += 1)
      enrolments.push(await plantTrainee(trx as unknown as Knex, vault, classId, serial, seat));
    const terms = termsOf(await getPolicyPack(trx, 'fujian-2022'));
    const amountFen = 70_000 * options.trainees;
    await openProcedure(trx, {
      id: procedureId,
      type: 'trainingClass',
      subjectId: classId,
      classId,
      region: '350104',
      institutionId: institutions['school'],
      number,
      title: row.title,
      institutionName: '示范学校',
      headcount: options.trainees,
      amountFen,
      terms,
      flags: { startDate: options.startDate, endDate, assessorId: assessor },
    });
    await writeFact(
      trx,
      await lockProcedure(trx, procedureId),
      { kind: 'submitted', actor: creator },
      { act: 'class.submit', subject: procedureId },
    );
    return { number, classId, procedureId, sessions, enrolments };
  });
}

async function plantTrainee(
  db: Knex,
  vault: Vault,
  classId: string,
  serial: number,
  seat: number,
): Promise<PlantedClass['enrolments'][number]> {
  const id = makeId({ region: '350104', birth: '19900101', serial: serial * 20 + seat });
  const phone = `1380000${String(serial).padStart(2, '0')}${String(seat).padStart(2, '0')}`;
  const account = makeCard({ serial: serial * 100 + seat });
  const index = vault.index('id', id);
  const [person] = await db('people')
    .insert({ id_index: index, id_sealed: 'sealed', id_masked: maskId(id), name: `学员${serial}之${seat}`, birth_date: birthDateOf(id) })
    .returning('id');
  const [enrolment] = await db('enrolments')
    .insert({
      class_id: classId,
      person_id: person.id,
      seat,
      group_code: 'rural_migrant',
      phone_sealed: 'sealed',
      phone_index: vault.index('phone', phone),
      phone_masked: maskPhone(phone),
      account_sealed: 'sealed',
      account_index: vault.index('account', account),
      account_masked: maskAccount(account),
      amount_fen: 70_000,
    })
    .returning('id');
  return { id: enrolment.id, seat, token: index.toString('hex') };
}
