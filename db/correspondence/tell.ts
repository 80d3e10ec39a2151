/** Tells people of something in the transaction in which it happens: a notice for each, a mail and a short message where the table of occasions says so. */
import { isOutsideRole } from '../../workflows/domain/tasks.ts';
import { listInstitutionPeople, listSuperiors, listWorkers } from '../accounts/users.ts';
import type { Trx } from '../client.ts';
import type { TaskRow } from '../protocol/tasks.ts';
import type { ActorId, LockedProcedure } from '../protocol/procedures.ts';
import { queueMails } from './mails.ts';
import { addNotices } from './notices.ts';
import { type OccasionName, occasions } from './occasions.ts';
import { queueSms } from './sms.ts';

export type Told = {
  procedure?: LockedProcedure;
  task?: TaskRow;
  /** Where the table says `named`. */
  people?: readonly string[];
  /** Names the event: a person is told of it once, however often the act is repeated. */
  key: string;
  /** Who did it is not told of it. */
  actor?: ActorId;
  /** Business day: the mail waits a moment for others to the same reader and goes out with them. */
  digest?: string;
  /** Numbers, titles, dates: no personal data. */
  params?: Record<string, string | number>;
  remark?: string;
};

/** Returns who is told. */
export async function tell(trx: Trx, name: OccasionName, told: Told): Promise<string[]> {
  const { side, mail, sms } = occasions[name];
  const { procedure, task, key } = told;
  const named = (await recipients(trx, name, told)).filter((person) => person !== told.actor);
  const people = await keepSide(trx, named, side, [procedure?.institution_id, task?.institution_id]);
  const params = {
    ...(procedure ? { number: procedure.subject_number, title: procedure.subject_title } : {}),
    ...(task ? { step: task.step, role: task.role, dueAt: task.due_at?.toISOString() ?? '', task: task.id } : {}),
    ...told.params,
  };
  const about = procedure?.id ?? task?.procedure_id;
  const institution = sms && concerned(name, told);
  if (institution) await queueSms(trx, institution, { template: sms, params, procedureId: about, occasion: `${key}/${name}` });
  if (people.length === 0) return [];
  const { task: taskId = null, ...words } = params as typeof params & { task?: string };
  await addNotices(trx, people, {
    occasion: name,
    key,
    params: words,
    taskId,
    classId: procedure?.class_id ?? null,
    author: told.actor,
    remark: told.remark,
  });
  if (mail) await queueMails(trx, people, { template: mail, params, procedureId: about, occasion: `${key}/${name}`, digest: told.digest });
  return people;
}

/** The institution whose task it is, or whose class; nobody where the office has the task. */
function concerned(name: OccasionName, { procedure, task }: Told): string | null | undefined {
  if (task) return isOutsideRole(task.role) ? task.institution_id : undefined;
  return occasions[name].side === 'institution' ? procedure?.institution_id : undefined;
}

async function recipients(trx: Trx, name: OccasionName, { procedure, task, people = [] }: Told): Promise<readonly string[]> {
  switch (occasions[name].whom) {
    case 'workers':
      return task ? listWorkers(trx, task) : [];
    case 'superiors':
      return task ? listSuperiors(trx, task) : [];
    case 'institution':
      return listInstitutionPeople(trx, procedure?.institution_id ?? null);
    case 'named':
      return people;
  }
}

/** Whatever the act says: what is the office's stays there, and an institution learns of its own matters only. */
async function keepSide(
  trx: Trx,
  people: readonly string[],
  side: 'office' | 'institution' | 'both',
  institutions: readonly (string | null | undefined)[],
): Promise<string[]> {
  if (people.length === 0) return [];
  const known: { id: string; institution_id: string | null }[] = await trx('users')
    .whereIn('id', [...new Set(people)])
    .where({ active: true })
    .orderBy('id')
    .select('id', 'institution_id');
  return known
    .filter(({ institution_id: own }) => (own === null ? side !== 'institution' : side !== 'office' && institutions.includes(own)))
    .map(({ id }) => id);
}
