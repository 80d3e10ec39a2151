/** Reading the bodies of forms and of programs, within limits that stand before anything else looks at them. */
import express, { type Request, type RequestHandler } from 'express';
import { inputError } from '../../workflows/domain/errors.ts';
import { visitOf } from './visit.ts';

/** Deeper than any form or document here; what walks a body by recursion need not fear for its stack. */
const DEEPEST = 32;

type UrlencodedOptions = Parameters<typeof express.urlencoded>[0];

function parsers(formLimit: string, jsonLimit: string): RequestHandler[] {
  const form = { extended: true, limit: formLimit, parameterLimit: 20_000, arrayLimit: 1_000 } as UrlencodedOptions;
  return [express.urlencoded(form), express.json({ limit: jsonLimit })];
}

/**
 * Parses urlencoded forms and JSON. Who is not signed in has nothing long to say: large bodies are read only of those who are, and of those whose
 * session has just ended, because their form is kept.
 */
export function readBodies(): RequestHandler[] {
  const own = parsers('2mb', '5mb');
  const strangers = parsers('64kb', '64kb');
  const known = (req: Request): boolean => visitOf(req).session !== undefined || visitOf(req).ended?.userId !== undefined;
  return [
    ...own.map(
      (parse): RequestHandler =>
        (req, res, next) =>
          known(req) ? parse(req, res, next) : next(),
    ),
    ...strangers.map(
      (parse): RequestHandler =>
        (req, res, next) =>
          known(req) ? next() : parse(req, res, next),
    ),
    (req, _res, next) => {
      const refusal = isDeeper(req.body, DEEPEST) ? inputError('', 'unreadable') : undefined;
      if (!refusal) tame(req.body);
      next(refusal);
    },
  ];
}

/** Level by level, so that no depth can exhaust the stack. */
function isDeeper(body: unknown, deepest: number): boolean {
  let level: unknown[] = [body];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > deepest) return true;
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
  return false;
}

/** Names by which the language and the templates turn an object into text. */
const speaking = ['toString', 'valueOf', 'toJSON', 'toHTML'];

/** Takes fields of those names out of a body, and gives every object the methods of one: what is drawn again of a refused form can be printed. */
export function tame(body: unknown): void {
  let level: unknown[] = [body];
  while (level.length > 0) {
    const objects = level.filter((value) => typeof value === 'object' && value !== null);
    for (const value of objects) {
      for (const name of speaking) if (Object.hasOwn(value, name)) Reflect.deleteProperty(value, name);
      if (Object.getPrototypeOf(value) === null) Object.setPrototypeOf(value, Object.prototype);
    }
    level = objects.flatMap((value) => Object.values(value));
  }
}

/** NUL, and half of a pair of UTF-16. */
const unstorable = /[\0\p{Cs}]/u;

/** The path of the first text that PostgreSQL cannot hold, with dots; undefined where there is none. */
export function findUnstorable(value: unknown, path = ''): string | undefined {
  if (typeof value === 'string') return unstorable.test(value) ? path : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, entry] of Object.entries(value)) {
    const found = unstorable.test(key) ? path : findUnstorable(entry, path ? `${path}.${key}` : key);
    if (found !== undefined) return found;
  }
  return undefined;
}
