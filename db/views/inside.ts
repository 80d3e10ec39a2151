/** What the office does among itself. No institution reads it, on no page: one list for the case, the class and the institution's history. */
import { insideActs, insideOutcomes } from '../../workflows/domain/tasks.ts';
import { quoted } from '../queries/statements.ts';

/** Reminders of the clock go to whoever has the task: an institution reads its own. */
const reminders = ['task.reminder', 'task.due'];

/** Whether a task could propose a refusal, as a condition of SQL. */
export const proposes = (task: string): string => `'propose_refusal' = any(${task}.outcomes)`;

/** `isPassedOn` of the domain, of a decided task, as a condition of SQL. */
export const isPassedOn = (task: string): string =>
  `(${task}.outcome in (${quoted(insideOutcomes)}) or (${task}.outcome = 'approve' and ${proposes(task)}))`;

/** Whether a line `a` is about a review that could propose a refusal: those outside are told alike of its approval and of its proposal, without the reasons. */
const passedOn = `(a.act in ('task.approve', 'task.propose_refusal') and exists (select from tasks n where n.id = a.subject and ${proposes('n')}))`;

/** The act of a line `a` as it is told, and its reason (`reason`, a column or expression of SQL); `outside` is a condition of SQL. */
export const actTold = (outside: string): string => `case when ${outside} and ${passedOn} then 'task.passed_on' else a.act end`;
export const reasonTold = (outside: string, reason: string): string => `case when not (${outside} and ${passedOn}) then ${reason} end`;

/** Whether a line `a` is about a payment batch or its making, as a condition of SQL: an institution learns that the bank has answered, not who pays it. */
const paymentLine = `(a.act <> 'batch.answered' and (exists (select from procedures y where y.id = a.procedure_id and y.type = 'subsidyPayment')
  or exists (select from tasks n where n.id = a.subject and n.kind = 'batch_make')))`;

/** Whether a line `a` of the audit log is one of these, as a condition of SQL. Orders of the superior authority are inside as a whole. */
export const insideLine = `(a.act in (${quoted(insideActs)})
  or (a.act in (${quoted(reminders)}) and not exists (select 1 from tasks n where n.id = a.subject and n.role in ('institution', 'assessor')))
  or exists (select 1 from procedures o where o.id = a.procedure_id and o.type = 'supervisionOrder'))`;

/** What no institution reads of a line `a`, whatever page tells it; officers read the lines of payments in the history of an institution too. */
export const hiddenOutside = `(${insideLine} or ${paymentLine})`;
