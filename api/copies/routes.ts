/** Copies (抄送) of a class to colleagues, inside the office. */
import { z } from 'zod';
import { listCopies, listCopyReaders, sendCopy } from '../../db/correspondence/copies.ts';
import { getClassHead } from '../../db/views/classes/classes.ts';
import { NotFoundError } from '../../workflows/domain/errors.ts';
import { officerRoles } from '../../workflows/domain/roles.ts';
import { classPath, headView } from '../classes/head.ts';
import { ClassParams } from '../classes/schemas.ts';
import { pagerOf } from '../http/cursors.ts';
import { page, redirect, type Reply } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import type { FieldIssue } from '../http/validation.ts';
import { Copies, CopyForm, CopyQuery } from './schemas.ts';

const tags = ['copies'];
const path = '/classes/:number/copies';

type Shown = Pick<Context<z.output<typeof ClassParams>, z.output<typeof CopyQuery>, unknown>, 'db' | 'actor' | 'params' | 't' | 'locale'>;
const SHOWN = 20;
type Redraw = { back?: string | undefined; before?: number | undefined; issues?: FieldIssue[]; entered?: Record<string, unknown> };

export function copyRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path,
    summary: 'Copies sent about a class, and the colleagues to whom one may be sent: those who may read it',
    tags,
    access: officerRoles,
    params: ClassParams,
    query: CopyQuery,
    response: Copies,
    handle: (context) => show(context, context.query),
  });

  route(counter, {
    method: 'post',
    path,
    summary: 'Send a class to colleagues for information, with a remark; a notice and a line of the record, no act on a task',
    tags,
    access: officerRoles,
    params: ClassParams,
    body: CopyForm,
    response: z.object({ told: z.number().int() }),
    creates: true,
    handle: async ({ db, actor, params, body, request }) => {
      const sent = await sendCopy(db, actor, params.number, body, request);
      const flash = { key: 'copies.sent', params: { count: sent.told } };
      return redirect(body.back ?? classPath(params.number, 'timeline'), { json: sent, status: 201, flash });
    },
    onInvalid: (context, issues, entered) => show(context, { issues, entered, back: String(entered['back'] ?? '') }),
  });
}

async function show({ db, actor, params, t, locale }: Shown, { back, before, issues, entered }: Redraw): Promise<Reply> {
  const head = await getClassHead(db, actor, params.number);
  if (!head.procedure) throw new NotFoundError('class.unknown');
  const [{ copies, next }, readers] = await Promise.all([
    listCopies(db, head.number, { before, size: SHOWN }),
    listCopyReaders(db, head.region_path, actor.userId),
  ]);
  const chosen = [entered?.['to'] ?? []].flat();
  const people = readers.map(({ id, name, roles, region_zh: zh, region_en: en }) => ({
    id,
    name,
    roles,
    region: locale === 'en' ? en : zh,
    roleLabels: roles.map((role) => t(`common.roles.${role}`)).join(t('common.listSeparator')),
    chosen: chosen.includes(id),
  }));
  const from = CopyForm.shape.back.safeParse(back || undefined).data;
  return page(
    'copies/index',
    {
      ...headView(head, 'overview', { actor, t, locale }),
      pageTitle: t('common.pageOf', { page: t('copies.heading'), title: head.title }),
      copies: copies.map((copy) => ({ ...copy, names: copy.readers.join(t('common.listSeparator')) })),
      offices: officesOf(people),
      ...pagerOf(`/classes/${head.number}/copies`, { back: from, before }, { name: 'before', next: next ?? null, anchor: '#earlier' }),
      action: `/classes/${head.number}/copies`,
      back: from,
      backHref: from ?? classPath(head.number),
      issues,
      entered,
    },
    {
      nav: 'classes',
      json: {
        copies: copies.map(({ no, at, ...copy }) => ({ no, at: at.toISOString(), ...copy })),
        next: next ?? null,
        readers: people.map(({ id, name, roles, region }) => ({ id, name, roles, region })),
      },
    },
  );
}

/** People by office, the nearest first; it stands open, as does one of which somebody was chosen. */
function officesOf<P extends { region: string; chosen: boolean }>(people: readonly P[]) {
  return [...new Set(people.map(({ region }) => region))].map((name, at) => {
    const members = people.filter(({ region }) => region === name);
    return { name, people: members, open: at === 0 || members.some(({ chosen }) => chosen) };
  });
}
