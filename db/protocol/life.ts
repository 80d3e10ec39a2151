/** The life of a procedure: it is started, told what happens elsewhere, withdrawn. Its end is its own last step. */
import { requireReason } from '../../workflows/domain/reasons.ts';
import type { Trx } from '../client.ts';
import { tell } from '../correspondence/tell.ts';
import type { TaskRow } from './tasks.ts';
import {
  type ActorId,
  type AuditLine,
  type LockedProcedure,
  lockProcedure,
  type NewFact,
  type NewProcedure,
  openProcedure,
  requireOpen,
  writeFact,
} from './procedures.ts';

/** Opens a procedure with its first fact. Returns false where there is one of this id: then nothing was written. */
export async function startProcedure(
  trx: Trx,
  procedure: NewProcedure,
  { actor, audit }: { actor?: ActorId; audit: Omit<AuditLine, 'subject'> },
): Promise<boolean> {
  const opened = await openProcedure(trx, procedure);
  if (opened) await writeFact(trx, opened, { kind: 'submitted', actor }, { ...audit, subject: opened.id });
  return opened !== undefined;
}

/** What a procedure takes over from the one that starts it. */
export function inheritFrom(
  parent: LockedProcedure,
): Pick<NewProcedure, 'parentId' | 'classId' | 'region' | 'institutionId' | 'title' | 'institutionName' | 'terms'> {
  return {
    parentId: parent.id,
    classId: parent.class_id ?? undefined,
    region: parent.region,
    institutionId: parent.institution_id ?? undefined,
    title: parent.subject_title,
    institutionName: parent.institution_name,
    terms: parent.terms,
  };
}

/** Tells a procedure of something that happened elsewhere. A suspended or withdrawn one is told as well, for when it goes on; a closed one is not. */
export async function tellProcedure(trx: Trx, id: string, fact: NewFact, audit: AuditLine): Promise<void> {
  const procedure = await lockProcedure(trx, id);
  if (procedure.status !== 'closed') await writeFact(trx, procedure, fact, audit);
}

/** Takes a locked procedure back. The row's status closes its tasks at once; the run follows. Throws InputError without a reason, ConflictError. */
export async function withdrawProcedure(
  trx: Trx,
  procedure: LockedProcedure,
  { actor, reason, act }: { actor: ActorId; reason: string; act: string },
): Promise<void> {
  const words = requireReason(reason);
  requireOpen(procedure);
  const cancelled = await trx<TaskRow>('tasks')
    .where({ procedure_id: procedure.id, status: 'open' })
    .update({ status: 'cancelled', next_rung_at: null } as never)
    .returning<TaskRow[]>('*');
  for (const task of cancelled) {
    const people = [task.claimed_by, task.delegated_to].filter((one) => one !== null);
    await tell(trx, 'task.cancelled', { task, procedure, people, actor, key: task.id });
  }
  await trx('procedures').where({ id: procedure.id }).update({ status: 'withdrawn', next_alarm_at: null });
  await writeFact(trx, procedure, { kind: 'withdrawn', actor, payload: { reason: words } }, { act, subject: procedure.id });
}
