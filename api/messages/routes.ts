/** The conversation (沟通) of the office and an institution about a class. */
import { z } from 'zod';
import { sendMessage } from '../../db/classes/messages.ts';
import { getClassHead } from '../../db/views/classes/classes.ts';
import { NotFoundError } from '../../workflows/domain/errors.ts';
import { officerRoles, readingRoles } from '../../workflows/domain/roles.ts';
import { readsMessages } from '../../workflows/domain/classes/message.ts';
import { classPath, headView } from '../classes/head.ts';
import { ClassParams } from '../classes/schemas.ts';
import { page, redirect, type Reply } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import type { FieldIssue } from '../http/validation.ts';
import { conversationJson, loadConversation } from './page.ts';
import { MessageForm, Messages, MessagesQuery } from './schemas.ts';

type Shown = Pick<Context<z.output<typeof ClassParams>, unknown, unknown>, 'db' | 'actor' | 'params' | 't' | 'locale'>;
type Redraw = { issues?: FieldIssue[]; entered?: Record<string, unknown>; before?: number | undefined };

export function messageRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/classes/:number/messages',
    summary: 'What office and institution wrote to each other about a class, newest first; opening it is on record',
    tags: ['messages'],
    access: ['institution', ...readingRoles],
    params: ClassParams,
    query: MessagesQuery,
    response: Messages,
    handle: (context) => show(context, { before: context.query.before }),
  });

  route(counter, {
    method: 'post',
    path: '/classes/:number/messages',
    summary: 'Write to the other side about a submitted class; stays on record, ID and card numbers are refused',
    tags: ['messages'],
    access: ['institution', ...officerRoles],
    params: ClassParams,
    body: MessageForm,
    response: z.object({ id: z.uuid() }),
    creates: true,
    handle: async ({ db, actor, params, body, request }) => {
      const sent = await sendMessage(db, actor, params.number, body.text, request);
      return redirect(body.back ?? classPath(params.number, 'messages'), { json: sent, status: 201, flash: 'messages.sent' });
    },
    onInvalid: (context, issues, entered) => show(context, { issues, entered }),
  });
}

async function show({ db, actor, params, t, locale }: Shown, { issues, entered, before }: Redraw): Promise<Reply> {
  const head = await getClassHead(db, actor, params.number);
  if (!head.procedure || !readsMessages(actor, head)) throw new NotFoundError('class.unknown');
  const conversation = await loadConversation({ db, actor, t, locale }, head, before);
  return page(
    'messages/index',
    {
      ...headView({ ...head, unread_messages: 0 }, 'messages', { actor, t, locale }),
      conversation,
      nextHref: conversation.next ? `?before=${conversation.next}` : undefined,
      firstHref: before ? classPath(params.number, 'messages') : undefined,
      issues,
      entered,
    },
    { nav: 'classes', json: conversationJson(conversation) },
  );
}
