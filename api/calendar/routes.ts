/** The working-day calendar: which years have their official notice, local closures, and loading both. */
import { z } from 'zod';
import { previewClosure } from '../../db/calendar/closure-preview.ts';
import { addClosure, loadYearNotice } from '../../db/calendar/calendar-notices.ts';
import { listCalendar } from '../../db/calendar/calendar.ts';
import { inputError } from '../../workflows/domain/errors.ts';
import { civilDate } from '../http/fields.ts';
import { page, redirect } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import { stepLabel } from '../tasks/words.ts';

const Day = z.object({ date: civilDate, kind: z.enum(['off', 'work']) });
const YearNotice = z
  .object({
    year: z.coerce.number().int(),
    source: z.string().trim().min(2).max(300),
    /** Programs send a list; the form sends lines like `2027-01-01 off`. */
    days: z.union([z.array(Day).max(120), z.string().max(8_000)]),
  })
  .meta({ id: 'YearNotice' });

const Closing = z
  .object({ date: civilDate, kind: z.enum(['off', 'work']), note: z.string().trim().min(2).max(300) })
  .meta({ id: 'CalendarClosure' });
const Preview = z
  .object({
    count: z.number().int(),
    earlier: z.number().int(),
    /** The most urgent ones; `count` is of all. */
    first: z.array(z.object({ taskId: z.string(), title: z.string(), step: z.string(), before: z.string(), after: z.string() })),
  })
  .meta({ id: 'CalendarPreview' });
const Moved = z.object({ moved: z.array(z.object({ taskId: z.string(), before: z.string(), after: z.string() })) });

export function calendarRoutes(counter: Counter): void {
  const show = async ({ db }: Pick<Context<unknown, unknown, unknown>, 'db'>, more: Record<string, unknown> = {}, status = 200) => {
    const calendar = await listCalendar(db);
    return page('calendar/index', { ...calendar, ...more }, { nav: 'admin', status, json: calendar });
  };

  route(counter, {
    method: 'get',
    path: '/admin/calendar',
    summary: 'Years with and without official notice, local closures',
    tags: ['administration'],
    access: ['system_admin'],
    handle: (context) => show(context),
  });

  route(counter, {
    method: 'post',
    path: '/admin/calendar/years',
    summary: 'Load the official notice of a year; open deadlines are computed again',
    tags: ['administration'],
    access: ['system_admin'],
    body: YearNotice,
    response: Moved,
    handle: async ({ db, actor, body }) => {
      const days = typeof body.days === 'string' ? parseLines(body.days) : body.days;
      const moved = await loadYearNotice(db, actor, { year: body.year, source: body.source, days });
      return redirect('/admin/calendar', {
        json: { moved },
        flash: { key: 'calendar.loaded', params: { year: body.year, count: moved.length } },
      });
    },
    onInvalid: (context, issues, entered) => show(context, { issues, entered }, 422),
  });

  route(counter, {
    method: 'post',
    path: '/admin/calendar/closures/preview',
    summary: 'Which open deadlines a local closure or make-up day would move; changes nothing',
    tags: ['administration'],
    access: ['system_admin'],
    body: Closing,
    response: Preview,
    handle: async ({ db, body, t, deps }) => {
      const found = await previewClosure(db, body);
      const lines = found.first.map((line) => ({ ...line, stepLabel: stepLabel(deps.words, t, line) }));
      return page(
        'calendar/preview',
        { ...body, count: found.count, earlier: found.earlier, lines, more: found.count > lines.length },
        { nav: 'admin', json: found },
      );
    },
    onInvalid: (context, issues, entered) => show(context, { issues, entered }, 422),
  });

  route(counter, {
    method: 'post',
    path: '/admin/calendar/closures',
    summary: 'A local closure or make-up day; open deadlines are computed again',
    tags: ['administration'],
    access: ['system_admin'],
    body: Closing,
    response: Moved,
    handle: async ({ db, actor, body }) => {
      const moved = await addClosure(db, actor, body);
      return redirect('/admin/calendar', { json: { moved }, flash: { key: 'calendar.closed', params: { count: moved.length } } });
    },
    onInvalid: (context, issues, entered) => show(context, { issues, entered }, 422),
  });
}

function parseLines(text: string): { date: string; kind: 'off' | 'work' }[] {
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
