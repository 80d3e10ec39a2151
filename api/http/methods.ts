/**
 * A known address asked with a method that it does not have: 405 with the ones that it has. A browser that opens the address of an act, as after a
 * form that was drawn again, is sent on to the page that the act belongs to.
 */
import type { RequestHandler } from 'express';
import type { Counter } from './routing.ts';
import { wantsPage } from './visit.ts';

export function refuseOtherMethods(counter: Counter): RequestHandler {
  const known = counter.routes.map(({ method, path }) => ({ method: method.toUpperCase(), pattern: patternOf(path) }));
  const pageAbove = (path: string): string | undefined => {
    const above = path.replace(/\/[^/]+\/?$/, '');
    if (above === '') return undefined;
    return known.some(({ method, pattern }) => method === 'GET' && pattern.test(above)) ? above : pageAbove(above);
  };
  return (req, res, next) => {
    const methods = new Set(known.filter(({ pattern }) => pattern.test(req.path)).map(({ method }) => method));
    if (methods.size === 0) {
      next();
      return;
    }
    const page = req.method === 'GET' && wantsPage(req) ? pageAbove(req.path) : undefined;
    if (page !== undefined) {
      const { lang } = req.query;
      res.redirect(303, typeof lang === 'string' ? `${page}?lang=${encodeURIComponent(lang)}` : page);
      return;
    }
    if (methods.has('GET')) methods.add('HEAD');
    res.setHeader('Allow', [...methods].sort().join(', '));
    res
      .status(405)
      .type('application/problem+json')
      .send(JSON.stringify({ type: 'urn:shiming:problem:method', title: 'Method Not Allowed', status: 405, code: 'method' }));
  };
}

/** `:name` is one part of a path, `*name` the rest of it. */
function patternOf(path: string): RegExp {
  const source = path.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+').replaceAll(/\*\w+/g, '.+');
  return new RegExp(`^${source}/?$`);
}
