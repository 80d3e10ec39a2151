/** Names for the filters of a list: the regions and officers that it is limited to, and the regions that a reader can choose from. */
import { withinPaths } from '../../regions.ts';
import { readingPaths } from '../../../workflows/domain/scope.ts';
import type { Actor } from '../../accounts/users.ts';
import { run, statement } from '../../queries/statements.ts';
import type { Db } from '../../client.ts';
import { officersOnly } from './conditions.ts';
import type { InboxFilter } from './inbox.ts';

export type RegionName = { code: string; zh: string; en: string; path: string };
export type ListNames = { regions: ReadonlyMap<string, RegionName>; people: ReadonlyMap<string, string> };

const regionsSql = statement(`select code, name_zh as zh, name_en as en, path from regions where code = any(cast(:codes as text[]))`);
// Officers alone: who works for an institution holds no task of an office. And only those whose office lies within the reader's own.
const peopleSql = statement(
  `select u.id, u.name from users u where u.id = any(cast(:ids as uuid[])) and u.institution_id is null
      and exists (select from grants g join regions r on r.code = g.region where g.user_id = u.id and ${withinPaths('r.path')})`,
);
const belowSql = statement(
  `select distinct r.code, r.name_zh as zh, r.name_en as en, r.path from unnest(cast(:paths as text[])) p (path) join regions r on r.path like p.path || '/%' order by r.path`,
);

/** Of the filters of one or more lists, as far as the reader may know them; asks nothing where none names a region or a person. */
export async function readListNames(db: Db, actor: Actor, filters: readonly Pick<InboxFilter, 'region' | 'holder'>[]): Promise<ListNames> {
  const codes = filters.flatMap(({ region }) => region ?? []);
  const ids = filters.flatMap(({ holder }) => holder ?? []);
  const [regions, people] = await Promise.all([
    codes.length === 0 ? [] : run<RegionName>(db, regionsSql, { codes }),
    ids.length === 0 ? [] : run<{ id: string; name: string }>(db, peopleSql, { ids, paths: actor.grants.map(({ path }) => path) }),
  ]);
  return { regions: new Map(regions.map((one) => [one.code, one])), people: new Map(people.map(({ id, name }) => [id, name])) };
}

/** Below the own offices of a reader; the smallest regions have none below them, and are not asked for. */
export async function listRegionsBelow(db: Db, actor: Actor): Promise<RegionName[]> {
  if (actor.institutionId !== undefined) return [];
  const paths = readingPaths(actor);
  const large = paths.filter((path) => path.split('/').length < COUNTY_DEPTH);
  return large.length === 0 ? [] : run<RegionName>(db, belowSql, { paths: large });
}

export type OfficerHolding = { id: string; name: string; zh: string; en: string };

/** More are not offered: of a large region those of the own offices come first. */
const OFFERED_AT_MOST = 200;

// One officer after another in the order of the list, until there are enough: whoever has something open in the offices that the reader sees, as far as the reader may know the name: the office of theirs lies there too.
const holdingSql = statement(
  `select x.id, x.name, r.name_zh as zh, r.name_en as en
     from (select u.id, u.name, u.path
             from (select u.id, u.name, o.path
                     from (select g.user_id, min(r.path) as path from grants g join regions r on r.code = g.region
                            where g.region = any(array(select code from regions n where ${withinPaths('n.path')})) group by g.user_id) o
                     join users u on u.id = o.user_id and u.institution_id is null
                    order by length(o.path), o.path, u.name, u.id offset 0) u
            cross join lateral (select from tasks t where t.claimed_by = u.id and t.status = 'open' and ${officersOnly} and ${withinPaths('t.office_path')} limit 1) held
            limit ${OFFERED_AT_MOST}) x
     join regions r on r.path = x.path
    order by length(x.path), x.path, x.name, x.id`,
);

/** Officers to whose tasks the list of a region can be limited. */
export async function listOfficersHolding(db: Db, actor: Actor): Promise<OfficerHolding[]> {
  if (actor.institutionId !== undefined) return [];
  const paths = readingPaths(actor);
  return paths.length === 0 ? [] : run<OfficerHolding>(db, holdingSql, { paths });
}

/** Province, city, county. */
const COUNTY_DEPTH = 3;
