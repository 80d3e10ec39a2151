/** The instant of an act or a page: PostgreSQL says what time it is by the business clock. */
import type { Db } from '../client.ts';

/** What time it is for an act or a page, by the business clock, and which calendar is in force (`calendar_key` changes whenever it does). */
export type Instant = { now: Date; today: string; calendar_key: string };

/** For a list of columns, also of RETURNING: each is computed for itself. */
export const instantColumns = `business_now() as now, business_today() as today, (select cast(calendar as text) from in_force) as calendar_key`;

/** For FROM, as `instant`: the clock is asked once. `accounts` is the state of the accounts that is in force. */
export const instantSource = `(select b.now, cast(b.now at time zone 'Asia/Shanghai' as date) as today, cast(f.calendar as text) as calendar_key, f.accounts
    from (select now from business_clock offset 0) b cross join in_force f) instant`;

export async function readInstant(db: Db): Promise<Instant> {
  const { rows } = await db.raw<{ rows: Instant[] }>(`select now, today, calendar_key from ${instantSource}`);
  const row = rows[0];
  if (!row) throw new Error('the clock has no row');
  return row;
}

/** The civil date of the business clock. */
export async function businessToday(db: Db): Promise<string> {
  const { rows } = await db.raw<{ rows: { today: string }[] }>('select business_today() as today');
  return rows[0]?.today ?? '';
}
