import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One port for each service of the server, in this order; all on 127.0.0.1. */
export const PORT_NAMES = [
  'frontend',
  'frontendMembership',
  'history',
  'historyMembership',
  'matching',
  'matchingMembership',
  'worker',
  'workerMembership',
] as const;
export type TemporalPorts = Record<(typeof PORT_NAMES)[number], number>;

export type TemporalDatabases = { url: string; store: string; visibility: string };

/** Fixed for the life of the database: the server refuses to start with another number. */
const HISTORY_SHARDS = 4;

/**
 * Writes the two files of a server and gives the path of the first. They are JSON, which is YAML too.
 * They hold the password of the database and are readable by the owner alone.
 */
export async function writeTemporalSettings(folder: string, databases: TemporalDatabases, ports: TemporalPorts): Promise<string> {
  const settings = join(folder, 'temporal.yaml');
  const limits = join(folder, 'limits.yaml');
  await writeFile(limits, text(dynamicLimits()), { mode: 0o600 });
  await writeFile(settings, text(serverSettings(databases, ports, limits)), { mode: 0o600 });
  return settings;
}

function serverSettings(databases: TemporalDatabases, ports: TemporalPorts, limits: string) {
  const service = (grpcPort: number, membershipPort: number) => ({ rpc: { grpcPort, membershipPort, bindOnLocalHost: true } });
  const address = `127.0.0.1:${ports.frontend}`;
  return {
    log: { stdout: true, level: 'warn' },
    persistence: {
      defaultStore: 'store',
      visibilityStore: 'visibility',
      numHistoryShards: HISTORY_SHARDS,
      datastores: {
        store: { sql: sqlStore(databases.url, databases.store, 20) },
        visibility: { sql: sqlStore(databases.url, databases.visibility, 4) },
      },
    },
    global: { membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' } },
    services: {
      frontend: service(ports.frontend, ports.frontendMembership),
      history: service(ports.history, ports.historyMembership),
      matching: service(ports.matching, ports.matchingMembership),
      worker: service(ports.worker, ports.workerMembership),
    },
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: { active: { enabled: true, initialFailoverVersion: 1, rpcName: 'frontend', rpcAddress: address } },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    archival: { history: { state: 'disabled' }, visibility: { state: 'disabled' } },
    namespaceDefaults: { archival: { history: { state: 'disabled' }, visibility: { state: 'disabled' } } },
    publicClient: { hostPort: address },
    dynamicConfigClient: { filepath: limits, pollInterval: '60s' },
  };
}

function sqlStore(url: string, databaseName: string, connections: number) {
  const { hostname, port, username, password, searchParams } = new URL(url);
  const mode = searchParams.get('sslmode');
  const tls = mode && mode !== 'disable' ? { tls: { enabled: true, enableHostVerification: mode === 'verify-full' } } : {};
  return {
    pluginName: 'postgres12',
    databaseName,
    connectAddr: `${hostname}:${port || 5432}`,
    connectProtocol: 'tcp',
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    maxConns: connections,
    maxIdleConns: connections,
    maxConnLifetime: '1h',
    ...tls,
  };
}

/**
 * The server's defaults protect a cluster with many tenants. Here is one, on one machine, and a burst of decisions or a
 * rebuild after a lost store must not be turned away. One partition per queue: there is one matching host.
 */
function dynamicLimits() {
  const value = (given: number | string | boolean) => [{ value: given }];
  return {
    'frontend.rps': value(100_000),
    'frontend.namespaceRPS': value(100_000),
    'frontend.namespaceCount': value(10_000),
    'frontend.namespaceRPS.visibility': value(1_000),
    'frontend.persistenceMaxQPS': value(100_000),
    'history.rps': value(100_000),
    'history.persistenceMaxQPS': value(100_000),
    'matching.rps': value(100_000),
    'matching.persistenceMaxQPS': value(100_000),
    'worker.persistenceMaxQPS': value(10_000),
    'matching.numTaskqueueReadPartitions': value(1),
    'matching.numTaskqueueWritePartitions': value(1),
    'system.namespaceCacheRefreshInterval': value('2s'),
  };
}

function text(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
