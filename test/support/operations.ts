/** For tests of the operations page: procedures that are planted, looked at and put away again. */
import { afterEach, beforeEach, expect } from 'vitest';
import { inTransaction } from '../../db/client.ts';
import fujianPack from '../../db/policy-packs/fujian-2022.json' with { type: 'json' };
import { endTurn, recordFindings } from '../../db/protocol/findings.ts';
import { lockProcedure, openProcedure, writeFact } from '../../db/protocol/procedures.ts';
import { recordApart } from '../../db/protocol/reconciliation.ts';
import { readPolicyPack } from '../../workflows/domain/policy/policy-reader.ts';
import { termsOf } from '../../workflows/domain/policy/policy.ts';
import type { Province } from './province.ts';

export type Check = {
  code: string;
  count: number;
  oldestSeconds: number | null;
  whatToDo: string;
  items: { procedureId: string | null; number: string | null; title: string | null; detail: Record<string, string | number> }[];
};
export type Operations = {
  inOrder: boolean;
  outbox: { waiting: number; oldestSeconds: number };
  checks: Check[];
  repairs: { id: string; status: string; kind: string; reason: string; decidedBy: string | null }[];
  builds: { buildId: string; inService: boolean; classes: number; examples: { number: string }[] }[];
};

export type Planted = { id: string; number: string; title: string; taskId: string };

export const long = `clock_timestamp() - interval '10 minutes'`;

/** `provinceOf`: the province once it is open. Before each test a turn of the reconciler has ended, after it what was planted is put away. */
export function operationsOf(provinceOf: () => Province) {
  let serial = 0;

  /** A procedure that waits for a first review, its bells delivered. */
  async function plant(region = '350104'): Promise<Planted> {
    const province = provinceOf();
    const { db } = province;
    serial += 1;
    const number = `${region}-2026-9${String(serial).padStart(4, '0')}`;
    const id = `class-${number}`;
    const title = `运行监控第 ${serial} 期`;
    await inTransaction(db, async (trx) => {
      const terms = termsOf(readPolicyPack(fujianPack));
      await openProcedure(trx, { id, type: 'trainingClass', subjectId: id, region, number, title, institutionName: '示范学校', terms });
      await writeFact(trx, await lockProcedure(trx, id), { kind: 'submitted' }, { act: 'class.submit', subject: id });
    });
    const ask = { kind: 'review', role: 'first_reviewer', level: 'county', outcomes: ['approve'], workingDays: 3 } as const;
    await province.step(id, 'pre_training', { step: 'first_review', asks: [{ ...ask, step: 'pre_training.first_review' }] });
    await db('outbox').where({ procedure_id: id }).delete();
    return { id, number, title, taskId: `${id}/pre_training.first_review/1` };
  }

  async function look(login = 'system-1'): Promise<Operations> {
    const { status, body } = await (await provinceOf().as(login)).get<Operations>('/admin/operations');
    expect(status).toBe(200);
    return body;
  }

  /** Takes a planted procedure out of sight. */
  async function putAway(id: string): Promise<void> {
    const province = provinceOf();
    await province.db('tasks').where({ procedure_id: id, status: 'open' }).update({ status: 'cancelled' });
    await province.db('outbox').where({ procedure_id: id }).delete();
    await province.db('operation_findings').where({ procedure_id: id }).update({ cleared_at: province.db.fn.now() });
    await province
      .db('procedures')
      .where({ id })
      .update({ status: 'closed', closed_at: province.db.fn.now(), applied_no: province.db.raw('fact_no'), next_alarm_at: null });
  }

  /** All that is there. */
  async function putAllAway(): Promise<void> {
    for (const id of await provinceOf().db('procedures').pluck('id')) await putAway(id);
  }

  /** How each fault gets into the record of a procedure. */
  const faults: Record<string, (planted: { id: string; taskId: string }) => Promise<unknown>> = {
    outbox: ({ id }) =>
      provinceOf().db.raw(
        `insert into outbox (procedure_id, type, no, kind, created_at, attempts) values (?, 'trainingClass', 0, 'look', ${long}, 9)`,
        [id],
      ),
    async unapplied({ id, taskId }) {
      const { user_id: actor } = await provinceOf().db('grants').where({ role: 'first_reviewer' }).first('user_id');
      const { step, four_eyes: scopes } = await provinceOf().db('tasks').where({ id: taskId }).first('step', 'four_eyes');
      await inTransaction(provinceOf().db, async (trx) => {
        for (const scope of scopes) await trx('signatures').insert({ scope, user_id: actor, step, signed_at: new Date() });
        await writeFact(
          trx,
          await lockProcedure(trx, id),
          { kind: 'decided', taskId, outcome: 'approve', actor },
          { act: 'task.approve', subject: taskId },
        );
      });
      await provinceOf().db('outbox').where({ procedure_id: id }).delete();
      await provinceOf().db.raw(`update facts set recorded_at = ${long} where procedure_id = ? and no = 2`, [id]);
    },
    async noTask({ id }) {
      await provinceOf().db('tasks').where({ procedure_id: id }).update({ status: 'cancelled' });
      await provinceOf().db.raw(`update audit_log set recorded_at = ${long} where procedure_id = ?`, [id]);
      await recordApart(provinceOf().db);
    },
    async closedTask({ id }) {
      await provinceOf().db('procedures').where({ id }).update({ status: 'closed', closed_at: provinceOf().db.fn.now() });
      await recordApart(provinceOf().db);
    },
    alarm: ({ id }) =>
      provinceOf().db.raw(`update procedures set next_alarm_at = business_now() - interval '10 minutes' where id = ?`, [id]),
    runMissing: ({ id }) => recordFindings(provinceOf().db, ['run_missing'], [id], [{ procedureId: id, code: 'run_missing', detail: {} }]),
    runEnded: ({ id }) =>
      recordFindings(provinceOf().db, ['run_ended'], [id], [{ procedureId: id, code: 'run_ended', detail: { status: 'TERMINATED' } }]),
    runFailing: ({ id }) =>
      recordFindings(provinceOf().db, ['run_failing'], [id], [{ procedureId: id, code: 'run_failing', detail: { attempt: 7 } }]),
    runRetrying: ({ id }) =>
      recordFindings(
        provinceOf().db,
        ['run_retrying'],
        [id],
        [{ procedureId: id, code: 'run_retrying', detail: { activity: 'takeStep', attempt: 8 } }],
      ),
  };

  beforeEach(() => endTurn(provinceOf().db, { walkedTo: '', temporalSilent: false }));
  afterEach(() => putAllAway());

  return { faults, plant, look, putAway };
}

export function answer(operations: Operations, code: string): Check {
  const check = operations.checks.find((one) => one.code === code);
  if (!check) throw new Error(`no check ${code}`);
  return check;
}
