import { z } from 'zod';
import { normaliseNumber } from '../../workflows/domain/people/identity.ts';
import { bankTemplates } from '../../workflows/domain/money/bank-templates.ts';
import { funds } from '../../workflows/domain/policy/policy.ts';
import { line } from '../http/fields.ts';

const templateIds = bankTemplates.map((template) => template.id);

export const PayingAccountForm = z
  .object({
    region: z.string().regex(/^\d{6,12}$/, 'region.unknown'),
    fund: z.enum(funds),
    /** Its holder, as the bank has it. */
    name: line(2, 60),
    account: z
      .string()
      .max(60)
      .transform(normaliseNumber)
      .refine((account) => /^\d{8,32}$/.test(account), 'payingAccount.account'),
    bankTemplate: z.string().refine((id) => templateIds.includes(id), 'notOffered'),
    reason: line(2, 300),
  })
  .meta({ id: 'PayingAccountForm' });

export const PayingAccountParams = z.object({ id: z.uuid() });

/** `account` is masked for all but payment officers and auditors. */
export const PayingAccount = z
  .object({
    id: z.string().nullable(),
    region: z.string(),
    fund: z.enum(funds),
    name: z.string(),
    account: z.string(),
    bankTemplate: z.string(),
    reason: z.string().nullable(),
    status: z.enum(['proposed', 'confirmed', 'refused', 'withdrawn']),
    inUse: z.boolean(),
    proposedBy: z.string().nullable(),
    proposedAt: z.string().nullable(),
    decidedBy: z.string().nullable(),
    decidedAt: z.string().nullable(),
  })
  .meta({ id: 'PayingAccount' });
