import { z } from 'zod';

export const Batch = z
  .object({
    number: z.string(),
    status: z.enum(['made', 'checked', 'released', 'answered', 'cancelled']),
    title: z.string(),
    institution: z.string(),
    lineCount: z.number().int(),
    totalFen: z.number().int(),
    madeBy: z.string(),
    checkedBy: z.string().nullable(),
    releasedBy: z.string().nullable(),
  })
  .meta({ id: 'PaymentBatch' });

export const BatchLine = z
  .object({ serial: z.number().int(), reference: z.string(), name: z.string(), account: z.string(), amountFen: z.number().int(), status: z.string(), reason: z.string().nullable(), attempt: z.number().int() })
  .meta({ id: 'PaymentBatchLine' });
