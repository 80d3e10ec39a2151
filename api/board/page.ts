/** The supervisor's board: what is late, who has how much, how it went. */
import type { SubstitutionLine } from '../../db/accounts/substitutions.ts';
import type { Actor } from '../../db/accounts/users.ts';
import type { Board, Candidate, OfficerLoad, OnTime, OwedTask } from '../../db/views/board.ts';
import type { InboxTask } from '../../db/views/inbox/inbox.ts';
import { boardWeeks, firstMonday } from '../../workflows/domain/calendar/board-times.ts';
import { addDays, daysBetween, workingDaysBetween } from '../../workflows/domain/calendar/calendar.ts';
import { bulkLimit, isOutsideRole } from '../../workflows/domain/tasks.ts';
import type { Locale, Translate, Words } from '../pages/i18n.ts';
import { substitutionJson, substitutionView } from '../substitutions/page.ts';
import { dueView, type Today } from '../tasks/due.ts';
import { candidateOptions } from '../tasks/supervision/candidates.ts';
import { caseNumber, stepLabel, taskPath } from '../tasks/words.ts';

export type BoardParts = {
  actor: Actor;
  at: Today;
  board: Board;
  /** The figures were counted ahead, at `countedAt`. */
  kept: boolean;
  overdue: InboxTask[];
  /** What institutions have let pass. */
  owed: OwedTask[];
  candidates: Candidate[];
  /** Overdue tasks for which an order was asked for: one is enough. */
  ordered: ReadonlySet<string>;
  substitutions: SubstitutionLine[];
  moreSubstitutions: boolean;
  locale: Locale;
  t: Translate;
  words: Words;
};

/** ISO number of the week that begins on this Monday. */
function weekNumber(monday: string): number {
  const thursday = addDays(monday, 3);
  return Math.floor(daysBetween(`${thursday.slice(0, 4)}-01-01`, thursday) / 7) + 1;
}

export function boardView(parts: BoardParts) {
  const { board, kept, at, t } = parts;
  const { figures } = board;
  const rate = percentInTime(figures.period);
  const before = percentInTime(figures.previous);
  const longest =
    figures.oldestDue === null
      ? ''
      : t('tasks.due.overdue', { count: Math.max(1, workingDaysBetween(at.calendar, figures.oldestDue, at.today)) });
  return {
    now: board.countedAt,
    kept,
    tiles: [
      {
        label: t('board.tile.overdue'),
        value: shown(figures.overdue),
        tone: figures.overdue > 0 ? 'red' : '',
        detail: figures.overdue > 0 ? t('board.tile.oldest', { words: longest }) : t('board.tile.noOverdue'),
        href: '/tasks?view=region&urgency=overdue',
      },
      {
        label: t('board.tile.soon'),
        value: shown(figures.soon),
        tone: figures.soon > 0 ? 'amber' : '',
        detail: t('board.tile.unclaimed', { n: figures.soonUnclaimed }),
        href: '/tasks?view=region&urgency=soon',
      },
      {
        label: t('board.tile.onTime'),
        value: rate ?? t('board.tile.noRate'),
        tone: '',
        detail: t('board.tile.before', { rate: before ?? t('board.tile.noRate'), n: figures.period.decided }),
      },
      {
        label: t('board.tile.waiting'),
        value: shown(figures.waiting),
        tone: '',
        detail: t('board.tile.waitingDetail', { n: figures.waitingSoon }),
      },
    ],
    ...splitByWork(loadRows(parts)),
    weeks: weekRows(parts),
    groups: overdueGroups(parts),
    owed: parts.owed.map((task) => ({
      ...owedLine(task, parts),
      href: task.class_number === null ? taskPath(task.id) : `/classes/${task.class_number}`,
    })),
    overdueCount: shown(figures.overdue),
    steps: stepRows(parts),
    candidates: candidateOptions(parts.candidates, t, parts.locale),
    bulkLimit,
    substitutions: parts.substitutions.map((line) => substitutionView(line, parts.actor, t, parts.locale)),
    moreSubstitutions: parts.moreSubstitutions,
  };
}

function shown(count: number): string {
  return count.toLocaleString('en-US');
}

function percentInTime({ decided, late }: OnTime): string | undefined {
  return decided === 0 ? undefined : `${(((decided - late) * 100) / decided).toFixed(1)}%`;
}

function loadRows({ board: { loads, unclaimed }, t }: BoardParts) {
  const rows: OfficerLoad[] = [...loads, { userId: null, name: null, roles: [], ...unclaimed, oldestDue: null, decidedToday: 0 }];
  const total = (row: OfficerLoad): number => row.overdue + row.soon + row.later;
  const most = Math.max(1, ...loads.map(total), total(rows.at(-1) as OfficerLoad));
  // Bars grow in steps of five percent: widths are classes, because the policy on styles allows no inline ones.
  const width = (count: number): number => (count === 0 ? 0 : Math.max(5, Math.round((count / most) * 20) * 5));
  return rows.map((row) => ({
    ...row,
    name: row.name ?? t('board.load.unclaimed'),
    unclaimed: row.userId === null,
    roleLabel: row.roles.map((role) => t(`common.roles.${role}`)).join(t('common.listSeparator')),
    total: total(row),
    widths: { overdue: width(row.overdue), soon: width(row.soon), later: width(row.later) },
    value:
      row.userId === null
        ? t('board.load.open', { total: shown(total(row)) })
        : t('board.load.value', { total: total(row), today: row.decidedToday }),
  }));
}

/** The heaviest load first, then what nobody has taken; who has nothing open is only named, and what was done today. */
function splitByWork(rows: ReturnType<typeof loadRows>) {
  const works = (row: (typeof rows)[number]): boolean => row.unclaimed || row.total > 0;
  const busy = rows.filter(works).sort((a, b) => Number(a.unclaimed) - Number(b.unclaimed) || b.overdue - a.overdue || b.total - a.total);
  return { loads: rows, busy, idle: rows.filter((row) => !works(row)) };
}

function weekRows({ board: { trend }, at, t }: BoardParts) {
  const first = firstMonday(at.today);
  const weeks = Array.from({ length: boardWeeks }, (_, index) => {
    const monday = addDays(first, 7 * index);
    const found = trend.find((week) => week.week === monday);
    return { monday, number: weekNumber(monday), decided: found?.decided ?? 0, late: found?.late ?? 0 };
  });
  const most = Math.max(1, ...weeks.map((week) => week.decided));
  const percent = (count: number): number => (count === 0 ? 0 : Math.max(2, Math.round((count / most) * 100)));
  return weeks.map((week) => ({
    ...week,
    label: t('board.trend.short', { n: week.number }),
    value: `${t('board.trend.decided')} ${week.decided}`,
    count: week.decided === 0 ? '' : shown(week.decided),
    percent: percent(week.decided),
    second: percent(week.late),
    secondValue: week.late,
  }));
}

/** Steps that are called the same, as those of the changes of a class, are one row. */
function stepRows({ board: { overdueSteps }, at, t, words }: BoardParts) {
  const rows = new Map<string, { name: string; count: number; oldestDue: string }>();
  for (const row of overdueSteps) {
    const name = stepLabel(words, t, row);
    const known = rows.get(name);
    rows.set(name, {
      name,
      count: (known?.count ?? 0) + row.count,
      oldestDue: known && known.oldestDue < row.oldestDue ? known.oldestDue : row.oldestDue,
    });
  }
  return [...rows.values()].map((row) => ({
    ...row,
    late: t('tasks.due.overdue', { count: Math.max(1, workingDaysBetween(at.calendar, row.oldestDue, at.today)) }),
  }));
}

/** Late tasks by step, the steps with the longest delay first, since tasks come in the order of their due instants; those of marked tasks before all. */
function overdueGroups({ overdue, ordered, at, t, words }: BoardParts) {
  const groups = new Map<string, ReturnType<typeof overdueRow>[]>();
  for (const task of overdue) {
    const step = stepLabel(words, t, task);
    groups.set(step, [...(groups.get(step) ?? []), overdueRow(task, ordered, at, t)]);
  }
  return [...groups].map(([step, rows]) => ({ step, rows, count: rows.length }));
}

function overdueRow(task: InboxTask, ordered: ReadonlySet<string>, at: Today, t: Translate) {
  return {
    id: task.id,
    path: taskPath(task.id),
    title: task.subject_title,
    number: caseNumber(t, task),
    institution: task.institution_name,
    holder: task.holder,
    late: dueView(task, at, t).words,
    urged: task.urged_at !== null,
    priority: task.priority,
    priorityReason: task.priority_reason ?? '',
    ordered: ordered.has(task.id),
    escalatable: !ordered.has(task.id) && task.kind !== 'order_issue' && task.kind !== 'order_answer',
    assignable: !isOutsideRole(task.role),
  };
}

function owedLine(task: OwedTask, { at, t, words }: Pick<BoardParts, 'at' | 't' | 'words'>) {
  return {
    id: task.id,
    step: stepLabel(words, t, task),
    title: task.subject_title,
    number: task.subject_number,
    institution: task.institution_name,
    dueDate: task.due_date,
    late: dueView(task, at, t).words,
  };
}

export function boardJson(
  { board: { countedAt, figures, loads, unclaimed, overdueSteps }, kept, overdue, owed, substitutions, at, t, words }: BoardParts,
  weeks: ReturnType<typeof boardView>['weeks'],
) {
  return {
    asOf: countedAt.toISOString(),
    countedAhead: kept,
    figures,
    loads: [...loads, { userId: null, name: null, roles: [], ...unclaimed, oldestDue: null, decidedToday: 0 }],
    overdueSteps: overdueSteps.map((row) => ({ ...row, name: stepLabel(words, t, row) })),
    overdue: overdue.map((task) => ({
      id: task.id,
      step: stepLabel(words, t, task),
      title: task.subject_title,
      number: task.subject_number,
      institution: task.institution_name,
      holder: task.holder,
      dueDate: task.due_date,
      late: dueView(task, at, t).words,
    })),
    institutionsOverdue: owed.map((task) => owedLine(task, { at, t, words })),
    substitutions: substitutions.map(substitutionJson),
    trend: weeks.map(({ monday, number, decided, late }) => ({ monday, number, decided, late })),
  };
}
