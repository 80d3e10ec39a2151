/** Notices inside the product (站内通知): everybody's own. */
import { z } from 'zod';
import { countUnread, listNotices, readNotice, readNotices } from '../../db/correspondence/notices.ts';
import { page, redirect } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';
import { noticeJson, noticeView } from './page.ts';
import { Notice, NoticeParams, Notices, NoticesQuery, ReadAllForm } from './schemas.ts';

const SIZE = 30;
const tags = ['notices'];

export function noticeRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/notices',
    summary: 'Own notices, newest first: what happened to tasks and classes that concern the reader',
    tags,
    access: 'signed-in',
    query: NoticesQuery,
    response: Notices,
    handle: async ({ db, actor, query, deps, t, locale }) => {
      const onlyUnread = query.unread !== undefined;
      const [{ lines, next }, unread] = await Promise.all([
        listNotices(db, actor.userId, { unread: onlyUnread, before: query.before, size: SIZE }),
        countUnread(db, actor.userId),
      ]);
      const notices = lines.map((line) => noticeView(line, { actor, t, words: deps.words, locale }));
      const here = (more: Record<string, string>): string => {
        const parts = new URLSearchParams({ ...(onlyUnread ? { unread: '1' } : {}), ...more }).toString();
        return parts ? `/notices?${parts}` : '/notices';
      };
      const view = {
        notices,
        unread,
        onlyUnread,
        tabs: [
          { href: '/notices', label: t('notices.all'), active: !onlyUnread },
          { href: '/notices?unread=1', label: t('notices.unread'), active: onlyUnread, count: unread },
        ],
        upTo: notices[0]?.no,
        back: query.before ? here({ before: String(query.before) }) : here({}),
        nextHref: next === undefined ? undefined : here({ before: String(next) }),
        firstHref: query.before ? here({}) : undefined,
      };
      return page('notices/index', view, {
        nav: 'notices',
        json: () => ({ notices: notices.map(noticeJson), unread, next: next ?? null }),
      });
    },
  });

  route(counter, {
    method: 'get',
    path: '/notices/:id',
    summary: 'One own notice; opening it marks it read and leads to what it tells of',
    tags,
    access: 'signed-in',
    params: NoticeParams,
    response: Notice,
    handle: async ({ db, actor, params, deps, t, locale }) => {
      const view = noticeView(await readNotice(db, actor.userId, params.id), { actor, t, words: deps.words, locale });
      return redirect(view.href, { json: noticeJson(view) });
    },
  });

  route(counter, {
    method: 'post',
    path: '/notices/:id/read',
    summary: 'Mark an own notice read',
    tags,
    access: 'signed-in',
    params: NoticeParams,
    response: z.object({ id: z.uuid(), read: z.literal(true) }),
    handle: async ({ db, actor, params }) => {
      const { id } = await readNotice(db, actor.userId, params.id);
      return redirect('/notices', { json: { id, read: true } });
    },
  });

  route(counter, {
    method: 'post',
    path: '/notices/read',
    summary: 'Mark all own notices read, or those up to the number of the newest one seen',
    tags,
    access: 'signed-in',
    body: ReadAllForm,
    response: z.object({ marked: z.number().int() }),
    handle: async ({ db, actor, body }) => {
      const marked = await readNotices(db, actor.userId, body.upTo);
      return redirect('/notices', { json: { marked }, flash: { key: 'notices.marked', params: { count: marked } } });
    },
  });
}
