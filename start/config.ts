import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isCivilDate, openingTime } from '../workflows/domain/calendar/calendar.ts';
import { StartError } from './start-error.ts';

/** The folder of the repository; everything that a start writes lies in its `.shiming`. */
export const repositoryDir = nearestWith('package.json', dirname(fileURLToPath(import.meta.url)));
export const stateDir = join(repositoryDir, '.shiming');

/** Where a built Temporal server may be kept for all clones of this user, best place first. */
export function cacheCandidates(): string[] {
  const { SHIMING_CACHE, XDG_CACHE_HOME, HOME } = process.env;
  if (SHIMING_CACHE) return [SHIMING_CACHE];
  const perUser = XDG_CACHE_HOME ? join(XDG_CACHE_HOME, 'shiming') : HOME ? join(homedir(), '.cache', 'shiming') : undefined;
  return [...(perUser ? [perUser] : []), join(stateDir, 'cache')];
}

/** The environment for a child process that must find its own tools (go, pg_ctl). */
export function childEnvironment(extra: Record<string, string> = {}): Record<string, string> {
  const inherited = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { ...Object.fromEntries(inherited), ...extra };
}

/** Folders in which programs are looked for; Go's usual place is added because a bare shell often lacks it. */
export function programPath(): string[] {
  return [...(process.env.PATH ?? '').split(':').filter(Boolean), '/usr/local/go/bin', '/usr/local/bin', '/opt/homebrew/bin'];
}

/** First day of the earliest year and last day of the latest one in which a demonstration may begin: those with an official calendar. */
const EARLIEST = '2022-01-01';
const LATEST = '2026-12-31';

/** The morning on which the business clock of a new demonstration begins, from SHIMING_DEMO_BEGIN. */
function readBegin(): { begin?: Date } {
  const { SHIMING_DEMO_BEGIN: day } = process.env;
  if (!day) return {};
  if (!isCivilDate(day) || day < EARLIEST || day > LATEST)
    throw new StartError(
      `SHIMING_DEMO_BEGIN 必须是 ${EARLIEST} 至 ${LATEST} 的日期，现为 ${day}。`,
      `SHIMING_DEMO_BEGIN must be a date from ${EARLIEST} to ${LATEST}, not ${day}.`,
    );
  return { begin: openingTime(day) };
}

const CLASSES = 100;

/** With how many classes a new demonstration province is filled: SHIMING_DEMO_CLASSES, 0 for none. */
export function readDemoClasses(): number {
  const given = process.env.SHIMING_DEMO_CLASSES;
  const classes = given ? Number(given) : CLASSES;
  if (!Number.isInteger(classes) || classes < 0 || classes > 400)
    throw new StartError(
      `SHIMING_DEMO_CLASSES 必须是 0 到 400 的整数，现为 ${given}。`,
      `SHIMING_DEMO_CLASSES must be a whole number from 0 to 400, not ${given}.`,
    );
  return classes;
}

export type StartConfig = { databaseUrl?: string; port?: number; demo: boolean; clockSpeed?: number; begin?: Date };

/** What `npm start` reads: DATABASE_URL, PORT, SHIMING_DEMO, SHIMING_DEMO_BEGIN, CLOCK_SPEED (1 to 3600, demonstration data only). */
export function readStartConfig(): StartConfig {
  const { DATABASE_URL, PORT, SHIMING_DEMO, CLOCK_SPEED } = process.env;
  const demo = !DATABASE_URL || SHIMING_DEMO === '1';
  const clockSpeed = CLOCK_SPEED ? Number(CLOCK_SPEED) : undefined;
  if (clockSpeed !== undefined && !(clockSpeed > 0 && clockSpeed <= 3600))
    throw new StartError(
      `CLOCK_SPEED 必须大于 0、不超过 3600，现为 ${CLOCK_SPEED}。`,
      `CLOCK_SPEED must be above 0 and at most 3600, not ${CLOCK_SPEED}.`,
    );
  if (clockSpeed !== undefined && clockSpeed !== 1 && !demo)
    throw new StartError('CLOCK_SPEED 只用于演示数据。', 'CLOCK_SPEED is for demonstration data only.');
  const port = PORT ? Number(PORT) : 3000;
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new StartError(`PORT 必须是 0 到 65535 的整数，现为 ${PORT}。`, `PORT must be a whole number from 0 to 65535, not ${PORT}.`);
  return {
    ...(DATABASE_URL ? { databaseUrl: DATABASE_URL } : {}),
    port,
    demo,
    ...(clockSpeed === undefined ? {} : { clockSpeed }),
    ...readBegin(),
  };
}

/** Whether npm started this process: through a shell, which takes signals for itself and ends without passing them on. */
export function startedByNpm(): boolean {
  return process.env.npm_lifecycle_event !== undefined;
}

/** Upwards from a folder, so that the compiled product in `dist/` finds the same place. */
function nearestWith(file: string, folder: string): string {
  if (existsSync(join(folder, file)) || dirname(folder) === folder) return folder;
  return nearestWith(file, dirname(folder));
}

/** Where `npm run demo` finds the running system: SHIMING_URL, or this machine's PORT. */
export function readDemoConfig(): { origin: string } {
  return { origin: process.env.SHIMING_URL ?? `http://localhost:${process.env.PORT ?? '3000'}` };
}
