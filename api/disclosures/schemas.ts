import { z } from 'zod';
import { freeText } from '../http/fields.ts';

export const DisclosureList = z.enum(['plan', 'conduct', 'result', 'subsidy', 'payment']);

export const DisclosureFilter = z.object({
  list: DisclosureList.optional().or(z.literal('').transform(() => undefined)),
  status: z
    .enum(['open', 'ended'])
    .optional()
    .or(z.literal('').transform(() => undefined)),
  region: z
    .string()
    .regex(/^\d{6}$/, 'region.unknown')
    .optional()
    .or(z.literal('').transform(() => undefined)),
  before: z.iso.datetime({ offset: true }).optional(),
});

export const DisclosureLine = z
  .object({
    number: z.string(),
    list: DisclosureList,
    title: z.string(),
    institution: z.string(),
    classNumber: z.string(),
    region: z.string(),
    blocks: z.boolean(),
    publishedAt: z.string(),
    dueDate: z.string(),
    status: z.enum(['open', 'ended']),
    headcount: z.number().int(),
  })
  .meta({ id: 'DisclosureLine' });

/** A list as the public sees it, frozen at publication. `facts` by their keys: sessions, hours, venue, fund, pack, headcount. */
export const DisclosureSnapshot = z
  .object({
    classNumber: z.string(),
    classTitle: z.string(),
    institution: z.string(),
    project: z.string(),
    startDate: z.string().nullable(),
    endDate: z.string().nullable(),
    department: z.string(),
    facts: z.array(z.object({ key: z.string(), value: z.union([z.string(), z.number()]) })),
    people: z.array(
      z.object({
        seat: z.number().int(),
        /** Masked, like the number. */
        name: z.string(),
        id: z.string(),
        group: z.string().optional(),
        result: z.string().optional(),
        amountFen: z.number().int().optional(),
        status: z.string().optional(),
      }),
    ),
    totalFen: z.number().int().optional(),
  })
  .meta({ id: 'DisclosureSnapshot' });

export const Disclosure = DisclosureLine.extend({
  digest: z.string(),
  provisional: z.boolean(),
  snapshot: DisclosureSnapshot,
}).meta({ id: 'Disclosure' });

export const NewObjection = z
  .object({
    seat: z.coerce
      .number()
      .int()
      .min(1)
      .max(500)
      .optional()
      .or(z.literal('').transform(() => undefined)),
    grounds: freeText(2_000, { min: 5 }),
    contact: freeText(200, { phones: true }).optional(),
  })
  .meta({ id: 'NewObjection' });

export const ObjectionState = z
  .object({
    receipt: z.string(),
    status: z.enum(['open', 'upheld', 'dismissed']),
    raisedAt: z.string(),
    answer: z.string().nullable(),
    decidedAt: z.string().nullable(),
  })
  .meta({ id: 'ObjectionState' });
