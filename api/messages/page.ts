/** The conversation about a class, made of its rows: for its own page and for the page of a case. */
import type { Knex } from 'knex';
import type { Actor } from '../../db/accounts/users.ts';
import { markMessagesRead } from '../../db/classes/messages.ts';
import { listMessages, type MessageLine } from '../../db/views/classes/messages.ts';
import { type MessageSide, sideOf } from '../../workflows/domain/classes/message.ts';
import type { Locale, Translate } from '../pages/i18n.ts';

const SIZE = 50;

type Subject = { id: string; number: string; institution_id: string; region_path: string };
type Reading = { db: Knex; actor: Actor; t: Translate; locale: Locale };

/** Reads a page of the conversation and puts on record that its reader has opened it. */
export async function loadConversation({ db, actor, t, locale }: Reading, subject: Subject, before?: number) {
  const { lines, next } = await listMessages(db, { classId: subject.id, readerId: actor.userId, before, size: SIZE });
  const side = sideOf(actor, subject)?.side;
  const first = lines.at(0);
  const last = lines.at(-1);
  if (first && last && lines.some((line) => isUnread(line, side))) {
    await markMessagesRead(db, actor, subject, { from: last.no, upTo: first.no });
  }
  return {
    messages: lines.map((line) => messageView(line, side, t, locale)),
    mayWrite: side !== undefined,
    hint: side === undefined ? '' : t(`messages.to.${side === 'office' ? 'institution' : 'office'}`),
    action: `/classes/${subject.number}/messages`,
    next: next ?? null,
  };
}

export type Conversation = Awaited<ReturnType<typeof loadConversation>>;

function isUnread(line: MessageLine, side: MessageSide | undefined): boolean {
  return side !== undefined && line.side !== side && line.read_at === null;
}

function messageView(line: MessageLine, side: MessageSide | undefined, t: Translate, locale: Locale) {
  const office = locale === 'en' ? line.office_en : line.office_zh;
  return {
    id: line.id,
    side: line.side,
    author: line.author,
    from: line.side === 'office' ? t('messages.office', { region: office ?? '' }) : line.institution,
    own: line.side === side,
    text: line.body,
    at: line.sent_at,
    unread: isUnread(line, side),
    readBy: line.first_reader,
    readAt: line.first_read_at,
  };
}

export function conversationJson({ messages, mayWrite, next }: Conversation) {
  return {
    messages: messages.map(({ own: _own, at, readAt, ...line }) => ({
      ...line,
      at: at.toISOString(),
      readAt: readAt?.toISOString() ?? null,
    })),
    mayWrite,
    next,
  };
}
