/** Whether procedures go on (运行监控), and repairs of a run: one administrator asks, another one confirms. */
import { z } from 'zod';
import { pathsOf } from '../../db/accounts/accounts.ts';
import { confirmRepair, listRepairs, refuseRepair, requestRepair } from '../../db/repairs.ts';
import { readOperations } from '../../db/views/operations.ts';
import { nextCursor, pagerOf, readTimeCursor } from '../http/cursors.ts';
import { page, type Reply, redirect } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import { operationsJson, operationsView } from './page.ts';
import { Operations, OperationsQuery, RepairForm, RepairParams } from './schemas.ts';

const tags = ['administration'];
const DECIDED_SHOWN = 10;

export function operationsRoutes(counter: Counter): void {
  const { words } = counter.deps;

  const show = async (
    { db, actor, t }: Context<unknown, unknown, unknown>,
    { after, ...more }: Record<string, unknown> & { after?: string | undefined } = {},
  ): Promise<Reply> => {
    const paths = pathsOf(actor, 'system_admin', 'security_admin', 'audit_admin');
    const [state, repairs] = await Promise.all([
      readOperations(db, paths),
      listRepairs(db, paths, { after: readTimeCursor(after), size: DECIDED_SHOWN }),
    ]);
    const next = nextCursor(repairs.next);
    const pages = {
      ...pagerOf('/admin/operations', { after }, { next, anchor: '#repairs' }),
    };
    return page('operations/index', () => ({ ...operationsView({ state, repairs, actor, t, words }), ...pages, ...more }), {
      nav: 'admin',
      json: () => ({ ...operationsJson({ state, repairs, t }), next }),
    });
  };

  route(counter, {
    method: 'get',
    path: '/admin/operations',
    summary: 'What stands still in the own regions: bells, facts, tasks, alarms, runs, mails; repairs; builds of the runs',
    tags,
    access: ['system_admin', 'security_admin', 'audit_admin'],
    query: OperationsQuery,
    response: Operations,
    handle: (context) => show(context, { after: context.query.after }),
  });

  route(counter, {
    method: 'post',
    path: '/admin/operations/repairs',
    summary: 'Ask that a run be rung or started anew; another administrator confirms',
    tags,
    access: ['system_admin'],
    body: RepairForm,
    response: z.object({ repairId: z.string() }),
    creates: true,
    errors: [404, 409],
    handle: async ({ db, actor, body, request }) =>
      redirect('/admin/operations', { json: await requestRepair(db, actor, body, request), status: 201, flash: 'operations.requested' }),
    onInvalid: (context, issues, entered) => show(context, { issues, entered }),
  });

  route(counter, {
    method: 'post',
    path: '/admin/operations/repairs/:id/confirm',
    summary: 'Confirm what another administrator asked for: the repair is carried out',
    tags,
    access: ['system_admin', 'security_admin'],
    params: RepairParams,
    response: z.object({ status: z.string() }),
    errors: [404, 409],
    handle: async ({ db, actor, params, request }) =>
      redirect('/admin/operations', { json: await confirmRepair(db, actor, params.id, request), flash: 'operations.confirmed' }),
  });

  route(counter, {
    method: 'post',
    path: '/admin/operations/repairs/:id/refuse',
    summary: 'Refuse a repair, or take the own request back',
    tags,
    access: ['system_admin', 'security_admin'],
    params: RepairParams,
    response: z.object({ status: z.string() }),
    errors: [404, 409],
    handle: async ({ db, actor, params, request }) => {
      const answer = await refuseRepair(db, actor, params.id, request);
      return redirect('/admin/operations', { json: answer, flash: `operations.${answer.status}` });
    },
  });
}
