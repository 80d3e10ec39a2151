/** What a reader of a class reads of it. */
import type { Scope } from '../scope.ts';

/**
 * Whether somebody reads the whole record of a class: officers and its institution. Its assessment body (评价机构) reads whom it examines, when and where,
 * the attendance, inspections and changes of the plan, and the results; nothing of telephones, accounts, registers, materials, its reviews and money, nor why somebody left.
 */
export function readsRecord(actor: Pick<Scope, 'institutionId'>, subject: { institution_id: string }): boolean {
  return actor.institutionId === undefined || actor.institutionId === subject.institution_id;
}

/** Whether somebody has the task as the assessment body of its class. */
export function readsAsExaminer(actor: Pick<Scope, 'institutionId'>, task: { role: string }): boolean {
  return task.role === 'assessor' && actor.institutionId !== undefined;
}
