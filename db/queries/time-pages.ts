/** Lists by time, a page at a time, newest or oldest first. A place in one is the instant of a line and, of several at one instant, its id. */

/** `at`: PostgreSQL's own text of the instant, so that no microsecond is lost. */
export type TimePlace = { at: string; id: string };
export type TimePage = { after?: TimePlace | undefined; size: number };

/** SQL: what follows `:at` and `:id` in the order of these columns, both descending or, from the oldest on, both ascending; everything without a place. */
export function afterPlace(
  { at, id }: { at: string; id: string },
  after: TimePlace | undefined,
  first: 'newest' | 'oldest' = 'newest',
): string {
  return after ? `(${at}, ${id}) ${first === 'newest' ? '<' : '>'} (cast(:at as timestamptz), cast(:id as uuid))` : 'true';
}

/** A page of rows of which one more than it holds was read; `place`, the text of the instant, is no part of a line. `next` is where the following page begins. */
export function cutPage<Line extends { id: string }>(
  rows: readonly (Line & { place: string })[],
  size: number,
): { lines: Line[]; next: TimePlace | undefined } {
  const shown = rows.slice(0, size);
  const last = shown.at(-1);
  const lines = shown.map(({ place: _place, ...line }) => line as unknown as Line);
  return { lines, next: rows.length > size && last ? { at: last.place, id: last.id } : undefined };
}
