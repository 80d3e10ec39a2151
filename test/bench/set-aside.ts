import type { Trx } from '../../db/client.ts';

/**
 * Does `work` while the secondary indexes of these tables are set aside, and builds them again from what was written: to keep each up to date row by row took most of
 * the time. Indexes behind a constraint stay. All of it is one transaction, so that none is missing afterwards.
 */
export async function withoutIndexes(trx: Trx, tables: readonly string[], work: () => Promise<void>): Promise<void> {
  const { rows } = await trx.raw<{ rows: { name: string; definition: string }[] }>(
    `select cast(x.indexrelid as regclass) as name, pg_get_indexdef(x.indexrelid) as definition from pg_index x
      where x.indrelid = any(cast(? as regclass[])) and not exists (select from pg_constraint k where k.conindid = x.indexrelid)`,
    [[...tables]],
  );
  for (const { name } of rows) await trx.raw(`drop index ${name}`);
  await work();
  await trx.raw(`set local maintenance_work_mem = '512MB'`);
  for (const { definition } of rows) await trx.raw(definition);
}
