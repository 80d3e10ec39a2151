/** What the conversation about a class takes and answers. */
import { z } from 'zod';
import { freeText } from '../http/fields.ts';

export const MessagesQuery = z.object({ before: z.coerce.number().int().positive().optional() });

export const MessageForm = z
  .object({
    text: freeText(2_000, { min: 1, phones: true }),
    /** The page of a case that it was written on. */
    back: z
      .string()
      .regex(/^\/(tasks|classes)\/[\w./?=&%-]{1,300}$/)
      .optional(),
  })
  .meta({ id: 'MessageForm' });

export const Messages = z
  .object({
    messages: z.array(
      z.object({
        id: z.uuid(),
        side: z.enum(['office', 'institution']),
        author: z.string(),
        from: z.string(),
        text: z.string(),
        at: z.string(),
        /** Written by the other side, and not opened by the reader before now. */
        unread: z.boolean(),
        readBy: z.string().nullable(),
        readAt: z.string().nullable(),
      }),
    ),
    mayWrite: z.boolean(),
    next: z.number().int().nullable(),
  })
  .meta({ id: 'Messages' });
