/** What the API reads from its surroundings; the only file of `api/` that looks at `process.env`. */
import { randomBytes } from 'node:crypto';

export type ApiConfig = {
  port: number;
  /** Address to listen on. 127.0.0.1 unless HOST says otherwise. */
  host: string;
  /** Origins that browsers may post from besides the Host header of the request (behind a proxy). */
  publicUrl: string | undefined;
  /** Served over TLS (PUBLIC_URL begins with https): cookies get `Secure` and the `__Host-` prefix, HSTS is sent. */
  https: boolean;
  /** How many proxies in front are trusted to tell the client's address. */
  trustedProxies: number;
  /** Demonstration data: one-click switch of account, banner with the business time. */
  demo: boolean;
  /** 32 bytes; keys for kept forms and flash messages are derived from it. */
  secret: Buffer;
  /** Templates with a missing field and answers that contradict their schema are refused: for tests. */
  strict: boolean;
  /** Templates, words and styles are read again on every request: for work on them. */
  reload: boolean;
};

/**
 * Reads the configuration. `given` wins over the environment: the starter passes what it found out (port, demo, secret).
 * Environment: PORT, HOST, PUBLIC_URL, TRUSTED_PROXIES, SHIMING_DEMO, SHIMING_SECRET (64 hex digits), SHIMING_RELOAD.
 * Without a secret a random one is made: kept forms then do not survive a restart.
 */
export function readApiConfig(given: Partial<ApiConfig> = {}, env: NodeJS.ProcessEnv = process.env): ApiConfig {
  const publicUrl = given.publicUrl ?? (env['PUBLIC_URL'] || undefined);
  return {
    port: wholeNumber('PORT', env['PORT'], 3000),
    host: env['HOST'] || '127.0.0.1',
    publicUrl,
    https: publicUrl?.startsWith('https:') ?? false,
    trustedProxies: wholeNumber('TRUSTED_PROXIES', env['TRUSTED_PROXIES'], 0),
    demo: env['SHIMING_DEMO'] === '1',
    secret: secretFrom(env['SHIMING_SECRET']),
    strict: false,
    reload: env['SHIMING_RELOAD'] === '1',
    ...given,
  };
}

function wholeNumber(name: string, text: string | undefined, fallback: number): number {
  if (!text) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535)
    throw new Error(`${name} must be a whole number from 0 to 65535, not "${text}".`);
  return value;
}

function secretFrom(text: string | undefined): Buffer {
  if (!text) return randomBytes(32);
  if (!/^[0-9a-f]{64}$/i.test(text)) throw new Error('SHIMING_SECRET must be 64 hexadecimal digits (32 bytes).');
  return Buffer.from(text, 'hex');
}
