import { z } from 'zod';
import { attendanceMethods } from '../../db/training/attendance.ts';

const listed = z.preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(z.uuid()).max(1_000).default([]));

/** Programs send `marks`; the form sends one session and who was there: everybody else enrolled was not. */
export const AttendanceEntry = z
  .object({
    marks: z
      .array(z.object({ enrolmentId: z.uuid(), sessionId: z.uuid(), present: z.boolean() }))
      .max(20_000)
      .optional(),
    sessionId: z.uuid().optional(),
    present: listed,
    method: z.enum(attendanceMethods).default('hand'),
  })
  .meta({ id: 'AttendanceEntry' });

export const Saved = z.object({ saved: z.number().int() });

export const AttendanceSheet = z
  .object({
    number: z.string(),
    minPercent: z.number(),
    missing: z.number().int(),
    taskId: z.string().nullable(),
    sessions: z.array(
      z.object({
        id: z.string(),
        day: z.string(),
        half: z.string(),
        hours: z.number(),
        kind: z.string(),
        topic: z.string(),
        teacher: z.string(),
        venue: z.string(),
        present: z.number().int(),
        absent: z.number().int(),
      }),
    ),
    trainees: z.array(
      z.object({
        id: z.string(),
        seat: z.number().int(),
        name: z.string(),
        status: z.string(),
        reason: z.string().nullable(),
        marks: z.array(z.boolean().nullable()),
        hours: z.number(),
        percent: z.number(),
        short: z.boolean(),
      }),
    ),
  })
  .meta({ id: 'AttendanceSheet' });
