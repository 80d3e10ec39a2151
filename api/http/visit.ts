/** What is known about a request before its route runs: language, session, nonce. Kept beside the request, typed. */
import type { Request } from 'express';
import type { Session } from '../../db/accounts/sessions.ts';
import type { Locale, Translate } from '../pages/i18n.ts';

export type Visit = {
  requestId: string;
  nonce: string;
  locale: Locale;
  t: Translate;
  /** Signed-in account, its CSRF token and how it proved itself. */
  session?: Session & { idHash: Buffer; by: 'cookie' | 'bearer' };
  /** A session cookie came whose session has ended: what was typed is kept. `userId` if it is still known whose it was. */
  ended?: { userId?: string };
  preferences: { comfortable: boolean; largeText: boolean };
};

const visits = new WeakMap<Request, Visit>();

export function setVisit(req: Request, visit: Visit): void {
  visits.set(req, visit);
}

/** The visit of a request; absent only when a failure came before the first middleware. */
export function findVisit(req: Request): Visit | undefined {
  return visits.get(req);
}

/** @throws Error when the first middleware of `api/app.ts` has not run. */
export function visitOf(req: Request): Visit {
  const visit = visits.get(req);
  if (!visit) throw new Error('No visit: the first middleware has not run.');
  return visit;
}

/** Whether the answer is a page: the client says text/html before JSON. `*`/`*` (curl, fetch) gets JSON. */
export function wantsPage(req: Request): boolean {
  return req.accepts(['json', 'html']) === 'html';
}
