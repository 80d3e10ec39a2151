import { z } from 'zod';
import { securityFields, securityLimits } from '../../workflows/domain/people/security.ts';
import { Cursor, freeText } from '../http/fields.ts';

/** A form sends figures as text; nothing else counts as one: 0 means «never». */
const wholeNumber = (given: unknown): unknown => (typeof given === 'string' && /^\s*-?\d{1,9}\s*$/.test(given) ? Number(given) : given);
const within = ({ least, most }: { least: number; most: number }) => z.preprocess(wholeNumber, z.number().int().min(least).max(most));

export const SecurityForm = z
  .object({
    idleMinutes: within(securityLimits.idleMinutes),
    longestHours: within(securityLimits.longestHours),
    attempts: within(securityLimits.attempts),
    lockMinutes: within(securityLimits.lockMinutes),
    passwordDays: within(securityLimits.passwordDays),
    staleDays: within(securityLimits.staleDays),
    reason: freeText(300, { min: 2 }),
  })
  .meta({ id: 'SecurityForm' });

export const SecurityQuery = z.object({ after: Cursor });

export const SecurityParams = z.object({ id: z.uuid() });

const figures = z.object({
  idleMinutes: z.number().int(),
  longestHours: z.number().int(),
  attempts: z.number().int(),
  lockMinutes: z.number().int(),
  passwordDays: z.number().int(),
  staleDays: z.number().int(),
});

const Version = figures.extend({
  id: z.string(),
  status: z.enum(['requested', 'in_force', 'former', 'refused', 'withdrawn']),
  reason: z.string(),
  /** Null for what was shipped. */
  requestedBy: z.string().nullable(),
  requestedAt: z.string().nullable(),
  decidedBy: z.string().nullable(),
  decidedAt: z.string().nullable(),
});

/** `limits`: what no two people can pass, by setting. */
export const Security = z
  .object({
    inForce: Version,
    waiting: Version.nullable(),
    earlier: z.array(Version),
    /** Where still earlier ones begin. */
    next: z.string().nullable(),
    limits: z.object(
      Object.fromEntries(securityFields.map((field) => [field, z.object({ least: z.number().int(), most: z.number().int() })])),
    ),
  })
  .meta({ id: 'SecuritySettings' });
