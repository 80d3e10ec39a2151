/** What the operations page and the metrics show: whether procedures go on, asked of the record alone. Ages are seconds of real time. */
import { type Db, inTransaction, type Trx } from '../client.ts';
import type { ScheduleFault, TurnStarter } from '../protocol/findings.ts';
import { outboxAge } from '../protocol/outbox.ts';
import { withinPaths } from '../regions.ts';
import { plannedEachTime, run, type Statement, statement } from '../queries/statements.ts';

const GRACE = `interval '1 minute'`;
const SHOWN = 20;

/** By `offset 0` what is looked up row by row: nearly nothing is found, of which PostgreSQL knows nothing. Each question gives procedure_id, age in seconds (null where it means nothing) and a detail of codes, numbers and dates. */
const questions = {
  outbox: `select o.procedure_id, extract(epoch from clock_timestamp() - min(o.created_at)) as age, jsonb_build_object('lines', count(*), 'attempts', max(o.attempts)) as detail
      from outbox o where o.created_at < clock_timestamp() - ${GRACE} group by 1`,
  unapplied: `select p.id as procedure_id, extract(epoch from clock_timestamp() - f.recorded_at) as age, jsonb_build_object('facts', p.fact_no - p.applied_no, 'kind', f.kind) as detail
      from (select id from procedures where applied_no < fact_no offset 0) b
     cross join lateral (select * from procedures where id = b.id offset 0) p
     cross join lateral (select kind, recorded_at from facts where procedure_id = p.id and no = p.applied_no + 1 offset 0) f
     where f.recorded_at < clock_timestamp() - ${GRACE}`,
  noTask: found('no_task'),
  closedTask: found('closed_task'),
  alarm: `select p.id as procedure_id, extract(epoch from clock_timestamp() - wall_instant(p.next_alarm_at)) as age, jsonb_build_object('step', p.step) as detail
      from procedures p where p.status = 'open' and p.next_alarm_at < (select business_now() - ${GRACE} * case when fixed then 1 else speed end from clock)`,
  runMissing: found('run_missing'),
  runEnded: found('run_ended'),
  runFailing: found('run_failing'),
  runRetrying: found('run_retrying'),
  provisional: `select t.procedure_id, cast(null as numeric) as age, jsonb_build_object('due', min(t.due_date), 'step', min(t.step)) as detail
      from tasks t where t.status = 'open' and t.provisional group by 1`,
} as const;

function found(code: string): string {
  return `select f.procedure_id, extract(epoch from clock_timestamp() - f.since) as age, f.detail || jsonb_build_object('rings', f.rings) as detail
      from operation_findings f where f.cleared_at is null and f.code = '${code}'`;
}

export type Question = keyof typeof questions;
export type Suspect = {
  procedureId: string;
  type: string;
  stage: string;
  number: string;
  title: string;
  age: number | null;
  detail: Record<string, string | number>;
  repairRequested: boolean;
};
export type Answer = { count: number; oldest: number | null; items: Suspect[] };
/** Mails or short messages that did not go out. */
export type Failures = {
  count: number;
  oldest: number | null;
  items: { template: string; number: string | null; title: string | null; age: number }[];
};
export type Build = {
  buildId: string;
  procedures: number;
  classes: number;
  seenAgo: number | null;
  examples: { number: string; title: string }[];
};
export type OperationsState = {
  answers: Record<Question, Answer>;
  mails: Failures;
  sms: Failures;
  outbox: { waiting: number; oldestMs: number };
  /** Seconds since the last turn ended; null: never. */
  reconcilerAge: number | null;
  /** What started the turn that began last. */
  turnStartedBy: TurnStarter | null;
  scheduleFault: { fault: ScheduleFault; age: number } | null;
  temporalSilent: number | null;
  builds: Build[];
};

type TurnRow = {
  turn: number | null;
  startedBy: TurnStarter | null;
  fault: ScheduleFault | null;
  faultAge: number;
  silent: number | null;
};

/** Everything of these regions, as of one instant. */
export async function readOperations(db: Db, paths: readonly string[]): Promise<OperationsState> {
  return inTransaction(db, async (trx) => {
    const answers = await ask(trx, paths);
    const [turn] = await run<TurnRow>(trx, lastTurn, {});
    return {
      answers,
      mails: await listFailures(trx, failedMails, paths),
      sms: await listFailures(trx, failedSms, paths),
      outbox: await outboxAge(trx),
      reconcilerAge: turn?.turn ?? null,
      turnStartedBy: turn?.startedBy ?? null,
      scheduleFault: turn?.fault ? { fault: turn.fault, age: turn.faultAge } : null,
      temporalSilent: turn?.silent ?? null,
      builds: await listBuilds(trx, paths),
    };
  });
}

const lastTurn =
  statement(`select cast(extract(epoch from clock_timestamp() - ended_at) as float8) as turn, started_by as "startedBy", schedule_fault as fault,
  cast(extract(epoch from clock_timestamp() - schedule_fault_since) as float8) as "faultAge",
  cast(extract(epoch from clock_timestamp() - temporal_silent_since) as float8) as silent from reconciler_turns`);

/** Planned with the regions at hand: what is found in a region is nearly nothing of what the plan for any reader expects. */
const allQuestions = plannedEachTime(
  `${Object.entries(questions)
    .map(
      ([
        name,
        sql,
      ]) => `(select '${name}' as question, q.procedure_id as "procedureId", p.type, p.stage, p.subject_number as number, p.subject_title as title,
            cast(q.age as float8) as age, q.detail,
            exists (select from repair_requests w where w.procedure_id = p.id and w.status = 'requested') as "repairRequested",
            cast(count(*) over () as int) as total, cast(max(q.age) over () as float8) as oldest
       from (${sql}) q cross join lateral (select * from procedures where id = q.procedure_id offset 0) p where ${withinPaths('p.region_path')}
      order by q.age desc nulls last, q.detail ->> 'due', q.procedure_id limit ${SHOWN})`,
    )
    .join(' union all ')}`,
);

/** All questions in one statement: each alone costs little more than its way there and back. */
async function ask(trx: Trx, paths: readonly string[]): Promise<Record<Question, Answer>> {
  type Row = Suspect & { question: Question; total: number; oldest: number | null };
  const rows = await run<Row>(trx, allQuestions, { paths });
  const answers = {} as Record<Question, Answer>;
  for (const name of Object.keys(questions) as Question[]) answers[name] = { count: 0, oldest: null, items: [] };
  for (const { question, total, oldest, ...item } of rows) {
    const answer = answers[question];
    answer.count = total;
    answer.oldest = oldest;
    answer.items.push(item);
  }
  return answers;
}

const failedMails = failures(
  `select m.template, m.params, m.created_at, g.path from mails m join regions g on g.code = m.region where m.status = 'failed'`,
);
/** A number that the gateway does not take is the register's to mend, and has failed all the same. */
const failedSms = failures(
  `select s.template, s.params, s.created_at, g.path from sms s join regions g on g.code = s.region where s.status in ('failed', 'refused')`,
);

/** Only what they were about, not to whom they went. */
function failures(sql: string): Statement {
  return plannedEachTime(
    `select m.template, m.params ->> 'number' as number, m.params ->> 'title' as title, cast(m.age as float8) as age,
            cast(count(*) over () as int) as total, cast(max(m.age) over () as float8) as oldest
       from (select x.*, extract(epoch from clock_timestamp() - wall_instant(x.created_at)) as age from (${sql}) x where ${withinPaths('x.path')}) m
      order by m.created_at limit ${SHOWN}`,
  );
}

async function listFailures(trx: Trx, failed: Statement, paths: readonly string[]): Promise<Failures> {
  const rows = await run<Failures['items'][number] & { total: number; oldest: number }>(trx, failed, { paths });
  return { count: rows[0]?.total ?? 0, oldest: rows[0]?.oldest ?? null, items: rows.map(({ total: _t, oldest: _o, ...item }) => item) };
}

/** Of each region its first classes, of those the first of all. */
const EXAMPLES = 20;
const buildsInUse = plannedEachTime(
  `with places as materialized (
     select g.* from counted_builds g where ${withinPaths('g.region_path')}),
   b as (
     select build_id, cast(sum(procedures) as int) as procedures, cast(sum(classes) as int) as classes from places group by 1)
   select coalesce(b.build_id, w.build_id) as "buildId", coalesce(b.procedures, 0) as procedures, coalesce(b.classes, 0) as classes,
          cast(extract(epoch from clock_timestamp() - w.seen_at) as float8) as "seenAgo", coalesce(e.examples, '[]') as examples
     from b
     full join (select * from worker_builds where seen_at > clock_timestamp() - interval '7 days') w on w.build_id = b.build_id
     left join lateral (
       select jsonb_agg(jsonb_build_object('number', p.subject_number, 'title', p.subject_title) order by p.id) as examples
         from (select x.procedure_id from places o cross join lateral (
                 select procedure_id from run_builds where build_id = o.build_id and type = 'trainingClass' and region_path = o.region_path order by procedure_id limit ${EXAMPLES}) x
                where o.build_id = b.build_id and o.classes > 0 order by 1 limit ${EXAMPLES}) x
        cross join lateral (select id, subject_number, subject_title from procedures where id = x.procedure_id offset 0) p) e on true
    order by w.seen_at desc nulls last, 1`,
);

/** Builds that open runs took their last step on, and those that a worker was seen with lately. */
async function listBuilds(trx: Trx, paths: readonly string[]): Promise<Build[]> {
  return run<Build>(trx, buildsInUse, { paths });
}

/** Figures of the whole installation for the metrics. */
export type OfficeFigures = {
  outbox: { waiting: number; oldestMs: number };
  unappliedFacts: number;
  overdueByRole: Record<string, number>;
  openByType: Record<string, number>;
  suspects: Record<Question, number>;
  mails: Record<string, number>;
  sms: Record<string, number>;
  reconcilerAge: number | null;
};

export async function readOfficeFigures(db: Db): Promise<OfficeFigures> {
  return inTransaction(db, async (trx) => {
    const counts = async (sql: string): Promise<Record<string, number>> => {
      const { rows } = await trx.raw<{ rows: { name: string; count: number }[] }>(sql);
      return Object.fromEntries(rows.map((row) => [row.name, Number(row.count)]));
    };
    const suspects = await counts(
      Object.entries(questions)
        .map(([name, sql]) => `select '${name}' as name, count(*) from (${sql}) q`)
        .join(' union all '),
    );
    const { rows } = await trx.raw<{ rows: { unapplied: number; turn: number | null }[] }>(
      `select (select coalesce(sum(fact_no - applied_no), 0) from procedures where applied_no < fact_no) as unapplied,
              (select cast(extract(epoch from clock_timestamp() - ended_at) as float8) from reconciler_turns) as turn`,
    );
    return {
      outbox: await outboxAge(trx),
      unappliedFacts: Number(rows[0]?.unapplied ?? 0),
      overdueByRole: await counts(
        `select role as name, count(*) from tasks where status = 'open' and role <> 'clock' and due_at <= (select business_now()) group by 1`,
      ),
      openByType: await counts(`select type as name, count(*) from procedures where status <> 'closed' group by 1`),
      suspects: suspects as Record<Question, number>,
      mails: await counts(`select status as name, count(*) from mails where status in ('queued', 'failed') group by 1`),
      sms: await counts(`select status as name, count(*) from sms where status in ('waiting', 'failed', 'refused') group by 1`),
      reconcilerAge: rows[0]?.turn ?? null,
    };
  });
}
