/** The case page: who, what, until when; evidence beside the form; what happens next; what happened so far. */
import type { Delegation } from '../../../db/protocol/holding/delegations.ts';
import type { PossibleSigner } from '../../../db/protocol/signing/added-signers.ts';
import type { Signature } from '../../../db/protocol/signing/groups.ts';
import type { OrderOnRecord } from '../../../db/protocol/supervision/orders.ts';
import type { RungOnRecord } from '../../../db/protocol/supervision/rungs.ts';
import type { Actor } from '../../../db/accounts/users.ts';
import type { ReviewSignature } from '../../../db/views/classes/class-reviews.ts';
import type { Case, CaseTask, OpenTask, TimelineLine } from '../../../db/views/case.ts';
import { classTrack } from '../../../workflows/domain/classes/class.ts';
import { readsAsExaminer, readsRecord } from '../../../workflows/domain/classes/reading.ts';
import { readsMessages } from '../../../workflows/domain/classes/message.ts';
import { formatYuan } from '../../../workflows/domain/money/money.ts';
import { labelLength, labellingOfficeOf, labelOfficesOf, labelsAtMost, takesLabels } from '../../../workflows/domain/labels.ts';
import { hasRole, principalsOf } from '../../../workflows/domain/scope.ts';
import { officerRoles } from '../../../workflows/domain/roles.ts';
import type { TaskAct, TaskRelation, TaskVerdict } from '../../../workflows/domain/task-acts.ts';
import { asksForWords, isDecidedOnOwnPage, isGrave } from '../../../workflows/domain/task-kinds.ts';
import type { ProcedureRow } from '../../../db/protocol/procedures.ts';
import { jointPartOf } from '../../../workflows/domain/signing.ts';
import { isOutsideRole, isPassedOn, reviewTableOf, rowOfBack, stageOf } from '../../../workflows/domain/tasks.ts';
import { datesIn } from '../../pages/dates.ts';
import type { Locale, Translate, Words } from '../../pages/i18n.ts';
import { dueView, type Today } from '../due.ts';
import type { CorrectionReview } from '../../corrections/review.ts';
import { type LoadedEvidence, ownPageOf } from '../evidence.ts';
import { withQuery } from '../inbox/inbox.ts';
import { ladderView, orderView } from '../supervision/ladder.ts';
import { whatHappens } from '../next.ts';
import { endedView, possibleSigners, proposalsView, signersView } from '../signing/signatures.ts';
import {
  actCode,
  actWords,
  caseNumber,
  decidedLabel,
  isLabelling,
  officeName,
  outcomeLabel,
  stepLabel,
  taskPath,
  whoFor,
  whoWithoutName,
} from '../words.ts';

export type Conflict = { code: string; message: string };
export type CaseParts = {
  found: Case;
  evidence: LoadedEvidence;
  timeline: TimelineLine[];
  open: OpenTask[];
  rungs: RungOnRecord[];
  /** What the reader may do with the task. */
  verdict: (act: TaskAct) => TaskVerdict;
  /** The principal for whom the reader would take it. */
  claimFor: string | undefined;
  /** The reader decided it, and nobody has looked at what follows. */
  takeBack: boolean;
  relations: TaskRelation[];
  /** Who could take the task over or be asked about it. */
  colleagues: { id: string; name: string; open: number }[];
  delegations: Delegation[];
  /** Who signs this step, where several do. */
  signatures: Signature[];
  /** Whom the reader may ask to sign as well; undefined where nobody is added. */
  possible: PossibleSigner[] | undefined;
  /** Labels of the reader's offices on the case, and those in use there. */
  labels: readonly string[];
  labelsInUse: readonly string[];
  /** Refusals that earlier reviewers proposed; empty outside the office. */
  proposed: readonly ReviewSignature[];
  /** The order of the superior authority about this task. */
  order: OrderOnRecord | undefined;
  /** Checks that no register confirmed and nobody settled: they stand in the way of an approval. */
  outstanding: number;
  /** The money of the class that the task is about; undefined where it is about none. */
  amount: { value: string; detail: string } | undefined;
  corrections?: CorrectionReview | undefined;
  actor: Actor;
  at: Today;
  list: string;
  t: Translate;
  words: Words;
  locale: Locale;
  conflict?: Conflict | undefined;
  /** Fields that were refused. */
  refusedAt?: readonly string[] | undefined;
  /** Last line of the timeline that the reader had seen when the form was filled in. */
  seen?: number | undefined;
  revealed?: { enrolmentId: string; idNumber: string } | undefined;
};

/** Kinds whose words have a label of their own. */
const reasonHints: ReadonlySet<string> = new Set(['review', 'rectification', 'order_issue', 'order_answer']);

/** Lines of the record that tell why the task that is open now was opened. */
const moving = /^task\.(approve|sign|propose_refusal|return|resubmit|take_back|back_to_\d)$/;
/** Why somebody of the right office may not decide a task; the page says so before it is tried. */
const barring = ['task.fourEyes', 'task.fourEyesPrincipal', 'substitution.over'];
/** Lines of the timeline that are shown without being asked for. */
const RECENT = 10;

export function caseView(parts: CaseParts) {
  const { found, evidence, actor, at, t, words, locale, list } = parts;
  const { task, procedure } = found;
  const due = dueView(task, at, t);
  const may = (act: TaskAct): boolean => parts.verdict(act) === 'yes';
  const heldByOther = task.claimed_by !== null && task.claimed_by !== actor.userId;
  const open = task.status === 'open' && procedure.status === 'open';
  const ownPage = ownPageOf(task, procedure);
  const form = may('decide') && !isDecidedOnOwnPage(task.kind);
  const timeline = parts.timeline.filter((line) => isShown(line, parts)).map((line) => timelineView(line, parts));
  const office = actor.institutionId === undefined;
  const step = stepLabel(words, t, task, !office);
  const cited = task.kind === 'order_issue' || task.kind === 'order_answer' ? String(evidence.data?.['paperLabel'] ?? '') : '';
  const signers = signersView(parts.signatures, task.id, parts);
  return {
    // An order is called by its number once it has one; the class stands below it.
    title: cited ? t('tasks.order.paper', { number: cited }) : procedure.subject_title,
    below: cited ? procedure.subject_title : undefined,
    pageTitle: t('common.pageOf', { page: step, title: procedure.subject_title }),
    path: taskPath(task.id),
    back: withQuery('/tasks', list),
    list,
    task,
    step,
    marks: [step, t('tasks.round', { n: task.round }), ...(signers ? [signers.count] : [])],
    signers,
    ended: task.ended_by ? endedView(parts.signatures, task.ended_by, parts) : undefined,
    addSigner: parts.possible && { people: possibleSigners(parts.possible, parts) },
    recallSigner: may('recall_signer'),
    facts: factsOf(parts, due),
    due,
    stages: trackOf(procedure, t),
    number: caseNumber(t, { kind: task.kind, subject_number: procedure.subject_number }),
    form,
    ownPage: may('decide') ? ownPage : undefined,
    elsewhere: isDecidedOnOwnPage(task.kind),
    mayClaim: may('claim'),
    claimLabel: claimLabel(parts),
    forPrincipal: open && task.claimed_by === actor.userId && task.held_for ? t('tasks.forPrincipal', { name: task.held_for }) : undefined,
    mayRelease: may('release'),
    heldByMe: open && task.claimed_by === actor.userId && !isOutsideRole(task.role),
    held: open && heldByOther && !may('opine') ? { name: task.holder ?? '—', at: task.claimed_at } : undefined,
    priority:
      office && open && task.priority_reason !== null
        ? { reason: task.priority_reason, name: task.prioritiser ?? '—', at: task.prioritised_at }
        : undefined,
    proposed: proposalsView(parts.proposed, procedure, parts),
    labels: labelsView(parts),
    barred: barring.find((code) => code === parts.verdict('decide')),
    holding: office && open ? holdingView(parts, may) : undefined,
    opinions: parts.delegations.filter((one) => one.status === 'answered'),
    takeBack: parts.takeBack,
    copyHref:
      office && hasRole(actor, ...officerRoles) && task.class_number
        ? `/classes/${task.class_number}/copies?back=${taskPath(task.id)}`
        : undefined,
    sentBack: office && open && task.kind === 'review' ? sentBackOf(parts) : undefined,
    settled: task.status === 'open' ? undefined : settledOf(parts),
    moving: task.status === 'decided' && found.behind,
    closed:
      procedure.status === 'closed'
        ? t(`tasks.closed.${words.has(`tasks.closed.${procedure.outcome}`) ? procedure.outcome : 'any'}`)
        : undefined,
    ...(form ? outcomesOf(parts) : { outcomes: [], backs: [] }),
    blocked:
      form && parts.outstanding > 0 && task.outcomes.includes('approve')
        ? t('tasks.outstanding', { n: parts.outstanding, count: parts.outstanding })
        : undefined,
    marksNote: form && task.outcomes.includes('return') && waitsForOthers(task, parts.signatures) ? t('signing.marks') : undefined,
    // Asked once an approval left something out.
    confirmUnmarked: form && parts.refusedAt?.includes('confirmUnmarked') === true,
    withReason: asksForWords(task.kind),
    reasonHint: reasonHints.has(task.kind) ? task.kind : 'other',
    evidence,
    corrections: parts.corrections && {
      ...parts.corrections,
      bare: evidence.work !== 'tasks/checklist',
      // Where something in the rows was refused they stand open.
      open: parts.refusedAt?.some((field) => field.startsWith('items.')) === true,
    },
    hasWork: evidence.work !== undefined,
    // A long sheet of evidence on the right leaves room on the left below the form.
    sideLeft: evidence.work !== undefined && evidence.evidence !== undefined && task.kind === 'review',
    timeline,
    recent: timeline.slice(0, RECENT),
    earlier: timeline.slice(RECENT),
    open: parts.open
      .filter((other) => other.role !== 'clock' && (office || jointPartOf(other.step) !== 'added'))
      .map((other) => openView(other, parts)),
    ladder: actor.institutionId === undefined ? ladderView(found, parts.rungs, t) : [],
    order: actor.institutionId === undefined ? parts.order && orderView(parts.order, t, locale) : undefined,
    seen: parts.timeline[0]?.id ?? 0,
    changes:
      parts.seen === undefined ? [] : parts.timeline.filter((line) => line.id > (parts.seen ?? 0)).map((line) => timelineView(line, parts)),
    conflict: parts.conflict,
    revealed: parts.revealed,
    supervision: may('urge')
      ? {
          colleagues: parts.colleagues,
          reassign: may('reassign'),
          urged: task.urged_at,
          prioritise: may('prioritise'),
          // One order about a task is enough.
          mayEscalate: may('escalate') && procedure.type !== 'supervisionOrder' && parts.order === undefined,
        }
      : undefined,
  };
}

/** Labels are put on and taken off while the procedure goes on. */
function labelsView({ labels, labelsInUse, found, actor }: CaseParts) {
  const writes = takesLabels(found.procedure) && labellingOfficeOf(actor, found.task.office) !== undefined;
  if (labels.length === 0 && !writes) return undefined;
  return {
    put: labels,
    writes,
    more: writes && labels.length < labelsAtMost,
    offered: labelsInUse.filter((label) => !labels.includes(label)),
    most: labelLength,
  };
}

/** Who sent the file back to this review, and why. */
function sentBackOf(parts: CaseParts) {
  const last = parts.timeline.find((line) => moving.test(line.act));
  return last?.act.startsWith('task.back_to_') ? timelineView(last, parts) : undefined;
}

/** «退回培训前初审». */
function backLabel(task: CaseTask, procedure: ProcedureRow, outcome: string, t: Translate, words: Words): string | undefined {
  const stage = stageOf(task.step);
  const row = reviewTableOf(procedure.terms, stage)?.[rowOfBack(outcome) ?? -1];
  return row && t('tasks.backTo', { step: stepLabel(words, t, { step: `${stage}.${row.step}`, role: row.role }) });
}

/** What is done with a task besides deciding it, and what it waits for. */
function holdingView({ found, verdict, colleagues, delegations, relations }: CaseParts, may: (act: TaskAct) => boolean) {
  const { task } = found;
  const asked = delegations.find((one) => one.status === 'asked');
  return {
    opine: may('opine'),
    asked,
    recall: may('recall'),
    delegate: may('delegate')
      ? { colleagues: colleagues.filter((one) => ![task.claimed_by, task.claimed_for].includes(one.id)) }
      : undefined,
    suspend: may('suspend'),
    resume: may('resume'),
    suspended:
      task.suspended_at === null ? undefined : { name: task.suspender ?? '—', at: task.suspended_at, reason: task.suspended_reason ?? '' },
    acts: may('delegate') || may('suspend'),
    queue: relations.includes('queue') && verdict('delegate') === 'task.notHeld',
  };
}

/** What the office writes with the institution is not for the assessment body; labels are for the office that put them on. */
function isShown(line: TimelineLine, { actor, found }: CaseParts): boolean {
  const subject = { institution_id: found.procedure.institution_id ?? '' };
  // An assessment body reads what was done about its own step.
  if (found.task.role === 'assessor' && !readsRecord(actor, subject))
    return stageOf(line.subject.slice(found.procedure.id.length + 1)) === stageOf(found.task.step);
  if (isLabelling(line)) return labelOfficesOf(actor).includes(String(line.detail['office']));
  return line.act !== 'message.send' || readsMessages(actor, subject);
}

/** Claiming says for whom, where it is not for oneself. */
function claimLabel({ actor, found, claimFor: principal, t }: CaseParts): string {
  if (principal)
    return t('tasks.claimFor', { name: principalsOf(actor, found.task).find((one) => one.principal === principal)?.principalName ?? '—' });
  return t(found.task.claimed_by === null ? 'tasks.claim' : 'tasks.claimBack');
}

/** One primary act: the first that can be done. An approval waits for the checks. The earlier reviews stand in a menu of their own. */
function outcomesOf({ found, outstanding, signatures, t, words }: CaseParts) {
  const { task, procedure } = found;
  const others = waitsForOthers(task, signatures);
  const offered = task.outcomes.map((outcome) => ({ outcome, disabled: outcome === 'approve' && outstanding > 0 }));
  const primary = offered.find(({ outcome, disabled }) => !disabled && !isGrave(task.kind, outcome))?.outcome;
  const acts = offered
    .sort((a, b) => Number(a.outcome !== primary) - Number(b.outcome !== primary))
    .map(({ outcome, disabled }) => ({
      value: outcome,
      label: backLabel(task, procedure, outcome, t, words) ?? outcomeLabel(words, t, task.kind, outcome),
      tone: isGrave(task.kind, outcome) ? 'danger' : outcome === primary ? 'primary' : '',
      disabled,
      next: disabled ? '' : outcome === 'approve' && others ? t('signing.othersFirst') : whatHappens(task, procedure, outcome, t, words),
    }));
  const isBack = ({ value }: { value: string }): boolean => rowOfBack(value) !== undefined;
  return { outcomes: acts.filter((act) => !isBack(act)), backs: acts.filter(isBack) };
}

/** Whether an approval would be one signature while others are still to come. */
function waitsForOthers(task: CaseTask, signatures: readonly Signature[]): boolean {
  const missing = signatures.filter(({ id, status }) => status === 'open' && id !== task.id);
  return missing.some(({ joint }) => task.joint !== 'any' || joint !== 'any');
}

function factsOf({ found, amount, actor, t, locale }: CaseParts, due: ReturnType<typeof dueView>) {
  const { task, procedure } = found;
  const start = procedure.flags['startDate'];
  const end = procedure.flags['endDate'];
  const period = start && end ? t('classes.period', { from: start, to: end }) : '';
  const dueFact =
    task.status !== 'open' || due.words === ''
      ? []
      : [
          {
            value: due.words,
            detail: [
              due.detail || t('common.dueOn', { date: datesIn(locale).date(due.date) }),
              due.provisional ? t('common.provisional') : '',
            ]
              .filter(Boolean)
              .join(' · '),
            tone: due.tone,
          },
        ];
  return [
    { value: procedure.institution_name, detail: officeName(task, locale) },
    ...(procedure.headcount === null
      ? []
      : [{ value: t('tasks.headcount', { count: procedure.headcount, n: procedure.headcount }), detail: period }]),
    ...(procedure.amount_fen === null || readsAsExaminer(actor, task)
      ? []
      : [amount ?? { value: formatYuan(procedure.amount_fen), detail: t('tasks.batchAmount') }]),
    ...dueFact,
  ];
}

/**
 * What a reader is told of how a task was decided: those outside learn the decision, not what was proposed or sent back on the way to it.
 */
export function outcomeTold(
  { outcome, outcomes }: Pick<CaseTask, 'outcome' | 'outcomes'>,
  actor: Pick<Actor, 'institutionId'>,
): string | null {
  if (actor.institutionId === undefined || outcome === null) return outcome;
  return isPassedOn(outcome, outcomes.includes('propose_refusal')) ? null : outcome;
}

function settledOf({ found, actor, t, words }: CaseParts) {
  const { task } = found;
  return {
    status: task.status,
    name: whoFor(t, task.decider ?? '—', task.decider_for),
    at: task.decided_at,
    outcome: outcomeTold(task, actor) === task.outcome ? decidedLabel(words, t, task.kind, task.outcome ?? '') : t('classes.passedOn'),
  };
}

/** The same tracker that the institution and the public see. */
export function trackOf(procedure: { type: string; stage: string; status: string; outcome: string | null }, t: Translate) {
  const ended = procedure.status === 'closed' || procedure.status === 'withdrawn';
  const stage = procedure.type === 'subsidyPayment' ? 'payment' : procedure.stage === 'refusal' ? 'approval' : procedure.stage;
  if (
    procedure.type === 'objection' ||
    procedure.type === 'publicDisclosure' ||
    procedure.type === 'calendarNotice' ||
    procedure.type === 'supervisionOrder'
  )
    return [];
  const paid = ended && procedure.outcome === 'paid';
  const found = stage === 'opened' ? 1 : classTrack.findIndex((entry) => entry.stages.includes(stage));
  const current = paid ? classTrack.length - 1 : found;
  return classTrack.map((entry, index) => ({
    label: t(`tasks.track.${entry.key}`),
    state: paid || index < current ? 'done' : index === current ? (ended ? 'stopped' : 'current') : 'todo',
    ...(paid && index === current ? { detail: t('common.stages.finished') } : {}),
  }));
}

function timelineView(line: TimelineLine, { t, words, found, actor }: CaseParts) {
  const outside = actor.institutionId !== undefined;
  const step = line.subject.split('/')[1];
  const label = step ? stepLabel(words, t, { step, role: found.task.role }, outside) : '';
  const opened = Array.isArray(line.detail['tasks'])
    ? (line.detail['tasks'] as string[]).map((id) => stepLabel(words, t, { step: id.split('/')[1] ?? '', role: found.task.role }, outside))
    : [];
  const key = [`tasks.acts.${actCode(line)}`, `classes.acts.${actCode(line)}`].find((name) => words.has(name));
  return {
    at: line.at,
    title: actWords(line, t, words) ?? (key ? t(key, { step: label, steps: opened.join(t('common.listSeparator')) }) : line.act),
    who: line.name
      ? [whoFor(t, line.name, line.principal), line.institution].filter(Boolean).join(t('classes.whoSeparator'))
      : whoWithoutName(line, t),
    detail: isLabelling(line) ? String(line.detail['label']) : (line.reason ?? ''),
    act: line.act,
    reason: line.reason,
    name: line.name,
    principal: line.principal,
  };
}

function openView(other: OpenTask, { found, actor, t, words, locale }: CaseParts) {
  return {
    href: taskPath(other.id),
    current: other.id === found.task.id,
    step: stepLabel(words, t, other, actor.institutionId !== undefined),
    who: isOutsideRole(other.role)
      ? [other.assessor, t(`common.roles.${other.role}`)].filter(Boolean).join(' · ')
      : `${officeName(other, locale)} · ${t(`common.roles.${other.role}`)}`,
    holder: other.holder,
    dueDate: other.due_date,
  };
}
