/** What the public sees: lists for their working days, and the way to object. No sign-in. */
import { z } from 'zod';
import { businessNow } from '../../db/calendar/clock.ts';
import { getDisclosure } from '../../db/disclosures.ts';
import { findObjection, raiseObjection } from '../../db/objections.ts';
import { listDisclosures } from '../../db/views/disclosures.ts';
import { NotFoundError } from '../../workflows/domain/errors.ts';
import { createLimit } from '../http/limits/limits.ts';
import { page, redirect } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';
import { disclosureJson, disclosureView, lineJson, lineView } from './page.ts';
import { Disclosure, DisclosureFilter, DisclosureLine, NewObjection, ObjectionState } from './schemas.ts';

const Numbered = z.object({ number: z.string() });
const lists = ['plan', 'conduct', 'result', 'subsidy', 'payment'] as const;

/** An objection holds a payment: nobody raises them by the hundred. A village hall with one address still can. */
const OBJECTIONS_PER_HOUR = 30;

export function disclosureRoutes(counter: Counter): void {
  const perAddress = createLimit(counter.deps.db, {
    name: 'objection',
    points: OBJECTIONS_PER_HOUR,
    duration: 3_600,
    code: 'objection.tooMany',
  });

  route(counter, {
    method: 'get',
    path: '/disclosures',
    summary: 'Public lists, newest first',
    tags: ['disclosures'],
    access: 'public',
    query: DisclosureFilter,
    response: z.object({ disclosures: z.array(DisclosureLine), next: z.string().nullable() }),
    handle: async ({ db, query, locale }) => {
      const { lines, next } = await listDisclosures(db, { ...query, before: query.before ? new Date(query.before) : undefined });
      return page(
        'disclosures/index',
        { lines: lines.map((line) => lineView(line, locale)), next: next?.toISOString(), filter: query, lists },
        { json: { disclosures: lines.map(lineJson), next: next?.toISOString() ?? null } },
      );
    },
  });

  route(counter, {
    method: 'get',
    path: '/disclosures/:number',
    summary: 'One public list',
    tags: ['disclosures'],
    access: 'public',
    params: Numbered,
    response: Disclosure,
    handle: async ({ db, params }) => {
      const row = await getDisclosure(db, params.number);
      return page('disclosures/show', disclosureView(row, await businessNow(db)), { json: disclosureJson(row) });
    },
  });

  route(counter, {
    method: 'post',
    path: '/disclosures/:number/objections',
    summary: 'Object to a public list; holds the person named, answered within its own period',
    tags: ['objections'],
    access: 'public',
    params: Numbered,
    body: NewObjection,
    response: z.object({ receipt: z.string() }),
    creates: true,
    errors: [429],
    handle: async ({ db, vault, params, body, req, request }) => {
      await perAddress.consume(req.ip ?? '');
      const { receipt } = await raiseObjection(db, vault, { disclosureNumber: params.number, ...body }, request);
      return redirect(`/objections/${receipt}`, { json: { receipt }, status: 201, flash: 'disclosures.objectionReceived' });
    },
    onInvalid: async ({ db, params }, issues, entered) => {
      const row = await getDisclosure(db, params.number);
      return page('disclosures/show', { ...disclosureView(row, await businessNow(db)), issues, entered }, { status: 422 });
    },
  });

  route(counter, {
    method: 'get',
    path: '/objections/:receipt',
    summary: 'Where an objection stands, by its receipt',
    tags: ['objections'],
    access: 'public',
    params: z.object({ receipt: z.string() }),
    response: ObjectionState,
    handle: async ({ db, params }) => {
      const row = await findObjection(db, params.receipt);
      if (!row) throw new NotFoundError('objection.unknown');
      return page('disclosures/objection', {
        receipt: row.receipt,
        status: row.status,
        raisedAt: row.raised_at.toISOString(),
        answer: row.answer,
        decidedAt: row.decided_at?.toISOString() ?? null,
      });
    },
  });
}
