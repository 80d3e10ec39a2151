/** Filters of the inbox that somebody gave a name. Their address is that of the list: it can be shared as it is. */
import { z } from 'zod';
import { deleteView, listSavedViews, renameView, type SavedView, saveView, savedViewsAtMost } from '../../../db/inbox/saved-views.ts';
import { readListNames } from '../../../db/views/inbox/list-names.ts';
import { line } from '../../http/fields.ts';
import { page, redirect, type Reply } from '../../http/replies.ts';
import { type Context, type Counter, route } from '../../http/routing.ts';
import { listOf } from '../acts.ts';
import { KeptList } from '../schemas.ts';
import { chipsOf, listQuery, viewLabel, withQuery } from './inbox.ts';

const Name = line(1, 40);
const ViewParams = z.object({ view: z.uuid() });
const View = z.object({ id: z.uuid(), name: z.string(), list: z.string(), href: z.string() }).meta({ id: 'SavedView' });
const tags = ['tasks'];

export function savedViewRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/tasks/views',
    summary: 'The own saved views of the inbox',
    tags,
    access: 'signed-in',
    response: z.object({ views: z.array(View) }),
    handle: (context) => show(context),
  });

  route(counter, {
    method: 'post',
    path: '/tasks/views',
    summary: 'Save a list of the inbox under a name; the same name again replaces it',
    tags,
    access: 'signed-in',
    body: z.object({ name: Name, list: KeptList.optional() }),
    response: View,
    creates: true,
    handle: async ({ db, actor, body, request }) => {
      const view = await saveView(db, actor, { name: body.name, list: listQuery(listOf(body.list)) }, request);
      return redirect(hrefOf(view), { status: 201, json: viewJson(view), flash: { key: 'inbox.saved', params: { name: view.name } } });
    },
    onInvalid: (context, issues, entered) => show(context, { issues, entered }),
  });

  route(counter, {
    method: 'post',
    path: '/tasks/views/:view/rename',
    summary: 'Give a saved view another name',
    tags,
    access: 'signed-in',
    params: ViewParams,
    body: z.object({ name: Name }),
    response: View,
    handle: async ({ db, actor, params, body }) => {
      const view = await renameView(db, actor, params.view, body.name);
      return redirect('/tasks/views', { json: viewJson(view), flash: { key: 'inbox.renamed', params: { name: view.name } } });
    },
    onInvalid: (context, issues) => show(context, { issues }),
  });

  route(counter, {
    method: 'post',
    path: '/tasks/views/:view/delete',
    summary: 'Forget a saved view',
    tags,
    access: 'signed-in',
    params: ViewParams,
    response: z.object({ deleted: z.boolean() }),
    handle: async ({ db, actor, params }) => {
      await deleteView(db, actor, params.view);
      return redirect('/tasks/views', { json: { deleted: true }, flash: 'inbox.deleted' });
    },
  });
}

function hrefOf(view: { list: string }): string {
  return withQuery('/tasks', view.list);
}

function viewJson({ id, name, list }: SavedView) {
  return { id, name, list, href: withQuery('/tasks', list) };
}

async function show({ db, actor, t, locale }: Context<unknown, unknown, unknown>, more: Record<string, unknown> = {}): Promise<Reply> {
  const views = await listSavedViews(db, actor);
  const names = await readListNames(
    db,
    actor,
    views.map((view) => listOf(view.list)),
  );
  const rows = views.map((view) => {
    const list = listOf(view.list);
    return { ...viewJson(view), what: [viewLabel(list.view, actor, t), ...chipsOf({ list, t, names, locale }).map((chip) => chip.label)] };
  });
  return page(
    'inbox/views',
    { pageTitle: t('inbox.viewsTitle'), views: rows, most: savedViewsAtMost, ...more },
    {
      nav: 'tasks',
      json: { views: views.map(viewJson) },
    },
  );
}
