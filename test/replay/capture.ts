/** Keeps histories as fixtures of the replay gate: for each type of procedure the longest one of a database. Used by the journey with CAPTURE_HISTORIES=1. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { readHistories } from '../support/histories.ts';

/** Writes `histories/<type>/<scenario>.b64` and returns the files. */
export async function captureHistories(db: Knex, address: string, taskQueue: string, scenario: string): Promise<string[]> {
  const procedures = await db('procedures')
    .select<{ id: string; type: string }[]>('id', 'type')
    .orderBy([{ column: 'type' }, { column: 'step_no', order: 'desc' }]);
  const longest = procedures.filter((one, at) => procedures.findIndex((other) => other.type === one.type) === at);
  const histories = await readHistories(
    address,
    taskQueue,
    longest.map((one) => one.id),
  );
  return longest.map(({ id, type }) => {
    return keepHistory(type, scenario, histories.get(id) ?? Buffer.alloc(0));
  });
}

/** Writes one history and returns the file. */
export function keepHistory(type: string, scenario: string, history: Buffer): string {
  const folder = join(import.meta.dirname, 'histories', type);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${scenario}.b64`);
  writeFileSync(file, `${history.toString('base64').replace(/.{1,120}/g, '$&\n')}`);
  return file;
}
