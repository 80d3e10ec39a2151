/** The other tabs of a class: checks, money, papers, timeline. */
import { z } from 'zod';
import { getPolicyPack } from '../../db/catalogue/policy-packs.ts';
import { listRoster } from '../../db/roster/roster.ts';
import { listReviewSignatures } from '../../db/views/classes/class-reviews.ts';
import {
  type CheckRow,
  listChecks,
  listClassEntries,
  listClassLines,
  listClassPapers,
  listClassTimeline,
} from '../../db/views/classes/class-record.ts';
import { type ClassHead, getClassHead } from '../../db/views/classes/classes.ts';
import { rosterLineView } from '../roster/page.ts';
import type { Translate } from '../pages/i18n.ts';
import { readsMessages } from '../../workflows/domain/training/message.ts';
import { formatYuan } from '../../workflows/domain/money/money.ts';
import { page } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';
import { outcomeLabel, stepLabel } from '../tasks/words.ts';
import { headView } from './head.ts';
import { ClassParams } from './schemas.ts';
import { timelineView } from './timeline.ts';

export function classTabRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/classes/:number/checks',
    summary: 'What the registers answered about the trainees, and who reviewed what',
    tags: ['classes'],
    access: 'signed-in',
    params: ClassParams,
    handle: async ({ db, actor, params, t, locale, deps }) => {
      const head = await getClassHead(db, actor, params.number);
      const [checks, pre, filing] = await Promise.all([
        listChecks(db, head.id),
        head.procedure ? listReviewSignatures(db, head.procedure.id, 'pre_training') : [],
        head.procedure ? listReviewSignatures(db, head.procedure.id, 'filing') : [],
      ]);
      // What is proposed inside the office goes out only as the approver's decision.
      const proposal = (outcome: string) => actor.institutionId !== undefined && outcome === 'propose_refusal';
      const reviews = [...pre, ...filing].map((review) => ({
        step: stepLabel(deps.words, t, { step: review.step, role: 'first_reviewer' }),
        ...(proposal(review.outcome)
          ? { outcome: t('classes.passedOn'), tone: '', reason: '' }
          : {
              outcome: outcomeLabel(deps.words, t, 'review', review.outcome),
              tone: reviewTones[review.outcome] ?? 'red',
              reason: review.reason,
            }),
        name: review.name,
        at: review.at,
      }));
      return page(
        'classes/checks',
        {
          ...headView(head, 'checks', { actor, t, locale }),
          office: actor.institutionId === undefined,
          class: head,
          registers: registersOf(head, checks, t),
          open: checks.filter((check) => check.result !== 'yes' && check.status === 'enrolled').map((check) => openView(check, t)),
          reviews,
        },
        {
          nav: 'classes',
          json: {
            checks: checks.map(checkJson),
            reviews: reviews.map(({ step, outcome, name, at, reason }) => ({ step, outcome, name, at, reason })),
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
    handle: async ({ db, actor, params, t, locale, deps }) => {
      const head = await getClassHead(db, actor, params.number);
      const [roster, lines, entries, pack] = await Promise.all([
        listRoster(db, head.id),
        listClassLines(db, head.id),
        listClassEntries(db, head.id),
        getPolicyPack(db, head.pack_id),
      ]);
      const people = roster
        .filter((line) => line.status === 'enrolled')
        .map((line) => rosterLineView(line, { t, locale, words: deps.words }));
      return page(
        'classes/money',
        {
          ...headView(head, 'money', { actor, t, locale }),
          class: head,
          groups: groupsOf(people),
          claimed: head.application ? formatYuan(head.application.total_fen) : '—',
          claimedDetail: head.application ? t(`classes.application.${head.application.application_status}`) : t('classes.money.notClaimed'),
          approved: head.application?.approved_fen ? formatYuan(head.application.approved_fen) : '—',
          paidTone: lines.some((line) => line.status === 'paid') ? 'green' : '',
          totalFen: people.reduce((sum, person) => sum + (person.amountFen ?? 0), 0),
          application: head.application && { number: head.application.number },
          lines: lines.map((line) => ({
            ...line,
            percent: Number(line.percent),
            label: t(`classes.lineStatus.${line.status}`),
            tone: lineTones[line.status] ?? '',
          })),
          entries: entries.map((entry) => ({ ...entry, label: t(`classes.entry.${entry.kind}`) })),
          paidFen: lines.filter((line) => line.status === 'paid').reduce((sum, line) => sum + line.amount_fen, 0),
          pack: { id: pack.id, name: locale === 'en' ? pack.name.en : pack.name.zh, source: pack.source },
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
    handle: async ({ db, actor, params, t, locale }) => {
      const head = await getClassHead(db, actor, params.number);
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
    handle: async ({ db, actor, params, query, t, locale, deps }) => {
      const head = await getClassHead(db, actor, params.number);
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
      const items = shown.map((line) => timelineView(line, t, deps.words, actor.institutionId !== undefined));
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
const reviewTones: Record<string, string> = { approve: 'green', return: 'amber' };
const lineTones: Record<string, string> = {
  claimed: 'blue',
  approved: 'blue',
  in_batch: 'blue',
  sent: 'amber',
  paid: 'green',
  failed: 'red',
};
const resultTones: Record<string, string> = { yes: 'green', no: 'red', contradictory: 'red', none: 'amber', settled: '' };

function checkJson(check: CheckRow) {
  return {
    seat: check.seat,
    register: check.register,
    result: check.result,
    askedAt: check.asked_at,
    answeredAt: check.answered_at,
    settledBy: check.settled_by,
    settledReason: check.settled_reason,
  };
}

/** One row a register: how it answered, and whom it has not answered about. */
function registersOf(head: ClassHead, checks: readonly CheckRow[], t: Translate) {
  return (['identity', 'insurance', 'duplicate', 'certificate'] as const).map((register) => {
    const own = checks.filter((check) => check.register === register && check.status === 'enrolled');
    const counts = Object.keys(resultTones)
      .map((result) => ({ result, n: own.filter((check) => (check.settled_at ? 'settled' : check.result) === result).length }))
      .filter(({ n }) => n > 0);
    const latest = own.reduce<Date | null>(
      (found, check) => (check.answered_at && (!found || check.answered_at > found) ? check.answered_at : found),
      null,
    );
    const unasked = register === 'certificate' ? 0 : head.headcount - own.length;
    return {
      title: t(`classes.register.${register}`),
      detail: t(`classes.registerWhat.${register}`),
      results: [
        ...counts.map(({ result, n }) => ({ label: t(`tasks.evidence.register.${result}`, { n }), tone: resultTones[result] })),
        ...(unasked > 0 && own.length > 0 ? [{ label: t('tasks.evidence.register.unasked', { n: unasked }), tone: 'amber' }] : []),
        ...(own.length === 0 ? [{ label: t('classes.notAskedYet'), tone: '' }] : []),
      ],
      at: latest,
    };
  });
}

function openView(check: CheckRow, t: Translate) {
  return {
    seat: check.seat,
    name: check.name,
    idMasked: check.id_masked,
    register: t(`classes.register.${check.register}`),
    label: t(`classes.result.${check.settled_at ? 'settled' : check.result}`),
    tone: resultTones[check.settled_at ? 'settled' : check.result],
    at: check.answered_at ?? check.asked_at,
    answered: check.answered_at !== null,
    settledBy: check.settled_by,
    reason: check.settled_reason,
  };
}

type Person = ReturnType<typeof rosterLineView>;

/** People with the same formula and source in one row. */
function groupsOf(people: readonly Person[]) {
  const groups = new Map<
    string,
    {
      group: string;
      n: number;
      standardFen: number | undefined;
      percent: number | undefined;
      formula: string;
      source: string;
      unsourced: boolean;
      amountFen: number | null;
      sumFen: number;
      eligible: number;
      lines: Person['lines'];
    }
  >();
  for (const person of people) {
    const key = `${person.groupCode} ${person.formula}`;
    const known = groups.get(key);
    const { group, standardFen, percent, formula, source, unsourced, amountFen, lines } = person;
    if (!known)
      groups.set(key, {
        group,
        n: 1,
        standardFen,
        percent,
        formula,
        source,
        unsourced,
        amountFen,
        sumFen: amountFen ?? 0,
        eligible: Number(person.eligible),
        lines,
      });
    else {
      known.n += 1;
      known.sumFen += amountFen ?? 0;
      known.eligible += Number(person.eligible);
    }
  }
  return [...groups.values()].sort((a, b) => b.sumFen - a.sumFen);
}
