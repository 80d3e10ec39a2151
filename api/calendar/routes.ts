/** The working-day calendar of a region: which years have their official notice, closures of the region and above it, and entering both. */
import { listRegionsWithin, pathsOf } from '../../db/accounts/accounts.ts';
import { checkYearNotice, loadYearNotice, mayLoadYears } from '../../db/calendar/year-notices.ts';
import { listYears, readCalendar } from '../../db/calendar/calendar.ts';
import { checkClosure, closeRegion, getLivingClosure, listClosures, withdrawClosure } from '../../db/calendar/closures.ts';
import { previewClosure, previewYearNotice } from '../../db/calendar/calendar-preview.ts';
import { getRegion } from '../../db/regions.ts';
import type { NoticeDay } from '../../workflows/domain/calendar/calendar.ts';
import { inputError, NotAllowedError } from '../../workflows/domain/errors.ts';
import { hasRoleAbove } from '../../workflows/domain/scope.ts';
import { regionOptions } from '../accounts/page.ts';
import { nextCursor, pagerOf, readTimeCursor } from '../http/cursors.ts';
import { page, redirect, type Reply } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import { closureJson, closureView, previewView } from './page.ts';
import { Basis, CalendarOfRegion, CalendarQuery, Closed, ClosureForm, ClosureParams, Moved, Preview, YearNotice } from './schemas.ts';

const tags = ['administration'];
const access = ['system_admin'] as const;
const CLOSURES_SHOWN = 50;
type Asked = Context<unknown, unknown, unknown>;

export function calendarRoutes(counter: Counter): void {
  yearRoutes(counter);
  closureRoutes(counter);
  withdrawalRoutes(counter);
}

/** The calendar of a region; without one, of the first region of the administrator. */
async function show(
  { db, actor, locale }: Asked,
  code: unknown,
  { after, belowAfter, ...more }: Record<string, unknown> & { after?: string | undefined; belowAfter?: string | undefined } = {},
  status = 200,
): Promise<Reply> {
  const paths = pathsOf(actor, 'system_admin');
  const region = await getRegion(db, typeof code === 'string' ? code : (paths[0]?.split('/').at(-1) ?? ''));
  if (!hasRoleAbove(actor, region.path, 'system_admin')) throw new NotAllowedError('calendar.outside');
  const [years, closures, regions, { version }, loadsYears] = await Promise.all([
    listYears(db),
    listClosures(db, region.path, {
      here: { after: readTimeCursor(after), size: CLOSURES_SHOWN },
      below: { after: readTimeCursor(belowAfter), size: CLOSURES_SHOWN },
    }),
    listRegionsWithin(db, paths),
    readCalendar(db, region.code),
    mayLoadYears(db, actor),
  ]);
  const [here, below] = [closures.here.lines, closures.below.lines];
  const [next, belowNext] = [nextCursor(closures.here.next), nextCursor(closures.below.next)];
  const asked = { region: region.code, after, belowAfter };
  const view = {
    ...years,
    region: region.code,
    herePages: pagerOf('/admin/calendar', asked, { next, anchor: '#closures' }),
    belowPages: pagerOf('/admin/calendar', asked, { name: 'belowAfter', next: belowNext, anchor: '#closures-below' }),
    regionName: locale === 'en' ? region.nameEn : region.nameZh,
    regionOptions: regionOptions(regions, locale),
    choosing: regions.length > 1,
    loadsYears,
    here: here.map((line) => ({ ...closureView(line, region, locale), mayWithdraw: mayWithdraw(line) })),
    below: below.map((line) => ({ ...closureView(line, region, locale), mayWithdraw: mayWithdraw(line) })),
    kinds: (['off', 'work'] as const).map((value) => ({ value, key: `calendar.kinds.${value}` })),
    ...more,
  };
  const json = {
    ...years,
    region: region.code,
    version,
    closures: here.map(closureJson),
    next,
    closuresBelow: below.map(closureJson),
    belowNext,
  };
  return page('calendar/index', view, { nav: 'admin', status, json });

  function mayWithdraw(line: { path: string; withdrawnAt: Date | null }): boolean {
    return line.withdrawnAt === null && hasRoleAbove(actor, line.path, 'system_admin');
  }
}

function yearRoutes(counter: Counter): void {
  const { words } = counter.deps;

  route(counter, {
    method: 'get',
    path: '/admin/calendar',
    summary: 'The calendar of a region: years with and without official notice, closures that hold there and those below it',
    tags,
    access,
    query: CalendarQuery,
    response: CalendarOfRegion,
    errors: [404],
    handle: (context) =>
      show(context, context.query.region, {
        after: context.query.after,
        belowAfter: context.query.belowAfter,
        ...(context.query.firstDay === undefined && context.query.year === undefined ? {} : { entered: context.query }),
      }),
  });

  route(counter, {
    method: 'post',
    path: '/admin/calendar/years/preview',
    summary: 'Which open deadlines of which offices the official notice of a year would move; changes nothing',
    tags,
    access,
    body: YearNotice,
    response: Preview,
    handle: async ({ db, actor, body, t, locale }) => {
      const notice = { ...body, days: daysOf(body.days) };
      await checkYearNotice(db, actor, notice);
      const found = await previewYearNotice(db, notice);
      const days = notice.days.map(({ date, kind }) => `${date} ${kind}`).join('\n');
      const view = {
        year: body.year,
        source: body.source,
        days,
        sizes: {
          off: notice.days.filter((day) => day.kind === 'off').length,
          work: notice.days.filter((day) => day.kind === 'work').length,
        },
        editHref: `/admin/calendar?${new URLSearchParams({ year: String(body.year), source: body.source, days }).toString()}#new-year`,
        ...previewView(found, { t, words, locale }),
      };
      return page('calendar/year-preview', view, { nav: 'admin', json: found });
    },
    onInvalid: (context, issues, entered) => show(context, undefined, { issues, entered }, 422),
  });

  route(counter, {
    method: 'post',
    path: '/admin/calendar/years',
    summary: 'Load the official notice of a year; open deadlines are computed again',
    tags,
    access,
    body: YearNotice,
    response: Moved,
    handle: async ({ db, actor, body, request }) => {
      const { moved } = await loadYearNotice(db, actor, { ...body, days: daysOf(body.days) }, request);
      return redirect('/admin/calendar', {
        json: { moved },
        flash: { key: 'calendar.loaded', params: { year: body.year, count: moved.length } },
      });
    },
    onInvalid: (context, issues, entered) => show(context, undefined, { issues, entered }, 422),
  });
}

function closureRoutes(counter: Counter): void {
  const { words } = counter.deps;

  route(counter, {
    method: 'post',
    path: '/admin/calendar/closures/preview',
    summary: 'Which open deadlines of which offices a closure or make-up day of a region would move; changes nothing',
    tags,
    access,
    body: ClosureForm,
    response: Preview,
    errors: [404],
    handle: async ({ db, actor, body, t, locale }) => {
      const closure = { ...body, lastDay: body.lastDay ?? body.firstDay };
      const region = await checkClosure(db, actor, closure);
      const found = await previewClosure(db, { closure, path: region.path });
      const view = {
        ...closure,
        regionName: locale === 'en' ? region.nameEn : region.nameZh,
        editHref: `/admin/calendar?${new URLSearchParams(body).toString()}#new-closure`,
        several: closure.firstDay !== closure.lastDay,
        ...previewView(found, { t, words, locale }),
      };
      return page('calendar/preview', view, { nav: 'admin', json: found });
    },
    onInvalid: (context, issues, entered) => show(context, entered['region'], { issues, entered }, 422),
  });

  route(counter, {
    method: 'post',
    path: '/admin/calendar/closures',
    summary: 'A closure or make-up day of a region and of every region below it; open deadlines there are computed again',
    tags,
    access,
    body: ClosureForm,
    response: Closed,
    errors: [404],
    creates: true,
    handle: async ({ db, actor, body, request }) => {
      const closed = await closeRegion(db, actor, { ...body, lastDay: body.lastDay ?? body.firstDay }, request);
      return redirect(`/admin/calendar?region=${body.region}`, {
        json: closed,
        status: 201,
        flash: { key: 'calendar.closed', params: { count: closed.moved.length } },
      });
    },
    onInvalid: (context, issues, entered) => show(context, entered['region'], { issues, entered }, 422),
  });
}

function withdrawalRoutes(counter: Counter): void {
  const { words } = counter.deps;

  const preview = async ({ db, actor, t, locale }: Asked, id: string, more: Record<string, unknown> = {}, status = 200): Promise<Reply> => {
    const closure = await getLivingClosure(db, actor, id);
    const found = await previewClosure(db, { closure, path: closure.path, withdrawn: id });
    const view = { ...closureView(closure, { code: closure.region }, locale), ...previewView(found, { t, words, locale }), ...more };
    return page('calendar/withdraw', view, { nav: 'admin', status, json: found });
  };

  route(counter, {
    method: 'get',
    path: '/admin/calendar/closures/:id/withdraw',
    summary: 'Which open deadlines the withdrawal of a closure would move; changes nothing',
    tags,
    access,
    params: ClosureParams,
    response: Preview,
    handle: (context) => preview(context, context.params.id),
  });

  route(counter, {
    method: 'post',
    path: '/admin/calendar/closures/:id/withdraw',
    summary: 'Withdraw a closure; open deadlines are computed again without it',
    tags,
    access,
    params: ClosureParams,
    body: Basis,
    response: Moved,
    handle: async ({ db, actor, params, body, request }) => {
      const { region, moved } = await withdrawClosure(db, actor, params.id, body, request);
      return redirect(`/admin/calendar?region=${region}`, {
        json: { moved },
        flash: { key: 'calendar.withdrawn', params: { count: moved.length } },
      });
    },
    onInvalid: (context, issues, entered) => preview(context, String((context.params as { id: string }).id), { issues, entered }, 422),
  });
}

function daysOf(days: string | NoticeDay[]) {
  return typeof days === 'string' ? parseLines(days) : days;
}

function parseLines(text: string): NoticeDay[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line, at) => {
      const [, date, kind] = /^(\d{4}-\d{2}-\d{2})\s+(off|work|休|班)$/.exec(line) ?? [];
      if (!date || !kind) throw inputError('days', 'calendar.line', { line: at + 1 });
      return { date, kind: kind === 'off' || kind === '休' ? 'off' : 'work' };
    });
}
