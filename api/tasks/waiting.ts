/** `Prefer: wait=n` (RFC 7240): the answer waits until the procedure has taken account of the fact, at most five seconds. */
import type { Request } from 'express';
import type { Knex } from 'knex';
import { readApplied } from '../../db/views/case.ts';

const MOST_SECONDS = 5;
const POLL_MS = 30;

/** Seconds that the client asks to wait; 0 when it does not. */
export function preferredWait(req: Request): number {
  const wait = /(?:^|[,;\s])wait=(\d{1,4})(?:$|[,;\s])/.exec(req.get('prefer') ?? '')?.[1];
  return Math.min(MOST_SECONDS, Number(wait ?? 0));
}

/** True as soon as the fact is applied; false when the time is over. */
export async function waitUntilApplied(db: Knex, procedureId: string, factNo: number, seconds: number): Promise<boolean> {
  const until = Date.now() + seconds * 1000;
  for (;;) {
    if ((await readApplied(db, procedureId)) >= factNo) return true;
    if (Date.now() + POLL_MS > until) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
