/** Institutions (机构): the register and public directory, and the archive of each. */
import { z } from 'zod';
import {
  findOwnCode,
  getArchive,
  getInstitution,
  getRegisterSigns,
  type InstitutionHead,
  listInstitutionClasses,
  listInstitutionLists,
  listInstitutionPapers,
  listInstitutions,
  listRegionChoices,
  readsRegister,
  type RegisterLine,
} from '../../db/views/institutions/institutions.ts';
import { listInstitutionTimeline } from '../../db/views/institutions/history.ts';
import { readArchiveFigures } from '../../db/views/institutions/kept-archives.ts';
import { institutionKinds, institutionStatuses } from '../../workflows/domain/institutions.ts';
import { hasRole } from '../../workflows/domain/scope.ts';
import { statusTones as classTones } from '../classes/head.ts';
import { PaperLine } from '../classes/record-schemas.ts';
import { page, redirect, type Reply } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import { actsFor, eventView, figuresJson, headView, institutionPath, publicJson, regionName, statusTones } from './head.ts';
import { registerRoutes } from './register.ts';
import {
  ClassesQuery,
  Event,
  InstitutionClassItem,
  InstitutionDetail,
  InstitutionItem,
  InstitutionParams,
  InstitutionQuery,
  PapersQuery,
  TimelineQuery,
} from './schemas.ts';
import { teacherRoutes } from './teachers.ts';
import { venueRoutes } from './venues.ts';

const CLASSES = 25;
const PAPERS = 40;
const TIMELINE = 80;
const PUBLIC_LISTS = 10;

export function institutionRoutes(counter: Counter): void {
  listRoute(counter);
  registerRoutes(counter);
  archiveRoutes(counter);
  teacherRoutes(counter);
  venueRoutes(counter);
}

function listRoute(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/institutions',
    summary:
      'Institutions by name: officers read the register of their regions, an institution its own entry, everybody else (and `view=public`) the public directory',
    tags: ['institutions'],
    access: 'public',
    query: InstitutionQuery,
    response: z.object({ institutions: z.array(InstitutionItem), total: z.number().int(), next: z.string().nullable() }),
    handle: async (context) => {
      const { db, visitor, query } = context;
      const own = visitor && query.view !== 'public' ? await findOwnCode(db, visitor) : undefined;
      if (own && visitor) {
        const head = await getInstitution(db, visitor, own);
        return redirect(institutionPath(own), {
          json: { institutions: [{ ...publicJson(head), creditGrade: head.credit_grade }], total: 1, next: null },
        });
      }
      return register(context);
    },
  });
}

/** The register for those who read it, the directory for everybody. */
async function register({ db, visitor, query, t, locale }: Context<unknown, InstitutionQuery, unknown>): Promise<Reply> {
  const reader = query.view !== 'public' && readsRegister(visitor) ? visitor : undefined;
  const [{ lines, next, total }, regions] = await Promise.all([
    listInstitutions(db, reader, { ...query, text: query.q }),
    listRegionChoices(
      db,
      reader?.grants.map((grant) => grant.path),
    ),
  ]);
  const kept = new URLSearchParams(
    Object.entries({
      q: query.q ?? '',
      kind: query.kind ?? '',
      status: query.status ?? '',
      region: query.region ?? '',
      view: query.view ?? '',
    }).filter(([, value]) => value !== ''),
  );
  const depth = regions[0]?.path.split('/').length ?? 1;
  return page(
    'institutions/index',
    {
      title: t(reader ? 'institutions.index.title' : 'institutions.directory'),
      heading: t(reader ? 'institutions.heading' : 'institutions.directory'),
      lead: t(`institutions.lead.${reader ? 'register' : 'public'}`),
      register: reader !== undefined,
      mayRegister: reader !== undefined && hasRole(reader, 'catalogue_officer'),
      lines: lines.map((line) => ({
        ...lineJson(line, reader !== undefined),
        grade: line.credit_grade,
        scope: line.licence_scope.join(t('common.listSeparator')),
        kindLabel: t(`institutions.kind.${line.kind}`),
        regionName: regionName(line, locale),
        statusLabel: t(`institutions.status.${line.status}`),
        tone: statusTones[line.status],
      })),
      total,
      filter: query,
      clearHref: query.view ? '/institutions?view=public' : '/institutions',
      filtered: [query.q, query.kind, query.status, query.region].some((value) => value !== undefined),
      kinds: institutionKinds.map((value) => ({ value, label: t(`institutions.kind.${value}`) })),
      statuses: institutionStatuses
        .filter((status) => reader !== undefined || status !== 'removed')
        .map((value) => ({ value, label: t(`institutions.status.${value}`) })),
      regions: regions.map((region) => ({
        value: region.code,
        label: '　'.repeat(Math.max(0, region.path.split('/').length - depth)) + (locale === 'en' ? region.name_en : region.name_zh),
      })),
      nextHref: next ? `/institutions?${new URLSearchParams([...kept, ['after', next]]).toString()}` : undefined,
      firstHref: query.after ? `/institutions?${kept.toString()}` : undefined,
    },
    { nav: 'institutions', json: { institutions: lines.map((line) => lineJson(line, reader !== undefined)), total, next: next ?? null } },
  );
}

function lineJson(line: RegisterLine, inside: boolean) {
  return { ...publicJson(line), ...(inside ? { creditGrade: line.credit_grade, classes: line.classes } : {}) };
}

function archiveRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/institutions/:creditCode',
    summary: 'The archive of an institution: licence, figures, what it publishes; the public reads the columns of the directory',
    tags: ['institutions'],
    access: 'public',
    params: InstitutionParams,
    response: InstitutionDetail,
    tagged: true,
    handle: async (context) => {
      const head = await getInstitution(context.db, context.visitor, context.params.creditCode);
      return head.reader === 'public' ? showPublic(context, head) : showArchive(context, head);
    },
  });

  route(counter, {
    method: 'get',
    path: '/institutions/:creditCode/classes',
    summary: 'Classes of an institution with status and results, newest first; of a body that assesses also those it examines',
    tags: ['institutions', 'classes'],
    access: 'signed-in',
    params: InstitutionParams,
    query: ClassesQuery,
    response: z.object({ classes: z.array(InstitutionClassItem), next: z.string().nullable() }),
    handle: async ({ db, actor, params, query, t, locale }) => {
      const head = await getArchive(db, actor, params.creditCode);
      const { lines, next } = await listInstitutionClasses(db, head, { before: query.before, size: CLASSES });
      return page(
        'institutions/classes',
        {
          ...headView(head, 'classes', { t, locale }),
          lines: lines.map((line) => ({ ...line, statusLabel: t(`classes.status.${line.status}`), tone: classTones[line.status] })),
          nextHref: next ? `?before=${next}` : undefined,
          firstHref: query.before ? institutionPath(head.credit_code, 'classes') : undefined,
        },
        {
          nav: 'institutions',
          json: {
            classes: lines.map(({ start_date: startDate, end_date: endDate, paid_fen: paidFen, ...line }) => ({
              ...line,
              startDate,
              endDate,
              paidFen,
            })),
            next: next ?? null,
          },
        },
      );
    },
  });

  route(counter, {
    method: 'get',
    path: '/institutions/:creditCode/papers',
    summary: 'Papers issued about the classes of an institution, newest first',
    tags: ['institutions', 'papers'],
    access: 'signed-in',
    params: InstitutionParams,
    query: PapersQuery,
    response: z.object({ papers: z.array(PaperLine.extend({ class: z.string().nullable() })), next: z.number().nullable() }),
    handle: async ({ db, actor, params, query, t, locale }) => {
      const head = await getArchive(db, actor, params.creditCode);
      const { lines, next } = await listInstitutionPapers(db, head, { before: query.before, size: PAPERS });
      return page(
        'institutions/papers',
        {
          ...headView(head, 'papers', { t, locale }),
          lines: lines.map((line) => ({ ...line, label: t(`papers.kinds.${line.kind}`) })),
          nextHref: next ? `?before=${next}` : undefined,
          firstHref: query.before ? institutionPath(head.credit_code, 'papers') : undefined,
        },
        {
          nav: 'institutions',
          json: {
            papers: lines.map(({ id, kind, number, issued_at: issuedAt, signatory, class_number: classNumber }) => ({
              id,
              kind,
              number,
              issuedAt,
              signatory,
              class: classNumber,
            })),
            next: next ?? null,
          },
        },
      );
    },
  });

  route(counter, {
    method: 'get',
    path: '/institutions/:creditCode/timeline',
    summary: 'Everything that happened to an institution, newest first: register, teachers, venues, classes, money',
    tags: ['institutions'],
    access: 'signed-in',
    params: InstitutionParams,
    query: TimelineQuery,
    response: z.object({ events: z.array(Event), next: z.number().int().nullable() }),
    handle: async ({ db, actor, params, query, t, locale, deps }) => {
      const head = await getArchive(db, actor, params.creditCode);
      const lines = await listInstitutionTimeline(db, head, { before: query.before, limit: TIMELINE + 1 });
      const shown = lines.slice(0, TIMELINE);
      const next = lines.length > TIMELINE ? shown.at(-1)?.id : undefined;
      const items = shown.map((line) => eventView(line, head, { t, words: deps.words }));
      return page(
        'institutions/timeline',
        {
          ...headView(head, 'timeline', { t, locale }),
          items,
          nextHref: next ? `?before=${next}` : undefined,
          firstHref: query.before ? institutionPath(head.credit_code, 'timeline') : undefined,
        },
        {
          nav: 'institutions',
          json: {
            events: items.map(({ at, act, title, name, classNumber, reason }) => ({ at, act, title, name, class: classNumber, reason })),
            next: next ?? null,
          },
        },
      );
    },
  });
}

type ShowContext = Context<InstitutionParams, unknown, unknown>;

/** The public reads what the directory shows, and what the institution's classes published. */
async function showPublic({ db, t, locale }: ShowContext, head: InstitutionHead): Promise<Reply> {
  const lists = await listInstitutionLists(db, head.id, PUBLIC_LISTS);
  return page(
    'institutions/public',
    {
      ...headView(head, 'overview', { t, locale }),
      scope: head.licence_scope,
      summary: publicSummary(head, { t, locale }),
      lists: lists.map((line) => ({ ...line, label: t(`disclosures.lists.${line.list}`) })),
    },
    { nav: 'institutions', json: publicJson(head) },
  );
}

async function showArchive({ db, actor, instant, t, locale, deps }: ShowContext, head: InstitutionHead): Promise<Reply> {
  const [{ figures, countedAt }, signs, lists, lines] = await Promise.all([
    readArchiveFigures(db, head.id, instant.now),
    getRegisterSigns(db, head.credit_code),
    listInstitutionLists(db, head.id, PUBLIC_LISTS),
    listInstitutionTimeline(db, head, { limit: 8 }),
  ]);
  const acts = actsFor(actor, head);
  const json = figuresJson(figures);
  return page(
    'institutions/show',
    {
      ...headView(head, 'overview', { t, locale }),
      figures: json,
      countedAt,
      passValue: json.passPercent === null ? '—' : `${json.passPercent}%`,
      assesses: head.kind === 'assessment',
      findingsTone: json.findings > 0 ? 'amber' : '',
      status: head.status,
      moved: head.status === 'listed' ? undefined : signs.moved,
      summary: [
        ...publicSummary(head, { t, locale }),
        { label: t('institutions.fields.creditGrade'), value: head.credit_grade },
        { label: t('institutions.fields.contact'), value: head.contact ?? '—' },
        { label: t('institutions.fields.contactPhone'), value: head.contact_phone_masked ?? '—' },
        signs.registered
          ? {
              label: t('institutions.registered'),
              value: t('institutions.signedBy', { name: signs.registered.name }),
              at: signs.registered.at,
            }
          : { label: t('institutions.registered'), value: t('institutions.fromSeed') },
      ],
      lists: lists.map((line) => ({ ...line, label: t(`disclosures.lists.${line.list}`) })),
      timeline: lines.map((line) => {
        const view = eventView(line, head, { t, words: deps.words });
        return { ...view, who: line.name ?? t('tasks.system'), detail: line.class_number ?? '' };
      }),
      own: head.reader === 'own',
      acts,
      mayEdit: acts.length > 0,
    },
    {
      nav: 'institutions',
      etag: String(head.version),
      json: {
        ...publicJson(head),
        creditGrade: head.credit_grade,
        contact: head.contact,
        contactPhone: head.contact_phone_masked,
        version: head.version,
        acts,
        figures: json,
        figuresCountedAt: countedAt?.toISOString() ?? null,
      },
    },
  );
}

function publicSummary(head: InstitutionHead, { t, locale }: Pick<ShowContext, 't' | 'locale'>) {
  return [
    { label: t('institutions.fields.creditCode'), value: head.credit_code },
    { label: t('institutions.fields.kind'), value: t(`institutions.kind.${head.kind}`) },
    { label: t('institutions.fields.region'), value: regionName(head, locale) },
    { label: t('institutions.fields.licenceScope'), value: head.licence_scope.join(t('common.listSeparator')) || '—' },
  ];
}
