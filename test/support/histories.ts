/** Workflow histories: read from Temporal, as text for scanning, as files for the replay gate. */
import { Client, Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { procedureWorkflowId, temporalSettings } from '../../temporal.config.ts';

const { History } = proto.temporal.api.history.v1;
export type WorkflowHistory = ReturnType<typeof History.decode>;

/** The history of the run of each of these procedures. */
export async function readHistories(address: string, taskQueue: string, procedureIds: readonly string[]): Promise<Map<string, Buffer>> {
  const { namespace } = temporalSettings();
  const connection = await Connection.connect({ address });
  const client = new Client({ connection, namespace });
  const found = new Map<string, Buffer>();
  for (const id of procedureIds) {
    const history = await client.workflow.getHandle(procedureWorkflowId(id, taskQueue)).fetchHistory();
    found.set(id, Buffer.from(History.encode(history).finish()));
  }
  await connection.close();
  return found;
}

/** A history as it was written by `readHistories`. */
export function decodeHistory(encoded: Buffer): WorkflowHistory {
  return History.decode(encoded);
}
