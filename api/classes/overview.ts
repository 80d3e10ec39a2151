/** The first tab: where the class stands, what is asked of whom until when, what is still missing. */
import type { Knex } from 'knex';
import { findClassIssues } from '../../db/classes/class-checks.ts';
import { getPolicyPack } from '../../db/catalogue/policy-packs.ts';
import type { Actor } from '../../db/accounts/users.ts';
import { classProcedureId, findOpenedOf } from '../../db/classes/classes.ts';
import { findCorrection, type Opened } from '../../db/classes/corrections.ts';
import type { PartKind } from '../../workflows/domain/classes/correction.ts';
import { itemJson, itemView, ownReason, partPath, pointLabel } from '../corrections/page.ts';
import { findCorrectionRequest } from '../../db/views/case.ts';
import { listMaterials } from '../../db/views/classes/materials.ts';
import { findEndReason, listClassTimeline } from '../../db/views/classes/class-record.ts';
import { type ClassHead, type ClassTask, getClassHead, listClassTasks } from '../../db/views/classes/classes.ts';
import { listCaseLabels } from '../../db/inbox/labels.ts';
import { listProposedRefusals, type ReviewSignature } from '../../db/views/classes/class-reviews.ts';
import type { Issue } from '../../workflows/domain/errors.ts';
import { materialRules, rule } from '../../workflows/domain/policy/policy.ts';
import { endedStatuses } from '../../workflows/domain/classes/class.ts';
import { isOutsideRole } from '../../workflows/domain/tasks.ts';
import type { Locale, Translate, Words } from '../pages/i18n.ts';
import { page, type Reply } from '../http/replies.ts';
import type { Context } from '../http/routing.ts';
import { correctionName, draftOf } from '../drafts/page.ts';
import { aheadView } from '../tasks/ahead.ts';
import { readToday } from '../tasks/case/case.ts';
import { dueView } from '../tasks/due.ts';
import { officeName, stepLabel, taskPath, whoWithoutName } from '../tasks/words.ts';
import { type FieldIssue, withWords } from '../http/validation.ts';
import { actsFor, classPath, headView, stageReached } from './head.ts';
import type { ClassParams } from './schemas.ts';
import { timelineView } from './timeline.ts';
import { hasRole } from '../../workflows/domain/scope.ts';
import { labelOfficesOf } from '../../workflows/domain/labels.ts';
import { readsMessages } from '../../workflows/domain/classes/message.ts';
import { readsRecord } from '../../workflows/domain/classes/reading.ts';

export type ClassContext = Pick<
  Context<ClassParams, unknown, unknown>,
  'db' | 'vault' | 'actor' | 'instant' | 'params' | 't' | 'locale' | 'deps'
>;

/** What was refused, and what had been typed. */
export type Redraw = { status?: number; issues?: FieldIssue[]; entered?: Record<string, unknown>; conflict?: string };

export async function showOverview(
  { db, vault, actor, instant, params, t, locale, deps }: ClassContext,
  redraw: Redraw = {},
): Promise<Reply> {
  const head = await getClassHead(db, actor, params.number);
  const acts = actsFor(actor, head);
  const whole = readsRecord(actor, head);
  const [asking, today, lines] = await Promise.all([
    listClassTasks(db, head.id, actor.institutionId !== undefined),
    readToday(db, instant, actor),
    listClassTimeline(db, {
      classId: head.id,
      number: head.number,
      limit: 6,
      outside: actor.institutionId !== undefined,
      withMessages: readsMessages(actor, head),
    }),
  ]);
  // What others are asked is no matter of the assessment body.
  const tasks = whole ? asking : asking.filter((task) => isMine(task, actor));
  const inside = await insideOffice(db, actor, tasks);
  const found = acts.includes('edit') ? (redraw.issues ?? withWords(await outstandingOf(db, head), t)) : [];
  // Points of a list that wait for an answer stand at the list; what is missing in the class stands at its parts.
  const outstanding = found.filter((issue) => !issue.field.startsWith('answers.'));
  const opened = acts.includes('edit') ? await findOpenedOf(db, head) : undefined;
  const moving =
    (head.procedure?.applied_no ?? 0) < (head.procedure?.fact_no ?? 0) ||
    (head.application?.applied_no ?? 0) < (head.application?.fact_no ?? 0);
  const returned = head.status === 'correction' && head.procedure ? await findCorrectionRequest(db, head.procedure.id) : undefined;
  const asked = tasks.map((task) => taskView(task, { actor, head, today, t, words: deps.words, locale, inside }));
  const correction = tasks.find(
    (task) => task.kind === 'correction' && task.procedure_id === head.procedure?.id && task.step.startsWith('pre_training.'),
  );
  const mine = acts.length > 0 && correction !== undefined && head.status === 'correction';
  const draft = mine ? await draftOf({ db, vault, actor }, correctionName(head.number, correction.id)) : undefined;
  const sections = acts.includes('edit') ? sectionsOf(head, outstanding, await materialsDetail(db, head, actor, t), opened, t) : [];
  return page(
    'classes/show',
    {
      ...headView(head, 'overview', { actor, t, locale }),
      class: head,
      own: actor.institutionId === head.institution_id,
      mayEdit: acts.includes('edit'),
      maySubmit: acts.includes('submit'),
      mayWithdraw: acts.includes('withdraw'),
      sections,
      nextSection: sections.find((section) => !section.done && !section.locked),
      unanswered: found.filter((issue) => issue.field.startsWith('answers.')),
      missing: outstanding.length,
      refusedCount: found.length,
      // A correction has its own block with form and date.
      mine: asked.filter((task) => task.mine && !(mine && task.here)),
      others: asked.filter((task) => !task.mine),
      correction:
        whole && head.status === 'correction' && head.procedure
          ? await correctionView(db, head.number, mine ? correction : undefined, { t, words: deps.words, today, locale })
          : undefined,
      ended: endedStatuses.includes(head.status)
        ? { ...(whole && head.procedure ? await findEndReason(db, head.procedure.id) : {}), words: t(`classes.ended.${head.status}`) }
        : undefined,
      moving,
      whole,
      ahead: whole && following(head, tasks, returned?.step, { t, words: deps.words }),
      summary: summaryOf(head, t),
      timeline: lines.map((line) => ({
        ...timelineView(line, t, deps.words, actor.institutionId !== undefined, labelOfficesOf(actor)),
        who: line.name ?? whoWithoutName(line, t),
      })),
      shares: await sharesOf(db, head),
      refused: redraw.issues !== undefined,
      conflict: redraw.conflict,
      issues: redraw.issues,
      entered: redraw.entered ?? draft?.entered,
      draft: draft && { keep: draft.keep, restored: redraw.entered ? undefined : draft.restored },
    },
    {
      status: redraw.status ?? 200,
      nav: 'classes',
      ...(moving ? { refreshSeconds: 2 } : {}),
      etag: String(head.version),
      json: { ...detailJson(head, acts, tasks, actor, outstanding, moving), correction: whole ? await correctionJson(db, head) : null },
    },
  );
}

/** What follows what is asked now: in the application once there is one. Nothing is asked while the clock or a register is waited for. */
function following(head: ClassHead, tasks: readonly ClassTask[], returnedFrom: string | undefined, speech: { t: Translate; words: Words }) {
  const procedure = head.application?.status === 'open' ? head.application : head.procedure;
  if (!procedure) return undefined;
  const task = tasks.find((one) => one.procedure_id === procedure.id && !one.step.startsWith('change-'));
  return aheadView(procedure, task?.step ?? `${procedure.stage}.${procedure.step}`, { ...speech, returnedFrom, open: tasks });
}

/** The list that the class is back with, for programs. */
async function correctionJson(db: Knex, head: ClassHead) {
  const correction = head.status === 'correction' ? await findCorrection(db, classProcedureId(head.number), 'pre_training') : undefined;
  return correction ? { round: correction.round, items: correction.items.map(itemJson) } : null;
}

function detailJson(
  head: ClassHead,
  acts: readonly string[],
  tasks: ClassTask[],
  actor: Actor,
  outstanding: readonly FieldIssue[],
  moving: boolean,
) {
  return {
    number: head.number,
    title: head.title,
    status: head.status,
    stage: head.procedure ? stageReached(head) : null,
    version: head.version,
    institution: head.institution,
    projectId: head.project_id,
    project: head.project,
    plan: head.plan,
    startDate: head.start_date,
    endDate: head.end_date,
    venueId: head.venue_id,
    assessorId: head.assessor_id,
    packId: head.pack_id,
    headcount: head.headcount,
    amountFen: readsRecord(actor, head) ? head.amount_fen : null,
    hours: head.hours,
    acts,
    tasks: tasks.map((task) => ({
      id: task.id,
      step: task.step,
      kind: task.kind,
      role: task.role,
      mine: isMine(task, actor),
      dueDate: task.due_date,
    })),
    outstanding: outstanding.map(({ field, code, message }) => ({ field, code, message })),
    moving,
  };
}

export async function outstandingOf(db: Knex, head: ClassHead): Promise<Issue[]> {
  return findClassIssues(db, head, await getPolicyPack(db, head.pack_id));
}

function isMine(task: ClassTask, actor: Actor): boolean {
  return isOutsideRole(task.role) && task.institution_id === actor.institutionId && hasRole(actor, task.role);
}

type Inside = { labels: ReadonlyMap<string, readonly string[]>; proposed: ReadonlyMap<string, readonly ReviewSignature[]> };

/** What the office keeps to itself about what is being worked on: the reader's labels by procedure, the refusals proposed by task. */
async function insideOffice(db: Knex, actor: Actor, tasks: readonly ClassTask[]): Promise<Inside> {
  if (actor.institutionId !== undefined) return { labels: new Map(), proposed: new Map() };
  const procedures = [...new Set(tasks.map((task) => task.procedure_id))];
  const reviews = tasks.filter(({ kind }) => kind === 'review');
  const [labels, proposed] = await Promise.all([
    Promise.all(procedures.map(async (id) => [id, await listCaseLabels(db, actor, id)] as const)),
    Promise.all(reviews.map(async (task) => [task.id, await listProposedRefusals(db, task)] as const)),
  ]);
  return { labels: new Map(labels), proposed: new Map(proposed) };
}

type Speech = { t: Translate; words: Words; locale: Locale };

function taskView(
  task: ClassTask,
  {
    actor,
    head,
    today,
    t,
    words,
    locale,
    inside,
  }: Speech & { actor: Actor; head: ClassHead; today: Awaited<ReturnType<typeof readToday>>; inside: Inside },
) {
  const due = dueView(task, today, t);
  const mine = isMine(task, actor);
  const here = task.kind === 'correction' && task.step.startsWith('pre_training.');
  return {
    mine,
    here,
    step: stepLabel(words, t, task, actor.institutionId !== undefined),
    what: words.has(`classes.asked.${task.kind}`) ? t(`classes.asked.${task.kind}`) : '',
    href: here ? `${classPath(head.number)}#correction` : taskPath(task.id),
    who: isOutsideRole(task.role) ? t(`common.roles.${task.role}`) : `${officeName(task, locale)} · ${t(`common.roles.${task.role}`)}`,
    holder: task.holder,
    priority: actor.institutionId === undefined && task.priority ? (task.priority_reason ?? '') : undefined,
    labels: inside.labels.get(task.procedure_id) ?? [],
    proposed: (inside.proposed.get(task.id) ?? []).map(({ step, name, reason }) => ({
      title: t('tasks.proposedRefusal', { step: stepLabel(words, t, { step, role: 'first_reviewer' }, false) }),
      name,
      reason,
    })),
    words: due.words,
    tone: due.tone || (due.state === 'later' ? 'green' : ''),
    percent: due.state === 'none' ? undefined : due.percent,
    detail: due.detail,
    dueDate: task.due_date,
    provisional: due.provisional,
  };
}

export const formFields = new Set(['projectId', 'title', 'plan', 'startDate', 'endDate', 'venueId', 'assessorId']);

/** A task list of what makes up a class; each issue leads to its field. */
function sectionsOf(head: ClassHead, issues: readonly FieldIssue[], materials: string, opened: Opened | undefined, t: Translate) {
  const linked = issues.map((issue) => ({
    ...issueView(issue, head.number, t),
    section: formFields.has(issue.field)
      ? 'edit'
      : issue.field.startsWith('sessions')
        ? 'timetable'
        : issue.field.startsWith('materials')
          ? 'materials'
          : 'roster',
  }));
  return (['edit', 'timetable', 'roster', 'materials'] as const).map((section) => {
    const own = linked.filter((issue) => issue.section === section);
    const detail =
      section === 'edit'
        ? head.project
        : section === 'timetable'
          ? t('classes.sectionHours', { sessions: head.sessions, hours: head.hours, min: head.hours_min })
          : section === 'materials'
            ? materials
            : t('classes.sectionRoster', { n: head.headcount });
    return {
      href:
        section === 'roster' || section === 'materials'
          ? classPath(head.number, section)
          : `/classes/${head.number}/${section === 'timetable' ? 'timetable/edit' : 'edit'}`,
      title: t(`classes.sections.${section}`),
      detail,
      // In a correction only what is on the list can be changed.
      locked: opened !== undefined && !opened.parts.some((part) => sectionOfPart(part.kind).includes(section)),
      done: own.length === 0,
      issues: own.slice(0, 8),
      more: Math.max(0, own.length - 8),
      count: own.length,
    };
  });
}

type Section = 'edit' | 'timetable' | 'roster' | 'materials';

/** The pages on which a part is corrected: other dates and another room reach into the timetable. */
function sectionOfPart(kind: PartKind): readonly Section[] {
  if (kind === 'dates' || kind === 'venue') return ['edit', 'timetable'];
  if (kind === 'timetable' || kind === 'teachers') return ['timetable'];
  if (kind === 'roster' || kind === 'enrolment') return ['roster'];
  return kind.startsWith('material') ? ['materials'] : ['edit'];
}

export function issueView(issue: FieldIssue, number: string, t: Translate) {
  const parts = issue.field.split('.');
  if (parts[0] === 'sessions') {
    const [, row, name] = parts;
    const label =
      row === undefined ? '' : t('classes.sessionField', { n: Number(row) + 1, field: t(`classes.fields.${name ?? 'session'}`) });
    return { href: `/classes/${number}/timetable/edit?check=1#f-${issue.field}`, label, message: issue.message };
  }
  if (parts[0] === 'materials')
    return { href: `${classPath(number, 'materials')}#need-${parts[1] ?? ''}`, label: '', message: issue.message };
  if (parts[0] === 'roster') return { href: classPath(number, 'roster'), label: '', message: issue.message };
  return { href: `/classes/${number}/edit?check=1#f-${issue.field}`, label: t(`classes.fields.${issue.field}`), message: issue.message };
}

/** How many are attached, and what the pack recommends besides. */
async function materialsDetail(db: Knex, head: ClassHead, actor: Actor, t: Translate): Promise<string> {
  const [pack, materials] = await Promise.all([getPolicyPack(db, head.pack_id), listMaterials(db, head.id, actor.userId)]);
  const missing = materialRules(pack).filter(
    ({ kind, required }) => !required && !materials.some((material) => material.kind === kind && !material.removed_at),
  );
  const recommended = missing.map(({ kind }) => t(`materials.kinds.${kind}`)).join(t('common.listSeparator'));
  return [
    t('classes.sectionMaterials', { n: head.materials }),
    ...(missing.length > 0 ? [t('classes.sectionRecommended', { kinds: recommended })] : []),
  ].join(t('classes.semicolon'));
}

async function correctionView(
  db: Knex,
  number: string,
  task: ClassTask | undefined,
  { t, words, today, locale }: Speech & { today: Awaited<ReturnType<typeof readToday>> },
) {
  const [request, correction] = await Promise.all([
    findCorrectionRequest(db, classProcedureId(number)),
    findCorrection(db, classProcedureId(number), 'pre_training'),
  ]);
  if (!request) return undefined;
  return {
    ...request,
    reason: ownReason(
      request.reason,
      request.items.map((item) => item.text),
    ),
    stepLabel: stepLabel(words, t, { step: request.step, role: 'first_reviewer' }),
    listed: correction !== undefined,
    items: correction
      ? correction.items.map((item) => ({
          ...itemView(item, correction.snapshot, { t, words, locale }),
          href: task && partPath({ type: 'trainingClass', subject_number: number }, item.part),
        }))
      : request.items.map((item) => ({ label: pointLabel(item.field, t, words), text: item.text })),
    counts:
      correction &&
      t('corrections.counts', { n: correction.items.length, done: correction.items.filter((item) => item.status !== 'open').length }),
    task: task && { id: task.id, version: task.version, due: dueView(task, today, t), dueDate: task.due_date },
  };
}

function summaryOf(head: ClassHead, t: Translate) {
  const theory = head.hours > 0 ? Math.round((head.theory_hours * 100) / head.hours) : 0;
  return [
    {
      label: t('classes.fields.projectId'),
      value: head.project,
      detail: t('classes.projectDetail', { code: head.project_code, hours: head.hours_min, department: head.department }),
    },
    {
      label: t('classes.dates'),
      value: head.start_date && head.end_date ? t('classes.period', { from: head.start_date, to: head.end_date }) : t('classes.noDates'),
    },
    {
      label: t('classes.hours'),
      value: t('classes.hoursValue', { n: head.hours }),
      detail: head.hours > 0 ? t('classes.hoursShare', { theory, practice: 100 - theory }) : '',
    },
    {
      label: t('classes.fields.venueId'),
      value: head.venue ?? '—',
      detail: head.venue ? t('classes.venueDetail', { address: head.venue_address ?? '', capacity: head.capacity ?? 0 }) : '',
    },
    { label: t('classes.fields.assessorId'), value: head.assessor ?? '—', detail: t('classes.assessorHint') },
    { label: t('classes.fields.plan'), value: head.plan || '—' },
  ];
}

/** What the pack asks of a timetable, beside what this one has. */
async function sharesOf(db: Knex, head: ClassHead) {
  const pack = await getPolicyPack(db, head.pack_id);
  return {
    theoryMin: rule(pack, 'hours.theoryMinPercent'),
    practiceMin: rule(pack, 'hours.practiceMinPercent'),
    leadDays: rule(pack, 'schedule.classApplicationLeadWorkingDays'),
  };
}
