/** Subsidy applications: claimed per trainee with amounts by the policy pack, reviewed, approved against the budget. */
import type { Knex } from 'knex';
import { type ApplicationStatus, mayApplication } from '../../workflows/domain/money/application.ts';
import { calculate } from '../../workflows/domain/money/calculator.ts';
import { ConflictError, NotFoundError } from '../../workflows/domain/errors.ts';
import type { GroupCode } from '../../workflows/domain/policy/groups.ts';
import { type Flags, procedureIdOf } from '../../workflows/domain/procedures.ts';
import type { Outcome } from '../../workflows/domain/stages.ts';
import type { Db, Trx } from '../client.ts';
import { rowStepOf } from '../../workflows/domain/signing.ts';
import type { DecisionContext } from '../protocol/decision-rules.ts';
import { type IdempotentRequest, onceOnly } from '../protocol/idempotency.ts';
import { commitFunds, releaseFunds } from './ledger.ts';
import { getPolicyPack } from '../catalogue/policy-packs.ts';
import { inheritFrom, startProcedure, tellProcedure, withdrawProcedure } from '../protocol/life.ts';
import { type LockedProcedure, lockProcedure } from '../protocol/procedures.ts';
import { nextNumber } from '../serial-numbers.ts';
import type { Actor } from '../accounts/users.ts';

export type ApplicationRow = {
  id: string;
  number: string;
  class_id: string;
  procedure_id: string;
  region: string;
  fund: string;
  year: number;
  total_fen: number;
  approved_fen: number | null;
  status: ApplicationStatus;
  submitted_at: Date;
};

type Payable = { enrolment_id: string; person_id: string; group_code: GroupCode };

/** What each filed trainee of a class is worth by the pack of the class: the preview of a claim and the claim itself. */
export async function priceClaim(
  db: Db,
  classId: string,
): Promise<{ enrolmentId: string; personId: string; amount: ReturnType<typeof calculate> }[]> {
  const row = await db('classes as c')
    .join('catalogue_projects as p', 'p.id', 'c.project_id')
    .where('c.id', classId)
    .first('c.pack_id', 'p.kind', 'p.level', 'p.occupation');
  if (!row) throw new NotFoundError('class.unknown');
  const pack = await getPolicyPack(db, row.pack_id);
  const hours = await db('class_sessions').where({ class_id: classId }).sum<{ sum: string }[]>('hours as sum');
  const people: Payable[] = await db('filed_enrolments as f')
    .join('enrolments as e', 'e.id', 'f.enrolment_id')
    .where('f.class_id', classId)
    .where('e.status', 'enrolled')
    .orderBy('e.seat')
    .select('e.id as enrolment_id', 'e.person_id', 'e.group_code');
  return people.map((person) => ({
    enrolmentId: person.enrolment_id,
    personId: person.person_id,
    amount: calculate(pack, {
      kind: row.kind === 'certificate' ? 'certificate' : 'single_ability',
      ...(row.level ? { level: row.level } : {}),
      group: person.group_code,
      occupation: row.occupation,
      hours: Number(hours[0]?.sum ?? 0),
      certificate: true,
    }),
  }));
}

/** Decision rule of the claim: one line per filed trainee, then the procedure of the application opens. */
export async function claimSubsidy({ trx, actor, procedure }: DecisionContext): Promise<Record<string, unknown>> {
  const classId = procedure.class_id ?? '';
  const lines = (await priceClaim(trx, classId)).filter((line) => line.amount.amountFen > 0);
  if (lines.length === 0) throw new ConflictError('claim.nobody');
  const project = await trx('classes as c').join('catalogue_projects as p', 'p.id', 'c.project_id').where('c.id', classId).first('p.fund');
  const year = Number(procedure.today.slice(0, 4));
  const number = await nextNumber(trx, 'application', procedure.region, String(year));
  const procedureId = procedureIdOf('subsidyApplication', number);
  const totalFen = lines.reduce((sum, line) => sum + line.amount.amountFen, 0);
  const opening = {
    id: procedureId,
    type: 'subsidyApplication',
    ...inheritFrom(procedure),
    subjectId: classId,
    number,
    headcount: lines.length,
    amountFen: totalFen,
  } as const;
  await startProcedure(trx, opening, {
    actor: actor.userId,
    audit: { act: 'application.submit', detail: { lines: lines.length, totalFen } },
  });
  const [application] = await trx('subsidy_applications')
    .insert({
      number,
      class_id: classId,
      procedure_id: procedureId,
      region: procedure.region,
      fund: project.fund,
      year,
      total_fen: totalFen,
      submitted_at: procedure.now,
    })
    .returning('id');
  await trx('payment_lines').insert(
    lines.map((line) => ({
      application_id: application.id,
      class_id: classId,
      person_id: line.personId,
      enrolment_id: line.enrolmentId,
      standard_fen: line.amount.standardFen,
      percent: line.amount.percent,
      amount_fen: line.amount.amountFen,
      trace: JSON.stringify(line.amount),
    })),
  );
  return { application: number };
}

export async function findApplication(db: Db, number: string): Promise<ApplicationRow | undefined> {
  return db<ApplicationRow>('subsidy_applications').where({ number }).first();
}

export async function getApplicationOf(db: Db, procedureId: string): Promise<ApplicationRow> {
  const row = await db<ApplicationRow>('subsidy_applications').where({ procedure_id: procedureId }).first();
  if (!row) throw new NotFoundError('application.unknown');
  return row;
}

export async function getApplicationOfClass(db: Db, classId: string): Promise<ApplicationRow> {
  const row = await db<ApplicationRow>('subsidy_applications').where({ class_id: classId }).first();
  if (!row) throw new NotFoundError('application.unknown');
  return row;
}

/** The task that takes a class's claim, open or not. Throws ConflictError `claim.notNow` before the class is filed. */
export async function claimTaskOf(db: Db, classNumber: string): Promise<string> {
  const task = await db('tasks')
    .where({ procedure_id: procedureIdOf('trainingClass', classNumber), kind: 'claim' })
    .orderBy('round', 'desc')
    .first('id');
  if (!task) throw new ConflictError('claim.notNow');
  return task.id;
}

export async function setApplicationStatus(trx: Trx, procedureId: string, status: ApplicationStatus): Promise<void> {
  await trx('subsidy_applications').where({ procedure_id: procedureId }).update({ status });
}

/** Decision rule of the last approval: the ledger commits what is approved, so what the budget does not hold cannot be approved. */
export async function commitApproval({ trx, actor, task, procedure, decision, settles }: DecisionContext): Promise<void> {
  const last = procedure.terms.reviews.approval.at(-1)?.step;
  if (decision.outcome !== 'approve' || !settles || rowStepOf(task.step) !== `approval.${last}`) return;
  const application = await getApplicationOf(trx, procedure.id);
  const approved = await trx('payment_lines')
    .where({ application_id: application.id, status: 'claimed' })
    .update({ status: 'approved', committed: true })
    .returning<{ amount_fen: number }[]>('amount_fen');
  const totalFen = approved.reduce((sum, line) => sum + line.amount_fen, 0);
  if (totalFen === 0) return;
  await commitFunds(trx, {
    fund: application.fund,
    year: application.year,
    region: application.region,
    reference: procedure.id,
    amountFen: totalFen,
    classId: application.class_id,
    actor: actor.userId,
  });
  await trx('subsidy_applications').where({ id: application.id }).update({ approved_fen: totalFen });
}

export type CommittedLine = { enrolment_id: string; amount_fen: number; standard_fen: number; percent: string };

/** The approved lines of an application. */
export async function listCommittedLines(db: Db, applicationId: string): Promise<CommittedLine[]> {
  return db('payment_lines')
    .where({ application_id: applicationId, committed: true })
    .select('enrolment_id', 'amount_fen', 'standard_fen', 'percent');
}

/** How the lines of an application stand; all counts, fit for flags. */
export async function countLines(trx: Trx, procedure: LockedProcedure): Promise<Flags> {
  const application = await getApplicationOf(trx, procedure.id);
  await releaseExcluded(trx, application);
  const { rows } = await trx.raw<{ rows: Record<'payable' | 'held' | 'failed' | 'inBatch' | 'paid' | 'outstanding', number>[] }>(
    `select count(*) filter (where l.status = 'approved' and e.held_by is null) as payable,
            count(*) filter (where l.status in ('claimed', 'approved') and e.held_by is not null) as held,
            count(*) filter (where l.status = 'failed') as failed,
            count(*) filter (where l.status in ('in_batch', 'sent')) as "inBatch",
            count(*) filter (where l.status = 'paid') as paid,
            count(*) filter (where l.status not in ('paid', 'excluded')) as outstanding
       from payment_lines l join enrolments e on e.id = l.enrolment_id where l.application_id = ?`,
    [application.id],
  );
  const row = rows[0];
  return Object.fromEntries(Object.entries(row ?? {}).map(([key, value]) => [key, Number(value)]));
}

/** Lines excluded after the approval give their commitment back. */
async function releaseExcluded(trx: Trx, application: ApplicationRow): Promise<void> {
  const { fund, year, region, class_id: classId } = application;
  const lines = await trx('payment_lines')
    .where({ application_id: application.id, status: 'excluded', committed: true })
    .update({ committed: false })
    .returning<{ id: string; amount_fen: number }[]>(['id', 'amount_fen']);
  await releaseFunds(
    trx,
    lines.map((line) => ({ fund, year, region, reference: `line-${line.id}`, amountFen: line.amount_fen, classId })),
  );
}

/** The end of the application: its status, and the class that waits for it is rung. What was committed and will not be paid is available again. */
export async function closeApplication(trx: Trx, procedure: LockedProcedure, outcome: Outcome<'subsidyApplication'>): Promise<void> {
  const application = await getApplicationOf(trx, procedure.id);
  if (outcome !== 'paid') {
    await trx('payment_lines')
      .where({ application_id: application.id })
      .whereIn('status', ['claimed', 'approved', 'failed'])
      .update({ status: 'excluded', status_reason: outcome });
    await releaseExcluded(trx, application);
  }
  await setApplicationStatus(trx, procedure.id, outcome);
  const audit = { act: 'application.close', subject: procedure.id, detail: { outcome } };
  await tellProcedure(trx, procedure.parent_id ?? '', { kind: 'application_closed', outcome }, audit);
}

/**
 * The institution takes its claim back before money is committed. The row's status closes its tasks at once; the run follows.
 * Throws NotFoundError for anybody else's, InputError without a reason, ConflictError `application.notNow`.
 */
export async function withdrawApplication(
  db: Knex,
  actor: Actor,
  input: { number: string; reason: string; request?: IdempotentRequest | undefined },
): Promise<void> {
  await onceOnly(db, input.request, async (trx) => {
    const found = await findApplication(trx, input.number);
    if (!found) throw new NotFoundError('application.unknown');
    const procedure = await lockProcedure(trx, found.procedure_id);
    if (!actor.institutionId || procedure.institution_id !== actor.institutionId) throw new NotFoundError('application.unknown');
    const application = await getApplicationOf(trx, procedure.id);
    if (!mayApplication(application, 'withdraw')) throw new ConflictError('application.notNow');
    await withdrawProcedure(trx, procedure, { actor: actor.userId, reason: input.reason, act: 'application.withdraw' });
    return { withdrawn: true };
  });
}
