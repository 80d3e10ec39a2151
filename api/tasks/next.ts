/** What happens after each outcome, in words beside the decision bar: taken from the terms that the procedure keeps. */
import type { CaseTask } from '../../db/views/case.ts';
import type { ProcedureRow } from '../../db/protocol/procedures.ts';
import type { ReviewStep } from '../../workflows/domain/procedures.ts';
import { reviewTableOf, rowOfBack } from '../../workflows/domain/tasks.ts';
import type { Translate, Words } from '../pages/i18n.ts';
import { stepLabel } from './words.ts';

/** One sentence for an outcome of a task. */
export function whatHappens(task: CaseTask, procedure: ProcedureRow, outcome: string, t: Translate, words: Words): string {
  const [stage = '', name = ''] = task.step.split('.');
  const days = procedure.terms.days;
  if (task.kind === 'change_review' && outcome === 'approve') {
    const following = after(procedure.terms.reviews.change, name);
    return following ? handOver(following, stage, t, words) : t('tasks.next.change.apply');
  }
  if (task.kind === 'review') {
    const table = reviewTableOf(procedure.terms, stage) ?? [];
    const following = after(table, name);
    if (rowOfBack(outcome) !== undefined) return t('tasks.next.back');
    if (outcome === 'approve') return following ? handOver(following, stage, t, words) : t(`tasks.next.passed.${stage}`);
    if (outcome === 'propose_refusal')
      return following ? t('tasks.next.proposed', { next: handOver(following, stage, t, words) }) : t('tasks.next.proposedLast');
    if (outcome === 'return') return t('tasks.next.return', { count: days.correction });
  }
  const key = `tasks.next.${task.kind}.${outcome}`;
  if (!words.has(key)) return words.has(`tasks.next.any.${outcome}`) ? t(`tasks.next.any.${outcome}`, { ...days }) : '';
  const list = procedure.terms.disclosures[(task.reference ?? '') as keyof ProcedureRow['terms']['disclosures']];
  return t(key, { ...days, period: list?.workingDays ?? 0 });
}

function after(table: readonly ReviewStep[], name: string): ReviewStep | undefined {
  const at = table.findIndex((row) => row.step === name);
  return at === -1 ? undefined : table[at + 1];
}

function handOver(row: ReviewStep, stage: string, t: Translate, words: Words): string {
  return t('tasks.next.step', { step: stepLabel(words, t, { step: `${stage}.${row.step}`, role: row.role }), count: row.workingDays });
}
