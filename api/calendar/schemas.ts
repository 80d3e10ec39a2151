import { z } from 'zod';
import { Cursor, civilDate, emptyAsAbsent, line, reasonField, withoutPersonalNumbers } from '../http/fields.ts';

const kind = z.enum(['off', 'work']);
const Day = z.object({ date: civilDate, kind });
const regionCode = z.string().regex(/^\d{6,12}$/);

export const YearNotice = z
  .object({
    year: z.coerce.number().int(),
    source: line(2, 300),
    /** Programs send a list; the form sends lines like `2027-01-01 off`. */
    days: z.union([z.array(Day).max(120), z.string().max(8_000)]),
  })
  .meta({ id: 'YearNotice' });

export const ClosureParams = z.object({ id: z.uuid() });

/** Why, and the number or address of the document that orders it. */
export const Basis = z.object({ reason: reasonField, document: line(2, 300) }).meta({ id: 'CalendarBasis' });
export const ClosureForm = z
  .object({
    region: regionCode,
    firstDay: civilDate,
    /** Absent: one day. */
    lastDay: civilDate.optional(),
    kind,
    ...Basis.shape,
  })
  .meta({ id: 'CalendarClosureForm' });

/** With a closure or the notice of a year, as the preview sends it back: the form comes filled with it. What a public notice says, nobody's data. */
export const CalendarQuery = z.object({
  ...ClosureForm.partial().shape,
  region: regionCode.optional().or(emptyAsAbsent),
  year: z.coerce.number().int().optional().or(emptyAsAbsent),
  source: z.string().max(300).superRefine(withoutPersonalNumbers()).optional(),
  days: z.string().max(8_000).optional(),
  after: Cursor,
  belowAfter: Cursor,
});

const Closure = z
  .object({
    id: z.string(),
    region: z.string(),
    firstDay: z.string(),
    lastDay: z.string(),
    kind,
    reason: z.string(),
    document: z.string(),
    enteredBy: z.string().nullable(),
    enteredAt: z.string(),
    withdrawn: z.object({ by: z.string().nullable(), at: z.string(), reason: z.string(), document: z.string() }).nullable(),
  })
  .meta({ id: 'CalendarClosure' });

export const CalendarOfRegion = z
  .object({
    region: z.string(),
    /** Names the notices and closures by which deadlines of the region's office are counted. */
    version: z.string(),
    builtIn: z.array(z.number().int()),
    years: z.array(z.object({ year: z.number().int(), source: z.string() })),
    /** Of the region and of the regions above it. */
    closures: z.array(Closure),
    next: z.string().nullable(),
    closuresBelow: z.array(Closure),
    /** Goes on among those below: send it back as `belowAfter`. */
    belowNext: z.string().nullable(),
  })
  .meta({ id: 'Calendar' });

export const Preview = z
  .object({
    count: z.number().int(),
    earlier: z.number().int(),
    /** Of `count`: those whose new day lies in a year without official notice. */
    provisional: z.number().int(),
    offices: z.array(z.object({ office: z.string(), officeZh: z.string(), officeEn: z.string(), count: z.number().int() })),
    /** The most urgent ones; `count` is of all. */
    first: z.array(
      z.object({
        taskId: z.string(),
        office: z.string(),
        title: z.string(),
        step: z.string(),
        before: z.string(),
        after: z.string(),
        provisional: z.boolean(),
      }),
    ),
  })
  .meta({ id: 'CalendarPreview' });

const MovedDeadline = z.object({ taskId: z.string(), before: z.string(), after: z.string() });
export const Moved = z.object({ moved: z.array(MovedDeadline) });
export const Closed = z.object({ id: z.string(), moved: z.array(MovedDeadline) });
