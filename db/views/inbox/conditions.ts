/** What every reading of the inbox asks of a task `t`, and what it shows of it. */
import { numberFound } from '../number-search.ts';
import type { InboxFilter } from './inbox.ts';

export const officersOnly = `t.role not in ('clock', 'institution', 'assessor')`;

export function topmost(paths: readonly string[]): string[] {
  return [...new Set(paths)].filter((path) => !paths.some((other) => path.startsWith(`${other}/`)));
}

export function conditionsOf(filter: InboxFilter): { sql: string; bindings: Record<string, unknown> } {
  const parts: string[] = [];
  const bindings: Record<string, unknown> = {};
  if (filter.kind) {
    parts.push('t.kind = :kind');
    bindings['kind'] = filter.kind;
  }
  if (filter.stage) {
    parts.push('t.step like :stage');
    bindings['stage'] = `${likeText(filter.stage)}.%`;
  }
  if (filter.text) {
    const numbered = numberFound('t.subject_number', filter.text);
    Object.assign(bindings, numbered.bindings);
    bindings['contains'] = `%${likeText(filter.text)}%`;
    // Chinese and figures have no capitals; to compare without regard to them takes several times as long.
    const like = filter.text.toLowerCase() === filter.text.toUpperCase() ? 'like' : 'ilike';
    // People cite an order by the number of its paper; the paper is looked up for orders only.
    const cited = `(t.kind in ('order_issue', 'order_answer') and exists (select from papers d where d.procedure_id = t.procedure_id and d.kind = 'supervision_order' and d.number like :contains))`;
    parts.push(`(${numbered.sql} or t.subject_title ${like} :contains or t.institution_name ${like} :contains or ${cited})`);
  }
  return { sql: parts.map((part) => ` and ${part}`).join(''), bindings };
}

function likeText(text: string): string {
  return text.replace(/[\\%_]/g, (sign) => `\\${sign}`);
}

export const taskColumns = `t.id, t.procedure_id, t.class_id, t.step, t.round, t.kind, t.role, t.office, t.subject_number, t.subject_title, t.institution_name, t.headcount, t.amount_fen, t.from_date,
  t.working_days, t.days_used, t.due_date, t.due_at, cast(t.due_at as text) as due_key, t.provisional, t.urged_at, t.claimed_by, t.claimed_at, t.delegated_to, t.suspended_at, t.version, t.joint, t.joint_group`;
