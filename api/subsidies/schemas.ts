import { z } from 'zod';
import { applicationStatuses } from '../../workflows/domain/money/application.ts';

const Source = z.object({ label: z.string(), value: z.string(), source: z.string(), article: z.string(), sourced: z.boolean() });

const amount = {
  seat: z.number().int(),
  name: z.string(),
  idMasked: z.string(),
  accountMasked: z.string(),
  bankName: z.string(),
  group: z.string(),
  standardFen: z.number().int(),
  /** The chain of percentages as one figure, e.g. 120. */
  percentage: z.number(),
  amountFen: z.number().int(),
  formula: z.string(),
  sources: z.array(Source),
  unsourced: z.boolean(),
};

export const ClaimLine = z.object(amount).meta({ id: 'ClaimLine' });
export const Claim = z
  .object({ number: z.string(), packId: z.string(), lines: z.array(ClaimLine), totalFen: z.number().int(), taskId: z.string().nullable() })
  .meta({ id: 'Claim' });

export const SubsidyLine = z
  .object({
    ...amount,
    id: z.string(),
    enrolmentId: z.string(),
    status: z.enum(['claimed', 'approved', 'excluded', 'in_batch', 'sent', 'paid', 'failed']),
    statusLabel: z.string(),
    tone: z.string(),
    reason: z.string().nullable(),
    held: z.boolean(),
    paidAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'SubsidyLine' });

export const Application = z
  .object({
    number: z.string(),
    classNumber: z.string(),
    title: z.string(),
    institution: z.string(),
    status: z.enum(applicationStatuses),
    packId: z.string(),
    fund: z.string(),
    year: z.number().int(),
    totalFen: z.number().int(),
    approvedFen: z.number().int().nullable(),
    paidFen: z.number().int(),
    lines: z.array(SubsidyLine),
    batches: z.array(z.object({ number: z.string(), status: z.string(), lineCount: z.number().int(), totalFen: z.number().int() })),
    /** Enrolments whose account may be entered anew now. */
    correctable: z.array(z.string()),
  })
  .meta({ id: 'SubsidyApplication' });
