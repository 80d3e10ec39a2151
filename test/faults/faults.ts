/**
 * `npm run test:faults [-- --classes 20 --minutes 0 --seed 7]`: during the lives of classes, kill -9 the worker, the API, Temporal and PostgreSQL, each at
 * least once and at random for as long as asked; afterwards the record is examined. Prints the seed and the counts.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { closeDatabase, openDatabase } from '../../db/client.ts';
import { stateDir } from '../../start/config.ts';
import { pause } from '../../start/demonstration/requests.ts';
import { createRobot } from '../../start/demonstration/robot.ts';
import { trainingDays } from '../../start/demonstration/training-days.ts';
import { addDays } from '../../workflows/domain/calendar/calendar.ts';
import { countRecords, findFaults } from './invariants.ts';
import { startVictims, type VictimName, victimNames } from './victims.ts';

export type FaultRun = { classes: number; minutes: number; seed: number; say: (line: string) => void };
export type FaultReport = { faults: string[]; kills: Record<VictimName, number>; records: Record<string, number>; seconds: number };

const LEAD_DAYS = 21;
const TRAINING_DAYS = 8;

export async function runFaults({ classes, minutes, seed, say }: FaultRun): Promise<FaultReport> {
  const began = Date.now();
  const dir = join(stateDir, 'faults', String(process.pid));
  const victims = await startVictims(dir);
  const kills: Record<VictimName, number> = { worker: 0, api: 0, temporal: 0, postgres: 0 };
  const random = mulberry(seed);
  const robot = createRobot({
    origin: victims.origin,
    patienceMs: 120_000,
    failing: (batch) => (Number(batch.slice(-2)) % 5 === 1 ? 1 : 0),
  });
  let working = true;

  const killer = (async () => {
    while (working) {
      await pause(2_000 + random() * 4_000);
      if (!working) return;
      const never = victimNames.filter((name) => kills[name] === 0);
      const choices = never.length > 0 ? never : (['worker', 'worker', 'worker', 'api', 'api', 'temporal', 'postgres'] as const);
      const name = choices[Math.floor(random() * choices.length)] ?? 'worker';
      kills[name] += 1;
      say(`${((Date.now() - began) / 1000).toFixed(0)} s  kill -9 ${name}`);
      await victims.killAndRestart(name, 100 + random() * 1_400).catch((error: Error) => say(`restart of ${name}: ${error.message}`));
    }
  })();

  try {
    const numbers: string[] = [];
    let round = 0;
    do {
      const fresh: string[] = [];
      const today = await robot.today(await robot.as('kangning-1'));
      for (let at = 0; at < classes; at += 1) {
        const login = (at + round) % 2 === 0 ? 'kangning-1' : 'shifan-1';
        // Two institutions teach side by side, each one class after the other: no teacher is asked for twice.
        const days = trainingDays(addDays(today, LEAD_DAYS + Math.floor(at / 2) * 14), TRAINING_DAYS);
        fresh.push(
          await robot.submitClass({
            login,
            title: `故障演练 ${round}-${at}`,
            startDate: days[0] ?? today,
            days,
            trainees: 2,
            seed: seed + round * 1_000 + at * 7,
          }),
        );
      }
      say(`${((Date.now() - began) / 1000).toFixed(0)} s  ${fresh.length} classes submitted`);
      await robot.walk(fresh, { ms: 15 * 60_000 });
      numbers.push(...fresh);
      round += 1;
    } while (Date.now() - began < minutes * 60_000);
    while (victimNames.some((name) => kills[name] === 0)) await pause(500);
    working = false;
    await killer;
    await robot.walk(numbers, { ms: 120_000 });
    await pause(1_500);
    const db = openDatabase(victims.databaseUrl, { owner: true });
    const report = { faults: await findFaults(db), kills, records: await countRecords(db), seconds: (Date.now() - began) / 1000 };
    await closeDatabase(db);
    return report;
  } finally {
    working = false;
    await killer;
    await victims.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** A small seeded generator, so that a run can be repeated. */
function mulberry(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function argument(name: string, fallback: number): number {
  const at = process.argv.indexOf(`--${name}`);
  return at === -1 ? fallback : Number(process.argv[at + 1]);
}

if (process.argv[1]?.endsWith('faults.ts')) {
  const seed = argument('seed', Date.now() % 100_000);
  const say = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  say(`seed ${seed}`);
  const report = await runFaults({ classes: argument('classes', 20), minutes: argument('minutes', 0), seed, say });
  say(JSON.stringify(report, null, 2));
  process.exit(report.faults.length === 0 ? 0 : 1);
}
