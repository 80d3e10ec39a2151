import { z } from 'zod';

const emptyAsAbsent = z.literal('').transform(() => undefined);
const code = z.string().regex(/^[\w-]{1,40}$/);

export const ProjectParams = z.object({ code });

export const ProjectQuery = z.object({
  q: z.string().trim().max(100).optional().or(emptyAsAbsent),
  level: z.coerce.number().int().min(1).max(5).optional().or(emptyAsAbsent),
  kind: z.enum(['certificate', 'single_ability']).optional().or(emptyAsAbsent),
  after: code.optional().or(emptyAsAbsent),
  size: z.coerce.number().int().min(1).max(100).default(50),
});

/** `sourced: false`: no text was found for the value; it is an assumption. */
const Standard = z.object({ fen: z.number().int(), source: z.string(), article: z.string().nullable(), sourced: z.boolean() });

export const Project = z
  .object({
    code: z.string(),
    name: z.string(),
    occupation: z.string(),
    level: z.number().int().nullable(),
    kind: z.enum(['certificate', 'single_ability']),
    hoursMin: z.number().int(),
    fund: z.string(),
    department: z.string(),
    responsible: z.string(),
    region: z.object({ code: z.string(), zh: z.string(), en: z.string() }),
    validFrom: z.string(),
    validTo: z.string().nullable(),
    inForce: z.boolean(),
    packId: z.string().nullable(),
    standard: Standard.nullable(),
  })
  .meta({ id: 'Project' });

export const ProjectDetail = Project.extend({
  standards: z.array(
    z.object({
      groups: z.array(z.string()),
      formula: z.string(),
      amountFen: z.number().int(),
      source: z.string(),
      sourced: z.boolean(),
    }),
  ),
  institutions: z.array(z.object({ creditCode: z.string(), name: z.string(), kind: z.string() })),
}).meta({ id: 'ProjectDetail' });
