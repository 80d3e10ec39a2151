/** The ladder of a task on its page: what has rung, what rings next and when. Inside the office only. */
import type { OrderOnRecord } from '../../../db/protocol/supervision/orders.ts';
import type { RungOnRecord } from '../../../db/protocol/supervision/rungs.ts';
import type { Case } from '../../../db/views/case.ts';
import { ladderOfTask } from '../../../workflows/domain/calendar/deadlines.ts';
import { rungCode } from '../../../workflows/domain/policy/ladder.ts';
import { isOutsideRole } from '../../../workflows/domain/tasks.ts';
import type { Locale, Translate } from '../../pages/i18n.ts';
import { numberLine } from '../../papers/page.ts';
import { taskPath } from '../words.ts';

/** `passed`: its instant went by without it, before the task was opened or while the clock jumped on to a later rung. */
export type RungState = 'rang' | 'passed' | 'next' | 'later';

export function ladderView({ task, procedure }: Case, rang: readonly RungOnRecord[], t: Translate) {
  const open = task.status === 'open' && procedure.status === 'open';
  return ladderOfTask(task.kind, task.peremptory, procedure.terms).flatMap((rung, at) => {
    const record = rang.find(({ no }) => no === at + 1);
    const state: RungState = record ? 'rang' : at < task.rung ? 'passed' : at === task.rung ? 'next' : 'later';
    const planned = state === 'next' ? (task.next_rung_at ?? task.rungs[at]) : task.rungs[at];
    // What will not ring any more is not shown.
    if (!planned || (!record && !open)) return [];
    const { act, role, level } = record ?? rung;
    return [
      {
        no: at + 1,
        act,
        role,
        level,
        state,
        at: record?.rang_at ?? planned,
        told: record?.told ?? null,
        label: rungLabel(task.role, rungCode({ ...rung, act, role, level }), t),
        when: whenWords(rung.when, t),
        tone: { rang: rung.when > 0 ? 'red' : 'amber', passed: '', next: 'blue', later: '' }[state],
      },
    ];
  });
}

/** What goes to who works on the task is called after whom it is asked of. */
function rungLabel(role: string, code: ReturnType<typeof rungCode>, t: Translate): string {
  return isOutsideRole(role) && (code === 'reminder' || code === 'due')
    ? t(`tasks.ladder.outside.${role}.${code}`)
    : t(`tasks.ladder.${code}`);
}

function whenWords(workingDays: number, t: Translate): string {
  const count = Math.abs(workingDays);
  if (count === 0) return t('tasks.ladder.onDueDay');
  return t(workingDays < 0 ? 'tasks.ladder.before' : 'tasks.ladder.after', { count, n: count });
}

export function orderView(order: OrderOnRecord, t: Translate, locale: Locale) {
  const state = order.answer !== null ? 'answered' : order.outcome === 'waived' ? 'waived' : order.paper !== null ? 'issued' : 'requested';
  return {
    ...order,
    href: taskPath(order.task),
    state,
    stateLabel: t(`tasks.order.states.${state}`),
    paperLabel: paperLabelOf(order, t, locale),
  };
}

export function paperLabelOf(order: OrderOnRecord, t: Translate, locale: Locale): string {
  const office = locale === 'en' ? order.paperOfficeEn : order.paperOfficeZh;
  return order.paper === null ? '' : numberLine('supervision_order', order.paper, office ?? '', t);
}
