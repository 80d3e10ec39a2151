/** What the office does among itself. No institution reads it, on no page: one list for the case, the class and the institution's history. */
import { insideActs } from '../../workflows/domain/tasks.ts';

/** Reminders of the clock go to whoever has the task: an institution reads its own. */
const reminders = ['task.reminder', 'task.due'];

const list = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ');

/** Whether a line `a` of the audit log is one of these, as a condition of SQL. Orders of the superior authority are inside as a whole. */
export const insideLine = `(a.act in (${list(insideActs)})
  or (a.act in (${list(reminders)}) and not exists (select 1 from tasks n where n.id = a.subject and n.role in ('institution', 'assessor')))
  or exists (select 1 from procedures o where o.id = a.procedure_id and o.type = 'supervisionOrder'))`;
