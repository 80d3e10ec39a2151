import { z } from 'zod';
import { Cursor, emptyAsAbsent, line, withoutPersonalNumbers } from '../http/fields.ts';

/** Of the benefits; `after` goes on among them, `uploadsAfter` among the files. */
export const PriorBenefitQuery = z.object({
  q: z.string().trim().max(100).superRefine(withoutPersonalNumbers()).optional().or(emptyAsAbsent),
  year: z.coerce.number().int().min(2000).max(2099).optional().or(emptyAsAbsent),
  region: z
    .string()
    .regex(/^\d{6,12}$/, 'region.unknown')
    .optional()
    .or(emptyAsAbsent),
  after: Cursor,
  uploadsAfter: Cursor,
});

export const PriorUploadForm = z.object({ region: z.string().regex(/^\d{6,12}$/, 'region.unknown') }).meta({ id: 'PriorBenefitUpload' });
export const PriorUploadParams = z.object({ id: z.uuid() });
export const PriorWithdrawal = z.object({ reason: line(2, 300) }).meta({ id: 'PriorBenefitWithdrawal' });

export const PriorUploadRow = z
  .object({
    id: z.string(),
    region: z.string(),
    fileName: z.string(),
    digest: z.string(),
    rows: z.number().int(),
    added: z.number().int(),
    uploadedBy: z.string(),
    uploadedAt: z.iso.datetime(),
    withdrawnBy: z.string().nullable(),
    withdrawReason: z.string().nullable(),
  })
  .meta({ id: 'PriorBenefitFile' });

export const PriorBenefit = z
  .object({
    id: z.string(),
    name: z.string(),
    idMasked: z.string(),
    occupation: z.string(),
    level: z.number().int().nullable(),
    year: z.number().int(),
    amountFen: z.number().int(),
    institution: z.string(),
    paidOn: z.string().nullable(),
    region: z.string(),
  })
  .meta({ id: 'PriorBenefit' });
