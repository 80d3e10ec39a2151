/** Orders of the superior authority (督办单): begun by the last rung of a late task or by its supervisor, signed above, answered by the office. */
import { deadline } from '../../../workflows/domain/calendar.ts';
import { procedureIdOf } from '../../../workflows/domain/procedures.ts';
import { listHolders } from '../../accounts/users.ts';
import { readCalendar } from '../../calendar/calendar.ts';
import type { Db, Trx } from '../../client.ts';
import { issuePaper } from '../../papers.ts';
import { nextNumber } from '../../serial-numbers.ts';
import type { DecisionContext } from '../decision-rules.ts';
import type { TaskRow } from '../decisions.ts';
import { startProcedure } from '../life.ts';
import type { ActorId, LockedProcedure } from '../procedures.ts';

/** Working days for the answer where the pack does not say. */
const ANSWER_DAYS = 3;

/**
 * Asks the superior authority for an order about a late task, once per task. Where nobody supervises above, the approver of the office signs.
 * Returns the id of its procedure; `begun` is false where there was one already.
 */
export async function requestOrder(
  trx: Trx,
  { task, procedure }: { task: TaskRow; procedure: LockedProcedure },
  by: { actor?: ActorId; reason?: string } = {},
): Promise<{ order: string; begun: boolean }> {
  const known = await trx('procedures').where({ type: 'supervisionOrder', subject_id: task.id }).first('id');
  if (known) return { order: known.id, begun: false };
  const above = task.office_path.split('/').at(-2);
  const superior = above !== undefined && (await listHolders(trx, 'supervisor', above)).length > 0;
  const number = await nextNumber(trx, 'order', task.office, procedure.today.slice(0, 4));
  const order = procedureIdOf('supervisionOrder', number);
  const rung = procedure.terms.ladder.find(({ act }) => act === 'order');
  const opening = {
    id: order,
    type: 'supervisionOrder',
    parentId: procedure.id,
    subjectId: task.id,
    classId: procedure.class_id ?? undefined,
    region: task.office,
    number,
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
  return { paper: paper.number };
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
            d.number as paper, d.id as "paperId", d.issued_at as "issuedAt", u.name as signatory,
            d.content ->> 'answerBy' as "answerBy", d.content ->> 'reason' as reason,
            a.payload ->> 'reason' as answer, a.at as "answeredAt", w.name as "answeredBy"
       from procedures p join tasks l on l.id = p.subject_id left join users h on h.id = l.claimed_by
       left join papers d on d.procedure_id = p.id and d.kind = 'supervision_order' left join users u on u.id = d.signatory
       left join facts a on a.procedure_id = p.id and a.kind = 'decided' and a.outcome = 'answer' left join users w on w.id = a.actor
      where p.type = 'supervisionOrder' and ${where}`,
    { id: 'lateTask' in of ? of.lateTask : of.procedure },
  );
  return rows[0];
}
