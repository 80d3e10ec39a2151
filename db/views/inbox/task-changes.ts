/** What changed about tasks lately, for pages that are open: read from the record, which every act and every step of a procedure writes to. */
import type { TaskKind } from '../../../workflows/domain/task-kinds.ts';
import type { Db } from '../../client.ts';

export type TaskChange = {
  /** Number of the line of the record that tells of it. */
  line: number;
  id: string;
  procedure_id: string;
  step: string;
  kind: TaskKind;
  role: string;
  office: string;
  office_path: string;
  institution_id: string | null;
  subject_number: string;
  subject_title: string;
  institution_name: string;
  class_id: string | null;
  /** Where its case lies. */
  region_path: string;
  due_at: Date | null;
  open: boolean;
  /** The line opened it, took it up again or marked it as pressing. */
  fresh: boolean;
  claimed_by: string | null;
  holder: string | null;
  delegated_to: string | null;
  delegate: string | null;
  suspended: boolean;
  priority: boolean;
  priority_reason: string | null;
  /** Took part in other steps of the same matter: four eyes refuse it to them. */
  signers: string[];
  /** Of every office: a page is told those of its reader's. */
  labels: { office: string; label: string }[];
};

/** More lines than this are told by the next look. */
export const linesAtMost = 500;

/** Number of the newest line. */
export async function newestLine(db: Db): Promise<number> {
  const { rows } = await db.raw<{ rows: { newest: number }[] }>('select coalesce(max(id), 0) as newest from audit_log');
  return rows[0]?.newest ?? 0;
}

/** Lines above `after` with the tasks that they concern: those that are open, and those that a line or a step has ended. A line may concern none. `people`: lines about who may be here and do what. */
export async function listTaskChanges(db: Db, after: number): Promise<{ lines: number[]; people: number[]; changes: TaskChange[] }> {
  const { rows } = await db
    .raw<{ rows: ((TaskChange | { line: number; id: null }) & { people: boolean })[] }>(
      `select a.id as line, a.act ~ '^(account|grant|substitution)[.]|^session[.]end$' as people, t.id, t.procedure_id, t.step, t.kind, t.role, t.office, t.office_path, t.institution_id, t.subject_number, t.subject_title,
              t.institution_name, t.class_id, p.region_path, t.due_at, t.status = 'open' as open, t.opened_at = a.at or (a.act = 'task.resume' and a.subject = t.id) or (a.act = 'task.prioritise' and t.priority) as fresh,
              t.claimed_by, u.name as holder, t.delegated_to, d.name as delegate, t.suspended_at is not null as suspended,
              t.priority, t.priority_reason, t.signers,
              (select coalesce(json_agg(json_build_object('office', k.office, 'label', k.label) order by k.set_at, k.label), '[]')
                 from case_labels k where k.procedure_id = t.procedure_id) as labels
         from (select id, procedure_id, subject, at, act from audit_log where id > ? order by id limit ${linesAtMost}) a
         left join tasks t on t.procedure_id = a.procedure_id and t.role <> 'clock' and (t.status in ('open', 'cancelled', 'expired') or t.id = a.subject)
         left join procedures p on p.id = t.procedure_id
         left join users u on u.id = t.claimed_by
         left join users d on d.id = t.delegated_to
        order by a.id`,
      [after],
    )
    .options({ name: 'task_changes' });
  return {
    lines: [...new Set(rows.map((row) => row.line))],
    people: rows.filter(({ people }) => people).map(({ line }) => line),
    changes: rows.filter((row): row is TaskChange & { people: boolean } => row.id !== null),
  };
}
