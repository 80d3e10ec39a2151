/** The instant of an act or a page: PostgreSQL says what time it is by the business clock. */
import type { Db } from '../client.ts';

/** What time it is for an act or a page, by the business clock, and which edition of the calendars is in force (`calendar_key` changes whenever one of them does). */
export type Instant = { now: Date; today: string; calendar_key: string };

/** For a list of columns, also of RETURNING: each is computed for itself. */
export const instantColumns = `business_now() as now, business_today() as today,
  (select cast(edition as text) from calendar_edition) as calendar_key`;

/** For FROM, as `instant`: the clock is asked once. `accounts` names the state of the accounts. */
export const instantSource = `(select b.now, cast(b.now at time zone 'Asia/Shanghai' as date) as today, cast(c.edition as text) as calendar_key, a.edition as accounts
    from (select now from business_clock offset 0) b cross join calendar_edition c cross join accounts_edition a) instant`;

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
