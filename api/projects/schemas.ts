import { z } from 'zod';
import { funds } from '../../workflows/domain/policy/policy.ts';
import { civilDate, emptyAsAbsent, line, searchWords } from '../http/fields.ts';

const code = z.string().regex(/^[\w-]{1,40}$/);

export const ProjectParams = z.object({ code });

export const ProjectQuery = z.object({
  q: searchWords(100),
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
    version: z.number().int(),
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

const entry = {
  name: line(2, 100),
  occupation: line(2, 40),
  level: z.coerce.number().int().min(1).max(5).optional(),
  kind: z.enum(['certificate', 'single_ability']),
  fund: z.enum(funds),
  department: line(2, 60),
  responsible: line(2, 60),
  region: z.string().regex(/^\d{6,12}$/, 'region.unknown'),
  hoursMin: z.coerce.number().int().min(1).max(5_000),
  validFrom: civilDate,
  /** First day on which no class can be opened from it. */
  validTo: civilDate.optional(),
};
type Entered = { kind: string; level?: number | undefined; validFrom: string; validTo?: string | undefined };
const levelFits = ({ kind, level }: Entered): boolean => (kind === 'certificate') === (level !== undefined);
const periodFits = ({ validFrom, validTo }: Entered): boolean => validTo === undefined || validTo > validFrom;
const atLevel = { path: ['level'], error: 'project.level' };
const atEnd = { path: ['validTo'], error: 'project.period' };

export const ProjectForm = z
  .object({
    code: z
      .string()
      .trim()
      .regex(/^(?=.*\d)[A-Za-z0-9][\w-]{1,39}$/, 'project.code'),
    ...entry,
  })
  .refine(levelFits, atLevel)
  .refine(periodFits, atEnd)
  .meta({ id: 'ProjectForm' });
/** The version that the form was drawn from. */
const version = z.coerce.number().int().optional();
export const ProjectRevision = z
  .object({ ...entry, version })
  .refine(levelFits, atLevel)
  .refine(periodFits, atEnd)
  .meta({ id: 'ProjectRevision' });
export const ProjectEnd = z.object({ validTo: civilDate, reason: line(2, 300), version }).meta({ id: 'ProjectEnd' });
export const ProjectSaved = z.object({ code: z.string(), version: z.number().int() });

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
  versions: z.array(
    z.object({
      version: z.number().int(),
      name: z.string(),
      hoursMin: z.number().int(),
      validFrom: z.string(),
      validTo: z.string().nullable(),
      endReason: z.string().nullable(),
    }),
  ),
  institutions: z.array(z.object({ creditCode: z.string(), name: z.string(), kind: z.string() })),
}).meta({ id: 'ProjectDetail' });
