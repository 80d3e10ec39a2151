/** Orders of the superior authority (督办单): begun by the last rung of a late task or by its supervisor, signed above, answered by the office. */
import { deadline } from '../../../workflows/domain/calendar/calendar.ts';
import { documentNumber, recordNumber } from '../../../workflows/domain/formats/numbers.ts';
import { procedureIdOf } from '../../../workflows/domain/procedures.ts';
import { listHolders, listWorkers } from '../../accounts/users.ts';
import { readCalendar } from '../../calendar/calendar.ts';
import type { Db, Trx } from '../../client.ts';
import { tell } from '../../correspondence/tell.ts';
import { issuePaper } from '../../papers.ts';
import { getRegion } from '../../regions.ts';
import { nextSerial } from '../../serial-numbers.ts';
import type { DecisionContext } from '../decision-rules.ts';
import { getTask, type TaskRow } from '../tasks.ts';
import { startProcedure } from '../life.ts';
import { type ActorId, auditProcedure, type LockedProcedure, lockProcedure } from '../procedures.ts';

/** Working days for the answer where the pack does not say. */
const ANSWER_DAYS = 3;

/**
 * Asks the superior authority for an order about a late task, once per task. Where nobody supervises above, the approver of the office signs.
 * Another late signature of the same step goes into the order of its office that is not signed yet, so that the office answers once.
 * Returns the id of its procedure; `known` is true where the task was in it already. Undefined where the task has ended by now: no order is about that.
 */
export async function requestOrder(
  trx: Trx,
  { task, procedure }: { task: TaskRow; procedure: LockedProcedure },
  by: { actor?: ActorId; reason?: string } = {},
): Promise<{ order: string; known: boolean } | undefined> {
  // Whoever decides it at this moment comes first, or waits until the order is on record.
  const late = await trx('tasks').where({ id: task.id }).forUpdate().first('status', 'order_id');
  if (late?.status !== 'open') return undefined;
  if (late.order_id !== null) return { order: late.order_id, known: true };
  const detail = { task: task.id, ...(by.reason ? { reason: by.reason } : {}) };
  const unsigned = await findUnsignedOrder(trx, task);
  if (unsigned) {
    await auditProcedure(trx, await lockProcedure(trx, unsigned), by.actor, { act: 'order.join', subject: unsigned, detail });
    await trx('tasks').where({ id: task.id }).update({ order_id: unsigned });
    return { order: unsigned, known: false };
  }
  const above = task.office_path.split('/').at(-2);
  const superior = above !== undefined && (await listHolders(trx, 'supervisor', above)).length > 0;
  const year = procedure.today.slice(0, 4);
  const serial = await nextSerial(trx, 'order', `${task.office}-${year}`);
  const order = procedureIdOf('supervisionOrder', recordNumber('order', task.office, year, serial));
  const { nameZh: place } = await getRegion(trx, task.office);
  const rung = procedure.terms.ladder.find(({ act }) => act === 'order');
  const opening = {
    id: order,
    type: 'supervisionOrder',
    parentId: procedure.id,
    subjectId: task.id,
    classId: procedure.class_id ?? undefined,
    region: task.office,
    number: documentNumber('order', place, year, serial),
    title: procedure.subject_title,
    institutionName: procedure.institution_name,
    // No order about an order.
    terms: { ...procedure.terms, ladder: procedure.terms.ladder.filter(({ act }) => act !== 'order') },
    flags: {
      issuerRole: superior ? 'supervisor' : 'approver',
      issuerLevel: superior ? 'superior' : 'own',
      answerDays: rung?.answerDays ?? ANSWER_DAYS,
    },
  } as const;
  await startProcedure(trx, opening, { actor: by.actor, audit: { act: 'order.request', detail } });
  await trx('tasks').where({ id: task.id }).update({ order_id: order });
  return { order, known: false };
}

/** Of the group of a task the order about another signature in its office, while nobody has signed that or let it be; whoever is about to waits. */
async function findUnsignedOrder(trx: Trx, task: TaskRow): Promise<string | undefined> {
  if (task.joint_group === null) return undefined;
  const { rows } = await trx.raw<{ rows: { id: string }[] }>(
    `select p.id from procedures p
      where p.status = 'open' and p.id in (select o.order_id from tasks o where o.joint_group = :group and o.office = :office)
        for update`,
    { group: task.joint_group, office: task.office },
  );
  const ids = rows.map(({ id }) => id);
  const past = await trx('tasks')
    .whereIn('procedure_id', ids)
    .where({ kind: 'order_issue' })
    .whereNot({ status: 'open' })
    .pluck('procedure_id');
  return ids.find((id) => !past.includes(id));
}

export type LateTask = {
  id: string;
  step: string;
  role: string;
  status: TaskRow['status'];
  /** Its number as the case has it. */
  number: string;
  due_at: Date | null;
  due_date: string | null;
  holder: string | null;
};

/** The late tasks that an order is about. */
export async function listLateTasks(db: Db, order: string): Promise<LateTask[]> {
  return db('tasks as t')
    .leftJoin('users as u', 'u.id', 't.claimed_by')
    .where('t.order_id', order)
    .orderBy(['t.due_at', 't.step', 't.id'])
    .select('t.id', 't.step', 't.role', 't.status', 't.subject_number as number', 't.due_at', 't.due_date', 'u.name as holder');
}

/** Decision rule of the signature: the paper is issued in the name of who signs, with its date for the answer. */
export async function signOrder({ trx, actor, task, procedure, decision }: DecisionContext): Promise<Record<string, unknown> | void> {
  if (decision.outcome !== 'issue') return undefined;
  const all = await listLateTasks(trx, procedure.id);
  // Who has signed meanwhile is not late any more; where all have, it is about what was late.
  const open = all.filter(({ status }) => status === 'open');
  const late = open.length > 0 ? open : all;
  const [first] = late;
  if (!first) throw new Error(`${procedure.id} is about no task`);
  const addressee = await trx('regions').where({ code: procedure.region }).first('name_zh', 'name_en');
  const calendar = await readCalendar(trx, procedure.region, procedure.calendar_key);
  const { due } = deadline(calendar, { from: procedure.today, workingDays: Number(procedure.flags['answerDays']) });
  const paper = await issuePaper(trx, {
    kind: 'supervision_order',
    classId: procedure.class_id,
    procedureId: procedure.id,
    region: task.office,
    signatory: actor.userId,
    content: {
      number: first.number,
      title: procedure.subject_title,
      institution: procedure.institution_name,
      step: first.step,
      due: first.due_at,
      late: late.map(({ step, role, holder, due_at: due }) => ({ step, role, holder, due })),
      addresseeZh: addressee?.name_zh,
      addresseeEn: addressee?.name_en,
      answerBy: due,
      reason: decision.reason?.trim() ?? '',
    },
  });
  // Those who are to answer, and those who are late, each once and about the own task: their page of the case shows the order.
  const params = { paper: paper.number, answerBy: due, number: first.number };
  const told = new Set<string>();
  for (const { id } of late) {
    const task = await getTask(trx, id);
    const people = [...(await listHolders(trx, 'supervisor', task.office)), ...(await listWorkers(trx, task))].filter(
      (one) => !told.has(one),
    );
    await tell(trx, 'order.issued', { procedure, task, people, actor: actor.userId, key: `${procedure.id}/${id}`, params });
    for (const one of people) told.add(one);
  }
  return { paper: paper.number };
}

/** Decision rule of the answer: who signed the order is told. */
export async function answerOrder({ trx, actor, procedure }: DecisionContext): Promise<void> {
  const issued = await trx('papers')
    .where({ procedure_id: procedure.id, kind: 'supervision_order' })
    .first('signatory', 'number', 'content');
  const people = issued?.signatory ? [issued.signatory] : [];
  const lateTask = await getTask(trx, procedure.subject_id);
  const params = { paper: issued?.number ?? '', number: issued?.content?.number ?? procedure.subject_number };
  await tell(trx, 'order.answered', { procedure, task: lateTask, people, actor: actor.userId, key: procedure.id, params });
}

export type OrderOnRecord = {
  id: string;
  /** Of the order as a case; its paper has a number of its own, by which people cite it. */
  number: string;
  status: string;
  outcome: string | null;
  /** The latest task of the order. */
  task: string;
  paper: string | null;
  paperId: string | null;
  paperOfficeZh: string | null;
  paperOfficeEn: string | null;
  issuedAt: Date | null;
  signatory: string | null;
  answerBy: string | null;
  reason: string | null;
  answer: string | null;
  answeredAt: Date | null;
  answeredBy: string | null;
};

/** Of these tasks those for which the superior authority was asked for an order. */
export async function listOrdered(db: Db, taskIds: readonly string[]): Promise<Set<string>> {
  return new Set(await db('tasks').whereIn('id', taskIds).whereNotNull('order_id').pluck<string[]>('id'));
}

/** The number of the paper of each of these orders that is signed. */
export async function listOrderPapers(db: Db, orders: readonly string[]): Promise<Map<string, string>> {
  const rows = await db('papers')
    .whereIn('procedure_id', orders)
    .where({ kind: 'supervision_order' })
    .select<{ procedure_id: string; number: string }[]>('procedure_id', 'number');
  return new Map(rows.map((row) => [row.procedure_id, row.number]));
}

/** The order about a late task, or that of an order's own procedure. */
export async function findOrder(db: Db, of: { lateTask: string } | { procedure: string }): Promise<OrderOnRecord | undefined> {
  const where = 'lateTask' in of ? 'p.id = (select order_id from tasks where id = :id)' : 'p.id = :id';
  const { rows } = await db.raw<{ rows: OrderOnRecord[] }>(
    `select p.id, p.subject_number as number, p.status, p.outcome, (select t.id from tasks t where t.procedure_id = p.id order by t.opened_at desc, t.id desc limit 1) as task,
            d.number as paper, d.id as "paperId", r.name_zh as "paperOfficeZh", r.name_en as "paperOfficeEn", d.issued_at as "issuedAt", u.name as signatory,
            d.content ->> 'answerBy' as "answerBy", d.content ->> 'reason' as reason,
            a.payload ->> 'reason' as answer, a.at as "answeredAt", w.name as "answeredBy"
       from procedures p
       left join papers d on d.procedure_id = p.id and d.kind = 'supervision_order' left join regions r on r.code = d.region left join users u on u.id = d.signatory
       left join facts a on a.procedure_id = p.id and a.kind = 'decided' and a.outcome = 'answer' left join users w on w.id = a.actor
      where p.type = 'supervisionOrder' and ${where}`,
    { id: 'lateTask' in of ? of.lateTask : of.procedure },
  );
  return rows[0];
}
