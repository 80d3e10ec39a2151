/** Who reviewed what, for papers and case pages. */
import { isPassedOn } from '../../../workflows/domain/tasks.ts';
import type { Db } from '../../client.ts';
import { proposes } from '../inside.ts';

/** `proposes`: a review that could propose a refusal. */
export type ReviewSignature = { step: string; userId: string; name: string; at: Date; outcome: string; reason: string; proposes: boolean };

/**
 * Reviews as they go out on a paper: those that stand, without what was taken back or sent back inside the office. The paper is for the institution
 * too, so approvals and proposals on the way to the decision are told alike, as passed on, and their reasons stay inside.
 */
export async function listReviewsForPaper(db: Db, procedureId: string, stage: string): Promise<ReviewSignature[]> {
  const reviews = await listReviewSignatures(db, procedureId, stage);
  return reviews
    .filter(({ step, outcome }, at) => outcome === 'return' || reviews.findLastIndex((later) => later.step === step) === at)
    .map((review) => (isPassedOn(review.outcome, review.proposes) ? { ...review, outcome: 'passed_on', reason: '' } : review));
}

/** The decisions of a stage of a procedure, or of all of them, oldest first. */
export async function listReviewSignatures(db: Db, procedureId: string, stage?: string): Promise<ReviewSignature[]> {
  const { rows } = await db.raw<{
    rows: { step: string; user_id: string; name: string; at: Date; outcome: string; reason: string | null; proposes: boolean }[];
  }>(
    `select t.step, u.id as user_id, u.name, f.at, f.outcome, f.payload ->> 'reason' as reason, ${proposes('t')} as proposes
       from facts f join tasks t on t.id = f.task_id join users u on u.id = f.actor
      where f.procedure_id = ? and f.kind in ('decided', 'signed') and t.kind = 'review' and t.step like ? order by f.no`,
    [procedureId, stage === undefined ? '%' : `${stage}.%`],
  );
  return rows.map((row) => ({
    step: row.step,
    userId: row.user_id,
    name: row.name,
    at: row.at,
    outcome: row.outcome,
    reason: row.reason ?? '',
    proposes: row.proposes,
  }));
}

/** What takes a proposal off the table: the file was returned, went back inside the office, or the approver did not follow it. */
const clearing = /^(return|overrule|sign_again|back_to_\d)$/;

/** Refusals that other steps of a procedure proposed (拟不予通过) and that still stand, oldest first. For the office alone. */
export async function listProposedRefusals(
  db: Db,
  { procedure_id, step }: { procedure_id: string; step: string },
): Promise<ReviewSignature[]> {
  const reviews = await listReviewSignatures(db, procedure_id);
  const since = reviews.slice(reviews.findLastIndex(({ outcome }) => clearing.test(outcome)) + 1);
  return since.filter(
    (review, at) =>
      review.outcome === 'propose_refusal' && review.step !== step && since.findLastIndex((later) => later.step === review.step) === at,
  );
}

/** The review that refused the matter of a procedure; undefined where something else ended it. A change that was not agreed to is no refusal of its class. */
export async function findRefusal(db: Db, procedureId: string): Promise<{ no: number } | undefined> {
  return db('facts as f')
    .join('tasks as t', 't.id', 'f.task_id')
    .where({ 'f.procedure_id': procedureId, 'f.kind': 'decided', 'f.outcome': 'refuse', 't.kind': 'review' })
    .orderBy('f.no', 'desc')
    .first('f.no');
}
