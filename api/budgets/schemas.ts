import { z } from 'zod';
import { parseYuan } from '../../workflows/domain/money/money.ts';
import { funds } from '../../workflows/domain/policy/policy.ts';
import { line } from '../http/fields.ts';

/** A hundred billion yuan; with it every sum of the ledger stays exact. */
const MOST_FEN = 10_000_000_000_000;

/** Yuan with at most two decimals, as text or number; becomes fen. */
export const Yuan = z.union([z.string(), z.number()]).transform((given, context) => {
  const fen = parseYuan(String(given));
  if (fen === undefined || fen <= 0 || fen > MOST_FEN) {
    context.addIssue({ code: 'custom', params: { code: 'budget.amount' } });
    return z.NEVER;
  }
  return fen;
});

export const BudgetForm = z
  .object({
    fund: z.enum(funds),
    year: z.coerce.number().int().min(2015).max(2099),
    region: z.string().regex(/^\d{6,12}$/, 'region.unknown'),
    direction: z.enum(['increase', 'reduction']).default('increase'),
    amount: Yuan,
    document: line(2, 100),
    reason: line(2, 300),
  })
  .meta({ id: 'BudgetForm' });

export const BudgetParams = z.object({ id: z.uuid() });

export const Budget = z
  .object({
    id: z.string(),
    fund: z.enum(funds),
    year: z.number().int(),
    region: z.string(),
    direction: z.enum(['increase', 'reduction']),
    amountFen: z.number().int(),
    document: z.string(),
    reason: z.string(),
    status: z.enum(['proposed', 'confirmed', 'refused', 'withdrawn']),
    proposedBy: z.string(),
    proposedAt: z.string(),
    decidedBy: z.string().nullable(),
    decidedAt: z.string().nullable(),
  })
  .meta({ id: 'Budget' });
