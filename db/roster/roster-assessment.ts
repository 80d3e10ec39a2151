/** What the rules say about everybody on a roster: may the person be subsidised (N14), and what would it come to (N19). */
import { calculate, type Calculation, type SubsidyFacts } from '../../workflows/domain/money/calculator.ts';
import { judgeEligibility, type PriorBenefit, type Verdict } from '../../workflows/domain/policy/eligibility.ts';
import { InputError } from '../../workflows/domain/errors.ts';
import type { GroupCode } from '../../workflows/domain/policy/groups.ts';
import { ageOn, type Sex } from '../../workflows/domain/people/identity.ts';
import type { PolicyPack } from '../../workflows/domain/policy/policy.ts';
import type { ClassRow } from '../classes/classes.ts';
import { businessToday } from '../calendar/instant.ts';
import type { Db, Trx } from '../client.ts';

type Judged = { person_id: string; group_code: GroupCode; birth_date: string; sex: Sex };
type Trainee = Judged & { id: string; seat: number };
export type Assessment = { headcount: number; amountFen: number; wrongAge: { seat: number; age: number }[] };

/**
 * Judges and prices the enrolled of a class anew and stores verdict and amount with their sources. Ages and quotas count on the first day.
 * The group is taken as the institution's papers show it: the registers are asked on submission, and no review passes without their answer.
 */
export async function assessRoster(trx: Trx, row: ClassRow, pack: PolicyPack): Promise<Assessment> {
  const assessed = await judge(trx, row, pack, await listTrainees(trx, row.id));
  if (assessed.length > 0) {
    await trx.raw(
      `update enrolments e set eligibility = a.verdict, amount_fen = a.fen, amount_trace = a.trace
         from jsonb_to_recordset(cast(:rows as jsonb)) as a (id uuid, verdict jsonb, fen bigint, trace jsonb) where e.id = a.id`,
      {
        rows: JSON.stringify(
          assessed.map(({ trainee, verdict, amount }) => ({
            id: trainee.id,
            verdict,
            fen: amount?.amountFen ?? null,
            trace: amount ?? null,
          })),
        ),
      },
    );
  }
  return {
    headcount: assessed.length,
    amountFen: assessed.reduce((sum, { amount }) => sum + (amount?.amountFen ?? 0), 0),
    wrongAge: assessed
      .filter(({ verdict }) => verdict.hits.some((hit) => hit.rule === 'age' && !hit.passed))
      .map(({ trainee, verdict }) => ({ seat: trainee.seat, age: verdict.facts.age })),
  };
}

/** The verdict on people and what they would be worth in a class, whether or not they are on its roster. */
export async function judge<T extends Judged>(
  db: Db,
  row: ClassRow,
  pack: PolicyPack,
  trainees: readonly T[],
): Promise<{ trainee: T; verdict: Verdict; amount: Calculation | undefined }[]> {
  const project = await db('catalogue_projects').where({ id: row.project_id }).first('kind', 'occupation', 'level');
  const prior = await priorBenefits(
    db,
    row.id,
    trainees.map((trainee) => trainee.person_id),
  );
  const hours = await totalHours(db, row.id);
  const today = await businessToday(db);
  const date = row.start_date ?? today;
  const level = project?.level ?? undefined;
  const occupation = project?.occupation ?? '';
  return trainees.map((trainee) => {
    const facts = {
      date,
      age: ageOn(trainee.birth_date, date),
      sex: trainee.sex,
      group: trainee.group_code,
      groupEvidence: 'document' as const,
      occupation,
      level,
    };
    const verdict = judgeEligibility(pack, { ...facts, prior: prior.get(trainee.person_id) ?? [] });
    const amount = price(pack, {
      kind: project?.kind === 'certificate' ? 'certificate' : 'single_ability',
      level,
      certificate: true,
      group: trainee.group_code,
      occupation,
      hours,
    });
    return { trainee, verdict, amount };
  });
}

/** A draft may name a project for which the pack has no standard yet: then there is no amount, and the review sees that. */
function price(pack: PolicyPack, facts: SubsidyFacts): Calculation | undefined {
  try {
    return calculate(pack, facts);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

async function listTrainees(db: Db, classId: string): Promise<Trainee[]> {
  const { rows } = await db.raw<{ rows: Trainee[] }>(
    `select e.id, e.seat, e.person_id, e.group_code, p.birth_date, coalesce(e.eligibility #>> '{facts,sex}', 'female') as sex
       from enrolments e join people p on p.id = e.person_id where e.class_id = ? and e.status = 'enrolled' order by e.seat`,
    [classId],
  );
  return rows;
}

async function totalHours(db: Db, classId: string): Promise<number> {
  const { rows } = await db.raw<{ rows: { hours: number }[] }>(
    'select coalesce(sum(hours), 0)::int as hours from class_sessions where class_id = ?',
    [classId],
  );
  return rows[0]?.hours ?? 0;
}

/** What people were paid before: recorded from earlier years (N3), or claimed and paid here for other classes than this one. */
async function priorBenefits(db: Db, classId: string, people: readonly string[]): Promise<Map<string, PriorBenefit[]>> {
  const { rows } = await db.raw<{ rows: { person_id: string; year: number; occupation: string; level: number | null }[] }>(
    `select b.person_id, b.year, b.occupation, b.level from prior_benefits b where b.person_id = any(cast(:people as uuid[]))
     union all
     select l.person_id, cast(extract(year from coalesce(l.paid_at, c.start_date)) as int), p.occupation, p.level
       from payment_lines l join classes c on c.id = l.class_id join catalogue_projects p on p.id = c.project_id
      where l.class_id <> :classId and l.status <> 'excluded' and l.person_id = any(cast(:people as uuid[]))`,
    { classId, people },
  );
  const prior = new Map<string, PriorBenefit[]>();
  for (const row of rows) {
    prior.set(row.person_id, [
      ...(prior.get(row.person_id) ?? []),
      { year: row.year, occupation: row.occupation, ...(row.level ? { level: row.level } : {}) },
    ]);
  }
  return prior;
}
