/** What stands still or stands alone: questions of the reconciler. */
import type { Db } from '../client.ts';
import { type Finding, listFound, recordFindings } from './findings.ts';

const GRACE = `interval '20 seconds'`;

/** Open procedures with a fact that was not taken account of, or with an alarm that is past, for longer than the grace, and no bell on the way. */
export async function listStandingStill(db: Db): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    `select p.id from procedures p
      where ((p.applied_no < p.fact_no
              and exists (select from facts f where f.procedure_id = p.id and f.no = p.applied_no + 1 and f.recorded_at < clock_timestamp() - ${GRACE}))
          or (p.status = 'open' and p.next_alarm_at is not null and wall_instant(p.next_alarm_at) < clock_timestamp() - ${GRACE}))
        and not exists (select from outbox o where o.procedure_id = p.id)
      order by p.id limit 500`,
  );
  return rows.map((row) => row.id);
}

/** Ids of open procedures after `after`, for walking round: whose last fact is older than the grace and has no bell on the way, so that a run ought to be there. */
export async function listOpenProcedures(db: Db, after: string, limit: number): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    `select p.id from procedures p
      where p.status <> 'closed' and p.id > ? and not exists (select from outbox o where o.procedure_id = p.id)
        and not exists (select from facts f where f.procedure_id = p.id and f.no = p.fact_no and f.recorded_at > clock_timestamp() - ${GRACE})
      order by p.id limit ?`,
    [after, limit],
  );
  return rows.map((row) => row.id);
}

/**
 * Open procedures without an open task (`no_task`: they wait for nobody and nothing, for which there is no sound reason), and open tasks whose procedure is
 * not open (`closed_task`), for longer than the grace. Both sides are laid beside each other once; by `offset 0` what is looked up row by row, since nearly
 * nothing is found, of which PostgreSQL knows nothing.
 */
async function listApart(db: Db): Promise<Finding[]> {
  const { rows } = await db.raw<{
    rows: { id: string; code: 'no_task' | 'closed_task'; since: Date | null; step: string; tasks: number }[];
  }>(
    `with apart as materialized (
       select coalesce(p.id, t.procedure_id) as id, p.id is not null as procedure_open
         from (select id from procedures where status <> 'closed') p full join (select procedure_id from tasks where status = 'open') t on t.procedure_id = p.id
        where p.id is null or t.procedure_id is null)
     (select p.id, 'no_task' as code, a.recorded_at as since, p.step, 0 as tasks
        from (select id from apart where procedure_open) n
       cross join lateral (select * from procedures where id = n.id offset 0) p
       cross join lateral (select recorded_at from audit_log where procedure_id = p.id and no = p.audit_no offset 0) a
       where p.status = 'open' and p.applied_no = p.fact_no and a.recorded_at < clock_timestamp() - ${GRACE} order by p.id limit 500)
     union all
     (select p.id, 'closed_task', a.recorded_at, t.step, t.tasks
        from (select id from apart where not procedure_open union select id from procedures where status = 'withdrawn') n
       cross join lateral (select * from procedures where id = n.id offset 0) p
       cross join lateral (select cast(count(*) as int) as tasks, min(step) as step from tasks where procedure_id = p.id and status = 'open') t
        left join lateral (select recorded_at from audit_log where procedure_id = p.id and no = p.audit_no offset 0) a on true
       where t.tasks > 0 order by p.id limit 500)`,
  );
  return rows.map(({ id, code, since, step, tasks }) => ({
    procedureId: id,
    code,
    detail: { step, ...(code === 'closed_task' ? { tasks } : {}) },
    ...(since ? { since } : {}),
  }));
}

const apartCodes = ['no_task', 'closed_task'] as const;

/** Writes down what stands on one side alone, and clears what does not any more. Returns the procedures without a task. */
export async function recordApart(db: Db): Promise<string[]> {
  const found = await listApart(db);
  const known = await listFound(db, apartCodes, 1_000);
  await recordFindings(db, apartCodes, [...known, ...found.map(({ procedureId }) => procedureId)], found);
  return found.flatMap(({ procedureId, code }) => (code === 'no_task' ? [procedureId] : []));
}
