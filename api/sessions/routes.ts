/** Signing in and out; in a demonstration, changing the account by one click. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { auditOutside } from '../../db/protocol/procedures.ts';
import { addSession, endSession } from '../../db/accounts/sessions.ts';
import { getActor } from '../../db/accounts/account-in-force.ts';
import { isKnownNetwork, keepNetwork } from '../../db/accounts/sign-in-guards.ts';
import { readSecurity } from '../../db/accounts/security-settings.ts';
import { type Account, type Actor, findUserByLogin } from '../../db/accounts/users.ts';
import type { Db } from '../../db/client.ts';
import { inputError, NotFoundError } from '../../workflows/domain/errors.ts';
import { clearCookie, setCookie } from '../http/cookies.ts';
import { dropKept, findKept } from '../http/kept-forms.ts';
import { homeOf } from '../pages/navigation.ts';
import { page, type Reply, redirect } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import { hashToken } from '../http/security.ts';
import { networkOf } from '../http/limits/networks.ts';
import { localPath } from '../http/sending.ts';
import { toLocale } from '../pages/i18n.ts';
import { visitOf } from '../http/visit.ts';
import { findDevice, keepDevice } from './devices.ts';
import { type Door, passwordDesk } from './passwords.ts';

/** Where one wanted to go before signing in. */
const Destination = z
  .string()
  .max(500)
  .optional()
  .meta({ examples: ['/tasks'] });
const SignIn = z.object({
  login: z.string().trim().min(1).max(100),
  password: z.string().min(1).max(200),
  next: Destination,
});
const Signed = z.object({
  token: z.string(),
  home: z.string(),
  /** The password is too old: nothing but `/account` opens until it is changed. */
  mustChange: z.boolean(),
  user: z.object({ login: z.string(), name: z.string(), grants: z.array(z.object({ role: z.string(), region: z.string() })) }),
});

export function sessionRoutes(counter: Counter): void {
  const desk = passwordDesk(counter.deps.db);

  route(counter, {
    method: 'get',
    path: '/sign-in',
    summary: 'The form to sign in',
    tags: ['sessions'],
    access: 'public',
    query: z.object({ next: Destination }),
    handle: ({ query }) => page('sessions/new', { next: query.next ?? '' }, { layout: 'plain' }),
  });

  route(counter, {
    method: 'post',
    path: '/sign-in',
    summary: 'Sign in; programs get a bearer token',
    tags: ['sessions'],
    access: 'public',
    body: SignIn,
    response: Signed,
    errors: [429],
    handle: async (context) => {
      const { db, body, req, res, config } = context;
      const account = await findUserByLogin(db, body.login);
      const door = await doorFor(context, account?.userId);
      const admitted = await desk.admit(door, req.ip ?? '', () =>
        auditOutside(db, account?.userId, { act: 'session.lock', subject: 'sign-in', detail: { counted: door.kind } }),
      );
      // Where the account is locked the password is looked at all the same, and takes as long, and opens nothing.
      const right = await desk.verify(admitted && account?.active ? account.passwordHash : undefined, body.password);
      if (!account || !right) {
        if (admitted) await auditOutside(db, account?.userId, { act: 'session.refuse', subject: 'sign-in' });
        throw inputError('password', 'signIn.wrong');
      }
      await desk.forgive(door, req.ip ?? '');
      const begun = await begin(context, account, body.next, await isTooOld(db, account));
      await keepNetwork(db, account.userId, networkOf(req.ip));
      if (context.forPage) keepDevice(req, res, config, body.login);
      return begun;
    },
    onInvalid: ({ body }, issues) =>
      page(
        'sessions/new',
        { issues, entered: { login: (body as { login?: string }).login ?? '' }, next: (body as { next?: string }).next ?? '' },
        { layout: 'plain', status: 422 },
      ),
  });

  route(counter, {
    method: 'post',
    path: '/sign-out',
    summary: 'End the session',
    tags: ['sessions'],
    access: 'signed-in',
    handle: async ({ db, req, res, config, actor }) => {
      const session = visitOf(req).session;
      if (session) await endSession(db, session.idHash);
      await auditOutside(db, actor.userId, { act: 'session.end', subject: 'sign-out' });
      clearCookie(res, 'session', config);
      return redirect('/', { flash: 'sessions.signedOut' });
    },
  });

  route(counter, {
    method: 'get',
    path: '/sign-in/resume',
    summary: 'What was typed before the session ended, to be sent again',
    tags: ['sessions'],
    access: 'signed-in',
    handle: async ({ deps, req, actor }) => {
      const kept = await findKept(deps, req, actor.userId);
      return kept
        ? page('sessions/resume', { path: kept.path, fields: kept.fields.map(([name, value]) => ({ name, value })) })
        : redirect(homeOf(actor));
    },
  });

  route(counter, {
    method: 'post',
    path: '/sign-in/resume/drop',
    summary: 'Forget the form that was kept',
    tags: ['sessions'],
    access: 'signed-in',
    handle: async ({ deps, req, res, actor }) => {
      await dropKept(deps, req, res);
      return redirect(homeOf(actor));
    },
  });

  route(counter, {
    method: 'post',
    path: '/preferences',
    summary: 'Language, density and size of text of the pages',
    tags: ['sessions'],
    access: 'public',
    body: z.object({
      lang: z.string().optional(),
      density: z.enum(['comfortable', 'compact']).optional(),
      text: z.enum(['large', 'normal']).optional(),
      back: z.string().max(500).optional(),
    }),
    handle: ({ body, res, config }) => {
      const year = 365 * 86_400;
      const locale = toLocale(body.lang);
      if (locale) setCookie(res, 'lang', locale, config, year);
      if (body.density) setCookie(res, 'density', body.density, config, year);
      if (body.text) setCookie(res, 'text', body.text, config, year);
      return redirect(localPath(body.back ?? '/'));
    },
  });

  if (!counter.deps.config.demo) return;
  route(counter, {
    method: 'post',
    path: '/demo/switch',
    summary: 'Demonstration only: become another demonstration account',
    tags: ['demonstration'],
    access: 'public',
    body: z.object({ login: z.string().max(100) }),
    response: Signed,
    errors: [404],
    handle: async (context) => {
      const account = await findUserByLogin(context.db, context.body.login);
      if (!account?.demo || !account.active) throw new NotFoundError('account.unknown');
      return begin(context, { userId: account.userId }, undefined);
    },
  });
}

/** Where the attempt is counted: apart from everybody else's where this person has signed in before. */
async function doorFor({ db, req, config, body }: Context<unknown, unknown, { login: string }>, userId: string | undefined): Promise<Door> {
  const login = body.login.toLowerCase();
  const network = networkOf(req.ip);
  const known = await isKnownNetwork(db, userId, network);
  const device = findDevice(req, config, login);
  if (device) return { kind: 'device', key: `${login}@${device}` };
  return known ? { kind: 'network', key: `${login}@${network}` } : { kind: 'login', key: login };
}

/** Whether the password has to be changed first. Those of a demonstration are everybody's and stay. */
async function isTooOld(db: Db, { passwordChangedAt }: Account): Promise<boolean> {
  const { passwordDays } = await readSecurity(db);
  return passwordDays > 0 && passwordChangedAt !== undefined && Date.now() - passwordChangedAt.getTime() > passwordDays * DAY_MS;
}

const DAY_MS = 86_400_000;

/** A new session id at every sign-in; the one that this browser had before ends. */
async function begin(
  context: Context<unknown, unknown, unknown>,
  { userId, passwordHash }: { userId: string; passwordHash?: string | undefined },
  next: string | undefined,
  mustChange = false,
): Promise<Reply> {
  const { db, req, res, config, deps } = context;
  const before = visitOf(req).session;
  if (before?.by === 'cookie') await endSession(db, before.idHash);
  const token = randomBytes(32).toString('base64url');
  const added = await addSession(db, {
    passwordHash,
    idHash: hashToken(token),
    csrfToken: randomBytes(24).toString('base64url'),
    userId,
    mustChange,
    ip: req.ip ?? '',
    userAgent: req.get('user-agent') ?? '',
  });
  // Closed, or another password, since this one was looked at.
  if (!added) throw inputError('password', 'signIn.wrong');
  await auditOutside(db, userId, { act: 'session.begin', subject: 'sign-in' });
  const actor: Actor = await getActor(db, userId);
  if (context.forPage) setCookie(res, 'session', token, config);
  const kept = await findKept(deps, req, userId);
  const home = next && localPath(next) !== '/' ? localPath(next) : homeOf(actor);
  return redirect(mustChange ? '/account' : kept ? '/sign-in/resume' : home, {
    ...(mustChange ? { flash: { key: 'account.tooOld', tone: 'warning' as const } } : {}),
    json: {
      token,
      home: mustChange ? '/account' : homeOf(actor),
      mustChange,
      user: { login: actor.login, name: actor.name, grants: actor.grants.map(({ role, region }) => ({ role, region })) },
    },
  });
}
