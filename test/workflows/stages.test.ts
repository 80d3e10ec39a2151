/** Stages of the procedures against a desk of paper: what a run does that begins in the middle, and in which order. */
import { expect, test } from 'vitest';
import type { Desk, Step } from '../../workflows/desk/desk.ts';
import { review } from '../../workflows/desk/review.ts';
import type { FactBell } from '../../workflows/domain/facts.ts';
import type { Place, ReviewStep } from '../../workflows/domain/procedures.ts';
import { inTrainingMonitoring } from '../../workflows/in-training-monitoring.ts';
import { readiness } from '../../workflows/pre-training-review.ts';

class NoMoreFacts extends Error {}

/** A desk that stands at `place`, hands out `facts`, and keeps what was done in `log`. */
function paperDesk(given: Partial<Place>, facts: FactBell[], log: (Step | string)[]): Desk {
  const row = { step: 'first_review', role: 'first_reviewer', level: 'county', workingDays: 3 };
  const terms = { days: { attendance: 3, correction: 5 }, offices: {}, reviews: { change: [row] } };
  let place = { procedureId: 'class-1', status: 'open', openSteps: [], facts: [], flags: {}, terms, ...given } as unknown as Place;
  return {
    procedureId: 'class-1',
    get place() {
      return place;
    },
    isAt: (stage) => place.stage === stage,
    async next() {
      const fact = facts.shift();
      if (!fact) throw new NoMoreFacts();
      return fact;
    },
    async proceed(step) {
      log.push(step);
      const kept = place.openSteps.filter((open) => !step.cancels?.includes(open));
      place = { ...place, flags: { ...place.flags, ...step.flags }, openSteps: [...kept, ...(step.asks ?? []).map((ask) => ask.step)] };
      return place;
    },
    close: async (outcome) => outcome,
  };
}

test('a run that begins after the dates were moved waits for the new first day', async () => {
  const log: (Step | string)[] = [];
  const flags = { datesMoved: true, startDate: '2026-05-06' };
  const desk = paperDesk({ stage: 'ready', flags, openSteps: ['ready.beginning'] }, [], log);
  await expect(readiness(desk)).rejects.toThrow(NoMoreFacts);
  expect(log).toMatchObject([{ cancels: ['ready.beginning'], asks: [{ step: 'ready.beginning', dueDate: '2026-05-06' }] }]);
  expect(desk.place.flags.datesMoved).toBe(false);
});

test('a first day that was moved while it came is waited for anew', async () => {
  const expired = { no: 5, kind: 'expired', taskId: 'class-1/ready.beginning/1' } as const;
  const flags = { datesMoved: true, startDate: '2026-05-06' };
  await expect(readiness(paperDesk({ stage: 'ready', flags }, [expired], []))).rejects.toThrow(NoMoreFacts);
  await expect(readiness(paperDesk({ stage: 'ready' }, [expired], []))).resolves.toBe('training');
});

test('a run that begins after the last day was moved asks for attendance by the new one', async () => {
  const log: (Step | string)[] = [];
  const flags = { datesMoved: true, endDate: '2026-05-20' };
  const desk = paperDesk({ stage: 'training', flags, openSteps: ['training.attendance'] }, [], log);
  await expect(inTrainingMonitoring(desk)).rejects.toThrow(NoMoreFacts);
  expect(log).toMatchObject([{ cancels: ['training.attendance'], asks: [{ step: 'training.attendance', from: '2026-05-20' }] }]);
});

test('registers are asked again before the wish is taken account of, so that a run that dies in between asks', async () => {
  const log: (Step | string)[] = [];
  const table: ReviewStep[] = [{ step: 'first_review', role: 'first_reviewer', level: 'county', workingDays: 3 }];
  const checks = async () => void log.push('asked');
  const desk = paperDesk({ stage: 'filing', step: 'first_review', flags: { reviewAt: 0 } }, [{ no: 3, kind: 'recheck_requested' }], log);
  await expect(review(desk, { stage: 'filing', table, checks, approved: 'result' })).rejects.toThrow(NoMoreFacts);
  expect(log).toEqual(['asked', {}]);
});
