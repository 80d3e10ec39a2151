/** The rungs of a task's ladder that have rung: written once each, in the transaction of the fact, and read by its page. */
import type { Rung } from '../../../workflows/domain/policy/ladder.ts';
import type { Db, Trx } from '../../client.ts';
import type { LockedProcedure } from '../procedures.ts';

export type RungThatRang = { taskId: string; no: number; rung: Rung; plannedAt: Date; factNo: number };

/** `no` counts from 1. Fails where the rung of this task is on record: none rings twice. */
export async function recordRung(
  trx: Trx,
  procedure: LockedProcedure,
  { taskId, no, rung, plannedAt, factNo }: RungThatRang,
): Promise<void> {
  await trx('task_rungs').insert({
    task_id: taskId,
    no,
    procedure_id: procedure.id,
    fact_no: factNo,
    act: rung.act,
    role: rung.role,
    level: rung.level,
    planned_at: plannedAt,
    rang_at: procedure.now,
  });
}

/** The rung that a fact tells of; undefined for those that rang before rungs were kept. */
export async function findRung(trx: Trx, procedureId: string, factNo: number): Promise<Omit<Rung, 'when'> | undefined> {
  return trx('task_rungs').where({ procedure_id: procedureId, fact_no: factNo }).first('act', 'role', 'level');
}

export async function setTold(trx: Trx, procedureId: string, factNo: number, people: number): Promise<void> {
  await trx('task_rungs').where({ procedure_id: procedureId, fact_no: factNo }).update({ told: people });
}

export type RungOnRecord = Omit<Rung, 'when'> & { no: number; rang_at: Date; told: number | null };

export async function listRungs(db: Db, taskId: string): Promise<RungOnRecord[]> {
  return db('task_rungs').where({ task_id: taskId }).orderBy('no').select('no', 'act', 'role', 'level', 'rang_at', 'told');
}
