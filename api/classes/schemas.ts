import { z } from 'zod';
import { classNumberForm } from '../../workflows/domain/formats/numbers.ts';
import { classStatuses } from '../../workflows/domain/classes/class.ts';
import { civilDate, emptyAsAbsent, freeText, line, searchWords } from '../http/fields.ts';
import { ItemAnswers } from '../tasks/schemas.ts';
import { CorrectionPoint } from '../corrections/schemas.ts';

/** `PX350104-2026-00001`; the earliest are without letters. Anything else is no class. */
export const ClassParams = z.object({ number: z.string().regex(classNumberForm) });
export type ClassParams = z.output<typeof ClassParams>;

export const ClassQuery = z.object({
  q: searchWords(100),
  status: z.enum(classStatuses).optional().or(emptyAsAbsent),
  after: z
    .string()
    .regex(/^[\w-]{20,200}$/)
    .optional()
    .or(emptyAsAbsent),
  size: z.coerce.number().int().min(1).max(100).default(25),
});

/** `check` marks on a form what a submission would refuse. */
export const CheckQuery = z.object({ check: z.literal('1').optional().or(emptyAsAbsent) });

export const ClassForm = z
  .object({
    projectId: z.uuid(),
    title: line(2, 80),
    plan: freeText(5_000, { phones: true }).optional(),
    startDate: civilDate.optional(),
    endDate: civilDate.optional(),
    venueId: z.uuid().optional(),
    assessorId: z.uuid().optional(),
    version: z.coerce.number().int().optional(),
  })
  .meta({ id: 'ClassForm' });

const Named = { id: z.uuid(), name: z.string() };
/** What a new class may be made of: the catalogue of its region and the institution's own means. */
export const ClassChoices = z
  .object({
    projects: z.array(z.object({ ...Named, occupation: z.string(), in_scope: z.boolean() })),
    venues: z.array(z.object({ ...Named, capacity: z.number().int() })),
    teachers: z.array(z.object({ ...Named, occupations: z.array(z.string()) })),
    assessors: z.array(z.object(Named)),
  })
  .meta({ id: 'ClassChoices' });

/** One row of a timetable. */
export const SessionForm = z
  .object({
    day: civilDate,
    half: z.enum(['morning', 'afternoon', 'evening']),
    hours: z.coerce.number().int().min(1).max(8),
    kind: z.enum(['theory', 'practice']),
    topic: line(1, 100),
    teacherId: z.uuid(),
    venueId: z.uuid(),
  })
  .meta({ id: 'SessionForm' });

/** A form sends its empty rows too; they are left out, and fields left empty count as absent. */
export function filledRows(body: unknown): Record<string, unknown>[] {
  const given = (body as { sessions?: unknown } | undefined)?.sessions;
  const rows = Array.isArray(given) ? given : typeof given === 'object' && given !== null ? Object.values(given) : [];
  return rows
    .filter((row): row is Record<string, unknown> => typeof row === 'object' && row !== null)
    .map((row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== '')))
    .filter((row) => row['day'] !== undefined || row['topic'] !== undefined || row['hours'] !== undefined);
}

export const TimetableForm = z
  .object({
    sessions: z.preprocess((given) => (given === undefined ? [] : filledRows({ sessions: given })), z.array(SessionForm).max(400)),
    version: z.coerce.number().int().optional(),
  })
  .meta({ id: 'TimetableForm' });

export const ProposalForm = z.object({
  hours: z.coerce.number().int().min(1).max(1_000),
  hoursPerHalf: z.coerce.number().int().min(1).max(8),
  theoryPercent: z.coerce.number().int().min(0).max(100),
  evenings: z.string().optional(),
  teacherIds: z.preprocess((value) => (Array.isArray(value) ? value : value === undefined ? [] : [value]), z.array(z.uuid()).min(1)),
  venueId: z.uuid(),
});

export const SubmitForm = z.object({ version: z.coerce.number().int().optional() }).meta({ id: 'ClassSubmission' });
export const ResubmitForm = z
  .object({
    taskVersion: z.coerce.number().int().optional(),
    remark: freeText(2_000).optional(),
    answers: ItemAnswers,
  })
  .meta({ id: 'ClassResubmission' });
export const WithdrawForm = z.object({ reason: freeText(1_000, { min: 2 }) }).meta({ id: 'ClassWithdrawal' });

const Person = z.object({ code: z.string(), zh: z.string(), en: z.string() });
export const ClassItem = z
  .object({
    number: z.string(),
    title: z.string(),
    status: z.enum(classStatuses),
    stage: z.string().nullable(),
    institution: z.string(),
    region: Person,
    project: z.string(),
    startDate: z.string().nullable(),
    endDate: z.string().nullable(),
    headcount: z.number().int(),
    /** Null for the assessment body, which reads no money. */
    amountFen: z.number().int().nullable(),
    task: z.object({ step: z.string(), role: z.string(), dueDate: z.string().nullable() }).nullable(),
  })
  .meta({ id: 'ClassItem' });

export const ClassDetail = z
  .object({
    number: z.string(),
    title: z.string(),
    status: z.enum(classStatuses),
    stage: z.string().nullable(),
    version: z.number().int(),
    institution: z.string(),
    projectId: z.string(),
    project: z.string(),
    plan: z.string(),
    startDate: z.string().nullable(),
    endDate: z.string().nullable(),
    venueId: z.string().nullable(),
    assessorId: z.string().nullable(),
    packId: z.string(),
    headcount: z.number().int(),
    /** Null for the assessment body, which reads no money. */
    amountFen: z.number().int().nullable(),
    hours: z.number().int(),
    acts: z.array(z.string()),
    tasks: z.array(
      z.object({ id: z.string(), step: z.string(), kind: z.string(), role: z.string(), mine: z.boolean(), dueDate: z.string().nullable() }),
    ),
    outstanding: z.array(z.object({ field: z.string(), code: z.string(), message: z.string() })),
    /** The list that a class is back with: what each point opens, asks and was answered. */
    correction: z
      .object({
        round: z.number().int(),
        items: z.array(CorrectionPoint),
      })
      .nullable(),
    moving: z.boolean(),
  })
  .meta({ id: 'ClassDetail' });
