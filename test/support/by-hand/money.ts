/** The money side without Temporal: filed classes of the demonstration province, and the steps that their procedures would take, taken by hand. */
import type { Knex } from 'knex';
import { paymentActs } from '../../../activities/payments.ts';
import { subsidyActs } from '../../../activities/subsidies.ts';
import { closeDatabase, inTransaction, openDatabase } from '../../../db/client.ts';
import { decideTask } from '../../../db/protocol/decisions.ts';
import { loadDemonstration } from '../../../db/demonstration/load.ts';
import { getPolicyPack } from '../../../db/catalogue/policy-packs.ts';
import { lockProcedure, openProcedure, writeFact } from '../../../db/protocol/procedures.ts';
import { sealedAccount } from '../../../db/roster/roster.ts';
import { takeStep } from '../../../db/protocol/steps.ts';
import { getActor } from '../../../db/accounts/account-in-force.ts';
import type { Actor } from '../../../db/accounts/users.ts';
import { openVault, type Vault } from '../../../db/vault.ts';
import { birthDateOf, makeCard, makeId, maskId } from '../../../workflows/domain/people/identity.ts';
import { termsOf } from '../../../workflows/domain/policy/policy.ts';
import type { Ask, Flags, Place } from '../../../workflows/domain/procedures.ts';
import type { TaskKind } from '../../../workflows/domain/task-kinds.ts';
import { freshDatabase } from '../servers.ts';
import type { OfficeAct } from '../../../workflows/domain/office-acts.ts';
import { findAct } from '../../../activities/acts.ts';

export type FiledClass = { number: string; classId: string; procedureId: string; enrolments: string[]; accounts: string[] };
export type Application = { id: string; number: string; procedureId: string };
export type MoneyDatabase = {
  db: Knex;
  owner: Knex;
  vault: Vault;
  url: string;
  actor(login: string): Promise<Actor>;
  /** A class of project FJ-2026-001 (五级, ¥700.00) in 仓山 whose trainees have passed and are filed. Groups are taken in turn. */
  plant(options?: { trainees?: number; groups?: string[] }): Promise<FiledClass>;
  step(procedureId: string, stage: string, more?: { asks?: Ask[]; acts?: OfficeAct[]; flags?: Flags; close?: string }): Promise<Place>;
  /** Asks for one decision and takes it. */
  decided(
    procedureId: string,
    login: string,
    step: string,
    kind: TaskKind,
    outcome: string,
    more?: { payload?: Record<string, unknown>; reason?: string },
  ): Promise<void>;
  /** The class has claimed; returns its application. */
  claimed(filed: FiledClass): Promise<Application>;
  /** The application is approved and in its payment stage. */
  approved(filed: FiledClass): Promise<Application>;
  /** A batch of what is payable, made, and with `until` checked and released (its bank file formed). Returns its number. */
  batch(application: Application, until: 'made' | 'released'): Promise<string>;
  balances(): Promise<Record<string, number>>;
  close(): Promise<void>;
};

const acts = { ...subsidyActs, ...paymentActs };
const rolesOf: Partial<Record<TaskKind, string>> = {
  claim: 'institution',
  account_correction: 'institution',
  correction: 'institution',
  funds: 'finance_officer',
  review: 'approver',
};

export async function openMoneyDatabase(): Promise<MoneyDatabase> {
  const database = await freshDatabase();
  const db = openDatabase(database.url, { max: 12 });
  const owner = openDatabase(database.url, { owner: true, max: 2 });
  const vault = openVault({ keys: { k1: Buffer.alloc(32, 1) }, currentKid: 'k1', indexKey: Buffer.alloc(32, 2) });
  await loadDemonstration(db, { passwordHash: 'none', clockSpeed: 1 });
  let serial = 0;

  const money: MoneyDatabase = {
    db,
    owner,
    vault,
    url: database.url,
    actor: async (login) => getActor(db, (await db('users').where({ login }).first('id')).id),
    plant: ({ trainees = 3, groups = ['rural_migrant'] } = {}) => {
      serial += 1;
      return plantFiled(db, vault, serial, trainees, groups);
    },
    async step(procedureId, stage, { asks = [], acts: wanted = [], flags = {}, close } = {}) {
      const row = await db('procedures').where({ id: procedureId }).first('step_no', 'fact_no');
      const input = {
        procedureId,
        stepNo: row.step_no + 1,
        appliedNo: row.fact_no,
        stage,
        step: stage,
        acts: wanted,
        asks,
        cancels: [],
        flags,
        ...(close ? { close } : {}),
      };
      return takeStep(db, input, async (trx, procedure) => {
        let found: Flags = {};
        for (const act of wanted)
          found = {
            ...found,
            ...(await findAct(acts, act.act)?.({ trx, procedure, act, flags: { ...procedure.flags, ...found }, vault })),
          };
        return found;
      });
    },
    async decided(procedureId, login, step, kind, outcome, more = {}) {
      const [stage = ''] = step.split('.');
      const applications = procedureId.startsWith('batch-')
        ? String((await db('procedures').where({ id: procedureId }).first('flags')).flags.applications).split(' ')
        : [];
      const role = rolesOf[kind] ?? 'payment_officer';
      const place = await money.step(procedureId, stage, {
        acts: kind === 'bank_answer' ? [{ act: 'sendBankFile' }] : [],
        asks: [
          {
            step,
            kind,
            role,
            level: role === 'institution' ? 'own' : 'county',
            outcomes: [outcome, 'other'],
            workingDays: 3,
            fourEyes: kind === 'bank_answer' ? [] : [procedureId, ...applications],
          } as Ask,
        ],
      });
      const task = await db('tasks').where({ procedure_id: place.procedureId, step, status: 'open' }).first('id');
      await decideTask(db, await money.actor(login), { taskId: task.id, outcome, ...more });
    },
    async claimed(filed) {
      await money.decided(filed.procedureId, 'kangning-1', 'claim.submit', 'claim', 'submit');
      const row = await db('subsidy_applications').where({ class_id: filed.classId }).first('id', 'number', 'procedure_id');
      return { id: row.id, number: row.number, procedureId: row.procedure_id };
    },
    async approved(filed) {
      const application = await money.claimed(filed);
      await money.decided(application.procedureId, 'cs-approve-1', 'approval.approval', 'review', 'approve');
      await money.step(application.procedureId, 'funds', { acts: [{ act: 'approveApplication' }] });
      await money.step(application.procedureId, 'payment', {
        acts: [{ act: 'setApplicationStatus', code: 'paying' }, { act: 'countLines' }],
      });
      return application;
    },
    async batch(application, until) {
      await money.decided(application.procedureId, 'cs-pay-1', 'payment.make', 'batch_make', 'make');
      const { number } = await db('payment_batches').orderBy('made_at', 'desc').first('number');
      if (until === 'released') {
        await money.decided(`batch-${number}`, 'cs-pay-2', 'checking.batch_check', 'batch_check', 'check');
        await money.decided(`batch-${number}`, 'cs-pay-3', 'releasing.batch_release', 'batch_release', 'release');
        const ask: Ask = {
          step: 'bank.bank_answer',
          kind: 'bank_answer',
          role: 'payment_officer',
          level: 'county',
          outcomes: ['answered'],
          workingDays: 3,
          fourEyes: [],
        };
        await money.step(`batch-${number}`, 'bank', { acts: [{ act: 'sendBankFile' }], asks: [ask] });
      }
      return number;
    },
    async balances() {
      const rows = await db('ledger_accounts').where({ region: '350104' }).select('kind', 'balance_fen');
      return Object.fromEntries(rows.map((row) => [row.kind, row.balance_fen]));
    },
    async close() {
      await closeDatabase(owner);
      await closeDatabase(db);
      await database.drop();
    },
  };
  return money;
}

async function plantFiled(db: Knex, vault: Vault, serial: number, trainees: number, groups: string[]): Promise<FiledClass> {
  const number = `350104-2026-8${String(serial).padStart(4, '0')}`;
  const procedureId = `class-${number}`;
  return inTransaction(db, async (trx) => {
    const creator = await trx('users').where({ login: 'kangning-1' }).first('id', 'institution_id');
    const project = await trx('catalogue_projects').where({ code: 'FJ-2026-001' }).first('id');
    const row = {
      number,
      institution_id: creator.institution_id,
      project_id: project.id,
      region: '350104',
      pack_id: 'fujian-2022',
      title: `中式烹调师第${serial}期`,
      start_date: '2026-01-05',
      end_date: '2026-01-20',
      status: 'filed',
      created_by: creator.id,
    };
    const classId: string = (await trx('classes').insert(row).returning('id'))[0].id;
    const filed: FiledClass = { number, classId, procedureId, enrolments: [], accounts: [] };
    for (let seat = 1; seat <= trainees; seat += 1) {
      const id = makeId({ region: '350104', birth: `19${70 + (serial % 30)}0101`, serial: seat });
      const account = makeCard({ serial: serial * 1000 + seat });
      const [person] = await trx('people')
        .insert({
          id_index: vault.index('id', id),
          id_sealed: 'sealed',
          id_masked: maskId(id),
          name: `张学员${'甲乙丙丁戊己庚辛'[seat % 8]}`,
          birth_date: birthDateOf(id),
        })
        .returning('id');
      const { rows } = await trx.raw<{ rows: { id: string }[] }>('select gen_random_uuid() as id');
      const enrolment = rows[0]?.id ?? '';
      await trx('enrolments').insert({
        id: enrolment,
        class_id: classId,
        person_id: person.id,
        seat,
        group_code: groups[(seat - 1) % groups.length],
        phone_sealed: 'sealed',
        phone_index: vault.index('phone', '13800000000'),
        phone_masked: '138****0000',
        bank_name: '中国农业银行',
        ...sealedAccount(vault, enrolment, account),
      });
      await trx('filed_enrolments').insert({
        class_id: classId,
        person_id: person.id,
        enrolment_id: enrolment,
        filed_at: trx.raw('business_now()'),
      });
      filed.enrolments.push(enrolment);
      filed.accounts.push(account);
    }
    const terms = termsOf(await getPolicyPack(trx, 'fujian-2022'));
    await openProcedure(trx, {
      id: procedureId,
      type: 'trainingClass',
      subjectId: classId,
      classId,
      region: '350104',
      institutionId: creator.institution_id,
      number,
      title: row.title,
      institutionName: '仓山康宁职业培训学校',
      headcount: trainees,
      terms,
    });
    await writeFact(
      trx,
      await lockProcedure(trx, procedureId),
      { kind: 'submitted', actor: creator.id },
      { act: 'class.submit', subject: procedureId },
    );
    return filed;
  });
}
