/** The newest mails or short messages of regions. */
import { withinPaths } from '../regions.ts';

const failedOnes = { mails: `status = 'failed'`, sms: `status in ('failed', 'refused')` };

/** SQL: ids of the newest `:limit` to regions of `:paths`, read from each region's own newest ones; `failed`: of those that did not arrive. */
export function newestIds(table: keyof typeof failedOnes, failed: boolean): string {
  return `select n.id from regions g
      cross join lateral (select id, created_at from ${table} where region = g.code ${failed ? `and ${failedOnes[table]}` : ''} order by created_at desc, id limit :limit) n
      where ${withinPaths('g.path')} order by n.created_at desc, n.id limit :limit`;
}
