/** A headless Chromium for the browser tests: CHROMIUM_PATH, else the one that the system has. */
import { accessSync, constants } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Whether there is a Chromium: `describe.skipIf(!browserAvailable())`. Says once what is missing. Under CI=true it is always true,
 * so that there a missing browser fails the tests instead of skipping them.
 */
export function browserAvailable(): boolean {
  if (process.env.CI === 'true' || findChromium() !== undefined) return true;
  process.stderr.write('No Chromium: browser tests are skipped. Install chromium or name one in CHROMIUM_PATH.\n');
  return false;
}

/** @throws Error with a plain sentence when there is no Chromium. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error('No Chromium found: install chromium or name one in CHROMIUM_PATH.');
  return chromium.launch({ executablePath, args: flags });
}

function findChromium(): string | undefined {
  return (process.env.CHROMIUM_PATH ? [process.env.CHROMIUM_PATH] : places).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
