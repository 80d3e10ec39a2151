/**
 * What reviewers found in order when they signed: points of the checklist, and answers of a list of corrections that they accepted. It is part of their
 * decision and stays theirs; who signs after them sees it.
 */
import type { Db } from '../client.ts';

/** `point`: of the checklist, or the id of a point of a list of corrections. */
export type CheckMark = { point: string; name: string; at: Date };

/**
 * Marks of the signatures of a stage that stand: not those of a signature that is asked for anew, nor what was found before the file went back to be corrected.
 * The first one first.
 */
export async function listCheckMarks(db: Db, procedureId: string, stage: string): Promise<CheckMark[]> {
  const { rows } = await db.raw<{ rows: CheckMark[] }>(
    `select m.point, u.name, f.at
       from facts f join tasks t on t.id = f.task_id join users u on u.id = f.actor
      cross join lateral (select point, min(at) from jsonb_array_elements_text(f.payload -> 'checked') with ordinality c (point, at) group by point) m (point, at)
      where f.procedure_id = :procedureId and f.kind in ('decided', 'signed') and t.step like :steps
        and not exists (select from facts b where b.procedure_id = f.procedure_id and b.kind = 'taken_back' and b.task_id = f.task_id)
        and not exists (select from tasks n where n.procedure_id = t.procedure_id and n.step = t.step and n.round > t.round)
        and f.no > coalesce((select max(r.no) from facts r join tasks rt on rt.id = r.task_id
                              where r.procedure_id = f.procedure_id and r.kind = 'decided' and r.outcome = 'return' and rt.step like :steps), 0)
      order by f.no, m.at`,
    { procedureId, steps: `${stage}.%` },
  );
  return rows;
}
