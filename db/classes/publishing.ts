/** Decision rule of publishing: the institution publishes what it has seen; the snapshot is frozen in the same transaction (N28). */
import type { DecisionContext } from '../protocol/decision-rules.ts';
import { type DisclosureList, publish } from '../disclosures.ts';
import { issuePaper } from '../papers.ts';
import { disclosureSnapshot } from '../views/disclosure-snapshots.ts';

export async function publishList({ trx, actor, task, procedure }: DecisionContext): Promise<Record<string, unknown>> {
  const list = (task.reference ?? 'plan') as DisclosureList;
  const snapshot = await disclosureSnapshot(trx, procedure.class_id ?? '', list);
  const row = await publish(trx, procedure, list, snapshot, actor.userId);
  await issuePaper(trx, {
    kind: 'disclosure_notice',
    classId: procedure.class_id,
    procedureId: procedure.id,
    taskId: task.id,
    region: procedure.region,
    content: {
      list,
      disclosure: row.number,
      digest: row.digest,
      fromDate: row.from_date,
      dueDate: row.due_date,
      snapshot: { ...snapshot },
    },
  });
  return { disclosure: row.number };
}
