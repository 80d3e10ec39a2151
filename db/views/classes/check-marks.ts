/**
 * What reviewers found in order when they signed: points of the checklist, and answers of a list of corrections that they accepted. It is part of their
 * decision and stays theirs; who signs after them sees it.
 */
import { rowStepOf } from '../../../workflows/domain/signing.ts';
import { reviewTableOf, rowOfBack } from '../../../workflows/domain/tasks.ts';
import type { Db } from '../../client.ts';

/** `point`: of the checklist, or the id of a point of a list of corrections. */
export type CheckMark = { point: string; name: string; at: Date };

/**
 * Marks of the signatures of a stage that stand: not those of a signature that is asked for anew, nor what was found before the file went back to be corrected,
 * nor, once it went back to an earlier review, those of that review and of what had come after it. A round that was closed because the way back to it was
 * itself taken back asked for nothing. The first one first.
 */
export async function listCheckMarks(db: Db, procedureId: string, stage: string): Promise<CheckMark[]> {
  const signed = await listSigned(db, procedureId, stage);
  const wentBack = signed.some(({ outcome }) => rowOfBack(outcome) !== undefined);
  const table = wentBack ? reviewTableOf((await db('procedures').where({ id: procedureId }).first('terms')).terms, stage) : undefined;
  const rowOf = (step: string): number => (table ?? []).findIndex((row) => `${stage}.${row.step}` === rowStepOf(step));
  return signed.flatMap((fact, at) => {
    const dropped = signed.slice(at).some(({ outcome }) => rowOf(fact.step) >= (rowOfBack(outcome) ?? Infinity));
    // Each point once, however often it was sent.
    return dropped ? [] : [...new Set(fact.checked)].map((point) => ({ point, name: fact.name, at: fact.at }));
  });
}

type Signed = { step: string; outcome: string; checked: string[]; name: string; at: Date };

/** In the order of their facts, also those that found nothing in order. */
async function listSigned(db: Db, procedureId: string, stage: string): Promise<Signed[]> {
  const { rows } = await db.raw<{ rows: Signed[] }>(
    `select t.step, f.outcome, coalesce(f.payload -> 'checked', '[]') as checked, u.name, f.at
       from facts f join tasks t on t.id = f.task_id join users u on u.id = f.actor
      where f.procedure_id = :procedureId and f.kind in ('decided', 'signed') and t.step like :steps
        and not exists (select from facts b where b.procedure_id = f.procedure_id and b.kind = 'taken_back' and b.task_id = f.task_id)
        and not exists (select from tasks n where n.procedure_id = t.procedure_id and n.step = t.step and n.round > t.round
                           and (n.status <> 'cancelled' or n.ended_by is not null))
        and f.no > coalesce((select max(r.no) from facts r join tasks rt on rt.id = r.task_id
                              where r.procedure_id = f.procedure_id and r.kind = 'decided' and r.outcome = 'return' and rt.step like :steps), 0)
      order by f.no`,
    { procedureId, steps: `${stage}.%` },
  );
  return rows;
}
