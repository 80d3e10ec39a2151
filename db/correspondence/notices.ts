/** Notices inside the product: each belongs to one person, who alone reads it and marks it read. */
import { NotFoundError } from '../../workflows/domain/errors.ts';
import type { Db, Trx } from '../client.ts';
import type { ActorId } from '../protocol/procedures.ts';
import { quoted } from '../queries/statements.ts';
import { askingOccasions, type OccasionName } from './occasions.ts';

export type NewNotice = {
  occasion: OccasionName;
  key: string;
  params: Record<string, string | number>;
  taskId: string | null;
  classId: string | null;
  author: ActorId;
  remark: string | undefined;
};

/** One notice for each of these people; who has it already gets none. */
export async function addNotices(trx: Trx, people: readonly string[], notice: NewNotice): Promise<void> {
  await trx.raw(
    `insert into notices (user_id, occasion, key, params, task_id, class_id, author, remark, created_at)
     select person, :occasion, :key, :params, :taskId, cast(:classId as uuid), cast(:author as uuid), :remark, business_now()
       from unnest(cast(:people as uuid[])) person
     on conflict (user_id, occasion, key) do nothing`,
    {
      ...notice,
      params: JSON.stringify(notice.params),
      author: notice.author ?? null,
      remark: notice.remark ?? null,
      people: [...people],
    },
  );
}

export type NoticeLine = {
  id: string;
  no: number;
  occasion: OccasionName;
  params: Record<string, string | number>;
  task_id: string | null;
  class_number: string | null;
  author: string | null;
  remark: string | null;
  created_at: Date;
  read_at: Date | null;
};

export type NoticeFilter = { unread: boolean; before?: number | undefined; size: number };

/** Whether `n` still waits for its reader. What asked for something about a task does so no longer once the task has ended, by whomever. */
export const waits = `n.read_at is null and (n.occasion <> all (array[${quoted(askingOccasions)}])
  or exists (select from tasks asked where asked.id = n.task_id and asked.status = 'open'))`;
const columns = `n.id, n.no, n.occasion, n.params, n.task_id, c.number as class_number, a.name as author, n.remark, n.created_at,
  case when ${waits} then null else coalesce(n.read_at, n.created_at) end as read_at`;
const joined = `from notices n left join classes c on c.id = n.class_id left join users a on a.id = n.author`;

/** A page of somebody's notices, newest first; `next` is the number before which the following page begins. */
export async function listNotices(
  db: Db,
  userId: string,
  { unread, before, size }: NoticeFilter,
): Promise<{ lines: NoticeLine[]; next: number | undefined }> {
  const { rows } = await db.raw<{ rows: NoticeLine[] }>(
    `select ${columns} ${joined}
      where n.user_id = :userId and (cast(:before as bigint) is null or n.no < :before) ${unread ? `and ${waits}` : ''}
      order by n.no desc limit :limit`,
    { userId, before: before ?? null, limit: size + 1 },
  );
  const lines = rows.slice(0, size);
  return { lines, next: rows.length > size ? lines.at(-1)?.no : undefined };
}

export async function countUnread(db: Db, userId: string): Promise<number> {
  const { rows } = await db.raw<{ rows: { unread: number }[] }>(
    `select cast(count(*) as int) as unread from notices n where n.user_id = ? and ${waits}`,
    [userId],
  );
  return rows[0]?.unread ?? 0;
}

/** Marks one of somebody's own notices read and returns it. Throws NotFoundError. */
export async function readNotice(db: Db, userId: string, id: string): Promise<NoticeLine> {
  await db('notices')
    .where({ id, user_id: userId, read_at: null })
    .update({ read_at: db.raw('business_now()') });
  const { rows } = await db.raw<{ rows: NoticeLine[] }>(`select ${columns} ${joined} where n.id = :id and n.user_id = :userId`, {
    id,
    userId,
  });
  if (!rows[0]) throw new NotFoundError('notice.unknown');
  return rows[0];
}

/** Marks all read that somebody has seen: those up to a number, or all there are. Returns how many. */
export async function readNotices(db: Db, userId: string, upTo?: number): Promise<number> {
  const query = db('notices').where({ user_id: userId, read_at: null });
  if (upTo !== undefined) void query.where('no', '<=', upTo);
  return query.update({ read_at: db.raw('business_now()') });
}

/** Opening the conversation of a class answers what told of its messages. */
export async function readMessageNotices(trx: Trx, userId: string, classId: string): Promise<void> {
  await trx('notices')
    .where({ user_id: userId, class_id: classId, occasion: 'message.received', read_at: null })
    .update({ read_at: trx.raw('business_now()') });
}

/** Who was told of a message about the class and has not looked yet: one notice about a conversation is enough. */
export async function listWaitingReaders(trx: Trx, classId: string): Promise<string[]> {
  return trx('notices').where({ class_id: classId, occasion: 'message.received', read_at: null }).pluck('user_id');
}
