import { z } from 'zod';
import { batchStatuses } from './page.ts';

export const Batch = z
  .object({
    number: z.string(),
    status: z.enum(batchStatuses),
    title: z.string(),
    institution: z.string(),
    fund: z.string(),
    year: z.number().int(),
    lineCount: z.number().int(),
    totalFen: z.number().int(),
    paidFen: z.number().int(),
    failedCount: z.number().int(),
    madeBy: z.string(),
    madeAt: z.iso.datetime(),
    checkedBy: z.string().nullable(),
    checkedAt: z.iso.datetime().nullable(),
    releasedBy: z.string().nullable(),
    releasedAt: z.iso.datetime().nullable(),
    answeredAt: z.iso.datetime().nullable(),
    /** SHA-256 of the file for the bank, hex. */
    bankFileDigest: z.string().nullable(),
  })
  .meta({ id: 'PaymentBatch' });

export const BatchLine = z
  .object({
    serial: z.number().int(),
    reference: z.string(),
    attempt: z.number().int(),
    name: z.string(),
    idMasked: z.string(),
    account: z.string(),
    bankName: z.string(),
    amountFen: z.number().int(),
    status: z.enum(['planned', 'sent', 'paid', 'failed', 'cancelled']),
    reasonCode: z.string().nullable(),
    reason: z.string().nullable(),
    bankSerial: z.string().nullable(),
    held: z.boolean(),
  })
  .meta({ id: 'PaymentBatchLine' });
