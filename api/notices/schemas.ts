/** What the notices of a person take and answer. */
import { z } from 'zod';

export const NoticeParams = z.object({ id: z.uuid() });

export const NoticesQuery = z.object({
  before: z.coerce.number().int().positive().optional(),
  /** Only what was not read. */
  unread: z.literal('1').optional(),
});

/** `upTo`: the newest one that the reader saw; later ones stay unread. */
export const ReadAllForm = z.object({ upTo: z.coerce.number().int().nonnegative().optional() }).meta({ id: 'ReadAllForm' });

export const Notice = z
  .object({
    id: z.uuid(),
    no: z.number().int(),
    occasion: z.string(),
    /** What happened, in the language of the reader. */
    title: z.string(),
    /** What it is about. */
    subject: z.string(),
    /** The page that it leads to. */
    href: z.string(),
    author: z.string().nullable(),
    remark: z.string().nullable(),
    at: z.string(),
    read: z.boolean(),
  })
  .meta({ id: 'Notice' });

export const Notices = z
  .object({ notices: z.array(Notice), unread: z.number().int(), next: z.number().int().nullable() })
  .meta({ id: 'Notices' });
