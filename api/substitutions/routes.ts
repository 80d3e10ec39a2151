/** Substitutes: who acts for whom, until when; named by the principal, or by the supervisor for somebody who is away. */
import { z } from 'zod';
import {
  listCandidatesFor,
  listLendings,
  listSubstitutions,
  longestSubstitutionDays,
  nameSubstitute,
  revokeSubstitution,
} from '../../db/accounts/substitutions.ts';
import { pathsOf } from '../../db/accounts/accounts.ts';
import { addDays } from '../../workflows/domain/calendar/calendar.ts';
import { officerRoles } from '../../workflows/domain/roles.ts';
import { nextCursor, pagerOf, readTimeCursor } from '../http/cursors.ts';
import { Cursor } from '../http/fields.ts';
import { page, type Reply, redirect } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import { substitutionJson, substitutionView } from './page.ts';
import { NewSubstitution, Substitution } from './schemas.ts';

const tags = ['substitutes'];
const SHOWN = 50;
const Principal = z.object({ principal: z.uuid().optional() });

export function substitutionRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/substitutions',
    summary: 'Substitutions in force or to come: the own ones and, for supervisors, those of the own regions',
    tags,
    access: officerRoles,
    query: z.object({ after: Cursor }),
    response: z.object({ substitutions: z.array(Substitution), next: z.string().nullable() }),
    handle: async ({ db, actor, query, t, locale }) => {
      const found = { userId: actor.userId, paths: pathsOf(actor, 'supervisor'), after: readTimeCursor(query.after), size: SHOWN };
      const { lines, next: following } = await listSubstitutions(db, found);
      const next = nextCursor(following);
      const view = {
        substitutions: lines.map((line) => substitutionView(line, actor, t, locale)),
        ...pagerOf('/substitutions', query, { next }),
      };
      return page('substitutions/index', view, { nav: 'account', json: { substitutions: lines.map(substitutionJson), next } });
    },
  });

  const form = async (
    { db, actor, instant, t, locale }: Context<unknown, unknown, unknown>,
    principal: string,
    more: Record<string, unknown> = {},
  ): Promise<Reply> => {
    const { name, lendings } = await listLendings(db, actor, principal);
    const forms = await Promise.all(
      lendings.map(async ({ role, region, path, officeZh, officeEn }) => ({
        role,
        region,
        heading: `${t(`common.roles.${role}`)} · ${locale === 'en' ? officeEn : officeZh}`,
        options: (await listCandidatesFor(db, principal, role, { code: region, path })).map((one) => ({
          value: one.id,
          label: t('substitutions.candidate', { name: one.name, office: locale === 'en' ? one.officeEn : one.officeZh, n: one.open }),
        })),
      })),
    );
    const view = {
      name,
      own: principal === actor.userId,
      principal,
      forms,
      today: instant.today,
      week: addDays(instant.today, 6),
      longest: addDays(instant.today, longestSubstitutionDays - 1),
      ...more,
    };
    return page('substitutions/new', view, { nav: 'account' });
  };

  route(counter, {
    method: 'get',
    path: '/substitutions/new',
    summary: 'The form to name a substitute',
    tags,
    access: officerRoles,
    query: Principal,
    errors: [404],
    handle: (context) => form(context, context.query.principal ?? context.actor.userId),
  });

  route(counter, {
    method: 'post',
    path: '/substitutions',
    summary: 'Name a substitute of the same role for a period: for oneself, or as supervisor for somebody who is away',
    tags,
    access: officerRoles,
    body: NewSubstitution,
    response: z.object({ substitutionId: z.uuid(), substitute: z.string() }),
    creates: true,
    handle: async ({ db, actor, body, request }) => {
      const named = await nameSubstitute(db, actor, body, request);
      return redirect('/substitutions', {
        json: named,
        status: 201,
        flash: { key: 'substitutions.named', params: { name: named.substitute } },
      });
    },
    onInvalid: (context, issues, entered) => {
      const principal = Principal.safeParse(entered).data?.principal;
      return form(context, principal ?? context.actor.userId, { issues, entered });
    },
  });

  route(counter, {
    method: 'post',
    path: '/substitutions/:id/revoke',
    summary: 'End a substitution at once; what the substitute has goes back to the principal',
    tags,
    access: officerRoles,
    params: z.object({ id: z.uuid() }),
    response: z.object({ tasks: z.number().int() }),
    errors: [409],
    handle: async ({ db, actor, params, request }) => {
      const { tasks } = await revokeSubstitution(db, actor, params.id, request);
      return redirect('/substitutions', {
        json: { tasks },
        flash: { key: 'substitutions.revoked', params: { n: tasks, count: tasks } },
      });
    },
  });
}
