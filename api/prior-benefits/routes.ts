/** Earlier benefits (历史享受记录补录): uploaded by the office as a spreadsheet, errors at their cells; the quota of a person counts them (N3). */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { listRegionsWithin, pathsOf } from '../../db/accounts/accounts.ts';
import { businessToday } from '../../db/calendar/instant.ts';
import { priorBenefitTemplate, readPriorBenefitFile } from '../../db/formats/prior-benefit-file.ts';
import {
  listPriorBenefits,
  listPriorUploads,
  type PriorUpload,
  priorPaths,
  savePriorBenefits,
  withdrawPriorBenefits,
} from '../../db/money/prior-benefits.ts';
import { InputError, inputError } from '../../workflows/domain/errors.ts';
import { maskId } from '../../workflows/domain/people/identity.ts';
import type { Role } from '../../workflows/domain/roles.ts';
import { hasRole } from '../../workflows/domain/scope.ts';
import { parsePriorBenefits, type PriorError, type PriorRow } from '../../workflows/domain/money/prior-benefits.ts';
import type { SheetRow } from '../../workflows/domain/formats/sheet.ts';
import { regionOptions } from '../accounts/page.ts';
import { nextCursor, pagerOf, readTimeCursor } from '../http/cursors.ts';
import { file, mediaTypes, page, redirect, type Reply } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import type { Translate } from '../pages/i18n.ts';
import { PriorBenefit, PriorBenefitQuery, PriorUploadForm, PriorUploadParams, PriorUploadRow, PriorWithdrawal } from './schemas.ts';

const tags = ['prior-benefits'];
const writers: readonly Role[] = ['first_reviewer', 'catalogue_officer'];
const readers: readonly Role[] = [...writers, 'auditor'];
const RECEIVED_AT_MOST = 20_000_000;
const UPLOADS_SHOWN = 50;
const BENEFITS_SHOWN = 100;
/** A page with a thousand errors helps nobody; the programs get them all. */
const ERRORS_SHOWN = 200;

type PageContext = Pick<Context<unknown, unknown, unknown>, 'db' | 'actor' | 'locale' | 't'>;

export function priorBenefitRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/prior-benefits',
    summary: 'Files of earlier benefits in the own regions, and the benefits with masked numbers',
    tags,
    access: readers,
    query: PriorBenefitQuery,
    response: z.object({
      uploads: z.array(PriorUploadRow),
      uploadsNext: z.string().nullable(),
      benefits: z.array(PriorBenefit),
      total: z.number().int(),
      next: z.string().nullable(),
    }),
    handle: (context) => show(context, { asked: context.query }),
  });

  route(counter, {
    method: 'get',
    path: '/prior-benefits/template',
    summary: 'An empty sheet of earlier benefits to fill in',
    tags,
    access: readers,
    file: ['xlsx'],
    handle: async ({ locale, t }) =>
      file(await priorBenefitTemplate(locale, t('prior-benefits.sheet')), {
        name: t('prior-benefits.templateName'),
        type: mediaTypes.xlsx,
      }),
  });

  route(counter, {
    method: 'post',
    path: '/prior-benefits',
    summary: 'Upload earlier benefits as .xlsx or .csv (field `file`); all or nothing, the same file again changes nothing',
    tags,
    access: writers,
    body: PriorUploadForm,
    upload: { field: 'file', maxBytes: RECEIVED_AT_MOST },
    response: z.object({ uploadId: z.string(), rows: z.number().int(), added: z.number().int() }),
    handle: (context) => take(context, context.body.region),
    onInvalid: (context, issues, entered) => show(context, { issues, entered }),
  });

  route(counter, {
    method: 'post',
    path: '/prior-benefits/uploads/:id/withdraw',
    summary: 'Take a file back that should not have come in, with the reason',
    tags,
    access: writers,
    params: PriorUploadParams,
    body: PriorWithdrawal,
    response: z.object({ removed: z.number().int() }),
    errors: [409],
    handle: async ({ db, actor, params, body, request }) => {
      const answer = await withdrawPriorBenefits(db, actor, { uploadId: params.id, reason: body.reason }, request);
      return redirect('/prior-benefits', { json: answer, flash: { key: 'prior-benefits.withdrawn', params: { count: answer.removed } } });
    },
    onInvalid: (context, issues) => show(context, { issues }),
  });
}

type Shown = Record<string, unknown> & { asked?: z.output<typeof PriorBenefitQuery> };

async function show({ db, actor, locale, t }: PageContext, { asked = {}, ...more }: Shown = {}): Promise<Reply> {
  const paths = pathsOf(actor, ...readers);
  const mayUpload = hasRole(actor, ...writers);
  const { q: text, year, region } = asked;
  const [files, { benefits, total, next: following }, regions, within] = await Promise.all([
    listPriorUploads(db, paths, { after: readTimeCursor(asked.uploadsAfter), size: UPLOADS_SHOWN }),
    listPriorBenefits(db, paths, { text, year, region, after: readTimeCursor(asked.after), size: BENEFITS_SHOWN }),
    mayUpload ? listRegionsWithin(db, priorPaths(actor)) : [],
    listRegionsWithin(db, paths),
  ]);
  const uploads = files.lines;
  const [uploadsNext, next] = [nextCursor(files.next), nextCursor(following)];
  const filtered = [text, year, region].some((given) => given !== undefined);
  const view = {
    filter: { q: text, year, region },
    filtered,
    choosing: filtered || asked.after !== undefined || benefits.length > 0,
    within: within.length > 1 ? regionOptions(within, locale) : [],
    uploadPages: pagerOf('/prior-benefits', asked, { name: 'uploadsAfter', next: uploadsNext, anchor: '#uploads' }),
    benefitPages: pagerOf('/prior-benefits', asked, { next, anchor: '#benefits' }),
    uploads: uploads.map((upload) => ({
      ...upload,
      regionName: locale === 'en' ? upload.regionEn : upload.regionZh,
      mayWithdraw: mayUpload && upload.withdrawnBy === null,
    })),
    benefits: benefits.map((benefit) => ({
      ...benefit,
      levelLabel: benefit.level === null ? t('projects.noLevel') : t(`projects.level.${benefit.level}`),
    })),
    total,
    regionOptions: regionOptions(regions, locale),
    region: regions[0]?.code,
    mayUpload,
    ...more,
  };
  const json = {
    uploads: uploads.map(({ regionZh: _zh, regionEn: _en, uploadedAt, ...upload }) => ({
      ...upload,
      uploadedAt: uploadedAt.toISOString(),
    })),
    uploadsNext,
    benefits,
    total,
    next,
  };
  return page('prior-benefits/index', view, { nav: 'prior-benefits', json });
}

async function take(context: Context<unknown, unknown, unknown>, region: string): Promise<Reply> {
  const { db, vault, actor, files, request, t, forPage } = context;
  const upload = files[0];
  if (!upload) throw inputError('file', 'file.unexpected');
  const rows = await readPriorBenefitFile(upload.content, upload.name);
  const { benefits, errors } = parsePriorBenefits(rows, await businessToday(db));
  const digest = createHash('sha256').update(upload.content).digest('hex');
  const given = { region, fileName: upload.name.slice(0, 200), digest, benefits };
  const saved = errors.length > 0 ? errors : await attempt(() => savePriorBenefits(db, vault, actor, given, request), benefits, rows);
  if (!Array.isArray(saved)) {
    const flash = { key: 'prior-benefits.saved', params: { rows: saved.rows, added: saved.added } };
    return redirect('/prior-benefits', { json: saved, flash });
  }
  if (forPage) {
    const refusals = saved.slice(0, ERRORS_SHOWN).map((error) => refusalView(rows, error, t));
    const reply = await show(context, { refusals, count: saved.length, fileName: upload.name, entered: { region } });
    return reply.kind === 'page' ? { ...reply, options: { ...reply.options, status: 422 } } : reply;
  }
  throw new InputError(
    saved.map((error) => ({
      field: `rows.${error.row}.${error.field}`,
      code: error.code,
      params: { ...error.params, row: error.params['row'] ?? error.row, column: error.column },
    })),
  );
}

/** What the record knows better than the file, put at the cell of the file. */
async function attempt(
  work: () => Promise<PriorUpload>,
  benefits: readonly PriorRow[],
  rows: readonly SheetRow[],
): Promise<PriorUpload | PriorError[]> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof InputError) || !error.issues.every((issue) => issue.field.startsWith('trainees.'))) throw error;
    return error.issues.map((issue) => {
      const benefit = benefits[Number(issue.field.split('.')[1])];
      const cells = rows.find((row) => row.number === benefit?.row)?.cells ?? [];
      const column = cells.findIndex((cell) => cell?.text.replace(/\s/g, '') === benefit?.name);
      return { row: benefit?.row ?? 1, column: Math.max(0, column) + 1, field: 'name', code: issue.code, params: issue.params ?? {} };
    });
  }
}

/** What is wrong at which cell; numbers are masked, the page may be looked at over a shoulder. */
function refusalView(rows: readonly SheetRow[], error: PriorError, t: Translate) {
  const text = rows.find((row) => row.number === error.row)?.cells[error.column - 1]?.text.trim() ?? '';
  const masked = text.length > 10 ? maskId(text) : '*'.repeat(text.length);
  return {
    row: error.row,
    columnName: error.field === 'sheet' ? '' : t(`prior-benefits.fields.${error.field}`),
    value: error.field === 'sheet' ? '' : error.field === 'idNumber' ? masked : text.slice(0, 40),
    message: t(`errors.${error.code}`, error.params),
  };
}
