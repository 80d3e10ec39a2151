import { z } from 'zod';
import { officerRoles } from '../../workflows/domain/roles.ts';
import { reasonField } from '../http/fields.ts';

export const Substitution = z
  .object({
    id: z.uuid(),
    principal: z.string(),
    substitute: z.string(),
    role: z.string(),
    region: z.string(),
    from: z.string(),
    until: z.string(),
    reason: z.string(),
    namedBy: z.string(),
    state: z.enum(['inForce', 'future', 'suspended']),
  })
  .meta({ id: 'Substitution' });
export const NewSubstitution = z
  .object({
    /** The own account if absent; another one of the own office for supervisors. */
    principal: z.uuid().optional(),
    substitute: z.uuid('substitution.otherRole'),
    role: z.enum(officerRoles),
    region: z.string().regex(/^\d{6}$/),
    from: z.iso.date(),
    /** Last day. */
    until: z.iso.date(),
    reason: reasonField,
  })
  .meta({ id: 'NewSubstitution' });
