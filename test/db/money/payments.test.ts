/** From the claim to the released batch: one line per filed trainee, three people per batch, nobody paid twice. Real PostgreSQL, no Temporal. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inTransaction } from '../../../db/client.ts';
import { decideTask } from '../../../db/protocol/decisions.ts';
import { closeObjection } from '../../../db/objections.ts';
import { findBatch, takeBankFile } from '../../../db/money/payments.ts';
import { lockProcedure } from '../../../db/protocol/procedures.ts';
import { withdrawApplication } from '../../../db/money/subsidies.ts';
import { listBatches } from '../../../db/views/payments.ts';
import { type FiledClass, type MoneyDatabase, openMoneyDatabase } from '../../support/by-hand/money.ts';
import { waitForLock } from '../../support/servers.ts';
import { readingOf } from '../../support/by-hand/money-reading.ts';

let money: MoneyDatabase;
let reading: ReturnType<typeof readingOf>;
beforeAll(async () => {
  money = await openMoneyDatabase();
  reading = readingOf(money);
});
afterAll(() => money.close());

describe('the claim', () => {
  test('[N8] [N19] one line per filed trainee, each amount with standard, percentage, formula and source', async () => {
    const filed = await money.plant({ trainees: 2, groups: ['rural_migrant', 'disabled'] });
    const application = await money.claimed(filed);
    const lines = await reading.linesOf(application);
    expect(lines.map((line) => [line.standard_fen, Number(line.percent), line.amount_fen])).toEqual([
      [70_000, 100, 70_000],
      [70_000, 120, 84_000],
    ]);
    expect(lines[1].trace).toMatchObject({
      packId: 'fujian-2022',
      formula: '¥700.00 × 120% = ¥840.00',
      lines: [{ code: 'standard_of_level', sourced: true }, { code: 'group_uplift' }],
    });
    const procedure = await money.db('procedures').where({ id: application.procedureId }).first();
    expect(procedure).toMatchObject({ type: 'subsidyApplication', amount_fen: 154_000, headcount: 2, fact_no: 1 });
    expect(procedure.terms.reviews.approval).toHaveLength(1);
  });

  test('[N8] a line for somebody who is not filed is refused by the database', async () => {
    const filed = await money.plant({ trainees: 1 });
    const stranger = await money.plant({ trainees: 1 });
    const application = await money.claimed(filed);
    const person = await money.db('enrolments').where({ id: stranger.enrolments[0] }).first('person_id');
    const line = {
      application_id: application.id,
      class_id: filed.classId,
      person_id: person.person_id,
      enrolment_id: stranger.enrolments[0],
      standard_fen: 1,
      percent: 100,
      amount_fen: 1,
      trace: '{}',
    };
    await expect(money.db('payment_lines').insert(line)).rejects.toMatchObject({ code: '23503' });
  });

  test('[N3] the last approval commits the money; what the budget does not hold is not approved', async () => {
    const application = await money.claimed(await money.plant({ trainees: 2 }));
    expect(
      await reading.moved(() => money.decided(application.procedureId, 'cs-approve-1', 'approval.approval', 'review', 'approve')),
    ).toEqual({
      available: -140_000,
      committed: 140_000,
    });
    expect(await reading.statusesOf(application)).toEqual(['approved', 'approved']);

    const poor = await money.claimed(await money.plant({ trainees: 1 }));
    await money
      .owner('ledger_accounts')
      .where({ region: '350104', kind: 'available' })
      .update({ balance_fen: money.owner.raw('balance_fen - ?', [299_800_000]) });
    await expect(money.decided(poor.procedureId, 'cs-approve-1', 'approval.approval', 'review', 'approve')).rejects.toMatchObject({
      code: 'budget.insufficient',
    });
    await money
      .owner('ledger_accounts')
      .where({ region: '350104', kind: 'available' })
      .update({ balance_fen: money.owner.raw('balance_fen + ?', [299_800_000]) });
    expect(await reading.statusesOf(poor)).toEqual(['claimed']);
    expect(await money.db('facts').where({ procedure_id: poor.procedureId, kind: 'decided' })).toHaveLength(0);
  });

  test('[N3] a claim refused after its money was committed gives it back', async () => {
    const application = await money.approved(await money.plant({ trainees: 2 }));
    expect(
      await reading.moved(() =>
        money.step(application.procedureId, 'refused', { acts: [{ act: 'closeApplication', code: 'refused' }], close: 'refused' }),
      ),
    ).toEqual({ available: 140_000, committed: -140_000 });
    expect(await reading.statusesOf(application)).toEqual(['excluded', 'excluded']);
  });

  test('[N31] a claim that is refused goes out as a notice with reason and signatory, in the class', async () => {
    const filed = await money.plant({ trainees: 1 });
    const application = await money.claimed(filed);
    const reason = '课时与考勤不符';
    await money.decided(application.procedureId, 'cs-approve-1', 'refusal.approval', 'review', 'refuse', { reason });
    await money.step(application.procedureId, 'refusal', { acts: [{ act: 'closeApplication', code: 'refused' }], close: 'refused' });
    expect(
      await money
        .db('papers as p')
        .join('users as u', 'u.id', 'p.signatory')
        .where({ procedure_id: application.procedureId, kind: 'refusal_notice' })
        .select('p.class_id', 'u.login', 'p.content'),
    ).toEqual([
      {
        class_id: filed.classId,
        login: 'cs-approve-1',
        content: expect.objectContaining({
          number: application.number,
          reason,
          institution: expect.any(String),
          title: expect.any(String),
        }),
      },
    ]);
  });

  test('the institution takes its claim back before approval, nobody else and not afterwards', async () => {
    const application = await money.claimed(await money.plant());
    const withdraw = async (login: string, reason = '材料有误') =>
      withdrawApplication(money.db, await money.actor(login), { number: application.number, reason });
    await expect(withdraw('shifan-1')).rejects.toMatchObject({ code: 'application.unknown' });
    await expect(withdraw('kangning-1', '')).rejects.toMatchObject({ issues: [{ field: 'reason' }] });
    await withdraw('kangning-1');
    expect(await money.db('procedures').where({ id: application.procedureId }).first('status')).toEqual({ status: 'withdrawn' });
    const late = await money.approved(await money.plant());
    await expect(
      withdrawApplication(money.db, await money.actor('kangning-1'), { number: late.number, reason: '材料有误' }),
    ).rejects.toMatchObject({ code: 'application.notNow' });
  });
});

describe('a batch', () => {
  test('[N17] is made, checked and released by three people; the file for the bank is sealed and opened on record', async () => {
    const filed = await money.plant({ trainees: 2 });
    const application = await money.approved(filed);
    const number = await money.batch(application, 'made');
    const procedureId = `batch-${number}`;
    await expect(money.decided(procedureId, 'cs-pay-1', 'checking.batch_check', 'batch_check', 'check')).rejects.toMatchObject({
      code: 'task.fourEyes',
    });
    await money.decided(procedureId, 'cs-pay-2', 'checking.batch_check', 'batch_check', 'check');
    await expect(money.decided(procedureId, 'cs-pay-2', 'releasing.batch_release', 'batch_release', 'release')).rejects.toMatchObject({
      code: 'task.fourEyes',
    });
    expect(
      await reading.moved(() => money.decided(procedureId, 'cs-pay-3', 'releasing.batch_release', 'batch_release', 'release')),
    ).toEqual({
      committed: -140_000,
      in_transit: 140_000,
    });
    await money.step(procedureId, 'bank', { acts: [{ act: 'sendBankFile' }] });
    const batch = await findBatch(money.db, number);
    if (!batch) throw new Error('no batch');
    expect(JSON.stringify(batch)).not.toContain(filed.accounts[0]);
    const text = new TextDecoder('gb18030').decode(await takeBankFile(money.db, money.vault, await money.actor('cs-pay-1'), number));
    expect(text.split('\r\n')[1]).toContain(`|${filed.accounts[0]}|张学员乙|中国农业银行|700.00|职业技能培训补贴|${number}-0001`);
    await expect(takeBankFile(money.db, money.vault, await money.actor('fz-pay-1'), number)).rejects.toMatchObject({
      code: 'task.notYours',
    });
    expect(await money.db('audit_log').where({ act: 'batch.file', subject: procedureId })).toHaveLength(1);
    await money.step(procedureId, 'bank', { acts: [{ act: 'sendBankFile' }] });
    expect((await findBatch(money.db, number))?.bank_file_digest).toBe(batch.bank_file_digest);
  });

  test('leaves out who is held by an objection, and goes back when one came after it was made', async () => {
    const filed = await money.plant({ trainees: 3 });
    const application = await money.approved(filed);
    await money.db('enrolments').where({ id: filed.enrolments[0] }).update({ held_by: 'objection-x' });
    const number = await money.batch(application, 'made');
    expect(await reading.statusesOf(application)).toEqual(['approved', 'in_batch', 'in_batch']);
    const counted = await money.step(application.procedureId, 'payment', { acts: [{ act: 'countLines' }] });
    expect(counted.flags).toMatchObject({ payable: 0, held: 1, inBatch: 2, outstanding: 3, paid: 0 });
    await money.db('enrolments').where({ id: filed.enrolments[1] }).update({ held_by: 'objection-y' });
    await money.decided(`batch-${number}`, 'cs-pay-2', 'checking.batch_check', 'batch_check', 'check');
    await expect(money.decided(`batch-${number}`, 'cs-pay-3', 'releasing.batch_release', 'batch_release', 'release')).rejects.toMatchObject(
      { code: 'batch.held', params: { lines: '1' } },
    );
    await money.step(`batch-${number}`, 'cancelled', { acts: [{ act: 'closeBatch', code: 'cancelled' }], close: 'cancelled' });
    expect(await reading.statusesOf(application)).toEqual(['approved', 'approved', 'approved']);
    expect(
      await money.db('facts').where({ procedure_id: application.procedureId, kind: 'batch_answered', outcome: 'cancelled' }),
    ).toHaveLength(1);
  });

  test('an objection raised while the batch is being released comes before it or after it, never in between', async () => {
    const filed = await money.plant({ trainees: 2 });
    const application = await money.approved(filed);
    const number = await money.batch(application, 'made');
    await money.decided(`batch-${number}`, 'cs-pay-2', 'checking.batch_check', 'batch_check', 'check');
    const objector = await money.db.transaction();
    await objector('enrolments').where({ id: filed.enrolments[0] }).update({ held_by: 'objection-z' });
    const releasing = money.decided(`batch-${number}`, 'cs-pay-3', 'releasing.batch_release', 'batch_release', 'release').then(
      () => 'released',
      (error: { code?: string }) => error.code,
    );
    await new Promise((resolve) => setTimeout(resolve, 400));
    await objector.commit();
    expect(await releasing).toBe('batch.held');
    expect(await reading.statusesOf(application)).toEqual(['in_batch', 'in_batch']);
  });

  test('is listed in the region where the role holds, not where another grant lies', async () => {
    await money.batch(await money.approved(await money.plant({ trainees: 1 })), 'made');
    const payer = await money.actor('gl-pay-1');
    const page = { limit: 10, offset: 0 };
    const elsewhere = { role: 'institution' as const, region: '350104', path: '350000/350100/350104' };
    expect((await listBatches(money.db, { ...payer, grants: [...payer.grants, elsewhere] }, page)).total).toBe(0);
    expect((await listBatches(money.db, await money.actor('cs-pay-1'), page)).total).toBeGreaterThan(0);
  });

  test('with nothing payable is refused', async () => {
    const application = await money.approved(await money.plant({ trainees: 1 }));
    await money.batch(application, 'made');
    await expect(money.decided(application.procedureId, 'cs-pay-1', 'payment.make', 'batch_make', 'make')).rejects.toMatchObject({
      code: 'batch.nothingPayable',
    });
  });

  test('[N3] nobody is paid twice: of many batches at once for the same line one lives', async () => {
    const application = await money.approved(await money.plant({ trainees: 1 }));
    const [line] = await reading.linesOf(application);
    const first = await money.db('payment_batches').first('id');
    const attempt = (at: number) => ({
      line_id: line.id,
      number: at + 1,
      batch_id: first.id,
      reference: `race-${at}`,
      serial: 900 + at,
      account_masked: '',
      account_index: Buffer.alloc(1),
      bank_name: '',
    });
    const results = await Promise.allSettled(Array.from({ length: 10 }, (_, at) => money.db('payment_attempts').insert(attempt(at))));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    const { id: _id, account_masked: _masked, ...same } = line;
    await expect(money.db('payment_lines').insert({ ...same, trace: '{}' })).rejects.toMatchObject({ code: '23505' });
  });

  test('[F12] of two officers who make the batch at once, one makes it', async () => {
    const application = await money.approved(await money.plant({ trainees: 2 }));
    await money.step(application.procedureId, 'payment', {
      asks: [
        {
          step: 'payment.make',
          kind: 'batch_make',
          role: 'payment_officer',
          level: 'county',
          outcomes: ['make'],
          workingDays: 3,
          fourEyes: [application.procedureId],
        },
      ],
    });
    const taskId = `${application.procedureId}/payment.make/1`;
    const officers = await Promise.all(['cs-pay-1', 'cs-pay-2'].map((login) => money.actor(login)));
    const results = await Promise.allSettled(officers.map((officer) => decideTask(money.db, officer, { taskId, outcome: 'make' })));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    expect(results.find((result) => result.status === 'rejected')).toMatchObject({ reason: { code: 'task.decided' } });
    expect(
      await money
        .db('payment_attempts')
        .whereIn('line_id', money.db('payment_lines').where({ application_id: application.id }).select('id')),
    ).toHaveLength(2);
  });
});

describe('an objection', () => {
  test('[N9] upheld after the batch was made, it takes the person off: the batch goes back and the money is available again', async () => {
    const filed = await money.plant({ trainees: 2 });
    const application = await money.approved(filed);
    const number = await money.batch(application, 'made');
    const [named = ''] = filed.enrolments;
    const objection = await plantObjection(filed, named);
    await money.decided(`batch-${number}`, 'cs-pay-2', 'checking.batch_check', 'batch_check', 'check');
    await inTransaction(money.db, async (trx) => closeObjection(trx, await lockProcedure(trx, objection), 'upheld'));
    await expect(money.decided(`batch-${number}`, 'cs-pay-3', 'releasing.batch_release', 'batch_release', 'release')).rejects.toMatchObject(
      { code: 'batch.held', params: { lines: '1' } },
    );
    await money.step(`batch-${number}`, 'cancelled', { acts: [{ act: 'closeBatch', code: 'cancelled' }], close: 'cancelled' });
    expect(await reading.statusesOf(application)).toEqual(['excluded', 'approved']);
    const counted = reading.moved(() => money.step(application.procedureId, 'payment', { acts: [{ act: 'countLines' }] }));
    expect(await counted).toEqual({ committed: -70_000, available: 70_000 });
  });

  test('whoever is excluded while the batch is being released is not paid: the release is refused and no money moves', async () => {
    const filed = await money.plant({ trainees: 2 });
    const application = await money.approved(filed);
    const number = await money.batch(application, 'made');
    const objection = await plantObjection(filed, filed.enrolments[1] ?? '');
    await money.decided(`batch-${number}`, 'cs-pay-2', 'checking.batch_check', 'batch_check', 'check');
    // As the release saw it, before the objection came.
    await money.owner('enrolments').where({ id: filed.enrolments[1] }).update({ held_by: null });
    const release = () => money.decided(`batch-${number}`, 'cs-pay-3', 'releasing.batch_release', 'batch_release', 'release');
    const moved = await reading.moved(async () => {
      let released: Promise<unknown> = Promise.resolve();
      await inTransaction(money.db, async (trx) => {
        await closeObjection(trx, await lockProcedure(trx, objection), 'upheld');
        released = release().catch((error: unknown) => error);
        // The release has seen nobody held or excluded and waits for the line.
        await waitForLock(money.owner);
      });
      expect(await released).toMatchObject({ code: 'batch.held', params: { lines: '2' } });
    });
    expect(moved).toEqual({});
    expect(await reading.statusesOf(application)).toEqual(['in_batch', 'excluded']);
  });

  test('the exclusion waits for the application, so that its approval and its batches come before or after', async () => {
    const filed = await money.plant({ trainees: 1 });
    const application = await money.approved(filed);
    const objection = await plantObjection(filed, filed.enrolments[0] ?? '');
    let closed: Promise<unknown> = Promise.resolve();
    await inTransaction(money.db, async (trx) => {
      await lockProcedure(trx, application.procedureId);
      closed = inTransaction(money.db, async (other) => closeObjection(other, await lockProcedure(other, objection), 'upheld'));
      await waitForLock(money.owner);
      await money.owner.raw('select 1 from payment_lines where application_id = ? for update nowait', [application.id]);
    });
    await closed;
    expect(await reading.statusesOf(application)).toEqual(['excluded']);
  });
});

async function plantObjection(filed: FiledClass, enrolmentId: string): Promise<string> {
  const parent = await money.db('procedures').where({ id: filed.procedureId }).first();
  const id = `objection-${filed.number}`;
  const open = {
    ...parent,
    id,
    type: 'objection',
    terms: JSON.stringify(parent.terms),
    fact_no: 0,
    applied_no: 0,
    audit_no: 0,
    audit_hash: Buffer.alloc(0),
  };
  await money.db('procedures').insert(open);
  const period = {
    from_date: '2026-03-02',
    due_date: '2026-03-09',
    due_at: '2026-03-09T16:00:00Z',
    working_days: 5,
    published_at: '2026-03-02T01:00:00Z',
  };
  const [list] = await money
    .db('disclosures')
    .insert({
      ...period,
      number: filed.number,
      list: 'subsidy',
      class_id: filed.classId,
      procedure_id: `disclosure-${filed.number}`,
      parent_procedure_id: parent.id,
      region: '350104',
      blocks: true,
      title: '公示',
      snapshot: '{}',
      digest: '',
    })
    .returning('id');
  await money.db('objections').insert({
    receipt: filed.number,
    procedure_id: id,
    disclosure_id: list.id,
    class_id: filed.classId,
    enrolment_id: enrolmentId,
    grounds: '未参加培训',
    raised_at: period.published_at,
  });
  await money.db('enrolments').where({ id: enrolmentId }).update({ held_by: id });
  return id;
}

describe('papers', () => {
  test('[N31] 补贴花名册 and 用款申请 are issued once, with masked numbers', async () => {
    const filed = await money.plant({ trainees: 2 });
    const application = await money.approved(filed);
    await money.step(application.procedureId, 'funds', { acts: [{ act: 'approveApplication' }] });
    const papers = await money.db('papers').where({ procedure_id: application.procedureId }).orderBy('kind');
    expect(papers.map((paper) => paper.kind)).toEqual(['funds_request', 'subsidy_roster']);
    expect(papers[0].content).toMatchObject({ totalFen: 140_000, headcount: 2 });
    for (const account of filed.accounts) expect(JSON.stringify(papers)).not.toContain(account);
  });
});
