import { z } from 'zod';
import { freeText, reasonField } from '../http/fields.ts';
import { registers } from '../../db/classes/verifications.ts';

const chosen = z.preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(z.uuid()).max(2_000).default([]));

export const Settlement = z.object({ verificationIds: chosen, reason: reasonField }).meta({ id: 'Settlement' });

/** `excludeReason` is the name of the field in the form. */
export const Exclusion = z
  .object({
    enrolmentId: z.uuid(),
    reason: freeText(1_000).optional(),
    excludeReason: freeText(1_000).optional(),
  })
  .meta({ id: 'Exclusion' });

const register = z.enum(registers);
const count = z.number().int();

export const CheckList = z
  .object({
    number: z.string(),
    /** Checks that are neither confirmed nor settled. */
    outstanding: count,
    sums: z.array(
      z.object({
        register,
        yes: count,
        no: count,
        contradictory: count,
        none: count,
        settled: count,
        total: count,
        outstanding: count,
        source: z.string(),
        at: z.string().nullable(),
        simulated: z.boolean(),
      }),
    ),
    lines: z.array(
      z.object({
        id: z.string(),
        enrolmentId: z.string(),
        seat: count,
        name: z.string(),
        idMasked: z.string(),
        register,
        result: z.enum(['no', 'contradictory', 'none']),
        source: z.string(),
        reference: z.string(),
        failure: z.string().nullable(),
        askedAt: z.string(),
        answeredAt: z.string().nullable(),
        settled: z.object({ name: z.string(), at: z.string(), reason: z.string() }).nullable(),
        earlier: count,
      }),
    ),
  })
  .meta({ id: 'CheckList' });
