/** Whole lives of classes, from the draft to the payment confirmed by the bank, as all of their people over HTTP. The business clock jumps over the waiting. */
import { addDays, shanghaiDate } from '../../workflows/domain/calendar/calendar.ts';
import { businessNow } from '../../db/calendar/clock.ts';
import { createRobot } from '../../start/demonstration/robot.ts';
import { trainingDays } from '../../start/demonstration/training-days.ts';
import { put } from './figures.ts';
import type { Knex } from 'knex';

const TRAINEES = 5;
const TRAINING_DAYS = 8;
const PATIENCE_MS = 10 * 60_000;

export async function measureLives(db: Knex, options: { apiOrigin: string; classes: number }): Promise<void> {
  const robot = createRobot({ origin: options.apiOrigin });
  const first = addDays(shanghaiDate(await businessNow(db)), 14);
  const began = performance.now();
  const numbers: string[] = [];
  for (let at = 0; at < options.classes; at += 1) {
    // Two institutions teach side by side, each one class after the other: no teacher is asked for twice.
    const days = trainingDays(addDays(first, Math.floor(at / 2) * 14), TRAINING_DAYS);
    const login = at % 2 === 0 ? 'kangning-1' : 'shifan-1';
    numbers.push(
      await robot.submitClass({
        login,
        title: `bench ${at}`,
        startDate: days[0] ?? first,
        days,
        trainees: TRAINEES,
        seed: 9_000 + at * 11,
      }),
    );
  }
  await robot.walk(numbers, { ms: PATIENCE_MS });
  const minutes = (performance.now() - began) / 60_000;
  const paid = await db('classes').whereIn('number', numbers).where({ status: 'paid' }).count<{ count: number }[]>('* as count');
  if (Number(paid[0]?.count) !== options.classes) throw new Error(`only ${paid[0]?.count} of ${options.classes} classes were paid`);
  put({ name: `whole lives of classes with ${TRAINEES} trainees`, value: options.classes / minutes, unit: '/min' });
}
