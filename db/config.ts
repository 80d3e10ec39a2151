import type { MetricsAddress } from './formats/prometheus.ts';
import { loadVaultKeys, openVault, parseVaultKeys, type Vault } from './vault.ts';

export type DatabaseConfig = {
  /** postgres://user:password@host:port/database */
  url: string;
  /** Connections per process, at most. With two processes (api, worker) and Temporal on one server keep the sum under its max_connections. */
  poolMax: number;
};

/**
 * Reads DATABASE_URL and DATABASE_POOL_MAX (10).
 * @throws Error with a plain sentence when DATABASE_URL is missing or the size is no number.
 */
export function databaseConfig(): DatabaseConfig {
  const url = process.env.DATABASE_URL;
  if (!url) throw new Error('DATABASE_URL is not set (postgres://user:password@host:port/database)');
  const poolMax = wholeNumber('DATABASE_POOL_MAX', 10);
  if (poolMax < 1) throw new Error('DATABASE_POOL_MAX must be at least 1');
  return { url, poolMax };
}

function wholeNumber(name: string, fallback: number): number {
  const text = process.env[name];
  if (text === undefined || text === '') return fallback;
  if (!/^\d{1,4}$/.test(text)) throw new Error(`${name} must be a whole number`);
  return Number(text);
}

/** The keys of the vault: SHIMING_VAULT_KEYS (JSON) in production; `fallbackDir` holds a key file made at the first start of the embedded product. */
export function vaultFromConfig(fallbackDir?: string): Vault {
  const json = process.env.SHIMING_VAULT_KEYS;
  if (json) return openVault(parseVaultKeys(json));
  if (fallbackDir === undefined) throw new Error('SHIMING_VAULT_KEYS is not set: the keys that seal personal data');
  return openVault(loadVaultKeys(fallbackDir));
}

/** Where browsers reach the product: PUBLIC_URL without a slash at its end. */
export function publicUrl(): string {
  return (process.env.PUBLIC_URL || 'http://localhost:3000').replace(/\/$/, '');
}

/** METRICS_PORT (absent: nothing listens) and METRICS_HOST (127.0.0.1). @throws Error with a plain sentence for a port that is none. */
export function metricsAddress(): MetricsAddress | undefined {
  const text = process.env.METRICS_PORT;
  if (!text) return undefined;
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new Error(`METRICS_PORT must be a whole number from 0 to 65535, not "${text}".`);
  return { port: Number(text), host: process.env.METRICS_HOST || '127.0.0.1' };
}

const unlogged = [
  'idNumber',
  'phone',
  'accountNumber',
  'password',
  'token',
  'cookie',
  'authorization',
  'reason',
  'body',
  'query',
  'url',
  'params',
  'bindings',
];

/** For every log: lines hold codes, numbers of procedures and times. What a line should never be given is left out of it all the same. */
export const logOptions = { redact: { paths: unlogged.flatMap((field) => [field, `*.${field}`]), remove: true } };
