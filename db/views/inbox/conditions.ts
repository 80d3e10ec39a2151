/** What every reading of the inbox asks of a task `t`, and what it shows of it. */
import { classOfPaperFound, numberFound } from '../number-search.ts';
import type { InboxFilter, Urgency } from './inbox.ts';
import type { Actor } from '../../accounts/users.ts';
import { labelOfficesOf } from '../../../workflows/domain/labels.ts';
import { beginningWith, containing } from '../../queries/text-search.ts';

export const officersOnly = `t.role not in ('clock', 'institution', 'assessor')`;

export function conditionsOf(filter: InboxFilter, actor: Actor): { sql: string; bindings: Record<string, unknown> } {
  const parts: string[] = [];
  const bindings: Record<string, unknown> = {};
  if (filter.kind) {
    parts.push('t.kind = :kind');
    bindings['kind'] = filter.kind;
  }
  if (filter.priority) parts.push('t.priority');
  if (filter.label) {
    parts.push(
      `t.procedure_id = any(array(select k.procedure_id from case_labels k where k.label = :label and k.office = any(cast(:labelOffices as text[]))))`,
    );
    Object.assign(bindings, { label: filter.label, labelOffices: labelOfficesOf(actor) });
  }
  if (filter.stage) {
    parts.push('t.step like :stage');
    bindings['stage'] = beginningWith(`${filter.stage}.`);
  }
  if (filter.region) {
    parts.push(
      `(${liesIn('t.office_path')} or exists (select from procedures o where o.id = t.procedure_id and ${liesIn('o.region_path')}))`,
    );
    bindings['region'] = filter.region;
  }
  if (filter.dueBy) {
    parts.push('t.due_at <= :dueBy');
    bindings['dueBy'] = filter.dueBy;
  }
  if (filter.holder) {
    parts.push('t.claimed_by = cast(:holder as uuid)');
    bindings['holder'] = filter.holder;
  }
  if (filter.text) {
    const numbered = numberFound('t.subject_number', filter.text);
    const paper = classOfPaperFound('t.class_id', filter.text, actor.institutionId !== undefined);
    const named = containing(['t.subject_title', 't.institution_name'], filter.text);
    Object.assign(bindings, numbered.bindings, paper?.bindings, named.bindings);
    // People cite an order by the number of its paper, and an order may be about no class.
    const cited = `(t.kind in ('order_issue', 'order_answer') and exists (select from papers d where d.procedure_id = t.procedure_id and d.kind = 'supervision_order' and d.number like :contains))`;
    parts.push(`(${[numbered.sql, ...(paper ? [paper.sql] : []), named.sql, cited].join(' or ')})`);
  }
  return { sql: parts.map((part) => ` and ${part}`).join(''), bindings };
}

/** When a task of a group is due. */
export const ranges: Readonly<Record<Urgency, string>> = {
  overdue: 't.due_at <= :now',
  soon: 't.due_at > :now and t.due_at <= :soon',
  later: 't.due_at > :soon',
  none: 't.due_at is null',
};

export const noneMarked: Readonly<Record<Urgency, number>> = { overdue: 0, soon: 0, later: 0, none: 0 };

/** How many of the tasks `t` that are marked as pressing each group holds. */
export const markedFigures = `json_build_object(${Object.entries(ranges)
  .map(([urgency, range]) => `'${urgency}', count(*) filter (where t.priority and ${range})`)
  .join(', ')})`;

/** The labels that the offices of a reader put on the case of a task, as a column; binds `labelOffices`. */
export function labelsColumn(actor: Actor, procedureId: string): string {
  if (actor.institutionId !== undefined) return `cast('{}' as text[]) as labels`;
  return `array(select k.label from case_labels k where k.procedure_id = ${procedureId} and k.office = any(cast(:labelOffices as text[])) group by k.label order by min(k.set_at), k.label) as labels`;
}

/** Read once, whatever number of rows asks for it. */
const wanted = `(select w.path from regions w where w.code = :region)`;

function liesIn(path: string): string {
  return `(${path} = ${wanted} or ${path} like ${wanted} || '/%')`;
}

/** The offices of `:paths` and below; of one region alone those that may have a case of it: its own, those below and those above it. */
export function officesOf(filter: Pick<InboxFilter, 'region'>): string {
  const narrowed = filter.region ? ` where r.path = ${wanted} or r.path like ${wanted} || '/%' or ${wanted} like r.path || '/%'` : '';
  return `(select r.path, r.code from unnest(cast(:paths as text[])) p (path) join regions r on r.path = p.path or r.path like p.path || '/%'${narrowed})`;
}

export const taskColumns = `t.id, t.procedure_id, t.class_id, t.step, t.round, t.kind, t.role, t.office, t.subject_number, t.subject_title, t.institution_name, t.headcount, t.amount_fen, t.from_date,
  t.working_days, t.days_used, t.due_date, t.due_at, cast(t.due_at as text) as due_key, t.provisional, t.urged_at, t.priority, t.priority_reason, t.claimed_by, t.claimed_at, t.delegated_to, t.suspended_at, t.version, t.joint, t.joint_group, t.signers`;
