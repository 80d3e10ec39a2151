/** The clock of a procedure without a run. */
import type { Knex } from 'knex';
import { procedureActivities } from '../../../activities/procedures.ts';
import { setClock } from '../../../db/calendar/clock.ts';
import { lookAtClock } from '../../../db/protocol/alarms.ts';

/** What the run does when its alarm rings at this business time: look, and answer each rung. Returns the rungs. */
export async function ringAt(db: Knex, procedureId: string, now: Date): Promise<string[]> {
  await setClock(db, { at: now, speed: 1 });
  const { facts, stage, step, stepNo } = await lookAtClock(db, procedureId);
  for (const [at, fact] of facts.entries()) {
    const acts = fact.kind === 'rung' ? [{ act: 'answerRung' as const, factNo: fact.no, taskId: fact.taskId ?? '' }] : [];
    const input = { procedureId, stepNo: stepNo + 1 + at, appliedNo: fact.no, stage, step, acts, asks: [], cancels: [], flags: {} };
    await procedureActivities({ db } as never).takeStep(input);
  }
  return facts.filter(({ kind }) => kind === 'rung').map((fact) => String(fact.outcome));
}
