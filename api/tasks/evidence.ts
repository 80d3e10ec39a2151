/**
 * What the case page shows of each kind of task, and where: `work` stands at the form (checklists, fields), `evidence` beside it, `below` under both.
 * Kinds that are decided on a page of their own carry a link to it.
 */
import type { Knex } from 'knex';
import { type CaseTask, findCorrectionRequest, getObjectionEvidence } from '../../db/views/case.ts';
import { disclosureSnapshot } from '../../db/views/disclosure-snapshots.ts';
import { type DisclosureList, snapshotDigest } from '../../db/disclosures.ts';
import type { ProcedureRow } from '../../db/protocol/procedures.ts';
import type { Actor } from '../../db/users.ts';
import { findGroup } from '../../workflows/domain/policy/groups.ts';
import { itemView, partPath, pointLabel } from '../corrections/page.ts';
import { findCorrection } from '../../db/classes/corrections.ts';
import type { Locale, Translate, Words } from '../pages/i18n.ts';
import { moneyEvidence } from '../payments/task-evidence.ts';
import { trainingEvidence } from '../verifications/evidence.ts';
import { loadClassEvidence } from './class-evidence.ts';
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

export type Evidence = {
  /** Which tasks; the first entry that fits is taken. */
  fits: (task: CaseTask) => boolean;
  work?: string;
  evidence?: string;
  below?: string;
  load: EvidenceLoader;
};

const stageOf = (task: CaseTask): string => task.step.split('.')[0] ?? '';

const entries: readonly Evidence[] = [
  {
    fits: (task) => task.kind === 'review' && stageOf(task) === 'pre_training',
    work: 'tasks/checklist',
    evidence: 'tasks/plan',
    below: 'tasks/roster',
    load: loadClassEvidence,
  },
  { fits: (task) => task.kind === 'correction', work: 'tasks/correction', load: loadCorrection },
  { fits: (task) => task.kind === 'publish', work: 'tasks/preview', load: loadPreview },
  { fits: (task) => task.kind === 'objection_review', work: 'tasks/objection', load: loadObjection },
  ...trainingEvidence,
  ...moneyEvidence,
];

export type LoadedEvidence = {
  work?: string | undefined;
  evidence?: string | undefined;
  below?: string | undefined;
  data: Record<string, unknown>;
};

export async function loadEvidence(context: EvidenceContext): Promise<LoadedEvidence> {
  const entry = entries.find(({ fits }) => fits(context.task));
  return entry ? { work: entry.work, evidence: entry.evidence, below: entry.below, data: await entry.load(context) } : { data: {} };
}

async function loadCorrection({ db, task, procedure, t, words, locale }: EvidenceContext): Promise<Record<string, unknown>> {
  const [request, correction] = await Promise.all([
    findCorrectionRequest(db, procedure.id),
    findCorrection(db, procedure.id, stageOf(task)),
  ]);
  if (!request) return { items: [] };
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

function groupName(code: string | undefined, locale: Locale): string {
  const group = code === undefined ? undefined : findGroup(code);
  return group ? (locale === 'en' ? group.en : group.zh) : (code ?? '');
}

/** The page on which a kind is decided, where the decision carries files, scores or an amount. */
export function ownPageOf(task: CaseTask, procedure: ProcedureRow): string | undefined {
  const number = procedure.type === 'trainingClass' ? procedure.subject_number : undefined;
  switch (task.kind) {
    case 'attendance':
      return number && `/classes/${number}/attendance`;
    case 'results':
      return number && `/classes/${number}/results`;
    case 'claim':
      return number && `/classes/${number}/claim`;
    case 'bank_answer':
      return `/payments/${procedure.subject_number}`;
    case 'account_correction':
      return `/subsidies/${procedure.subject_number}`;
    case 'calendar_notice':
      return '/admin/calendar';
    case 'correction':
      if (procedure.type === 'subsidyApplication') return `/subsidies/${procedure.subject_number}`;
      if (task.step.startsWith('filing.')) return number && `/classes/${number}/results`;
      return number && `/classes/${number}/edit`;
    default:
      return undefined;
  }
}
