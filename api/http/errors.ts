/** The only map from kinds of error to HTTP: a designed page for a browser, RFC 9457 for a program. Never a stack trace, never a row value. */
import type { ErrorRequestHandler, Request, Response } from 'express';
import { sqlState } from '../../db/client.ts';
import {
  ConflictError,
  InputError,
  NotAllowedError,
  NotFoundError,
  NotSignedInError,
  OfficeError,
  UnavailableError,
} from '../../workflows/domain/errors.ts';
import { keepForm } from './kept-forms.ts';
import type { ApiDeps } from './routing.ts';
import { TooManyError } from './limits/too-many.ts';
import { withWords } from './validation.ts';
import { findVisit, wantsPage } from './visit.ts';

const statuses: readonly [new (...args: never[]) => OfficeError, number][] = [
  [InputError, 422],
  [NotSignedInError, 401],
  [NotAllowedError, 403],
  [NotFoundError, 404],
  [ConflictError, 409],
  [TooManyError, 429],
  [UnavailableError, 503],
];

export function handleErrors(deps: ApiDeps): ErrorRequestHandler {
  return async (error: unknown, req, res, next) => {
    if (res.headersSent) {
      next(error);
      return;
    }
    const known = toOfficeError(error);
    const status = known ? statusOf(known, req) : 500;
    if (status >= 500) {
      const visit = findVisit(req);
      deps.log.error(
        {
          requestId: visit?.requestId,
          method: req.method,
          status,
          error: (error as Error)?.name,
          state: sqlState(error),
          at: firstFrame(error),
        },
        'request failed',
      );
    }
    if (status === 503) res.setHeader('Retry-After', '3');
    if (known instanceof TooManyError) res.setHeader('Retry-After', String(known.params['seconds'] ?? 60));
    if (status === 401) res.setHeader('WWW-Authenticate', 'Bearer');
    if (known instanceof NotSignedInError && wantsPage(req)) {
      await keepForm(deps, req, res);
      res.redirect(303, `/sign-in?next=${encodeURIComponent(req.method === 'GET' ? req.originalUrl : '/')}`);
      return;
    }
    if (known?.code === 'password.tooOld' && wantsPage(req)) {
      res.redirect(303, '/account');
      return;
    }
    await sendProblem(deps, req, res, status, known ?? new OfficeError('internal'));
  };
}

async function sendProblem(deps: ApiDeps, req: Request, res: Response, status: number, error: OfficeError): Promise<void> {
  const visit = findVisit(req);
  const t = visit?.t ?? deps.words.translator('zh-CN');
  const issues = error instanceof InputError ? withWords(error.issues, t) : undefined;
  const detail = t(`errors.${error.code}`, error.params);
  if (visit && wantsPage(req)) {
    res
      .status(status)
      .type('html')
      .send(
        await deps.renderer.page(
          req,
          'errors/show',
          { status, code: error.code, message: detail, issues, requestId: visit.requestId, title: t(`errors.title.${status}`) },
          {},
        ),
      );
    return;
  }
  res
    .status(status)
    .type('application/problem+json')
    .send(
      JSON.stringify({
        type: `urn:shiming:problem:${error.code}`,
        title: t(`errors.title.${status}`),
        status,
        detail,
        code: error.code,
        ...(Object.keys(error.params).length > 0 ? { params: error.params } : {}),
        ...(issues ? { issues } : {}),
        ...(visit ? { requestId: visit.requestId } : {}),
      }),
    );
}

/** What somebody else changed meanwhile, where the request names the version that it saw (`If-Match`). */
const staleCodes = new Set(['form.stale', 'task.changed']);

function statusOf(error: OfficeError, req: Request): number {
  if (staleCodes.has(error.code) && req.get('if-match') !== undefined) return 412;
  return statuses.find(([kind]) => error instanceof kind)?.[1] ?? 500;
}

const networkCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND']);

/** Faults of the surroundings that have words of their own. */
export function toOfficeError(error: unknown): OfficeError | undefined {
  if (error instanceof OfficeError) return error;
  const state = sqlState(error);
  if (state && (state.startsWith('08') || state.startsWith('57') || state === '53300')) return new UnavailableError('unavailable');
  if (state === '22021' || state === '22P05') return new InputError([{ field: '', code: 'text' }]);
  // A number or date that fits its form and not its column.
  if (state === '22003' || state === '22007' || state === '22008') return new InputError([{ field: '', code: 'invalid' }]);
  if (state === '55P03' || state === '40001' || state === '40P01') return new UnavailableError('busy');
  const named = error as { code?: string; name?: string; type?: string; status?: number; message?: string };
  if (named?.code && networkCodes.has(named.code)) return new UnavailableError('unavailable');
  if (
    named?.name === 'KnexTimeoutError' ||
    /Connection terminated|connection timeout|Query read timeout|terminating connection|not queryable/i.test(named?.message ?? '')
  )
    return new UnavailableError('unavailable');
  if (named?.type === 'entity.too.large') return new InputError([{ field: '', code: 'bodyTooLarge' }]);
  if (
    named?.type?.startsWith('entity.') ||
    named?.type?.startsWith('encoding.') ||
    named?.type?.startsWith('charset.') ||
    named?.type === 'parameters.too.many'
  ) {
    return new InputError([{ field: '', code: 'unreadable' }]);
  }
  if (error instanceof URIError) return new NotFoundError('page');
  // Nested too deep, or not packed as its Content-Encoding says.
  if (named?.status === 400) return new InputError([{ field: '', code: 'unreadable' }]);
  return undefined;
}

function firstFrame(error: unknown): string | undefined {
  const frame = (error as Error)?.stack?.split('\n').find((line) => line.includes('    at ') && !line.includes('node_modules'));
  return frame?.trim().replace(/\(.*\/(\w+\/[^/]+)\)$/, '($1)');
}
