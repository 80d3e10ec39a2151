/** The own account: what is on record, the password, the sessions. Everybody who is signed in. */
import { z } from 'zod';
import { changePassword, getOwnAccount, listRegionsOf } from '../../db/accounts/accounts.ts';
import { inTransaction } from '../../db/client.ts';
import { listSubstitutions } from '../../db/accounts/substitutions.ts';
import { findAnswer, requestDigest } from '../../db/protocol/idempotency.ts';
import { auditOutside } from '../../db/protocol/procedures.ts';
import { endOwnSession, endSessionsOf, listSessionsOf } from '../../db/accounts/sessions.ts';
import { ConflictError, inputError, NotFoundError } from '../../workflows/domain/errors.ts';
import { passwordFault } from '../../workflows/domain/people/passwords.ts';
import { officerRoles } from '../../workflows/domain/roles.ts';
import { hasRole } from '../../workflows/domain/scope.ts';
import { clearCookie } from '../http/cookies.ts';
import { page, type Reply, redirect } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import { visitOf } from '../http/visit.ts';
import { workplaceLabel } from '../pages/navigation.ts';
import { passwordDesk } from '../sessions/passwords.ts';
import { substitutionView } from '../substitutions/page.ts';
import { browserOf } from './browser.ts';

const tags = ['sessions'];
const Session = z.object({
  id: z.string(),
  createdAt: z.string(),
  lastSeenAt: z.string(),
  ip: z.string(),
  browser: z.string(),
  current: z.boolean(),
});
const Own = z.object({
  login: z.string(),
  name: z.string(),
  email: z.string().nullable(),
  grants: z.array(z.object({ role: z.string(), region: z.string() })),
  sessions: z.array(Session),
});
const PasswordForm = z.object({
  currentPassword: z.string().min(1).max(400),
  newPassword: z.string().min(1).max(400),
  repeatPassword: z.string().min(1).max(400),
});
/** The others stand in the list of substitutes. */
const SUBSTITUTIONS_SHOWN = 20;
const Ended = z.object({ sessions: z.number().int() });

export function ownAccountRoutes(counter: Counter): void {
  const desk = passwordDesk(counter.deps.db);

  const show = async (
    { db, actor, req, t, locale }: Context<unknown, unknown, unknown>,
    more: Record<string, unknown> = {},
  ): Promise<Reply> => {
    const session = visitOf(req).session;
    const officer = hasRole(actor, ...officerRoles);
    const [account, sessions, regions, { lines, next }] = await Promise.all([
      getOwnAccount(db, actor.userId),
      listSessionsOf(db, actor.userId, session?.idHash),
      listRegionsOf(db, actor),
      officer ? listSubstitutions(db, { userId: actor.userId, size: SUBSTITUTIONS_SHOWN }) : { lines: [], next: undefined },
    ]);
    const names = new Map(regions.map((region) => [region.code, locale === 'en' ? region.nameEn : region.nameZh]));
    const sessionLines = sessions.map((line) => ({ ...line, browser: browserOf(line.userAgent) || t('account.program') }));
    const view = {
      login: account.login,
      name: account.name,
      email: account.email ?? '',
      workplace: session ? workplaceLabel(session.workplace, locale) : '',
      roleLabels: actor.grants
        .map((grant) => `${t(`common.roles.${grant.role}`)} · ${names.get(grant.region) ?? grant.region}`)
        .join(t('common.listSeparator')),
      hasPassword: account.passwordHash !== undefined,
      passwordChangedAt: account.passwordChangedAt,
      officer,
      substitutions: lines.map((line) => substitutionView(line, actor, t, locale)),
      moreSubstitutions: next !== undefined,
      sessions: sessionLines,
      others: sessionLines.filter((line) => !line.current).length,
      ...more,
    };
    return page('account/show', view, {
      nav: 'account',
      json: {
        login: account.login,
        name: account.name,
        email: account.email,
        grants: actor.grants.map(({ role, region }) => ({ role, region })),
        sessions: sessionLines.map(({ id, createdAt, lastSeenAt, ip, browser, current }) => ({
          id,
          createdAt: createdAt.toISOString(),
          lastSeenAt: lastSeenAt.toISOString(),
          ip,
          browser,
          current,
        })),
      },
    });
  };

  route(counter, {
    method: 'get',
    path: '/account',
    summary: 'The own account and its sessions',
    tags,
    access: 'signed-in',
    response: Own,
    handle: (context) => show(context),
  });

  route(counter, {
    method: 'post',
    path: '/account/password',
    summary: 'Change the own password; every other session ends',
    tags,
    access: 'signed-in',
    body: PasswordForm,
    response: Ended,
    errors: [429],
    handle: async ({ db, actor, body, req, request }) => {
      // The digest of a request must not hold a password, not even as a hash.
      const once = request && { ...request, digest: requestDigest('post', '/account/password') };
      const done = once && (await findAnswer<{ sessions: number }>(db, once));
      if (done) return redirect('/account', { json: done });
      const account = await getOwnAccount(db, actor.userId);
      // Apart from attempts to sign in: who is in is not kept from a new password by whoever guesses the old one.
      const door = { kind: 'own', key: actor.userId } as const;
      await desk.admit(door, req.ip ?? '');
      if (!(await desk.verify(account.passwordHash, body.currentPassword))) {
        await auditOutside(db, actor.userId, { act: 'session.refuse', subject: 'password' });
        throw inputError('currentPassword', 'password.wrong');
      }
      await desk.forgive(door, req.ip ?? '');
      const fault = passwordFault(body.newPassword, account);
      if (fault) throw inputError('newPassword', fault);
      if (body.newPassword === body.currentPassword) throw inputError('newPassword', 'password.same');
      if (body.newPassword !== body.repeatPassword) throw inputError('repeatPassword', 'password.repeat');
      const change = {
        passwordHash: await desk.hash(body.newPassword),
        before: account.passwordHash ?? '',
        keep: visitOf(req).session?.idHash,
      };
      const ended = await changePassword(db, actor.userId, change, once);
      return redirect('/account', { json: ended, flash: { key: 'account.changed', params: { n: ended.sessions, count: ended.sessions } } });
    },
    onInvalid: (context, issues) => show(context, { issues }),
  });

  route(counter, {
    method: 'post',
    path: '/account/sessions/:id/end',
    summary: 'End one of the own sessions',
    tags,
    access: 'signed-in',
    params: z.object({ id: z.string().regex(/^[0-9a-f]{24}$/) }),
    response: Ended,
    handle: async ({ db, actor, params, req, res, config }) => {
      const own = visitOf(req).session?.idHash.subarray(0, 12).toString('hex') === params.id;
      await inTransaction(db, async (trx) => {
        if (!(await endOwnSession(trx, actor.userId, params.id))) throw new ConflictError('session.over');
        await auditOutside(trx, actor.userId, { act: 'session.end', subject: 'account', detail: { sessions: 1 } });
      });
      if (own) clearCookie(res, 'session', config);
      return redirect(own ? '/' : '/account', { json: { sessions: 1 }, flash: 'account.ended' });
    },
  });

  route(counter, {
    method: 'post',
    path: '/account/sessions/end-others',
    summary: 'End every own session but this one',
    tags,
    access: 'signed-in',
    response: Ended,
    handle: async ({ db, actor, req }) => {
      const session = visitOf(req).session;
      if (!session) throw new NotFoundError('page');
      const sessions = await inTransaction(db, async (trx) => {
        const ended = await endSessionsOf(trx, actor.userId, session.idHash);
        await auditOutside(trx, actor.userId, { act: 'session.end', subject: 'account', detail: { sessions: ended } });
        return ended;
      });
      return redirect('/account', { json: { sessions }, flash: 'account.othersEnded' });
    },
  });
}
