/** What a demonstration has lived through, counted from the record: classes, people, hours, money, deadlines, and what must hold. */
import { isWorkingDay } from '../../../workflows/domain/calendar/calendar.ts';
import { readCalendars } from '../../calendar/calendar.ts';
import type { Db } from '../../client.ts';
import { literal } from '../../queries/text-search.ts';

export type DemonstrationTotals = {
  classes: Record<string, number>;
  people: number;
  hours: number;
  money: { claimedFen: number; approvedFen: number; paidFen: number; returnedFen: number; returnedLines: number };
  ledger: { budgetFen: number; availableFen: number; committedFen: number; inTransitFen: number; paidFen: number };
  /** Deadlines counted in working days or months; `provisional` ones were counted before the notice of their year. */
  deadlines: { counted: number; onNonWorkingDay: number; provisional: number };
  /** How often each rung of the ladder was reached. */
  rungs: Record<string, number>;
  /** What must be 0, by name. */
  faults: Record<string, number>;
};

/** `title`: only classes whose title contains it; the ledger and its faults are always those of the whole province. */
export async function readDemonstrationTotals(db: Db, title = ''): Promise<DemonstrationTotals> {
  const like = `%${literal(title)}%`;
  const [classes, rungs, deadlines, sums] = await Promise.all([
    counted(db, `select status as name, count(*) as n from classes where title like :like group by status order by status`, like),
    counted(
      db,
      `select f.outcome as name, count(*) as n from facts f join procedures p on p.id = f.procedure_id join classes c on c.id = p.class_id
        where f.kind = 'rung' and c.title like :like group by f.outcome order by f.outcome`,
      like,
    ),
    readDeadlines(db, like),
    readSums(db, like),
  ]);
  const { people, hours, claimedFen, approvedFen, paidFen, returnedFen, returnedLines, budgetFen, availableFen, committedFen, ...rest } =
    sums;
  const { inTransitFen, ledgerPaidFen, unbalanced, drifted, paidOutsideLedger, unsettled } = rest;
  return {
    classes,
    people,
    hours,
    money: { claimedFen, approvedFen, paidFen, returnedFen, returnedLines },
    ledger: { budgetFen, availableFen, committedFen, inTransitFen, paidFen: ledgerPaidFen },
    deadlines,
    rungs,
    faults: {
      budgetDiffersFromItsParts: Math.abs(budgetFen - availableFen - committedFen - inTransitFen - ledgerPaidFen),
      unbalancedEntries: unbalanced,
      accountsThatDifferFromTheirPostings: drifted,
      paidLinesOutsideTheLedgerFen: Math.abs(paidOutsideLedger),
      deadlinesOnNonWorkingDays: deadlines.onNonWorkingDay,
      factsNotTakenAccountOf: unsettled,
    },
  };
}

async function counted(db: Db, sql: string, like: string): Promise<Record<string, number>> {
  const { rows } = await db.raw<{ rows: { name: string; n: string }[] }>(sql, { like });
  return Object.fromEntries(rows.map(({ name, n }) => [name, Number(n)]));
}

async function readDeadlines(db: Db, like: string): Promise<DemonstrationTotals['deadlines']> {
  const calendars = await readCalendars(db);
  const { rows } = await db.raw<{ rows: { office: string; due_date: string; provisional: boolean; n: string }[] }>(
    `select t.office, t.due_date, t.provisional, count(*) as n from tasks t join classes c on c.id = t.class_id
      where c.title like :like and t.due_date is not null and (t.working_days is not null or t.months is not null) group by 1, 2, 3`,
    { like },
  );
  const sum = (list: typeof rows): number => list.reduce((total, row) => total + Number(row.n), 0);
  return {
    counted: sum(rows),
    onNonWorkingDay: sum(rows.filter((row) => !row.provisional && !isWorkingDay(calendars.of(row.office), row.due_date))),
    provisional: sum(rows.filter((row) => row.provisional)),
  };
}

async function readSums(db: Db, like: string) {
  const { rows } = await db.raw<{ rows: Record<string, string>[] }>(
    `with chosen as (select id from classes where title like :like),
          lines as (select l.* from payment_lines l join chosen c on c.id = l.class_id),
          kinds as (select kind, sum(balance_fen) as fen from ledger_accounts group by kind),
          fen as (select coalesce(max(fen) filter (where kind = 'budget'), 0) as budget, coalesce(max(fen) filter (where kind = 'available'), 0) as available,
                         coalesce(max(fen) filter (where kind = 'committed'), 0) as committed, coalesce(max(fen) filter (where kind = 'in_transit'), 0) as transit,
                         coalesce(max(fen) filter (where kind = 'paid'), 0) as paid from kinds)
     select (select count(distinct e.person_id) from enrolments e join chosen c on c.id = e.class_id) as people,
            (select coalesce(sum(s.hours), 0) from class_sessions s join chosen c on c.id = s.class_id) as hours,
            (select coalesce(sum(amount_fen), 0) from lines) as "claimedFen",
            (select coalesce(sum(a.approved_fen), 0) from subsidy_applications a join chosen c on c.id = a.class_id) as "approvedFen",
            (select coalesce(sum(amount_fen), 0) from lines where status = 'paid') as "paidFen",
            (select coalesce(sum(l.amount_fen), 0) from lines l join payment_attempts a on a.line_id = l.id where a.status = 'failed') as "returnedFen",
            (select count(*) from lines l join payment_attempts a on a.line_id = l.id where a.status = 'failed') as "returnedLines",
            f.budget as "budgetFen", f.available as "availableFen", f.committed as "committedFen", f.transit as "inTransitFen", f.paid as "ledgerPaidFen",
            (select count(*) from (select 1 from ledger_postings group by entry_id
                having sum(case side when 'debit' then amount_fen else -amount_fen end) <> 0) u) as unbalanced,
            (select count(*) from (select a.id from ledger_accounts a left join ledger_postings p on p.account_id = a.id group by a.id
                having a.balance_fen <> coalesce(sum(case when (a.kind = 'budget') = (p.side = 'credit') then p.amount_fen else -p.amount_fen end), 0)) u) as drifted,
            (select coalesce(sum(amount_fen), 0) from payment_lines where status = 'paid') - f.paid as "paidOutsideLedger",
            (select count(*) from procedures where applied_no < fact_no) as unsettled
       from fen f`,
    { like },
  );
  const number = (name: string): number => Number(rows[0]?.[name] ?? 0);
  return {
    people: number('people'),
    hours: number('hours'),
    claimedFen: number('claimedFen'),
    approvedFen: number('approvedFen'),
    paidFen: number('paidFen'),
    returnedFen: number('returnedFen'),
    returnedLines: number('returnedLines'),
    budgetFen: number('budgetFen'),
    availableFen: number('availableFen'),
    committedFen: number('committedFen'),
    inTransitFen: number('inTransitFen'),
    ledgerPaidFen: number('ledgerPaidFen'),
    unbalanced: number('unbalanced'),
    drifted: number('drifted'),
    paidOutsideLedger: number('paidOutsideLedger'),
    unsettled: number('unsettled'),
  };
}
