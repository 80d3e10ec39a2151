/** Four eyes in SQL: whoever took part in another step of the same matter is refused a task `t`, so that it is not counted as work of theirs. */

/**
 * Whether a task of a queue `g` is refused to `person`: also where every principal (`g.principals`; null: in the own right) for whom alone the queue is
 * worked on took part.
 */
export function refusedInQueue(person: string): string {
  return `(${person} = any(t.signers) or (g.principals is not null and g.principals <@ t.signers))`;
}
