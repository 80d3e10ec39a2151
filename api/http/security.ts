/** What every request passes before its route: headers, language and session, the check of its origin; and the token of its form. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import helmet from 'helmet';
import type { Knex } from 'knex';
import { findSession, hashToken } from '../../db/accounts/sessions.ts';
import { NotAllowedError } from '../../workflows/domain/errors.ts';
import type { ApiConfig } from '../config.ts';
import { readCookie, setCookie } from './cookies.ts';
import { toLocale, type Words } from '../pages/i18n.ts';
import { setVisit, type Visit, visitOf } from './visit.ts';

export { hashToken } from '../../db/accounts/sessions.ts';

/** Finds out who visits and in which language. A cookie or a bearer token names the session. */
export function meetVisitor(db: Knex, config: ApiConfig, words: Words): RequestHandler {
  return async (req, res, next) => {
    const bearer = /^Bearer ([\w-]{20,100})$/.exec(req.get('authorization') ?? '')?.[1];
    const cookie = bearer ? undefined : readCookie(req, 'session', config);
    const token = bearer ?? cookie;
    const idHash = token ? hashToken(token) : undefined;
    const asked = toLocale(req.query['lang']);
    if (asked) setCookie(res, 'lang', asked, config, 365 * 86_400);
    const first: Visit = {
      requestId: randomBytes(8).toString('hex'),
      nonce: randomBytes(16).toString('base64'),
      locale: asked ?? toLocale(readCookie(req, 'lang', config)) ?? 'zh-CN',
      t: words.translator('zh-CN'),
      preferences: {
        comfortable: readCookie(req, 'density', config) === 'comfortable',
        largeText: readCookie(req, 'text', config) === 'large',
      },
    };
    first.t = words.translator(first.locale);
    setVisit(req, first);
    const lookup = idHash ? await findSession(db, idHash) : undefined;
    if (lookup && 'session' in lookup && idHash) first.session = { ...lookup.session, idHash, by: bearer ? 'bearer' : 'cookie' };
    else if (lookup && 'ended' in lookup) first.ended = { userId: lookup.ended.userId };
    else if (token) first.ended = {};
    if (first.session && !asked && !readCookie(req, 'lang', config)) {
      first.locale = toLocale(first.session.actor.locale) ?? first.locale;
      first.t = words.translator(first.locale);
    }
    next();
  };
}

/** Content security policy with a nonce per request, no inline code or style. */
export function secureHeaders(config: ApiConfig): RequestHandler[] {
  return [
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          scriptSrc: ["'self'", (req) => `'nonce-${visitOf(req as Request).nonce}'`],
          styleSrc: ["'self'"],
          imgSrc: ["'self'", 'data:'],
          fontSrc: ["'self'"],
          connectSrc: ["'self'"],
          frameSrc: ["'self'"],
          formAction: ["'self'"],
          frameAncestors: ["'none'"],
          baseUri: ["'none'"],
          objectSrc: ["'none'"],
          ...(config.https ? { upgradeInsecureRequests: [] } : {}),
        },
      },
      strictTransportSecurity: config.https ? { maxAge: 31_536_000, includeSubDomains: true } : false,
      crossOriginEmbedderPolicy: false,
      // With no-referrer, helmet's default, a browser sends `Origin: null` with our own forms.
      referrerPolicy: { policy: 'same-origin' },
    }),
    (req, res, next) => {
      res.setHeader('Permissions-Policy', 'camera=(), microphone=(), geolocation=(), payment=()');
      // One address is page and JSON: neither may be taken for the other out of a cache.
      res.vary('Accept').vary('Cookie').vary('Authorization');
      res.setHeader('Cache-Control', visitOf(req).session ? 'no-store' : 'private, no-cache');
      next();
    },
  ];
}

const unsafe = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** A browser says where a request comes from: another site is refused before its body is read. */
export function requireSameOrigin(config: ApiConfig): RequestHandler {
  return (req, _res, next) => {
    if (!unsafe.has(req.method) || req.get('authorization')) {
      next();
      return;
    }
    const site = req.get('sec-fetch-site');
    const origin = req.get('origin');
    const foreign =
      (site !== undefined && site !== 'same-origin' && site !== 'none') ||
      (origin !== undefined && origin !== 'null' && !isOwn(origin, req, config)) ||
      origin === 'null';
    next(foreign ? new NotAllowedError('csrf.origin') : undefined);
  };
}

function isOwn(origin: string, req: Request, config: ApiConfig): boolean {
  if (config.publicUrl && origin === new URL(config.publicUrl).origin) return true;
  try {
    return new URL(origin).host === req.get('host');
  } catch {
    return false;
  }
}

/** The token of the session, from the form's hidden field or the header. Programs with a bearer token need none. */
export function requireToken(req: Request, visit: Visit): void {
  if (visit.session?.by !== 'cookie') return;
  const given = req.get('x-csrf-token') ?? (req.body as Record<string, unknown> | undefined)?.['_csrf'];
  const expected = Buffer.from(visit.session.csrfToken);
  const actual = Buffer.from(typeof given === 'string' ? given : '');
  if (actual.length !== expected.length || !timingSafeEqual(actual, expected)) throw new NotAllowedError('csrf.token');
}
