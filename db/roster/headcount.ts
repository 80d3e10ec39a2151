/** How many are in a class and what they would be worth, wherever inbox rows show it. */
import type { Trx } from '../client.ts';
import type { LockedProcedure } from '../protocol/procedures.ts';

/** Counts the enrolled again after somebody left, on the procedure's row and on its open tasks. Moves `procedure` along. */
export async function countAgain(trx: Trx, procedure: LockedProcedure): Promise<void> {
  const { rows } = await trx.raw<{ rows: { headcount: number; amount: number }[] }>(
    `select count(*)::int as headcount, coalesce(sum(amount_fen), 0)::bigint as amount from enrolments where class_id = ? and status = 'enrolled'`,
    [procedure.class_id],
  );
  const { headcount = 0, amount = 0 } = rows[0] ?? {};
  await trx('procedures').where({ id: procedure.id }).update({ headcount, amount_fen: amount });
  await trx('tasks').where({ procedure_id: procedure.id, status: 'open' }).update({ headcount, amount_fen: amount });
  procedure.headcount = headcount;
  procedure.amount_fen = amount;
}
