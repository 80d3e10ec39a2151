/** Grants: one security administrator asks, another confirms; one is enough to revoke. */
import { z } from 'zod';
import { searchWords } from '../http/fields.ts';
import { listRegionsWithin, pathsOf } from '../../db/accounts/accounts.ts';
import { confirmGrant, listGrantRequests, listGrants, refuseGrant, requestGrant, revokeGrant } from '../../db/accounts/grants.ts';
import { roles } from '../../workflows/domain/roles.ts';
import { regionOptions } from '../accounts/page.ts';
import { nextCursor, pagerOf, readTimeCursor } from '../http/cursors.ts';
import { page, type Reply, redirect } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import { grantJson, grantView, requestJson, requestView } from './page.ts';
import { Grant, GrantForm, GrantParams, GrantQuery, GrantRequest, RequestParams, Revocation } from './schemas.ts';

const tags = ['administration'];
const REQUESTS_SHOWN = 50;

export function grantRoutes(counter: Counter): void {
  const list = async (
    { db, actor, locale, t }: Context<unknown, unknown, unknown>,
    query: z.output<typeof GrantQuery>,
    more: Record<string, unknown> = {},
  ): Promise<Reply> => {
    const paths = pathsOf(actor, 'security_admin');
    const [{ requests, next: following }, { grants, next }] = await Promise.all([
      listGrantRequests(db, paths, { after: readTimeCursor(query.requestsAfter), size: REQUESTS_SHOWN }),
      listGrants(db, paths, { text: query.q, role: query.role, after: query.after, size: query.size }),
    ]);
    const requestsNext = nextCursor(following);
    const { size: _size, ...asked } = query;
    const view = {
      requests: requests.map((request) => requestView(request, actor, locale)),
      grants: grants.map((grant) => grantView(grant, actor, locale)),
      filter: { q: query.q ?? '', role: query.role ?? '' },
      filtered: Boolean(query.q ?? query.role),
      roleOptions: roles.map((role) => ({ value: role, label: t(`common.roles.${role}`) })),
      requestPages: pagerOf('/admin/grants', asked, { name: 'requestsAfter', next: requestsNext, anchor: '#requests' }),
      grantPages: pagerOf('/admin/grants', asked, { next: next ?? null, anchor: '#in-force' }),
      ...more,
    };
    return page('grants/index', view, {
      nav: 'admin',
      json: { requests: requests.map(requestJson), requestsNext, grants: grants.map(grantJson), next: next ?? null },
    });
  };

  route(counter, {
    method: 'get',
    path: '/admin/grants',
    summary: 'Grants in force in the own regions, the newest first, and requests that wait for a second person',
    tags,
    access: ['security_admin'],
    query: GrantQuery,
    response: z.object({
      requests: z.array(GrantRequest),
      requestsNext: z.string().nullable(),
      grants: z.array(Grant),
      next: z.number().nullable(),
    }),
    handle: (context) => list(context, context.query),
  });

  const form = async ({ db, actor, locale, t }: Context<unknown, unknown, unknown>, more: Record<string, unknown> = {}): Promise<Reply> => {
    const regions = await listRegionsWithin(db, pathsOf(actor, 'security_admin'));
    const view = {
      login: '',
      regionOptions: regionOptions(regions, locale),
      roleOptions: roles.map((role) => ({ value: role, label: t(`common.roles.${role}`) })),
      ...more,
    };
    return page('grants/new', view, { nav: 'admin' });
  };

  route(counter, {
    method: 'get',
    path: '/admin/grants/new',
    summary: 'The form to ask for a grant',
    tags,
    access: ['security_admin'],
    query: z.object({ login: searchWords(100) }),
    handle: (context) => form(context, { login: context.query.login ?? '' }),
  });

  route(counter, {
    method: 'post',
    path: '/admin/grants',
    summary: 'Ask for a grant; another security administrator confirms it',
    tags,
    access: ['security_admin'],
    body: GrantForm,
    response: z.object({ requestId: z.string() }),
    creates: true,
    handle: async ({ db, actor, body, request }) =>
      redirect('/admin/grants', { json: await requestGrant(db, actor, body, request), status: 201, flash: 'grants.requested' }),
    onInvalid: (context, issues, entered) => form(context, { issues, entered }),
  });

  route(counter, {
    method: 'post',
    path: '/admin/grants/requests/:id/confirm',
    summary: 'Confirm what another security administrator asked for: the grant is made',
    tags,
    access: ['security_admin'],
    params: RequestParams,
    /** `passwordEnded`: it was set by a link that nobody released; the person needs a new link. */
    response: z.object({ grantId: z.number().int(), passwordEnded: z.boolean() }),
    handle: async ({ db, actor, params, request }) => {
      const json = await confirmGrant(db, actor, params.id, request);
      return redirect('/admin/grants', { json, flash: json.passwordEnded ? 'grants.confirmedAnew' : 'grants.confirmed' });
    },
    onInvalid: (context, issues) => list(context, GrantQuery.parse({}), { issues }),
  });

  route(counter, {
    method: 'post',
    path: '/admin/grants/requests/:id/refuse',
    summary: 'Refuse a request, or take the own one back',
    tags,
    access: ['security_admin'],
    params: RequestParams,
    response: z.object({ status: z.string() }),
    handle: async ({ db, actor, params, request }) => {
      const answer = await refuseGrant(db, actor, params.id, request);
      return redirect('/admin/grants', { json: answer, flash: `grants.${answer.status}` });
    },
  });

  route(counter, {
    method: 'post',
    path: '/admin/grants/:id/revoke',
    summary: 'Revoke a grant at once',
    tags,
    access: ['security_admin'],
    params: GrantParams,
    body: Revocation,
    response: z.object({ validTo: z.string() }),
    handle: async ({ db, actor, params, body, request }) =>
      redirect('/admin/grants', { json: await revokeGrant(db, actor, params.id, body.reason, request), flash: 'grants.revoked' }),
    onInvalid: (context, issues, entered) => list(context, GrantQuery.parse({}), { issues, entered }),
  });
}
