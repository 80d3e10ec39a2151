/** The first page of an institution, made of its rows: what is asked of it, its classes and claims. */
import type { UnreadClass } from '../../db/views/classes/messages.ts';
import type { AskedTask, DraftLine, OwnClass, YearMoney } from '../../db/views/workplace.ts';
import { endOfDay, latestBefore } from '../../workflows/domain/calendar/calendar.ts';
import { endedStatuses } from '../../workflows/domain/classes/class.ts';
import { isOutsideRole, stageOf } from '../../workflows/domain/tasks.ts';
import { classPath, stageReached, stagesOf, statusTones } from '../classes/head.ts';
import type { Translate, Words } from '../pages/i18n.ts';
import { type DueView, dueView, type Today } from '../tasks/due.ts';
import { stepLabel, taskPath } from '../tasks/words.ts';

export type Speech = { t: Translate; words: Words; at: Today };

export type AskedView = {
  kind: string;
  task: string | null;
  title: string;
  number: string;
  step: string;
  what: string;
  href: string;
  due: DueView;
};

/** Tasks, drafts and unread messages in one list, soonest first; what has no date stands last. */
export function askedView(
  { tasks, drafts, unread }: { tasks: readonly AskedTask[]; drafts: readonly DraftLine[]; unread: readonly UnreadClass[] },
  speech: Speech,
): AskedView[] {
  const rows = [
    ...tasks.map((task) => taskRow(task, speech)),
    ...unread.map((line) => messageRow(line, speech)),
    ...drafts.map((draft) => draftRow(draft, speech)),
  ];
  return rows.sort((a, b) => (a.due.at ?? '9').localeCompare(b.due.at ?? '9'));
}

function taskRow(task: AskedTask, { t, words, at }: Speech): AskedView {
  const key = `classes.asked.${task.kind}`;
  const what = [
    words.has(key) ? t(key) : '',
    task.open_points > 0 ? t('workplace.points', { count: task.open_points, n: task.open_points }) : '',
    task.returned_lines > 0 ? t('workplace.returned', { count: task.returned_lines, n: task.returned_lines }) : '',
  ];
  // The list of a correction before the training stands on the page of the class.
  const listed = task.kind === 'correction' && stageOf(task.step) === 'pre_training' && task.class_number !== null;
  return {
    kind: task.kind,
    task: task.id,
    title: task.subject_title,
    number: task.subject_number,
    step: stepLabel(words, t, task),
    what: what.filter(Boolean).join(t('classes.semicolon')),
    href: listed ? `${classPath(task.class_number ?? '')}#correction` : taskPath(task.id),
    due: dueView(task, at, t),
  };
}

/** A draft is due on the last day on which its pack takes an application for its first day. */
function draftRow(draft: DraftLine, { t, at }: Speech): AskedView {
  const latest = draft.start_date === null ? null : latestBefore(at.calendars.of(draft.region), draft.start_date, draft.lead_days);
  const due = { due_date: latest, due_at: latest === null ? null : endOfDay(latest) };
  return {
    kind: 'draft',
    task: null,
    title: draft.title,
    number: draft.number,
    step: t('workplace.draft'),
    what: t(latest === null ? 'workplace.draftUndated' : 'workplace.draftDue', { count: draft.lead_days, n: draft.lead_days }),
    href: classPath(draft.number),
    due: dueView({ ...due, office: draft.region, from_date: draft.from_date, working_days: null, days_used: 0, provisional: false }, at, t),
  };
}

const undated = { office: '', from_date: '', working_days: null, days_used: 0, due_date: null, due_at: null, provisional: false };

function messageRow(line: UnreadClass, { t, at }: Speech): AskedView {
  return {
    kind: 'message',
    task: null,
    title: line.title,
    number: line.number,
    step: t('messages.unread', { count: line.unread }),
    what: t('workplace.message'),
    href: classPath(line.number, 'messages'),
    due: dueView(undated, at, t),
  };
}

export function askedJson({ due, ...row }: AskedView) {
  const { state, date, at, words, dayNumber: day, of, provisional } = due;
  return { ...row, due: { state, date, at, words, day, of, provisional } };
}

/** A row: the stage in words with its place in the tracker, whom the class waits for, its money. */
export function classView(line: OwnClass, { t, words }: Speech) {
  const staged = {
    status: line.status,
    procedure: line.stage === null ? undefined : { stage: line.stage },
    application: line.application_stage === null ? undefined : { stage: line.application_stage },
  };
  const stages = stagesOf(staged, t);
  const place = stages.findIndex((stage) => stage.state !== 'done');
  const ended = endedStatuses.includes(line.status);
  const asks = line.task_step !== null && line.task_role !== null;
  return {
    number: line.number,
    title: line.title,
    project: line.project,
    startDate: line.start_date,
    endDate: line.end_date,
    headcount: line.headcount,
    status: ended || place === -1 ? '' : t(`classes.status.${line.status}`),
    tone: statusTones[line.status],
    stages: stages.map(({ label, state }) => ({ label, state })),
    stage: ended || place === -1 ? t(`classes.status.${line.status}`) : (stages[place]?.label ?? ''),
    place: place === -1 ? stages.length : place + 1,
    of: stages.length,
    waits:
      asks && !ended
        ? t(isOutsideRole(line.task_role ?? '') ? 'workplace.waitsForUs' : 'workplace.waitsForOffice', {
            step: stepLabel(words, t, { step: line.task_step ?? '', role: line.task_role ?? '' }, true),
          })
        : '',
    dueDate: ended ? null : line.task_due_date,
    expectedFen: line.expected_fen,
    application: line.application,
    applicationStatus: line.application_status === null ? '' : t(`classes.application.${line.application_status}`),
    claimedFen: line.claimed_fen,
    approvedFen: line.approved_fen,
    paidFen: line.claimed_fen === null ? null : line.paid_fen,
    returned: line.returned_lines > 0 ? t('workplace.returned', { count: line.returned_lines, n: line.returned_lines }) : '',
  };
}

export function classJson(line: OwnClass) {
  return {
    number: line.number,
    title: line.title,
    status: line.status,
    stage: stageReached({
      procedure: line.stage === null ? undefined : { stage: line.stage },
      application: line.application_stage === null ? undefined : { stage: line.application_stage },
    }),
    headcount: line.headcount,
    expectedFen: line.expected_fen,
    application: line.application,
    claimedFen: line.claimed_fen,
    approvedFen: line.approved_fen,
    paidFen: line.paid_fen,
    returnedLines: line.returned_lines,
  };
}

export function yearJson({ year, claimed_fen: claimedFen, approved_fen: approvedFen, paid_fen: paidFen }: YearMoney) {
  return { year, claimedFen, approvedFen, paidFen };
}
