/**
 * Loaded before the API (`node --import`) by the measurement of pages: while the file RECORD_QUERIES exists, each statement that is sent to
 * PostgreSQL is appended to it with its values, so that the page's own queries can be sent again without the page. No part of the product.
 */
import { appendFileSync, existsSync } from 'node:fs';
import pg from 'pg';

const file = process.env.RECORD_QUERIES ?? '';
type Config = { name?: string; text: string; values?: unknown[] };
type Query = (this: pg.Client, config: string | Config, ...more: unknown[]) => unknown;

const client = pg.Client.prototype as unknown as { query: Query };
const send = client.query;
client.query = function query(config, ...more) {
  if (file !== '' && existsSync(file)) {
    const { name, text, values } = typeof config === 'string' ? { text: config } : config;
    const given = values ?? more.find((value) => Array.isArray(value)) ?? [];
    appendFileSync(file, `${JSON.stringify({ name, text, values: given })}\n`);
  }
  return send.call(this, config, ...more);
};
