/** How many notices of the people whose pages are open are unread, all of them by one question. */
import type { Db } from '../../client.ts';
import { figureAtMost, unreadUpTo } from './navigation-counts.ts';

export type UnreadCount = { user_id: string; newest: number; unread: number };

/** `newest`: number of the newest notice that was seen before; whoever has none newer is left out, and without it counted in any case. */
export async function listUnreadCounts(db: Db, people: readonly { userId: string; newest: number | undefined }[]): Promise<UnreadCount[]> {
  const { rows } = await db
    .raw<{ rows: UnreadCount[] }>(
      `select p.person as user_id, latest.no as newest, cast((${unreadUpTo('p.person', '?')}) as int) as unread
         from unnest(cast(? as uuid[]), cast(? as bigint[])) p (person, newest)
        cross join lateral (select coalesce(max(n.no), 0) as no from notices n where n.user_id = p.person) latest
        where p.newest <> latest.no`,
      [figureAtMost, people.map(({ userId }) => userId), people.map(({ newest }) => newest ?? -1)],
    )
    .options({ name: 'unread_counts' });
  return rows;
}
