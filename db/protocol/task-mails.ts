/** Mails about a task. */
import type { Trx } from '../client.ts';
import { type MailTemplate, queueMails } from '../mails.ts';
import type { TaskRow } from './decisions.ts';
import type { LockedProcedure } from './procedures.ts';

type Subject = { task: TaskRow; procedure: LockedProcedure };

/** One mail per person and occasion; with `digest`, a business day, it goes out together with the others of that day. */
export async function mailAboutTask(
  trx: Trx,
  template: MailTemplate,
  { task, procedure }: Subject,
  people: readonly string[],
  occasion: string,
  digest?: string,
): Promise<void> {
  const params = {
    number: procedure.subject_number,
    title: procedure.subject_title,
    step: task.step,
    dueAt: task.due_at?.toISOString() ?? '',
    task: task.id,
  };
  await queueMails(trx, people, { template, params, occasion, digest });
}
