/**
 * Statements of the paths that every request takes: prepared once per connection and sent past the query builder, whose reading of the SQL and
 * of its bindings costs more than a short statement itself.
 */
import { createHash } from 'node:crypto';
import type pg from 'pg';
import { type Db, markUnusable } from '../client.ts';

/** `text` with $1, $2 …; `parameters` are their names in that order. Without name it is planned anew each time. */
export type Statement = { name: string | undefined; text: string; parameters: readonly string[] };

/** Reads SQL with `:name` parameters (`::` is a cast). The name follows from the text, so that one text is prepared once. */
export function statement(sql: string): Statement {
  const parameters: string[] = [];
  const text = sql.replace(/(?<!:):([a-zA-Z]\w*)/g, (_whole, name: string) => {
    if (!parameters.includes(name)) parameters.push(name);
    return `$${parameters.indexOf(name) + 1}`;
  });
  return { name: createHash('sha256').update(text).digest('base64url').slice(0, 24), text, parameters };
}

const made = new Map<string, Statement>();
const MADE_AT_MOST = 500;

/** The statement of a text that is put together at run time from few parts: read once, kept by its text. */
export function statementOf(sql: string): Statement {
  const known = made.get(sql);
  if (known) return known;
  const fresh = statement(sql);
  if (made.size < MADE_AT_MOST) made.set(sql, fresh);
  return fresh;
}

/**
 * The same, planned anew with the values of each time. For lists whose readers differ a hundredfold: the plan that PostgreSQL keeps for all of them goes
 * through and sorts all that the largest institutions have on record (80 ms instead of 8); to plan costs a few milliseconds.
 */
export function plannedEachTime(sql: string): Statement {
  return { ...statementOf(sql), name: undefined };
}

/** SQL: these names of the program as literals, with commas between them. */
export function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ');
}

type Connections = { acquireConnection(): Promise<pg.Client>; releaseConnection(connection: pg.Client): Promise<void> };

/** Runs it on a connection of the pool, or on that of the transaction. Throws what PostgreSQL answers. */
export async function run<Row>(db: Db, { name, text, parameters }: Statement, given: Record<string, unknown>): Promise<Row[]> {
  const connections = db.client as Connections;
  const connection = await connections.acquireConnection();
  try {
    const { rows } = await connection.query({ name, text, values: parameters.map((parameter) => given[parameter]) });
    return rows as Row[];
  } catch (error) {
    markUnusable(connection, error);
    throw error;
  } finally {
    await connections.releaseConnection(connection);
  }
}
