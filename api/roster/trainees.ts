/** One person of a roster: added, changed, taken off, as long as the class is a draft or a list of corrections opens exactly that (F08). */
import type { z } from 'zod';
import { businessToday } from '../../db/calendar/instant.ts';
import { findOpenedOf } from '../../db/classes/classes.ts';
import { listRoster, type RosterLine } from '../../db/roster/roster.ts';
import { addTrainee, removeTrainee, saveTrainee } from '../../db/roster/trainees.ts';
import { type ClassHead, getClassHead } from '../../db/views/classes/classes.ts';
import { ConflictError, NotFoundError } from '../../workflows/domain/errors.ts';
import { groupsOn, personGroups } from '../../workflows/domain/policy/groups.ts';
import { isOpen, type Touch } from '../../workflows/domain/classes/correction.ts';
import { classPath, requireAct } from '../classes/head.ts';
import { isStale } from '../institutions/register.ts';
import { ClassParams } from '../classes/schemas.ts';
import { page, redirect, type Reply } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import type { FieldIssue } from '../http/validation.ts';
import { TraineeChange, TraineeForm, TraineeParams, TraineeSaved } from './schemas.ts';
import { showRoster } from './show.ts';

type FormContext = Pick<Context<z.output<typeof ClassParams>, unknown, unknown>, 'db' | 'actor' | 'params' | 't' | 'locale'>;
type Redraw = { issues?: FieldIssue[]; entered?: Record<string, unknown>; stale?: boolean; status?: number };

export function traineeRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/classes/:number/roster/people/new',
    summary: 'Form for one more person on the roster',
    tags: ['roster'],
    access: ['institution'],
    params: ClassParams,
    errors: [409],
    handle: async (context) => personForm(context, await openFor(context, { kind: 'person_added' }, 'correction.lockedPersonAdded')),
  });

  route(counter, {
    method: 'post',
    path: '/classes/:number/roster/people',
    summary: 'Add one person to the roster, checked like a row of a file; refused at the field',
    tags: ['roster'],
    access: ['institution'],
    params: ClassParams,
    body: TraineeForm,
    response: TraineeSaved,
    creates: true,
    errors: [409],
    handle: async ({ db, vault, actor, params, body, request }) => {
      const { seat } = await addTrainee(db, vault, actor, params.number, { ...body, remark: '' }, request);
      return redirect(classPath(params.number, 'roster'), {
        json: { number: params.number, seat },
        status: 201,
        flash: { key: 'roster.person.added', params: { seat } },
      });
    },
    onInvalid: async (context, issues, entered) =>
      personForm(context, await getClassHead(context.db, context.actor, context.params.number), undefined, { issues, entered }),
  });

  route(counter, {
    method: 'get',
    path: '/classes/:number/roster/people/:id',
    summary: 'Form of one person on the roster; numbers are masked',
    tags: ['roster'],
    access: ['institution'],
    params: TraineeParams,
    tagged: true,
    errors: [409],
    handle: async (context) => {
      const head = await openFor(context, { kind: 'enrolment', reference: context.params.id }, 'correction.lockedPerson');
      const line = await lineOf(context, head);
      if (line.status !== 'enrolled') throw new ConflictError('roster.notEnrolled');
      return personForm(context, head, line);
    },
  });

  route(counter, {
    method: 'post',
    path: '/classes/:number/roster/people/:id',
    summary:
      'Save one person of the roster; a number that is left out stays as it is. `version` of the class (or If-Match) refuses to overwrite what somebody else saved meanwhile',
    tags: ['roster'],
    access: ['institution'],
    params: TraineeParams,
    body: TraineeChange,
    response: TraineeSaved,
    guarded: true,
    handle: async (context) => {
      const { db, vault, actor, params, body, request, ifMatch, forPage } = context;
      const { version, ...given } = body;
      try {
        const { seat } = await saveTrainee(db, vault, actor, params.number, { id: params.id, given, version: version ?? ifMatch, request });
        return redirect(classPath(params.number, 'roster'), {
          json: { number: params.number, seat },
          flash: { key: 'roster.person.saved', params: { seat } },
        });
      } catch (error) {
        if (!forPage || !isStale(error)) throw error;
        const head = await openFor(context, { kind: 'enrolment', reference: params.id }, 'correction.lockedPerson');
        const entered = context.req.body as Record<string, unknown>;
        return personForm(context, head, await lineOf(context, head), { stale: true, entered, status: 409 });
      }
    },
    onInvalid: async (context, issues, entered) => {
      const head = await getClassHead(context.db, context.actor, context.params.number);
      return personForm(context, head, await lineOf(context, head), { issues, entered });
    },
  });

  route(counter, {
    method: 'post',
    path: '/classes/:number/roster/people/:id/remove',
    summary: 'Take one person off the roster',
    tags: ['roster'],
    access: ['institution'],
    params: TraineeParams,
    response: TraineeSaved,
    guarded: true,
    handle: async ({ db, vault, actor, params, request, ifMatch }) => {
      const { seat } = await removeTrainee(db, vault, actor, params.number, { id: params.id, version: ifMatch, request });
      return redirect(classPath(params.number, 'roster'), {
        json: { number: params.number, seat },
        flash: { key: 'roster.person.removed', params: { seat } },
      });
    },
    onInvalid: (context, issues) => showRoster(context, { issues, status: 422 }),
  });
}

/** The class, where its own institution may make this change now. Throws NotFoundError, ConflictError naming what is open. */
async function openFor({ db, actor, params }: FormContext, touch: Touch, locked: string): Promise<ClassHead> {
  const head = await getClassHead(db, actor, params.number);
  requireAct(actor, head, 'edit');
  const opened = await findOpenedOf(db, head);
  if (!opened || isOpen(opened, touch)) return head;
  const line = touch.kind === 'enrolment' ? (await listRoster(db, head.id)).find(({ id }) => id === touch.reference) : undefined;
  throw new ConflictError(locked, { open: opened.words, seat: line?.seat ?? 0 });
}

async function lineOf({ db, params }: { db: FormContext['db']; params: { id: string } }, head: ClassHead): Promise<RosterLine> {
  const line = (await listRoster(db, head.id)).find(({ id }) => id === params.id);
  if (!line) throw new NotFoundError('roster.personUnknown');
  return line;
}

async function personForm({ db, t, locale }: FormContext, head: ClassHead, line?: RosterLine, redraw: Redraw = {}): Promise<Reply> {
  const groups = groupsOn(head.start_date ?? (await businessToday(db)));
  const path = `${classPath(head.number, 'roster')}/people`;
  return page(
    'roster/person',
    {
      title: line ? t('roster.person.editTitle', { seat: line.seat, name: line.name }) : t('roster.person.newTitle'),
      lead: t('roster.ofClass', { title: head.title, number: head.number }),
      back: classPath(head.number, 'roster'),
      action: line ? `${path}/${line.id}` : path,
      line,
      kept: line ? 'Kept' : '',
      version: line && (redraw.stale ? head.version : (redraw.entered?.['version'] ?? head.version)),
      stale: redraw.stale,
      theirs: line && redraw.stale ? theirsOf(line, redraw.entered ?? {}, t, locale) : [],
      groupOptions: groups.map((group) => ({ value: group.code, label: locale === 'en' ? group.en : group.zh })),
      issues: redraw.issues?.map((issue) => ({
        ...issue,
        ...(issue.field === 'roster' ? {} : { label: t(`roster.fields.${issue.field}`) }),
      })),
      entered: redraw.entered,
    },
    {
      nav: 'classes',
      ...(redraw.status ? { status: redraw.status } : {}),
      etag: String(head.version),
      json: line && {
        seat: line.seat,
        name: line.name,
        idMasked: line.id_masked,
        phoneMasked: line.phone_masked,
        group: line.group_code,
        bank: line.bank_name,
        accountMasked: line.account_masked,
        version: head.version,
      },
    },
  );
}

/** What somebody else saved while the form was open, field by field; numbers stay masked and are not compared. */
function theirsOf(line: RosterLine, entered: Record<string, unknown>, t: FormContext['t'], locale: FormContext['locale']) {
  const group = personGroups.find(({ code }) => code === line.group_code);
  const saved = [
    { field: 'name', value: line.name, shown: line.name },
    { field: 'group', value: line.group_code, shown: (locale === 'en' ? group?.en : group?.zh) ?? line.group_code },
    { field: 'bank', value: line.bank_name ?? '', shown: line.bank_name ?? '' },
  ];
  return saved
    .filter(({ field, value }) => String((entered[field] ?? '') as string) !== value)
    .map(({ field, shown }) => ({ label: t(`roster.fields.${field}`), value: shown || '—' }));
}
