/**
 * Boards that the worker counts ahead. Where little is on record a board is counted for its reader, as it is at that instant; in a large region that would take
 * a second, so the worker counts it once a minute by the same functions, and the page says when. A kept board that is too old is not read: then the reader waits.
 */
import type { Knex } from 'knex';
import { boardTimes } from '../../workflows/domain/calendar/board-times.ts';
import type { Actor } from '../accounts/users.ts';
import { readCalendars } from '../calendar/calendar.ts';
import { readInstant } from '../calendar/instant.ts';
import type { Db } from '../client.ts';
import { type Board, countBoard, supervisionOf } from './board.ts';

/** Open tasks and those decided in the weeks of the board, together. Below it a board takes some 30 ms at most. */
const KEPT_FROM = 5_000;
const EVERY_MS = 50_000;
const READ_UNTIL = `interval '2 minutes'`;

/** The board that a worker counted for exactly this reader's region, at most two minutes ago by the business clock. */
export async function findKeptBoard(db: Db, actor: Actor, now: Date): Promise<Board | undefined> {
  const [grant, ...others] = supervisionOf(actor).grants;
  // Whoever works elsewhere too counts days by another calendar.
  if (!grant || others.length > 0 || actor.grants.some(({ region }) => region !== grant.region)) return undefined;
  const { rows } = await db.raw<{ rows: { counted_at: Date; board: Omit<Board, 'countedAt'> }[] }>(
    `select counted_at, board from kept_boards where region = :region and counted_at <= :now and counted_at > cast(:now as timestamptz) - ${READ_UNTIL}`,
    { region: grant.region, now },
  );
  const [kept] = rows;
  return kept && { countedAt: kept.counted_at, ...kept.board };
}

/** Counts the boards of large regions that somebody supervises and that no worker looked at within the minute. Returns the regions counted. */
export async function keepBoards(db: Knex, { from = KEPT_FROM, everyMs = EVERY_MS } = {}): Promise<string[]> {
  const counted: string[] = [];
  for (const region of await takeRegions(db, everyMs)) if (await keepBoard(db, region, from)) counted.push(region.code);
  return counted;
}

type Region = { code: string; path: string };

async function takeRegions(db: Db, everyMs: number): Promise<Region[]> {
  const { rows } = await db.raw<{ rows: Region[] }>(
    `with taken as (
       insert into kept_boards (region, looked_at)
       select region, clock_timestamp() from (select distinct region from grants_in_force where role = 'supervisor') g
       on conflict (region) do update set looked_at = excluded.looked_at where kept_boards.looked_at < clock_timestamp() - :everyMs * interval '1 millisecond'
       returning region)
     select r.code, r.path from taken t join regions r on r.code = t.region order by r.path`,
    { everyMs },
  );
  return rows;
}

/** Whether the region is large enough to be counted ahead. */
async function keepBoard(db: Knex, { code, path }: Region, from: number): Promise<boolean> {
  const { now, today, calendar_key } = await readInstant(db);
  const calendar = (await readCalendars(db, calendar_key)).of(code);
  const times = boardTimes({ now, today, calendar });
  const large = await holdsMoreThan(db, path, times.trendFrom, from);
  const board = large ? await countBoard(db, { grants: [{ role: 'supervisor', region: code, path }] }, times) : undefined;
  await db('kept_boards')
    .where({ region: code })
    .update({ counted_at: board?.countedAt ?? null, board: board ? JSON.stringify({ ...board, countedAt: undefined }) : null });
  return large;
}

async function holdsMoreThan(db: Db, path: string, since: Date, size: number): Promise<boolean> {
  const limit = Math.trunc(size) + 1;
  const { rows } = await db.raw<{ rows: { more: boolean }[] }>(
    `with offices as materialized (select code, path from regions where path = :path or path like :path || '/%')
     select (select count(*) from (select from offices o join tasks t on t.status = 'open' and t.office_path = o.path and t.role not in ('clock', 'institution', 'assessor') limit ${limit}) open)
          + (select count(*) from (select from offices o join tasks t on t.status = 'decided' and t.office = o.code and t.decided_at >= :since limit ${limit}) decided) >= ${limit} as more`,
    { path, since },
  );
  return rows[0]?.more ?? false;
}
