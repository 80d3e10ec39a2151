/** What the operations page and the metrics show: whether procedures go on, asked of the record alone. Ages are seconds of real time. */
import { type Db, inTransaction, type Trx } from '../client.ts';
import type { ScheduleFault, TurnStarter } from '../protocol/findings.ts';
import { outboxAge } from '../protocol/outbox.ts';

const GRACE = `interval '1 minute'`;
const SHOWN = 50;

/** Each question gives procedure_id, age in seconds (null where it means nothing) and a detail of codes, numbers and dates. */
const questions = {
  outbox: `select o.procedure_id, extract(epoch from clock_timestamp() - min(o.created_at)) as age, jsonb_build_object('lines', count(*), 'attempts', max(o.attempts)) as detail
      from outbox o where o.created_at < clock_timestamp() - ${GRACE} group by 1`,
  unapplied: `select p.id as procedure_id, extract(epoch from clock_timestamp() - f.recorded_at) as age, jsonb_build_object('facts', p.fact_no - p.applied_no, 'kind', f.kind) as detail
      from procedures p join facts f on f.procedure_id = p.id and f.no = p.applied_no + 1
     where p.applied_no < p.fact_no and f.recorded_at < clock_timestamp() - ${GRACE}`,
  noTask: `select p.id as procedure_id, extract(epoch from clock_timestamp() - a.recorded_at) as age, jsonb_build_object('step', p.step) as detail
      from (select id from procedures n where n.status <> 'closed' and not exists (select from tasks t where t.procedure_id = n.id and t.status = 'open') offset 0) n
      join procedures p on p.id = n.id join audit_log a on a.procedure_id = p.id and a.no = p.audit_no
     where p.status = 'open' and p.applied_no = p.fact_no and a.recorded_at < clock_timestamp() - ${GRACE}`,
  closedTask: `select p.id as procedure_id, extract(epoch from clock_timestamp() - max(a.recorded_at)) as age, jsonb_build_object('tasks', count(t.id), 'step', min(t.step)) as detail
      from (select t.procedure_id from tasks t where t.status = 'open' and not exists (select from procedures o where o.id = t.procedure_id and o.status <> 'closed')
             union select w.id from procedures w where w.status = 'withdrawn' offset 0) n
      join procedures p on p.id = n.procedure_id join tasks t on t.procedure_id = p.id
      left join audit_log a on a.procedure_id = p.id and a.no = p.audit_no where t.status = 'open' group by p.id`,
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

const inside = (column: string) =>
  `exists (select from unnest(cast(:paths as text[])) r (path) where ${column} = r.path or ${column} like r.path || '/%')`;

/** Everything of these regions, as of one instant. */
export async function readOperations(db: Db, paths: readonly string[]): Promise<OperationsState> {
  return inTransaction(db, async (trx) => {
    const answers = {} as Record<Question, Answer>;
    for (const [name, sql] of Object.entries(questions)) answers[name as Question] = await ask(trx, sql, paths);
    const { rows } = await trx.raw<{ rows: TurnRow[] }>(
      `select cast(extract(epoch from clock_timestamp() - ended_at) as float8) as turn, started_by as "startedBy", schedule_fault as fault,
              cast(extract(epoch from clock_timestamp() - schedule_fault_since) as float8) as "faultAge",
              cast(extract(epoch from clock_timestamp() - temporal_silent_since) as float8) as silent from reconciler_turns`,
    );
    return {
      answers,
      mails: await listFailures(trx, failedMails, paths),
      sms: await listFailures(trx, failedSms, paths),
      outbox: await outboxAge(trx),
      reconcilerAge: rows[0]?.turn ?? null,
      turnStartedBy: rows[0]?.startedBy ?? null,
      scheduleFault: rows[0]?.fault ? { fault: rows[0].fault, age: rows[0].faultAge } : null,
      temporalSilent: rows[0]?.silent ?? null,
      builds: await listBuilds(trx, paths),
    };
  });
}

async function ask(trx: Trx, sql: string, paths: readonly string[]): Promise<Answer> {
  const { rows } = await trx.raw<{ rows: (Suspect & { total: number; oldest: number | null })[] }>(
    `select q.procedure_id as "procedureId", p.type, p.stage, p.subject_number as number, p.subject_title as title, cast(q.age as float8) as age, q.detail,
            exists (select from repair_requests w where w.procedure_id = p.id and w.status = 'requested') as "repairRequested",
            cast(count(*) over () as int) as total, cast(max(q.age) over () as float8) as oldest
       from (${sql}) q join procedures p on p.id = q.procedure_id where ${inside('p.region_path')}
      order by q.age desc nulls last, q.detail ->> 'due', q.procedure_id limit ${SHOWN}`,
    { paths: [...paths] },
  );
  return { count: rows[0]?.total ?? 0, oldest: rows[0]?.oldest ?? null, items: rows.map(({ total: _t, oldest: _o, ...item }) => item) };
}

const failedMails = `select m.template, m.params, m.created_at, g.path from mails m join users u on u.id = m.user_id join regions g on g.code = u.region where m.status = 'failed'`;
/** A number that the gateway does not take is the register's to mend, and has failed all the same. */
const failedSms = `select s.template, s.params, s.created_at, g.path from sms s join institutions i on i.id = s.institution_id join regions g on g.code = i.region where s.status in ('failed', 'refused')`;

/** Only what they were about, not to whom they went. */
async function listFailures(trx: Trx, sql: string, paths: readonly string[]): Promise<Failures> {
  const { rows } = await trx.raw<{ rows: (Failures['items'][number] & { total: number; oldest: number })[] }>(
    `select m.template, m.params ->> 'number' as number, m.params ->> 'title' as title, cast(m.age as float8) as age,
            cast(count(*) over () as int) as total, cast(max(m.age) over () as float8) as oldest
       from (select x.*, extract(epoch from clock_timestamp() - wall_instant(x.created_at)) as age from (${sql}) x where ${inside('x.path')}) m
      order by m.created_at limit ${SHOWN}`,
    { paths: [...paths] },
  );
  return { count: rows[0]?.total ?? 0, oldest: rows[0]?.oldest ?? null, items: rows.map(({ total: _t, oldest: _o, ...item }) => item) };
}

/** Builds that open runs took their last step on, and those that a worker was seen with lately. */
async function listBuilds(trx: Trx, paths: readonly string[]): Promise<Build[]> {
  const { rows } = await trx.raw<{ rows: Build[] }>(
    `select coalesce(b.build_id, w.build_id) as "buildId", coalesce(b.procedures, 0) as procedures, coalesce(b.classes, 0) as classes,
            cast(extract(epoch from clock_timestamp() - w.seen_at) as float8) as "seenAgo", coalesce(b.examples, '[]') as examples
       from (select r.build_id, cast(count(*) as int) as procedures, cast(count(*) filter (where p.type = 'trainingClass') as int) as classes,
                    to_jsonb((array_agg(jsonb_build_object('number', p.subject_number, 'title', p.subject_title) order by p.opened_at, p.id) filter (where p.type = 'trainingClass'))[1:20]) as examples
               from run_builds r join procedures p on p.id = r.procedure_id and p.status <> 'closed' where ${inside('p.region_path')} group by 1) b
       full join (select * from worker_builds where seen_at > clock_timestamp() - interval '7 days') w on w.build_id = b.build_id
      order by w.seen_at desc nulls last, 1`,
    { paths: [...paths] },
  );
  return rows;
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

export async function readFigures(db: Db): Promise<OfficeFigures> {
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
        `select role as name, count(*) from tasks where status = 'open' and kind <> 'wait' and due_at <= business_now() group by 1`,
      ),
      openByType: await counts(`select type as name, count(*) from procedures where status <> 'closed' group by 1`),
      suspects: suspects as Record<Question, number>,
      mails: await counts(`select status as name, count(*) from mails where status in ('queued', 'failed') group by 1`),
      sms: await counts(`select status as name, count(*) from sms where status in ('waiting', 'failed', 'refused') group by 1`),
      reconcilerAge: rows[0]?.turn ?? null,
    };
  });
}
