/** Papers and mails that the steps of a procedure cause. */
import { type MailTemplate, queueMails } from '../db/mails.ts';
import { listReturnedItems } from '../db/classes/corrections.ts';
import { issuePaper } from '../db/papers.ts';
import { getFact } from '../db/protocol/procedures.ts';
import type { Trx } from '../db/client.ts';
import type { TaskRow } from '../db/protocol/decisions.ts';
import { requestOrder } from '../db/protocol/supervision/orders.ts';
import { getTask } from '../db/protocol/task-acts.ts';
import { findRung, setTold } from '../db/protocol/supervision/rungs.ts';
import { mailAboutTask } from '../db/protocol/task-mails.ts';
import { listHolders, listInstitutionPeople, listSuperiors, listWorkers } from '../db/accounts/users.ts';
import type { Rung } from '../workflows/domain/policy/ladder.ts';
import type { SomeActs } from './acts.ts';

const templateOfRung: Record<string, MailTemplate> = {
  reminder: 'reminder',
  due: 'urge',
  overdue: 'overdue',
  leader: 'escalation',
  superior: 'escalation',
};

export const correspondenceActs = {
  /** A rung of the clock: who works on it is reminded and urged, then the section head, the deputy director in charge and the superior authority are told. */
  answerRung: async ({ trx, procedure, act }) => {
    const fact = await getFact(trx, procedure.id, act.factNo);
    const rung = fact.outcome ?? 'reminder';
    const task = await getTask(trx, act.taskId ?? '');
    if (task.status !== 'open') return;
    const told = await findRung(trx, procedure.id, act.factNo);
    if (!told) return;
    const to = await recipients(trx, task, told);
    await mailAboutTask(trx, templateOfRung[rung] ?? 'reminder', { task, procedure }, to, `${task.id}/${rung}`, procedure.today);
    await setTold(trx, procedure.id, act.factNo, to.length);
    if (told.act === 'order') await requestOrder(trx, { task, procedure });
  },

  /** 补正通知书: everything to be corrected, told once, with the date until when. */
  issueCorrectionNotice: async ({ trx, procedure, act }) => {
    const fact = await getFact(trx, procedure.id, act.factNo);
    const paper = await issuePaper(trx, {
      kind: 'correction_notice',
      classId: procedure.class_id,
      procedureId: procedure.id,
      taskId: act.taskId,
      region: procedure.region,
      signatory: fact.actor,
      content: {
        number: procedure.subject_number,
        title: procedure.subject_title,
        institution: procedure.institution_name,
        reason: fact.payload?.reason ?? '',
        items: await namedItems(trx, act.taskId, fact.payload?.['items']),
        workingDays: procedure.terms.days.correction,
      },
    });
    await queueMails(trx, await listInstitutionPeople(trx, procedure.institution_id), {
      template: 'correction',
      params: { number: procedure.subject_number, title: procedure.subject_title, paper: paper.number },
      occasion: `${act.taskId ?? procedure.id}/correction`,
    });
  },
} satisfies SomeActs;

/** The points of a notice with the names of persons and materials: facts hold only their ids. */
async function namedItems(trx: Trx, taskId: string | undefined, told: unknown): Promise<unknown[]> {
  const items = Array.isArray(told) ? (told as Record<string, unknown>[]) : [];
  const returned = taskId ? await listReturnedItems(trx, taskId) : undefined;
  if (!returned) return items;
  return items.map((item, at) => {
    const point = returned.items[at];
    if (!point?.reference) return item;
    const person = returned.snapshot.people.find(({ id }) => id === point.reference);
    const material = returned.snapshot.materials.find(({ id }) => id === point.reference);
    if (person) return { ...item, seat: person.seat, about: person.name };
    return { ...item, ...(material ? { about: material.name } : {}), kind: material?.kind ?? point.reference };
  });
}

async function recipients(trx: Trx, task: TaskRow, { role, level }: Omit<Rung, 'when'>): Promise<string[]> {
  if (role === 'worker') return listWorkers(trx, task);
  return level === 'superior' ? listSuperiors(trx, task, role) : listHolders(trx, role, task.office);
}
