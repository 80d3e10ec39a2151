/** Money in the rows of an institution's first page: claimed, approved, paid and returned. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listOfficeAnswers } from '../../db/views/office-answers.ts';
import { listAsked, listOwnClasses, sumYear } from '../../db/views/workplace.ts';
import { type MoneyDatabase, openMoneyDatabase } from '../support/by-hand/money.ts';
import { readingOf } from '../support/by-hand/money-reading.ts';

let money: MoneyDatabase;
beforeAll(async () => {
  money = await openMoneyDatabase();
});
afterAll(async () => {
  await money?.close();
});

describe('claims of an institution', () => {
  test('[N3] a class shows what was claimed, approved and paid, and what the bank returned', async () => {
    const untouched = await money.plant({ trainees: 2 });
    const filed = await money.plant({ trainees: 3 });
    const application = await money.approved(filed);
    const owner = await money.db('classes').where({ id: filed.classId }).first('institution_id');
    const { login } = await money.db('users').where({ institution_id: owner.institution_id }).first('login');
    const actor = await money.actor(login);
    const lines = await money.db('payment_lines').where({ application_id: application.id }).orderBy('id');
    await money.owner('payment_lines').where({ id: lines[0].id }).update({ status: 'paid' });
    await money.owner('payment_lines').where({ id: lines[1].id }).update({ status: 'failed' });
    await money.step(application.procedureId, 'payment', {
      asks: [
        { step: 'payment.account', kind: 'account_correction', role: 'institution', level: 'own', outcomes: ['corrected'], workingDays: 5 },
      ],
    });

    const { lines: rows } = await listOwnClasses(money.db, actor, { size: 10 });
    const total = lines.reduce((sum, line) => sum + Number(line.amount_fen), 0);
    expect(rows.find((row) => row.number === filed.number)).toMatchObject({
      application: application.number,
      claimed_fen: total,
      approved_fen: total,
      paid_fen: Number(lines[0].amount_fen),
      returned_lines: 1,
    });
    expect(rows.find((row) => row.number === untouched.number)).toMatchObject({ claimed_fen: null, approved_fen: null, paid_fen: 0 });
    expect(await sumYear(money.db, actor)).toMatchObject({ applications: 1, claimed_fen: total, paid_fen: Number(lines[0].amount_fen) });
    expect(await listAsked(money.db, actor, 20)).toMatchObject([{ kind: 'account_correction', returned_lines: 1 }]);
  });

  test('[N3] what was paid and what the bank sent back are two answers about the claim, with people, amount and reason', async () => {
    const filed = await money.plant({ trainees: 3 });
    const application = await money.approved(filed);
    const owner = await money.db('classes').where({ id: filed.classId }).first('institution_id');
    const { login } = await money.db('users').where({ institution_id: owner.institution_id }).first('login');
    const actor = await money.actor(login);
    expect((await listOfficeAnswers(money.db, actor, { kind: 'payment', size: 10 })).lines).toEqual([]);
    const { answer, answerOf, linesOf } = readingOf(money);
    const number = await money.batch(application, 'released');
    await answer(number, await answerOf(number, 1, ['户名不符']));

    const lines = await linesOf(application);
    const paid = lines.filter((line) => line.status === 'paid').reduce((sum, line) => sum + Number(line.amount_fen), 0);
    const common = { subject_number: application.number, class_number: filed.number };
    const list = async (kind?: 'payment' | 'payment_return') =>
      (await listOfficeAnswers(money.db, actor, { kind, text: filed.number, size: 10 })).lines;
    expect(await list('payment')).toMatchObject([{ ...common, kind: 'payment', people: 2, amount_fen: paid, words: null }]);
    expect(await list('payment_return')).toMatchObject([{ ...common, kind: 'payment_return', people: 1, words: '户名不符' }]);
    expect((await list()).map(({ kind }) => kind)).toEqual(expect.arrayContaining(['payment', 'payment_return', 'review']));
    expect((await listOfficeAnswers(money.db, await money.actor('cs-pay-1'), { size: 10 })).lines).toEqual([]);
  });
});
