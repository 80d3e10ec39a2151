/** What the strip of a demonstration shows on every page: one short prepared query; the accounts are read anew when their edition is another. */
import { type DemoAccount, listDemoAccounts } from '../../accounts/users.ts';
import type { Db } from '../../client.ts';
import { run, statement } from '../../queries/statements.ts';
import type { Filling } from '../../demonstration/filling.ts';

export type DemonstrationStrip = { businessTime: Date; filling: Filling | undefined; demoAccounts: readonly DemoAccount[] };

type Row = { now: Date; accounts: string; planned: number | null; entered: number; until: string };

const readStrip = statement(`
  select b.now, a.edition as accounts, f.planned, f.entered, f.until
    from business_clock b cross join accounts_edition a left join demonstration_filling f on f.ended is null`);

/** By pool, because a process may work on several databases. */
const known = new WeakMap<Db, { edition: string; accounts: readonly DemoAccount[] }>();

export async function readDemonstrationStrip(db: Db): Promise<DemonstrationStrip> {
  const [row] = await run<Row>(db, readStrip, {});
  if (!row) throw new Error('the clock has no row');
  const { now: businessTime, accounts: edition, planned, entered, until } = row;
  let kept = known.get(db);
  if (kept?.edition !== edition) {
    // Read after their edition was: they may be newer than the key under which they are kept, never older.
    kept = { edition, accounts: Object.freeze(await listDemoAccounts(db)) };
    known.set(db, kept);
  }
  return { businessTime, filling: planned === null ? undefined : { planned, entered, until }, demoAccounts: kept.accounts };
}
