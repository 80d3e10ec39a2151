import { z } from 'zod';

export const Trainee = z
  .object({
    name: z.string().max(200),
    idNumber: z.string().max(200),
    phone: z.string().max(200),
    /** Code or word of the vocabulary of person groups. */
    group: z.string().max(200),
    bank: z.string().max(200).default(''),
    account: z.string().max(200),
    remark: z.string().max(400).default(''),
  })
  .meta({ id: 'Trainee' });

/** As JSON the trainees themselves; as multipart the field `file`. */
export const RosterUpload = z.looseObject({ trainees: z.array(Trainee).min(1).max(20_000).optional() }).meta({ id: 'RosterUpload' });

export const RosterPerson = z
  .object({
    id: z.string(),
    seat: z.number().int(),
    name: z.string(),
    idMasked: z.string(),
    phoneMasked: z.string(),
    accountMasked: z.string(),
    bank: z.string(),
    group: z.string(),
    status: z.string(),
    eligible: z.boolean(),
    findings: z.array(z.object({ text: z.string(), source: z.string() })),
    amountFen: z.number().int().nullable(),
    standardFen: z.number().int().nullable(),
    percent: z.number().nullable(),
    formula: z.string(),
    source: z.string(),
  })
  .meta({ id: 'RosterPerson' });
