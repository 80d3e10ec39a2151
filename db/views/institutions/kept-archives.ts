/**
 * Figures of institutions with many classes, counted ahead by the worker with the function that counts for a reader; the archive says when. Some institutions
 * a turn, so that a turn stays short. What is too old is not read: then the reader waits.
 */
import type { Knex } from 'knex';
import { businessNow } from '../../calendar/clock.ts';
import type { Db } from '../../client.ts';
import { countArchiveFigures, type InstitutionFigures } from './institutions.ts';

/** Classes held or examined. Below it the figures take some 5 ms. */
const KEPT_FROM = 300;
const A_TURN = 100;
const EVERY_MS = 600_000;
const READ_UNTIL = `interval '25 minutes'`;

/** `countedAt`: of figures that were counted ahead, the business instant at which they were. */
export type ArchiveFigures = { figures: InstitutionFigures; countedAt: Date | undefined };

/** The figures of an institution as a worker counted them at most 25 minutes ago by the business clock, else counted now. */
export async function readArchiveFigures(db: Db, institutionId: string, now: Date): Promise<ArchiveFigures> {
  const { rows } = await db.raw<{ rows: { counted_at: Date; figures: InstitutionFigures }[] }>(
    `select counted_at, figures from kept_archives where institution_id = :institutionId and counted_at <= :now and counted_at > cast(:now as timestamptz) - ${READ_UNTIL}`,
    { institutionId, now },
  );
  const [kept] = rows;
  return kept
    ? { figures: kept.figures, countedAt: kept.counted_at }
    : { figures: await countArchiveFigures(db, institutionId), countedAt: undefined };
}

/** Looks at the institutions at which no worker looked for longest, and counts those with many classes. Returns how many were counted. */
export async function keepArchives(db: Knex, { from = KEPT_FROM, everyMs = EVERY_MS, atMost = A_TURN } = {}): Promise<number> {
  const ids = await takeInstitutions(db, everyMs, atMost);
  if (ids.length === 0) return 0;
  const large = await listLarge(db, ids, from);
  for (const id of large) {
    const countedAt = await businessNow(db);
    const figures = JSON.stringify(await countArchiveFigures(db, id));
    await db('kept_archives').where({ institution_id: id }).update({ counted_at: countedAt, figures });
  }
  const small = ids.filter((id) => !large.includes(id));
  await db('kept_archives').whereIn('institution_id', small).whereNotNull('counted_at').update({ counted_at: null, figures: null });
  return large.length;
}

async function takeInstitutions(db: Db, everyMs: number, atMost: number): Promise<string[]> {
  const due = `clock_timestamp() - :everyMs * interval '1 millisecond'`;
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    `insert into kept_archives (institution_id, looked_at)
     select i.id, clock_timestamp() from institutions i left join kept_archives k on k.institution_id = i.id
      where k.looked_at is null or k.looked_at < ${due} order by k.looked_at nulls first, i.id limit :atMost
     on conflict (institution_id) do update set looked_at = excluded.looked_at where kept_archives.looked_at < ${due}
     returning institution_id as id`,
    { everyMs, atMost },
  );
  return rows.map(({ id }) => id);
}

/** Each is counted no further than it takes to know. */
async function listLarge(db: Db, ids: readonly string[], from: number): Promise<string[]> {
  const limit = Math.trunc(from);
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    `select i.id from unnest(cast(:ids as uuid[])) i (id)
      where (select count(*) from (select from classes where institution_id = i.id limit ${limit}) held)
          + (select count(*) from (select from classes where assessor_id = i.id limit ${limit}) examined) >= ${limit}`,
    { ids: [...ids] },
  );
  return rows.map(({ id }) => id);
}
