/** What is typed into a field of a search, as SQL. */

/** The text as a pattern that means itself. */
export function literal(text: string): string {
  return text.replace(/[\\%_]/g, (sign) => `\\${sign}`);
}

export function beginningWith(text: string): string {
  return `${literal(text)}%`;
}

/** One of the columns (names in SQL, no input) contains the text, in capitals or not. */
export function containing(columns: readonly string[], text: string): { sql: string; bindings: { contains: string } } {
  // Chinese and figures have no capitals; to compare without regard to them takes five times as long.
  const like = text.toLowerCase() === text.toUpperCase() ? 'like' : 'ilike';
  return { sql: `(${columns.map((column) => `${column} ${like} :contains`).join(' or ')})`, bindings: { contains: `%${literal(text)}%` } };
}
