/** Four eyes in SQL: whoever took part in another step of the same matter is refused a task `t`, so that it is not counted as work of theirs. */

/** Whether `person` (SQL of a uuid) took part elsewhere. */
export function tookPart(person: string): string {
  return `exists (select from signatures s where s.scope = any(t.four_eyes) and s.user_id = ${person} and s.step <> t.step)`;
}

/** Whoever took part elsewhere, as an array. */
export const tookPartElsewhere = `array(select distinct s.user_id from signatures s where s.scope = any(t.four_eyes) and s.step <> t.step)`;

/**
 * Whether a task of a queue `g` is refused to `person`: also where every principal (`g.principals`, ids between commas; null: in the own right)
 * for whom alone the queue is worked on took part.
 */
export function refusedInQueue(person: string): string {
  const principals = `unnest(cast(string_to_array(g.principals, ',') as uuid[])) p (id)`;
  return `(${tookPart(person)} or (g.principals is not null and not exists (select from ${principals} where not ${tookPart('p.id')})))`;
}
