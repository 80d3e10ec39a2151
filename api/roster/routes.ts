/** Rosters: upload as a spreadsheet or as JSON, errors at their cells with an annotated file back, the roster itself (N2, N28). */
import { z } from 'zod';
import { findOpenedOf } from '../../db/classes/classes.ts';
import { getPolicyPack } from '../../db/catalogue/policy-packs.ts';
import { getRejection, keepRejection, listRoster, saveRoster } from '../../db/roster/roster.ts';
import { businessToday } from '../../db/calendar/instant.ts';
import { annotatedRoster, readRosterFile, rosterTemplate } from '../../db/formats/roster-file.ts';
import { cleanRoster, cleanRosterCsv, faultyRoster } from '../../db/formats/sample-rosters.ts';
import { type ClassHead, getClassHead } from '../../db/views/classes/classes.ts';
import { InputError, inputError, NotFoundError } from '../../workflows/domain/errors.ts';
import { rule } from '../../workflows/domain/policy/policy.ts';
import { isOpen } from '../../workflows/domain/training/correction.ts';
import { parseRoster, type RosterError, type RosterRow, rosterColumns, rosterFields } from '../../workflows/domain/training/roster.ts';
import type { SheetRow } from '../../workflows/domain/training/sheet.ts';
import { actsFor, classPath, headView, requireAct } from '../classes/head.ts';
import { ClassParams } from '../classes/schemas.ts';
import { file, mediaTypes, page, redirect, type Reply } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import { refusalView, type RosterRefusal, rosterLineView } from './page.ts';
import { RosterPerson, RosterUpload } from './schemas.ts';

const XLSX = mediaTypes.xlsx;
const MAX_BYTES = 5_000_000;
/** A file somewhat too large still gets its answer on the form; beyond this the connection is closed to it. */
const RECEIVED_AT_MOST = 20_000_000;

type RosterContext = Pick<
  Context<z.output<typeof ClassParams>, unknown, unknown>,
  'db' | 'vault' | 'actor' | 'params' | 't' | 'locale' | 'deps' | 'files' | 'request' | 'forPage' | 'res'
>;

export function rosterRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/classes/:number/roster',
    summary: 'The roster: full names, masked numbers, verdict and amount of each trainee with their sources',
    tags: ['roster'],
    access: 'signed-in',
    params: ClassParams,
    response: z.object({ trainees: z.array(RosterPerson) }),
    handle: (context) => showRoster(context),
  });

  route(counter, {
    method: 'post',
    path: '/classes/:number/roster',
    summary: 'Replace the roster by an .xlsx or .csv file (field `file`) or by JSON; all or nothing',
    tags: ['roster'],
    access: ['institution'],
    params: ClassParams,
    body: RosterUpload,
    response: z.object({ number: z.string(), trainees: z.number().int() }),
    upload: { field: 'file', maxBytes: RECEIVED_AT_MOST },
    handle: async (context) => (context.body.trainees ? takeRows(context, context.body.trainees) : takeFile(context)),
    onInvalid: (context, issues) => showRoster(context, { issues, status: 422 }),
  });

  route(counter, {
    method: 'get',
    path: '/classes/:number/roster/rejections/:id',
    summary: 'The refused roster with its errors marked; kept for an hour',
    tags: ['roster'],
    access: ['institution'],
    params: ClassParams.extend({ id: z.uuid() }),
    file: ['xlsx'],
    handle: async ({ db, vault, actor, params, t }) =>
      file(await getRejection(db, vault, actor, params.number, params.id), {
        name: t('roster.annotatedName', { number: params.number }),
        type: XLSX,
      }),
  });

  route(counter, {
    method: 'get',
    path: '/roster-template.xlsx',
    summary: 'An empty roster to fill in',
    tags: ['roster'],
    access: 'public',
    file: ['xlsx'],
    handle: async ({ db, t, locale }) =>
      file(await rosterTemplate({ locale, t, today: await businessToday(db) }), { name: t('roster.templateName'), type: XLSX }),
  });

  sampleRoutes(counter);
}

const SampleQuery = z.object({
  n: z.coerce.number().int().min(1).max(500).default(30),
  seed: z.coerce.number().int().min(1).max(999_999).default(1),
});

/** Made-up rosters to try things with; on demonstration data only. */
function sampleRoutes(counter: Counter): void {
  const onlyDemo = (): void => {
    if (!counter.deps.config.demo) throw new NotFoundError('page');
  };
  route(counter, {
    method: 'get',
    path: '/demo/roster-clean.xlsx',
    summary: 'A made-up roster without fault (demonstration)',
    file: ['xlsx'],
    tags: ['demonstration'],
    access: 'public',
    query: SampleQuery,
    handle: async ({ query, t }) => {
      onlyDemo();
      return file(await cleanRoster(query.n, query.seed), { name: t('roster.sampleName', { n: query.n }), type: XLSX });
    },
  });
  route(counter, {
    method: 'get',
    path: '/demo/roster-clean.csv',
    summary: 'A made-up roster without fault as CSV in GB 18030 (demonstration)',
    file: ['csvGb18030'],
    tags: ['demonstration'],
    access: 'public',
    query: SampleQuery,
    handle: ({ query, t }) => {
      onlyDemo();
      return file(cleanRosterCsv(query.n, query.seed, 'gb18030'), {
        name: t('roster.sampleName', { n: query.n }).replace(/xlsx$/, 'csv'),
        type: mediaTypes.csvGb18030,
      });
    },
  });
  route(counter, {
    method: 'get',
    path: '/demo/roster-faulty.xlsx',
    summary: 'A made-up roster with eight planted errors (demonstration)',
    file: ['xlsx'],
    tags: ['demonstration'],
    access: 'public',
    handle: async ({ t }) => {
      onlyDemo();
      return file(await faultyRoster(), { name: t('roster.faultyName'), type: XLSX });
    },
  });
}

type Redraw = {
  issues?: { field: string; message: string }[];
  status?: number;
  refusals?: RosterRefusal[];
  annotated?: string;
  fileName?: string;
};

async function showRoster(
  { db, actor, params, t, locale, deps }: Pick<RosterContext, 'db' | 'actor' | 'params' | 't' | 'locale' | 'deps'>,
  redraw: Redraw = {},
): Promise<Reply> {
  const head = await getClassHead(db, actor, params.number);
  const [roster, pack] = await Promise.all([listRoster(db, head.id), getPolicyPack(db, head.pack_id)]);
  const people = roster.map((line) => rosterLineView(line, { t, locale, words: deps.words }));
  const enrolled = people.filter((person) => person.status === 'enrolled');
  const mayAct = actsFor(actor, head).includes('edit');
  const opened = mayAct ? await findOpenedOf(db, head) : undefined;
  const mayChange = (id: string): boolean => opened !== undefined && isOpen(opened, { kind: 'enrolment', reference: id });
  const named = opened && !isOpen(opened, { kind: 'person_added' }) ? people.filter((person) => mayChange(person.id)) : [];
  const mayEdit = mayAct && (!opened || isOpen(opened, { kind: 'person_added' }) || named.length > 0);
  return page(
    'roster/show',
    {
      ...headView(head, 'roster', { actor, t, locale }),
      class: head,
      mayEdit,
      opened,
      named,
      people,
      enrolled: enrolled.length,
      eligible: enrolled.filter((person) => person.eligible).length,
      totalFen: enrolled.reduce((sum, person) => sum + (person.amountFen ?? 0), 0),
      unsourced: enrolled.some((person) => person.unsourced),
      sources: [...new Set(people.map((person) => person.source).filter(Boolean))],
      max: rule(pack, 'class.maxTrainees'),
      withDemo: deps.config.demo,
      refusals: redraw.refusals,
      refusedRows: new Set(redraw.refusals?.map((refusal) => refusal.row)).size,
      annotated: redraw.annotated,
      fileName: redraw.fileName,
      issues: redraw.issues,
    },
    { nav: 'classes', ...(redraw.status ? { status: redraw.status } : {}), json: { trainees: people.map(personJson) } },
  );
}

function personJson(person: ReturnType<typeof rosterLineView>) {
  const {
    id,
    seat,
    name,
    idMasked,
    phone,
    account,
    bank,
    groupCode,
    status,
    eligible,
    findings,
    amountFen,
    standardFen,
    percent,
    formula,
    source,
  } = person;
  return {
    id,
    seat,
    name,
    idMasked,
    phoneMasked: phone,
    accountMasked: account,
    bank,
    group: groupCode,
    status,
    eligible,
    findings,
    amountFen,
    standardFen: standardFen ?? null,
    percent: percent ?? null,
    formula,
    source,
  };
}

async function takeFile(context: RosterContext): Promise<Reply> {
  const { db, vault, actor, params, files, request, t, forPage, res } = context;
  const head = await openForUpload(context);
  const upload = files[0];
  if (!upload) throw inputError('file', 'roster.fileMissing');
  if (upload.content.length > MAX_BYTES) throw inputError('file', 'file.tooLarge', { maxMegabytes: MAX_BYTES / 1_000_000 });
  const rows = await readRosterFile(upload.content, upload.name);
  const { trainees, errors } = parseRoster(rows, await rulesFor(db, head));
  const refused = errors.length > 0 ? errors : await attempt(() => save(context, trainees, request), trainees, rows);
  if (!Array.isArray(refused)) return refused;
  const annotated = await keepRejection(db, vault, actor, head.id, await annotatedRoster(rows, refused, t));
  const path = `${classPath(params.number, 'roster')}/rejections/${annotated}`;
  if (forPage) return showRoster(context, { status: 422, refusals: refusalView(rows, refused, t), annotated: path, fileName: upload.name });
  res.setHeader('Link', `<${path}>; rel="describedby"; type="${XLSX}"`);
  throw new InputError(
    refused.map((error) => ({
      field: `rows.${error.row}.${error.field}`,
      code: error.code,
      params: { ...error.params, row: error.params['row'] ?? error.row, column: error.column },
    })),
  );
}

/** What the record knows better than the file, put at the cell of the file. */
async function attempt(
  work: () => Promise<Reply>,
  trainees: readonly RosterRow[],
  rows: readonly SheetRow[],
): Promise<Reply | RosterError[]> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.issues.map((issue) => {
      const [, place, given = 'name'] = issue.field.split('.');
      const at = Number(place);
      const row = trainees[at]?.row ?? rows[0]?.number ?? 1;
      const field = rosterFields.find((known) => known === given) ?? 'name';
      const text = trainees[at]?.[field];
      const cell =
        rows
          .find((found) => found.number === row)
          ?.cells.findIndex((written) => written !== undefined && written.text.replace(/\s/g, '') === text) ?? -1;
      // A person who is missing stands in no row: told of the whole file.
      if (trainees[at] === undefined) return { row, column: 1, field: 'roster', code: issue.code, params: issue.params ?? {} };
      return { row, column: Math.max(0, cell) + 1, field, code: issue.code, params: issue.params ?? {} };
    });
  }
}

async function takeRows(context: RosterContext, given: z.output<typeof RosterUpload>['trainees'] & {}): Promise<Reply> {
  const head = await openForUpload(context);
  const text = (value: string) => ({ text: value, from: 'text' as const, formula: false });
  const rows: SheetRow[] = [
    { number: 1, cells: rosterColumns.map((column) => text(column.zh)) },
    ...given.map((trainee, at) => ({ number: at + 2, cells: rosterColumns.map((column) => text(trainee[column.field])) })),
  ];
  const { trainees, errors } = parseRoster(rows, await rulesFor(context.db, head));
  if (errors.length > 0) {
    const place = (row: number): number => row - 2;
    throw new InputError(
      errors.map((error) => ({
        field: error.field === 'roster' ? 'trainees' : `trainees.${place(error.row)}.${error.field}`,
        code: error.code,
        // The other row of the pair, counted from 1 as trainees are.
        params: error.code === 'roster.idTwice' ? { row: place(Number(error.params['row'])) + 1 } : error.params,
      })),
    );
  }
  return save(context, trainees, context.request);
}

async function save(
  { db, vault, actor, params }: RosterContext,
  trainees: readonly RosterRow[],
  request: RosterContext['request'],
): Promise<Reply> {
  const count = await saveRoster(db, vault, actor, params.number, trainees, request);
  return redirect(classPath(params.number, 'roster'), {
    json: { number: params.number, trainees: count },
    flash: { key: 'roster.saved', params: { n: count } },
  });
}

async function openForUpload({ db, actor, params }: RosterContext): Promise<ClassHead> {
  const head = await getClassHead(db, actor, params.number);
  requireAct(actor, head, 'edit');
  return head;
}

async function rulesFor(db: RosterContext['db'], head: ClassHead) {
  const [pack, today] = await Promise.all([getPolicyPack(db, head.pack_id), businessToday(db)]);
  return { today, startDate: head.start_date ?? today, ageBounds: rule(pack, 'age'), maxTrainees: rule(pack, 'class.maxTrainees') };
}
