/** What the long runs of `npm run test:faults` show, in short: processes die while classes live; Temporal is away and decisions go on. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stateDir } from '../../start/config.ts';
import type { RobotTask } from '../../start/demonstration/performing.ts';
import { pause } from '../../start/demonstration/requests.ts';
import { createRobot, type Robot } from '../../start/demonstration/robot.ts';
import { trainingDays } from '../../start/demonstration/training-days.ts';
import { runFaults } from './faults.ts';
import { startVictims, type Victims } from './victims.ts';

describe('while Temporal is away', { timeout: 240_000 }, () => {
  const dir = join(stateDir, 'faults', `away-${process.pid}`);
  let victims: Victims;
  let robot: Robot;
  let number: string;

  beforeAll(async () => {
    victims = await startVictims(dir);
    robot = createRobot({ origin: victims.origin, patienceMs: 30_000 });
    const days = trainingDays('2026-04-06', 8);
    number = await robot.submitClass({ login: 'kangning-1', title: '离线受理', startDate: days[0] ?? '', days, trainees: 2, seed: 5 });
  }, 240_000);
  afterAll(async () => {
    await victims?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  async function taskOf(login: string, step: string): Promise<RobotTask> {
    const until = Date.now() + 60_000;
    for (;;) {
      const { tasks } = await robot.get<{ tasks: RobotTask[] }>(await robot.as(login), '/tasks');
      const task = tasks.find((one) => one.step === step && one.number === number);
      if (task) return task;
      if (Date.now() > until) throw new Error(`${login} has no task ${step}`);
      await pause(100);
    }
  }

  async function readiness(): Promise<{ status: number; temporal: boolean }> {
    const answer = await fetch(`${victims.origin}/readyz`);
    const { checks } = (await answer.json()) as { checks: { temporal: { ok: boolean } } };
    return { status: answer.status, temporal: checks.temporal.ok };
  }

  test('[F01] decisions are accepted and the inbox answers; afterwards the class goes on from them', async () => {
    const first = await taskOf('cs-first-1', 'pre_training.first_review');
    expect(await readiness()).toEqual({ status: 200, temporal: true });

    await victims.stopTemporal();
    const decided = await (await robot.as('cs-first-1')).post<{ outcome: string }>(`/tasks/${first.id}/decide`, { outcome: 'approve' });
    expect(decided).toMatchObject({ status: 200, body: { outcome: 'approve' } });
    expect(await readiness()).toEqual({ status: 503, temporal: false });
    const second = await robot.get<{ tasks: RobotTask[] }>(await robot.as('cs-second-1'), '/tasks');
    expect(second.tasks).toEqual([]);

    await victims.startTemporal();
    expect((await taskOf('cs-second-1', 'pre_training.second_review')).number).toBe(number);
  });
});

test('[F01] kill -9 of worker, API, Temporal and PostgreSQL: every class is paid exactly once, nothing is orphaned or doubled', {
  timeout: 900_000,
}, async () => {
  const lines: string[] = [];
  const report = await runFaults({ classes: 2, minutes: 0, seed: 11, say: (line) => lines.push(line) });
  expect(report.faults, lines.join('\n')).toEqual([]);
  expect(Object.values(report.kills).every((count) => count > 0)).toBe(true);
  expect(report.records).toMatchObject({ classesPaid: 2, linesPaid: 4, bellsWaiting: 0 });
});
