/** What the office does among itself. No institution reads it, on no page: one list for the case, the class and the institution's history. */

const acts = [
  'task.claim',
  'task.release',
  'task.delegate',
  'task.opine',
  'task.recall',
  'task.suspend',
  'task.resume',
  'task.take_back',
  'task.back_to_1',
  'task.back_to_2',
  'task.back_to_3',
  'task.reassign',
  'task.urge',
  'task.escalate',
  'task.overdue',
  'task.leader',
  'task.superior',
  'order.request',
  'person.reveal',
  'material.view',
];
/** Reminders of the clock go to whoever has the task: an institution reads its own. */
const reminders = ['task.reminder', 'task.due'];

const list = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ');

/** Whether a line `a` of the audit log is one of these, as a condition of SQL. Orders of the superior authority are inside as a whole. */
export const insideLine = `(a.act in (${list(acts)})
  or (a.act in (${list(reminders)}) and not exists (select 1 from tasks n where n.id = a.subject and n.role in ('institution', 'assessor')))
  or exists (select 1 from procedures o where o.id = a.procedure_id and o.type = 'supervisionOrder'))`;
