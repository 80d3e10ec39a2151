import { z } from 'zod';
import { ClassParams } from '../classes/schemas.ts';

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
export const RosterUpload = z
  .looseObject({
    trainees: z.array(Trainee).min(1).max(20_000).optional(),
    /** Keep and compare instead of replacing at once. */
    compare: z.union([z.boolean(), z.enum(['0', '1']).transform((sign) => sign === '1')]).optional(),
  })
  .meta({ id: 'RosterUpload' });

const given = (missing: string) => z.string({ error: missing }).max(200);
/** One person, added: the fields of a row. */
export const TraineeForm = z
  .object({
    name: given('roster.nameMissing'),
    idNumber: given('roster.idNumberMissing'),
    phone: given('roster.phoneMissing'),
    group: given('roster.groupMissing'),
    bank: z.string().max(200).default(''),
    account: given('roster.accountMissing'),
  })
  .meta({ id: 'TraineeForm' });
/** One person, changed: a number that is left out stays as it is. */
export const TraineeChange = z
  .object({
    ...TraineeForm.shape,
    idNumber: z.string().max(200).optional(),
    phone: z.string().max(200).optional(),
    account: z.string().max(200).optional(),
    version: z.coerce.number().int().optional(),
  })
  .meta({ id: 'TraineeChange' });
export const TraineeParams = ClassParams.extend({ id: z.uuid() });
export const TraineeSaved = z.object({ number: z.string(), seat: z.number().int() });

const Finding = z.object({ text: z.string(), source: z.string() });
const Compared = z.object({ seat: z.number().int(), name: z.string(), idMasked: z.string() });
/** What an upload would change; names and numbers are masked. */
export const RosterComparison = z
  .object({
    fileName: z.string(),
    trainees: z.number().int(),
    stale: z.boolean(),
    added: z.array(Compared.extend({ findings: z.array(Finding) })),
    changed: z.array(Compared.extend({ fields: z.array(z.string()), findings: z.array(Finding) })),
    removed: z.array(Compared),
    same: z.number().int(),
  })
  .meta({ id: 'RosterComparison' });

/** `all`: the form comes with everybody ticked whom the rules allow. */
export const EarlierQuery = z.object({ from: ClassParams.shape.number.optional(), all: z.literal('1').optional() });
export const EarlierChoice = z
  .object({
    from: ClassParams.shape.number,
    people: z.preprocess(
      (value) => (typeof value === 'string' ? [value] : value),
      z.array(z.uuid(), { error: 'roster.nobodyChosen' }).min(1, 'roster.nobodyChosen').max(1_000),
    ),
  })
  .meta({ id: 'EarlierChoice' });
export const EarlierPeople = z
  .object({
    classes: z.array(
      z.object({ number: z.string(), title: z.string(), status: z.string(), startDate: z.string().nullable(), people: z.number().int() }),
    ),
    people: z.array(
      z.object({
        id: z.string(),
        seat: z.number().int(),
        name: z.string(),
        idMasked: z.string(),
        group: z.string(),
        status: z.string(),
        here: z.boolean(),
        findings: z.array(Finding),
      }),
    ),
  })
  .meta({ id: 'EarlierPeople' });

export const RosterPerson = z
  .object({
    id: z.string(),
    seat: z.number().int(),
    name: z.string(),
    idMasked: z.string(),
    status: z.string(),
  })
  .extend(
    z
      .object({
        phoneMasked: z.string(),
        accountMasked: z.string(),
        bank: z.string(),
        group: z.string(),
        eligible: z.boolean(),
        findings: z.array(z.object({ text: z.string(), source: z.string() })),
        amountFen: z.number().int().nullable(),
        standardFen: z.number().int().nullable(),
        percent: z.number().nullable(),
        formula: z.string(),
        source: z.string(),
      })
      // The assessment body is told whom it examines, and none of this.
      .partial().shape,
  )
  .meta({ id: 'RosterPerson' });
