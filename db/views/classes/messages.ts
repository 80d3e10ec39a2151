/** The conversation about a class as its pages show it, and where something in it is unread. */
import { type MessageSide, readingSide } from '../../../workflows/domain/classes/message.ts';
import type { Actor } from '../../accounts/users.ts';
import type { Db } from '../../client.ts';

export type MessageLine = {
  id: string;
  no: number;
  side: MessageSide;
  author: string;
  author_id: string;
  office_zh: string | null;
  office_en: string | null;
  institution: string;
  body: string;
  sent_at: Date;
  /** When the reader opened it before now. */
  read_at: Date | null;
  /** Who of the other side opened it first. */
  first_reader: string | null;
  first_read_at: Date | null;
};

/** Newest first, a page at a time; `next` is the number before which the following page begins. */
export async function listMessages(
  db: Db,
  { classId, readerId, before, size }: { classId: string; readerId: string; before?: number | undefined; size: number },
): Promise<{ lines: MessageLine[]; next: number | undefined }> {
  const { rows } = await db.raw<{ rows: MessageLine[] }>(
    `select m.id, m.no, m.side, u.name as author, m.author as author_id, r.name_zh as office_zh, r.name_en as office_en, i.name as institution, m.body, m.sent_at,
            v.read_at, f.name as first_reader, f.read_at as first_read_at
       from class_messages m
       join users u on u.id = m.author
       join classes c on c.id = m.class_id
       join institutions i on i.id = c.institution_id
       left join regions r on r.code = m.office
       left join class_message_reads v on v.message_id = m.id and v.user_id = :reader
       left join lateral (select w.name, x.read_at from class_message_reads x join users w on w.id = x.user_id
                           where x.message_id = m.id order by x.read_at, w.id limit 1) f on true
      where m.class_id = :classId and (cast(:before as bigint) is null or m.no < :before) order by m.no desc limit :limit`,
    { classId, reader: readerId, before: before ?? null, limit: size + 1 },
  );
  const lines = rows.slice(0, size);
  return { lines, next: rows.length > size ? lines.at(-1)?.no : undefined };
}

/** A message `m` of the other side that the person `:reader` has not opened. The side is written out: one plan serves all who read for it. */
function isUnread(side: MessageSide): string {
  const other: MessageSide = side === 'office' ? 'institution' : 'office';
  return `m.side = '${other}' and not exists (select 1 from class_message_reads r where r.message_id = m.id and r.user_id = :reader)`;
}

/** A column for a list: how many messages about the class of its line are unread by `:reader`; 0 where there is no class. */
export function unreadMessagesOf(actor: Actor, classId: string): string {
  const side = readingSide(actor);
  return side ? `(select cast(count(*) as int) from class_messages m where m.class_id = ${classId} and ${isUnread(side)})` : '0';
}

export type UnreadClass = { number: string; title: string; unread: number; sent_at: Date };

/** Classes of an institution in whose conversation something is unread, newest first. */
export async function listUnreadClasses(db: Db, actor: Actor, limit: number): Promise<UnreadClass[]> {
  if (actor.institutionId === undefined || readingSide(actor) !== 'institution') return [];
  const { rows } = await db.raw<{ rows: UnreadClass[] }>(
    `select c.number, c.title, count(*)::int as unread, max(m.sent_at) as sent_at
       from classes c join class_messages m on m.class_id = c.id
      where c.institution_id = cast(:institution as uuid) and ${isUnread('institution')}
      group by c.id order by max(m.sent_at) desc, c.number limit :limit`,
    { institution: actor.institutionId, reader: actor.userId, limit },
  );
  return rows;
}
