/** What is on record of a class, as its own tabs and the page of a case show it: the answers of the registers with the reviews, and the money. */
import type { Knex } from 'knex';
import type { Actor } from '../../db/accounts/users.ts';
import { getPolicyPack } from '../../db/catalogue/policy-packs.ts';
import { listRoster } from '../../db/roster/roster.ts';
import { listReviewSignatures } from '../../db/views/classes/class-reviews.ts';
import { type CheckRow, listChecks, listClassEntries, listClassLines } from '../../db/views/classes/class-record.ts';
import type { ClassHead } from '../../db/views/classes/classes.ts';
import { subjectNumberOf } from '../../workflows/domain/procedures.ts';
import { formatYuan } from '../../workflows/domain/money/money.ts';
import type { Locale, Translate, Words } from '../pages/i18n.ts';
import { rosterLineView } from '../roster/page.ts';
import { isPassedOn } from '../../workflows/domain/tasks.ts';
import { decidedLabel, stepLabel } from '../tasks/words.ts';

type Speech = { db: Knex; t: Translate; words: Words };

export async function loadChecks({ db, actor, t, words }: Speech & { actor: Actor }, head: ClassHead) {
  const [checks, pre, filing] = await Promise.all([
    listChecks(db, head.id),
    head.procedure ? listReviewSignatures(db, head.procedure.id, 'pre_training') : [],
    head.procedure ? listReviewSignatures(db, head.procedure.id, 'filing') : [],
  ]);
  const outside = actor.institutionId !== undefined;
  const reviews = [...pre, ...filing].map((review) => ({
    step: stepLabel(words, t, { step: review.step, role: 'first_reviewer' }),
    ...(outside && isPassedOn(review.outcome, review.proposes)
      ? { outcome: t('classes.passedOn'), tone: '', reason: '' }
      : {
          outcome: decidedLabel(words, t, 'review', review.outcome),
          tone: reviewTones[review.outcome] ?? 'red',
          reason: review.reason,
        }),
    name: review.name,
    at: review.at,
  }));
  const view = {
    number: head.number,
    office: !outside,
    registers: registersOf(head, checks, t),
    open: checks.filter((check) => check.result !== 'yes' && check.status === 'enrolled').map((check) => openView(check, t)),
    reviews,
  };
  return { checks, view };
}

export async function loadMoney({ db, t, words, locale }: Speech & { locale: Locale }, head: ClassHead) {
  const [roster, lines, entries, pack] = await Promise.all([
    listRoster(db, head.id),
    listClassLines(db, head.id),
    listClassEntries(db, head.id),
    getPolicyPack(db, head.pack_id),
  ]);
  const people = roster.filter((line) => line.status === 'enrolled').map((line) => rosterLineView(line, { t, locale, words: words }));
  const view = {
    headcount: head.headcount,
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
    entries: entries.map((entry) => ({
      ...entry,
      referenceLabel: subjectNumberOf(entry.reference),
      label: t(`classes.entry.${entry.kind}`),
    })),
    paidFen: lines.filter((line) => line.status === 'paid').reduce((sum, line) => sum + line.amount_fen, 0),
    pack: { id: pack.id, name: locale === 'en' ? pack.name.en : pack.name.zh, source: pack.source },
  };
  return { people, lines, entries, pack, view };
}

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

export function checkJson(check: CheckRow) {
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
