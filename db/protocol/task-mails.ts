/** Mails about a task, and the order (督办单) that brings it before the superior authority. */
import type { Trx } from '../client.ts';
import { type MailTemplate, queueMails } from '../mails.ts';
import { issuePaper } from '../papers.ts';
import type { TaskRow } from './decisions.ts';
import type { LockedProcedure } from './procedures.ts';

type Subject = { task: TaskRow; procedure: LockedProcedure };

/** One mail per person and occasion. */
export async function mailAboutTask(
  trx: Trx,
  template: MailTemplate,
  { task, procedure }: Subject,
  people: readonly string[],
  occasion: string,
): Promise<void> {
  const params = {
    number: procedure.subject_number,
    title: procedure.subject_title,
    step: task.step,
    dueAt: task.due_at?.toISOString() ?? '',
    task: task.id,
  };
  await queueMails(trx, people, { template, params, occasion });
}

/** One order per task; by the clock it has neither signatory nor reason. */
export async function orderSupervision(
  trx: Trx,
  { task, procedure }: Subject,
  by: { signatory?: string; reason?: string } = {},
): Promise<{ number: string }> {
  return issuePaper(trx, {
    kind: 'supervision_order',
    classId: procedure.class_id,
    procedureId: procedure.id,
    taskId: task.id,
    region: task.office,
    signatory: by.signatory,
    content: {
      number: procedure.subject_number,
      title: procedure.subject_title,
      institution: procedure.institution_name,
      step: task.step,
      due: task.due_at,
      ...(by.reason === undefined ? {} : { reason: by.reason }),
    },
  });
}
