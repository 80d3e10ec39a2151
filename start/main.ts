/** `npm start`: the whole product on this machine, from nothing to one screen that says where to go. */
import { join } from 'node:path';
import { closeDatabase, openDatabase } from '../db/client.ts';
import { readDemoClasses, readStartConfig, startedByNpm, stateDir } from './config.ts';
import { fillProvince } from './demonstration/filling.ts';
import { type Product, startProduct } from './product.ts';
import { filled, filling, say, welcome } from './screen.ts';
import { StartError } from './start-error.ts';

const PARENT_EVERY_MS = 500;

let product: Product | undefined;
let ending = false;

async function end(signal: string): Promise<void> {
  if (ending) return;
  ending = true;
  say(`${signal}: 正在收尾 · finishing what is under way`);
  // A start that is under way is let finish, so that nothing it started is left behind.
  await starting.catch(() => undefined);
  await product?.stop();
  process.exit(0);
}

process.on('SIGINT', () => void end('SIGINT'));
process.on('SIGTERM', () => void end('SIGTERM'));
if (startedByNpm()) {
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && void end('npm'), PARENT_EVERY_MS).unref();
}

/** Beside the visitors; what fails is in the log, and the next start goes on. */
async function fill(running: Product, classes: number): Promise<void> {
  const began = Date.now();
  const db = openDatabase(running.databaseUrl, { max: 2 });
  try {
    if (classes > 0) filling(classes);
    const how = await fillProvince({ db, origin: running.url, classes, onTrouble: running.trouble });
    if (how) filled(how, Date.now() - began);
  } catch (error) {
    if (!ending) running.trouble(error as Error);
  } finally {
    await closeDatabase(db);
  }
}

const starting = (async () => {
  product = await startProduct({ stateDir: join(stateDir, 'data'), turns: { scheduled: true }, ...readStartConfig(), log: say });
})();

try {
  await starting;
  if (product && !ending) {
    welcome(product);
    if (product.demo) void fill(product, readDemoClasses());
  }
} catch (error) {
  say('');
  say(error instanceof StartError ? error.message : `启动失败 · could not start: ${(error as Error).message}`);
  process.exit(1);
}
