/** How a request for a change ends: approved, refused, or cancelled because it can no longer be made or its class has ended. */
import type { ChangeKind } from '../../workflows/domain/classes/class.ts';
import type { Trx } from '../client.ts';
import { auditProcedure, type LockedProcedure } from '../protocol/procedures.ts';

type Requested = { id: string; fact_no: number; kind: ChangeKind };

export async function settleChange(
  trx: Trx,
  procedure: LockedProcedure,
  change: Requested,
  status: 'approved' | 'refused' | 'cancelled',
): Promise<void> {
  await trx('class_changes').where({ id: change.id }).update({ status });
  await auditProcedure(trx, procedure, undefined, {
    act: `change.${status}`,
    subject: procedure.id,
    detail: { change: change.fact_no, kind: change.kind },
  });
}

/** What was asked for and not decided ends with the class of a locked procedure. */
export async function cancelChanges(trx: Trx, procedure: LockedProcedure): Promise<void> {
  const pending = await trx<Requested & { class_id: string; status: string }>('class_changes')
    .where({ class_id: procedure.subject_id, status: 'requested' })
    .orderBy('fact_no');
  for (const change of pending) await settleChange(trx, procedure, change, 'cancelled');
}
