/** A step of a procedure in the record: opening tasks, moving the procedure, reading its place. */
import { taskClock, firstRung, rungCodes } from '../../workflows/domain/calendar/deadlines.ts';
import { workingDayNumber } from '../../workflows/domain/calendar/calendar.ts';
import type { Ask, Flags, Place, StepInput } from '../../workflows/domain/procedures.ts';
import { type Calendars, readCalendars } from '../calendar/calendar.ts';
import { instantColumns } from '../calendar/instant.ts';
import { type Db, inTransaction, type Trx } from '../client.ts';
import { run, statement } from '../queries/statements.ts';
import { auditHash, type LockedProcedure, lockProcedure, procedureColumns } from './procedures.ts';
import { NotFoundError } from '../../workflows/domain/errors.ts';
import { officeFor } from '../regions.ts';
import { askForYearNotice } from '../calendar/year-requests.ts';
import { isOutsideRole } from '../../workflows/domain/tasks.ts';
import { rowStepOf } from '../../workflows/domain/signing.ts';
import { keepQuestions, listToSignAgain } from './signing/groups.ts';

/** What a new task is written with; a column that is not named here takes its default. */
const taskColumnNames = [
  'id',
  'procedure_id',
  'step',
  'round',
  'kind',
  'role',
  'office',
  'office_path',
  'institution_id',
  'outcomes',
  'peremptory',
  'four_eyes',
  'reference',
  'class_id',
  'subject_number',
  'subject_title',
  'institution_name',
  'headcount',
  'amount_fen',
  'status',
  'opened_at',
  'from_date',
  'working_days',
  'months',
  'days_used',
  'due_date',
  'due_at',
  'calendar_version',
  'provisional',
  'rungs',
  'rung',
  'next_rung_at',
  'version',
  'joint',
  'joint_group',
  'added_by',
  'claimed_by',
  'claimed_at',
  'priority',
  'priority_reason',
  'prioritised_at',
  'prioritised_by',
] as const;
const taskColumns = taskColumnNames.join(', ');

export type TaskInsert = Record<(typeof taskColumnNames)[number], unknown> & {
  id: string;
  step: string;
  due_date: string | null;
  provisional: boolean;
};

/** The facts that `appliedNo` does not take account of, as bells: codes only, fit for a workflow history. */
const factsAfter = (
  appliedNo: string,
) => `(select json_agg(json_strip_nulls(json_build_object('no', no, 'kind', kind, 'taskId', task_id, 'outcome', outcome)) order by no)
    from facts where procedure_id = p.id and no > ${appliedNo})`;

const placeSql = statement(`select ${procedureColumns}, ${instantColumns}, ${factsAfter('p.applied_no')} as facts,
          (select array_agg(step order by id) from tasks where procedure_id = p.id and status = 'open') as open_steps,
          extract(epoch from wall_instant(p.next_alarm_at)) * 1000 as alarm_ms
     from procedures p where p.id = :id`);

type Now = { open_steps: string[] | null; alarm_ms: number | null; facts: Place['facts'] | null };

/** Reads where a procedure stands. Throws NotFoundError. */
export async function readPlace(db: Db, procedureId: string): Promise<Place> {
  const [row] = await run<LockedProcedure & Now>(db, placeSql, { id: procedureId });
  if (!row) throw new NotFoundError('procedure.unknown');
  return toPlace(row, row);
}

function toPlace(procedure: LockedProcedure, now: Now): Place {
  return {
    procedureId: procedure.id,
    type: procedure.type,
    stage: procedure.stage,
    step: procedure.step,
    status: procedure.status,
    ...(procedure.outcome === null ? {} : { outcome: procedure.outcome }),
    appliedNo: procedure.applied_no,
    stepNo: procedure.step_no,
    flags: procedure.flags,
    terms: procedure.terms,
    openSteps: now.open_steps ?? [],
    facts: now.facts ?? [],
    ...(now.alarm_ms === null ? {} : { alarmAtMs: Math.ceil(Number(now.alarm_ms)) }),
  };
}

/** Performs the acts of a step and returns what they say about the procedure. */
export type PerformActs = (trx: Trx, procedure: LockedProcedure, input: StepInput) => Promise<Flags>;

/**
 * Takes one step in one transaction: the acts, the new tasks, the place. Taken before (same number), it changes nothing and returns the place.
 * A closing step while facts are unread changes nothing either: its acts belong to the end, and the run reads those facts first.
 * A withdrawn or suspended procedure opens no task.
 */
export async function takeStep(db: Db, input: StepInput, perform: PerformActs): Promise<Place> {
  return (await takeAtOnce(db, input)) ?? (await takeLocked(db, input, perform)) ?? readPlace(db, input.procedureId);
}

/**
 * A step that only asks: one statement reads, one writes unless something has been written about the procedure in between. Undefined, with nothing
 * written, if something has, or if there is more to do than to ask: then it is to be taken under the lock.
 */
async function takeAtOnce(db: Db, input: StepInput): Promise<Place | undefined> {
  if (input.acts.length > 0 || input.again !== undefined || input.close !== undefined) return undefined;
  const [procedure] = await run<LockedProcedure & Rounds>(
    db,
    procedureWithRounds,
    roundsOf(input.procedureId, input.asks, input.appliedNo),
  );
  if (!procedure || procedure.step_no >= input.stepNo || procedure.status !== 'open') return undefined;
  const tasks = await taskRows(
    db,
    procedure,
    input.asks.map((ask) => ({ ask })),
    procedure,
  );
  if (tasks.some(({ provisional }) => provisional)) return undefined;
  return movePlace(db, procedure, input, { ...procedure.flags, ...input.flags }, tasks);
}

async function takeLocked(db: Db, input: StepInput, perform: PerformActs): Promise<Place | undefined> {
  return inTransaction(db, async (trx) => {
    const procedure = await lockProcedure(trx, input.procedureId);
    if (procedure.step_no >= input.stepNo || procedure.status === 'closed') return undefined;
    const closing = input.close !== undefined;
    if (closing && procedure.fact_no > input.appliedNo) return undefined;
    const acted = input.acts.length > 0 ? await perform(trx, procedure, input) : {};
    const asks = closing || procedure.status !== 'open' ? [] : input.asks;
    const again = asks.length > 0 && input.again ? await listToSignAgain(trx, input.again) : [];
    const asked = again.length > 0 ? again : asks.map((ask) => ({ ask }));
    const tasks = asked.length > 0 ? await prepareTasks(trx, procedure, asked, input.appliedNo) : [];
    const moved = await movePlace(trx, procedure, input, { ...procedure.flags, ...input.flags, ...acted }, tasks);
    // An act that wrote about the procedure through another row than this one: nothing of the step may stand.
    if (!moved) throw new Error(`${input.procedureId} was written past its step`);
    if (again.length > 0) await keepQuestions(trx, tasks);
    return moved;
  });
}

const insertTasksSql = statement(
  `insert into tasks (${taskColumns}) select ${taskColumns} from jsonb_populate_recordset(cast(null as tasks), cast(:tasks as jsonb))`,
);

/** Opens tasks outside a step of the run. */
export async function insertTasks(trx: Trx, tasks: TaskInsert[]): Promise<void> {
  await run(trx, insertTasksSql, { tasks: JSON.stringify(tasks) });
}

// Nothing is written if something else has been since `procedure` was read; under its lock nothing has. Where the row had to be waited for, it is looked at
// again, the tasks are not: an alarm that moved without an audit line meanwhile is put right by the look that its mover rings for.
const movePlaceSql = statement(`with free as (
       select id from procedures where id = :id and step_no = :stepWas and fact_no = :factNo and audit_no = :auditNo - 1 for no key update),
     ended as (
       update tasks set status = 'cancelled', next_rung_at = null, version = version + 1
        where procedure_id = (select id from free) and status = 'open'
          and (cast(:closing as boolean) or step = any(cast(:cancels as text[])) or (kind = 'wait' and cast(:leaving as boolean)))
       returning id),
     opened as (
       insert into tasks (${taskColumns}) select ${taskColumns} from jsonb_populate_recordset(cast(null as tasks), cast(:tasks as jsonb))
        where exists (select from free)
       returning step, next_rung_at),
     known as (
       select step, next_rung_at from tasks where procedure_id = :id and status = 'open' and id not in (select id from ended)
       union all select step, next_rung_at from opened),
     alarm as (select min(next_rung_at) as at from known),
     moved as (
       update procedures set stage = :stage, step = :step, status = :status, outcome = :outcome, applied_no = :appliedNo, step_no = :stepNo,
              flags = :flags, next_alarm_at = (select at from alarm), audit_no = :auditNo, audit_hash = :hash, audited_at = :now,
              closed_at = case when cast(:closing as boolean) then cast(:now as timestamptz) else closed_at end
        where id = (select id from free)),
     audit as (
       insert into audit_log (at, actor, act, subject, procedure_id, no, detail, previous_hash, hash)
       select :now, null, :act, id, id, :auditNo, :detail, :previous, :hash from free)
     select (select array_agg(step) from known) as open_steps, extract(epoch from wall_instant((select at from alarm))) * 1000 as alarm_ms,
            ${factsAfter(':appliedNo')} as facts
       from free p`);

/** Undefined, with nothing written, if something has been written about the procedure since it was read. */
async function movePlace(
  db: Db,
  procedure: LockedProcedure,
  input: StepInput,
  flags: Flags,
  tasks: TaskInsert[],
): Promise<Place | undefined> {
  const closing = input.close !== undefined;
  const status = closing ? 'closed' : procedure.status;
  const outcome = closing ? (input.close ?? null) : procedure.outcome;
  const detail = {
    stage: input.stage,
    step: input.step,
    ...(closing ? { outcome } : {}),
    ...(tasks.length ? { tasks: tasks.map((task) => task.id) } : {}),
  };
  const auditNo = procedure.audit_no + 1;
  const act = closing ? 'procedure.close' : 'procedure.step';
  const hash = auditHash(procedure.audit_hash, { at: procedure.now, actor: undefined, act, subject: procedure.id, no: auditNo, detail });
  const [row] = await run<Now>(db, movePlaceSql, {
    id: procedure.id,
    stepWas: procedure.step_no,
    factNo: procedure.fact_no,
    tasks: JSON.stringify(tasks),
    closing,
    // What a stage waited for is over when the stage is left.
    leaving: input.stage !== procedure.stage,
    cancels: input.cancels,
    stage: input.stage,
    step: input.step,
    status,
    outcome,
    appliedNo: Math.max(input.appliedNo, procedure.applied_no),
    stepNo: input.stepNo,
    flags: JSON.stringify(flags),
    now: procedure.now,
    act,
    auditNo,
    detail: JSON.stringify(detail),
    previous: procedure.audit_hash,
    hash,
  });
  if (!row) return undefined;
  const moved: LockedProcedure = {
    ...procedure,
    stage: input.stage,
    step: input.step,
    status,
    outcome,
    flags,
    applied_no: Math.max(input.appliedNo, procedure.applied_no),
    step_no: input.stepNo,
  };
  return toPlace(moved, row);
}

/** The day of the fact that a step answers, and the last round of each step that it asks for. */
const roundsColumns = `(select cast(at at time zone 'Asia/Shanghai' as date) from facts where procedure_id = p.id and no = :answeredNo) as acted,
  (select json_agg(e) from (select distinct on (step) step, round, from_date, days_used, cast(decided_at at time zone 'Asia/Shanghai' as date) as decided
                              from tasks where procedure_id = p.id and step = any(cast(:steps as text[])) order by step, round desc) e) as earlier`;
const roundsSql = statement(`select ${roundsColumns} from procedures p where p.id = :id`);
const procedureWithRounds = statement(`select ${procedureColumns}, ${instantColumns}, ${roundsColumns} from procedures p where p.id = :id`);

type EarlierRound = { step: string; round: number; from_date: string; decided: string | null; days_used: number };
type Rounds = { acted: string | null; earlier: EarlierRound[] | null };

function roundsOf(id: string, asks: readonly Ask[], answeredNo: number): Record<string, unknown> {
  return { id, answeredNo, steps: asks.map(({ step }) => step) };
}

/** `office`: where the level alone does not say it. `group`, `addedBy`, `holder`: of a signature beside others that stand. */
export type Asked = {
  ask: Ask;
  office?: { code: string; path: string };
  group?: string | undefined;
  addedBy?: string | undefined;
  holder?: string | undefined;
};

/** The rows of new tasks. Those of a group name the first one that is asked with them, unless they join one. */
export async function prepareTasks(trx: Trx, procedure: LockedProcedure, asked: Asked[], answeredNo: number): Promise<TaskInsert[]> {
  const asks = asked.map(({ ask }) => ask);
  const [rounds] = await run<Rounds>(trx, roundsSql, roundsOf(procedure.id, asks, answeredNo));
  const tasks = await taskRows(trx, procedure, asked, rounds ?? { acted: null, earlier: null });
  for (const task of tasks)
    if (task.provisional && task.due_date) await askForYearNotice(trx, procedure, Number(task.due_date.slice(0, 4)));
  return tasks;
}

/**
 * Periods count from the day of the act that asks for them, the last fact of the step, however late the step itself is. Only the applicant's
 * own peremptory period begins with the step, whose notice tells of it.
 */
async function taskRows(db: Db, procedure: LockedProcedure, asked: Asked[], { acted, earlier: found }: Rounds): Promise<TaskInsert[]> {
  const calendars = await readCalendars(db, procedure.calendar_key);
  const earlier = found ?? [];
  const actedOn = acted ?? procedure.today;
  const rounds = new Map(earlier.map((row) => [row.step, row.round]));
  const tasks: TaskInsert[] = [];
  const leaders = new Map<string, string>();
  for (const one of asked) {
    const { ask } = one;
    const round = (rounds.get(ask.step) ?? 0) + 1;
    rounds.set(ask.step, round);
    const before = earlier.find((row) => row.step === ask.step);
    const from = ask.peremptory && ask.workingDays !== undefined ? procedure.today : actedOn;
    const task = await taskRow(db, procedure, one, { round, before, from, calendars });
    const row = rowStepOf(ask.step);
    if (!leaders.has(row)) leaders.set(row, task.id);
    tasks.push({ ...task, joint_group: ask.joint ? (one.group ?? leaders.get(row)) : null });
  }
  return tasks;
}

/** A mark of the procedure stands on its tasks of the office; those outside it and the clock take none. */
function markOf({ priority_reason: reason, prioritised_at: at, prioritised_by: by }: LockedProcedure, { role }: Ask) {
  const marked = reason !== null && !isOutsideRole(role) && role !== 'clock';
  return {
    priority: marked,
    priority_reason: marked ? reason : null,
    prioritised_at: marked ? at : null,
    prioritised_by: marked ? by : null,
  };
}

/** `before`: the round before this one. `from`: the day after which a period is counted. */
type Round = { round: number; before: EarlierRound | undefined; from: string; calendars: Calendars };

async function taskRow(
  db: Db,
  procedure: LockedProcedure,
  { ask, office: given, addedBy, holder }: Asked,
  { round, before, from, calendars }: Round,
): Promise<TaskInsert> {
  const office = given ?? (await officeFor(db, procedure.region_path, ask.level));
  // The days of the office that acts, or that of the case where somebody outside has to act towards it.
  const calendar = calendars.of(office.code);
  const used = ask.resumes && before?.decided ? before.days_used + workingDayNumber(calendar, before.from_date, before.decided) : 0;
  const daysUsed = ask.workingDays === undefined ? 0 : Math.min(used, ask.workingDays - 1);
  const clock = taskClock(calendar, ask, procedure.terms, from, daysUsed);
  const rung = firstRung(clock.rungs, rungCodes(ask.kind, ask.peremptory ?? false, procedure.terms), procedure.now);
  return {
    id: `${procedure.id}/${ask.step}/${round}`,
    procedure_id: procedure.id,
    step: ask.step,
    round,
    kind: ask.kind,
    role: ask.role,
    office: office.code,
    office_path: office.path,
    institution_id: ask.role === 'assessor' ? (procedure.flags.assessorId ?? null) : procedure.institution_id,
    outcomes: ask.outcomes,
    peremptory: ask.peremptory ?? false,
    four_eyes:
      ask.role === 'institution' || ask.role === 'assessor' || ask.role === 'clock'
        ? []
        : (ask.fourEyes ?? [`${procedure.id}/${ask.step.split('.')[0]}`]),
    reference: ask.reference ?? null,
    class_id: procedure.class_id,
    subject_number: procedure.subject_number,
    subject_title: procedure.subject_title,
    institution_name: procedure.institution_name,
    headcount: procedure.headcount,
    amount_fen: procedure.amount_fen,
    status: 'open',
    opened_at: procedure.now,
    from_date: ask.from !== undefined && ask.from > from ? ask.from : from,
    working_days: clock.workingDays ?? null,
    months: ask.months ?? null,
    days_used: daysUsed,
    due_date: clock.dueDate ?? null,
    due_at: clock.dueAt ?? null,
    calendar_version: calendar.version,
    provisional: clock.provisional,
    rungs: clock.rungs,
    rung,
    next_rung_at: clock.rungs[rung] ?? null,
    version: 1,
    joint: ask.joint ?? null,
    joint_group: null,
    added_by: addedBy ?? null,
    claimed_by: holder ?? null,
    claimed_at: holder ? procedure.now : null,
    ...markOf(procedure, ask),
  };
}
