/** Papers and mails that the steps of a procedure cause. */
import { occasions, type OccasionName } from '../../db/correspondence/occasions.ts';
import { tell } from '../../db/correspondence/tell.ts';
import { listReturnedItems } from '../../db/classes/corrections.ts';
import { getFact } from '../../db/protocol/procedures.ts';
import type { Trx } from '../../db/client.ts';
import { getTask, type TaskRow } from '../../db/protocol/tasks.ts';
import { requestOrder } from '../../db/protocol/supervision/orders.ts';
import { findRung, setTold } from '../../db/protocol/supervision/rungs.ts';
import { listHolders, listSuperiors, listWorkers } from '../../db/accounts/users.ts';
import type { Rung } from '../../workflows/domain/policy/ladder.ts';
import type { SomeActs } from '../acts.ts';
import { issueNotice } from './institution-notices.ts';

/** The occasion of a rung by its code; one without a row of its own reminds. */
function occasionOf(rung: string): OccasionName {
  const name = `rung.${rung}`;
  return Object.hasOwn(occasions, name) ? (name as OccasionName) : 'rung.reminder';
}

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
    await tell(trx, occasionOf(rung), { task, procedure, people: to, key: `${task.id}/${rung}`, digest: procedure.today });
    await setTold(trx, procedure.id, act.factNo, to.length);
    if (told.act === 'order') await requestOrder(trx, { task, procedure });
  },

  /** 补正通知书: everything to be corrected, told once, with the date until when. */
  issueCorrectionNotice: async ({ trx, procedure, act }) => {
    const fact = await getFact(trx, procedure.id, act.factNo);
    const paper = await issueNotice(trx, 'correction_notice', procedure, fact, {
      taskId: act.taskId,
      content: {
        items: await namedItems(trx, act.taskId, fact.payload?.['items']),
        workingDays: procedure.terms.days.correction,
      },
    });
    await tell(trx, 'class.returned', { procedure, key: act.taskId ?? procedure.id, params: { paper: paper.number } });
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
