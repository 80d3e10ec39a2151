import { z } from 'zod';
import { Cursor, freeText } from '../http/fields.ts';
import { repairKinds } from '../../db/repairs.ts';

export const RepairForm = z
  .object({
    procedureId: z.string().regex(/^[\w/.-]{3,120}$/, 'identifier'),
    kind: z.enum(repairKinds),
    reason: freeText(300, { min: 2 }),
  })
  .meta({ id: 'RepairForm' });

/** `after`: of the repairs that were decided. */
export const OperationsQuery = z.object({ after: Cursor });

export const RepairParams = z.object({ id: z.uuid() });

const Item = z.object({
  procedureId: z.string().nullable(),
  number: z.string().nullable(),
  title: z.string().nullable(),
  type: z.string(),
  seconds: z.number().nullable(),
  detail: z.record(z.string(), z.union([z.string(), z.number()])),
});

const Check = z
  .object({
    code: z.string(),
    severity: z.enum(['fault', 'notice']),
    count: z.number().int(),
    oldestSeconds: z.number().nullable(),
    whatToDo: z.string(),
    items: z.array(Item),
  })
  .meta({ id: 'OperationsCheck' });

const Repair = z
  .object({
    id: z.string(),
    procedureId: z.string(),
    number: z.string(),
    kind: z.enum(repairKinds),
    reason: z.string(),
    status: z.string(),
    requestedBy: z.string(),
    requestedAt: z.string(),
    decidedBy: z.string().nullable(),
    decidedAt: z.string().nullable(),
  })
  .meta({ id: 'Repair' });

export const Operations = z
  .object({
    inOrder: z.boolean(),
    outbox: z.object({ waiting: z.number().int(), oldestSeconds: z.number() }),
    reconciler: z.object({ lastTurnSeconds: z.number().nullable(), startedBy: z.enum(['schedule', 'watch']).nullable() }),
    checks: z.array(Check),
    /** All that wait, then a page of those decided. */
    repairs: z.array(Repair),
    /** Where repairs that were decided earlier begin. */
    next: z.string().nullable(),
    builds: z.array(
      z.object({
        buildId: z.string(),
        inService: z.boolean(),
        procedures: z.number().int(),
        classes: z.number().int(),
        examples: z.array(z.object({ number: z.string(), title: z.string() })),
      }),
    ),
  })
  .meta({ id: 'Operations' });
