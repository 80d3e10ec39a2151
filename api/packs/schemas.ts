import { z } from 'zod';
import { civilDate, Cursor } from '../http/fields.ts';

export const PackParams = z.object({ id: z.string().regex(/^(?=.*\d)[a-z0-9][a-z0-9._-]{2,59}$/) });
export const UploadParams = z.object({ id: z.uuid() });
/** `after` goes on among the versions, `waitingAfter` among what waits. */
export const PackQuery = z.object({ after: Cursor, waitingAfter: Cursor });
/** A program sends the pack itself; a browser the file. */
export const PackUpload = z.looseObject({}).meta({ id: 'PackUpload' });
export const PackBegin = z.object({ from: civilDate }).meta({ id: 'PackBegin' });

const head = {
  name: z.object({ zh: z.string(), en: z.string() }),
  region: z.string(),
  digest: z.string(),
  proposedBy: z.string().nullable(),
  proposedAt: z.string().nullable(),
  decidedBy: z.string().nullable(),
  decidedAt: z.string().nullable(),
};
export const Pack = z
  .object({
    id: z.string(),
    ...head,
    validFrom: z.string(),
    validTo: z.string().nullable(),
    state: z.enum(['future', 'inForce', 'over']),
  })
  .meta({ id: 'Pack' });
export const WaitingPack = z
  .object({ uploadId: z.string(), id: z.string(), ...head, status: z.enum(['proposed', 'confirmed', 'refused', 'withdrawn']) })
  .meta({ id: 'WaitingPack' });
/** `unsourced`: keys of the values for which no source was found. `content` is the pack word for word. */
const read = { unsourced: z.array(z.string()), content: z.looseObject({}) };
export const PackDetail = Pack.extend(read).meta({ id: 'PackDetail' });
export const WaitingPackDetail = WaitingPack.extend(read).meta({ id: 'WaitingPackDetail' });
