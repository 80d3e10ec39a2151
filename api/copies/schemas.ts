/** What sending a copy takes and answers. */
import { z } from 'zod';
import { emptyAsAbsent, line } from '../http/fields.ts';

/** A browser sends one box as a text, several as a list. */
export const CopyForm = z
  .object({
    to: z.preprocess((given) => (typeof given === 'string' ? [given] : (given ?? [])), z.array(z.uuid()).min(1, 'copy.nobody').max(20)),
    remark: line(2, 200),
    /** The page of a case that it was sent from. */
    back: z
      .string()
      .regex(/^\/(tasks|classes)\/[\w./?=&%-]{1,300}$/)
      .optional(),
  })
  .meta({ id: 'CopyForm' });

export const CopyQuery = z.object({
  back: z.string().max(320).optional(),
  before: z.coerce.number().int().positive().optional().or(emptyAsAbsent),
});

export const Copies = z
  .object({
    copies: z.array(
      z.object({ no: z.number().int(), at: z.string(), sender: z.string(), readers: z.array(z.string()), remark: z.string() }),
    ),
    /** Send it back as `before`. */
    next: z.number().int().nullable(),
    readers: z.array(z.object({ id: z.uuid(), name: z.string(), roles: z.array(z.string()), region: z.string() })),
  })
  .meta({ id: 'Copies' });
