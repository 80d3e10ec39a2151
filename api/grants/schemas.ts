import { z } from 'zod';
import { Cursor, emptyAsAbsent, freeText, searchWords } from '../http/fields.ts';
import { roles } from '../../workflows/domain/roles.ts';

export const GrantQuery = z.object({
  q: searchWords(100),
  role: z.enum(roles).optional().or(emptyAsAbsent),
  after: z.coerce.number().int().positive().optional().or(emptyAsAbsent),
  requestsAfter: Cursor,
  size: z.coerce.number().int().min(1).max(100).default(50),
});

export const GrantForm = z
  .object({
    login: z.string().trim().min(1).max(100),
    role: z.enum(roles),
    region: z.string().regex(/^\d{6}$/, 'account.region'),
    validFrom: z.iso.date().optional(),
    /** First day without it. */
    validTo: z.iso.date().optional(),
    reason: freeText(300, { min: 2 }),
  })
  .meta({ id: 'GrantForm' });

export const RequestParams = z.object({ id: z.uuid() });
export const GrantParams = z.object({ id: z.coerce.number().int().positive().max(Number.MAX_SAFE_INTEGER) });
export const Revocation = z.object({ reason: freeText(300, { min: 2 }) }).meta({ id: 'GrantRevocation' });

const line = {
  login: z.string(),
  name: z.string(),
  role: z.enum(roles),
  region: z.string(),
  validFrom: z.string(),
  validTo: z.string().nullable(),
};
export const Grant = z
  .object({ id: z.number().int(), ...line, grantedBy: z.string().nullable(), confirmedBy: z.string().nullable(), state: z.string() })
  .meta({ id: 'Grant' });
export const GrantRequest = z
  .object({ id: z.string(), ...line, reason: z.string(), requestedBy: z.string(), requestedAt: z.string() })
  .meta({ id: 'GrantRequest' });
