/**
 * One way to declare an address that serves browsers and programs alike: access, zod schemas, handler. Every declaration is also a line of the
 * OpenAPI document. Handlers return a `Reply` (see replies.ts) and throw the error kinds of workflows/domain/errors.ts.
 */
import { createHash } from 'node:crypto';
import express, { type NextFunction, type Request, type RequestHandler, type Response, type Router } from 'express';
import multer from 'multer';
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import { z } from 'zod';
import { type IdempotentRequest, requestDigest } from '../../db/protocol/idempotency.ts';
import type { Instant } from '../../db/calendar/instant.ts';
import type { Actor } from '../../db/accounts/users.ts';
import type { Vault } from '../../db/vault.ts';
import { withoutNumbers } from '../../workflows/domain/people/typed-text.ts';
import { cleanName } from '../../workflows/domain/classes/material.ts';
import { InputError, inputError, type Issue, NotAllowedError, NotFoundError, NotSignedInError } from '../../workflows/domain/errors.ts';
import type { Role } from '../../workflows/domain/roles.ts';
import { hasRole } from '../../workflows/domain/scope.ts';
import type { ApiConfig } from '../config.ts';
import type { Locale, Translate, Words } from '../pages/i18n.ts';
import type { Renderer } from '../pages/render.ts';
import { findUnstorable, takeBody, tame, withoutPasswords } from './bodies.ts';
import { redrawn } from './kept-forms.ts';
import { type FileKind, made, type Reply } from './replies.ts';
import { requireToken } from './security.ts';
import { sendReply } from './sending.ts';
import { type FieldIssue, toIssues, withWords } from './validation.ts';
import { visitOf, wantsPage } from './visit.ts';

export type ApiDeps = {
  db: Knex;
  vault: Vault;
  config: ApiConfig;
  log: Logger;
  words: Words;
  renderer: Renderer;
  registersControl?: RegistersControl | undefined;
  /** Aborted when the process leaves: what stays open ends then. */
  leaving?: AbortSignal | undefined;
};
/** The register simulators, where this product started them. */
export type RegistersControl = {
  url: string;
  setBehaviour(register: string, behaviour: string, person?: string): void;
  behaviours(): Record<string, string>;
};

export type UploadedFile = { name: string; type: string; content: Buffer; field: string };

export type Context<P, Q, B> = {
  db: Knex;
  vault: Vault;
  config: ApiConfig;
  deps: ApiDeps;
  /** Who is signed in. Present on every route whose access is not `public`. */
  actor: Actor;
  /** What time it was when the request of this account came. */
  instant: Instant;
  /** On public routes: whoever happens to be signed in. */
  visitor: Actor | undefined;
  params: P;
  query: Q;
  body: B;
  files: UploadedFile[];
  req: Request;
  res: Response;
  t: Translate;
  locale: Locale;
  /** What was being typed into the form that this one stands beside and went out with (`beside`); undefined where it went out alone. */
  typed: Record<string, unknown> | undefined;
  /** For writes: pass it to `decideTask` or `onceOnly`. Undefined when the client sent no Idempotency-Key. Of the public too. */
  request: IdempotentRequest | undefined;
  /** Whether a browser asks. */
  forPage: boolean;
  /** Version named by If-Match; one that no row has when the header names none of ours. A stale one is answered with 412. */
  ifMatch: number | undefined;
  /** `Prefer: wait=2` (RFC 7240) in milliseconds, at most 10 s; 0 without, and where the route does not wait. */
  waitMs: number;
};

export type Access = 'public' | 'signed-in' | readonly Role[];
type Method = 'get' | 'post' | 'put' | 'delete';

export type RouteSpec<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> = {
  method: Method;
  /** Express path with `:name` or `*name` parts. */
  path: string;
  summary: string;
  tags: string[];
  access: Access;
  params?: P;
  query?: Q;
  body?: B;
  /** Schema of the JSON answer, for the document. */
  response?: z.ZodType;
  /** Kinds of file that it answers with instead of JSON, for the document. */
  file?: FileKind[];
  /** It answers 201, for the document; `unlessKnown`: 200 for what was there already. */
  creates?: true | 'unlessKnown';
  /** Statuses besides the usual ones, for the document. */
  errors?: number[];
  /** It waits as `Prefer: wait=n` asks. */
  waits?: true;
  /** It refuses to overwrite what somebody else wrote meanwhile, by If-Match. */
  guarded?: true;
  /** Its answer carries a version as ETag. */
  tagged?: true;
  upload?: { field: string; maxBytes: number };
  /**
   * Its form may stand beside a longer one that is being typed and go out with that, so that nothing is lost without script: its own fields are then
   * called after it (`suspend[reason]`), and the rest is `typed`.
   */
  beside?: string;
  handle: (context: Context<z.output<P>, z.output<Q>, z.output<B>>) => Promise<Reply> | Reply;
  /** Draws the form again, with 422 and what was entered (never passwords); browsers only. Programs get a problem document. */
  onInvalid?: (
    context: Context<z.output<P>, z.output<Q>, unknown>,
    issues: FieldIssue[],
    entered: Record<string, unknown>,
  ) => Promise<Reply> | Reply;
};

export type RegisteredRoute = Omit<RouteSpec<z.ZodType, z.ZodType, z.ZodType>, 'handle' | 'onInvalid'>;
/** Routers by the first part of their addresses, so that a request is not compared with the addresses of every other noun. */
export type Counter = { routers: Map<string, Router>; deps: ApiDeps; routes: RegisteredRoute[] };

/** The router of an address; addresses begin with a fixed word. */
export function routerOf(counter: Counter, path: string): Router {
  const noun = firstPart(path);
  const router = counter.routers.get(noun) ?? express.Router();
  counter.routers.set(noun, router);
  return router;
}

/** Hands a request to the router of its noun. */
export function toNouns({ routers }: Counter): RequestHandler {
  return (req, res, next) => {
    const router = routers.get(firstPart(req.path));
    if (router) router(req, res, next);
    else next();
  };
}

function firstPart(path: string): string {
  const end = path.indexOf('/', 1);
  return path.slice(1, end === -1 ? undefined : end).toLowerCase();
}

const nothing = z.unknown();
/** Opens an address at the counter. */
export function route<P extends z.ZodType = typeof nothing, Q extends z.ZodType = typeof nothing, B extends z.ZodType = typeof nothing>(
  counter: Counter,
  spec: RouteSpec<P, Q, B>,
): void {
  counter.routes.push(spec as unknown as RegisteredRoute);
  const steps: RequestHandler[] = [];
  steps.push((req, res, next) => admit(spec, req, res, next));
  if (spec.upload) steps.push(receive(spec.upload));
  steps.push(async (req, res) => {
    const reply = await answer(counter.deps, spec, req, res);
    await sendReply(counter.deps, req, res, reply);
  });
  routerOf(counter, spec.path)[spec.method](spec.path, ...steps);
}

async function answer<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType>(
  deps: ApiDeps,
  spec: RouteSpec<P, Q, B>,
  req: Request,
  res: Response,
): Promise<Reply> {
  const visit = visitOf(req);
  // Whoever must change the password first reads no more than a stranger.
  const actor = visit.session?.mustChange && spec.access === 'public' ? undefined : visit.session?.actor;
  const broken = brokenUploads.get(req);
  // Of a body that could not be read the token may be lost; nothing is done with it but to say so.
  if (spec.method !== 'get' && !broken) requireToken(req, visit);
  const { sent, body, typed, key, redrawing } = takeBody(req, deps.words, spec.beside);
  const params = parseParams(spec.params, req.params);
  const query = parse(spec.query, req.query, deps.words);
  const context: Context<z.output<P>, z.output<Q>, unknown> = {
    db: deps.db,
    vault: deps.vault,
    config: deps.config,
    deps,
    actor: actor as Actor,
    instant: visit.session?.instant as Instant,
    visitor: actor,
    params,
    query,
    body,
    files: filesOf(req),
    req,
    res,
    typed,
    t: visit.t,
    locale: visit.locale,
    request: key ? requestOf(actor, key, requestDigest(spec.method, req.path, body, filesOf(req).map(digestOf))) : undefined,
    forPage: wantsPage(req),
    ifMatch: spec.guarded ? versionOf(req.get('if-match')) : undefined,
    waitMs: spec.waits ? waitOf(req, res) : 0,
  };
  const entered = withoutPasswords(body);
  const drawAgain = async (issues: readonly Issue[]): Promise<Reply | undefined> => {
    const reply = await spec.onInvalid?.(context, withWords(issues, visit.t), entered);
    return reply?.kind === 'page'
      ? { ...reply, options: { status: 422, redrawn: redrawn(withoutPasswords(sent), issues), ...reply.options } }
      : reply;
  };
  // In another language, and nothing else.
  if (redrawing && context.forPage) {
    const reply = await drawAgain(redrawing);
    if (reply) return reply;
  }
  try {
    if (broken) throw broken;
    const parsed = parse(spec.body, body, deps.words);
    const reply = await spec.handle({ ...context, body: parsed });
    // What `onInvalid` draws is for browsers alone; the document says nothing of it.
    if (deps.config.strict) await requireAsPromised(spec, reply);
    // Drawn again by the handler itself, as where somebody else was first.
    const refused = reply.kind === 'page' && spec.onInvalid !== undefined && (reply.options.status ?? 200) >= 400;
    return refused ? { ...reply, options: { redrawn: redrawn(withoutPasswords(sent), []), ...reply.options } } : reply;
  } catch (error) {
    if (!(error instanceof InputError) || !spec.onInvalid || !context.forPage) throw error;
    const reply = await drawAgain(error.issues);
    if (!reply) throw error;
    return reply;
  }
}

const NO_VERSION = -1;

/** Our tags are versions; `*` and no header let everything pass. A list cannot be about one form. */
function versionOf(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined;
  return Number(/^\s*"(\d{1,9})"\s*$/.exec(ifMatch)?.[1] ?? NO_VERSION);
}

const LONGEST_WAIT_SECONDS = 10;

function waitOf(req: Request, res: Response): number {
  const asked = /(?:^|[,;\s])wait=(\d{1,4})(?:$|[,;\s])/.exec(req.get('prefer') ?? '')?.[1];
  const seconds = Math.min(LONGEST_WAIT_SECONDS, Number(asked ?? 0));
  if (seconds > 0) res.setHeader('Preference-Applied', `wait=${seconds}`);
  return seconds * 1_000;
}

/** Strict configuration, for tests: JSON that does not fit the document is a defect of the product. */
async function requireAsPromised(
  { response, creates }: { response?: z.ZodType; creates?: true | 'unlessKnown' },
  reply: Reply,
): Promise<void> {
  if (reply.kind === 'file' || reply.kind === 'events') return;
  const json =
    reply.kind === 'json' ? reply.body : ((await made(reply.options.json)) ?? (reply.kind === 'page' ? await made(reply.view) : undefined));
  const status = reply.kind === 'json' ? reply.status : (reply.options.status ?? 200);
  if (json === undefined || status >= 400) return;
  const documented = creates === 'unlessKnown' ? [200, 201] : [creates ? 201 : 200];
  if (!documented.includes(status)) throw new Error(`status ${status} is not the one of the document`);
  if (!response) return;
  const sent = response.safeParse(JSON.parse(JSON.stringify(json)));
  if (!sent.success)
    throw new Error(
      `answer contradicts its schema: ${sent.error.issues.map((issue) => `${issue.path.join('.')} ${issue.code}`).join('; ')}`,
    );
}

/** What a session opens whose password is too old. */
const openUnchanged = /^\/(?:account(?:\/|$)|sign-out$)/;

/** Before the body of an upload is read: nobody fills the memory of a counter that is closed to them. */
function admit(spec: { access: Access; path: string }, req: Request, res: Response, next: NextFunction): void {
  const session = visitOf(req).session;
  const actor = session?.actor;
  if (spec.access !== 'public' && !actor) {
    const refusal = new NotSignedInError('notSignedIn');
    // Of a form with files the text can still be kept.
    if (visitOf(req).ended?.userId && req.is('multipart/form-data')) textOnly(req, res, () => next(refusal));
    else next(refusal);
    return;
  }
  if (session?.mustChange && spec.access !== 'public' && !openUnchanged.test(spec.path)) {
    next(new NotAllowedError('password.tooOld'));
    return;
  }
  const wrongRole = Array.isArray(spec.access) && actor && !hasRole(actor, ...(spec.access as Role[]));
  next(wrongRole ? new NotAllowedError('role') : undefined);
}

/** What does not fit the address does not exist. */
function parseParams<S extends z.ZodType>(schema: S | undefined, value: unknown): z.output<S> {
  if (findUnstorable(value) !== undefined) throw new NotFoundError('page');
  if (!schema) return value as z.output<S>;
  const result = schema.safeParse(value);
  if (!result.success) throw new NotFoundError('page');
  return result.data;
}

function parse<S extends z.ZodType>(schema: S | undefined, value: unknown, words: Words): z.output<S> {
  if (!schema) return undefined as z.output<S>;
  const unstorable = findUnstorable(value);
  if (unstorable !== undefined) throw inputError(unstorable, 'text');
  const result = schema.safeParse(value ?? {}, { reportInput: true });
  if (result.success) return result.data;
  throw new InputError(toIssues(result.error.issues, words));
}

function digestOf(file: UploadedFile): string {
  return createHash('sha256').update(file.content).digest('base64url');
}

const NOBODY = '00000000-0000-0000-0000-000000000000';

/** All who are not signed in share one account: there a key counts together with what was sent, so that it opens nobody else's answer. */
function requestOf(actor: Actor | undefined, key: string, digest: string): IdempotentRequest {
  return actor ? { userId: actor.userId, key, digest } : { userId: NOBODY, key: requestDigest(key, digest), digest };
}

/** What was wrong with a body, told where the form is drawn again. */
const brokenUploads = new WeakMap<Request, InputError>();

function receive(upload: { field: string; maxBytes: number }): RequestHandler {
  const take = multer({
    storage: multer.memoryStorage(),
    defParamCharset: 'utf8',
    limits: { fileSize: upload.maxBytes, files: 1, fields: 100, fieldSize: 100_000 },
  } as multer.Options).single(upload.field);
  return (req, res, next) => {
    if (!req.is('multipart/form-data')) {
      next();
      return;
    }
    take(req, res, (error: unknown) => {
      if (error instanceof multer.MulterError)
        brokenUploads.set(
          req,
          new InputError([
            {
              field: upload.field,
              code: error.code === 'LIMIT_FILE_SIZE' ? 'file.tooLarge' : 'file.unexpected',
              params: { maxMegabytes: Math.floor(upload.maxBytes / 1_000_000) },
            },
          ]),
        );
      // The parser has no name for a body that breaks off or has no boundary.
      else if (error) brokenUploads.set(req, new InputError([{ field: upload.field, code: 'unreadable' }]));
      tame(req.body);
      next();
    });
  };
}

/** Names go into lists and onto the record: a number of a person in one is made unreadable. */
function filesOf(req: Request): UploadedFile[] {
  const file = req.file;
  const today = new Date().toISOString().slice(0, 10);
  return file
    ? [{ name: withoutNumbers(cleanName(file.originalname), today), type: file.mimetype, content: file.buffer, field: file.fieldname }]
    : [];
}

/** Text fields of a multipart body; files are read past. */
const textOnly = multer({
  fileFilter: (_req, _file, done) => done(null, false),
  limits: { fileSize: 20_000_000, files: 10, fields: 1_000, fieldSize: 100_000 },
}).any();
