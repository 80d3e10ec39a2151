import { z } from 'zod';
import { entryKinds } from '../../db/money/ledger.ts';
import { funds } from '../../workflows/domain/policy/policy.ts';
import { emptyAsAbsent, searchWords } from '../http/fields.ts';

/** Which entries of the ledger are listed. */
export const EntryList = z.object({
  fund: z.enum(funds).optional().or(emptyAsAbsent),
  year: z.coerce.number().int().min(2015).max(2099).optional().or(emptyAsAbsent),
  kind: z.enum(entryKinds).optional().or(emptyAsAbsent),
  q: searchWords(60),
});
export type EntryList = z.output<typeof EntryList>;

export const EntryQuery = EntryList.extend({
  /** The last entry shown. */
  after: z.coerce.number().int().positive().max(Number.MAX_SAFE_INTEGER).optional().or(emptyAsAbsent),
  size: z.coerce.number().int().min(1).max(200).default(50),
});

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
    kind: z.enum(entryKinds),
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
    /** Found by a class whose payments are in this batch; the amount is that of the whole batch. */
    throughBatch: z.boolean(),
    /** Of what goes out by a batch: the classes whose payments are in it. */
    batchClasses: z.array(z.string()),
    document: z.string().nullable(),
  })
  .meta({ id: 'LedgerEntry' });
