/** Rosters: upload as a spreadsheet or as JSON, errors at their cells with an annotated file back, the roster itself (N2, N28). */
import { z } from 'zod';
import { annotatedRoster, readRosterFile } from '../../db/formats/roster-file.ts';
import { saveRoster } from '../../db/roster/roster.ts';
import { rosterRules } from '../../db/roster/trainees.ts';
import { getRejection, keepRejection, keepUpload } from '../../db/roster/uploads.ts';
import { type ClassHead, getClassHead } from '../../db/views/classes/classes.ts';
import { InputError, inputError } from '../../workflows/domain/errors.ts';
import { parseRoster, type RosterError, type RosterRow, rosterColumns, rosterFields } from '../../workflows/domain/roster/roster.ts';
import type { SheetRow } from '../../workflows/domain/formats/sheet.ts';
import { classPath, requireAct } from '../classes/head.ts';
import { ClassParams } from '../classes/schemas.ts';
import { file, mediaTypes, redirect, type Reply } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';
import { earlierClassRoutes } from './earlier.ts';
import { rosterFileRoutes } from './files.ts';
import { refusalView } from './page.ts';
import { RosterPerson, RosterUpload } from './schemas.ts';
import { type RosterContext, showRoster } from './show.ts';
import { traineeRoutes } from './trainees.ts';
import { rosterUploadRoutes, uploadPath } from './uploads.ts';

const XLSX = mediaTypes.xlsx;
const MAX_BYTES = 5_000_000;
/** A file somewhat too large still gets its answer on the form; beyond this the connection is closed to it. */
const RECEIVED_AT_MOST = 20_000_000;

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
    summary:
      'Replace the roster by an .xlsx or .csv file (field `file`) or by JSON; all or nothing. With `compare` it is kept as an upload, compared with the present roster, and replaces it when confirmed; a page always compares',
    tags: ['roster'],
    access: ['institution'],
    params: ClassParams,
    body: RosterUpload,
    response: z.object({ number: z.string(), trainees: z.number().int(), upload: z.uuid().optional() }),
    upload: { field: 'file', maxBytes: RECEIVED_AT_MOST },
    handle: async (context) => {
      const { trainees, compare } = context.body;
      return trainees ? takeRows(context, trainees, compare) : takeFile(context, compare);
    },
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

  rosterFileRoutes(counter);
  rosterUploadRoutes(counter);
  traineeRoutes(counter);
  earlierClassRoutes(counter);
}

async function takeFile(context: RosterContext, compare: boolean | undefined): Promise<Reply> {
  const { db, vault, actor, params, files, t, forPage, res } = context;
  const head = await openForUpload(context);
  const upload = files[0];
  if (!upload) throw inputError('file', 'roster.fileMissing');
  if (upload.content.length > MAX_BYTES) throw inputError('file', 'file.tooLarge', { maxMegabytes: MAX_BYTES / 1_000_000 });
  const rows = await readRosterFile(upload.content, upload.name);
  const { trainees, errors } = parseRoster(rows, await rosterRules(db, head));
  const refused =
    errors.length > 0 ? errors : await attempt(() => save(context, head, { trainees, compare, fileName: upload.name }), trainees, rows);
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

async function takeRows(
  context: RosterContext,
  given: z.output<typeof RosterUpload>['trainees'] & {},
  compare: boolean | undefined,
): Promise<Reply> {
  const head = await openForUpload(context);
  const text = (value: string) => ({ text: value, from: 'text' as const, formula: false });
  const rows: SheetRow[] = [
    { number: 1, cells: rosterColumns.map((column) => text(column.zh)) },
    ...given.map((trainee, at) => ({ number: at + 2, cells: rosterColumns.map((column) => text(trainee[column.field])) })),
  ];
  const { trainees, errors } = parseRoster(rows, await rosterRules(context.db, head));
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
  return save(context, head, { trainees, compare, fileName: '' });
}

type Checked = { trainees: readonly RosterRow[]; compare: boolean | undefined; fileName: string };

/** Nobody replaces a roster on a page without having seen what that changes; a program asks for it. */
async function save(
  { db, vault, actor, params, request, forPage }: RosterContext,
  head: ClassHead,
  { trainees, compare = forPage, fileName }: Checked,
): Promise<Reply> {
  if (compare && head.headcount > 0) {
    const { id } = await keepUpload(db, vault, actor, params.number, { trainees, fileName, request });
    return redirect(uploadPath(params.number, id), { json: { number: params.number, trainees: trainees.length, upload: id } });
  }
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
