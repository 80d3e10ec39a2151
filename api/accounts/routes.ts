/** Accounts: made with a one-time set-up link, closed, opened again. A person's roles are given elsewhere, by others. */
import { z } from 'zod';
import {
  createAccount,
  deactivateAccount,
  getAccount,
  type Issued,
  listAccounts,
  listInstitutionsWithin,
  listRegionsWithin,
  pathsOf,
  reactivateAccount,
  renewSetupLink,
} from '../../db/accounts/accounts.ts';
import { listGrantRequests, listGrants } from '../../db/accounts/grants.ts';
import { liftLock, releaseLink } from '../../db/accounts/sign-in-guards.ts';
import { setupLinkHours } from '../../db/accounts/setup-links.ts';
import type { Role } from '../../workflows/domain/roles.ts';
import { hasRole } from '../../workflows/domain/scope.ts';
import { grantJson, grantView, requestJson, requestView } from '../grants/page.ts';
import { nextCursor, pagerOf, readTimeCursor } from '../http/cursors.ts';
import { page, type Reply, redirect } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import { accountJson, accountView, regionOptions } from './page.ts';
import {
  Account,
  AccountDetail,
  AccountForm,
  AccountIssued,
  AccountParams,
  AccountQuery,
  Deactivation,
  GrantsQuery,
  LinkRelease,
  Versioned,
} from './schemas.ts';

const tags = ['administration'];
const readers: readonly Role[] = ['system_admin', 'security_admin'];
const INSTITUTIONS_OFFERED = 300;
const GRANTS_SHOWN = 50;
type Asked = Context<unknown, unknown, unknown>;

export function accountRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/admin/accounts',
    summary: 'Accounts of the own regions, by login',
    tags,
    access: readers,
    query: AccountQuery,
    response: z.object({ accounts: z.array(Account), next: z.string().nullable() }),
    handle: async ({ db, actor, query, locale, t }) => {
      const { accounts, next } = await listAccounts(db, pathsOf(actor, ...readers), {
        text: query.q,
        state: query.state,
        after: query.after,
        size: query.size,
      });
      const search = (after?: string): string =>
        `/admin/accounts?${new URLSearchParams(present({ q: query.q, state: query.state, after })).toString()}`;
      const view = {
        accounts: accounts.map((account) => accountView(account, locale, t)),
        filter: { q: query.q ?? '', state: query.state ?? '' },
        filtered: Boolean(query.q ?? query.state),
        states: (['active', 'waiting', 'stale', 'locked', 'inactive'] as const).map((value) => ({
          value,
          label: t(`accounts.states.${value}`),
        })),
        mayCreate: hasRole(actor, 'system_admin'),
        nextHref: next ? search(next) : '',
        firstHref: query.after ? search() : '',
      };
      return page('accounts/index', view, { nav: 'admin', json: { accounts: accounts.map(accountJson), next: next ?? null } });
    },
  });

  const form = async ({ db, actor, locale }: Asked, more: Record<string, unknown> = {}): Promise<Reply> => {
    const paths = pathsOf(actor, 'system_admin');
    const [regions, institutions] = await Promise.all([
      listRegionsWithin(db, paths),
      listInstitutionsWithin(db, paths, INSTITUTIONS_OFFERED),
    ]);
    return page(
      'accounts/new',
      { regionOptions: regionOptions(regions, locale), institutions, hours: setupLinkHours, ...more },
      { nav: 'admin' },
    );
  };

  route(counter, {
    method: 'get',
    path: '/admin/accounts/new',
    summary: 'The form for a new account',
    tags,
    access: ['system_admin'],
    handle: (context) => form(context),
  });

  route(counter, {
    method: 'post',
    path: '/admin/accounts',
    summary: 'Make an account of an office or an institution; the answer holds its set-up link, once',
    tags,
    access: ['system_admin'],
    body: AccountForm,
    response: AccountIssued,
    creates: true,
    handle: async (context) => issued(context, await createAccount(context.db, context.actor, context.body, context.request), 201),
    onInvalid: (context, issues, entered) => form(context, { issues, entered }),
  });

  const show = async (
    { db, actor, params, locale, t }: Context<{ id: string }, unknown, unknown>,
    { asked = {}, ...more }: Record<string, unknown> & { asked?: z.output<typeof GrantsQuery> } = {},
  ): Promise<Reply> => {
    const paths = pathsOf(actor, ...readers);
    const account = await getAccount(db, paths, params.id);
    const [{ grants, next }, { requests, next: following }] = await Promise.all([
      listGrants(db, paths, { userId: account.id, after: asked.after, size: GRANTS_SHOWN }),
      listGrantRequests(db, paths, { userId: account.id, after: readTimeCursor(asked.requestsAfter), size: GRANTS_SHOWN }),
    ]);
    const requestsNext = nextCursor(following);
    const here = `/admin/accounts/${account.id}`;
    const mayManage = hasRole(actor, 'system_admin') && account.id !== actor.userId;
    const mayGrant = hasRole(actor, 'security_admin');
    const view = {
      title: account.name,
      account: accountView(account, locale, t),
      grants: grants.map((grant) => grantView(grant, actor, locale)),
      requests: requests.map((request) => requestView(request, actor, locale)),
      requestPages: pagerOf(here, asked, { name: 'requestsAfter', next: requestsNext, anchor: '#grants' }),
      grantPages: pagerOf(here, asked, { next: next ?? null, anchor: '#grants' }),
      mayManage,
      mayGrant: mayGrant && account.id !== actor.userId && account.active,
      mayUnlock: mayGrant && account.id !== actor.userId && (account.lockedUntil ?? account.knownLockedUntil) !== null,
      mayRelease: mayGrant && account.id !== actor.userId && account.linkUnreleased,
      own: account.id === actor.userId,
      ...more,
    };
    const json = {
      ...accountJson(account),
      requests: requests.map(requestJson),
      requestsNext,
      grants: grants.map(grantJson),
      next: next ?? null,
    };
    return page('accounts/show', view, { nav: 'admin', json });
  };

  route(counter, {
    method: 'get',
    path: '/admin/accounts/:id',
    summary: 'One account with its grants',
    tags,
    access: readers,
    params: AccountParams,
    query: GrantsQuery,
    response: AccountDetail,
    handle: (context) => show(context, { asked: context.query }),
  });

  route(counter, {
    method: 'post',
    path: '/admin/accounts/:id/deactivate',
    summary: 'Close an account: its sessions and its link end, its tasks go back to the queue',
    tags,
    access: ['system_admin'],
    params: AccountParams,
    body: Deactivation,
    response: z.object({ sessions: z.number().int(), tasks: z.number().int() }),
    handle: async ({ db, actor, params, body, request }) => {
      const ended = await deactivateAccount(db, actor, params.id, body, request);
      return redirect(`/admin/accounts/${params.id}`, { json: ended, flash: { key: 'accounts.deactivated', params: ended } });
    },
    onInvalid: (context, issues, entered) => show(context, { issues, entered }),
  });

  route(counter, {
    method: 'post',
    path: '/admin/accounts/:id/reactivate',
    summary: 'Open a closed account again',
    tags,
    access: ['system_admin'],
    params: AccountParams,
    body: Versioned,
    response: z.object({ accountId: z.string() }),
    handle: async ({ db, actor, params, body, request }) => {
      await reactivateAccount(db, actor, params.id, body, request);
      return redirect(`/admin/accounts/${params.id}`, { json: { accountId: params.id }, flash: 'accounts.reactivated' });
    },
  });

  route(counter, {
    method: 'post',
    path: '/admin/accounts/:id/unlock',
    summary: 'Lift the locks that wrong passwords have put on an account, also in browsers and networks of the person',
    tags,
    access: ['security_admin'],
    params: AccountParams,
    response: z.object({ accountId: z.string() }),
    handle: async ({ db, actor, params, request }) =>
      redirect(`/admin/accounts/${params.id}`, { json: await liftLock(db, actor, params.id, request), flash: 'accounts.unlocked' }),
  });

  route(counter, {
    method: 'post',
    path: '/admin/accounts/:id/link/release',
    summary: 'Release the set-up link of an account, whose person has it in hand',
    tags,
    access: ['security_admin'],
    params: AccountParams,
    body: LinkRelease,
    response: z.object({ accountId: z.string() }),
    handle: async ({ db, actor, params, body, request }) => {
      const json = await releaseLink(db, actor, params.id, body.link, request);
      return redirect(`/admin/accounts/${params.id}`, { json, flash: 'accounts.released' });
    },
  });

  route(counter, {
    method: 'post',
    path: '/admin/accounts/:id/link',
    summary: 'A new set-up link (password reset); the earlier one is dead',
    tags,
    access: ['system_admin'],
    params: AccountParams,
    body: Versioned,
    response: AccountIssued,
    handle: async (context) =>
      issued(context, await renewSetupLink(context.db, context.actor, context.params.id, context.body, context.request), 200),
  });
}

/** Shown here and nowhere else: the answer to the form is the page itself, because a redirect would have to carry the link. */
async function issued(context: Asked, { accountId, token }: Issued, status: number): Promise<Reply> {
  const { db, actor, config, req, locale, t } = context;
  const account = await getAccount(db, pathsOf(actor, 'system_admin'), accountId);
  const origin = config.publicUrl ? new URL(config.publicUrl).origin : `${req.protocol}://${req.get('host') ?? 'localhost'}`;
  const link = token ? `${origin}/set-up/${token}` : null;
  return page(
    'accounts/link',
    { account: accountView(account, locale, t), link, hours: setupLinkHours },
    { nav: 'admin', status, json: { id: accountId, setUpLink: link, hours: setupLinkHours } },
  );
}

function present(values: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
