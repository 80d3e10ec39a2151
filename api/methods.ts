/** A known address asked with a method that it does not have: 405 with the ones that it has. */
import type { RequestHandler } from 'express';
import { match } from 'path-to-regexp';
import type { Counter } from './routing.ts';

export function refuseOtherMethods(counter: Counter): RequestHandler {
  const known = counter.routes.map(({ method, path }) => ({ method: method.toUpperCase(), matches: match(path) }));
  return (req, res, next) => {
    const methods = new Set(known.filter(({ matches }) => safely(() => matches(req.path))).map(({ method }) => method));
    if (methods.size === 0) {
      next();
      return;
    }
    if (methods.has('GET')) methods.add('HEAD');
    res.setHeader('Allow', [...methods].sort().join(', '));
    res.status(405).type('application/problem+json').send(JSON.stringify({ type: 'urn:shiming:problem:method', title: 'Method Not Allowed', status: 405, code: 'method' }));
  };
}

function safely<T>(work: () => T): T | false {
  try {
    return work();
  } catch {
    return false;
  }
}
