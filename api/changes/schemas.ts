import { z } from 'zod';
import { civilDate, reasonField } from '../http/fields.ts';

const half = z.enum(['morning', 'afternoon', 'evening']);
const several = z.preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(z.uuid()).max(400).default([]));

/** `teacher` and `venue` name sessions; `date` moves one session (`sessionId`, `day`, `half`) or all that lie ahead (`days`); `drop_out` names a trainee. */
export const ChangeRequest = z
  .object({
    kind: z.enum(['teacher', 'date', 'venue', 'drop_out']),
    sessionIds: several,
    sessionId: z.uuid().optional(),
    teacherId: z.uuid().optional(),
    venueId: z.uuid().optional(),
    day: civilDate.optional(),
    half: half.optional(),
    days: z.coerce.number().int().optional(),
    enrolmentId: z.uuid().optional(),
    reason: reasonField,
  })
  .meta({ id: 'ChangeRequest' });

/** The number of the request within its class. */
export const Requested = z.object({ changeNo: z.number().int() });

export const Change = z
  .object({
    no: z.number().int(),
    kind: z.string(),
    status: z.enum(['requested', 'approved', 'refused', 'cancelled']),
    reason: z.string(),
    requestedBy: z.string(),
    requestedAt: z.string(),
    sessions: z.array(z.object({ day: z.string(), half, topic: z.string(), before: z.string() })),
    after: z.string().nullable(),
    move: z.object({ day: z.string(), half }).nullable(),
    days: z.number().int().nullable(),
    trainee: z.object({ seat: z.number().int(), name: z.string() }).nullable(),
    decisions: z.array(z.object({ name: z.string(), at: z.string(), outcome: z.string(), reason: z.string().nullable() })),
  })
  .meta({ id: 'Change' });
