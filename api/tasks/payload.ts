/** What a decision carries besides its outcome and reason, by kind of task: only fields named here are kept with the fact. */
import { z } from 'zod';
import { freeText, line } from '../http/fields.ts';
import type { DecisionContent } from '../../db/protocol/decisions.ts';
import { InputError, inputError, type Issue } from '../../workflows/domain/errors.ts';
import { checkParts } from '../../workflows/domain/classes/correction.ts';
import { isSignature } from '../../workflows/domain/signing.ts';
import type { TaskKind } from '../../workflows/domain/task-kinds.ts';
import type { ItemAnswer, Judgement, Point } from '../../db/classes/corrections.ts';
import type { Decide, ItemAnswers } from './schemas.ts';

const inspection = z.object({
  method: z.enum(['video', 'visit', 'phone']).optional(),
  presentCount: z.coerce.number().int().min(0).max(1_000).optional(),
  remark: freeText(2_000).optional(),
  companion: line(0, 60).optional(),
});

const nothing = z.object({});

const fields = {
  account_correction: nothing,
  attendance: nothing,
  bank_answer: nothing,
  batch_check: nothing,
  batch_make: nothing,
  batch_release: nothing,
  calendar_notice: nothing,
  change_review: nothing,
  claim: nothing,
  correction: nothing,
  funds: nothing,
  inspection,
  objection_review: nothing,
  order_answer: nothing,
  order_issue: nothing,
  publish: nothing,
  rectification: z.object({ answer: freeText(4_000).optional() }),
  reinspection: inspection,
  results: nothing,
  review: nothing,
  wait: nothing,
} satisfies Record<TaskKind, z.ZodType<Record<string, unknown>>>;

/** The points that go out with a return, with what is asked at each. Throws InputError where words are missing. */
function correctionPoints(body: Decide): Point[] {
  const marked = body.checklist !== undefined;
  const asked = (body.items ?? []).map((item, at) => ({ ...item, at })).filter((item) => isAsked(item, marked));
  for (const item of asked) if (item.text.length < 2) throw inputError(`items.${item.at}.text`, 'task.itemText');
  return asked.map(({ at, field, part, text, why }) => ({ at, field, part: part || undefined, text, why }));
}

type Item = NonNullable<Decide['items']>[number];

function isAsked({ mark, part, text }: Item, checklist: boolean): boolean {
  if (mark === 'extra') return Boolean(part) || text !== '';
  return mark === 'return' || (!checklist && mark === undefined);
}

/** The ticks and words of the institution at the points of a list. */
export function readAnswers(answers: z.output<typeof ItemAnswers>): ItemAnswer[] {
  return (answers ?? []).filter(({ done, text }) => done === true || done === '1' || text !== '').map(({ no, text }) => ({ no, text }));
}

/** Told at its field; a personal number by its kind. */
function refused(issue: z.core.$ZodIssue): Issue {
  const code: unknown = issue.code === 'custom' ? issue.params?.['code'] : undefined;
  return { field: issue.path.join('.'), code: typeof code === 'string' ? code : 'invalid' };
}

/** Where a decision stands: the stage of its task, and the points of the list of corrections that wait to be judged. */
export type Judged = { stage: string; answered: readonly string[]; unread?: number | undefined };

/**
 * What an approval on the page leaves out: points of its checklist without a mark, materials that the reader has not opened. Throws InputError unless
 * it is meant so. `unread` is given for the form alone: programs send no marks and are not asked.
 */
function readLeftOut(body: Decide, inOrder: readonly string[], { stage, unread }: Judged): Record<string, number> {
  if (unread === undefined || body.outcome !== 'approve') return {};
  const points = body.checklist && stage === 'pre_training' ? Object.keys(checkParts).length - inOrder.length : 0;
  if (points + unread === 0) return {};
  const code = points === 0 ? 'task.unread' : unread === 0 ? 'task.unmarked' : 'task.unmarkedAndUnread';
  if (body.confirmUnmarked !== '1') throw new InputError([{ field: 'confirmUnmarked', code, params: { points, materials: unread } }]);
  return { ...(points > 0 ? { unmarked: points } : {}), ...(unread > 0 ? { unread } : {}) };
}

/** What was found about each point of the list that is open; said twice, the last counts. */
function readJudged(body: Decide, { answered }: Judged): Judgement[] {
  const judged = (body.judged ?? []).flatMap(({ item, mark, text }, at): Judgement[] => (mark === '' ? [] : [{ at, item, mark, text }]));
  return [...new Map(judged.map((one) => [one.item, one])).values()].filter(({ item }) => answered.includes(item));
}

/** Points of the checklist that were found in order, each once. Only the review before the training has one. */
function readInOrder(body: Decide, { stage }: Judged): string[] {
  if (stage !== 'pre_training') return [];
  const passed = (body.items ?? []).filter(({ mark, field }) => mark === 'pass' && Object.hasOwn(checkParts, field));
  return [...new Set(passed.map(({ field }) => field))];
}

/** Reason and payload of a decision as entered. An approval with points marked for correction contradicts itself. */
export function readDecision(kind: TaskKind, body: Decide, at: Judged): DecisionContent {
  const marked = (body.items ?? []).some((item) => item.mark === 'return' || (item.mark === 'extra' && isAsked(item, true)));
  const askedAgain = (body.judged ?? []).some(({ mark }) => mark === 'again');
  if (body.outcome === 'approve' && (marked || askedAgain)) throw inputError('outcome', 'task.marked');
  const points = body.outcome === 'return' ? correctionPoints(body) : [];
  const judged = readJudged(body, at);
  const read = fields[kind].safeParse(body);
  if (!read.success) throw new InputError(read.error.issues.map(refused));
  const own = Object.fromEntries(Object.entries(read.data).filter(([, value]) => value !== undefined));
  const again = judged.filter((judgement) => judgement.mark === 'again').map((judgement) => judgement.text ?? '');
  const listed = [...again, ...points.map((point) => point.text)].filter(Boolean).join('；');
  const inOrder = readInOrder(body, at);
  const leftOut = kind === 'review' ? readLeftOut(body, inOrder, at) : {};
  const accepted = judged.filter(({ mark }) => mark === 'accepted').map(({ item }) => item);
  // Whoever signs after this reviewer sees what was found in order.
  const checked = kind === 'review' && isSignature(body.outcome) ? [...inOrder, ...accepted] : [];
  const items = points.map(({ field, text }) => ({ field, text }));
  return {
    reason: body.reason || (body.outcome === 'return' ? listed : '') || undefined,
    payload: { ...own, ...(items.length > 0 ? { items } : {}), ...(checked.length > 0 ? { checked } : {}), ...leftOut },
    marks: {
      points,
      judged,
      inOrder,
      answers: readAnswers(body.answers),
    },
  };
}
