/** The business clock: real time in production; in tests and demonstrations it may run fast and jump. */
import { ConflictError } from '../../workflows/domain/errors.ts';
import type { Db, Trx } from '../client.ts';
import { ringProcedures } from '../protocol/procedures.ts';

export async function businessNow(db: Db): Promise<Date> {
  const { rows } = await db.raw<{ rows: { now: Date }[] }>('select business_now() as now');
  return rows[0]?.now ?? new Date();
}

export type ClockState = { now: Date; speed: number; fixed: boolean; nextDeadline: Date | null; nextProcedure: string | null };

export async function readClock(db: Db): Promise<ClockState> {
  const { rows } = await db.raw<{ rows: ClockState[] }>(
    `select business_now() as now, speed, fixed, n.next_alarm_at as "nextDeadline", n.id as "nextProcedure"
       from clock left join lateral (select id, next_alarm_at from procedures
            where status = 'open' and next_alarm_at > business_now() order by next_alarm_at limit 1) n on true`,
  );
  const row = rows[0];
  if (!row) throw new ConflictError('clock.missing');
  return row;
}

/** How much the procedures still have to do at this instant: bells under way, facts not taken account of, alarms that are due, runs without a task. */
export async function countUnsettled(db: Db): Promise<number> {
  const { rows } = await db.raw<{ rows: { count: number }[] }>(
    `select ((select count(*) from outbox) + (select count(*) from (
          select id from procedures where status = 'open' and applied_no < fact_no
          union select id from procedures where status = 'open' and next_alarm_at <= (select business_now())
          union select n.id from (select id from procedures n where n.status <> 'closed'
                 and not exists (select from tasks t where t.procedure_id = n.id and t.status = 'open') offset 0) n
            cross join lateral (select status from procedures where id = n.id offset 0) p where p.status = 'open') u))::int as count`,
  );
  return rows[0]?.count ?? 0;
}

/** Sets the clock going from `at` at `speed`. For demonstration and test databases only: production keeps `fixed`. */
export async function setClock(db: Db, clock: { at?: Date | undefined; speed: number }): Promise<void> {
  await db.raw(`update clock set business_epoch = coalesce(?, business_now()), real_epoch = clock_timestamp(), speed = ?, fixed = false`, [
    clock.at ?? null,
    clock.speed,
  ]);
}

/** Runs the clock at another speed from now on; every alarm is armed anew, since a faster clock reaches it sooner. */
export async function changeSpeed(trx: Trx, speed: number): Promise<void> {
  await setClock(trx, { speed });
  await ringWaiting(trx);
}

/** Which procedures are rung at a jump: all that wait for the clock, or those only whose alarm it passes (the last of several jumps rings all). */
export type Rung = 'all' | 'due';

/** Moves the clock forward to an instant and rings the procedures that wait for the clock, so that they arm their alarms anew. */
export async function jumpTo(trx: Trx, at: Date, rung: Rung = 'all'): Promise<number> {
  const moved = await trx.raw(
    'update clock set business_epoch = ?, real_epoch = clock_timestamp() where not fixed and business_now() < ?',
    [at, at],
  );
  if (moved.rowCount === 0) throw new ConflictError('clock.fixed');
  return ringWaiting(trx, rung === 'due' ? at : undefined);
}

async function ringWaiting(trx: Trx, until?: Date): Promise<number> {
  const { rows } = await trx.raw<{ rows: { id: string }[] }>(
    `select id from procedures where status = 'open' and next_alarm_at is not null and next_alarm_at <= coalesce(cast(:until as timestamptz), next_alarm_at)`,
    { until: until ?? null },
  );
  return ringProcedures(
    trx,
    rows.map((row) => row.id),
  );
}
