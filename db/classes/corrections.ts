/**
 * Lists of corrections (补正清单). A return writes its list in the transaction of the decision; while the file is back, every write of the
 * institution asks here which parts are open; the next round judges what was answered. What is not on the list stays as it was approved.
 */
import type { Knex } from 'knex';
import { ConflictError, InputError, inputError, type Issue, NotFoundError } from '../../workflows/domain/errors.ts';
import { stageOf } from '../../workflows/domain/tasks.ts';
import {
  checkParts,
  isOpen,
  type OpenList,
  type Part,
  partOfPoint,
  partsOfStage,
  type Snapshot,
  type Touch,
  wasTold,
  wholePartOfStage,
  writePart,
} from '../../workflows/domain/classes/correction.ts';
import type { Db, Trx } from '../client.ts';
import type { DecisionContext } from '../protocol/decision-rules.ts';
import { type IdempotentRequest, onceOnly } from '../protocol/idempotency.ts';
import { auditProcedure, lockProcedure, requireOpen } from '../protocol/procedures.ts';
import type { Actor } from '../accounts/users.ts';
import { readSnapshot } from './correction-snapshots.ts';

export const itemStatuses = ['open', 'answered', 'accepted', 'again'] as const;
export type ItemStatus = (typeof itemStatuses)[number];
export type CorrectionItem = {
  id: string;
  no: number;
  field: string;
  part: Part['kind'];
  reference: string | null;
  demand: string;
  late_reason: string | null;
  status: ItemStatus;
  answer: string | null;
  answered_at: Date | null;
  answered_by: string | null;
  judged_at: Date | null;
  judged_by: string | null;
};
export type Correction = {
  task_id: string;
  procedure_id: string;
  stage: string;
  round: number;
  returned_at: Date;
  returned_by: string;
  in_order: string[];
  snapshot: Snapshot;
  items: CorrectionItem[];
};

/** The newest list of a stage with its points; undefined where nothing was returned, or was before there were lists. */
export async function findCorrection(db: Db, procedureId: string, stage: string): Promise<Correction | undefined> {
  const { rows } = await db.raw<{ rows: Omit<Correction, 'items'>[] }>(
    `select c.task_id, c.procedure_id, c.stage, c.round, c.returned_at, u.name as returned_by, c.in_order, c.snapshot
       from corrections c join users u on u.id = c.returned_by where c.procedure_id = ? and c.stage = ? order by c.round desc limit 1`,
    [procedureId, stage],
  );
  const row = rows[0];
  return row && { ...row, items: await listItems(db, row.task_id) };
}

/** The points that wait to be judged. */
export async function listAnsweredItems(db: Db, procedureId: string, stage: string): Promise<string[]> {
  const correction = await findCorrection(db, procedureId, stage);
  return (correction?.items ?? []).filter(({ status }) => status === 'answered').map(({ id }) => id);
}

async function listItems(db: Db, taskId: string): Promise<CorrectionItem[]> {
  const { rows } = await db.raw<{ rows: CorrectionItem[] }>(
    `select i.id, i.no, i.field, i.part, i.reference, i.demand, i.late_reason, i.status, i.answer, i.answered_at, a.name as answered_by,
            i.judged_at, j.name as judged_by
       from correction_items i left join users a on a.id = i.answered_by left join users j on j.id = i.judged_by
      where i.task_id = ? order by i.no`,
    [taskId],
  );
  return rows;
}

/** The points of the return that a task decided; none where it had no list. */
export async function listReturnedItems(db: Db, taskId: string): Promise<{ items: CorrectionItem[]; snapshot: Snapshot } | undefined> {
  const row = await db('corrections').where({ task_id: taskId }).first('snapshot');
  return row && { items: await listItems(db, taskId), snapshot: row.snapshot };
}

/** Who found which points in order, by the first round in which they did. */
export async function listFoundInOrder(db: Db, procedureId: string, stage: string): Promise<Map<string, { round: number; name: string }>> {
  const { rows } = await db.raw<{ rows: { round: number; name: string; in_order: string[] }[] }>(
    `select c.round, u.name, c.in_order from corrections c join users u on u.id = c.returned_by
      where c.procedure_id = ? and c.stage = ? order by c.round desc`,
    [procedureId, stage],
  );
  return new Map(
    rows.flatMap(({ round, name, in_order }) =>
      in_order.map((field): [string, { round: number; name: string }] => [field, { round, name }]),
    ),
  );
}

export function partOf({ part, reference }: Pick<CorrectionItem, 'part' | 'reference'>): Part {
  return reference === null ? { kind: part } : { kind: part, reference };
}

export function openListOf({ items, snapshot }: Pick<Correction, 'items' | 'snapshot'>): OpenList {
  return { parts: items.map(partOf), materialKinds: Object.fromEntries(snapshot.materials.map(({ id, kind }) => [id, kind])) };
}

/** What is open of a file that is back for correction; undefined: nothing is limited (a draft, or returned before there were lists). */
export type Opened = OpenList & { words: string };

export async function findOpened(db: Db, procedureId: string, stage: string): Promise<Opened | undefined> {
  const correction = await findCorrection(db, procedureId, stage);
  return correction && { ...openListOf(correction), words: openWords(correction) };
}

/** The open parts as a parameter of a message: codes with the seat or the kind that each is about, put into words by the page. */
function openWords({ items, snapshot }: Correction): string {
  const seats = new Map(snapshot.people.map((person) => [person.id, String(person.seat)]));
  const kinds = new Map(snapshot.materials.map((material) => [material.id, String(material.kind)]));
  const named = items.map(({ part, reference }) => {
    if (reference === null) return part;
    return `${part}#${part === 'material' ? kinds.get(reference) : part === 'material_kind' ? reference : seats.get(reference)}`;
  });
  return [...new Set(named)].join(',');
}

export type TouchedField = { field: string; touch: Touch; code?: string; params?: Issue['params'] };

/** The one gate of an itemised correction: throws InputError at every field that was changed outside the list, naming what is open. */
export function requireOpenParts(opened: Opened | undefined, touched: readonly TouchedField[]): void {
  if (!opened) return;
  const issues = touched
    .filter(({ touch }) => !isOpen(opened, touch))
    .map(({ field, code = 'correction.locked', params }): Issue => ({ field, code, params: { ...params, open: opened.words } }));
  if (issues.length > 0) throw new InputError(issues);
}

/** What a reviewer marked, as entered; `at` is its place in the form. */
export type Point = { at: number; field: string; part?: string | undefined; text: string; why?: string | undefined };
export type Judgement = { at: number; item: string; mark: 'accepted' | 'again'; text?: string | undefined };
export type ItemAnswer = { no: number; text: string };
export type CorrectionMarks = { points?: Point[]; judged?: Judgement[]; inOrder?: string[]; answers?: ItemAnswer[] };

/** Decision rule of every review: judges what was answered, and writes the list of a return. Returns the list for the record of the fact. */
export async function settleCorrections(context: DecisionContext): Promise<Record<string, unknown> | undefined> {
  const { trx, task, procedure, decision } = context;
  const stage = stageOf(task.step);
  if (!partsOfStage[stage] || !procedure.class_id) return undefined;
  const earlier = await findCorrection(trx, procedure.id, stage);
  const again = earlier ? await judge(context, earlier) : [];
  if (decision.outcome !== 'return') return undefined;
  return writeList(context, stage, earlier, again);
}

/** Every answered point is accepted or asked again; an approval accepts what was not marked. */
async function judge({ trx, actor, procedure, decision, settles }: DecisionContext, earlier: Correction): Promise<NewItem[]> {
  const marks = new Map((decision.marks?.judged ?? []).map((judged) => [judged.item, judged]));
  const answered = earlier.items.filter((item) => item.status === 'answered');
  if (decision.outcome === 'approve' && answered.some((item) => marks.get(item.id)?.mark === 'again'))
    throw inputError('outcome', 'task.marked');
  // Whoever signs last settles the list: until then another signer may still ask for a point again.
  if (!settles) return [];
  if (decision.outcome === 'return') {
    const unmarked = answered.filter((item) => !marks.has(item.id));
    if (unmarked.length > 0)
      throw new InputError(
        unmarked.map((item) => ({
          field: `judged.${earlier.items.indexOf(item)}.mark`,
          code: 'correction.unjudged',
          params: { no: item.no },
        })),
      );
  }
  const again: NewItem[] = [];
  for (const item of answered) {
    const mark = marks.get(item.id)?.mark ?? (decision.outcome === 'approve' ? 'accepted' : undefined);
    if (!mark) continue;
    await trx('correction_items').where({ id: item.id }).update({ status: mark, judged_by: actor.userId, judged_at: procedure.now });
    const said = marks.get(item.id)?.text?.trim() ?? '';
    const demand = said.length >= 2 ? said : item.demand;
    if (mark === 'again') again.push({ field: item.field, part: partOf(item), demand, earlierItem: item.id });
  }
  return again;
}

type NewItem = { field: string; part: Part; demand: string; lateReason?: string | undefined; earlierItem?: string };

async function writeList(
  { trx, actor, task, procedure, decision }: DecisionContext,
  stage: string,
  earlier: Correction | undefined,
  again: readonly NewItem[],
): Promise<Record<string, unknown>> {
  const snapshot = await readSnapshot(trx, procedure.class_id ?? '');
  const told = earlier ? await listTold(trx, procedure.id, stage) : undefined;
  const items = [...again, ...readPoints(decision.marks?.points ?? [], { stage, snapshot, told })];
  const whole = wholePartOfStage[stage];
  if (items.length === 0 && whole) items.push({ field: whole, part: { kind: whole }, demand: (decision.reason ?? '').trim() });
  if (items.length === 0) throw inputError('items', 'correction.itemsMissing');
  await trx('corrections').insert({
    task_id: task.id,
    procedure_id: procedure.id,
    stage,
    round: (earlier?.round ?? 0) + 1,
    returned_by: actor.userId,
    returned_at: procedure.now,
    in_order: decision.marks?.inOrder ?? [],
    snapshot: JSON.stringify(snapshot),
  });
  await trx('correction_items').insert(
    items.map(({ field, part, demand, lateReason, earlierItem }, at) => ({
      task_id: task.id,
      no: at + 1,
      field,
      part: part.kind,
      reference: part.reference ?? null,
      demand,
      late_reason: lateReason ?? null,
      earlier_item: earlierItem ?? null,
    })),
  );
  return {
    items: items.map(({ field, part, demand, lateReason }) => ({
      field,
      text: demand,
      ...(isImplied(field, part) ? {} : { part: writePart(part) }),
      ...(lateReason ? { why: lateReason } : {}),
    })),
  };
}

/** Whether the point alone says which part it opens. */
function isImplied(field: string, part: Part): boolean {
  const implied = partOfPoint({ field });
  return implied !== undefined && writePart(implied) === writePart(part);
}

type Told = { parts: Part[]; materialKinds: Record<string, string> };

/** Everything that was asked for in this stage so far. */
async function listTold(trx: Trx, procedureId: string, stage: string): Promise<Told> {
  const rows = await trx('correction_items as i')
    .join('corrections as c', 'c.task_id', 'i.task_id')
    .where({ 'c.procedure_id': procedureId, 'c.stage': stage })
    .select('i.part', 'i.reference');
  const materials = await trx('class_materials as m')
    .join('procedures as p', 'p.class_id', 'm.class_id')
    .where('p.id', procedureId)
    .select('m.id', 'm.kind');
  const snapshots = await trx('corrections').where({ procedure_id: procedureId, stage }).select('snapshot');
  const then = snapshots.flatMap((row: { snapshot: Snapshot }) => row.snapshot.materials);
  return { parts: rows.map(partOf), materialKinds: Object.fromEntries([...then, ...materials].map(({ id, kind }) => [id, kind])) };
}

/** The points as entered, each with the part that it opens. Throws InputError at every one that names none, says nothing, or comes late without a reason. */
function readPoints(points: readonly Point[], seen: { stage: string; snapshot: Snapshot; told: Told | undefined }): NewItem[] {
  const issues: Issue[] = [];
  const items = points.flatMap(({ at, field, part: given, text, why }): NewItem[] => {
    const part = partOfPoint({ field, part: given });
    if (!part || !partsOfStage[seen.stage]?.includes(part.kind) || !exists(part, seen.snapshot)) {
      issues.push({ field: `items.${at}.part`, code: 'correction.part' });
      return [];
    }
    const late = seen.told !== undefined && !wasTold(seen.told.parts, part, seen.told.materialKinds);
    if (late && (why ?? '').trim().length < 2) {
      issues.push({ field: `items.${at}.why`, code: 'correction.whyMissing' });
      return [];
    }
    return [{ field: checkParts[field] ? field : part.kind, part, demand: text, lateReason: late ? why?.trim() : undefined }];
  });
  if (issues.length > 0) throw new InputError(issues);
  return items;
}

function exists({ kind, reference }: Part, snapshot: Snapshot): boolean {
  if (kind === 'enrolment') return snapshot.people.some((person) => person.id === reference && person.status === 'enrolled');
  if (kind === 'material') return snapshot.materials.some((material) => material.id === reference);
  return kind !== 'certificate' || snapshot.results.some((result) => result.id === reference);
}

/** Decision rule of a correction: what is answered with it is kept, and every point must be answered. Returns what is still open. */
export async function answerCorrections({ trx, actor, task, procedure, decision }: DecisionContext): Promise<Issue[]> {
  const correction = await findCorrection(trx, procedure.id, stageOf(task.step));
  if (!correction) return [];
  await writeAnswers(trx, actor, correction, decision.marks?.answers ?? [], procedure.now);
  return (await listItems(trx, correction.task_id))
    .filter((item) => item.status === 'open')
    .map((item) => ({ field: `answers.${item.no - 1}.done`, code: 'correction.unanswered', params: { no: item.no } }));
}

async function writeAnswers(trx: Trx, actor: Actor, correction: Correction, answers: readonly ItemAnswer[], now: Date): Promise<void> {
  for (const { no, text } of answers) {
    const written = await trx('correction_items')
      .where({ task_id: correction.task_id, no })
      .whereIn('status', ['open', 'answered'])
      .update({ status: 'answered', answer: text.trim() || null, answered_by: actor.userId, answered_at: now });
    if (written !== 1) throw inputError('answers', 'correction.noItem', { no });
  }
}

/** Keeps answers before the file goes back. Throws NotFoundError for anybody else's file, ConflictError `correction.notNow`. */
export async function saveAnswers(
  db: Knex,
  actor: Actor,
  { procedureId, answers, request }: { procedureId: string; answers: readonly ItemAnswer[]; request?: IdempotentRequest | undefined },
): Promise<{ answered: number; open: number }> {
  return onceOnly(db, request, async (trx) => {
    const procedure = await lockProcedure(trx, procedureId);
    const task = await trx('tasks')
      .where({ procedure_id: procedureId, kind: 'correction', status: 'open' })
      .first('id', 'step', 'institution_id');
    if (procedure.institution_id !== actor.institutionId && task?.institution_id !== actor.institutionId)
      throw new NotFoundError('class.unknown');
    requireOpen(procedure);
    const correction = task && (await findCorrection(trx, procedureId, stageOf(task.step)));
    if (!correction || task.institution_id !== actor.institutionId) throw new ConflictError('correction.notNow');
    await writeAnswers(trx, actor, correction, answers, procedure.now);
    await auditProcedure(trx, procedure, actor.userId, {
      act: 'correction.answer',
      subject: procedure.id,
      detail: { task: correction.task_id, items: answers.map((answer) => answer.no) },
    });
    const open = (await listItems(trx, correction.task_id)).filter((item) => item.status === 'open').length;
    return { answered: answers.length, open };
  });
}
