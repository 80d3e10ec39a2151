import { z } from 'zod';
import { itemStatuses } from '../../db/classes/corrections.ts';

export const ItemStatus = z.enum(itemStatuses);

/** A point of a list of corrections: what it opens, asks and was answered. */
export const CorrectionPoint = z.object({
  id: z.string(),
  no: z.number().int(),
  field: z.string(),
  part: z.string(),
  demand: z.string(),
  /** Why it was not told in the first round. */
  lateReason: z.string().nullable(),
  status: ItemStatus,
  answer: z.string().nullable(),
  answeredAt: z.string().nullable(),
});

/** The list of corrections that came back: what was asked at each point, the answer, and every value that changed there. */
export const CorrectionList = z
  .object({
    round: z.number().int(),
    items: z.array(
      CorrectionPoint.extend({
        changes: z.array(z.object({ label: z.string(), before: z.string(), after: z.string(), href: z.string().optional() })),
      }),
    ),
  })
  .meta({ id: 'CorrectionList' });
