/** The catalogue officer's side of the projects: entering one, a new version, the end. */
import { z } from 'zod';
import { listRegionsWithin, pathsOf } from '../../db/accounts/accounts.ts';
import { addProject, endProject, isOwn, reviseProject } from '../../db/catalogue/projects.ts';
import { getProject, type ProjectLine, listProjectVersions } from '../../db/views/projects.ts';
import { NotFoundError } from '../../workflows/domain/errors.ts';
import { funds } from '../../workflows/domain/policy/policy.ts';
import { regionOptions } from '../accounts/page.ts';
import { page, redirect, type Reply } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import { ProjectEnd, ProjectForm, ProjectParams, ProjectRevision, ProjectSaved } from './schemas.ts';

const tags = ['projects'];
type FormContext = Context<unknown, unknown, unknown>;

export function projectKeepingRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/projects/new',
    summary: 'The form to enter a project',
    tags,
    access: ['catalogue_officer'],
    handle: (context) => form(context),
  });

  route(counter, {
    method: 'post',
    path: '/projects',
    summary: 'Enter a project in the catalogue of the own region',
    tags,
    access: ['catalogue_officer'],
    body: ProjectForm,
    response: ProjectSaved,
    creates: true,
    handle: async ({ db, actor, body, request }) => {
      const answer = await addProject(db, actor, body, request);
      return redirect(`/projects/${answer.code}`, { json: answer, status: 201, flash: 'projects.flash.added' });
    },
    onInvalid: (context, issues, entered) => form(context, { issues, entered }),
  });

  route(counter, {
    method: 'get',
    path: '/projects/:code/edit',
    summary: 'The form for a new version, with what the present one says',
    tags,
    access: ['catalogue_officer'],
    params: ProjectParams,
    tagged: true,
    handle: async (context) => form(context, {}, await ownProject(context, context.params.code)),
  });

  route(counter, {
    method: 'post',
    path: '/projects/:code/edit',
    summary:
      'A new version from a day on; classes keep the version that they were opened from. `version` (or If-Match) refuses to revise what somebody else revised meanwhile',
    tags,
    access: ['catalogue_officer'],
    params: ProjectParams,
    body: ProjectRevision,
    response: ProjectSaved,
    guarded: true,
    handle: async ({ db, actor, params, body, request, ifMatch }) => {
      const { version, ...entry } = body;
      const answer = await reviseProject(db, actor, { ...entry, code: params.code }, { version: version ?? ifMatch, request });
      return redirect(`/projects/${answer.code}`, { json: answer, flash: 'projects.flash.revised' });
    },
    onInvalid: async (context, issues, entered) => form(context, { issues, entered }, await ownProject(context, context.params.code)),
  });

  route(counter, {
    method: 'post',
    path: '/projects/:code/end',
    summary: 'End a project: no class can be opened from it from that day on; `version` or If-Match as for a new version',
    tags,
    access: ['catalogue_officer'],
    params: ProjectParams,
    body: ProjectEnd,
    response: z.object({ validTo: z.string() }),
    guarded: true,
    handle: async ({ db, actor, params, body: { version, ...end }, request, ifMatch }) =>
      redirect(`/projects/${params.code}`, {
        json: await endProject(db, actor, { ...end, code: params.code }, { version: version ?? ifMatch, request }),
        flash: 'projects.flash.ended',
      }),
    onInvalid: async (context, issues, entered) => form(context, { issues, entered }, await ownProject(context, context.params.code)),
  });
}

async function ownProject({ db, actor }: Pick<FormContext, 'db' | 'actor'>, code: string): Promise<ProjectLine> {
  const line = await getProject(db, code);
  if (!isOwn(actor, line.region_path)) throw new NotFoundError('project.unknown');
  return line;
}

async function form(
  { db, actor, t, locale }: Pick<FormContext, 'db' | 'actor' | 't' | 'locale'>,
  more: Record<string, unknown> = {},
  line?: ProjectLine,
): Promise<Reply> {
  const regions = await listRegionsWithin(db, pathsOf(actor, 'catalogue_officer'));
  // Not the one in force: the next one may wait for its day.
  const newest = line && Math.max(...(await listProjectVersions(db, line.code)).map(({ version }) => version));
  const view = {
    newest,
    pageTitle: t(line ? 'projects.revise' : 'projects.add'),
    line,
    action: line ? `/projects/${line.code}/edit` : '/projects',
    backHref: line ? `/projects/${line.code}` : '/projects',
    backLabel: line ? line.name : t('projects.heading'),
    regionOptions: regionOptions(regions, locale),
    levelOptions: ([5, 4, 3, 2, 1] as const).map((value) => ({ value, label: t(`projects.level.${value}`) })),
    kindOptions: (['certificate', 'single_ability'] as const).map((value) => ({ value, label: t(`projects.kind.${value}`) })),
    fundOptions: funds.map((value) => ({ value, label: t(`funds.names.${value}`) })),
    ...more,
  };
  return page('projects/form', view, { nav: 'projects', ...(newest ? { etag: String(newest) } : {}) });
}
