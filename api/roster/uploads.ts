/** A roster that would replace another: what it adds, changes and removes, by masked name, until it is confirmed or thrown away. */
import { z } from 'zod';
import { confirmUpload, dropUpload, getUpload, type RosterComparison as Comparison } from '../../db/roster/uploads.ts';
import { getClassHead } from '../../db/views/classes/classes.ts';
import { classPath, requireAct } from '../classes/head.ts';
import { ClassParams } from '../classes/schemas.ts';
import { page, redirect } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';
import type { Translate } from '../pages/i18n.ts';
import { findingViews } from './page.ts';
import { RosterComparison } from './schemas.ts';

const Params = ClassParams.extend({ id: z.uuid() });

export function uploadPath(number: string, id: string): string {
  return `${classPath(number, 'roster')}/uploads/${id}`;
}

export function rosterUploadRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/classes/:number/roster/uploads/:id',
    summary: 'What an uploaded roster would add, change and remove, by masked name; it waits an hour for being confirmed',
    tags: ['roster'],
    access: ['institution'],
    params: Params,
    response: RosterComparison,
    handle: async ({ db, vault, actor, params, t }) => {
      const head = await getClassHead(db, actor, params.number);
      requireAct(actor, head, 'edit');
      const upload = await getUpload(db, vault, actor, params.number, params.id);
      const compared = comparedView(upload.comparison, t);
      const changes = compared.added.length + compared.changed.length + compared.removed.length;
      return page(
        'roster/compare',
        {
          title: t('roster.compare.title'),
          lead: t('roster.ofClass', { title: head.title, number: head.number }),
          number: head.number,
          path: uploadPath(params.number, params.id),
          fileName: upload.fileName,
          stale: upload.stale,
          count: upload.count,
          headcount: head.headcount,
          changes,
          ...compared,
        },
        {
          nav: 'classes',
          json: { fileName: upload.fileName, trainees: upload.count, stale: upload.stale, ...comparedJson(compared) },
        },
      );
    },
  });

  route(counter, {
    method: 'post',
    path: '/classes/:number/roster/uploads/:id/confirm',
    summary: 'Replace the roster by what was compared; refused where roster or class are no longer those it was compared with',
    tags: ['roster'],
    access: ['institution'],
    params: Params,
    response: z.object({ number: z.string(), trainees: z.number().int() }),
    errors: [409],
    handle: async ({ db, vault, actor, params, request }) => {
      const count = await confirmUpload(db, vault, actor, params.number, { id: params.id, request });
      return redirect(classPath(params.number, 'roster'), {
        json: { number: params.number, trainees: count },
        flash: { key: 'roster.saved', params: { n: count } },
      });
    },
  });

  route(counter, {
    method: 'post',
    path: '/classes/:number/roster/uploads/:id/drop',
    summary: 'Throw an uploaded roster away; the present one stays',
    tags: ['roster'],
    access: ['institution'],
    params: Params,
    response: z.object({ number: z.string() }),
    handle: async ({ db, vault, actor, params }) => {
      await dropUpload(db, vault, actor, params.number, params.id);
      return redirect(classPath(params.number, 'roster'), { json: { number: params.number }, flash: 'roster.compare.dropped' });
    },
  });
}

function comparedView({ added, changed, removed, same }: Comparison, t: Translate) {
  return {
    added: added.map((person) => ({ ...person, findings: findingViews(person.findings, t) })),
    changed: changed.map((person) => ({
      ...person,
      fieldLabels: person.fields.map((field) => t(`roster.fields.${field}`)).join(t('common.listSeparator')),
      findings: findingViews(person.findings, t),
    })),
    removed,
    same,
  };
}

function comparedJson({ changed, ...rest }: ReturnType<typeof comparedView>) {
  return { ...rest, changed: changed.map(({ fieldLabels: _labels, ...person }) => person) };
}
