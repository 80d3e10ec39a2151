/** Labels of cases (标签): each office has its own. */
import type { Knex } from 'knex';
import { ConflictError, inputError, NotAllowedError, NotFoundError } from '../../workflows/domain/errors.ts';
import { labellingOfficeOf, labellingOfficesOf, labelOfficesOf, labelsAtMost, takesLabels } from '../../workflows/domain/labels.ts';
import { maySeeTask } from '../../workflows/domain/task-acts.ts';
import type { Actor } from '../accounts/users.ts';
import { type Db, inTransaction, type Trx } from '../client.ts';
import { auditProcedure, type LockedProcedure, lockProcedure } from '../protocol/procedures.ts';
import { getTask, type TaskRow } from '../protocol/tasks.ts';

/** The labels of a case that its reader sees, the earliest first. */
export async function listCaseLabels(db: Db, actor: Actor, procedureId: string): Promise<string[]> {
  const offices = labelOfficesOf(actor);
  if (offices.length === 0) return [];
  return db('case_labels')
    .where({ procedure_id: procedureId })
    .whereIn('office', offices)
    .groupBy('label')
    .orderByRaw('min(set_at), label')
    .pluck('label');
}

const OFFERED_AT_MOST = 50;

/** The labels that stand on open cases in the reader's offices, the most frequent first. */
export async function listLabelsInUse(db: Db, actor: Actor): Promise<string[]> {
  const offices = labelOfficesOf(actor);
  if (offices.length === 0) return [];
  const { rows } = await db.raw<{ rows: { label: string }[] }>(
    `select k.label from case_labels k join procedures p on p.id = k.procedure_id and p.status in ('open', 'suspended')
      where k.office = any(cast(? as text[])) group by k.label order by count(*) desc, k.label limit ${OFFERED_AT_MOST}`,
    [offices],
  );
  return rows.map(({ label }) => label);
}

/**
 * Puts a label of the own office on the case of a task; one that is there already stays as it is. Throws NotFoundError for whoever may not read the
 * task, NotAllowedError for whoever works in no office, ConflictError once the procedure has ended, InputError where there are enough.
 */
export async function labelCase(db: Knex, actor: Actor, taskId: string, label: string): Promise<string[]> {
  return inTransaction(db, async (trx) => {
    const { task, procedure } = await caseToLabel(trx, actor, taskId);
    const office = labellingOfficeOf(actor, task.office);
    if (office === undefined) throw new NotAllowedError('label.notOffice');
    const known: string[] = await trx('case_labels').where({ procedure_id: procedure.id, office }).pluck('label');
    if (!known.includes(label)) {
      if (known.length >= labelsAtMost) throw inputError('label', 'label.tooMany', { maximum: labelsAtMost });
      await trx('case_labels').insert({ procedure_id: procedure.id, office, label, set_by: actor.userId, set_at: procedure.now });
      await auditProcedure(trx, procedure, actor.userId, { act: 'case.label', subject: taskId, detail: { office, label } });
    }
    return listCaseLabels(trx, actor, procedure.id);
  });
}

/** Takes a label of the own office off the case of a task; what is not there changes nothing. Throws as `labelCase` does. */
export async function unlabelCase(db: Knex, actor: Actor, taskId: string, label: string): Promise<string[]> {
  return inTransaction(db, async (trx) => {
    const { procedure } = await caseToLabel(trx, actor, taskId);
    const own = labellingOfficesOf(actor);
    if (own.length === 0) throw new NotAllowedError('label.notOffice');
    const gone = await trx('case_labels')
      .where({ procedure_id: procedure.id, label })
      .whereIn('office', own)
      .delete()
      .returning<{ office: string }[]>(['office']);
    for (const { office } of gone)
      await auditProcedure(trx, procedure, actor.userId, { act: 'case.unlabel', subject: taskId, detail: { office, label } });
    return listCaseLabels(trx, actor, procedure.id);
  });
}

/** Under the lock of its procedure, so that two at once are counted one after the other. */
async function caseToLabel(trx: Trx, actor: Actor, taskId: string): Promise<{ task: TaskRow; procedure: LockedProcedure }> {
  const task = await getTask(trx, taskId);
  const procedure = await lockProcedure(trx, task.procedure_id);
  if (!maySeeTask(actor, task, procedure)) throw new NotFoundError('task.unknown');
  if (!takesLabels(procedure)) throw new ConflictError('label.closed');
  return { task, procedure };
}
