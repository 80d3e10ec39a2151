/** The answer to a decision may wait until the procedure has taken account of it (`Prefer: wait=n`). */
import type { Knex } from 'knex';
import { readApplied } from '../../db/views/case.ts';

const POLL_MS = 30;

/** True as soon as the fact is applied; false when the time is over. */
export async function waitUntilApplied(db: Knex, procedureId: string, factNo: number, withinMs: number): Promise<boolean> {
  const until = Date.now() + withinMs;
  for (;;) {
    if ((await readApplied(db, procedureId)) >= factNo) return true;
    if (Date.now() + POLL_MS > until) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
