/** Classes: the list, a new one, its page, and what its institution does with it until it is under review. */
import { z } from 'zod';
import { dropDraft } from '../../db/accounts/kept-drafts.ts';
import type { Actor } from '../../db/accounts/users.ts';
import { createClass, saveClass, submitClass, withdrawClass } from '../../db/classes/classes.ts';
import { decideTask } from '../../db/protocol/decisions.ts';
import { type ClassLine, findLastCorrection, getClassHead, listClasses } from '../../db/views/classes/classes.ts';
import { classStatuses } from '../../workflows/domain/classes/class.ts';
import { ConflictError } from '../../workflows/domain/errors.ts';
import { readingRoles } from '../../workflows/domain/roles.ts';
import { hasRole } from '../../workflows/domain/scope.ts';
import { readsRecord } from '../../workflows/domain/classes/reading.ts';
import type { Locale, Translate } from '../pages/i18n.ts';
import { correctionName, formName } from '../drafts/page.ts';
import { readTimeCursor, nextCursor } from '../http/cursors.ts';
import { page, redirect } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';
import { withWords } from '../http/validation.ts';
import { readAnswers } from '../tasks/payload.ts';
import { classForm } from './form.ts';
import { headView, requireAct, statusTones } from './head.ts';
import { formFields, outstandingOf, showOverview } from './overview.ts';
import {
  CheckQuery,
  ClassChoices,
  ClassDetail,
  ClassForm,
  ClassItem,
  ClassParams,
  ClassQuery,
  ResubmitForm,
  SubmitForm,
  WithdrawForm,
} from './schemas.ts';
import { classTabRoutes } from './tabs.ts';
import { timetableRoutes } from './timetable.ts';

export function classRoutes(counter: Counter): void {
  listRoutes(counter);
  draftRoutes(counter);
  procedureRoutes(counter);
  timetableRoutes(counter);
  classTabRoutes(counter);
}

function listRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/classes',
    summary: 'Classes within the reader’s scope, newest first',
    tags: ['classes'],
    access: ['institution', 'assessor', ...readingRoles],
    query: ClassQuery,
    response: z.object({ classes: z.array(ClassItem), next: z.string().nullable() }),
    handle: async ({ db, actor, query, t, locale }) => {
      const { lines, next } = await listClasses(db, actor, {
        text: query.q,
        status: query.status,
        size: query.size,
        after: readTimeCursor(query.after),
      });
      const cursor = nextCursor(next);
      const kept = new URLSearchParams(
        Object.entries({ q: query.q ?? '', status: query.status ?? '' }).filter(([, value]) => value !== ''),
      );
      return page(
        'classes/index',
        {
          lines: lines.map((line) => lineView(line, actor, t, locale)),
          filter: query,
          filtered: query.q !== undefined || query.status !== undefined,
          statuses: classStatuses
            .filter((status) => status !== 'draft' || hasRole(actor, 'institution'))
            .map((status) => ({ value: status, label: t(`classes.status.${status}`) })),
          lead: t(`classes.lead.${hasRole(actor, 'institution') ? 'institution' : 'office'}`),
          mayCreate: hasRole(actor, 'institution'),
          withInstitution: !hasRole(actor, 'institution'),
          nextHref: cursor ? `?${new URLSearchParams([...kept, ['after', cursor]]).toString()}` : undefined,
          firstHref: query.after ? `?${kept.toString()}` : undefined,
        },
        { json: { classes: lines.map((line) => lineJson(line, actor)), next: cursor } },
      );
    },
  });
}

function lineJson(line: ClassLine, actor: Actor) {
  const told = readsRecord(actor, line) || line.task_role === 'assessor';
  return {
    number: line.number,
    title: line.title,
    status: line.status,
    stage: line.stage,
    institution: line.institution,
    region: { code: line.region, zh: line.region_zh, en: line.region_en },
    project: line.project,
    startDate: line.start_date,
    endDate: line.end_date,
    headcount: line.headcount,
    amountFen: readsRecord(actor, line) ? line.amount_fen : null,
    task: line.task_step && told ? { step: line.task_step, role: line.task_role ?? '', dueDate: line.task_due_date } : null,
  };
}

function lineView(line: ClassLine, actor: Actor, t: Translate, locale: Locale) {
  const json = lineJson(line, actor);
  return {
    ...json,
    regionName: locale === 'en' ? line.region_en : line.region_zh,
    statusLabel: t(`classes.status.${line.status}`),
    tone: statusTones[line.status],
    stageLabel: line.task_step ? t(`tasks.stages.${line.stage}`, { defaultValue: '' }) : '',
    waitsFor: json.task ? t('classes.waitsFor', { role: t(`common.roles.${json.task.role}`) }) : '',
  };
}

function draftRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/classes/new',
    summary: 'Form for a new class',
    tags: ['classes'],
    access: ['institution'],
    response: ClassChoices,
    handle: (context) => classForm(context),
  });

  route(counter, {
    method: 'post',
    path: '/classes',
    summary: 'Draft a class from a project of the catalogue',
    tags: ['classes'],
    access: ['institution'],
    body: ClassForm,
    response: z.object({ number: z.string() }),
    creates: true,
    handle: async ({ db, actor, body, request }) => {
      const { number } = await createClass(db, actor, body, request);
      await dropDraft(db, actor.userId, formName());
      return redirect(`/classes/${number}`, { json: { number }, status: 201, flash: { key: 'classes.flash.drafted', params: { number } } });
    },
    onInvalid: (context, issues, entered) => classForm(context, undefined, { issues, entered }),
  });

  route(counter, {
    method: 'get',
    path: '/classes/:number',
    summary: 'A class: where it stands, what is asked of whom, what is still missing',
    tags: ['classes'],
    access: 'signed-in',
    params: ClassParams,
    response: ClassDetail,
    tagged: true,
    handle: (context) => showOverview(context),
  });

  route(counter, {
    method: 'get',
    path: '/classes/:number/edit',
    summary: 'Form of a draft or of a class returned for correction',
    tags: ['classes'],
    access: ['institution'],
    params: ClassParams,
    query: CheckQuery,
    handle: async (context) => {
      const head = await openForEdit(context);
      const issues = context.query.check
        ? withWords(
            (await outstandingOf(context.db, head)).filter((issue) => formFields.has(issue.field)),
            context.t,
          )
        : undefined;
      return classForm(context, head, { status: 200, ...(issues ? { issues } : {}) });
    },
  });

  route(counter, {
    method: 'post',
    path: '/classes/:number/edit',
    summary: 'Save the form; `version` (or If-Match) refuses to overwrite what somebody else saved meanwhile',
    tags: ['classes'],
    access: ['institution'],
    params: ClassParams,
    body: ClassForm,
    response: z.object({ number: z.string(), version: z.number().int() }),
    guarded: true,
    handle: async (context) => {
      const { db, actor, params, body, forPage, ifMatch, request } = context;
      try {
        const version = await saveClass(db, actor, params.number, body, {
          version: body.version ?? ifMatch,
          request,
        });
        await dropDraft(db, actor.userId, formName(params.number));
        return redirect(`/classes/${params.number}`, { json: { number: params.number, version }, flash: 'classes.flash.saved' });
      } catch (error) {
        if (!forPage || !(error instanceof ConflictError) || error.code !== 'form.stale') throw error;
        return classForm(context, await openForEdit(context), {
          stale: true,
          entered: context.req.body as Record<string, unknown>,
          status: 409,
        });
      }
    },
    onInvalid: async (context, issues, entered) => classForm(context, await openForEdit(context), { issues, entered }),
  });
}

async function openForEdit({ db, actor, params }: Pick<Parameters<typeof showOverview>[0], 'db' | 'actor' | 'params'>) {
  const head = await getClassHead(db, actor, params.number);
  requireAct(actor, head, 'edit');
  return head;
}

function procedureRoutes(counter: Counter): void {
  route(counter, {
    method: 'post',
    path: '/classes/:number/submit',
    summary: 'Submit a draft: everything is checked at once, then the review begins',
    tags: ['classes'],
    access: ['institution'],
    params: ClassParams,
    body: SubmitForm,
    response: z.object({ number: z.string(), procedure: z.string() }),
    handle: async (context) => {
      const { db, actor, params, body, request, forPage, t } = context;
      try {
        const { procedureId } = await submitClass(db, actor, params.number, { version: body.version, request });
        return redirect(`/classes/${params.number}`, {
          json: { number: params.number, procedure: procedureId },
          flash: 'classes.flash.submitted',
        });
      } catch (error) {
        if (!forPage || !(error instanceof ConflictError) || error.code !== 'form.stale') throw error;
        return showOverview(context, { status: 409, conflict: t('errors.form.stale') });
      }
    },
    onInvalid: (context, issues, entered) => showOverview(context, { status: 422, issues, entered }),
  });

  route(counter, {
    method: 'post',
    path: '/classes/:number/resubmit',
    summary: 'Correction done (补正完毕): submit again; checked like the first time',
    tags: ['classes'],
    access: ['institution'],
    params: ClassParams,
    body: ResubmitForm,
    response: z.object({ number: z.string(), task: z.string(), factNo: z.number().int() }),
    handle: async ({ db, actor, params, body, request }) => {
      const head = await getClassHead(db, actor, params.number);
      const taskId = head.procedure && (await findLastCorrection(db, head.procedure.id));
      if (!taskId) throw new ConflictError('class.notNow', { status: head.status });
      const answer = await decideTask(db, actor, {
        taskId,
        outcome: 'resubmit',
        reason: body.remark,
        version: body.taskVersion,
        request,
        marks: { answers: readAnswers(body.answers) },
      });
      await dropDraft(db, actor.userId, correctionName(params.number, taskId));
      return redirect(`/classes/${params.number}`, {
        json: { number: params.number, task: answer.taskId, factNo: answer.factNo },
        flash: 'classes.flash.resubmitted',
      });
    },
    onInvalid: (context, issues, entered) => showOverview(context, { status: 422, issues, entered }),
  });

  route(counter, {
    method: 'get',
    path: '/classes/:number/withdraw',
    summary: 'Page to confirm that a class is taken back',
    tags: ['classes'],
    access: ['institution'],
    params: ClassParams,
    handle: async ({ db, actor, params, t, locale }) => {
      const head = await getClassHead(db, actor, params.number);
      requireAct(actor, head, 'withdraw');
      return page('classes/withdraw', { ...headView(head, 'overview', { actor, t, locale }), class: head }, { nav: 'classes' });
    },
  });

  route(counter, {
    method: 'post',
    path: '/classes/:number/withdraw',
    summary: 'Take a class back before its training begins; reasons are on record',
    tags: ['classes'],
    access: ['institution'],
    params: ClassParams,
    body: WithdrawForm,
    response: z.object({ number: z.string(), status: z.string() }),
    handle: async ({ db, actor, params, body, request }) => {
      await withdrawClass(db, actor, params.number, body.reason, request);
      return redirect(`/classes/${params.number}`, {
        json: { number: params.number, status: 'withdrawn' },
        flash: 'classes.flash.withdrawn',
      });
    },
    onInvalid: async ({ db, actor, params, t, locale }, issues, entered) => {
      const head = await getClassHead(db, actor, params.number);
      return page(
        'classes/withdraw',
        { ...headView(head, 'overview', { actor, t, locale }), class: head, issues, entered },
        { status: 422, nav: 'classes' },
      );
    },
  });
}
