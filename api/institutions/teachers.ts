/** Teachers (师资) of an institution. */
import { z } from 'zod';
import { addTeacher, saveTeacher, servesClass, type TeacherRow } from '../../db/institutions.ts';
import { getArchive, getTeacher, type InstitutionHead, listTeachers, type TeacherLine } from '../../db/views/institutions/institutions.ts';
import { readOccupations } from '../../workflows/domain/institutions.ts';
import { page, redirect, type Reply } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';
import { headView, institutionPath, maintains } from './head.ts';
import { type FormContext, keepers, openOwn, Saved, statesOf } from './means.ts';
import { drawn, isStale, type Redraw, theirsOf } from './register.ts';
import { InstitutionParams, MeansParams, Teacher, TeacherForm } from './schemas.ts';

export function teacherRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/institutions/:creditCode/teachers',
    summary: 'Teachers with qualification and occupations, those in use first',
    tags: ['institutions'],
    access: 'signed-in',
    params: InstitutionParams,
    response: z.object({ teachers: z.array(Teacher) }),
    handle: async ({ db, actor, params, t, locale }) => {
      const head = await getArchive(db, actor, params.creditCode);
      const lines = await listTeachers(db, head.id);
      return page(
        'teachers/index',
        {
          ...headView(head, 'teachers', { t, locale }),
          own: maintains(actor, head),
          lines: lines.map((line) => ({ ...line, taught: line.occupations.join(t('common.listSeparator')) })),
        },
        { nav: 'institutions', json: { teachers: lines.map(teacherJson) } },
      );
    },
  });

  route(counter, {
    method: 'get',
    path: '/institutions/:creditCode/teachers/new',
    summary: 'Form for a new teacher',
    tags: ['institutions'],
    access: keepers,
    params: InstitutionParams,
    handle: async (context) => teacherForm(context, await openOwn(context)),
  });

  route(counter, {
    method: 'post',
    path: '/institutions/:creditCode/teachers',
    summary: 'Add a teacher to the own institution',
    tags: ['institutions'],
    access: keepers,
    params: InstitutionParams,
    body: TeacherForm,
    response: Saved,
    creates: true,
    handle: async ({ db, actor, params, body, request }) => {
      const { version: _version, ...entry } = body;
      const added = await addTeacher(db, actor, params.creditCode, entry, request);
      return redirect(institutionPath(params.creditCode, 'teachers'), {
        json: added,
        status: 201,
        flash: { key: 'institutions.flash.teacherAdded', params: { name: body.name } },
      });
    },
    onInvalid: async (context, issues, entered) => teacherForm(context, await openOwn(context), undefined, { issues, entered }),
  });

  route(counter, {
    method: 'get',
    path: '/institutions/:creditCode/teachers/:no',
    summary: 'Form of a teacher',
    tags: ['institutions'],
    access: keepers,
    params: MeansParams,
    tagged: true,
    handle: async (context) => {
      const head = await openOwn(context);
      return teacherForm(context, head, await getTeacher(context.db, head.id, context.params.no));
    },
  });

  route(counter, {
    method: 'post',
    path: '/institutions/:creditCode/teachers/:no',
    summary: 'Save a teacher or take one out of use; `version` (or If-Match) refuses to overwrite what somebody else saved meanwhile',
    tags: ['institutions'],
    access: keepers,
    params: MeansParams,
    body: TeacherForm,
    response: Saved,
    guarded: true,
    handle: async (context) => {
      const { db, actor, params, body, request, ifMatch, forPage } = context;
      const { version, ...entry } = body;
      try {
        const saved = await saveTeacher(db, actor, params.creditCode, params.no, entry, {
          version: version ?? ifMatch,
          request,
        });
        return redirect(institutionPath(params.creditCode, 'teachers'), {
          json: saved,
          flash: { key: 'institutions.flash.teacherSaved', params: { name: body.name } },
        });
      } catch (error) {
        if (!forPage || !isStale(error)) throw error;
        const head = await openOwn(context);
        const now = await getTeacher(db, head.id, params.no);
        return teacherForm(context, head, now, { stale: true, entered: context.req.body as Record<string, unknown>, status: 409 });
      }
    },
    onInvalid: async (context, issues, entered) => {
      const head = await openOwn(context);
      return teacherForm(context, head, await getTeacher(context.db, head.id, context.params.no), { issues, entered });
    },
  });
}

async function teacherForm({ db, t, locale }: FormContext, head: InstitutionHead, row?: TeacherRow, redraw: Redraw = {}): Promise<Reply> {
  const saved = {
    name: row?.name ?? '',
    qualification: row?.qualification ?? '',
    occupations: row?.occupations ?? [],
    active: row?.active === false ? '0' : '1',
  };
  const entered = redraw.entered;
  const chosen = new Set(entered ? listOf(entered['occupations']) : saved.occupations);
  const path = institutionPath(head.credit_code, 'teachers');
  return page(
    'teachers/form',
    {
      ...headView(head, 'teachers', { t, locale }),
      title: row ? t('institutions.teacher.editTitle', { name: row.name, no: row.no }) : t('institutions.teacher.newTitle'),
      action: row ? `${path}/${row.no}` : path,
      back: path,
      isNew: row === undefined,
      nameFixed: row !== undefined && (await servesClass(db, 'teacher_id', row.id)),
      saved,
      occupations: [...new Set([...head.licence_scope, ...saved.occupations])].map((value) => ({ value, checked: chosen.has(value) })),
      states: statesOf(t, 'teacher'),
      version: redraw.stale ? row?.version : (entered?.['version'] ?? row?.version),
      stale: redraw.stale,
      theirs: redraw.stale
        ? theirsOf(
            { name: saved.name, qualification: saved.qualification, occupations: saved.occupations.join('\n') },
            { ...entered, occupations: [...chosen].join('\n') },
            t,
          )
        : [],
      ...drawn(redraw, t),
    },
    {
      nav: 'institutions',
      ...(redraw.status ? { status: redraw.status } : {}),
      ...(row ? { etag: String(row.version) } : {}),
      json: { ...saved, active: saved.active === '1', version: row?.version ?? null },
    },
  );
}

function listOf(given: unknown): string[] {
  if (Array.isArray(given)) return given.map(String);
  return typeof given === 'string' ? readOccupations(given) : [];
}

function teacherJson({ no, name, qualification, occupations, active, sessions, ahead, version }: TeacherLine) {
  return { no, name, qualification, occupations, active, sessions, ahead, version };
}
