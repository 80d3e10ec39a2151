/** The catalogue of subsidised projects (项目目录): read by everybody without signing in. */
import { z } from 'zod';
import { isOwn } from '../../db/catalogue/projects.ts';
import { getProject, listProjects, listProjectVersions, listProvidersOf } from '../../db/views/projects.ts';
import { page } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';
import { hasRole } from '../../workflows/domain/scope.ts';
import { projectKeepingRoutes } from './keeping.ts';
import { projectJson, projectView, readPacks, standardsOf } from './page.ts';
import { Project, ProjectDetail, ProjectParams, ProjectQuery } from './schemas.ts';

const PROVIDERS = 30;

export function projectRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/projects',
    summary: 'The catalogue in force: occupation, level, hours, fund, department in charge, standard with its source',
    tags: ['projects'],
    access: 'public',
    query: ProjectQuery,
    response: z.object({ projects: z.array(Project), next: z.string().nullable() }),
    handle: async ({ db, query, t, locale, visitor }) => {
      const { lines, next } = await listProjects(db, { ...query, text: query.q });
      const packs = await readPacks(db, lines);
      const kept = new URLSearchParams(
        Object.entries({ q: query.q ?? '', level: String(query.level ?? ''), kind: query.kind ?? '' }).filter(([, value]) => value !== ''),
      );
      return page(
        'projects/index',
        {
          lines: lines.map((line) => projectView(line, packs.get(line.region_path), { t, locale })),
          mayAdd: visitor !== undefined && hasRole(visitor, 'catalogue_officer'),
          filter: query,
          filtered: query.q !== undefined || query.level !== undefined || query.kind !== undefined,
          levels: ([5, 4, 3, 2, 1] as const).map((value) => ({ value, label: t(`projects.level.${value}`) })),
          kinds: (['certificate', 'single_ability'] as const).map((value) => ({ value, label: t(`projects.kind.${value}`) })),
          nextHref: next ? `/projects?${new URLSearchParams([...kept, ['after', next]]).toString()}` : undefined,
          firstHref: query.after ? `/projects?${kept.toString()}` : undefined,
        },
        { nav: 'projects', json: { projects: lines.map((line) => projectJson(line, packs.get(line.region_path))), next: next ?? null } },
      );
    },
  });

  projectKeepingRoutes(counter);

  route(counter, {
    method: 'get',
    path: '/projects/:code',
    summary: 'A project of the catalogue: what it pays by group with sources, and which listed institutions may hold it',
    tags: ['projects'],
    access: 'public',
    params: ProjectParams,
    response: ProjectDetail,
    tagged: true,
    handle: async ({ db, params, t, locale, visitor }) => {
      const line = await getProject(db, params.code);
      const [packs, providers, versions] = await Promise.all([
        readPacks(db, [line]),
        listProvidersOf(db, line.occupation, PROVIDERS + 1),
        listProjectVersions(db, line.code),
      ]);
      const pack = packs.get(line.region_path);
      const bodies = providers.slice(0, PROVIDERS);
      return page(
        'projects/show',
        {
          ...projectView(line, pack, { t, locale }),
          standards: pack ? standardsOf(line, pack, locale) : [],
          pack: pack && { id: pack.id, name: locale === 'en' ? pack.name.en : pack.name.zh, source: pack.source },
          mayKeep: visitor !== undefined && isOwn(visitor, line.region_path),
          versions: versions.length > 1 ? versions : [],
          providers: bodies.map((body) => ({
            ...body,
            kindLabel: t(`institutions.kind.${body.kind}`),
            regionName: locale === 'en' ? body.region_en : body.region_zh,
          })),
          more: providers.length > PROVIDERS,
        },
        {
          nav: 'projects',
          etag: String(Math.max(...versions.map(({ version }) => version))),
          json: {
            ...projectJson(line, pack),
            standards: pack ? standardsOf(line, pack, locale).map(({ name: _name, factors: _factors, ...standard }) => standard) : [],
            versions,
            institutions: bodies.map(({ credit_code: creditCode, name, kind }) => ({ creditCode, name, kind })),
          },
        },
      );
    },
  });
}
