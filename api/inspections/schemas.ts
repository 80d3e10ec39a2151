import { z } from 'zod';

export const Inspection = z
  .object({
    id: z.string(),
    method: z.enum(['video', 'visit', 'phone']),
    found: z.enum(['in_order', 'finding']),
    present_count: z.number().int().nullable(),
    remark: z.string(),
    inspector: z.string(),
    companion: z.string().nullable(),
    inspected_at: z.string(),
    reason: z.string().nullable(),
    rectification: z
      .object({ answer: z.string().nullable(), answeredAt: z.string().nullable(), accepted: z.boolean().nullable() })
      .nullable(),
  })
  .meta({ id: 'Inspection' });
