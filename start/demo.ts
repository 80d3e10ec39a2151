/**
 * `npm run demo`: walks one class through its whole life against a running system, as all of its people, and prints what happens.
 * `npm run demo -- --year [--classes 40] [--from 2026-01-01]`: lives through a year of classes and prints the totals.
 */
import { parseArgs } from 'node:util';
import { addDays } from '../workflows/domain/calendar/calendar.ts';
import { createRobot } from './demonstration/robot.ts';
import { trainingDays } from './demonstration/training-days.ts';
import { liveYear, totalsTable } from './demonstration/year.ts';
import { readDemoConfig } from './config.ts';
import { say } from './screen.ts';

const TRAINEES = 12;
const TRAINING_DAYS = 8;
const LEAD_DAYS = 14;
/** In a full province the clock stops at the deadlines of every class on the way, so a walk takes minutes there. */
const WITHIN_MS = 600_000;

const { origin } = readDemoConfig();
const began = Date.now();
const { values: given } = parseArgs({
  options: { year: { type: 'boolean' }, classes: { type: 'string' }, from: { type: 'string' }, days: { type: 'string' } },
});
const timed = (line: string): void => say(`${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s  ${line}`);

async function live(): Promise<boolean> {
  const robot = createRobot({ origin, say: timed, patienceMs: 10_000, failing: (batch) => (batch.endsWith('1') ? 1 : 0) });
  const institution = await robot.as('kangning-1');
  const days = trainingDays(addDays(await robot.today(institution), LEAD_DAYS), TRAINING_DAYS);
  const seed = Math.floor(began / 1000) % 100_000;
  const number = await robot.submitClass({
    login: 'kangning-1',
    title: `中式烹调师（五级）演示 ${seed}`,
    startDate: days[0] ?? '',
    days,
    trainees: TRAINEES,
    seed,
    project: '中式烹调师（五级）',
  });
  await robot.walk([number], { ms: WITHIN_MS });
  const { status } = await robot.get<{ status: string }>(institution, `/classes/${number}`);
  say(`\n${number}: ${status}，${((Date.now() - began) / 1000).toFixed(1)} s`);
  say(`${origin}/classes/${number}`);
  return status === 'paid';
}

async function year(): Promise<boolean> {
  const result = await liveYear({
    origin,
    classes: Number(given.classes ?? 40),
    from: given.from,
    ...(given.days ? { spread: Number(given.days) } : {}),
    say: timed,
  });
  say('');
  for (const line of totalsTable(result)) say(line);
  say(`\n  ${((Date.now() - began) / 1000).toFixed(1)} s`);
  return result.wrong.length === 0;
}

try {
  process.exitCode = (await (given.year ? year() : live())) ? 0 : 1;
} catch (error) {
  const away = (error as Error).message === 'fetch failed';
  say(away ? `${origin} 没有应答：先运行 npm start（另一端口用 PORT 或 SHIMING_URL）。` : `演示中断：${(error as Error).message}`);
  say(away ? 'Nothing answers there: run npm start first, or name the place in PORT or SHIMING_URL.' : 'The demonstration stopped.');
  process.exitCode = 1;
}
