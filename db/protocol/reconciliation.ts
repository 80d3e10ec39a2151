/** What stands still: questions of the reconciler and of the operations page. */
import type { Db } from '../client.ts';

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

/** Open procedures that wait for nobody and nothing since longer than the grace: no open task, no unapplied fact. There is no sound reason for one. */
export async function listOrphans(db: Db): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    `select p.id from procedures p where p.status = 'open' and p.applied_no = p.fact_no
        and not exists (select from tasks t where t.procedure_id = p.id and t.status = 'open')
        and exists (select from audit_log a where a.procedure_id = p.id and a.no = p.audit_no and a.recorded_at < clock_timestamp() - ${GRACE})
      order by p.id limit 500`,
  );
  return rows.map((row) => row.id);
}
