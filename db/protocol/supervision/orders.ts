/** Orders of the superior authority (督办单): begun by the last rung of a late task or by its supervisor, signed above, answered by the office. */
import { deadline } from '../../../workflows/domain/calendar.ts';
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
import type { ActorId, LockedProcedure } from '../procedures.ts';

/** Working days for the answer where the pack does not say. */
const ANSWER_DAYS = 3;

/**
 * Asks the superior authority for an order about a late task, once per task. Where nobody supervises above, the approver of the office signs.
 * Returns the id of its procedure; `begun` is false where there was one already. Undefined where the task has ended by now: no order is about that.
 */
export async function requestOrder(
  trx: Trx,
  { task, procedure }: { task: TaskRow; procedure: LockedProcedure },
  by: { actor?: ActorId; reason?: string } = {},
): Promise<{ order: string; begun: boolean } | undefined> {
  // Whoever decides it at this moment comes first, or waits until the order is on record.
  const late = await trx('tasks').where({ id: task.id }).forUpdate().first('status');
  if (late?.status !== 'open') return undefined;
  const known = await trx('procedures').where({ type: 'supervisionOrder', subject_id: task.id }).first('id');
  if (known) return { order: known.id, begun: false };
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
  const detail = { task: task.id, ...(by.reason ? { reason: by.reason } : {}) };
  const begun = await startProcedure(trx, opening, { actor: by.actor, audit: { act: 'order.request', detail } });
  return { order, begun };
}

/** Decision rule of the signature: the paper is issued in the name of who signs, with its date for the answer. */
export async function signOrder({ trx, actor, task, procedure, decision }: DecisionContext): Promise<Record<string, unknown> | void> {
  if (decision.outcome !== 'issue') return undefined;
  const late = await trx('tasks as t')
    .join('procedures as p', 'p.id', 't.procedure_id')
    .join('regions as r', 'r.code', 't.office')
    .where('t.id', procedure.subject_id)
    .first('t.step', 't.due_at', 'p.subject_number', 'r.name_zh', 'r.name_en');
  const calendar = await readCalendar(trx, procedure.region, procedure.calendar_key);
  const { due } = deadline(calendar, { from: procedure.today, workingDays: Number(procedure.flags['answerDays']) });
  const paper = await issuePaper(trx, {
    kind: 'supervision_order',
    classId: procedure.class_id,
    procedureId: procedure.id,
    region: task.office,
    signatory: actor.userId,
    content: {
      number: late.subject_number,
      title: procedure.subject_title,
      institution: procedure.institution_name,
      step: late.step,
      due: late.due_at,
      addresseeZh: late.name_zh,
      addresseeEn: late.name_en,
      answerBy: due,
      reason: decision.reason?.trim() ?? '',
    },
  });
  // Those who are to answer, and those who are late: their page of the case shows the order.
  const lateTask = await getTask(trx, procedure.subject_id);
  const people = [...(await listHolders(trx, 'supervisor', lateTask.office)), ...(await listWorkers(trx, lateTask))];
  const params = { paper: paper.number, answerBy: due, number: late.subject_number };
  await tell(trx, 'order.issued', { procedure, task: lateTask, people, actor: actor.userId, key: procedure.id, params });
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
  status: string;
  outcome: string | null;
  /** The latest task of the order. */
  task: string;
  lateTask: string;
  lateStep: string;
  lateRole: string;
  lateNumber: string;
  lateStatus: string;
  lateDue: string | null;
  lateHolder: string | null;
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
  return new Set(await db('procedures').where({ type: 'supervisionOrder' }).whereIn('subject_id', taskIds).pluck<string[]>('subject_id'));
}

/** The order about a late task, or that of an order's own procedure. */
export async function findOrder(db: Db, of: { lateTask: string } | { procedure: string }): Promise<OrderOnRecord | undefined> {
  const where = 'lateTask' in of ? 'p.subject_id = :id' : 'p.id = :id';
  const { rows } = await db.raw<{ rows: OrderOnRecord[] }>(
    `select p.id, p.status, p.outcome, p.subject_id as "lateTask", l.step as "lateStep", l.role as "lateRole", l.subject_number as "lateNumber",
            l.status as "lateStatus", l.due_date as "lateDue", h.name as "lateHolder",
            (select t.id from tasks t where t.procedure_id = p.id order by t.opened_at desc, t.id desc limit 1) as task,
            d.number as paper, d.id as "paperId", r.name_zh as "paperOfficeZh", r.name_en as "paperOfficeEn", d.issued_at as "issuedAt", u.name as signatory,
            d.content ->> 'answerBy' as "answerBy", d.content ->> 'reason' as reason,
            a.payload ->> 'reason' as answer, a.at as "answeredAt", w.name as "answeredBy"
       from procedures p join tasks l on l.id = p.subject_id left join users h on h.id = l.claimed_by
       left join papers d on d.procedure_id = p.id and d.kind = 'supervision_order' left join regions r on r.code = d.region left join users u on u.id = d.signatory
       left join facts a on a.procedure_id = p.id and a.kind = 'decided' and a.outcome = 'answer' left join users w on w.id = a.actor
      where p.type = 'supervisionOrder' and ${where}`,
    { id: 'lateTask' in of ? of.lateTask : of.procedure },
  );
  return rows[0];
}
