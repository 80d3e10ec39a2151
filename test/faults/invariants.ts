/** What must hold after any fault: asked of the record itself. Each question returns what is wrong; an empty answer is right. */
import type { Knex } from 'knex';
import { findBrokenLink } from '../../db/protocol/procedures.ts';
import { proveLanes } from '../../db/views/audit/lanes.ts';

const questions: Record<string, string> = {
  'classes that did not end': `select number, status from classes where status not in ('paid', 'refused', 'withdrawn', 'expired')`,
  'lines of paid classes that are not paid exactly once': `select l.id, count(a.*) filter (where a.status = 'paid') as paid from payment_lines l join payment_attempts a on a.line_id = l.id
      where l.status = 'paid' group by l.id having count(a.*) filter (where a.status = 'paid') <> 1`,
  'filed people without exactly one line': `select f.person_id from filed_enrolments f left join payment_lines l on l.class_id = f.class_id and l.person_id = f.person_id group by f.class_id, f.person_id having count(l.id) <> 1`,
  'open tasks of closed procedures': `select t.id from tasks t join procedures p on p.id = t.procedure_id where t.status = 'open' and p.status = 'closed'`,
  'procedures with unapplied facts': `select id, applied_no, fact_no from procedures where applied_no < fact_no`,
  'tasks decided twice': `select task_id from facts where kind in ('decided', 'signed') group by task_id having count(*) > 1`,
  'decided tasks without a fact': `select t.id from tasks t where t.status = 'decided' and not exists (select from facts f where f.task_id = t.id and f.kind in ('decided', 'signed'))`,
  'open procedures without a task': `select p.id from procedures p where p.status = 'open' and not exists (select from tasks t where t.procedure_id = p.id and t.status = 'open')`,
  'periods that are over and never ring': `select t.id from tasks t where t.status = 'open' and (t.kind = 'wait' or t.peremptory) and t.due_at <= business_now() and t.next_rung_at is null`,
  'alarms that do not ring for their tasks': `select p.id from procedures p where p.next_alarm_at is distinct from
      (select min(t.next_rung_at) from tasks t where t.procedure_id = p.id and t.status = 'open' and p.status = 'open')`,
  'excluded people who are paid': `select l.id from payment_lines l join enrolments e on e.id = l.enrolment_id where l.status in ('sent', 'paid') and e.status = 'excluded'
      union all select a.line_id from payment_attempts a join payment_lines l on l.id = a.line_id where a.status in ('sent', 'paid') and l.status = 'excluded'`,
  'dates that moved without new tasks': `select id from procedures where status = 'open' and stage in ('ready', 'training') and flags -> 'datesMoved' = 'true' and applied_no = fact_no`,
  'gaps in the numbers of facts': `select procedure_id from facts group by procedure_id having count(*) <> max(no)`,
  'ledger entries that are not balanced': `select entry_id from ledger_postings group by entry_id having sum(case side when 'debit' then amount_fen else -amount_fen end) <> 0`,
  'accounts that differ from their postings': `select a.id from ledger_accounts a left join ledger_postings p on p.account_id = a.id group by a.id
      having a.balance_fen <> coalesce(sum(case when (a.kind = 'budget') = (p.side = 'credit') then p.amount_fen else -p.amount_fen end), 0)`,
  'paid money that is not in the ledger': `select 1 from (select coalesce(sum(amount_fen), 0) as lines from payment_lines where status = 'paid') l, (select coalesce(sum(balance_fen), 0) as ledger from ledger_accounts where kind = 'paid') g where l.lines <> g.ledger`,
  'money left in transit': `select id from ledger_accounts where kind = 'in_transit' and balance_fen <> 0`,
};

export async function findFaults(db: Knex): Promise<string[]> {
  const found: string[] = [];
  for (const [name, sql] of Object.entries(questions)) {
    const { rows } = await db.raw<{ rows: unknown[] }>(sql);
    if (rows.length > 0) found.push(`${name}: ${rows.length}, e.g. ${JSON.stringify(rows[0])}`);
  }
  const procedures = await db('procedures').select<{ id: string }[]>('id');
  for (const { id } of procedures) {
    const broken = await findBrokenLink(db, id);
    if (broken !== undefined) found.push(`audit chain of ${id} is broken at line ${broken}`);
  }
  for (const { lane, no } of (await proveLanes(db)).broken) found.push(`audit lane ${lane} is broken at line ${no}`);
  return found;
}

export async function countRecords(db: Knex): Promise<Record<string, number>> {
  const { rows } = await db.raw<{ rows: Record<string, number>[] }>(
    `select (select count(*) from classes where status = 'paid') as "classesPaid", (select count(*) from payment_lines where status = 'paid') as "linesPaid",
            (select count(*) from facts where kind = 'decided') as decisions, (select count(*) from facts) as facts, (select count(*) from procedures) as procedures,
            (select count(*) from tasks) as tasks, (select count(*) from outbox) as "bellsWaiting"`,
  );
  return Object.fromEntries(Object.entries(rows[0] ?? {}).map(([key, value]) => [key, Number(value)]));
}
