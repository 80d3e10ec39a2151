/** A small province for tests of the counters: region tree, pack, people of two counties, a class with timetable and roster, and procedures that stand at a task. */
import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { hashToken } from '../../../api/http/security.ts';
import { inTransaction } from '../../../db/client.ts';
import { setClock } from '../../../db/calendar/clock.ts';
import fujianPack from '../../../db/policy-packs/fujian-2022.json' with { type: 'json' };
import { savePolicyPack } from '../../../db/catalogue/policy-packs.ts';
import { lockProcedure, openProcedure, writeFact } from '../../../db/protocol/procedures.ts';
import fujian from '../../../db/regions/fujian.json' with { type: 'json' };
import { saveRegions } from '../../../db/regions.ts';
import { addSession } from '../../../db/accounts/sessions.ts';
import { takeStep } from '../../../db/protocol/steps.ts';
import { getActor } from '../../../db/accounts/account-in-force.ts';
import type { Actor } from '../../../db/accounts/users.ts';
import { placeOf, type Vault } from '../../../db/vault.ts';
import { maskId, makeId, makeUscc } from '../../../workflows/domain/people/identity.ts';
import { termsOf } from '../../../workflows/domain/policy/policy.ts';
import { readPolicyPack } from '../../../workflows/domain/policy/policy-reader.ts';
import type { Ask, ProcedureType } from '../../../workflows/domain/procedures.ts';
import { review } from './asks.ts';
import type { Role } from '../../../workflows/domain/roles.ts';

/** The morning on which these cases begin: Monday, 2 March 2026. */
export const casesBegin = new Date('2026-03-02T09:00:00+08:00');
export const county = { code: '350104', path: '350000/350100/350104' };

const people: readonly { login: string; name: string; role: Role; region: string }[] = [
  { login: 'first-1', name: '周明', role: 'first_reviewer', region: '350104' },
  { login: 'first-2', name: '李静', role: 'first_reviewer', region: '350104' },
  { login: 'second-1', name: '王涛', role: 'second_reviewer', region: '350104' },
  { login: 'approve-1', name: '郑国栋', role: 'approver', region: '350104' },
  { login: 'inspect-1', name: '吴海燕', role: 'inspector', region: '350104' },
  { login: 'supervise-1', name: '陈岚', role: 'supervisor', region: '350104' },
  { login: 'city-supervise-1', name: '林志远', role: 'supervisor', region: '350100' },
  { login: 'other-first-1', name: '黄丽', role: 'first_reviewer', region: '350102' },
  { login: 'other-supervise-1', name: '何彬', role: 'supervisor', region: '350102' },
  { login: 'audit-1', name: '许清', role: 'auditor', region: '350100' },
];

export type Cases = {
  institutionId: string;
  classId: string;
  classNumber: string;
  actor(login: string): Promise<Actor>;
  token(login: string): Promise<string>;
  /** A procedure that has taken its first step with these asks. Returns its id and the ids of its tasks. */
  open(
    asks?: Ask[],
    more?: {
      type?: ProcedureType;
      region?: string;
      title?: string;
      institution?: string;
      stage?: string;
      headcount?: number;
      amountFen?: number;
      id?: string;
    },
  ): Promise<{ id: string; taskIds: string[] }>;
};

export const firstReview: Ask = { ...review, workingDays: 3 };

/** Loads everything into an empty, migrated database. */
export async function openCases(db: Knex, vault: Vault): Promise<Cases> {
  await saveRegions(db, fujian);
  await savePolicyPack(db, fujianPack);
  await setClock(db, { at: casesBegin, speed: 1 });
  const pack = readPolicyPack(fujianPack);
  const institutionId = await insertInstitution(
    db,
    '仓山示范技工学校',
    'training',
    makeUscc({ kind: '52', region: '350104', serial: 901 }),
  );
  const assessorId = await insertInstitution(
    db,
    '福州职业技能评价中心',
    'assessment',
    makeUscc({ kind: '91', region: '350100', serial: 902 }),
  );
  for (const person of people) await insertPerson(db, person);
  await insertPerson(db, { login: 'school-1', name: '吴建平', role: 'institution', region: '350104' }, institutionId);
  await insertPerson(db, { login: 'assess-1', name: '卫雪莲', role: 'assessor', region: '350100' }, assessorId);
  const { classId, classNumber } = await insertClass(db, vault, institutionId, assessorId);
  let serial = 0;

  async function actor(login: string): Promise<Actor> {
    return getActor(db, (await db('users').where({ login }).first('id')).id);
  }

  return {
    institutionId,
    classId,
    classNumber,
    actor,
    async token(login) {
      const token = randomBytes(32).toString('base64url');
      const user = await db('users').where({ login }).first('id');
      await addSession(db, { idHash: hashToken(token), csrfToken: 'csrf', userId: user.id, ip: '127.0.0.1', userAgent: 'test' });
      return token;
    },
    async open(asks = [firstReview], more = {}) {
      serial += 1;
      const number = `${more.region ?? county.code}-2026-${String(serial).padStart(5, '0')}`;
      const id = more.id ?? `class-${number}`;
      await inTransaction(db, async (trx) => {
        await openProcedure(trx, {
          id,
          type: more.type ?? 'trainingClass',
          subjectId: classId,
          classId,
          region: more.region ?? county.code,
          institutionId,
          number,
          title: more.title ?? `中式烹调师（五级）第 ${serial} 期`,
          institutionName: more.institution ?? '仓山示范技工学校',
          headcount: more.headcount ?? 3,
          amountFen: more.amountFen ?? 210_000,
          terms: termsOf(pack),
          flags: { startDate: '2026-04-06', endDate: '2026-04-17', assessorId },
        });
        await writeFact(
          trx,
          await lockProcedure(trx, id),
          { kind: 'submitted' },
          { act: 'class.submit', subject: id, detail: { headcount: 3 } },
        );
      });
      const [stage = 'pre_training', step = ''] = (asks[0]?.step ?? '').split('.');
      await takeStep(
        db,
        { procedureId: id, stepNo: 1, appliedNo: 1, stage: more.stage ?? stage, step, acts: [], asks, cancels: [], flags: { reviewAt: 0 } },
        async () => ({}),
      );
      return { id, taskIds: asks.map((ask) => `${id}/${ask.step}/1`) };
    },
  };
}

async function insertInstitution(db: Knex, name: string, kind: string, creditCode: string): Promise<string> {
  const [row] = await db('institutions')
    .insert({ name, kind, credit_code: creditCode, region: '350104', licence_scope: ['中式烹调师', '电工'], credit_grade: 'A' })
    .returning('id');
  return row.id;
}

async function insertPerson(db: Knex, person: (typeof people)[number], institutionId?: string): Promise<void> {
  const [row] = await db('users')
    .insert({
      login: person.login,
      name: person.name,
      institution_id: institutionId ?? null,
      email: `${person.login}@example.invalid`,
      demo: true,
    })
    .returning('id');
  await db('grants').insert({ user_id: row.id, role: person.role, region: person.region });
}

const topics = ['职业道德与食品安全', '刀工基础', '热菜烹调', '面点基础', '营养配餐', '综合实训'];

async function insertClass(
  db: Knex,
  vault: Vault,
  institutionId: string,
  assessorId: string,
): Promise<{ classId: string; classNumber: string }> {
  const classNumber = '350104-2026-00001';
  const [project] = await db('catalogue_projects')
    .insert({
      code: 'T-1',
      name: '中式烹调师（五级）',
      occupation: '中式烹调师',
      level: 5,
      kind: 'certificate',
      fund: 'employment_subsidy',
      department: '人力资源和社会保障局',
      responsible: '职业能力建设科',
      region: '350000',
      hours_min: 60,
      valid_from: '2026-01-01',
    })
    .returning('id');
  const teachers = await db('teachers')
    .insert(
      ['赵立新', '孙丽华'].map((name) => ({
        institution_id: institutionId,
        name,
        qualification: '技师、职业技能培训教师证',
        occupations: ['中式烹调师'],
      })),
    )
    .returning('id');
  const [venue] = await db('venues')
    .insert({ institution_id: institutionId, name: '烹饪实训室', address: '仓山区建新镇 12 号', capacity: 50, equipment: '灶位 26' })
    .returning('id');
  const author = await db('users').where({ login: 'school-1' }).first('id');
  const base = {
    institution_id: institutionId,
    project_id: project.id,
    region: county.code,
    pack_id: fujianPack.id,
    start_date: '2026-04-06',
    end_date: '2026-04-17',
    created_by: author.id,
  };
  const [row] = await db('classes')
    .insert({
      ...base,
      number: classNumber,
      title: '中式烹调师（五级）第 11 期',
      plan: '面向农村转移就业劳动者，两周脱产。',
      venue_id: venue.id,
      assessor_id: assessorId,
      status: 'in_review',
    })
    .returning('id');
  const [rival] = await db('classes')
    .insert({ ...base, number: '350104-2026-00002', title: '面点班', status: 'ready' })
    .returning('id');
  const days = ['2026-04-07', '2026-04-08', '2026-04-09', '2026-04-10', '2026-04-13', '2026-04-14', '2026-04-15', '2026-04-16'];
  const sessions = days.flatMap((day, at) =>
    (['morning', 'afternoon'] as const).map((half) => ({
      class_id: row.id,
      day,
      half,
      hours: 4,
      kind: half === 'morning' && at < 7 ? 'theory' : 'practice',
      topic: topics[at % topics.length],
      teacher_id: teachers[at % 2]?.id,
      venue_id: venue.id,
    })),
  );
  await db('class_sessions').insert(sessions);
  const [otherVenue] = await db('venues')
    .insert({ institution_id: institutionId, name: '面点教室', address: '仓山区', capacity: 30 })
    .returning('id');
  await db('class_sessions').insert({
    class_id: rival.id,
    day: '2026-04-08',
    half: 'morning',
    hours: 4,
    kind: 'theory',
    topic: '面点',
    teacher_id: teachers[1]?.id,
    venue_id: otherVenue.id,
  });
  await insertRoster(db, vault, row.id);
  return { classId: row.id, classNumber };
}

const trainees = [
  { name: '林小燕', id: makeId({ region: '350104', birth: '1990-03-07', serial: 122 }), group: 'rural_migrant', eligible: true },
  { name: '张建军', id: makeId({ region: '350104', birth: '1988-05-12', serial: 351 }), group: 'registered_unemployed', eligible: true },
  { name: '王建国', id: makeId({ region: '350104', birth: '1974-11-06', serial: 353 }), group: 'registered_unemployed', eligible: false },
];

async function insertRoster(db: Knex, vault: Vault, classId: string): Promise<void> {
  for (const [at, trainee] of trainees.entries()) {
    const { rows } = await db.raw('select gen_random_uuid() as person, gen_random_uuid() as enrolment');
    const { person, enrolment } = rows[0];
    await db('people').insert({
      id: person,
      id_index: vault.index('id', trainee.id),
      id_sealed: vault.seal(placeOf('people', 'id_sealed', person), trainee.id),
      id_masked: maskId(trainee.id),
      name: trainee.name,
      birth_date: `${trainee.id.slice(6, 10)}-${trainee.id.slice(10, 12)}-${trainee.id.slice(12, 14)}`,
    });
    const quota = {
      rule: 'quota',
      passed: trainee.eligible,
      source: '国办发〔2019〕24号',
      sourced: true,
      ...(trainee.eligible ? {} : { code: 'eligibility.quota', params: { year: 2026, count: 3, max: 3 } }),
    };
    await db('enrolments').insert({
      id: enrolment,
      class_id: classId,
      person_id: person,
      seat: at + 1,
      group_code: trainee.group,
      phone_sealed: vault.seal(placeOf('enrolments', 'phone_sealed', enrolment), '13800000000'),
      phone_index: vault.index('phone', '13800000000'),
      phone_masked: '138****0000',
      bank_name: '中国农业银行',
      account_sealed: vault.seal(placeOf('enrolments', 'account_sealed', enrolment), '6228480000000000'),
      account_index: vault.index('account', '6228480000000000'),
      account_masked: '6228****0000',
      eligibility: JSON.stringify({
        packId: fujianPack.id,
        eligible: trainee.eligible,
        facts: {},
        hits: [{ rule: 'age', passed: true, source: '省厅通知', sourced: true }, quota],
      }),
      amount_fen: 70_000,
      amount_trace: JSON.stringify({
        packId: fujianPack.id,
        amountFen: 70_000,
        formula: '¥700.00 × 100% = ¥700.00',
        standardFen: 70_000,
        percent: 100,
        lines: [{ code: 'standard_of_level', value: 70_000, unit: 'fen', source: '闽人社文〔2022〕1号', sourced: true, article: '第三条' }],
      }),
    });
    await db('verifications').insert({
      enrolment_id: enrolment,
      register: 'identity',
      result: at === 2 ? 'none' : 'yes',
      asked_at: casesBegin,
      answered_at: at === 2 ? null : casesBegin,
    });
  }
}
