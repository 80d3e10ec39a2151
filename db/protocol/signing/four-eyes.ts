/** Four eyes in SQL: whoever took part in another step of the same matter is refused a task `t`, so that it is not counted as work of theirs. */

/** Whether `person` (SQL of a uuid) took part elsewhere; null where there is no task. */
export function tookPart(person: string, task = 't'): string {
  return `${person} = any(${task}.signers)`;
}

/**
 * Whether a task of a queue `g` is refused to `person`: also where every principal (`g.principals`; null: in the own right) for whom alone the queue is
 * worked on took part.
 */
export function refusedInQueue(person: string): string {
  return `(${tookPart(person)} or (g.principals is not null and g.principals <@ t.signers))`;
}
