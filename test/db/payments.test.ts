/** From the claim to the bank's answer: one line per filed trainee, three people per batch, nobody paid twice. Real PostgreSQL, no Temporal. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeBankAnswer } from '../../api/payments/simulator.ts';
import { correctAccounts } from '../../db/account-corrections.ts';
import { answerBatch, bankTemplateOf } from '../../db/bank-answer-files.ts';
import { decideTask } from '../../db/decisions.ts';
import { encodeGb18030 } from '../../db/formats/gb18030.ts';
import { findBatch, takeBankFile } from '../../db/payments.ts';
import { withdrawApplication } from '../../db/subsidies.ts';
import { formatBankAnswer } from '../../workflows/domain/bank-file.ts';
import { makeCard } from '../../workflows/domain/identity.ts';
import { type Application, type MoneyDatabase, openMoneyDatabase } from '../support/money.ts';

let money: MoneyDatabase;
beforeAll(async () => {
  money = await openMoneyDatabase();
});
afterAll(() => money.close());

const linesOf = (application: Application) =>
  money
    .db('payment_lines as l')
    .join('enrolments as e', 'e.id', 'l.enrolment_id')
    .where({ application_id: application.id })
    .orderBy('e.seat')
    .select('l.*', 'e.account_masked');
const statusesOf = async (application: Application): Promise<string[]> => (await linesOf(application)).map((line) => line.status);

async function answerOf(number: string, failing = 0, reasons?: string[]): Promise<Buffer> {
  const batch = await findBatch(money.db, number);
  const lines = await money
    .db('payment_attempts as a')
    .join('payment_lines as l', 'l.id', 'a.line_id')
    .where('a.batch_id', batch?.id)
    .orderBy('a.serial')
    .select({ reference: 'a.reference', amountFen: 'l.amount_fen' });
  const answer = makeBankAnswer({ number, date: '2026-03-10', lines }, { failing, ...(reasons ? { reasons } : {}) });
  return encodeGb18030(formatBankAnswer(bankTemplateOf({ bank_template: batch?.bank_template ?? '' }), answer));
}
const answer = async (number: string, content: Buffer, login = 'cs-pay-1') =>
  answerBatch(money.db, await money.actor(login), { number, content });
const moved = async <T>(work: () => Promise<T>): Promise<Record<string, number>> => {
  const before = await money.balances();
  await work();
  const after = await money.balances();
  return Object.fromEntries(
    Object.entries(after)
      .map(([kind, fen]) => [kind, fen - (before[kind] ?? 0)])
      .filter(([, fen]) => fen !== 0),
  );
};

describe('the claim', () => {
  test('[N8] [N19] one line per filed trainee, each amount with standard, percentage, formula and source', async () => {
    const filed = await money.plant({ trainees: 2, groups: ['rural_migrant', 'disabled'] });
    const application = await money.claimed(filed);
    const lines = await linesOf(application);
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
    expect(await moved(() => money.decided(application.procedureId, 'cs-approve-1', 'approval.approval', 'review', 'approve'))).toEqual({
      available: -140_000,
      committed: 140_000,
    });
    expect(await statusesOf(application)).toEqual(['approved', 'approved']);

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
    expect(await statusesOf(poor)).toEqual(['claimed']);
    expect(await money.db('facts').where({ procedure_id: poor.procedureId, kind: 'decided' })).toHaveLength(0);
  });

  test('[N3] a claim refused after its money was committed gives it back', async () => {
    const application = await money.approved(await money.plant({ trainees: 2 }));
    expect(
      await moved(() =>
        money.step(application.procedureId, 'refused', { acts: [{ act: 'closeApplication', code: 'refused' }], close: 'refused' }),
      ),
    ).toEqual({ available: 140_000, committed: -140_000 });
    expect(await statusesOf(application)).toEqual(['excluded', 'excluded']);
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
    expect(await moved(() => money.decided(procedureId, 'cs-pay-3', 'releasing.batch_release', 'batch_release', 'release'))).toEqual({
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
    expect(await statusesOf(application)).toEqual(['approved', 'in_batch', 'in_batch']);
    const counted = await money.step(application.procedureId, 'payment', { acts: [{ act: 'countLines' }] });
    expect(counted.flags).toMatchObject({ payable: 0, held: 1, inBatch: 2, outstanding: 3, paid: 0 });
    await money.db('enrolments').where({ id: filed.enrolments[1] }).update({ held_by: 'objection-y' });
    await money.decided(`batch-${number}`, 'cs-pay-2', 'checking.batch_check', 'batch_check', 'check');
    await expect(money.decided(`batch-${number}`, 'cs-pay-3', 'releasing.batch_release', 'batch_release', 'release')).rejects.toMatchObject(
      { code: 'batch.held', params: { lines: '1' } },
    );
    await money.step(`batch-${number}`, 'cancelled', { acts: [{ act: 'closeBatch', code: 'cancelled' }], close: 'cancelled' });
    expect(await statusesOf(application)).toEqual(['approved', 'approved', 'approved']);
    expect(
      await money.db('facts').where({ procedure_id: application.procedureId, kind: 'batch_answered', outcome: 'cancelled' }),
    ).toHaveLength(1);
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
    const [line] = await linesOf(application);
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

describe('the bank’s answer', () => {
  test('[N3] pays line by line, returns what came back, is taken once', async () => {
    const application = await money.approved(await money.plant({ trainees: 3 }));
    const number = await money.batch(application, 'released');
    const content = await answerOf(number, 1);
    const posted = await moved(async () => expect(await answer(number, content)).toEqual({ paid: 2, failed: 1 }));
    expect(posted).toEqual({ in_transit: -210_000, paid: 140_000, committed: 70_000 });
    expect((await linesOf(application)).map((line) => [line.status, line.status_reason])).toEqual([
      ['failed', '账号户名不符'],
      ['paid', null],
      ['paid', null],
    ]);
    expect(await moved(() => expect(answer(number, content)).rejects.toMatchObject({ code: 'bank.alreadyAnswered' }))).toEqual({});
    const kept = await money
      .db('facts')
      .where({ procedure_id: `batch-${number}`, outcome: 'answered' })
      .first('payload');
    expect(kept.payload).toEqual({ paid: 2, failed: 1 });
  });

  test('for another batch, with unknown, missing or doubled lines or another amount changes nothing', async () => {
    const application = await money.approved(await money.plant({ trainees: 2 }));
    const number = await money.batch(application, 'released');
    const text = new TextDecoder('gb18030').decode(await answerOf(number));
    const wrong = async (content: string | Buffer): Promise<unknown> =>
      answer(number, Buffer.from(content)).catch((error: { issues?: { field: string; code: string; params?: object }[] }) =>
        error.issues?.map((issue) => [issue.field, issue.code, issue.params]),
      );
    expect(await wrong(text.replaceAll(number, '350104-2026-77777'))).toEqual([
      ['file', 'bank.otherBatch', { given: '350104-2026-77777', expected: number }],
    ]);
    const codes = async (content: string) => ((await wrong(content)) as string[][]).map(([field, code]) => `${field} ${code}`);
    expect(await codes(text.replace(`${number}-0002`, `${number}-0009`))).toEqual(expect.arrayContaining(['file bank.unknownReference']));
    expect(await codes(text.replace(`${number}-0002`, `${number}-0001`))).toEqual(expect.arrayContaining(['file bank.twice']));
    expect(await wrong(Buffer.from([0, 1, 2, 3]))).toEqual([['file', 'bank.notText', undefined]]);
    expect(await moved(async () => expect(await codes(text.replace('|S|', '|OK|'))).toContain('file bank.status'))).toEqual({});
    expect(await statusesOf(application)).toEqual(['sent', 'sent']);
  });

  test('is entered by the paying office only', async () => {
    const application = await money.approved(await money.plant({ trainees: 1 }));
    const number = await money.batch(application, 'released');
    const content = await answerOf(number);
    await expect(answer(number, content, 'gl-pay-1')).rejects.toMatchObject({ code: 'task.notYours' });
    await expect(answer(number, content, 'cs-first-1')).rejects.toMatchObject({ code: 'task.notYours' });
  });

  test('a line returned for the bank’s own reasons goes out again without a correction', async () => {
    const application = await money.approved(await money.plant({ trainees: 1 }));
    const number = await money.batch(application, 'released');
    await answer(number, await answerOf(number, 1, ['R90']));
    expect(await statusesOf(application)).toEqual(['approved']);
  });
});

describe('a returned line', () => {
  test('[N2] goes out again after its account was corrected: sealed, another one, by its own institution', async () => {
    const filed = await money.plant({ trainees: 2 });
    const application = await money.approved(filed);
    const number = await money.batch(application, 'released');
    await answer(number, await answerOf(number, 1));
    await money.step(`batch-${number}`, 'answered', { acts: [{ act: 'closeBatch', code: 'answered' }], close: 'answered' });
    const ask = {
      step: 'payment.account',
      kind: 'account_correction',
      role: 'institution',
      level: 'own',
      outcomes: ['corrected'],
      workingDays: 5,
    } as const;
    const place = await money.step(application.procedureId, 'payment', {
      acts: [{ act: 'countLines' }],
      asks: [{ ...ask, outcomes: [...ask.outcomes] }],
    });
    expect(place.flags).toMatchObject({ failed: 1, paid: 1, outstanding: 1 });
    const taskId = `${application.procedureId}/payment.account/1`;
    const school = await money.actor('kangning-1');
    await expect(decideTask(money.db, school, { taskId, outcome: 'corrected' })).rejects.toMatchObject({
      code: 'account.unchanged',
      params: { count: 1 },
    });

    const [returned = '', paid = ''] = filed.enrolments;
    const correct = async (account: string, enrolmentId = returned, login = 'kangning-1') =>
      correctAccounts(money.db, money.vault, await money.actor(login), {
        number: application.number,
        accounts: [{ enrolmentId, account }],
      });
    await expect(correct(makeCard({ serial: 5 }).replace(/\d$/, (digit) => String((Number(digit) + 1) % 10)))).rejects.toMatchObject({
      issues: [{ field: `accounts.${returned}`, code: 'account.number' }],
    });
    await expect(correct(filed.accounts[0] ?? '')).rejects.toMatchObject({ issues: [{ code: 'account.same' }] });
    await expect(correct(makeCard({ serial: 777 }), paid)).rejects.toMatchObject({
      issues: [{ code: 'account.line' }, { field: `accounts.${returned}`, code: 'required' }],
    });
    await expect(correct(makeCard({ serial: 777 }), returned, 'shifan-1')).rejects.toMatchObject({ code: 'application.unknown' });
    const account = makeCard({ serial: 777 });
    await correct(account);
    const row = await money.db('enrolments').where({ id: returned }).first();
    expect(JSON.stringify(row)).not.toContain(account);
    expect(row.account_masked).toBe(`**** ${account.slice(-4)}`);
    await decideTask(money.db, school, { taskId, outcome: 'corrected' });

    const again = await money.step(application.procedureId, 'payment', { acts: [{ act: 'retryFailedLines' }, { act: 'countLines' }] });
    expect(again.flags).toMatchObject({ payable: 1, failed: 0 });
    const second = await money.batch(application, 'released');
    expect(await moved(async () => answer(second, await answerOf(second)))).toEqual({ in_transit: -70_000, paid: 70_000 });
    expect(await statusesOf(application)).toEqual(['paid', 'paid']);
    expect((await money.step(application.procedureId, 'payment', { acts: [{ act: 'countLines' }] })).flags).toMatchObject({
      outstanding: 0,
      paid: 2,
    });
    expect(
      await money
        .db('payment_attempts')
        .whereIn(
          'line_id',
          (await linesOf(application)).map((line) => line.id),
        )
        .orderBy(['line_id', 'number'])
        .select('number', 'status'),
    ).toEqual(
      expect.arrayContaining([
        { number: 1, status: 'failed' },
        { number: 2, status: 'paid' },
      ]),
    );
  });
});

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
