/** What the reconciler found out about the runs of procedures, kept for the operations page: the API asks no Temporal. All instants are real time. */
import type { Db } from '../client.ts';

export type FindingCode = 'standing_still' | 'run_missing' | 'run_ended' | 'run_failing' | 'run_retrying' | 'no_task' | 'closed_task';
/** `detail`: codes and numbers only. `since`: where the record says it; otherwise from when it is found first. */
export type Finding = { procedureId: string; code: FindingCode; detail: Record<string, string | number>; since?: Date };

/** Writes what was found about the procedures that were `looked` at; of these, what is not found again is cleared. */
export async function recordFindings(db: Db, codes: readonly FindingCode[], looked: readonly string[], found: readonly Finding[]) {
  await db.raw(
    `with seen as (
       select s.procedure_id, s.code, s.detail, coalesce(s.since, clock_timestamp()) as since
         from jsonb_to_recordset(cast(:found as jsonb)) s (procedure_id text, code text, detail jsonb, since timestamptz)),
     kept as (
       insert into operation_findings as f (procedure_id, code, since, seen_at, detail)
       select procedure_id, code, since, clock_timestamp(), detail from seen
       on conflict (procedure_id, code) do update set
         seen_at = excluded.seen_at, detail = excluded.detail, cleared_at = null,
         since = case when f.cleared_at is null then f.since else excluded.since end,
         rings = case when f.cleared_at is null or f.code = 'run_ended' then f.rings else 0 end,
         rung_at = case when f.cleared_at is null or f.code = 'run_ended' then f.rung_at end)
     update operation_findings f set cleared_at = clock_timestamp()
      where f.cleared_at is null and f.code = any(cast(:codes as text[])) and f.procedure_id = any(cast(:looked as text[]))
        and not exists (select from seen s where s.procedure_id = f.procedure_id and s.code = f.code)`,
    {
      found: JSON.stringify(found.map(({ procedureId, code, detail, since }) => ({ procedure_id: procedureId, code, detail, since }))),
      codes: [...codes],
      looked: [...looked],
    },
  );
}

/** Procedures with something found that is not cleared. */
export async function listFound(db: Db, codes: readonly FindingCode[], limit: number): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    `select procedure_id as id from operation_findings where cleared_at is null and code = any(cast(? as text[])) group by 1 order by min(seen_at), 1 limit ?`,
    [[...codes], limit],
  );
  return rows.map((row) => row.id);
}

/**
 * Of what was found in this turn takes those that a bell may help and whose turn it is: at once, then after growing pauses, so that a run which cannot go on is not flooded.
 * A run that ended once more within an hour after it was started anew is left to people.
 */
export async function takeForRinging(db: Db, procedureIds: readonly string[]): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    `update operation_findings f set rings = rings + 1, rung_at = clock_timestamp()
      where procedure_id = any(cast(? as text[])) and cleared_at is null and code in ('standing_still', 'run_missing', 'run_ended')
        and (rung_at is null or rung_at < clock_timestamp() - case when code = 'run_ended' then interval '1 hour'
                                                                  else least(3600, 15 * power(2, least(rings, 10))) * interval '1 second' end)
        and not exists (select from outbox o where o.procedure_id = f.procedure_id)
     returning procedure_id as id`,
    [[...procedureIds]],
  );
  return [...new Set(rows.map((row) => row.id))].sort();
}

/** What closed procedures leave behind, but for a task that is open still. */
export async function forgetClosed(db: Db): Promise<void> {
  await db.raw(
    `update operation_findings f set cleared_at = clock_timestamp() from procedures p
      where p.id = f.procedure_id and f.cleared_at is null and f.code <> 'closed_task' and p.status = 'closed' and p.applied_no = p.fact_no`,
  );
  await db.raw(`delete from run_builds b where not exists (select from procedures p where p.id = b.procedure_id and p.status <> 'closed')`);
}

export async function recordBuilds(db: Db, builds: readonly { procedureId: string; buildId: string }[]): Promise<void> {
  await db.raw(
    `insert into run_builds (procedure_id, build_id, type, region_path, seen_at)
     select p.id, b.build_id, p.type, p.region_path, clock_timestamp()
       from jsonb_to_recordset(cast(? as jsonb)) b (procedure_id text, build_id text) join procedures p on p.id = b.procedure_id
     on conflict (procedure_id) do update set build_id = excluded.build_id, seen_at = excluded.seen_at`,
    [JSON.stringify(builds.map(({ procedureId, buildId }) => ({ procedure_id: procedureId, build_id: buildId })))],
  );
}

/** Counts, for the pages that say it, on which build open procedures of each region took their last step: with tens of thousands of them open it takes a page too long. */
export async function countBuilds(db: Db): Promise<void> {
  await db.raw(
    `with counted as (
       select build_id, region_path, count(*) as procedures, count(*) filter (where type = 'trainingClass') as classes from run_builds group by 1, 2),
     gone as (
       delete from counted_builds k where not exists (select from counted c where c.build_id = k.build_id and c.region_path = k.region_path))
     insert into counted_builds as k select * from counted on conflict (build_id, region_path) do update set procedures = excluded.procedures, classes = excluded.classes
      where (k.procedures, k.classes) is distinct from (excluded.procedures, excluded.classes)`,
  );
}

export async function recordWorker(db: Db, buildId: string): Promise<void> {
  await db.raw(
    `insert into worker_builds (build_id, first_seen_at, seen_at) values (?, clock_timestamp(), clock_timestamp())
     on conflict (build_id) do update set seen_at = excluded.seen_at`,
    [buildId],
  );
}

/** What starts a turn: the schedule of Temporal, or the watch of a worker. */
export type TurnStarter = 'schedule' | 'watch';
/** `missing`: it was made again; `paused`: by somebody; `idle`: it is there and starts nothing. */
export type ScheduleFault = 'missing' | 'paused' | 'idle';

/** A turn that takes longer is given up by the schedule, and is taken for one whose worker died. */
export const longestTurnMs = 120_000;

/**
 * Workers take turns: true for the one that may begin, when none is under way and none ended within `quietMs`. A turn that the schedule started shows that
 * it works.
 */
export async function beginTurn(db: Db, quietMs: number, startedBy: TurnStarter): Promise<boolean> {
  const result = await db.raw(
    `update reconciler_turns set began_at = clock_timestamp(), started_by = :startedBy,
            schedule_fault = case when :startedBy = 'watch' then schedule_fault end,
            schedule_fault_since = case when :startedBy = 'watch' then schedule_fault_since end
      where coalesce(began_at < clock_timestamp() - (case when began_at > coalesce(ended_at, '-infinity') then cast(:longestMs as int) else cast(:quietMs as int) end) * interval '1 millisecond', true)
        and coalesce(ended_at < clock_timestamp() - :quietMs * interval '1 millisecond', true)`,
    { quietMs, longestMs: longestTurnMs, startedBy },
  );
  return result.rowCount === 1;
}

/** Kept until the schedule starts a turn again. */
export async function recordScheduleFault(db: Db, fault: ScheduleFault): Promise<void> {
  await db.raw(
    `update reconciler_turns set schedule_fault = ?, schedule_fault_since = coalesce(schedule_fault_since, clock_timestamp()) where started_by = 'watch'`,
    [fault],
  );
}

export async function readWalk(db: Db): Promise<string> {
  const row = await db('reconciler_turns').first('walked_to');
  return row?.walked_to ?? '';
}

export async function endTurn(db: Db, turn: { walkedTo: string; temporalSilent: boolean }): Promise<void> {
  await db.raw(
    `update reconciler_turns set ended_at = clock_timestamp(), walked_to = :walkedTo,
            temporal_silent_since = case when cast(:temporalSilent as boolean) then coalesce(temporal_silent_since, clock_timestamp()) end`,
    turn,
  );
}
