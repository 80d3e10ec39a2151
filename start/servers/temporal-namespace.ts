import { Connection, isGrpcServiceError } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { RETENTION_DAYS, temporalSettings } from '../../temporal.config.ts';
import { until } from './processes.ts';
import { StartError } from '../start-error.ts';

/** The codes of gRPC that are told apart here. */
const status = { NOT_FOUND: 5, PERMISSION_DENIED: 7, UNIMPLEMENTED: 12, UNAUTHENTICATED: 16 };

/** Whether the frontend answers; `address` undefined means the cluster that the environment names. */
export async function isServing(address?: string): Promise<boolean> {
  try {
    await withConnection(address, (connection) => connection.workflowService.getSystemInfo({}));
    return true;
  } catch {
    return false;
  }
}

/**
 * Registers the namespace when it is missing, and waits until every service of the server knows it.
 * @throws StartError when it is missing and may not be registered from here.
 */
export async function prepareNamespace(address: string | undefined, namespace: string): Promise<void> {
  await withConnection(address, async (connection) => {
    const service = connection.workflowService;
    // The system namespace of a new server appears some seconds after its frontend; until then nothing can be registered.
    const registered = await until(
      async () => {
        try {
          await service.describeNamespace({ namespace });
          return true;
        } catch (error) {
          if (isCode(error, status.PERMISSION_DENIED, status.UNAUTHENTICATED)) throw refused(namespace);
          if (!isCode(error, status.NOT_FOUND)) return false;
        }
        try {
          await service.registerNamespace({ namespace, workflowExecutionRetentionPeriod: msToTs(`${RETENTION_DAYS} days`) });
        } catch (error) {
          if (isCode(error, status.PERMISSION_DENIED, status.UNAUTHENTICATED, status.UNIMPLEMENTED)) throw refused(namespace);
        }
        return false;
      },
      60_000,
      200,
    );
    if (!registered) throw refused(namespace);

    const known = () =>
      answers(async () => {
        await service.describeTaskQueue({ namespace, taskQueue: { name: 'ready' }, taskQueueType: 1 });
        // History answers for an id that nobody has used: "no such workflow", which is another NOT_FOUND than "no such namespace".
        await service.describeWorkflowExecution({ namespace, execution: { workflowId: 'ready' } }).catch((error: unknown) => {
          if (!isCode(error, status.NOT_FOUND) || /namespace/i.test(String(error))) throw error;
        });
      });
    if (!(await until(known, 60_000, 200))) {
      throw new StartError(`Temporal 命名空间 ${namespace} 未就绪。`, `The Temporal namespace ${namespace} did not become ready.`);
    }
  });
}

async function withConnection<T>(address: string | undefined, work: (connection: Connection) => Promise<T>): Promise<T> {
  const { connectionOptions } = temporalSettings(address ? { address } : {});
  const connection = await Connection.connect({ ...connectionOptions, connectTimeout: 3_000 });
  try {
    return await connection.withDeadline(Date.now() + 90_000, () => work(connection));
  } finally {
    await connection.close();
  }
}

async function answers(call: () => Promise<unknown>): Promise<boolean> {
  try {
    await call();
    return true;
  } catch {
    return false;
  }
}

function isCode(error: unknown, ...codes: number[]): boolean {
  return isGrpcServiceError(error) && codes.includes(error.code);
}

function refused(namespace: string): StartError {
  return new StartError(
    `Temporal 中没有命名空间 ${namespace}，且无法自动创建。请让管理员创建，或设置 TEMPORAL_NAMESPACE。`,
    `Temporal has no namespace ${namespace} and it cannot be created from here. Have it created, or set TEMPORAL_NAMESPACE.`,
  );
}
