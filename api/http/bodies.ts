/** Reading the bodies of forms and of programs, within limits that stand before anything else looks at them. */
import express, { type Request, type RequestHandler } from 'express';
import { requestDigest } from '../../db/protocol/idempotency.ts';
import { inputError } from '../../workflows/domain/errors.ts';
import type { Words } from '../pages/i18n.ts';
import { readRedrawing } from './kept-forms.ts';
import type { Issue } from '../../workflows/domain/errors.ts';
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

const LONGEST_KEY = 200;

/** `sent`: all fields but those that belong to the shell; `body`: of these the own ones, `typed` those of the form that went along. */
export type TakenBody = {
  sent: Record<string, unknown>;
  body: Record<string, unknown>;
  typed: Record<string, unknown> | undefined;
  key: string | undefined;
  redrawing: Issue[] | undefined;
};

/** The fields of a form or program. `beside`: what the form is called where it stands beside another. Throws InputError: the key is too long. */
export function takeBody(req: Request, words: Words, beside: string | undefined): TakenBody {
  const given = (typeof req.body === 'object' && req.body !== null ? req.body : {}) as Record<string, unknown>;
  const { _csrf: _token, _redraw: redraw, idempotencyKey, ...fields } = given;
  // A browser sends every field of a form; one left empty counts as absent.
  const sent = req.is('json') ? fields : withoutEmpty(fields);
  const key = req.get('idempotency-key') ?? (typeof idempotencyKey === 'string' ? idempotencyKey : undefined);
  if (key !== undefined && key.length > LONGEST_KEY) throw inputError('idempotencyKey', 'tooLong', { maximum: LONGEST_KEY });
  const part = beside === undefined ? undefined : partOf(sent, beside);
  return {
    sent,
    body: part?.body ?? sent,
    typed: part?.typed,
    // The form that it went out with keeps its key for its own act.
    key: key && part ? requestDigest(key, beside) : key || undefined,
    redrawing: readRedrawing(redraw, words),
  };
}

/** Of what two forms sent together the fields of the one that stands beside; the list that the page was opened from belongs to both. */
function partOf(
  sent: Record<string, unknown>,
  beside: string,
): { body: Record<string, unknown>; typed: Record<string, unknown> } | undefined {
  const own = sent[beside];
  if (typeof own !== 'object' || own === null || Array.isArray(own)) return undefined;
  const { [beside]: _own, ...typed } = sent;
  return { body: { ...('list' in sent ? { list: sent['list'] } : {}), ...withoutEmpty(own) }, typed };
}

function withoutEmpty(fields: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
}

export function withoutPasswords(body: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([name]) => !/password/i.test(name)));
}
