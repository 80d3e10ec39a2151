/** Money in the rows of an institution's first page: claimed, approved, paid and returned. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listAsked, listOwnClasses, sumYear } from '../../db/views/workplace.ts';
import { type MoneyDatabase, openMoneyDatabase } from '../support/money.ts';

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
});
