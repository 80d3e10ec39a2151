/** How far the demonstration province has been filled with classes: one row, kept over restarts. */
import type { Db } from '../client.ts';

/** `until`: the civil date to which the business clock is lived forward. */
export type Filling = { planned: number; entered: number; until: string };

/** Begins the filling, or goes on with one that was cut off. Undefined when it has ended, or where classes were there before it. */
export async function beginFilling(db: Db, plan: { planned: number; until: string }): Promise<Filling | undefined> {
  await db.raw(
    `insert into demonstration_filling (planned, until) select :planned, :until where not exists (select from classes) on conflict (one) do nothing`,
    plan,
  );
  return findFilling(db);
}

/** The filling that is under way. */
export async function findFilling(db: Db): Promise<Filling | undefined> {
  return db('demonstration_filling').whereNull('ended').first('planned', 'entered', 'until');
}

export async function noteEntered(db: Db, entered: number): Promise<void> {
  await db('demonstration_filling').whereNull('ended').update({ entered });
}

export async function endFilling(db: Db, ended: 'until' | 'stopped'): Promise<void> {
  await db('demonstration_filling')
    .whereNull('ended')
    .update({ ended, ended_at: db.raw('clock_timestamp()') });
}

/** Whether there are classes besides those with these titles: somebody works here. */
export async function hasOtherClasses(db: Db, titles: readonly string[]): Promise<boolean> {
  const other = await db('classes').whereNotIn('title', titles).first('id');
  return other !== undefined;
}

/** Where the demonstration began: the day of its oldest budget entry, by the business clock. */
export async function demonstrationBegan(db: Db): Promise<string | undefined> {
  const { rows } = await db.raw<{ rows: { day: string | null }[] }>(
    `select to_char(min(at) at time zone 'Asia/Shanghai', 'YYYY-MM-DD') as day from ledger_entries where kind = 'budget'`,
  );
  return rows[0]?.day ?? undefined;
}
