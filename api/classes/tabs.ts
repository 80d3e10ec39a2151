/** The other tabs of a class: checks, money, papers, timeline. */
import { z } from 'zod';
import { listClassPapers, listClassTimeline } from '../../db/views/classes/class-record.ts';
import { readsMessages } from '../../workflows/domain/classes/message.ts';
import { page } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';
import { getTabHead, headView } from './head.ts';
import { checkJson, loadChecks, loadMoney } from './record.ts';
import { ClassChecks, ClassMoney, ClassPapers, ClassTimeline } from './record-schemas.ts';
import { ClassParams } from './schemas.ts';
import { labelOfficesOf } from '../../workflows/domain/labels.ts';
import { timelineView } from './timeline.ts';

export function classTabRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/classes/:number/checks',
    summary: 'What the registers answered about the trainees, and who reviewed what',
    tags: ['classes'],
    access: 'signed-in',
    params: ClassParams,
    response: ClassChecks,
    handle: async ({ db, actor, params, t, locale, deps }) => {
      const head = await getTabHead(db, actor, params.number, 'checks');
      const { checks, view } = await loadChecks({ db, actor, t, words: deps.words }, head);
      return page(
        'classes/checks',
        {
          ...headView(head, 'checks', { actor, t, locale }),
          class: head,
          ...view,
        },
        {
          nav: 'classes',
          json: {
            checks: checks.map(checkJson),
            reviews: view.reviews.map(({ step, outcome, name, at, reason }) => ({ step, outcome, name, at, reason })),
          },
        },
      );
    },
  });

  route(counter, {
    method: 'get',
    path: '/classes/:number/money',
    summary:
      'What the trainees of a class are worth, what was claimed, approved and paid, each amount with its standard, percentage and source',
    tags: ['classes'],
    access: 'signed-in',
    params: ClassParams,
    response: ClassMoney,
    handle: async ({ db, actor, params, t, locale, deps }) => {
      const head = await getTabHead(db, actor, params.number, 'money');
      const { people, lines, entries, pack, view } = await loadMoney({ db, t, locale, words: deps.words }, head);
      return page(
        'classes/money',
        {
          ...headView(head, 'money', { actor, t, locale }),
          class: head,
          ...view,
        },
        {
          nav: 'classes',
          json: {
            packId: pack.id,
            trainees: people.map((person) => ({
              seat: person.seat,
              amountFen: person.amountFen,
              standardFen: person.standardFen,
              percent: person.percent,
              formula: person.formula,
              source: person.source,
            })),
            application: head.application
              ? {
                  number: head.application.number,
                  status: head.application.application_status,
                  totalFen: head.application.total_fen,
                  approvedFen: head.application.approved_fen,
                }
              : null,
            lines: lines.map((line) => ({
              seat: line.seat,
              amountFen: line.amount_fen,
              standardFen: line.standard_fen,
              percent: Number(line.percent),
              status: line.status,
              reason: line.status_reason,
              paidAt: line.paid_at,
            })),
            entries: entries.map((entry) => ({ kind: entry.kind, reference: entry.reference, at: entry.at, amountFen: entry.amount_fen })),
          },
        },
      );
    },
  });

  route(counter, {
    method: 'get',
    path: '/classes/:number/papers',
    summary: 'Papers and public lists of a class',
    tags: ['classes', 'papers'],
    access: 'signed-in',
    params: ClassParams,
    response: ClassPapers,
    handle: async ({ db, actor, params, t, locale }) => {
      const head = await getTabHead(db, actor, params.number, 'papers');
      const { papers, disclosures } = await listClassPapers(db, head.id, actor.institutionId !== undefined);
      return page(
        'classes/papers',
        {
          ...headView(head, 'papers', { actor, t, locale }),
          class: head,
          rows: papers.map((paper) => ({ ...paper, label: t(`papers.kinds.${paper.kind}`) })),
          disclosures: disclosures.map((line) => ({ ...line, label: t(`tasks.lists.${line.list}`) })),
        },
        {
          nav: 'classes',
          json: {
            papers: papers.map((paper) => ({
              id: paper.id,
              kind: paper.kind,
              number: paper.number,
              issuedAt: paper.issued_at,
              signatory: paper.signatory,
            })),
            disclosures: disclosures.map((line) => ({
              number: line.number,
              list: line.list,
              publishedAt: line.published_at,
              dueDate: line.due_date,
              status: line.status,
            })),
          },
        },
      );
    },
  });

  route(counter, {
    method: 'get',
    path: '/classes/:number/timeline',
    summary: 'Everything that happened to a class, newest first',
    tags: ['classes'],
    access: 'signed-in',
    params: ClassParams,
    query: z.object({ before: z.coerce.number().int().positive().optional() }),
    response: ClassTimeline,
    handle: async ({ db, actor, params, query, t, locale, deps }) => {
      const head = await getTabHead(db, actor, params.number, 'timeline');
      const lines = await listClassTimeline(db, {
        classId: head.id,
        number: head.number,
        before: query.before,
        limit: TIMELINE + 1,
        outside: actor.institutionId !== undefined,
        withMessages: readsMessages(actor, head),
        withReadings: true,
      });
      const shown = lines.slice(0, TIMELINE);
      const next = lines.length > TIMELINE ? shown.at(-1)?.id : undefined;
      const items = shown.map((line) => timelineView(line, t, deps.words, actor.institutionId !== undefined, labelOfficesOf(actor)));
      return page(
        'classes/timeline',
        {
          ...headView(head, 'timeline', { actor, t, locale }),
          class: head,
          items,
          nextHref: next ? `?before=${next}` : undefined,
          firstHref: query.before ? `/classes/${head.number}/timeline` : undefined,
        },
        {
          nav: 'classes',
          json: { events: items.map(({ at, act, title, name, reason }) => ({ at, act, title, name, reason })), next: next ?? null },
        },
      );
    },
  });
}

const TIMELINE = 80;
