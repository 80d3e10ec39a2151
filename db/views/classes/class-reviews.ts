/** Who reviewed what, for papers and case pages. */
import { insideOutcomes } from '../../../workflows/domain/tasks.ts';
import type { Db } from '../../client.ts';
import { proposes } from '../inside.ts';

/** `proposes`: a review that could propose a refusal. */
export type ReviewSignature = { step: string; userId: string; name: string; at: Date; outcome: string; reason: string; proposes: boolean };

/**
 * Reviews as they go out on a paper: those that stand, without what was taken back or sent back inside the office; a proposal that was not
 * followed is passed on, and its reasons stay inside.
 */
export async function listReviewsForPaper(db: Db, procedureId: string, stage: string): Promise<ReviewSignature[]> {
  const reviews = await listReviewSignatures(db, procedureId, stage);
  return reviews
    .filter(({ step, outcome }, at) => outcome === 'return' || reviews.findLastIndex((later) => later.step === step) === at)
    .map((review) => (insideOutcomes.includes(review.outcome) ? { ...review, outcome: 'passed_on', reason: '' } : review));
}

/** The decisions of a stage of a procedure, oldest first. */
export async function listReviewSignatures(db: Db, procedureId: string, stage: string): Promise<ReviewSignature[]> {
  const { rows } = await db.raw<{
    rows: { step: string; user_id: string; name: string; at: Date; outcome: string; reason: string | null; proposes: boolean }[];
  }>(
    `select t.step, u.id as user_id, u.name, f.at, f.outcome, f.payload ->> 'reason' as reason, ${proposes('t')} as proposes
       from facts f join tasks t on t.id = f.task_id join users u on u.id = f.actor
      where f.procedure_id = ? and f.kind in ('decided', 'signed') and t.kind = 'review' and t.step like ? order by f.no`,
    [procedureId, `${stage}.%`],
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

/** The newest decision with one of these outcomes. */
export async function getLastDecision(
  db: Db,
  procedureId: string,
  outcomes: string[],
): Promise<{ no: number; outcome: string } | undefined> {
  return db('facts')
    .where({ procedure_id: procedureId, kind: 'decided' })
    .whereIn('outcome', outcomes)
    .orderBy('no', 'desc')
    .first('no', 'outcome');
}
