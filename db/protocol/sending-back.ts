/** A review that is sent back to an earlier one is told to whoever did that one: the file comes to their office again. For the office alone. */
import { rowOfBack, reviewTableOf, stageOf } from '../../workflows/domain/tasks.ts';
import { tell } from '../correspondence/tell.ts';
import type { DecisionContext } from './decision-rules.ts';

export async function tellSentBack({ trx, actor, task, procedure, decision, settles }: DecisionContext): Promise<void> {
  const stage = stageOf(task.step);
  const row = reviewTableOf(procedure.terms, stage)?.[rowOfBack(decision.outcome) ?? -1];
  if (!row || !settles) return;
  const step = `${stage}.${row.step}`;
  // Of several signatures each was somebody's; of several rounds the newest counts.
  const { rows } = await trx.raw<{ rows: { person: string }[] }>(
    `select distinct unnest(array_remove(array[d.decided_by, d.decided_for], null)) as person
       from (select distinct on (t.step) t.decided_by, t.decided_for from tasks t
              where t.procedure_id = :id and t.status = 'decided' and (t.step = :step or starts_with(t.step, :step || '.'))
              order by t.step, t.round desc) d`,
    { id: procedure.id, step },
  );
  await tell(trx, 'task.sent_back', {
    task,
    procedure,
    people: rows.map(({ person }) => person),
    actor: actor.userId,
    key: task.id,
    params: { step, role: row.role },
    remark: decision.reason,
  });
}
