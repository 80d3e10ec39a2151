/**
 * What the case page shows of each kind of task, and where: `work` stands at the form (checklists, fields), `evidence` beside it, `below` under both.
 * Kinds that are decided on a page of their own carry a link to it.
 */
import type { Knex } from 'knex';
import { type CaseTask, findCorrectionRequest, getObjectionEvidence } from '../../db/views/case.ts';
import { disclosureSnapshot } from '../../db/views/disclosure-snapshots.ts';
import { type DisclosureList, snapshotDigest } from '../../db/disclosures.ts';
import { findOrder, listLateTasks } from '../../db/protocol/supervision/orders.ts';
import { paperLabelOf } from './supervision/ladder.ts';
import type { ProcedureRow } from '../../db/protocol/procedures.ts';
import type { Actor } from '../../db/accounts/users.ts';
import { findGroup } from '../../workflows/domain/policy/groups.ts';
import type { OwnPageKind, TaskKind } from '../../workflows/domain/task-kinds.ts';
import { type ReviewStage, stageOf } from '../../workflows/domain/tasks.ts';
import { itemView, partPath, pointLabel } from '../corrections/page.ts';
import { findCorrection } from '../../db/classes/corrections.ts';
import type { Locale, Translate, Words } from '../pages/i18n.ts';
import { attendanceEvidence } from '../attendance/evidence.ts';
import { changeEvidence } from '../changes/evidence.ts';
import { inspectionEvidence, rectificationEvidence } from '../inspections/evidence.ts';
import { batchEvidence } from '../payments/evidence.ts';
import { resultsEvidence } from '../results/evidence.ts';
import { claimEvidence } from '../subsidies/evidence.ts';
import { filingEvidence } from '../verifications/evidence.ts';
import { loadClassEvidence } from '../classes/evidence.ts';
import type { EvidenceKind } from './evidence-schemas.ts';
import { stepLabel } from './words.ts';

export type EvidenceContext = {
  db: Knex;
  actor: Actor;
  task: CaseTask;
  procedure: ProcedureRow;
  t: Translate;
  words: Words;
  locale: Locale;
};
export type EvidenceLoader = (context: EvidenceContext) => Promise<Record<string, unknown>>;

/** What the case page shows of a task, as templates; `data` is read by all of them, and by programs, who tell it by its `kind`. */
export type Evidence = { kind: EvidenceKind; work?: string; evidence?: string; below?: string; load: EvidenceLoader };

const reviewEvidence = {
  pre_training: { kind: 'plan_review', work: 'tasks/checklist', evidence: 'tasks/plan', below: 'tasks/roster', load: loadClassEvidence },
  filing: filingEvidence,
  subsidy: claimEvidence,
  refusal: claimEvidence,
  approval: claimEvidence,
} satisfies Record<ReviewStage, Evidence>;

const nothing: Evidence = { kind: 'none', load: async () => ({}) };

/** Reviews differ by the stage that they belong to. */
const evidenceOf = {
  account_correction: nothing,
  attendance: attendanceEvidence,
  bank_answer: nothing,
  batch_check: batchEvidence,
  batch_make: claimEvidence,
  batch_release: batchEvidence,
  calendar_notice: nothing,
  change_review: changeEvidence,
  claim: nothing,
  correction: { kind: 'correction', work: 'tasks/correction', load: loadCorrection },
  funds: claimEvidence,
  inspection: inspectionEvidence,
  objection_review: { kind: 'objection', work: 'tasks/objection', load: loadObjection },
  order_answer: { kind: 'order', work: 'tasks/order', load: loadOrder },
  order_issue: { kind: 'order', work: 'tasks/order', load: loadOrder },
  publish: { kind: 'preview', work: 'tasks/preview', load: loadPreview },
  rectification: rectificationEvidence,
  reinspection: inspectionEvidence,
  results: resultsEvidence,
  review: (task) => reviewEvidence[stageOf(task.step) as ReviewStage],
  wait: nothing,
} satisfies Record<TaskKind, Evidence | ((task: CaseTask) => Evidence | undefined)>;

export type LoadedEvidence = {
  kind: EvidenceKind;
  work?: string | undefined;
  evidence?: string | undefined;
  below?: string | undefined;
  data: Record<string, unknown>;
};

export async function loadEvidence(context: EvidenceContext): Promise<LoadedEvidence> {
  const found = evidenceOf[context.task.kind];
  const { load, ...templates } = (typeof found === 'function' ? found(context.task) : found) ?? nothing;
  return { ...templates, data: await load(context) };
}

/** As programs read it. Where nothing is on record yet there is no evidence. */
export function evidenceJson({ kind, data }: LoadedEvidence) {
  return Object.keys(data).length === 0 ? { kind: 'none' as const } : { ...data, kind };
}

async function loadCorrection({ db, task, procedure, t, words, locale }: EvidenceContext): Promise<Record<string, unknown>> {
  const [request, correction] = await Promise.all([
    findCorrectionRequest(db, procedure.id),
    findCorrection(db, procedure.id, stageOf(task.step)),
  ]);
  if (!request) return {};
  const items = correction
    ? correction.items.map((item) => ({
        ...itemView(item, correction.snapshot, { t, words, locale }),
        href: partPath(procedure, item.part),
      }))
    : request.items.map((item) => ({ ...item, label: pointLabel(item.field, t, words) }));
  return { ...request, items, listed: correction !== undefined, stepLabel: stepLabel(words, t, { step: request.step, role: task.role }) };
}

/** What the public will see, exactly as it will be frozen. */
async function loadPreview({ db, task, procedure, t, locale }: EvidenceContext): Promise<Record<string, unknown>> {
  const list = (task.reference ?? 'plan') as DisclosureList;
  const snapshot = await disclosureSnapshot(db, procedure.class_id ?? '', list);
  const { blocks, workingDays } = procedure.terms.disclosures[list];
  return {
    list,
    listLabel: t(`tasks.lists.${list}`),
    blocks,
    workingDays,
    snapshot,
    people: snapshot.people.map((person) => ({ ...person, groupLabel: groupName(person.group, locale) })),
    digest: snapshotDigest(snapshot),
    withGroup: list === 'plan',
    withResult: list === 'result',
    withMoney: list === 'subsidy' || list === 'payment',
  };
}

async function loadObjection({ db, procedure, t, locale }: EvidenceContext): Promise<Record<string, unknown>> {
  const objection = await getObjectionEvidence(db, procedure.id);
  return { ...objection, listLabel: t(`tasks.lists.${objection.list}`), groupLabel: groupName(objection.group_code ?? undefined, locale) };
}

/** The late tasks that the order is about, the paper and its answer as far as they are there. */
async function loadOrder({ db, procedure, t, words, locale }: EvidenceContext): Promise<Record<string, unknown>> {
  const order = await findOrder(db, { procedure: procedure.id });
  if (!order) return {};
  const late = (await listLateTasks(db, order.id)).map((task) => ({ ...task, label: stepLabel(words, t, task) }));
  return { ...order, late, paperLabel: paperLabelOf(order, t, locale) };
}

function groupName(code: string | undefined, locale: Locale): string {
  const group = code === undefined ? undefined : findGroup(code);
  return group ? (locale === 'en' ? group.en : group.zh) : (code ?? '');
}

type OwnPage = (number: string, procedure: ProcedureRow, task: CaseTask) => string | undefined;

const ownPages = {
  account_correction: (number) => `/subsidies/${number}`,
  attendance: ofClass('attendance'),
  bank_answer: (number) => `/payments/${number}`,
  calendar_notice: () => '/admin/calendar',
  claim: ofClass('claim'),
  results: ofClass('results'),
  /** Decided on the page of the case, after the corrections were made here. */
  correction: (number, procedure, task) => {
    if (procedure.type === 'subsidyApplication') return `/subsidies/${number}`;
    return ofClass(stageOf(task.step) === 'filing' ? 'results' : 'edit')(number, procedure, task);
  },
} satisfies Record<OwnPageKind | 'correction', OwnPage>;

function ofClass(tab: string): OwnPage {
  return (number, procedure) => (procedure.type === 'trainingClass' ? `/classes/${number}/${tab}` : undefined);
}

/** The page on which a task is worked on, where the work is files, scores or an amount. */
export function ownPageOf(task: CaseTask, procedure: ProcedureRow): string | undefined {
  const pages: Partial<Record<TaskKind, OwnPage>> = ownPages;
  return pages[task.kind]?.(procedure.subject_number, procedure, task);
}
