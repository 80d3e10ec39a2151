/** The bank's answer and what comes of returned lines: accounts entered anew, sealed, and sent out again. Real PostgreSQL, no Temporal. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { correctAccounts } from '../../../db/money/account-corrections.ts';
import { decideTask } from '../../../db/protocol/decisions.ts';
import { findBrokenLink } from '../../../db/protocol/procedures.ts';
import { makeCard } from '../../../workflows/domain/people/identity.ts';
import { type MoneyDatabase, openMoneyDatabase } from '../../support/by-hand/money.ts';
import { readingOf } from '../../support/by-hand/money-reading.ts';

let money: MoneyDatabase;
let reading: ReturnType<typeof readingOf>;
beforeAll(async () => {
  money = await openMoneyDatabase();
  reading = readingOf(money);
});
afterAll(() => money.close());

describe('the bank’s answer', () => {
  test('[N3] pays line by line, returns what came back, is taken once', async () => {
    const application = await money.approved(await money.plant({ trainees: 3 }));
    const number = await money.batch(application, 'released');
    const content = await reading.answerOf(number, 1);
    const posted = await reading.moved(async () => expect(await reading.answer(number, content)).toEqual({ paid: 2, failed: 1 }));
    expect(posted).toEqual({ in_transit: -210_000, paid: 140_000, committed: 70_000 });
    expect((await reading.linesOf(application)).map((line) => [line.status, line.status_reason])).toEqual([
      ['failed', '账号户名不符'],
      ['paid', null],
      ['paid', null],
    ]);
    expect(
      await reading.moved(() => expect(reading.answer(number, content)).rejects.toMatchObject({ code: 'bank.alreadyAnswered' })),
    ).toEqual({});
    const kept = await money
      .db('facts')
      .where({ procedure_id: `batch-${number}`, outcome: 'answered' })
      .first('payload');
    expect(kept.payload).toEqual({ paid: 2, failed: 1 });
  });

  test('for another batch, with unknown, missing or doubled lines or another amount changes nothing', async () => {
    const application = await money.approved(await money.plant({ trainees: 2 }));
    const number = await money.batch(application, 'released');
    const text = new TextDecoder('gb18030').decode(await reading.answerOf(number));
    const wrong = async (content: string | Buffer): Promise<unknown> =>
      reading
        .answer(number, Buffer.from(content))
        .catch((error: { issues?: { field: string; code: string; params?: object }[] }) =>
          error.issues?.map((issue) => [issue.field, issue.code, issue.params]),
        );
    expect(await wrong(text.replaceAll(number, '350104-2026-77777'))).toEqual([
      ['file', 'bank.otherBatch', { given: '350104-2026-77777', expected: number }],
    ]);
    const codes = async (content: string) => ((await wrong(content)) as string[][]).map(([field, code]) => `${field} ${code}`);
    expect(await codes(text.replace(`${number}-0002`, `${number}-0009`))).toEqual(expect.arrayContaining(['file bank.unknownReference']));
    expect(await codes(text.replace(`${number}-0002`, `${number}-0001`))).toEqual(expect.arrayContaining(['file bank.twice']));
    expect(await wrong(Buffer.from([0, 1, 2, 3]))).toEqual([['file', 'bank.notText', undefined]]);
    expect(await reading.moved(async () => expect(await codes(text.replace('|S|', '|OK|'))).toContain('file bank.status'))).toEqual({});
    expect(await reading.statusesOf(application)).toEqual(['sent', 'sent']);
  });

  test('is entered by the paying office only', async () => {
    const application = await money.approved(await money.plant({ trainees: 1 }));
    const number = await money.batch(application, 'released');
    const content = await reading.answerOf(number);
    await expect(reading.answer(number, content, 'gl-pay-1')).rejects.toMatchObject({ code: 'task.unknown' });
    await expect(reading.answer(number, content, 'cs-first-1')).rejects.toMatchObject({ code: 'task.notYours' });
  });

  test('a line returned for the bank’s own reasons goes out again without a correction', async () => {
    const application = await money.approved(await money.plant({ trainees: 1 }));
    const number = await money.batch(application, 'released');
    await reading.answer(number, await reading.answerOf(number, 1, ['R90']));
    expect(await reading.statusesOf(application)).toEqual(['approved']);
  });
});

describe('a returned line', () => {
  test('[N2] goes out again after its account was corrected: sealed, another one, by its own institution', async () => {
    const filed = await money.plant({ trainees: 2 });
    const application = await money.approved(filed);
    const number = await money.batch(application, 'released');
    await reading.answer(number, await reading.answerOf(number, 1));
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
    expect(await reading.moved(async () => reading.answer(second, await reading.answerOf(second)))).toEqual({
      in_transit: -70_000,
      paid: 70_000,
    });
    expect(await reading.statusesOf(application)).toEqual(['paid', 'paid']);
    expect((await money.step(application.procedureId, 'payment', { acts: [{ act: 'countLines' }] })).flags).toMatchObject({
      outstanding: 0,
      paid: 2,
    });
    expect(
      await money
        .db('payment_attempts')
        .whereIn(
          'line_id',
          (await reading.linesOf(application)).map((line) => line.id),
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

describe('a claim that is back for correction', () => {
  test('[N28] its institution may enter any account anew', async () => {
    const filed = await money.plant({ trainees: 2 });
    const application = await money.claimed(filed);
    const [enrolmentId = ''] = filed.enrolments;
    const account = makeCard({ serial: 31_337 });
    const correct = async () =>
      correctAccounts(money.db, money.vault, await money.actor('kangning-1'), {
        number: application.number,
        accounts: [{ enrolmentId, account, bankName: '兴业银行' }],
      });
    await expect(correct()).rejects.toMatchObject({ code: 'account.notReturned' });
    await money.step(application.procedureId, 'subsidy', {
      asks: [
        {
          step: 'subsidy.correction',
          kind: 'correction',
          role: 'institution',
          level: 'own',
          outcomes: ['resubmit'],
          workingDays: 5,
          peremptory: true,
        },
      ],
    });
    expect(await correct()).toEqual({ saved: 1 });
    expect(await money.db('enrolments').where({ id: enrolmentId }).first('account_masked', 'bank_name')).toEqual({
      account_masked: `**** ${account.slice(-4)}`,
      bank_name: '兴业银行',
    });
    expect(await findBrokenLink(money.db, application.procedureId)).toBeUndefined();
  });
});
