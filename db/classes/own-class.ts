/** The class of the institution that acts, for acts during its training: locked with its procedure; its open tasks, and the files kept with it. */
import { createHash } from 'node:crypto';
import { NotAllowedError, NotFoundError } from '../../workflows/domain/errors.ts';
import { type ClassRow, classProcedureId } from './classes.ts';
import type { Trx } from '../client.ts';
import { type LockedProcedure, lockProcedure, requireOpen } from '../protocol/procedures.ts';
import type { Actor } from '../accounts/users.ts';
import { hasRole } from '../../workflows/domain/scope.ts';

/** The class with its procedure locked, for its own institution. Throws NotFoundError, ConflictError. */
export async function lockOwnClass(trx: Trx, actor: Actor, number: string): Promise<{ row: ClassRow; procedure: LockedProcedure }> {
  const procedure = await lockProcedure(trx, classProcedureId(number)).catch((error: unknown) => {
    throw error instanceof NotFoundError ? new NotFoundError('class.unknown') : error;
  });
  const row = await trx<ClassRow>('classes').where({ number }).first();
  if (!row || row.institution_id !== actor.institutionId) throw new NotFoundError('class.unknown');
  if (!hasRole(actor, 'institution')) throw new NotAllowedError('class.institutionOnly');
  requireOpen(procedure);
  return { row, procedure };
}

export type KeptFile = { name: string; type: string; content: Buffer };
export async function keepFile(
  trx: Trx,
  { classId, kind, actor, now, file }: { classId: string; kind: 'attendance' | 'evidence'; actor: Actor; now: Date; file: KeptFile },
): Promise<void> {
  await trx('class_files').insert({
    class_id: classId,
    kind,
    name: file.name.slice(0, 200),
    type: file.type,
    size: file.content.length,
    sha256: createHash('sha256').update(file.content).digest(),
    content: file.content,
    uploaded_by: actor.userId,
    uploaded_at: now,
  });
}

export async function hasOpenTask(trx: Trx, procedureId: string, kind: string): Promise<boolean> {
  return (await trx('tasks').where({ procedure_id: procedureId, status: 'open', kind }).first('id')) !== undefined;
}
