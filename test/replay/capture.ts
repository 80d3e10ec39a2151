/** Keeps the histories of closed and waiting runs of a database as replay fixtures: `tsx test/replay/capture.ts <database url> <scenario>`. */
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { procedureWorkflowId, temporalSettings } from '../../temporal.config.ts';

/** Writes one history per type of procedure, the longest that there is. */
export async function captureHistories(db: Knex, address: string, taskQueue: string, scenario: string): Promise<string[]> {
  const settings = temporalSettings({ address });
  const connection = await Connection.connect({ address });
  const client = new Client({ connection, namespace: settings.namespace });
  const procedures = await db('procedures').select<{ id: string; type: string }[]>('id', 'type').orderBy([{ column: 'type' }, { column: 'step_no', order: 'desc' }]);
  const written: string[] = [];
  const seen = new Set<string>();
  for (const { id, type } of procedures) {
    if (seen.has(type)) continue;
    seen.add(type);
    const history = await client.workflow.getHandle(procedureWorkflowId(id, taskQueue)).fetchHistory();
    const folder = join(import.meta.dirname, 'histories', type);
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `${scenario}.json`);
    writeFileSync(file, `${JSON.stringify(JSON.parse(historyToJSON(history)), null, 1)}\n`);
    written.push(file);
  }
  await connection.close();
  return written;
}
