import { z } from 'zod';
import { civilDate } from '../http/fields.ts';

const text = (most: number) =>
  z.preprocess((value) => (typeof value === 'string' && value.trim() === '' ? undefined : value), z.string().trim().max(most).optional());

/** Of a form every field may be blank: which blank is wrong depends on the others. */
const ResultInput = z.object({
  enrolmentId: z.uuid(),
  theoryScore: z.preprocess((value) => (value === '' ? undefined : value), z.coerce.number().optional()),
  practiceScore: z.preprocess((value) => (value === '' ? undefined : value), z.coerce.number().optional()),
  passed: z.preprocess(
    (value) => (value === '1' ? true : value === '0' ? false : value === '' ? undefined : value),
    z.boolean().optional(),
  ),
  certificateNumber: text(40),
  certificateDate: z.preprocess((value) => (value === '' ? undefined : value), civilDate.optional()),
});
export type ResultInput = z.output<typeof ResultInput>;

export const ResultsEntry = z.object({ results: z.array(ResultInput).max(1_000) }).meta({ id: 'ResultsEntry' });

export const Result = z
  .object({
    id: z.string(),
    seat: z.number().int(),
    name: z.string(),
    status: z.string(),
    attendanceShort: z.boolean(),
    attendedPercent: z.number().nullable(),
    theoryScore: z.number().nullable(),
    practiceScore: z.number().nullable(),
    passed: z.boolean().nullable(),
    certificateNumber: z.string().nullable(),
    certificateDate: z.string().nullable(),
    /** What the register of certificates answered; `settled` where an officer settled it. */
    check: z.string().nullable(),
    filed: z.boolean(),
  })
  .meta({ id: 'Result' });
