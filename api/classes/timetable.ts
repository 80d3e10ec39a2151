/** The timetable of a class: its tab, the form with its rows, and a proposal to begin with. */
import { z } from 'zod';
import { readCalendar } from '../../db/calendar/calendar.ts';
import { findOpenedOf, saveTimetable } from '../../db/classes/classes.ts';
import { getPolicyPack } from '../../db/catalogue/policy-packs.ts';
import { type ClassHead, getClassHead, listChoices, listSessions, listTakenHalves } from '../../db/views/classes/classes.ts';
import { ConflictError, InputError } from '../../workflows/domain/errors.ts';
import { rule } from '../../workflows/domain/policy/policy.ts';
import { proposeTimetable } from '../../workflows/domain/classes/timetable-proposal.ts';
import { isOpen } from '../../workflows/domain/classes/correction.ts';
import { page, redirect, type Reply } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import { type FieldIssue, toIssues, withWords } from '../http/validation.ts';
import { actsFor, headView, requireAct } from './head.ts';
import { outstandingOf } from './overview.ts';
import { CheckQuery, type ClassParams as Params, ClassParams, filledRows, ProposalForm, SessionForm, TimetableForm } from './schemas.ts';

type FormContext = Pick<Context<Params, unknown, unknown>, 'db' | 'actor' | 'params' | 't' | 'locale'>;
type Row = Record<string, unknown>;
type Redraw = {
  rows?: Row[];
  extra?: number;
  issues?: FieldIssue[];
  entered?: Record<string, unknown>;
  stale?: boolean;
  status?: number;
  proposed?: { sessions: number; hours: number; wanted: number };
};

const EXTRA_ROWS = 6;
const MORE_ROWS = 12;

export function timetableRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/classes/:number/timetable',
    summary: 'The timetable of a class',
    tags: ['classes'],
    access: 'signed-in',
    params: ClassParams,
    response: z.object({ sessions: z.array(SessionForm), version: z.number().int() }),
    handle: async ({ db, actor, params, t, locale }) => {
      const head = await getClassHead(db, actor, params.number);
      const sessions = await listSessions(db, head.id);
      return page(
        'timetable/show',
        {
          ...headView(head, 'timetable', { actor, t, locale }),
          class: head,
          sessions,
          totals: await totalsOf(db, head, sessions),
          mayEdit: actsFor(actor, head).includes('edit'),
        },
        { nav: 'classes', json: { sessions: sessions.map(sessionJson), version: head.version } },
      );
    },
  });

  route(counter, {
    method: 'get',
    path: '/classes/:number/timetable/edit',
    summary: 'Form of the timetable',
    tags: ['classes'],
    access: ['institution'],
    params: ClassParams,
    query: CheckQuery,
    handle: async (context) => {
      const head = await open(context);
      const issues = context.query.check
        ? withWords(
            (await outstandingOf(context.db, head)).filter((issue) => issue.field.startsWith('sessions')),
            context.t,
          )
        : undefined;
      return timetableForm(context, head, { status: 200, ...(issues ? { issues } : {}) });
    },
  });

  route(counter, {
    method: 'post',
    path: '/classes/:number/timetable/edit',
    summary: 'Replace the timetable; `version` (or If-Match) refuses to overwrite what somebody else saved meanwhile',
    tags: ['classes'],
    access: ['institution'],
    params: ClassParams,
    body: TimetableForm,
    response: z.object({ number: z.string(), version: z.number().int(), sessions: z.number().int() }),
    guarded: true,
    handle: async (context) => {
      const { db, actor, params, body, forPage, ifMatch, request } = context;
      try {
        const version = await saveTimetable(db, actor, params.number, body.sessions, {
          version: body.version ?? ifMatch,
          request,
        });
        return redirect(`/classes/${params.number}/timetable`, {
          json: { number: params.number, version, sessions: body.sessions.length },
          flash: 'classes.flash.timetable',
        });
      } catch (error) {
        if (!forPage || !(error instanceof ConflictError) || error.code !== 'form.stale') throw error;
        return timetableForm(context, await open(context), { stale: true, rows: filledRows(context.req.body), status: 409 });
      }
    },
    onInvalid: async (context, issues, entered) =>
      timetableForm(context, await open(context), { issues, entered, rows: filledRows(entered) }),
  });

  route(counter, {
    method: 'post',
    path: '/classes/:number/timetable/draft',
    summary: 'Draws the form again with more rows or with a proposal; saves nothing',
    tags: ['classes'],
    access: ['institution'],
    params: ClassParams,
    body: z.looseObject({ act: z.enum(['rows', 'propose']) }),
    handle: async (context) => {
      const head = await open(context);
      const entered = context.body as Record<string, unknown>;
      if (context.body.act === 'rows')
        return timetableForm(context, head, { rows: filledRows(entered), extra: MORE_ROWS, entered, status: 200 });
      const { rows, proposed } = await propose(context, head, entered);
      if (!context.forPage) return { kind: 'json', body: { sessions: rows }, status: 200 };
      return timetableForm(context, head, { rows, proposed, entered, status: 200 });
    },
    onInvalid: async (context, issues, entered) =>
      timetableForm(context, await open(context), { issues, entered, rows: filledRows(entered) }),
  });
}

async function open({ db, actor, params }: Pick<FormContext, 'db' | 'actor' | 'params'>): Promise<ClassHead> {
  const head = await getClassHead(db, actor, params.number);
  requireAct(actor, head, 'edit');
  return head;
}

async function timetableForm({ db, actor, params, t }: FormContext, head: ClassHead, redraw: Redraw): Promise<Reply> {
  const [choices, opened] = await Promise.all([listChoices(db, actor.institutionId ?? ''), findOpenedOf(db, head)]);
  const mayTouch = (kind: 'sessions' | 'session_teacher' | 'session_venue'): boolean => !opened || isOpen(opened, { kind });
  const edits = { sessions: mayTouch('sessions'), teachers: mayTouch('session_teacher'), venues: mayTouch('session_venue') };
  const saved = (await listSessions(db, head.id)).map(sessionJson);
  const rows: Row[] = redraw.rows ?? saved;
  const extra = !edits.sessions ? 0 : (redraw.extra ?? (rows.length === 0 ? MORE_ROWS : EXTRA_ROWS));
  const typed = rows.map((row) => ({
    hours: Number(row['hours']) || 0,
    kind: row['kind'] === 'practice' ? ('practice' as const) : ('theory' as const),
  }));
  const scarce = choices.teachers.filter((teacher) => teacher.occupations.includes(head.occupation));
  return page(
    'timetable/form',
    {
      title: t('classes.timetableForm.title', { title: head.title }),
      number: params.number,
      class: head,
      version: redraw.stale ? head.version : (redraw.entered?.['version'] ?? head.version),
      opened,
      edits,
      allLocked: !edits.sessions && !edits.teachers && !edits.venues,
      stale: redraw.stale,
      savedSessions: redraw.stale ? saved.length : undefined,
      rows: [
        ...rows,
        ...Array.from({ length: extra }, () => ({
          kind: rows.at(-1)?.['kind'] ?? 'theory',
          venueId: rows.at(-1)?.['venueId'] ?? head.venue_id ?? '',
        })),
      ].map((row: Row, at) => ({
        ...row,
        n: at + 1,
        teacherName: choices.teachers.find((teacher) => teacher.id === row['teacherId'])?.name,
        venueName: choices.venues.find((venue) => venue.id === row['venueId'])?.name,
      })),
      begun: rows.length > 0,
      totals: await totalsOf(db, head, typed),
      proposed: redraw.proposed,
      mayPropose: head.start_date !== null && head.end_date !== null && head.venue_id !== null,
      proposal: {
        hours: head.hours_min,
        hoursPerHalf: 4,
        theoryPercent: 40,
        venueId: head.venue_id,
        teachers: choices.teachers.map((teacher) => ({ ...teacher, suited: scarce.includes(teacher) })),
      },
      halves: (['morning', 'afternoon', 'evening'] as const).map((value) => ({ value, label: t(`tasks.evidence.half.${value}`) })),
      kinds: (['theory', 'practice'] as const).map((value) => ({ value, label: t(`tasks.evidence.sessionKind.${value}`) })),
      teachers: choices.teachers.map((teacher) => ({ value: teacher.id, label: teacher.name })),
      venues: choices.venues.map((venue) => ({ value: venue.id, label: venue.name })),
      issues: redraw.issues,
      entered: redraw.entered,
    },
    { nav: 'classes', ...(redraw.status ? { status: redraw.status } : {}), json: { sessions: saved, version: head.version } },
  );
}

async function propose(
  { db, actor, t, deps }: FormContext & Pick<Context<Params, unknown, unknown>, 'deps'>,
  head: ClassHead,
  entered: Record<string, unknown>,
) {
  const parsed = ProposalForm.safeParse(Object.fromEntries(Object.entries(entered).filter(([, value]) => value !== '')), {
    reportInput: true,
  });
  if (!parsed.success) throw new InputError(toIssues(parsed.error.issues, deps.words));
  if (!head.start_date || !head.end_date) throw new InputError([{ field: 'hours', code: 'class.datesMissing' }]);
  const { hours, hoursPerHalf, theoryPercent, evenings, teacherIds, venueId } = parsed.data;
  const choices = await listChoices(db, actor.institutionId ?? '');
  if (!choices.venues.some((venue) => venue.id === venueId)) throw new InputError([{ field: 'venueId', code: 'class.venue' }]);
  const rows = proposeTimetable({
    calendar: await readCalendar(db, head.region),
    startDate: head.start_date,
    endDate: head.end_date,
    hours,
    hoursPerHalf,
    theoryPercent,
    halves: ['morning', 'afternoon', ...(evenings ? (['evening'] as const) : [])],
    teacherIds: teacherIds.filter((id) => choices.teachers.some((teacher) => teacher.id === id)),
    venueId,
    topics: {
      theory: t('classes.timetableForm.theoryTopic', { occupation: head.occupation }),
      practice: t('classes.timetableForm.practiceTopic', { occupation: head.occupation }),
    },
    taken: await listTakenHalves(db, head),
  });
  return { rows, proposed: { sessions: rows.length, hours: rows.reduce((sum, row) => sum + row.hours, 0), wanted: hours } };
}

async function totalsOf(db: FormContext['db'], head: ClassHead, sessions: readonly { hours: number; kind: 'theory' | 'practice' }[]) {
  const pack = await getPolicyPack(db, head.pack_id);
  const total = sessions.reduce((sum, session) => sum + session.hours, 0);
  const theory = sessions.filter((session) => session.kind === 'theory').reduce((sum, session) => sum + session.hours, 0);
  const theoryPercent = total > 0 ? Math.floor((theory * 100) / total) : 0;
  const practicePercent = total > 0 ? Math.floor(((total - theory) * 100) / total) : 0;
  const hoursMin = Math.max(
    head.hours_min,
    rule(pack, head.project_kind === 'certificate' ? 'hours.certificateMin' : 'hours.singleAbilityMin'),
  );
  const theoryMin = rule(pack, 'hours.theoryMinPercent');
  const practiceMin = rule(pack, 'hours.practiceMinPercent');
  return {
    total,
    theoryPercent,
    practicePercent,
    hoursMin,
    theoryMin,
    practiceMin,
    tones: {
      hours: total >= hoursMin ? 'green' : 'amber',
      theory: total > 0 && theory * 100 >= theoryMin * total ? 'green' : 'amber',
      practice: total > 0 && (total - theory) * 100 >= practiceMin * total ? 'green' : 'amber',
    },
    source: pack.values['hours.theoryMinPercent'].source,
  };
}

function sessionJson(session: {
  day: string;
  half: string;
  hours: number;
  kind: string;
  topic: string;
  teacher_id: string;
  venue_id: string;
}) {
  const { day, half, hours, kind, topic, teacher_id: teacherId, venue_id: venueId } = session;
  return { day, half, hours, kind, topic, teacherId, venueId };
}
