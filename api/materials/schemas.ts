import { z } from 'zod';
import { emptyAsAbsent } from '../http/fields.ts';
import { materialKinds, materialTypes } from '../../workflows/domain/classes/material.ts';

export const MaterialForm = z
  .object({ kind: z.enum(materialKinds), replaces: z.uuid().optional().or(emptyAsAbsent) })
  .meta({ id: 'MaterialForm' });

/** `replaces` names the material whose place the next file takes. */
export const MaterialsQuery = z.object({ replaces: z.uuid().optional().or(emptyAsAbsent) });

/** `save` offers it for saving instead of showing it. */
export const MaterialQuery = z.object({ save: z.literal('1').optional().or(emptyAsAbsent) });

const Material = z
  .object({
    id: z.string(),
    kind: z.enum(materialKinds),
    name: z.string(),
    type: z.enum(materialTypes),
    size: z.number().int(),
    sha256: z.string(),
    uploadedAt: z.iso.datetime(),
    uploadedBy: z.string(),
    /** Whether the reader has opened it. */
    read: z.boolean(),
    removedAt: z.iso.datetime().nullable(),
    replacedBy: z.string().nullable(),
    href: z.string(),
  })
  .meta({ id: 'Material' });

export const Materials = z
  .object({
    materials: z.array(Material),
    /** What the policy pack asks for, and whether it is there. */
    rules: z.array(z.object({ kind: z.enum(materialKinds), required: z.boolean(), there: z.boolean() })),
    mayEdit: z.boolean(),
  })
  .meta({ id: 'Materials' });
