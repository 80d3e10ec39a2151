/** Security settings: read by the three administrators, asked for by one security administrator, put in force by another one. */
import { z } from 'zod';
import {
  confirmSecurity,
  listSecurityVersions,
  refuseSecurity,
  requestSecurity,
  type SecurityVersion,
  setsSecurity,
} from '../../db/accounts/security-settings.ts';
import type { Actor } from '../../db/accounts/users.ts';
import { securityFields, securityLimits } from '../../workflows/domain/people/security.ts';
import { nextCursor, pagerOf, readTimeCursor } from '../http/cursors.ts';
import { page, type Reply, redirect } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import type { Translate } from '../pages/i18n.ts';
import { Security, SecurityForm, SecurityParams, SecurityQuery } from './schemas.ts';

const tags = ['administration'];
const EARLIER_SHOWN = 20;

export function securityRoutes(counter: Counter): void {
  const show = async (
    { db, actor, t }: Context<unknown, unknown, unknown>,
    { after, ...more }: Record<string, unknown> & { after?: string | undefined } = {},
  ): Promise<Reply> => {
    const { inForce, waiting, earlier, next } = await listSecurityVersions(db, { after: readTimeCursor(after), size: EARLIER_SHOWN });
    const cursor = nextCursor(next);
    const view = {
      inForce: versionView(inForce, t),
      lines: securityFields.map((name) => ({
        name,
        label: t(`security.fields.${name}.label`),
        hint: t(`security.fields.${name}.hint`, securityLimits[name]),
        unit: t(`security.fields.${name}.unit`),
        value: inForce[name],
        shown: figureWords(name, inForce[name], t),
        wanted: waiting && waiting[name] !== inForce[name] ? figureWords(name, waiting[name], t) : undefined,
        ...securityLimits[name],
      })),
      waiting: waiting && { ...waiting, ...actsOn(waiting, actor) },
      earlier: earlier.map((version) => versionView(version, t)),
      maySet: setsSecurity(actor),
      ...pagerOf('/admin/security', { after }, { next: cursor, anchor: '#earlier' }),
      ...more,
    };
    return page('security/index', view, {
      nav: 'admin',
      json: {
        inForce: versionJson(inForce),
        waiting: waiting ? versionJson(waiting) : null,
        earlier: earlier.map(versionJson),
        next: cursor,
        limits: securityLimits,
      },
    });
  };

  route(counter, {
    method: 'get',
    path: '/admin/security',
    summary: 'Settings of sessions, passwords, locks and idle accounts: in force, waiting for a second person, earlier ones',
    tags,
    access: ['system_admin', 'security_admin', 'audit_admin'],
    query: SecurityQuery,
    response: Security,
    handle: (context) => show(context, { after: context.query.after }),
  });

  route(counter, {
    method: 'post',
    path: '/admin/security',
    summary: 'Ask for other security settings; another security administrator puts them in force',
    tags,
    access: ['security_admin'],
    body: SecurityForm,
    response: z.object({ requestId: z.string() }),
    creates: true,
    handle: async ({ db, actor, body, request }) =>
      redirect('/admin/security', { json: await requestSecurity(db, actor, body, request), status: 201, flash: 'security.requested' }),
    onInvalid: (context, issues, entered) => show(context, { issues, entered }),
  });

  route(counter, {
    method: 'post',
    path: '/admin/security/:id/confirm',
    summary: 'Put in force what another security administrator asked for',
    tags,
    access: ['security_admin'],
    params: SecurityParams,
    response: z.object({ status: z.string() }),
    handle: async ({ db, actor, params, request }) =>
      redirect('/admin/security', { json: await confirmSecurity(db, actor, params.id, request), flash: 'security.confirmed' }),
  });

  route(counter, {
    method: 'post',
    path: '/admin/security/:id/refuse',
    summary: 'Refuse other security settings, or take the own request back',
    tags,
    access: ['security_admin'],
    params: SecurityParams,
    response: z.object({ status: z.string() }),
    handle: async ({ db, actor, params, request }) => {
      const answer = await refuseSecurity(db, actor, params.id, request);
      return redirect('/admin/security', { json: answer, flash: `security.${answer.status}` });
    },
  });
}

/** Who asked may only take it back. */
function actsOn(version: SecurityVersion, actor: Actor) {
  const own = version.requestedById === actor.userId;
  return { mayConfirm: setsSecurity(actor) && !own, mayWithdraw: own };
}

function figureWords(name: (typeof securityFields)[number], value: number, t: Translate): string {
  return name === 'passwordDays' && value === 0 ? t('security.never') : `${value} ${t(`security.fields.${name}.unit`)}`;
}

function versionView(version: SecurityVersion, t: Translate) {
  return {
    ...version,
    statusLabel: t(`security.states.${version.status}`),
    figures: securityFields
      .map((name) => `${t(`security.fields.${name}.label`)} ${figureWords(name, version[name], t)}`)
      .join(t('common.listSeparator')),
  };
}

function versionJson({ requestedById: _by, ...version }: SecurityVersion) {
  return {
    ...version,
    requestedAt: version.requestedAt?.toISOString() ?? null,
    decidedAt: version.decidedAt?.toISOString() ?? null,
  };
}
