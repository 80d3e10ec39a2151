import { z } from 'zod';

export const FundBalance = z
  .object({
    fund: z.string(),
    year: z.number().int(),
    region: z.string(),
    regionZh: z.string(),
    regionEn: z.string(),
    budgetFen: z.number().int(),
    availableFen: z.number().int(),
    committedFen: z.number().int(),
    inTransitFen: z.number().int(),
    paidFen: z.number().int(),
  })
  .meta({ id: 'FundBalance' });

/** One business event: `amountFen` is debited to one account and credited to the other. */
export const LedgerEntry = z
  .object({
    id: z.number().int(),
    kind: z.enum(['budget', 'budget_reduction', 'commitment', 'release', 'dispatch', 'payment', 'bank_return']),
    reference: z.string(),
    at: z.iso.datetime(),
    amountFen: z.number().int(),
    debit: z.string(),
    credit: z.string(),
    fund: z.string(),
    year: z.number().int(),
    region: z.string(),
    regionZh: z.string(),
    regionEn: z.string(),
    classNumber: z.string().nullable(),
    document: z.string().nullable(),
  })
  .meta({ id: 'LedgerEntry' });
